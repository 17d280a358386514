// Inventories for tests: their purposes, their keys, and a store in memory.
import { SealdropError } from 'sealdrop'
import { present } from './types.mjs'

/** @import { InventoryKey, InventoryStore, KeyInventory, Purpose } from 'sealdrop/kms' */

/** What pages seal to. @type {Purpose} */
export const claims = {
  name: 'claims',
  use: 'enc',
  spec: 'ECC_NIST_P256',
  usage: 'KEY_AGREEMENT',
  alias: 'alias/claims',
}
/** What receipts are signed with. @type {Purpose} */
export const receipts = {
  name: 'receipts',
  use: 'sig',
  spec: 'ECC_NIST_P256',
  usage: 'SIGN_VERIFY',
  alias: 'alias/receipts',
}

/**
 * An inventory that has no keys yet.
 *
 * @param {...Purpose} purposes
 * @returns {KeyInventory}
 */
export const emptyInventory = (...purposes) => ({ version: 1, counter: 0, purposes, keys: [] })

/** The token of the key with this number. */
export const tokenOf = (i) => `${'A'.repeat(21)}${'ABCDEFGHIJ'[i]}`
/** The ARN of the key with this number. */
export const arnOf = (i) =>
  `arn:aws:kms:us-east-1:111122223333:key/0000000${i}-1111-4222-8333-444455556666`
/** One public key on P-256, which every key here has, since nobody calls KMS with them. */
export const point = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
}
const publicHalf = /** @type {InventoryKey['jwk']} */ (/** @type {unknown} */ (point))

/**
 * The entry of a key that was made. Its token, its ARN and its thumbprint contain its number.
 *
 * @param {number} i
 * @param {Purpose} purpose
 * @param {InventoryKey['state']} state
 * @param {object} more dates, and what is to be another one
 * @returns {InventoryKey}
 */
export const keyEntry = (i, purpose, state, more) => ({
  purpose: purpose.name,
  state,
  token: tokenOf(i),
  spec: purpose.spec,
  usage: purpose.usage,
  arns: [arnOf(i)],
  thumbprint: `${i}`.repeat(43),
  jwk: publicHalf,
  alg: purpose.use === 'enc' ? 'ECDH-ES+A256KW' : 'ES256',
  ...more,
})

/**
 * The entry of a key that was made, which must be there.
 *
 * @param {InventoryKey | undefined} entry
 */
export function madeKey(entry) {
  const { arns, thumbprint, jwk, ...others } = present(entry)
  return { ...others, arns: present(arns), thumbprint: present(thumbprint), jwk: present(jwk) }
}

/**
 * A store in memory. `now()` is what it holds, `edit` changes it as another writer would.
 *
 * @param {KeyInventory} first
 * @returns {InventoryStore & {
 *   now: () => KeyInventory,
 *   edit: (change: (inventory: KeyInventory) => KeyInventory) => void,
 * }}
 */
export function memoryStore(first) {
  let inventory = first
  let version = 1
  return {
    now: () => inventory,
    read: async () => inventory && { inventory, etag: String(version) },
    write: async (next, etag) => {
      if (etag !== (inventory && String(version))) throw new SealdropError('conflict', 'other')
      inventory = structuredClone(next)
      version++
    },
    edit: (change) => {
      inventory = change(inventory)
      version++
    },
  }
}
