import { signatures, type SignatureName } from '../algorithms/signatures.js'
import type { Bytes } from '../bytes/bytes.js'
import { SealdropError } from '../errors/sealdrop-error.js'
import { subtle, type CryptoKey } from './subtle.js'

const hashBytes = { 'SHA-256': 32, 'SHA-384': 48, 'SHA-512': 64 } as const

/** Whether a signature over a message verifies; ECDSA as r ‖ s. A signature of a wrong length does not. */
export function verifies(key: CryptoKey, alg: SignatureName, signature: Bytes, message: Bytes): Promise<boolean> {
  const { webCrypto: name, hash } = signatures[alg]
  const params = { name, hash, saltLength: hashBytes[hash] }
  return subtle().verify(params, key, signature, message).catch(() => false)
}

/** One error for every signature that does not verify. */
export const signatureRejected = (): SealdropError => new SealdropError('rejected', 'the signature does not verify: the content was changed, or another key signed it')
