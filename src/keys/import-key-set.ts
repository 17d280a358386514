import { exportPublic } from '../crypto/public-keys.js'
import type { CryptoKey } from '../crypto/subtle.js'
import { kindOf } from '../errors/kind.js'
import { checkOptions } from '../errors/options.js'
import {
  checkPublic,
  cryptoKeyDocument,
  keySetDocument,
  type KeyStatements,
} from '../formats/key-source.js'
import { KeyRing, type KeySet, type KeySetOptions } from './key-set.js'

/**
 * Why the keys in hand are believed, and what a bare key cannot say itself.
 *
 * - a P-256 key in PEM needs `use`
 * - an RSA signing key also needs `alg`
 * - for a set they count as in `fetchKeySet`: a key that says otherwise is passed over
 */
export interface ImportOptions extends KeySetOptions, KeyStatements {}

/**
 * Makes a key set of keys, or of one public key, that you have in hand.
 *
 * - text: a JWK Set, a signed set, a JWK, or a public key in PEM or base64
 * - bytes: a public key in DER, or any of the above in UTF-8
 * - an object: a JWK Set, a JWK, or what GetPublicKey answers (AWS's SDKs and the AWS CLI)
 * - a public CryptoKey, or a public KeyObject of Node; a private one is refused unread
 * - a public key is SPKI, or `RSA PUBLIC KEY` (PKCS #1); other text may stand around its block
 * - nothing is ever fetched
 *
 * @param source - the keys
 * @returns a key set for every verb that takes `keys`
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: `use` or `alg` is missing or contradicts the key, or there is no trust
 *   - `keys_malformed`: this is no public key; of a private key or a certificate the message has the
 *     command that makes one
 *   - `unsupported_algorithm`: KMS or WebCrypto has no such kind of key
 * @throws SealdropError from each verb that uses the set:
 *   - `invalid_argument`: a CryptoKey is not extractable, or `use` or `alg` contradicts it
 *   - `keys_malformed`: this is no key set
 *   - `keys_untrusted`: the trust does not believe it
 *   - `keys_expired`: the signed set is over
 *   - `keys_rolled_back`: the signed set is older than one seen before
 *   - `no_usable_key`: no key of the set can be used, or none can be sealed to
 *   - `unsupported_runtime`: there is no WebCrypto, or it lacks the root's algorithm
 * @example
 *   ```js
 *   import { readFile } from 'node:fs/promises'
 *   import { importKeySet, inHand } from 'sealdrop'
 *   const pem = await readFile('key.pem', 'utf8')
 *   const keys = importKeySet(pem, { trust: inHand(), use: 'enc' })
 *   const [key] = await keys.list()
 *   console.log(key.alg, key.thumbprint.length) // ECDH-ES+A256KW 43
 *   ```
 * @see RFC 7517, RFC 5280 §4.1.2.7
 */
export function importKeySet(source: string | Uint8Array | object, o: ImportOptions): KeySet {
  const stated = checkOptions(o, 'trust prefer providers now use alg arn')
  if (kindOf(source) === 'CryptoKey') return ofCryptoKey(source as CryptoKey, o)
  const document = keySetDocument(source, stated)
  return new KeyRing(async () => ({ document }), o)
}

function ofCryptoKey(key: CryptoKey, o: ImportOptions): KeySet {
  checkPublic(key)
  return new KeyRing(
    async () => ({ document: cryptoKeyDocument(await exportPublic(key), key.algorithm.name, o) }),
    o,
  )
}
