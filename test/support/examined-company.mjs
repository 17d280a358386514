// A company that opens, signs and publishes, with ways to change what its doctor finds.
import { createPublisher } from 'sealdrop/kms'
import { keySetHandler } from 'sealdrop/serve'
import { account, company as companyOf, companyArn, hour } from './company.mjs'
import { accountDecides, deny, policyOf, putPolicy } from './key-policies.mjs'
import { present } from './types.mjs'

/** @import { DoctorOptions, InventoryKey, KeyInventory, PublisherOptions } from 'sealdrop/kms' */

/**
 * @param {any} t
 * @param {DoctorOptions} defaults of `examine`
 */
export async function examinedCompany(t, defaults = { roles: ['opener', 'signer'] }) {
  const one = await companyOf(t)
  /** The ARN of a key of the inventory. */
  const arnOf = async (purpose, state) => {
    const { arns } = present(await one.keyOf(purpose, state))
    return present(arns)[0]
  }
  const found = async () => present(await one.store.read())
  return {
    ...one,
    arnOf,
    /** The inventory as it is kept now. */
    inventory: async () => (await found()).inventory,
    /** Changes the inventory by hand. */
    edit: async (/** @type {(inventory: KeyInventory) => Partial<KeyInventory>} */ change) => {
      const { inventory, etag } = await found()
      const counter = inventory.counter + 1
      await one.store.write({ ...inventory, counter, ...change(inventory) }, etag)
    },
    examine: (/** @type {DoctorOptions} */ o = {}) => one.examine({ ...defaults, ...o }),
    /** Gives a key a policy of these statements. The account decides besides. */
    restrict: (KeyId, ...statements) =>
      putPolicy(one.admin, KeyId, policyOf(accountDecides(account), ...statements)),
  }
}

/** Forbids an action to the company. */
export const denied = (Action) => deny(Action, { AWS: companyArn })

/** The keys of an inventory, where the keys that fit are changed. */
export const changedKeys = (
  /** @type {KeyInventory} */ { keys },
  /** @type {(key: InventoryKey) => boolean} */ fits,
  /** @type {(key: InventoryKey) => Partial<InventoryKey>} */ change,
) => ({ keys: keys.map((key) => (fits(key) ? { ...key, ...change(key) } : key)) })

/**
 * A host that serves a set which was signed some time ago.
 *
 * @param {{ kms: PublisherOptions['kms'], store: PublisherOptions['keys'] }} company
 * @param {number} ago milliseconds
 */
export function signedAgo({ kms, store }, ago) {
  const now = () => Date.now() - ago
  const publisher = createPublisher({ kms, keys: store, root: 'alias/root', now })
  return async (request) => {
    const documents = await publisher.documents()
    const expires = new Date(Date.now() + hour)
    return keySetHandler({ documents: async () => ({ ...documents, expires }) })(request)
  }
}
