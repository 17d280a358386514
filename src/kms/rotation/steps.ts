import type { InventoryStore } from '../inventory/inventory-model.js'
import type { ManagementPort } from '../port/management-port.js'

/**
 * Says what is done to a purpose.
 *
 * - `create`: a next key is made; one that was begun is finished
 * - `set-aside`: the next key is never used, since its purpose wants another kind of key now
 * - `activate`: the next key becomes the current one; the one before is retired, and stays enabled
 * - `move-alias`: the alias names the current key from then on, in each of its Regions
 * - `unpublish`: a retired key leaves the key set, and stays enabled
 */
export type StepKind = 'create' | 'set-aside' | 'activate' | 'move-alias' | 'unpublish'

/** What a step is done with. */
export interface StepContext {
  readonly port: ManagementPort
  readonly store: InventoryStore
  /** When the step began. */
  readonly now: number
  /** Answers what time it is. */
  readonly clock: () => number
  readonly signal: AbortSignal | undefined
  /** Whether nothing was published when the run began. */
  readonly isNew: boolean
  /** Is told that an answer of CreateKey was lost, which may have left a key behind. */
  readonly onLost: () => void
}

/** One step of a rotation, as plain data that people read and that may be kept as JSON. */
export interface Step {
  /** What is done. */
  readonly kind: StepKind
  /** The name of the purpose; of `unpublish` the thumbprint of the key. */
  readonly key: string
  /** The time before which it is not done. */
  readonly notBefore: Date
  /** Why it is done, in words for people. */
  readonly why: string
  /**
   * Of `activate`, the thumbprint of the key that is current before.
   *
   * - By it a plan that is applied twice rotates once.
   */
  readonly from?: string
}

/** What is to be done to the keys of an inventory. */
export interface RotationPlan {
  /** The steps, in the order in which they come due. */
  readonly steps: readonly Step[]
  /** When to plan again. It is now where something is due. */
  readonly next: Date
}

const minute = 60_000
const hour = 60 * minute
export const day: number = 24 * hour

/** For how long a new key is not sealed to: openers read the inventory again every 10 minutes. */
export const openersReload: number = 15 * minute
/** The same after a compromise: for an unknown key, openers read it again within 30 s. */
export const openersCooldown: number = minute
/**
 * For how long a publisher that began to make a key is left alone.
 *
 * That is long enough where clocks differ, and where KMS is slow to answer.
 */
export const makingLease: number = 30 * minute

/**
 * After how long nobody uses a set any more that lacks a new key.
 *
 * The publisher serves an old set for its lifetime while the inventory cannot be read. Then a
 * client holds it for a day while the host is down, and caches add an hour.
 */
export const settle = (lifetime: number | undefined): number => (lifetime ?? day) + day + hour
