import { p256, p384, p521 } from '@noble/curves/nist.js'
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import type { CurveName } from '../algorithms/public-key.js'
import type { EmsaHash } from '../formats/emsa.js'

// rollup inlines the library into this module.
const curves = { 'P-256': p256, 'P-384': p384, 'P-521': p521 } satisfies Record<CurveName, unknown>

/**
 * Whether an ECDSA signature over a digest verifies (FIPS 186-5 §6.4.2).
 *
 * - false for anything malformed
 * - the signature is r ‖ s, with either s, as KMS signs
 */
export function verifyEcdsaDigest(
  crv: CurveName,
  point: Uint8Array,
  signature: Uint8Array,
  digest: Uint8Array,
): boolean {
  try {
    return curves[crv].verify(signature, digest, point, {
      prehash: false,
      lowS: false,
      format: 'compact',
    })
  } catch {
    return false
  }
}

const hashes = { 'SHA-256': sha256, 'SHA-384': sha384, 'SHA-512': sha512 }

/** SHA-2, at once and not in a promise. */
export const sha2 = (name: EmsaHash['name']): EmsaHash => ({
  name,
  of: (...parts) =>
    new Uint8Array(parts.reduce((hash, part) => hash.update(part), hashes[name].create()).digest()),
})
