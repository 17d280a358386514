import { ensure, shown } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { reservedTypes } from '../formats/jws.js'
import { parseReceipt, type Receipt } from '../formats/receipt.js'
import type { CallOptions } from '../io/abort.js'
import type { KeySet } from '../keys/key-set.js'
import type { Key } from '../keys/key.js'
import { checkSigningTime, proof, verified, type Proof, type SinceWhen } from './verify.js'

/** What the sender kept of what it sent. `inspect` of a value, or a sealed stream, gives both. */
export interface Sent {
  /** The id of the message that was sent. */
  readonly messageId: string
  /** Chunk digest of the ciphertext, base64url. */
  readonly digest: string
}

/** What a receipt says, once it verified. */
export interface Received {
  /** When it was signed, which is when the message was received, or opened. */
  readonly receivedAt: Date
  /** Whether the message was only received, or opened too. */
  readonly stage: Receipt['stage']
  /** The id of the message, as in what was sent. */
  readonly messageId: string
  /** Bytes of the ciphertext. */
  readonly length: number
  /** Chunk digest of the ciphertext, base64url. */
  readonly digest: string
  /** What the message is bound to, as the receiver states it. */
  readonly context: Receipt['ctx']
}

/**
 * Verifies a receipt: a key of the set signed it, and it is about exactly what was sent.
 *
 * @param o.sent - what `inspect` says of the sealed value, or what `sealStream` answered
 * @param o.heldSince - since when you hold it, where its key was compromised since
 * @returns what the receipt says, and the key that verified
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: `sent` is missing, or `heldSince` is no Date
 * @throws SealdropError while fetching keys:
 *   - what `keys.ready()` throws, see `fetchKeySet`
 *   - `key_not_found`: the set has no such signing key
 * @throws SealdropError while reading:
 *   - `malformed`: this is no receipt
 *   - `too_large`: it, or its header, is too long
 *   - `unsupported_algorithm`: its `alg` is none that KMS signs with
 *   - `unsupported_runtime`: WebCrypto lacks the algorithm; pass `providers` to the key set
 *   - `rejected`: the signature does not verify, or it is a receipt of something else
 *   - `expired`: the key was not valid when it signed, or was taken back before
 *   - `key_unusable`: the key was compromised, see `heldSince`
 * @example
 *   ```js
 *   import { fetchKeySet, inspect, overHttps, seal, verifyReceipt } from 'sealdrop'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const sealed = await seal(keys, { iban: 'DE02' }, { context: { order: '7' } })
 *   const sent = await inspect(sealed) // keep messageId and digest of it
 *   const response = await fetch('/claims', { method: 'POST', body: sealed })
 *   const receipt = await verifyReceipt(keys, await response.text(), { sent })
 *   console.log(receipt.stage, receipt.context.order) // received 7
 *   ```
 * @see receipt.md
 */
export async function verifyReceipt(
  keys: KeySet,
  receipt: string,
  o: CallOptions & SinceWhen & { readonly sent: Sent },
): Promise<Proof & Received> {
  checkOptions(o, 'signal heldSince sent')
  const { key, received } = await readReceipt(keys, receipt, o)
  checkSigningTime(key, received.receivedAt.getTime() / 1000, o)
  return { ...proof(keys, key), ...received }
}

/**
 * Reads a receipt of what was sent whose signature verifies.
 *
 * Whether its key was good then is still to be looked at.
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
