import { JOSENotSupported, JWKSNoMatchingKey } from 'jose/errors'
import type { SignatureName } from '../algorithms/signatures.js'
import { fromBase64url } from '../bytes/base64url.js'
import type { CryptoKey } from '../crypto/subtle.js'
import { verifyingKey } from '../crypto/verifier.js'
import { ensure } from '../errors/guard.js'
import { isSealdropError, SealdropError, type SealdropErrorCode } from '../errors/sealdrop-error.js'
import { isIssued } from '../formats/compact.js'
import type { Key } from '../keys/key.js'
import { ringOf, type KeySet } from '../keys/key-set.js'
import { checkSigningTime, keyFor } from './verify.js'

/** What is used here of the protected header that jose hands to a key function. */
export interface JoseHeader {
  readonly alg?: string
  readonly kid?: string
  readonly [name: string]: unknown
}

/** What is used here of the token that jose hands to a key function. Nobody has verified it yet. */
export interface JoseToken {
  readonly payload?: string | Uint8Array
}

/** A key function of jose: it answers the key that verifies a token. */
export type JoseKeys = (header?: JoseHeader, token?: JoseToken) => Promise<CryptoKey>

/**
 * Makes the key function that `jwtVerify` and `compactVerify` of `jose` take.
 *
 * - it stands in for `createRemoteJWKSet`, so that a set counts which is pinned, or which a root
 *   signed
 * - the key must be one that `verify` takes: for this `alg`, valid when it signed, not taken back
 * - the times of a token are its `iat` in the header and in the claims, and the key must fit each
 * - a `kid` that is not there makes the set be fetched again, at most once in 30 s
 * - `jose` checks everything else: the signature, the claims and `typ`
 *
 * @param keys - what `fetchKeySet` or `importKeySet` made; its `providers` do not count here
 * @returns a function for the second argument of the verbs of `jose`
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: this is no key set
 * @throws SealdropError while fetching keys, from each verb of `jose`:
 *   - what `keys.ready()` throws, see `fetchKeySet`; `jose`'s own `JWKSNoMatchingKey` and
 *     `JOSENotSupported` say that a token or its algorithm is refused
 * @example
 *   ```js
 *   import { compactVerify } from 'jose'
 *   import { fetchKeySet, overHttps } from 'sealdrop'
 *   import { joseKeys } from 'sealdrop/jose'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const response = await fetch('https://files.example.com/order-7.jws')
 *   const { protectedHeader } = await compactVerify(await response.text(), joseKeys(keys))
 *   console.log(protectedHeader.alg) // ES256
 *   ```
 * @see RFC 7515 §5.2
 */
export function joseKeys(keys: KeySet): JoseKeys {
  ringOf(keys)
  // keys only, and no promise: in workerd another request could not await it
  const imported = new WeakMap<Key, CryptoKey>()
  return async (header = {}, token = {}) => {
    try {
      const { alg = 'none', kid } = header
      const key = await keyFor(keys, { alg, ...(kid !== undefined && { kid }) })
      for (const time of timesOf(header, token)) checkSigningTime(key, time)
      const found = imported.get(key) ?? (await importKey(key))
      imported.set(key, found)
      return found
    } catch (error) {
      throw joseErrorOf(error)
    }
  }
}

async function importKey({ jwk, info }: Key): Promise<CryptoKey> {
  const key = await verifyingKey(jwk, info.alg as SignatureName)
  if (key) return key
  const message = `${info.alg}: not in this runtime's WebCrypto; use verify`
  const cause = new SealdropError('unsupported_runtime', message)
  throw new JOSENotSupported(message, { cause })
}

/**
 * Every time at which a token says that it was signed, in seconds since 1970.
 *
 * - the header and the claims may both say one, and the key must fit each: `jose` and the app read
 *   the claims, and whoever holds an old key could write another time into the header
 * - one that cannot be read is refused, since it is not absent
 *
 * @throws SealdropError `rejected`
 */
function timesOf(header: JoseHeader, { payload = '' }: JoseToken): readonly (number | undefined)[] {
  const bytes =
    typeof payload === 'string' && header['b64'] !== false ? fromBase64url(payload) : payload
  ensure(bytes !== undefined, 'rejected', 'payload: expected base64url without padding')
  const times = [header['iat'], claimsOf(bytes).iat].filter((time) => time !== undefined)
  ensure(times.every(isIssued), 'rejected', 'iat: expected seconds')
  return times.length > 0 ? times : [undefined]
}

/** The claims as jose reads them: without a byte order mark, and whatever bytes are no UTF-8. */
function claimsOf(payload: string | Uint8Array): { readonly iat?: unknown } {
  const text = typeof payload === 'string' ? payload : new TextDecoder().decode(payload)
  try {
    return Object(JSON.parse(text)) as { readonly iat?: unknown }
  } catch {
    return {} // what is no JSON has no claims
  }
}

/** What the users of jose look for, by what was refused. What concerns the set is thrown as it is. */
const joseErrors: Partial<Record<SealdropErrorCode, typeof JOSENotSupported>> = {
  key_not_found: JWKSNoMatchingKey,
  rejected: JWKSNoMatchingKey,
  expired: JWKSNoMatchingKey,
  key_unusable: JWKSNoMatchingKey,
  unsupported_algorithm: JOSENotSupported,
}

function joseErrorOf(error: unknown): unknown {
  const JoseError = isSealdropError(error) && joseErrors[error.code]
  return JoseError ? new JoseError((error as Error).message, { cause: error }) : error
}
