import { SealdropError, type SealdropErrorCode } from '../../errors/sealdrop-error.js'
import type { KeyInventory } from './inventory-model.js'

/** As people read it. */
export const serialized = (inventory: KeyInventory): string =>
  `${JSON.stringify(inventory, null, 2)}\n`

/** Two writers began with the same version. */
export const changed = (cause?: unknown): SealdropError =>
  new SealdropError(
    'conflict',
    'the inventory was changed by another writer: read it again, and repeat',
    { cause },
  )

/** A failure of what the inventory is kept in, by its name: never with content. */
export const failed =
  (code: SealdropErrorCode, what: string) =>
  (cause: unknown): never => {
    const { code: system, name } = (cause ?? {}) as NodeJS.ErrnoException
    const why = system ?? name ?? 'unknown error'
    throw new SealdropError(code, `the inventory ${what}: ${why}`, { cause })
  }
