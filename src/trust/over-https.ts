import { parseKeySet } from '../formats/jwk.js'
import type { Trust } from '../keys/trust.js'

/**
 * Believes whoever serves the URL: its DNS, its certificate, its host.
 *
 * - whoever can change what that host serves can read what is sealed from then on
 * - where that is too little, use `signedBy` or `pinned`
 * - results say `trust: 'https'`
 *
 * @returns a trust for `fetchKeySet`
 * @throws SealdropError while fetching keys, from each verb that uses the set:
 *   - `keys_malformed`: this is no JWK Set
 * @example
 *   ```js
 *   import { fetchKeySet, overHttps, seal } from 'sealdrop'
 *   const keys = fetchKeySet('/.well-known/jwks.json', { trust: overHttps() })
 *   const sealed = await seal(keys, { iban: 'DE02' }, { context: { order: '7' } })
 *   console.log(keys.trust, sealed.split('.').length) // https 5
 *   ```
 * @see RFC 7517 §9.1
 */
export function overHttps(): Trust {
  return { kind: 'https', accept: async (document) => ({ keys: parseKeySet(document) }) }
}
