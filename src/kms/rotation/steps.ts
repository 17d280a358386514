import type { InventoryStore } from '../inventory/inventory-model.js'
import type { ManagementPort } from '../port/management-port.js'

/**
 * What is done to a purpose:
 * - `create`: a key that will be the next one; what was begun is finished first
 * - `set-aside`: the next key has another spec than its purpose now; it is never used
 * - `activate`: the next key becomes the current one, and the current one is retired and stays
 *   enabled
 * - `move-alias`: the alias names the current key, in each Region of it
 * - `unpublish`: a retired key leaves the key set, and stays enabled
 */
export type StepKind = 'create' | 'set-aside' | 'activate' | 'move-alias' | 'unpublish'

/** What a step is done with. */
export interface StepContext {
  readonly port: ManagementPort
  readonly store: InventoryStore
  /** When the step began, and what time it is. */
  readonly now: number
  readonly clock: () => number
  readonly signal: AbortSignal | undefined
  /** Whether nothing was published when the run began. */
  readonly isNew: boolean
}

/** One step of a rotation: plain data, to be read by people and kept as JSON. */
export interface Step {
  readonly kind: StepKind
  /** The purpose, or the thumbprint of the key that is unpublished. */
  readonly key: string
  /** It is not done before. */
  readonly notBefore: Date
  readonly why: string
  /**
   * Of `activate`: thumbprint of the key that is current before, so that a plan that is applied
   * twice rotates once.
   */
  readonly from?: string
}

export interface RotationPlan {
  readonly steps: readonly Step[]
  /** When to plan again: now, when something is due. */
  readonly next: Date
}

const minute = 60_000
const hour = 60 * minute
export const day: number = 24 * hour

/** Openers read the inventory again every 10 minutes; a key is not sealed to before. */
export const openersReload: number = 15 * minute
/** An opener that meets a key which it does not know reads the inventory again within 30 s. */
export const openersCooldown: number = minute
/**
 * Who began to make a key is left alone for so long: also where clocks differ, and where a Region
 * has many keys to look through.
 */
export const makingLease: number = 30 * minute

/**
 * After so long nobody uses a set that lacks a key: for its lifetime the publisher serves it while
 * the inventory cannot be read, then a client holds it for a day while the host is down, and caches
 * add an hour.
 */
export const settle = (lifetime: number | undefined): number => (lifetime ?? day) + day + hour
