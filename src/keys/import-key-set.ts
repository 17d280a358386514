import { keySetDocument, type KeyStatements } from '../formats/key-source.js'
import { HeldKeySet, type KeySet, type KeySetOptions } from './key-set.js'

/**
 * `use`, `alg` and `arn` say what a bare key cannot: a P-256 PEM needs `use`, an RSA signing key
 * also `alg`.
 */
export interface ImportOptions extends KeySetOptions, KeyStatements {}

/**
 * A key set, or one public key, that is already here: a JWK Set or a signed set as text, a JWK,
 * SPKI as PEM or DER, or what GetPublicKey answers (`aws kms get-public-key`, or an SDK's object).
 *
 * @throws SealdropError `invalid_argument`, `keys_malformed`, `unsupported_algorithm`; using it
 *   throws `keys_untrusted`, `no_usable_key`
 * @see RFC 7517, RFC 5280 §4.1.2.7
 */
export function importKeySet(source: string | Uint8Array | object, o: ImportOptions): KeySet {
  const document = keySetDocument(source, o ?? {})
  return new HeldKeySet(async () => ({ document }), o)
}
