// Keys and ciphertexts for the tests of Encrypt and Decrypt.
import { assertFaults } from './helpers.mjs'

/** @import { LocalKms } from 'sealdrop/local-kms' */
/** @import { Client } from './types.d.ts' */

export const rsa = { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' }
export const hmac = { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }
export const Plaintext = Buffer.from('a secret')

/** @param {Client} kms */
export const make = async (kms, more = {}) => (await kms('CreateKey', more)).KeyMetadata

/** @param {Client} kms */
export const seal = async (kms, KeyId, more = {}) =>
  (await kms('Encrypt', { KeyId, Plaintext, ...more })).CiphertextBlob

/** @param {Client} kms */
export const opened = async (kms, CiphertextBlob, more = {}) =>
  Buffer.from((await kms('Decrypt', { CiphertextBlob, ...more })).Plaintext).toString()

/** @param {Client} kms */
export const currentId = async (kms, KeyId) =>
  (await kms('DescribeKey', { KeyId })).KeyMetadata.CurrentKeyMaterialId

/**
 * Checks that Decrypt refuses each input with the same error.
 *
 * @param {LocalKms} local
 * @param {readonly object[]} inputs
 */
export const refusesToDecrypt = (local, inputs, name, message) =>
  assertFaults(
    local,
    inputs.map((input) => ['Decrypt', input, name, message]),
  )
