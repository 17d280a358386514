// The inventory of the examples' company in the folder `keys`: of orders, which are sealed, and of
// contracts, which are signed, each with a retired, a current and a next key.
import { applyRotation, fileInventory, planRotation } from 'sealdrop/kms'
import { present } from './types.mjs'

const spec = 'ECC_NIST_P256'
/** @type {readonly import('sealdrop/kms').Purpose[]} */
const purposes = [
  { name: 'orders', alias: 'alias/orders', use: 'enc', spec, usage: 'KEY_AGREEMENT' },
  { name: 'contracts', alias: 'alias/contracts', use: 'sig', spec, usage: 'SIGN_VERIFY' },
]
const day = 24 * 3_600_000
/** When somebody ran the rotation, in days ago: the first keys, and a change after a year. */
const runs = [400, 390, 33, 30, 1]

/**
 * Writes the inventory by rotations of the past.
 *
 * @param {string} folder
 * @param {import('sealdrop/kms').Kms} kms
 */
export async function writeInventory(folder, kms) {
  const store = fileInventory(folder)
  await store.write({ version: 1, counter: 0, purposes, keys: [] })
  for (const daysAgo of runs) {
    const now = Date.now() - daysAgo * day
    const { inventory } = present(await store.read())
    const plan = planRotation(inventory, { now: new Date(now), every: 'P1Y' })
    await applyRotation(plan, { kms, store, now: () => now })
  }
}
