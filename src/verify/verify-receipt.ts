import { ensure, shown } from '../errors/guard.js'
import { reservedTypes } from '../formats/jws.js'
import { parseReceipt, type Receipt } from '../formats/receipt.js'
import type { CallOptions } from '../io/abort.js'
import type { KeySet } from '../keys/key-set.js'
import type { Key } from '../keys/key.js'
import { checkSigningTime, proof, verified, type Proof, type SinceWhen } from './verify.js'

/** What the sender kept of what it sent: `inspect` of a value, or a sealed stream, gives both. */
export interface Sent {
  readonly messageId: string
  /** Chunk digest of the ciphertext, base64url. */
  readonly digest: string
}

/** What a receipt says, once it verified. */
export interface Received {
  /** When it was signed, which is when it was received, or opened. */
  readonly receivedAt: Date
  readonly stage: Receipt['stage']
  readonly messageId: string
  /** Of the ciphertext: its length in bytes, and its chunk digest. */
  readonly length: number
  readonly digest: string
  readonly context: Receipt['ctx']
}

/**
 * Verifies a receipt: signed by a key of the set, and about exactly what was sent.
 *
 * @param o.heldSince since when you hold it, where its key was compromised since
 * @throws SealdropError `rejected` (also for a receipt of something else), `malformed`,
 *   `too_large`, `unsupported_algorithm`, `key_not_found`, `expired`, `key_unusable` for a key that
 *   was compromised, `invalid_argument`, and what loading the set throws
 * @see jose-profile.md, "Receipts"
 */
export async function verifyReceipt(
  keys: KeySet,
  receipt: string,
  o: CallOptions & SinceWhen & { readonly sent: Sent },
): Promise<Proof & Received> {
  const { key, received } = await readReceipt(keys, receipt, o)
  checkSigningTime(key, received.receivedAt.getTime() / 1000, o)
  return { ...proof(keys, key), ...received }
}

/**
 * A receipt of what was sent whose signature verified; whether its key was good then is still to be
 * looked at.
 */
export async function readReceipt(
  keys: KeySet,
  receipt: string,
  o: CallOptions & { readonly sent: Sent },
): Promise<{ readonly key: Key; readonly received: Received }> {
  const sent = o?.sent
  ensure(
    typeof sent?.messageId === 'string' && typeof sent.digest === 'string',
    'invalid_argument',
    'sent: expected { messageId, digest } of what was sent, as inspect(sealed) gives',
  )
  const { parsed, key } = await verified(keys, receipt, {
    typ: reservedTypes.receipt,
    signal: o.signal,
  })
  const { messageId, digest, length, stage, ctx: context, iat } = parseReceipt(parsed.payload)
  ensure(
    messageId === sent.messageId,
    'rejected',
    `the receipt is for another message: ${shown(messageId)}`,
  )
  ensure(digest === sent.digest, 'rejected', 'the receipt is for other bytes than those sent')
  return {
    key,
    received: { receivedAt: new Date(iat * 1000), stage, messageId, length, digest, context },
  }
}
