// Key material, wrapped and brought into keys of origin EXTERNAL.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { wrapped } from './helpers.mjs'

/** @import { Client } from './types.d.ts' */

export const pkcs8 = ({ privateKey }) => privateKey.export({ type: 'pkcs8', format: 'der' })
export const p256 = () => pkcs8(generateKeyPairSync('ec', { namedCurve: 'P-256' }))
export const secret = () => randomBytes(32)
export const lasts = { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' }

/** The wrapping key and the token for an import. */
export const parameters = (
  /** @type {Client} */ kms,
  KeyId,
  { WrappingAlgorithm = 'RSAES_OAEP_SHA_256', WrappingKeySpec = 'RSA_2048' } = {},
) => kms('GetParametersForImport', { KeyId, WrappingAlgorithm, WrappingKeySpec })

/** The input of ImportKeyMaterial for this material, but for when it expires. */
export async function prepared(/** @type {Client} */ kms, KeyId, material, wrapping = {}) {
  const { ImportToken, PublicKey } = await parameters(kms, KeyId, wrapping)
  const EncryptedKeyMaterial = wrapped(material, PublicKey, wrapping.WrappingAlgorithm)
  return { KeyId, ImportToken, EncryptedKeyMaterial }
}

/**
 * Brings material into a key, which lasts unless it has a time to which it is valid.
 *
 * @param {Client} kms
 * @param {string} KeyId
 * @param {Uint8Array} material
 * @param {{ wrapping?: object; ValidTo?: Date } & Record<string, unknown>} more
 */
export async function importInto(kms, KeyId, material, more = {}) {
  const { wrapping, ...members } = more
  return kms('ImportKeyMaterial', {
    ...(await prepared(kms, KeyId, material, wrapping)),
    ...(more.ValidTo ? {} : lasts),
    ...members,
  })
}

/** Of each material of a key: whether it is in use, and whether it is there. */
export async function states(/** @type {Client} */ kms, KeyId) {
  const input = { KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }
  const { Rotations } = await kms('ListKeyRotations', input)
  return Rotations.map(({ KeyMaterialState, ImportState }) => `${KeyMaterialState} ${ImportState}`)
}
