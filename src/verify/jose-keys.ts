import { JOSENotSupported, JWKSNoMatchingKey } from 'jose/errors'
import type { SignatureName } from '../algorithms/signatures.js'
import { fromBase64url } from '../bytes/base64url.js'
import { fromUtf8 } from '../bytes/text.js'
import type { CryptoKey } from '../crypto/subtle.js'
import { verifyingKey } from '../crypto/verifier.js'
import { ensure } from '../errors/guard.js'
import { isSealdropError, type SealdropErrorCode } from '../errors/sealdrop-error.js'
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
 * - the time of a token is its `iat`, in the header or in the claims
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
      checkSigningTime(key, issuedAt(header, token))
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
  ensure(key, 'unsupported_runtime', `${info.alg}: not in this runtime's WebCrypto; use verify`)
  return key
}

/** When a token says that it was signed, in seconds since 1970. */
function issuedAt({ iat }: JoseHeader, { payload }: JoseToken): number | undefined {
  const time = iat ?? claimsOf(payload).iat
  return typeof time === 'number' ? time : undefined
}

/** As jose reads them, after it has verified the signature. */
function claimsOf(payload: string | Uint8Array = ''): { readonly iat?: unknown } {
  const bytes = typeof payload === 'string' ? fromBase64url(payload) : payload
  try {
    return Object(JSON.parse((bytes && fromUtf8(bytes)) ?? '')) as { readonly iat?: unknown }
  } catch {
    return {}
  }
}

/** What the users of jose look for, by what was refused. What concerns the set is thrown as it is. */
const joseErrors: Partial<Record<SealdropErrorCode, typeof JOSENotSupported>> = {
  key_not_found: JWKSNoMatchingKey,
  rejected: JWKSNoMatchingKey,
  expired: JWKSNoMatchingKey,
  key_unusable: JWKSNoMatchingKey,
  unsupported_algorithm: JOSENotSupported,
  unsupported_runtime: JOSENotSupported,
}

function joseErrorOf(error: unknown): unknown {
  const JoseError = isSealdropError(error) && joseErrors[error.code]
  return JoseError ? new JoseError((error as Error).message, { cause: error }) : error
}
