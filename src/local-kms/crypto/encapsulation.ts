import { KmsFault } from '../wire/fault.js'
import { requireAlgorithm } from './checks.js'
import { latticeDecapsulate, latticeEncapsulate } from './lattice.js'
import { seedOf, type Material } from './material.js'
import type { MlKemSpec } from './post-quantum.js'

/** FIPS 203 table 3. */
const ciphertextLengths: Readonly<Record<string, number>> = {
  ML_KEM_512: 768,
  ML_KEM_768: 1088,
  ML_KEM_1024: 1568,
}

export interface Encapsulation {
  /** 32 bytes. */
  readonly sharedSecret: Uint8Array
  readonly ciphertext: Uint8Array
}

/**
 * Makes a secret for the holder of an ML-KEM key (FIPS 203 §7.2).
 *
 * @throws KmsFault InvalidKeyUsageException
 */
export function encapsulate(spec: string, material: Material, algorithm: string): Encapsulation {
  requireAlgorithm(spec, 'ENCAPSULATE_DECAPSULATE', algorithm)
  return latticeEncapsulate(spec as MlKemSpec, seedOf(material))
}

/**
 * The secret in a ciphertext (FIPS 203 §7.3).
 *
 * Rejection is implicit: a ciphertext that was changed, or made for another key, gives 32 bytes
 * that nobody else has.
 *
 * @throws KmsFault InvalidKeyUsageException; InvalidCiphertextException, without a message, for a
 *   wrong length
 */
export function decapsulate(
  spec: string,
  material: Material,
  algorithm: string,
  ciphertext: Uint8Array,
): Uint8Array {
  requireAlgorithm(spec, 'ENCAPSULATE_DECAPSULATE', algorithm)
  if (ciphertext.length !== ciphertextLengths[spec])
    throw new KmsFault('InvalidCiphertextException')
  return latticeDecapsulate(spec as MlKemSpec, seedOf(material), ciphertext)
}
