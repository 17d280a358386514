import type { InventoryStore, KeyInventory } from '../../doors/kms.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import type { Command } from '../commander.js'
import { UsageError } from '../exit-codes.js'
import { openInventory } from '../inventory.js'

/** Which inventory a command works on, and by which credentials. */
export interface InventoryArguments {
  readonly inventory?: string
  readonly region?: string
  readonly profile?: string
  readonly endpointUrl?: string
}

const places = 'a folder, s3://bucket/key or dynamodb://table/id'

/** Adds the flag that names the inventory. */
export const inventoryFlag = (command: Command): Command =>
  command.option('--inventory <where>', `the inventory: ${places}`)

/** The store of the inventory that was named. @throws UsageError where none was */
export async function storeOf(o: InventoryArguments): Promise<InventoryStore> {
  if (o.inventory === undefined)
    throw new UsageError(`--inventory: expected where the inventory is: ${places}`)
  return openInventory(o.inventory, o)
}

/** Reads the inventory of a store. @throws SealdropError `key_not_found` where there is none */
export async function inventoryIn(store: InventoryStore): Promise<KeyInventory> {
  const found = await store.read()
  if (found) return found.inventory
  throw new SealdropError(
    'key_not_found',
    'there is no inventory yet: sealdrop keys init makes one',
  )
}
