import { signatureOf } from '../../algorithms/signatures.js'
import { regionOf } from '../../formats/arn.js'
import {
  isMade,
  type InventoryKey,
  type KeyInventory,
  type MadeKey,
  type Purpose,
} from '../inventory/inventory-model.js'
import { later } from './duration.js'
import { day, makingLease, openersReload, settle } from './steps.js'

/** How a purpose stands: each of its keys by what it is to it. */
export interface Standing {
  readonly purpose: Purpose
  readonly making: InventoryKey | undefined
  readonly next: MadeKey | undefined
  readonly current: MadeKey | undefined
  /** The next key, if it is of the kind that the purpose wants now. */
  readonly fitting: MadeKey | undefined
  /** Whether there never was a key set, so that no client or opener has to learn anything. */
  readonly isNew: boolean
  /**
   * Milliseconds since 1970 before which the next key must not come into use.
   *
   * Where it is yet to be made, that is counted as if it were made now.
   */
  readonly readyAt: number
}

export const timeOf = (date: string | undefined): number =>
  date === undefined ? -Infinity : new Date(date).getTime()

/**
 * Whether no key set was ever served.
 *
 * Then nobody knows any of the purposes yet, and all of them come into use together.
 */
export const isNeverPublished = (inventory: KeyInventory): boolean =>
  !inventory.keys.some(({ state, published }) => published !== undefined && state !== 'next')

/**
 * How a purpose stands now.
 *
 * @param isNew - as it was when a run began, so that one run brings the first keys of all purposes
 *   into use
 */
export function standing(
  inventory: KeyInventory,
  purpose: Purpose,
  now: number,
  isNew: boolean = isNeverPublished(inventory),
): Standing {
  const { name, use } = purpose
  const own = inventory.keys.filter((key) => key.purpose === name)
  const made = own.filter(isMade)
  const making = own.find((key) => key.state === 'making')
  const next = made.find((key) => key.state === 'next')
  const current = made.find((key) => key.state === 'current')
  const fitting = next && isOfKind(next, purpose) ? next : undefined
  const isFirst = !current && !own.some((key) => key.retired !== undefined)
  const isReady = isFirst && (use === 'enc' || isNew)
  const knownSince = fitting ? timeOf(fitting.published ?? fitting.made) : now
  const readyAt = isReady ? -Infinity : knownSince + settle(inventory.lifetime)
  return { purpose, making, next, current, fitting, isNew, readyAt }
}

/** Whether a key is of the kind that its purpose wants now. */
function isOfKind(key: MadeKey, purpose: Purpose): boolean {
  const { spec, usage, replicas = [] } = purpose
  if (key.spec !== spec || key.usage !== usage) return false
  const alg = purpose.alg ?? signatureOf(key.jwk)
  if (usage === 'SIGN_VERIFY' && key.alg !== alg) return false
  const regions = key.arns.map(regionOf)
  const home = regionOf(purpose.alias) ?? regions[0]
  return [home, ...replicas].every((region) => regions.includes(region))
}

/**
 * Whether the alias of a purpose is to be moved to its current key.
 *
 * An alias of another Region is moved when the next key, which is made there, comes into use.
 */
export function needsAlias({ aliased, alias, arns }: MadeKey, purpose: Purpose): boolean {
  if (aliased === undefined) return true
  if (alias === undefined || alias === purpose.alias) return false
  const region = regionOf(purpose.alias)
  return region === undefined || region === regionOf(arns[0])
}

/** When a current key is to be replaced. */
export const dueAt = ({ current }: Standing, every: string, now: number): number =>
  current ? later(timeOf(current.starts), every) : now

/** When another publisher may finish a key whose making was begun. */
export const resumableAt = (making: InventoryKey): number => timeOf(making.began) + makingLease

/** From when the next key is sealed to, or signs, if it becomes the current key now. */
export const startsAt = ({ purpose, isNew }: Standing, now: number): number =>
  purpose.use === 'enc' && !isNew ? now + openersReload : now

/** When a retired key leaves the set; undefined for one that does not stand in it. */
export function unpublishAt(
  purpose: Purpose,
  key: InventoryKey,
  lifetime: number | undefined,
): number | undefined {
  const isPublished = key.published !== undefined && key.unpublished === undefined
  if (key.state !== 'retired' || !isPublished) return undefined
  const hasSigned = key.usage === 'SIGN_VERIFY' && key.starts !== undefined
  const kept = hasSigned ? keptFor(purpose) : 0
  return timeOf(key.retired) + Math.max(settle(lifetime), kept)
}

/** For how long after it was retired a signing key stands in the set, in milliseconds. */
export const keptFor = ({ keepDays = 1_826 }: Purpose): number => keepDays * day
