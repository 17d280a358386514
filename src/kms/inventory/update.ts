import { ensure, shown } from '../../errors/guard.js'
import { isSealdropError } from '../../errors/sealdrop-error.js'
import { readInventory, writeInventory } from './asked-store.js'
import type { InventoryKey, InventoryStore, KeyInventory, Purpose } from './inventory-model.js'

const attempts = 5

/**
 * Changes the inventory, and tries again where another writer was first.
 *
 * The counter grows at least as fast as seconds pass. A publisher that had no inventory before
 * counted by the clock, and its last set must be older.
 *
 * @param change - gives the next inventory, or undefined where nothing is to be done
 * @returns whether something was done
 * @throws SealdropError `key_not_found` where there is no inventory, `conflict`, and what the store
 *   throws
 */
export async function updateInventory(
  store: InventoryStore,
  now: number,
  change: (inventory: KeyInventory) => KeyInventory | undefined,
): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    const found = await readInventory(store)
    ensure(
      found,
      'key_not_found',
      'there is no inventory yet: write one with its purposes and no keys',
    )
    const next = change(found.inventory)
    if (!next) return false
    const counter = Math.max(found.inventory.counter + 1, Math.floor(now / 1000))
    try {
      await writeInventory(store, { ...next, counter }, found.etag)
      return true
    } catch (error) {
      if (!isSealdropError(error) || error.code !== 'conflict' || attempt === attempts) throw error
    }
  }
}

/**
 * The inventory with other members of one key, which is found by its token.
 *
 * A member that is undefined is taken away.
 */
export const withKey = (
  inventory: KeyInventory,
  { token }: InventoryKey,
  members: { readonly [name in keyof InventoryKey]?: InventoryKey[name] | undefined },
): KeyInventory => ({
  ...inventory,
  keys: inventory.keys.map((key) => (key.token === token ? withMembers(key, members) : key)),
})

function withMembers(key: InventoryKey, members: object): InventoryKey {
  const stated = Object.entries({ ...key, ...members }).filter(([, value]) => value !== undefined)
  return Object.fromEntries(stated) as unknown as InventoryKey
}

/** The purpose of a key. Every inventory that was checked has it. */
export function purposeOf({ purposes }: KeyInventory, key: InventoryKey): Purpose {
  const found = purposes.find(({ name }) => name === key.purpose)
  ensure(found, 'malformed', `inventory.keys: there is no purpose ${shown(key.purpose)}`)
  return found
}

export const isoOf = (time: number): string => new Date(time).toISOString()
