import { limits } from '../algorithms/limits.js'
import { checkOptions } from '../errors/options.js'
import { encodeValue, type Value } from '../formats/content.js'
import { checkContext, type Context } from '../formats/context.js'
import type { CallOptions } from '../io/abort.js'
import { ringOf, type KeySet } from '../keys/key-set.js'
import { sealedOnce, type AgainOptions } from '../keys/sealed-twice.js'
import { dataKeyFor, writeValue } from './write.js'

/** What a sealed value is bound to, and when to give up. */
export interface SealOptions extends CallOptions, AgainOptions {
  /**
   * What the value is bound to: the opener must name the same. Required; `{}` is allowed.
   *
   * Everyone can read it.
   */
  readonly context: Context
}

/**
 * Seals a value so that only the holder of the KMS private key can read it.
 *
 * - a value is text, bytes, or what JSON carries without loss; at most 1 MiB
 * - leave bytes unchanged until the call settles
 * - larger input belongs into `sealStream`
 *
 * @param keys - the company's key set; its order and `prefer` decide which key is used
 * @param value - what is to be sealed
 * @returns a compact JWE, about 4/3 of the input and of the context, plus 650 bytes
 *   (RSA-2048) or 550 (P-256)
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: the context is missing, JSON cannot carry the value, or it is sealed to
 *     this key set already, see `again`
 *   - `too_large`: the value has more than 1 MiB, or the context more than fits a header of 16 KiB
 * @throws SealdropError while fetching keys:
 *   - `keys_unreachable`: the set's host did not answer; try again later
 *   - `keys_malformed`, `keys_untrusted`, `keys_expired`, `keys_rolled_back`: see `fetchKeySet`
 *   - `no_usable_key`: the set has no key to seal to now, which its publisher must mend
 *   - `output_failed`, `source_failed`: the store of `signedBy` failed
 *   - `unsupported_runtime`: there is no WebCrypto, as on a page without https
 * @example
 *   ```js
 *   import { fetchKeySet, overHttps, seal } from 'sealdrop'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const claim = { policy: 'A-17', iban: 'DE02 1203 0000 0000 2020 51' }
 *   const sealed = await seal(keys, claim, { context: { order: '7' } })
 *   const response = await fetch('/claims', { method: 'POST', body: sealed })
 *   console.log(sealed.split('.').length, response.ok) // 5 true
 *   ```
 * @see RFC 7516 §5.1, RFC 7518 §4.3, §4.6 and §5.3
 */
export async function seal(keys: KeySet, value: Value, o: SealOptions): Promise<string> {
  const { context: given, signal, again } = checkOptions(o, 'signal context again')
  const ring = ringOf(keys)
  const context = checkContext(given)
  const encoded = encodeValue(value, limits.jsonPadding)
  ;(await sealedOnce(again, [ring], signal))(encoded.bytes, true)
  const recipient = await ring.forSealing(signal)
  return writeValue(dataKeyFor(recipient), encoded, context, ring.now())
}
