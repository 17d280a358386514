// Keys of every spec for the tests of the local KMS's cryptography.
import { createPublicKey } from 'node:crypto'
import { generateMaterial, publicKeyOf } from '#dist/local-kms/crypto/material.js'
import { seededRandom } from '#dist/local-kms/crypto/seeded-random.js'
import { keySpecs } from '#dist/local-kms/key-specs.js'
import { there } from './helpers.mjs'

/** @import { Material } from '#dist/local-kms/crypto/material.js' */

/** Bytes of the SubjectPublicKeyInfo (kms-facts.md). */
export const pairs = {
  RSA_2048: 294,
  RSA_3072: 422,
  RSA_4096: 550,
  ECC_NIST_P256: 91,
  ECC_NIST_P384: 120,
  ECC_NIST_P521: 158,
  ECC_SECG_P256K1: 88,
  ECC_NIST_EDWARDS25519: 44,
  ML_DSA_44: 1334,
  ML_DSA_65: 1974,
  ML_DSA_87: 2614,
  ML_KEM_512: 822,
  ML_KEM_768: 1206,
  ML_KEM_1024: 1590,
}
/** Bytes of the secret. */
export const secrets = {
  SYMMETRIC_DEFAULT: 32,
  HMAC_224: 28,
  HMAC_256: 32,
  HMAC_384: 48,
  HMAC_512: 64,
}
export const lattices = Object.keys(pairs).filter((spec) => spec.startsWith('ML_'))
export const rowOf = (spec) => there(keySpecs.get(spec))

/** Makes material once for each spec: RSA_4096 takes seconds. */
function once(make) {
  /** @type {Map<string, Promise<Material>>} */
  const made = new Map()
  return (/** @type {string} */ spec) => {
    const material = made.get(spec) ?? make(spec)
    made.set(spec, material)
    return material
  }
}
export const materialOf = once((spec) => generateMaterial(spec))
/** Material from a seed, under the spec's name as label. */
export const seededOf = once((spec) => generateMaterial(spec, seededRandom('sealdrop', spec)))

/** @param {Material} material */
export const keyOf = (spec, material) =>
  createPublicKey({ key: Buffer.from(publicKeyOf(spec, material)), format: 'der', type: 'spki' })
