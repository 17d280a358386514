// The keys that the company has, by purpose, and how its inventory begins.
import { randomBytes } from 'node:crypto'
import { createPublisher } from 'sealdrop/kms'

/** @type {import('sealdrop/kms').Purpose} */
export const receipts = {
  name: 'receipts',
  use: 'sig',
  spec: 'ECC_NIST_P256',
  usage: 'SIGN_VERIFY',
  alias: 'alias/demo-receipts',
}

/**
 * Pages prefer the keys in this order. Streams to RSA keys carry the ARN, which shows the account
 * id to everyone.
 *
 * @type {readonly import('sealdrop/kms').Purpose[]}
 */
export const purposes = [
  {
    name: 'values-rsa',
    use: 'enc',
    spec: 'RSA_3072',
    usage: 'ENCRYPT_DECRYPT',
    alias: 'alias/demo-values-rsa',
    withArn: true,
  },
  {
    name: 'values-ecc',
    use: 'enc',
    spec: 'ECC_NIST_P256',
    usage: 'KEY_AGREEMENT',
    alias: 'alias/demo-values-ecc',
    withArn: true,
  },
  receipts,
]
/** Signs the key set and nothing else. */
export const root = { alias: 'alias/demo-root', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' }

/**
 * Enters the keys that the aliases name, as keys in use since they were made. This happens at the
 * first start, and in a folder that is older than the inventory. Nothing is lost that way, and all
 * three come into use at once.
 *
 * @returns whether there was none before
 */
export async function beginInventory({ kms, store, now }) {
  if (await store.read()) return false
  const keys = await Promise.all(purposes.map((purpose) => inUse(purpose, kms, now)))
  await store.write({ version: 1, counter: Math.floor(now() / 1000), purposes, keys })
  return true
}

/** An entry of the inventory from what is published of a key, which says all that it needs. */
async function inUse({ name, alias, spec, usage }, kms, now) {
  const { jwks } = await createPublisher({
    kms,
    keys: [{ key: alias, withArn: true }],
    now,
  }).documents()
  const [{ kid, use: _use, alg, iat, key_ops: _keyOps, kms_arn: arn, ...jwk }] =
    JSON.parse(jwks).keys
  const made = new Date(iat * 1000).toISOString()
  return {
    purpose: name,
    state: 'current',
    token: randomBytes(16).toString('base64url'),
    spec,
    usage,
    arns: [arn],
    thumbprint: kid,
    jwk,
    alg,
    made,
    published: made,
    starts: made,
    aliased: made,
  }
}
