import { ensure } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { parseReceiptFile, writeReceiptFile } from '../formats/receipt-file.js'
import type { AlgorithmProvider } from '../crypto/provider.js'
import type { CallOptions } from '../io/abort.js'
import { KeyRing, ringOf, type KeySet } from '../keys/key-set.js'
import { selectSigner, type WantedSigner } from '../keys/select-signer.js'
import type { Trust } from '../keys/trust.js'
import { readReceipt, verifyReceipt, type Received, type Sent } from './verify-receipt.js'
import { checkSigningTime, proof, type Proof, type SinceWhen } from './verify.js'

/**
 * Verifies a receipt, and answers a file to store with what was sent.
 *
 * - the file holds the receipt, what it is for, and the key set that vouches for its key
 * - `verifyReceiptFile` verifies it in many years, when the key is not published any more
 *
 * @param o.sent - what `inspect` says of the sealed value, or what `sealStream` answered
 * @returns JSON, a few kB
 * @throws SealdropError what {@link verifyReceipt} throws, and:
 *   - `too_large`: the key set is a history, or too long; verify with the set of the day
 * @example
 *   ```js
 *   import { writeFile } from 'node:fs/promises'
 *   import { fetchKeySet, inspect, overHttps, receiptFile, seal } from 'sealdrop'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const sealed = await seal(keys, { iban: 'DE02' }, { context: { order: '7' } })
 *   const response = await fetch('/claims', { method: 'POST', body: sealed })
 *   const sent = await inspect(sealed)
 *   const file = await receiptFile(keys, await response.text(), { sent })
 *   await writeFile('order-7.receipt.json', file)
 *   console.log(JSON.parse(file).type) // sealdrop-receipt-file
 *   ```
 * @see receipt.md, "A receipt file"
 */
export async function receiptFile(
  keys: KeySet,
  receipt: string,
  o: CallOptions & { readonly sent: Sent },
): Promise<string> {
  checkOptions(o, 'signal sent')
  const { key } = await verifyReceipt(keys, receipt, o)
  const ring = ringOf(keys)
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

/** Why the key set in a receipt file is believed, and what is known today of its key. */
export interface ReceiptFileOptions extends CallOptions, SinceWhen {
  /**
   * Why the key set in the file is believed: `signedBy` the root of then, or `pinned`. Required.
   *
   * Nothing in the file is believed by itself.
   */
  readonly trust: Trust
  /**
   * The publisher's history as of today: a key set under `signedBy([root], { history: true })`.
   *
   * Any other set is refused, since its host could leave out that a key was taken back.
   *
   * Default: none, and nobody can know whether the key was taken back since.
   */
  readonly history?: KeySet
  /** What the receipt must be for. Default: what the file says. */
  readonly sent?: Sent
  /** For algorithms that the runtime lacks: `mlDsa()` of `sealdrop/ml-dsa`. Default: none. */
  readonly providers?: readonly AlgorithmProvider[]
}

/**
 * Verifies a receipt file, also when its key is no longer published.
 *
 * - the key set in the file is verified by its signature or by pins; its times are not looked at,
 *   since they say what was current then
 * - with a history it is also looked up whether the key is known there, was valid then, and was
 *   taken back since
 *
 * @param file - the text that `receiptFile` answered
 * @returns what the receipt says, the key, when the file says that it was saved, and whether a
 *   history was asked
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: there is no trust, or this is no text
 *   - `malformed`: this is no receipt file
 *   - `too_large`: the file has more than 400,000 characters
 *   - `unsupported_algorithm`: the file is of a later version, or KMS does not sign so
 *   - `unsupported_runtime`: WebCrypto lacks the algorithm; pass `providers`
 *   - `keys_untrusted`: the trust does not believe the set in the file, or is `overHttps` or
 *     `inHand`, which would let a file vouch for itself; or the history is not a signed one
 *   - `keys_malformed`: the set in the file is none
 *   - `no_usable_key`: no key of the set in the file can be used
 *   - `rejected`: the signature does not verify, or it is a receipt of something else
 *   - `key_not_found`: the set in the file, or the history, does not have the key
 *   - `expired`: the key was not valid when it signed
 *   - `key_unusable`: the key was compromised, see `heldSince`
 * @throws SealdropError while fetching keys, of the history:
 *   - what `keys.ready()` throws, see `fetchKeySet`
 * @example
 *   ```js
 *   import { fetchKeySet, inspect, pinned, seal } from 'sealdrop'
 *   import { receiptFile, verifyReceiptFile } from 'sealdrop'
 *   import pins from './pins.json' with { type: 'json' }
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: pinned(pins) })
 *   const sealed = await seal(keys, { iban: 'DE02' }, { context: { order: '7' } })
 *   const response = await fetch('/claims', { method: 'POST', body: sealed })
 *   const sent = await inspect(sealed)
 *   const file = await receiptFile(keys, await response.text(), { sent })
 *   // years later, while nothing is fetched:
 *   const receipt = await verifyReceiptFile(file, { trust: pinned(pins) })
 *   console.log(receipt.stage, receipt.messageId === sent.messageId) // received true
 *   ```
 * @see receipt.md, "A receipt file"; history.md
 */
export async function verifyReceiptFile(
  file: string,
  o: ReceiptFileOptions,
): Promise<Proof & Received & { readonly savedAt: Date; readonly history: boolean }> {
  checkOptions(o, 'signal heldSince trust history sent providers')
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
  ensure(
    !history || ringOf(history).options.trust.history,
    'keys_untrusted',
    'history: expected one under signedBy(roots, { history: true }); ' +
      'another host could leave out that a key was taken back',
  )
  const { receipt, sent: stated, keySet, savedAt } = parseReceiptFile(file)
  const then: Trust = {
    kind: trust.kind,
    accept: (document, at) => trust.accept(document, { ...at, past: true }),
  }
  const keys = new KeyRing(async () => ({ document: keySet }), { trust: then, providers })
  const { key, received } = await readReceipt(keys, receipt, { sent: sent ?? stated, signal })
  const iat = received.receivedAt.getTime() / 1000
  checkSigningTime(key, iat, o)
  if (history) {
    const { thumbprint, alg } = key.info
    const wanted: WantedSigner = {
      fits: ({ info }) => info.thumbprint === thumbprint,
      isFor: ({ info }) => info.alg === alg,
      named: `${thumbprint} in its history`,
    }
    checkSigningTime(await selectSigner(ringOf(history), wanted, signal), iat, o)
  }
  return {
    ...proof(keys, key),
    ...received,
    savedAt: new Date(savedAt * 1000),
    history: Boolean(history),
  }
}
