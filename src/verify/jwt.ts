import { fromUtf8 } from '../bytes/text.js'
import { ensure, milliseconds, shown } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { checkClaims, type Claims } from '../formats/claims.js'
import { parseJsonObject } from '../formats/json.js'
import { sameType } from '../formats/jws.js'
import type { CallOptions } from '../io/abort.js'
import { ringOf, type KeySet } from '../keys/key-set.js'
import { checkSigningTime, proof, verified, type Proof } from './verify.js'

export type { Claims } from '../formats/claims.js'

/** What a JWT must say to be taken. */
export interface JwtOptions extends CallOptions {
  /** `iss` must be this, or one of these. Required. */
  readonly issuer: string | readonly string[]
  /**
   * `aud` must be this or one of these, or contain one. Required.
   *
   * Only `null` takes tokens without `aud`, and no others: look at other claims then, such as
   * `client_id`.
   */
  readonly audience: string | readonly string[] | null
  /** `sub` must be this. Default: any. */
  readonly subject?: string
  /**
   * What its `typ` must be. Default: `JWT` or none.
   *
   * - a JWT of another type, such as `at+jwt`, is taken only where you name it
   * - one with a `cty` is never taken: it is something else that was signed
   */
  readonly typ?: string
  /**
   * Oldest `iat` that is taken, in milliseconds. Default: any, and the token must have an `exp`.
   */
  readonly maxAge?: number
  /** Difference of clocks that is allowed, in milliseconds. Default: 60,000. */
  readonly tolerance?: number
}

/**
 * Verifies a JWT and its claims.
 *
 * - `issuer` and `audience` are required, and may be several
 * - a token must have an `exp`, or with `maxAge` an `iat`
 * - what else the same key signed is no token: its `typ` or `cty` says so
 * - an `iat` may be no further in the future than `tolerance`
 *
 * @returns the claims, and the key that verified
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: the issuer, the audience or a number is missing or wrong
 * @throws SealdropError while fetching keys:
 *   - what `keys.ready()` throws, see `fetchKeySet`
 *   - `key_not_found`: the set has no such signing key
 * @throws SealdropError while reading:
 *   - `malformed`: this is no JWT
 *   - `too_large`: it, or its header, is too long
 *   - `unsupported_algorithm`: its `alg` is none that KMS signs with
 *   - `unsupported_runtime`: WebCrypto lacks the algorithm; pass `providers` to the key set
 *   - `rejected`: the signature does not verify, a claim or `typ` is another than expected,
 *     or there is a `cty`
 *   - `expired`: the token is not valid now, or the key was not when it signed
 *   - `key_unusable`: the key was compromised
 * @example
 *   ```js
 *   import { fetchKeySet, overHttps, verifyJwt } from 'sealdrop'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const response = await fetch('https://files.example.com/session.jwt')
 *   const { claims } = await verifyJwt(keys, await response.text(), {
 *     issuer: 'https://app.example.com',
 *     audience: 'claims',
 *   })
 *   console.log(claims.sub) // clerk 7
 *   ```
 * @see RFC 7519 §7.2, RFC 8725 §3.11
 */
export async function verifyJwt<T extends object = object>(
  keys: KeySet,
  jwt: string,
  o: JwtOptions,
): Promise<Proof & { readonly claims: Claims & T }> {
  checkOptions(o, 'signal issuer audience subject typ maxAge tolerance')
  const issuers = namesOf('issuer', o?.issuer)
  const audiences = o?.audience === null ? null : namesOf('audience', o?.audience)
  const { maxAge, tolerance = 60_000 } = o
  if (maxAge !== undefined) milliseconds('maxAge', maxAge)
  milliseconds('tolerance', tolerance)
  const { parsed, key } = await verified(keys, jwt, o)
  const { typ, cty } = parsed.header
  ensure(
    cty === undefined && (typ === undefined || sameType(typ, o.typ ?? 'JWT')),
    'rejected',
    `expected a JWT without cty, of the typ JWT or the one that you name; ` +
      `found typ ${shown(typ ?? 'none')}, cty ${shown(cty ?? 'none')}`,
  )
  const claims = checkClaims(
    parseJsonObject(fromUtf8(parsed.payload) ?? '', { code: 'malformed', field: 'JWT claims' }),
    {
      issuers,
      audiences,
      subject: o.subject,
      maxAge,
      tolerance,
      now: ringOf(keys).now(),
    },
  )
  checkSigningTime(key, claims.iat)
  return { claims: claims as Claims & T, ...proof(keys, key) }
}

/** One name or several, of which a token must have one. */
function namesOf(option: string, given: unknown): readonly unknown[] {
  const names = [given].flat()
  ensure(
    names.length > 0 && names.every((name) => typeof name === 'string' && name !== ''),
    'invalid_argument',
    `${option}: expected the ${option} that the token must name, or several`,
  )
  return names
}
