import { parseKeySet } from '../formats/jwk.js'
import type { Trust } from '../keys/trust.js'

/**
 * Believes a key because you hold it, from a file or a configuration that you trust.
 *
 * - it is for `importKeySet` only
 *
 * @returns a trust for `importKeySet`
 * @throws SealdropError from each verb that uses the set:
 *   - `keys_malformed`: this is no JWK Set
 * @example
 *   ```js
 *   import { readFile } from 'node:fs/promises'
 *   import { importKeySet, inHand, seal } from 'sealdrop'
 *   const pem = await readFile('key.pem', 'utf8')
 *   const keys = importKeySet(pem, { trust: inHand(), use: 'enc' })
 *   const sealed = await seal(keys, { iban: 'DE02' }, { context: { order: '7' } })
 *   console.log(keys.trust, sealed.split('.').length) // in-hand 5
 *   ```
 * @see RFC 7517 §9.1
 */
export function inHand(): Trust {
  return { kind: 'in-hand', accept: async (document) => ({ keys: parseKeySet(document) }) }
}
