import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js'
import type { MlDsaName } from '../algorithms/signatures.js'

// rollup inlines the library into this module.
const parameterSets = {
  'ML-DSA-44': ml_dsa44,
  'ML-DSA-65': ml_dsa65,
  'ML-DSA-87': ml_dsa87,
} satisfies Record<MlDsaName, unknown>

/** Whether an ML-DSA signature verifies; false for anything malformed. */
type Verify = (
  alg: MlDsaName,
  publicKey: Uint8Array,
  signature: Uint8Array,
  over: Uint8Array,
) => boolean

/** Over a message: pure ML-DSA with an empty context (FIPS 204 algorithm 3). */
export const verifyMessage: Verify = (alg, publicKey, signature, message) =>
  orFalse(() => parameterSets[alg].verify(signature, message, publicKey))

/** Over the message representative mu, 64 bytes (FIPS 204 algorithm 8, line 7). */
export const verifyMu: Verify = (alg, publicKey, signature, mu) =>
  orFalse(() => parameterSets[alg].internal.verify(signature, mu, publicKey, { externalMu: true }))

function orFalse(verifies: () => boolean): boolean {
  try {
    return verifies()
  } catch {
    return false
  }
}
