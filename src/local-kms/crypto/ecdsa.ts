import { p256, p384, p521 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import type { EcdsaCurve } from '../key-specs.js'

// crypto.sign of Node hashes whatever it gets for an EC key. So a digest needs this library, which
// rollup inlines into this module.
const curves = { 'P-256': p256, 'P-384': p384, 'P-521': p521, secp256k1 } satisfies Record<
  EcdsaCurve,
  unknown
>

/** The same bytes as the library takes them, which knows no Buffer of another realm, as in jsdom. */
const own = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)

/** Signs a digest by ECDSA (FIPS 186-5 §6.4.1) as KMS does: DER, randomised, low or high S. */
export function signDigest(
  curve: EcdsaCurve,
  digest: Uint8Array,
  secretKey: Uint8Array,
): Uint8Array {
  return curves[curve].sign(own(digest), own(secretKey), {
    prehash: false,
    lowS: false,
    format: 'der',
    extraEntropy: true,
  })
}

/**
 * Whether a DER signature over a digest is that of an uncompressed public point.
 *
 * It is false for anything malformed.
 */
export function verifyDigest(
  curve: EcdsaCurve,
  signature: Uint8Array,
  digest: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  try {
    return curves[curve].verify(own(signature), own(digest), own(publicKey), {
      prehash: false,
      lowS: false,
      format: 'der',
    })
  } catch {
    return false
  }
}

/**
 * Makes a secret scalar of random bytes, in the full length of the curve.
 *
 * It follows FIPS 186-5 A.2.1, with half as many random bits again.
 */
export function secretScalar(
  curve: EcdsaCurve,
  random: (length: number) => Uint8Array,
): Uint8Array {
  return curves[curve].utils.randomSecretKey(own(random(curves[curve].lengths.seed ?? 0)))
}
