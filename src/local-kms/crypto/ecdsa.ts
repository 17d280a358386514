import { p256, p384, p521 } from '@noble/curves/nist.js'
import type { CurveName } from '../../algorithms/curves.js'

// Node hashes whatever crypto.sign gets for an EC key, so a digest needs this library. rollup inlines it into this module.
const curves = { 'P-256': p256, 'P-384': p384, 'P-521': p521 } satisfies Record<CurveName, unknown>

/** ECDSA over a digest (FIPS 186-5 §6.4.1), DER; randomised and with either S, as KMS signs. */
export function signDigest(curve: CurveName, digest: Uint8Array, secretKey: Uint8Array): Uint8Array {
  return curves[curve].sign(digest, secretKey, { prehash: false, lowS: false, format: 'der', extraEntropy: true })
}

/** Whether a DER signature over a digest is that of an uncompressed public point; false for anything malformed. */
export function verifyDigest(curve: CurveName, signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    return curves[curve].verify(signature, digest, publicKey, { prehash: false, lowS: false, format: 'der' })
  } catch {
    return false
  }
}
