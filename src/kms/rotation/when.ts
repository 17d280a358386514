import { signatureOf } from '../../algorithms/signatures.js'
import { regionOf } from '../../formats/arn.js'
import type { InventoryKey, KeyInventory, Purpose } from '../inventory/model.js'
import { later } from './duration.js'
import { day, makingLease, openersReload, settle } from './steps.js'

/** The keys of a purpose, by what they are to it. */
export interface Standing {
  readonly purpose: Purpose
  readonly making: InventoryKey | undefined
  readonly next: InventoryKey | undefined
  readonly current: InventoryKey | undefined
  /** Whether the next key is of the kind that the purpose wants now. */
  readonly fits: boolean
  /** Whether there was never a key set: neither clients nor openers have to learn anything. */
  readonly isNew: boolean
  /**
   * Milliseconds since 1970 before which the next key must not come into use; of a key that is yet
   * to be made, as if it were made now.
   */
  readonly readyAt: number
}

export const timeOf = (date: string | undefined): number =>
  date === undefined ? -Infinity : new Date(date).getTime()

/**
 * Whether a key set was ever served: of the purposes that are set up together none is known
 * anywhere yet.
 */
export const isNeverPublished = (inventory: KeyInventory): boolean =>
  !inventory.keys.some(({ state, published }) => published !== undefined && state !== 'next')

/** @param isNew as it was when a run began, which brings the first keys of all purposes into use */
export function standing(
  inventory: KeyInventory,
  purpose: Purpose,
  now: number,
  isNew: boolean = isNeverPublished(inventory),
): Standing {
  const { name, use } = purpose
  const own = inventory.keys.filter((key) => key.purpose === name)
  const inState = (state: InventoryKey['state']): InventoryKey | undefined =>
    own.find((key) => key.state === state)
  const [making, next, current] = [inState('making'), inState('next'), inState('current')]
  const fits = next !== undefined && isOfKind(next, purpose)
  const isFirst = !current && !own.some((key) => key.retired !== undefined)
  const knownSince = fits ? timeOf(next.published ?? next.made) : now
  const readyAt =
    isFirst && (use === 'enc' || isNew) ? -Infinity : knownSince + settle(inventory.lifetime)
  return { purpose, making, next, current, fits, isNew, readyAt }
}

/** Whether a key is what its purpose says now. */
export function isOfKind(
  key: InventoryKey,
  { spec, usage, alg, alias, replicas = [] }: Purpose,
): boolean {
  const regions = (key.arns ?? []).map(regionOf)
  return (
    key.spec === spec &&
    key.usage === usage &&
    (usage !== 'SIGN_VERIFY' || key.alg === (alg ?? signatureOf(key.jwk!))) &&
    [regionOf(alias) ?? regions[0], ...replicas].every((region) => regions.includes(region))
  )
}

/**
 * Whether its alias is to be moved to the current key; in another Region it is when the next key
 * comes into use.
 */
export const needsAlias = (
  { aliased, alias, arns: [arn = ''] = [] }: InventoryKey,
  purpose: Purpose,
): boolean =>
  aliased === undefined ||
  (alias !== undefined &&
    alias !== purpose.alias &&
    [undefined, regionOf(arn)].includes(regionOf(purpose.alias)))

/** When a current key is to be replaced. */
export const dueAt = ({ current }: Standing, every: string, now: number): number =>
  current ? later(timeOf(current.starts), every) : now

/** When what was begun may be taken over. */
export const resumableAt = (making: InventoryKey): number => timeOf(making.began) + makingLease

/** From when the next key is sealed to, or signs, if it becomes the current one now. */
export const startsAt = ({ purpose, isNew }: Standing, now: number): number =>
  purpose.use === 'enc' && !isNew ? now + openersReload : now

/** When a retired key leaves the set; undefined for one that does not stand in it. */
export function unpublishAt(
  purpose: Purpose,
  key: InventoryKey,
  lifetime: number | undefined,
): number | undefined {
  if (key.state !== 'retired' || key.published === undefined || key.unpublished !== undefined)
    return undefined
  return (
    timeOf(key.retired) +
    Math.max(
      settle(lifetime),
      key.usage === 'SIGN_VERIFY' && key.starts !== undefined ? keptFor(purpose) : 0,
    )
  )
}

/** For how long after it was retired a signing key stands in the set, in milliseconds. */
export const keptFor = ({ keepDays = 1_826 }: Purpose): number => keepDays * day
