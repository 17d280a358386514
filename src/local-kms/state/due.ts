import { generateMaterial } from '../crypto/material.js'
import type { Keyring } from './keyring.js'
import type { Kms } from './kms.js'
import { isExpired, newMaterial, withoutMaterial } from './materials.js'
import type { Key } from './key-model.js'

const day = 86_400_000

/** The most changes that time makes to one key at once. More come with the next call. */
const mostAtOnce = 1_000

/**
 * Does what time brings: deletions, automatic rotations, and the expiry of imported material.
 *
 * Every call begins with it.
 */
export async function catchUp(kms: Kms): Promise<void> {
  if (!keysOf(kms).some(([ring, id]) => dueOf(kms, ring, id))) return
  await kms.change(async () => {
    for (const [ring, id] of keysOf(kms)) await catchUpKey(kms, ring, id)
  })
}

async function catchUpKey(kms: Kms, ring: Keyring, id: string): Promise<void> {
  for (let done = 0; done < mostAtOnce; done++) {
    const act = dueOf(kms, ring, id)
    if (!act) return
    await act()
  }
}

function keysOf({ rings }: Kms): readonly (readonly [ring: Keyring, id: string])[] {
  return [...rings.values()].flatMap((ring) =>
    [...ring.keys.keys()].map((id) => [ring, id] as const),
  )
}

/** A change that time makes. After it the same change is not due again. */
type Due = () => Promise<void>

type Rule = (kms: Kms, ring: Keyring, key: Key) => Due | undefined

/**
 * The change that is due to a key; undefined when none is.
 *
 * Its time has come, or a crash between two Regions left something to repair.
 */
function dueOf(kms: Kms, ring: Keyring, id: string): Due | undefined {
  const key = ring.keys.get(id)
  if (!key) return undefined
  for (const rule of rules) {
    const due = rule(kms, ring, key)
    if (due) return due
  }
  return undefined
}

/**
 * Deletes a key when its waiting period is over.
 *
 * That of a primary begins when the last of its replicas is gone.
 */
const deletion: Rule = (kms, ring, key) => {
  const { deletion: gone } = key
  if (gone === undefined || gone > kms.now()) return undefined
  return async () => {
    await ring.removeKey(key.id)
    const [last, ...others] = kms.replicas(key, ring.region)
    if (!last || others.length > 0) return
    const [lastRing, lastKey] = last
    if (isWaiting(lastKey)) await startWaiting(lastRing, lastKey, gone)
  }
}

const lostWaiting: Rule = (kms, ring, key) => {
  if (!isWaiting(key) || kms.replicas(key, ring.region).length > 0) return undefined
  return () => startWaiting(ring, key, kms.now())
}

type WaitingKey = Key & { readonly waitingDays: number }

const isWaiting = (key: Key): key is WaitingKey => key.waitingDays !== undefined

async function startWaiting(
  ring: Keyring,
  { waitingDays, ...key }: WaitingKey,
  from: number,
): Promise<void> {
  await ring.saveKey({ ...key, deletion: from + waitingDays * day })
}

const expiry: Rule = (kms, ring, key) => {
  const now = kms.now()
  const ends = key.materials.some((version) => version.material && isExpired(version, now))
  if (!ends) return undefined
  const materials = key.materials.map((version) =>
    isExpired(version, now) ? withoutMaterial(version) : version,
  )
  return () => ring.saveKey({ ...key, materials })
}

/**
 * Each rotation that came due, at its date, also while no server ran.
 *
 * A disabled key waits.
 */
const rotation: Rule = (kms, ring, key) => {
  const { rotation: schedule } = key
  const isReplica = (key.primaryRegion ?? ring.region) !== ring.region
  const waits = !key.enabled || key.deletion !== undefined || isReplica
  if (schedule === undefined || schedule.next > kms.now() || waits) return undefined
  const { days, next } = schedule
  return async () => {
    const random = kms.randomFor(`${key.id} rotation ${key.materials.length}`)
    const material = await generateMaterial(key.spec, random)
    const fresh = newMaterial(key.id, material, { created: next, rotation: 'AUTOMATIC' })
    const materials = [...key.materials, fresh]
    const later = { ...schedule, next: next + days * day }
    await kms.saveRelated(ring, key, (there) => ({ ...there, materials, rotation: later }))
  }
}

/**
 * The Region of the primary, where a crash left records that disagree.
 *
 * It is one that names itself, or else one that is named. Of several it is the first by its name,
 * so that all Regions say the same.
 */
function primaryOf(kms: Kms, { id, primaryRegion }: Key): string | undefined {
  if (primaryRegion === undefined) return undefined
  const named = new Map<string, string | undefined>()
  for (const { region, keys } of kms.rings.values()) {
    const there = keys.get(id)
    if (there) named.set(region, there.primaryRegion)
  }
  const self = [...named.keys()].filter((region) => named.get(region) === region)
  const others = [...named.values()].filter(
    (region): region is string => region !== undefined && named.has(region),
  )
  const candidates = self.length > 0 ? self : others
  return candidates.sort()[0] ?? primaryRegion
}

const lostPrimary: Rule = (kms, ring, key) => {
  const primaryRegion = primaryOf(kms, key)
  if (primaryRegion === undefined || primaryRegion === key.primaryRegion) return undefined
  return () => ring.saveKey({ ...key, primaryRegion })
}

/** Repairs a replica by its primary, whose record is written first and so is right. */
const lostShare: Rule = (kms, ring, key) => {
  const { primaryRegion } = key
  if (primaryRegion === undefined || primaryRegion === ring.region) return undefined
  const primary = kms.rings.get(primaryRegion)?.keys.get(key.id)
  if (primary?.primaryRegion !== primaryRegion) return undefined
  const { rotation: schedule } = primary
  if (hasSameSchedule(primary, key) && hasSameVersions(primary, key)) return undefined
  const { rotation: _rotation, ...rest } = key
  const materials = sharedMaterials(primary, key)
  return () => ring.saveKey({ ...rest, ...(schedule && { rotation: schedule }), materials })
}

const hasSameSchedule = ({ rotation: ours }: Key, { rotation: theirs }: Key): boolean =>
  ours?.next === theirs?.next && ours?.days === theirs?.days

function hasSameVersions({ materials: ours }: Key, { materials: theirs }: Key): boolean {
  if (ours.length !== theirs.length) return false
  return ours.every(({ id, pending }, index) => {
    const other = theirs[index]
    return id === other?.id && pending === other.pending
  })
}

/**
 * The versions of a primary, as a replica has them.
 *
 * Imported material is each Region's own: what was not imported there is not there.
 */
export function sharedMaterials(primary: Key, replica?: Key): Key['materials'] {
  if (primary.origin === 'AWS_KMS') return primary.materials
  return primary.materials.map(({ id, created, rotation: how, pending }) => {
    const there = replica?.materials.find((version) => version.id === id)
    const { rotation: _how, pending: _pending, ...own } = there ?? { id, created }
    return { ...own, created, ...(how && { rotation: how }), ...(pending && { pending }) }
  })
}

const rules: readonly Rule[] = [deletion, lostWaiting, lostPrimary, lostShare, expiry, rotation]
