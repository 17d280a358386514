// The inventory of the examples' company in the folder `keys`: of orders, which are sealed, and of
// contracts, which are signed, each with a retired, a current and a next key.
import { applyRotation, fileInventory, planRotation } from 'sealdrop/kms'

const kinds = [
  { use: 'enc', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
  { use: 'sig', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
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
  const purposes = ['orders', 'contracts'].map((name, i) => ({
    name,
    alias: `alias/${name}`,
    ...kinds[i],
  }))
  await store.write({ version: 1, counter: 0, purposes, keys: [] })
  for (const daysAgo of runs) {
    const now = Date.now() - daysAgo * day
    const { inventory } = await store.read()
    const plan = planRotation(inventory, { now: new Date(now), every: 'P1Y' })
    await applyRotation(plan, { kms, store, now: () => now })
  }
}
