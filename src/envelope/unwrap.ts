import { keyWraps, type KeyWrapName } from '../algorithms/key-wraps.js'
import type { Bytes } from '../bytes/bytes.js'
import { importDataKey, unwrapDataKey } from '../crypto/aes.js'
import { concatKdf } from '../crypto/recipients.js'
import { randomBytes, type CryptoKey } from '../crypto/subtle.js'
import type { PrivateOperations } from './private-operations.js'

/** Everything public about a wrapped data key, already checked. */
export interface WrappedDataKey {
  readonly alg: KeyWrapName
  readonly enc: string
  readonly encryptedKey: Bytes
  /** Of ECDH: the sender's ephemeral key, imported on the recipient's curve and exported again. */
  readonly spki?: Bytes
  readonly apu: Bytes
  readonly apv: Bytes
}

/**
 * The data key, by exactly one private operation. Whatever the cryptography answers, a key comes
 * back: after a failed unwrap a random one, so that every failure shows at the same place, as a tag
 * that does not verify (RFC 7516 §11.5).
 */
export async function unwrap(
  wrapped: WrappedDataKey,
  arn: string,
  operations: PrivateOperations,
  signal?: AbortSignal,
): Promise<CryptoKey> {
  return (await genuine(wrapped, arn, operations, signal)) ?? importDataKey(randomBytes(32))
}

async function genuine(
  wrapped: WrappedDataKey,
  arn: string,
  operations: PrivateOperations,
  signal?: AbortSignal,
): Promise<CryptoKey | undefined> {
  const { alg, enc, encryptedKey, spki } = wrapped
  if (!spki) {
    const raw = await operations.decrypt(arn, encryptedKey, signal)
    // 80 bytes would be a stream's data key
    return raw?.length === 32 ? importDataKey(raw) : undefined
  }
  const secret = await operations.agree(arn, spki, signal)
  const direct = keyWraps[alg].encryptedKey === 0
  const derived = await concatKdf(secret, direct ? enc : alg, wrapped.apu, wrapped.apv)
  return direct ? importDataKey(derived) : unwrapDataKey(derived, encryptedKey)
}
