import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js'
import { ml_kem1024, ml_kem512, ml_kem768 } from '@noble/post-quantum/ml-kem.js'

// This is for a Node without these algorithms, and for EXTERNAL_MU, which no Node has. Rollup
// inlines the library into this module.

export type MlDsaSpec = 'ML_DSA_44' | 'ML_DSA_65' | 'ML_DSA_87'
export type MlKemSpec = 'ML_KEM_512' | 'ML_KEM_768' | 'ML_KEM_1024'

const signers = { ML_DSA_44: ml_dsa44, ML_DSA_65: ml_dsa65, ML_DSA_87: ml_dsa87 } satisfies Record<
  MlDsaSpec,
  unknown
>
const kems = {
  ML_KEM_512: ml_kem512,
  ML_KEM_768: ml_kem768,
  ML_KEM_1024: ml_kem1024,
} satisfies Record<MlKemSpec, unknown>

/** The same bytes as the library takes them, which knows no Buffer of another realm, as in jsdom. */
const own = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)

/**
 * The public key that grows from a seed: FIPS 204 algorithm 6 (ξ), FIPS 203 algorithm 16 (d ‖ z).
 */
export const mlDsaPublicKey = (spec: MlDsaSpec, seed: Uint8Array): Uint8Array =>
  signers[spec].keygen(own(seed)).publicKey
export const mlKemPublicKey = (spec: MlKemSpec, seed: Uint8Array): Uint8Array =>
  kems[spec].keygen(own(seed)).publicKey

/** Pure ML-DSA with an empty context (FIPS 204 algorithm 2), hedged. */
export const mlDsaSign = (spec: MlDsaSpec, seed: Uint8Array, message: Uint8Array): Uint8Array =>
  signers[spec].sign(own(message), signers[spec].keygen(own(seed)).secretKey)

/** The same from the message representative μ, 64 bytes (FIPS 204 algorithm 7, line 6). */
export const mlDsaSignMu = (spec: MlDsaSpec, seed: Uint8Array, mu: Uint8Array): Uint8Array =>
  signers[spec].internal.sign(own(mu), signers[spec].keygen(own(seed)).secretKey, {
    externalMu: true,
  })

export const mlDsaVerify = (
  spec: MlDsaSpec,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean => signers[spec].verify(own(signature), own(message), own(publicKey))

export const mlDsaVerifyMu = (
  spec: MlDsaSpec,
  publicKey: Uint8Array,
  mu: Uint8Array,
  signature: Uint8Array,
): boolean =>
  signers[spec].internal.verify(own(signature), own(mu), own(publicKey), { externalMu: true })

/** FIPS 203 algorithm 20. */
export function mlKemEncapsulate(
  spec: MlKemSpec,
  publicKey: Uint8Array,
): { sharedSecret: Uint8Array; ciphertext: Uint8Array } {
  const { sharedSecret, cipherText: ciphertext } = kems[spec].encapsulate(own(publicKey))
  return { sharedSecret, ciphertext }
}

/** FIPS 203 algorithm 21: any ciphertext of the right length gives 32 bytes. */
export const mlKemDecapsulate = (
  spec: MlKemSpec,
  seed: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array => kems[spec].decapsulate(own(ciphertext), kems[spec].keygen(own(seed)).secretKey)
