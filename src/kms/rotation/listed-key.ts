import { clockOf, ensure, hasMethods, shown } from '../../errors/guard.js'
import type { CallOptions } from '../../io/abort.js'
import { readInventory } from '../inventory/asked-store.js'
import {
  isMade,
  type InventoryStore,
  type KeyInventory,
  type MadeKey,
} from '../inventory/inventory-model.js'
import { ManagementPort, type LastUse } from '../port/management-port.js'
import type { Kms } from '../port/port.js'

/** Which key of an inventory something is done to. */
export interface KeyOptions extends CallOptions {
  /** How KMS is reached. Default `{}`: the AWS default chain. */
  readonly kms?: Kms
  /** The store of the inventory. */
  readonly store: InventoryStore
  /** The thumbprint of the key. */
  readonly key: string
  /** The time in milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number
}

/** A key as the inventory has it, and what the work on it needs. */
export interface Found {
  readonly key: MadeKey
  readonly inventory: KeyInventory
  readonly port: ManagementPort
  readonly now: number
}

/**
 * Looks a key up in the inventory, and does some work on it.
 *
 * @throws SealdropError `invalid_argument`, `key_not_found`, and what the store and the work throw
 */
export async function withPort<T>(o: KeyOptions, work: (found: Found) => Promise<T>): Promise<T> {
  ensure(
    hasMethods(o?.store, 'read'),
    'invalid_argument',
    'store: expected the store of the inventory, such as fileInventory makes',
  )
  ensure(
    typeof o.key === 'string',
    'invalid_argument',
    'key: expected the thumbprint of a key of the inventory',
  )
  const found = await readInventory(o.store)
  const inventory = found?.inventory
  const key = inventory?.keys.find(({ thumbprint }) => thumbprint === o.key)
  ensure(
    inventory && key && isMade(key),
    'key_not_found',
    `the inventory has no key ${shown(o.key)}`,
  )
  const port = new ManagementPort(o.kms ?? {})
  try {
    return await work({ key, inventory, port, now: clockOf(o.now)() })
  } finally {
    port.close()
  }
}

/** The ARNs of a key that KMS still has: a replica may be gone before its primary. */
export async function thereOf(
  port: ManagementPort,
  arns: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const states = await Promise.all(arns.map((arn) => port.stateOf(arn, signal)))
  return arns.filter((_, i) => states[i] !== undefined)
}

/** When a key did cryptography last, in whichever Region that was. */
export async function lastUseOf(
  port: ManagementPort,
  arns: readonly string[],
  signal: AbortSignal | undefined,
): Promise<LastUse | undefined> {
  const there = await thereOf(port, arns, signal)
  const found = await Promise.all(there.map((arn) => port.lastUse(arn, signal)))
  const uses = found.filter((use) => use !== undefined)
  const [last] = uses.sort((a, b) => b.at.getTime() - a.at.getTime())
  return last
}
