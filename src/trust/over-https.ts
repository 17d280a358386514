import { parseKeySet } from '../formats/jwk.js'
import type { Trust } from '../keys/trust.js'

/**
 * Believes whoever serves the URL: its DNS, its certificate, its host. Results say `trust:
 * 'https'`. Whoever can change what that host serves can read what is sealed from then on; where
 * that is too little, use `pinned`. Loading a set throws `keys_malformed`.
 *
 * @see RFC 7517 §9.1
 */
export function overHttps(): Trust {
  return { kind: 'https', accept: async (document) => ({ keys: parseKeySet(document) }) }
}
