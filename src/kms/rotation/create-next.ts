import { toBase64url } from '../../bytes/base64url.js'
import { randomBytes } from '../../crypto/subtle.js'
import { ensure } from '../../errors/guard.js'
import { regionOf } from '../../formats/arn.js'
import { isRefusal } from '../port/aws-errors.js'
import type { InventoryKey, KeyInventory, MadeKey, Purpose } from '../inventory/inventory-model.js'
import { ensureRoom } from '../inventory/published-keys.js'
import { isoOf, updateInventory, withKey } from '../inventory/update.js'
import { loadKey } from '../port/load-key.js'
import { isOut } from '../port/key-state.js'
import { type NewKey } from '../port/management-port.js'
import { aliasFor } from './alias.js'
import { inherit } from './inherit.js'
import type { StepContext } from './steps.js'

/** Which key is to be made. */
export interface Succession {
  readonly purpose: Purpose
  /** The key whose making was cut off. */
  readonly begun: InventoryKey | undefined
  readonly current: MadeKey | undefined
}

/** After so many answers of CreateKey that were lost a person has to look. */
const mostLost = 3

/**
 * Makes the next key of a purpose, with the key policy and the tags of the current one.
 *
 * - That it begins is written down first. CreateKey's answer is written down before anything else
 *   is done with the key.
 * - A making whose ARN stands in the inventory is continued. Where only the answer was lost a fresh
 *   key is made: nobody knows who made what KMS has, and a stranger may have planted it.
 *
 * @throws SealdropError `conflict` where another publisher is at it or three answers were lost,
 *   `too_large` where the set would have more than 32 keys, `kms_*`, and what the store throws
 */
export async function createNext(run: StepContext, o: Succession): Promise<void> {
  const { purpose, current } = o
  const making = await makingOf(run, o)
  const inherited = await inherit(run.port, { ...o, arn: current?.arns[0] }, run.signal)
  const key = { ...newKey(purpose, making), ...inherited }
  await begin(run, o, making)
  const arn = making.arns?.[0] ?? (await create(run, o, key, making))
  aliasFor(key.alias, arn)
  const replicas = await replicate(run, o, key, arn)
  await enter(run, await load(run, making, [arn, ...replicas]))
}

export const newToken = (): string => toBase64url(randomBytes(16))

/** The making that is continued, or a fresh one. */
async function makingOf(
  { port, signal, onLost }: StepContext,
  { purpose, begun }: Succession,
): Promise<InventoryKey> {
  const [arn] = begun?.arns ?? []
  if (!begun) return newMaking(purpose, 0)
  const { lost = 0 } = begun
  if (arn !== undefined) {
    const isUsable = !isOut(await port.stateOf(arn, signal))
    return isUsable ? begun : newMaking(purpose, lost)
  }
  onLost()
  ensure(
    lost + 1 < mostLost,
    'conflict',
    `${purpose.name}: the making of its next key was cut off ${mostLost} times before KMS answered. Run doctor and look in CloudTrail for keys that were left over. Then clear it: rebuildInventory with enter []`,
  )
  return newMaking(purpose, lost + 1)
}

const newMaking = ({ name, spec, usage, alg, alias }: Purpose, lost: number): InventoryKey => ({
  purpose: name,
  state: 'making',
  token: newToken(),
  spec,
  usage,
  ...(alg !== undefined && { alg }),
  ...(lost > 0 && { lost }),
  alias,
})

const newKey = (purpose: Purpose, { token, spec, usage, alias }: InventoryKey): NewKey => ({
  alias: alias ?? purpose.alias,
  spec,
  usage,
  multiRegion: purpose.replicas !== undefined && purpose.replicas.length > 0,
  description: `sealdrop ${purpose.name} ${token}`,
})

/** Writes down that a key is being made from now on. */
async function begin(
  { store, now }: StepContext,
  { purpose: { name }, begun }: Succession,
  making: InventoryKey,
): Promise<void> {
  await updateInventory(store, now, (inventory) => {
    const ofPurpose = inventory.keys.filter((key) => key.purpose === name)
    const found = ofPurpose.find(({ state }) => state === 'making')
    ensure(
      !ofPurpose.some(({ state }) => state === 'next'),
      'conflict',
      `another publisher has made the next key of ${name}`,
    )
    ensureRoom(inventory, making.spec, 2)
    ensure(
      found?.token === begun?.token && found?.began === begun?.began && isSame(found, begun),
      'conflict',
      `another publisher is making the next key of ${name}`,
    )
    const others = inventory.keys.filter((key) => key !== found)
    return { ...inventory, keys: [...others, { ...making, began: isoOf(now) }] }
  })
}

/** Whether the answer of CreateKey is written down in both, or in neither. */
const isSame = (found: InventoryKey | undefined, begun: InventoryKey | undefined): boolean =>
  found?.arns?.[0] === begun?.arns?.[0]

/** Makes the key, and writes its ARN down before anything else is done with it. */
async function create(
  run: StepContext,
  { begun }: Succession,
  key: NewKey,
  making: InventoryKey,
): Promise<string> {
  const arn = await run.port.createKey(key, run.signal).catch(async (error: unknown) => {
    // KMS made nothing, and whoever reads the error may correct what was asked for
    // where the run was aborted, the error is the caller's
    const { cause } = (run.signal?.aborted ? {} : error) as { readonly cause?: unknown }
    if (isRefusal(cause)) await takeBack(run, making, begun)
    throw error
  })
  const isMaking = isMakingOf(making.token)
  await updateInventory(run.store, run.now, (inventory) =>
    inventory.keys.some(isMaking) ? withKey(inventory, making, { arns: [arn] }) : undefined,
  )
  return arn
}

const isMakingOf =
  (token: string) =>
  (key: InventoryKey): boolean =>
    key.token === token && key.state === 'making'

/** Takes back that a key is being made: what was begun before stands there again, as it was. */
async function takeBack(
  { store, now }: StepContext,
  { token }: InventoryKey,
  begun: InventoryKey | undefined,
): Promise<void> {
  const isTaken = isMakingOf(token)
  await updateInventory(store, now, (inventory) => ({
    ...inventory,
    keys: inventory.keys.flatMap((key) => (isTaken(key) ? (begun ?? []) : key)),
  }))
}

/** Makes the replicas of a multi-Region key, each with the policy and tags of its predecessor. */
async function replicate(
  { port, signal }: StepContext,
  o: Succession,
  key: NewKey,
  arn: string,
): Promise<readonly string[]> {
  const isMultiRegion = arn.includes(':key/mrk-')
  if (!isMultiRegion) return []
  const predecessors = o.current?.arns ?? []
  const replicas: string[] = []
  for (const region of o.purpose.replicas ?? []) {
    const there = predecessors.find((of) => regionOf(of) === region) ?? predecessors[0]
    const inherited = await inherit(port, { ...o, arn: there }, signal)
    replicas.push(await port.replicate(arn, region, { ...key, ...inherited }, signal))
  }
  return replicas
}

/** The key as it stands in the inventory, not published yet. */
async function load(
  { port, clock, signal }: StepContext,
  { purpose, token, spec, usage, alg: wanted }: InventoryKey,
  arns: readonly [string, ...string[]],
): Promise<MadeKey> {
  const { jwk, info } = await loadKey(port, arns[0], wanted, signal)
  return {
    purpose,
    state: 'next',
    token,
    spec,
    usage,
    arns,
    thumbprint: info.thumbprint,
    jwk,
    alg: info.alg,
    // after KMS answered, since waits are counted from it
    made: isoOf(clock()),
  }
}

/** Writes down that the key was made. A signing key is published from then on. */
async function enter({ store, now }: StepContext, made: MadeKey): Promise<void> {
  const isMaking = isMakingOf(made.token)
  const [arn = ''] = made.arns
  let isSecond = false
  await updateInventory(store, now, (inventory) => {
    const isKnown = inventory.keys.some(({ arns = [] }) => arns.includes(arn))
    isSecond = !isKnown && !inventory.keys.some(isMaking)
    if (isSecond) return withSpare(inventory, made)
    const next = made.usage === 'SIGN_VERIFY' ? { ...made, published: made.made } : made
    return { ...inventory, keys: inventory.keys.map((key) => (isMaking(key) ? next : key)) }
  })
  ensure(
    !isSecond,
    'conflict',
    `another publisher has made the next key of ${made.purpose}; ${arn} is not needed, and stands in the inventory as retired`,
  )
}

/** The inventory with a key that nobody needs, so that nobody loses sight of it. */
function withSpare(inventory: KeyInventory, made: MadeKey): KeyInventory {
  const spare = { ...made, token: newToken(), state: 'retired', retired: made.made } as const
  return { ...inventory, keys: [...inventory.keys, spare] }
}
