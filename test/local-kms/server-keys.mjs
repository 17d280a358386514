// Keys of a server, made once for a file: RSA_4096 takes seconds.
import { createPublicKey } from 'node:crypto'

/** @import { Client } from './types.d.ts' */

export const rsaSpecs = ['RSA_2048', 'RSA_3072', 'RSA_4096']
/** Curve by its JWK name, bits of its hash, bytes of a coordinate. */
export const curves = {
  ECC_NIST_P256: { namedCurve: 'P-256', bits: 256, size: 32 },
  ECC_NIST_P384: { namedCurve: 'P-384', bits: 384, size: 48 },
  ECC_NIST_P521: { namedCurve: 'P-521', bits: 512, size: 66 },
}

/** @param {Client} kms */
async function makeKey(kms, KeySpec, KeyUsage) {
  const { Arn } = (await kms('CreateKey', { KeySpec, KeyUsage })).KeyMetadata
  const spki = Buffer.from((await kms('GetPublicKey', { KeyId: Arn })).PublicKey)
  return { arn: Arn, spki, publicKey: createPublicKey({ key: spki, format: 'der', type: 'spki' }) }
}

/** @param {Client} kms */
export function keysOf(kms) {
  /** @type {Map<string, ReturnType<typeof makeKey>>} */
  const made = new Map()
  return (KeySpec, KeyUsage) => {
    const name = `${KeySpec} ${KeyUsage}`
    const key = made.get(name) ?? makeKey(kms, KeySpec, KeyUsage)
    made.set(name, key)
    return key
  }
}
