import {
  constants,
  createHash,
  privateEncrypt,
  publicDecrypt,
  randomBytes,
  type KeyObject,
} from 'node:crypto'
import type { HashingRow } from '../../algorithms/signatures.js'
import { paddings, type EmsaHash } from '../../formats/emsa.js'

const hashOf = (name: EmsaHash['name']): EmsaHash => ({
  name,
  of: (...parts) => {
    const hash = createHash(name)
    for (const part of parts) hash.update(part)
    return new Uint8Array(hash.digest())
  },
})

/** One half of a pair, and how many bytes its modulus has. */
export interface SizedKey {
  readonly key: KeyObject
  readonly size: number
}

/** A signature over a digest (RFC 8017 §8.1.1, §8.2.1). */
export function signRsaDigest(
  { webCrypto, hash }: RsaRow,
  { key, size }: SizedKey,
  digest: Uint8Array,
): Uint8Array {
  const salt = randomBytes(digest.length)
  return rawSign(key, paddings[webCrypto].encode(hashOf(hash), digest, size, salt))
}

export function verifyRsaDigest(
  { webCrypto, hash }: RsaRow,
  { key, size }: SizedKey,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  const encoded = rawOpen(key, signature, size)
  return encoded !== undefined && paddings[webCrypto].fits(hashOf(hash), digest, encoded)
}

export type RsaRow = HashingRow & { readonly webCrypto: keyof typeof paddings }

/**
 * The raw private operation (RFC 8017 §5.2.1).
 *
 * Node has no other way to sign a digest that somebody else made.
 */
export function rawSign(privateKey: KeyObject, encoded: Uint8Array): Uint8Array {
  return privateEncrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, encoded)
}

/**
 * The raw public operation (RFC 8017 §5.2.2).
 *
 * @returns undefined for a number that is not below the modulus, or has another length
 */
export function rawOpen(
  publicKey: KeyObject,
  signature: Uint8Array,
  length: number,
): Uint8Array | undefined {
  if (signature.length !== length) return undefined
  try {
    return publicDecrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, signature)
  } catch {
    return undefined
  }
}
