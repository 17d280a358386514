import { SealdropError, type SealdropErrorCode } from '../../errors/sealdrop-error.js'
import { blaming } from '../../errors/whose.js'
import type { InventoryStore, KeyInventory } from './inventory-model.js'

/** The text of an inventory, indented so that people can read it. */
export const serialized = (inventory: KeyInventory): string =>
  `${JSON.stringify(inventory, null, 2)}\n`

/** The error of the second of two writers that began with the same version. */
export const changed = (cause?: unknown): SealdropError =>
  new SealdropError(
    'conflict',
    'the inventory was changed by another writer: read it again, and repeat',
    { cause },
  )

/** Tells a failure of the store by its name, and never with content. */
export const failed =
  (code: SealdropErrorCode, what: string) =>
  (cause: unknown): never => {
    const { code: system, name } = (cause ?? {}) as NodeJS.ErrnoException
    const why = system ?? name ?? 'unknown error'
    throw new SealdropError(code, `the inventory ${what}: ${why}`, { cause })
  }

/** A store whose errors say whose fault they are. */
export const blamingStore = (store: InventoryStore): InventoryStore => ({
  read: () => blaming('operator', () => store.read()),
  write: (next, etag) => blaming('operator', () => store.write(next, etag)),
})
