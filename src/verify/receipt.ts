import { ensure, shown } from '../errors/guard.js'
import { reservedTypes } from '../formats/jws.js'
import { parseReceipt } from '../formats/receipt.js'
import type { CallOptions } from '../io/abort.js'
import type { KeySet } from '../keys/key-set.js'
import { checkSigningTime, proof, verified, type Proof } from './verify.js'

/** What the sender kept of what it sent: `inspect` of a value, or a sealed stream, gives both. */
export interface Sent {
  readonly messageId: string
  /** Chunk digest of the ciphertext, base64url. */
  readonly digest: string
}

/**
 * Verifies a receipt: signed by a key of the set, and about exactly what was sent.
 *
 * @throws SealdropError `rejected` (also for a receipt of something else), `malformed`, `too_large`, `unsupported_algorithm`, `key_not_found`, `expired`, `invalid_argument`, and what loading the set throws
 * @see jose-profile.md, "Receipts"
 */
export async function verifyReceipt(keys: KeySet, receipt: string, o: CallOptions & { readonly sent: Sent }): Promise<Proof & { readonly receivedAt: Date }> {
  const sent = o?.sent
  ensure(typeof sent?.messageId === 'string' && typeof sent.digest === 'string', 'invalid_argument', 'sent: expected { messageId, digest } of what was sent, as inspect(sealed) gives')
  const { parsed, key } = await verified(keys, receipt, { typ: reservedTypes.receipt, signal: o.signal })
  const { messageId, digest, iat } = parseReceipt(parsed.payload)
  ensure(messageId === sent.messageId, 'rejected', `the receipt is for another message: ${shown(messageId)}`)
  ensure(digest === sent.digest, 'rejected', 'the receipt is for other bytes than those sent')
  checkSigningTime(key, iat)
  return { ...proof(keys, key), receivedAt: new Date(iat * 1000) }
}
