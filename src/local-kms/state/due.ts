import { generateMaterial } from '../crypto/material.js'
import type { Keyring } from './keyring.js'
import type { Kms } from './kms.js'
import { isExpired, newMaterial, withoutMaterial } from './materials.js'
import type { Key } from './model.js'

const day = 86_400_000

/** A change that time makes. It makes itself superfluous: after it, the same is not due again. */
export type Due = () => Promise<void>

type Rule = (kms: Kms, ring: Keyring, key: Key) => Due | undefined

/**
 * What is to happen to a key because its time has come, or to make good what a crash between two
 * Regions left; undefined when nothing is.
 */
export function afterItsTime(kms: Kms, ring: Keyring, key: Key): Due | undefined {
  for (const rule of rules) {
    const due = rule(kms, ring, key)
    if (due) return due
  }
  return undefined
}

/**
 * A primary outlives its replicas: the waiting period of one that is to be deleted begins when the
 * last of them is gone.
 */
const deletion: Rule = (kms, ring, key) => {
  if (key.deletion === undefined || key.deletion > kms.now()) return undefined
  return async () => {
    const gone = key.deletion!
    await ring.removeKey(key.id)
    const [last, ...others] = kms.replicas(key, ring.region)
    if (last && others.length === 0 && last[1].waitingDays !== undefined)
      await startWaiting(last[0], last[1], gone)
  }
}

const lostWaiting: Rule = (kms, ring, key) =>
  key.waitingDays === undefined || kms.replicas(key, ring.region).length > 0
    ? undefined
    : () => startWaiting(ring, key, kms.now())

async function startWaiting(
  ring: Keyring,
  { waitingDays, ...key }: Key,
  from: number,
): Promise<void> {
  await ring.saveKey({ ...key, deletion: from + waitingDays! * day })
}

const expiry: Rule = (kms, ring, key) => {
  const now = kms.now()
  if (!key.materials.some((version) => version.material && isExpired(version, now)))
    return undefined
  return () =>
    ring.saveKey({
      ...key,
      materials: key.materials.map((version) =>
        isExpired(version, now) ? withoutMaterial(version) : version,
      ),
    })
}

/**
 * Each rotation that came due, at its date: also those of the time in which no server ran. A
 * disabled key waits.
 */
const rotation: Rule = (kms, ring, key) => {
  const { rotation: schedule } = key
  const waits =
    !key.enabled || key.deletion !== undefined || (key.primaryRegion ?? ring.region) !== ring.region
  if (schedule === undefined || schedule.next > kms.now() || waits) return undefined
  return async () => {
    const material = await generateMaterial(
      key.spec,
      kms.randomFor(`${key.id} rotation ${key.materials.length}`),
    )
    const materials = [
      ...key.materials,
      newMaterial(key.id, material, { created: schedule.next, rotation: 'AUTOMATIC' }),
    ]
    await kms.saveRelated(ring, key, (there) => ({
      ...there,
      materials,
      rotation: { ...schedule, next: schedule.next + schedule.days * day },
    }))
  }
}

/**
 * The Region of the primary, where a crash left records that disagree: one that names itself, or
 * else one that is named; of several the first by its name, so that all Regions say the same.
 */
function primaryOf(kms: Kms, { id, primaryRegion }: Key): string | undefined {
  if (primaryRegion === undefined) return undefined
  const named = new Map(
    [...kms.rings.values()].flatMap(({ region, keys }) =>
      keys.has(id) ? [[region, keys.get(id)!.primaryRegion] as const] : [],
    ),
  )
  const self = [...named]
    .filter(([region, primary]) => region === primary)
    .map(([region]) => region)
  const others = [...named.values()].filter(
    (region): region is string => region !== undefined && named.has(region),
  )
  return (self.length > 0 ? self : others).sort()[0] ?? primaryRegion
}

const lostPrimary: Rule = (kms, ring, key) => {
  const primaryRegion = primaryOf(kms, key)
  return primaryRegion === undefined || primaryRegion === key.primaryRegion
    ? undefined
    : () => ring.saveKey({ ...key, primaryRegion })
}

/** The primary's record is written first, so it is the one that is right. */
const lostShare: Rule = (kms, ring, key) => {
  const primary =
    key.primaryRegion === undefined || key.primaryRegion === ring.region
      ? undefined
      : kms.rings.get(key.primaryRegion)?.keys.get(key.id)
  if (primary?.primaryRegion !== key.primaryRegion || !primary) return undefined
  const { primaryRegion, rotation: schedule } = primary
  const same =
    primaryRegion === key.primaryRegion &&
    schedule?.next === key.rotation?.next &&
    schedule?.days === key.rotation?.days &&
    primary.materials.length === key.materials.length &&
    primary.materials.every(
      ({ id, pending }, index) =>
        id === key.materials[index]!.id && pending === key.materials[index]!.pending,
    )
  if (same) return undefined
  const { rotation: _, ...rest } = key
  return () =>
    ring.saveKey({
      ...rest,
      ...(primaryRegion !== undefined && { primaryRegion }),
      ...(schedule && { rotation: schedule }),
      materials: sharedMaterials(primary, key),
    })
}

/**
 * The versions of a primary in a replica. Imported material stays each Region's own: what was not
 * imported there is not there.
 */
export function sharedMaterials(primary: Key, replica?: Key): Key['materials'] {
  if (primary.origin === 'AWS_KMS') return primary.materials
  return primary.materials.map(({ id, created, rotation: how, pending }) => {
    const {
      rotation: _how,
      pending: _pending,
      ...own
    } = replica?.materials.find((version) => version.id === id) ?? { id, created }
    return { ...own, created, ...(how && { rotation: how }), ...(pending && { pending }) }
  })
}

const rules: readonly Rule[] = [deletion, lostWaiting, lostPrimary, lostShare, expiry, rotation]
