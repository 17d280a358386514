import { ensure } from '../errors/guard.js'
import { parseReceiptFile, writeReceiptFile } from '../formats/receipt-file.js'
import type { AlgorithmProvider } from '../crypto/provider.js'
import type { CallOptions } from '../io/abort.js'
import { HeldKeySet, held, type KeySet } from '../keys/key-set.js'
import { selectSigner } from '../keys/select-signer.js'
import type { Trust } from '../keys/trust.js'
import { readReceipt, verifyReceipt, type Received, type Sent } from './verify-receipt.js'
import { checkSigningTime, proof, type Proof, type SinceWhen } from './verify.js'

/**
 * Verifies a receipt and answers a file to store with what was sent: the receipt, what it is for,
 * and the key set that vouches for its key, so that {@link verifyReceiptFile} can verify it in many
 * years, when the key is not published any more.
 *
 * @returns JSON, a few kB
 * @throws SealdropError what {@link verifyReceipt} throws
 * @see jose-profile.md, "Receipts"
 */
export async function receiptFile(
  keys: KeySet,
  receipt: string,
  o: CallOptions & { readonly sent: Sent },
): Promise<string> {
  const { key } = await verifyReceipt(keys, receipt, o)
  const ring = held(keys)
  const { keys: found, believed } = await ring.current(o.signal)
  ensure(
    found.some(({ info }) => info.thumbprint === key.thumbprint),
    'key_not_found',
    'the key that signed left the key set meanwhile',
  )
  return writeReceiptFile({
    receipt,
    sent: o.sent,
    keySet: believed.document ?? JSON.stringify({ keys: believed.keys }),
    savedAt: Math.floor(ring.now() / 1000),
  })
}

export interface ReceiptFileOptions extends CallOptions, SinceWhen {
  /**
   * Why the key set in the file is believed: `signedBy` the root of then, or `pinned`. Nothing in
   * the file is believed by itself.
   */
  readonly trust: Trust
  /**
   * The publisher's history as of today: `fetchKeySet(url, { trust: signedBy([root], { history:
   * true }) })`. Without it nobody can know that the key was taken back since. Default: none.
   */
  readonly history?: KeySet
  /** What it must be for. Default: what the file says. */
  readonly sent?: Sent
  /** For algorithms that the runtime lacks. Default: none. */
  readonly providers?: readonly AlgorithmProvider[]
}

/**
 * Verifies a receipt file, also when its key is long unpublished: by the key set in the file, whose
 * signature is verified while its times are not, since they say what is current today. With a
 * history it is also looked up whether the key is known to it, was valid then, and was taken back
 * since.
 *
 * @returns the proof, what the receipt says, when the file says it was saved, and whether a history
 *   was asked
 * @throws SealdropError `malformed`, `too_large`, `rejected`, `keys_untrusted` for a set that the
 *   trust does not believe, and under `overHttps` and `inHand`, which would let a file vouch for
 *   itself, `key_not_found`, `expired`, `key_unusable` for a key that was taken back,
 *   `unsupported_algorithm`, `unsupported_runtime`, `invalid_argument`, and what loading the
 *   history throws
 * @see jose-profile.md, "Receipts" and "Key sets"
 */
export async function verifyReceiptFile(
  file: string,
  o: ReceiptFileOptions,
): Promise<Proof & Received & { readonly savedAt: Date; readonly history: boolean }> {
  const { trust, history, providers = [], sent, signal } = o ?? {}
  ensure(
    typeof trust?.accept === 'function',
    'invalid_argument',
    'trust: expected signedBy or pinned',
  )
  ensure(
    trust.kind === 'signed' || trust.kind === 'pinned',
    'keys_untrusted',
    'overHttps and inHand let a file vouch for itself: use signedBy or pinned',
  )
  const { receipt, sent: stated, keySet, savedAt } = parseReceiptFile(file)
  const then: Trust = {
    kind: trust.kind,
    accept: (document, at) => trust.accept(document, { ...at, past: true }),
  }
  const keys = new HeldKeySet(async () => ({ document: keySet }), { trust: then, providers })
  const { key, received } = await readReceipt(keys, receipt, { sent: sent ?? stated, signal })
  const iat = received.receivedAt.getTime() / 1000
  checkSigningTime(key, iat, o)
  if (history) {
    const { thumbprint } = key.info
    checkSigningTime(
      await selectSigner(
        held(history),
        (found) => found.info.thumbprint === thumbprint,
        `${thumbprint} in its history`,
        signal,
      ),
      iat,
      o,
    )
  }
  return {
    ...proof(keys, key),
    ...received,
    savedAt: new Date(savedAt * 1000),
    history: history !== undefined,
  }
}
