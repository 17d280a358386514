import type { InventoryStore, KeyInventory } from '../../doors/kms.js'

/** A store that has one version of an inventory: all that is made from it fits together. */
export const oneVersion = (inventory: KeyInventory): InventoryStore => ({
  read: async () => ({ inventory, etag: '' }),
  write: async () => {},
})
