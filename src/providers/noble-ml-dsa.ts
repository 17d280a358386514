import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js'
import type { MlDsaName } from '../algorithms/signatures.js'

// rollup inlines the library into this module.
const parameterSets = {
  'ML-DSA-44': ml_dsa44,
  'ML-DSA-65': ml_dsa65,
  'ML-DSA-87': ml_dsa87,
} satisfies Record<MlDsaName, unknown>

/**
 * Pure ML-DSA with an empty context (FIPS 204 algorithm 3), or from the message representative mu,
 * 64 bytes (algorithm 8, line 7). False for anything malformed.
 */
export function verifyMlDsa(
  alg: MlDsaName,
  publicKey: Uint8Array,
  signature: Uint8Array,
  over: Uint8Array,
  isMu: boolean,
): boolean {
  const set = parameterSets[alg]
  try {
    return isMu
      ? set.internal.verify(signature, over, publicKey, { externalMu: true })
      : set.verify(signature, over, publicKey)
  } catch {
    return false
  }
}
