import { limits } from '../algorithms/limits.js'
import { encodeValue, type Value } from '../formats/content.js'
import { checkContext, type Context } from '../formats/context.js'
import type { CallOptions } from '../io/abort.js'
import { held, type KeySet } from '../keys/key-set.js'
import { dataKeyFor, writeValue } from './write.js'

export interface SealOptions extends CallOptions {
  /**
   * Bound to what is sealed and readable by everyone; the opener must name the same. Required, `{}`
   * is allowed.
   */
  readonly context: Context
}

/**
 * Seals a value so that only the holder of the KMS private key can read it.
 *
 * @param keys - the company's key set; which key is used follows its order and `prefer`
 * @param value - text, bytes (leave them unchanged until the call settles), or what JSON carries;
 *   at most 1 MiB, larger input belongs in a sealed stream
 * @returns compact JWE, about 4/3 of the input plus 900 bytes (RSA-2048) or 700 (P-256)
 * @throws SealdropError `invalid_argument`, `too_large`, `keys_unreachable` (retry later),
 *   `keys_malformed`, `keys_untrusted`, `no_usable_key` (the publisher's fault),
 *   `unsupported_runtime`
 * @see RFC 7516 §5.1, RFC 7518 §4.3, §4.6 and §5.3
 */
export async function seal(keys: KeySet, value: Value, o: SealOptions): Promise<string> {
  const ring = held(keys)
  const context = checkContext(o?.context)
  const encoded = encodeValue(value, limits.jsonPadding)
  const recipient = await ring.forSealing(o.signal)
  return writeValue(dataKeyFor(recipient), encoded, context, ring.now())
}
