import { equal, type Bytes } from '../bytes/bytes.js'
import { decrypt, importDataKey } from '../crypto/aes.js'
import { digest } from '../crypto/digest.js'
import { counterKdf, importMessageKey } from '../crypto/message-keys.js'
import { randomBytes, type CryptoKey } from '../crypto/subtle.js'
import type { PrivateOperations } from './private-operations.js'

/** Everything public about a message's wrapped data key, already checked. */
export interface WrappedMessageKey {
  readonly ciphertext: Bytes
  readonly serializedContext: Bytes
  /** Of an ECDH data key: FixedInfo, and the sender's point, found on the recipient's curve. */
  readonly ecdh?: { readonly fixedInfo: Bytes; readonly spki: Bytes }
}

/**
 * A message's data key, by exactly one private operation. Whatever the cryptography answers, a key
 * comes back: after a failed unwrap a random one, whose commitment is not the message's.
 */
export async function unwrapMessageKey(
  wrapped: WrappedMessageKey,
  arn: string,
  operations: PrivateOperations,
  signal?: AbortSignal,
): Promise<CryptoKey> {
  const { ciphertext, serializedContext, ecdh } = wrapped
  const raw = ecdh
    ? await openAgreed(ciphertext, await operations.agree(arn, ecdh.spki, signal), ecdh.fixedInfo)
    : await openDecrypted(await operations.decrypt(arn, ciphertext, signal), serializedContext)
  return importMessageKey(raw ?? randomBytes(32))
}

/**
 * 48 bytes of digest over the context, then 32 of data key; a JWE's data key of the same RSA key
 * has 32 in all.
 */
async function openDecrypted(
  plaintext: Bytes = new Uint8Array(),
  serializedContext: Bytes,
): Promise<Bytes | undefined> {
  const expected = await digest('SHA-384', serializedContext)
  return plaintext.length === 80 && equal(plaintext.subarray(0, 48), expected)
    ? plaintext.slice(48)
    : undefined
}

/** 32 bytes of salt, 32 of commitment, then the data key under a key that the secret derives. */
async function openAgreed(
  ciphertext: Bytes,
  secret: Bytes,
  fixedInfo: Bytes,
): Promise<Bytes | undefined> {
  const { commitment, wrappingKey } = await counterKdf(
    secret,
    fixedInfo,
    ciphertext.subarray(0, 32),
  )
  const raw = await decrypt(
    await importDataKey(wrappingKey),
    new Uint8Array(12),
    ciphertext.subarray(64),
    fixedInfo,
  )
  return equal(commitment, ciphertext.subarray(32, 64)) ? raw : undefined
}
