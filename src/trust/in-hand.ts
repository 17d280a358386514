import { parseKeySet } from '../formats/jwk.js'
import type { Trust } from '../keys/trust.js'

/**
 * Believes a key because the caller holds it, from a file or a configuration that it trusts. For
 * `importKeySet` only; loading throws `keys_malformed`.
 *
 * @see RFC 7517 §9.1
 */
export function inHand(): Trust {
  return { kind: 'in-hand', accept: async (document) => ({ keys: parseKeySet(document) }) }
}
