import { ensure } from '../../errors/guard.js'
import { isSealdropError } from '../../errors/sealdrop-error.js'
import { blaming } from '../../errors/whose.js'
import { isJsonObject } from '../../formats/json.js'
import type { InventoryStore, KeyInventory } from './inventory-model.js'
import { failed } from './inventory-text.js'

/**
 * Reads the inventory from a store that anybody may have written.
 *
 * - whatever is wrong with it is never the fault of who sealed what is opened with it
 *
 * @throws SealdropError `source_failed` for a failure without a code, `malformed` for what is no
 *   inventory, and what the store throws
 */
export function readInventory(store: InventoryStore): ReturnType<InventoryStore['read']> {
  return blaming('operator', async () => {
    const found = await answered(
      async () => store.read(),
      failed('source_failed', 'cannot be read'),
    )
    if (!found) return undefined
    const { inventory } = found
    ensure(
      isJsonObject(inventory) && [inventory.keys, inventory.purposes].every(areObjects),
      'malformed',
      'inventory: expected an object with keys and purposes, as planRotation takes it',
    )
    return found
  })
}

/**
 * Writes the inventory to such a store.
 *
 * @throws SealdropError `output_failed` for a failure without a code, and what the store throws
 */
export function writeInventory(
  store: InventoryStore,
  next: KeyInventory,
  etag: string | undefined,
): Promise<void> {
  const unwritten = failed('output_failed', 'cannot be written')
  return answered(async () => store.write(next, etag), unwritten)
}

const areObjects = (list: unknown): boolean => Array.isArray(list) && list.every(isJsonObject)

/** What work answers; a failure without a code gets one. */
async function answered<T>(work: () => Promise<T>, fail: (cause: unknown) => never): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (isSealdropError(error)) throw error
    return fail(error)
  }
}
