import { ensure } from '../errors/guard.js'
import { isTime } from './compact.js'
import type { JsonObject } from './json.js'

/** The registered claims of a JWT (RFC 7519 §4.1). Times are seconds since 1970. */
export interface Claims {
  /** Who issued it. */
  readonly iss?: string
  /** Whom it is for. */
  readonly aud?: string | readonly string[]
  /** Whom it is about. */
  readonly sub?: string
  /** When it ends. */
  readonly exp?: number
  /** When it begins. */
  readonly nbf?: number
  /** When it was issued. */
  readonly iat?: number
  /** Its id. */
  readonly jti?: string
}

export interface ClaimRules {
  /** One of these issued it. */
  readonly issuers: readonly unknown[]
  /** It is for one of these; null where it may not say. */
  readonly audiences: readonly unknown[] | null
  readonly subject?: string | undefined
  /** Milliseconds, as the other two. */
  readonly maxAge?: number | undefined
  readonly tolerance: number
  readonly now: number
}

/**
 * Checks the claims of a JWT whose signature verified (RFC 7519 §4.1, §7.2).
 *
 * A token without `exp` is taken only with a `maxAge`, which needs an `iat`.
 *
 * @throws SealdropError:
 *   - `rejected`: a claim is missing, or another than expected
 *   - `expired`: the token is out of its time
 */
export function checkClaims(
  claims: JsonObject,
  { issuers, audiences, subject, maxAge, tolerance, now }: ClaimRules,
): Claims {
  const { iss, aud, sub, exp, nbf, iat } = claims
  const claim = (name: string, fits: boolean): void =>
    ensure(fits, 'rejected', `the token's claim ${name} is missing or not what was expected`)
  claim('iss', issuers.includes(iss))
  claim(
    'aud',
    audiences === null ? aud === undefined : [aud].flat().some((one) => audiences.includes(one)),
  )
  claim('sub', subject === undefined || sub === subject)
  const required = maxAge === undefined ? 'exp' : 'iat'
  for (const name of ['exp', 'nbf', 'iat'])
    claim(name, isTime(claims[name]) || (claims[name] === undefined && name !== required))
  for (const name of ['sub', 'jti'])
    claim(name, ['string', 'undefined'].includes(typeof claims[name]))
  const since = (time: unknown): number => now - (time as number) * 1000
  ensure(
    iat === undefined || since(iat) >= -tolerance,
    'rejected',
    'the token was issued in the future, by its iat: are both clocks right, and is it in seconds?',
  )
  const inTime =
    (exp === undefined || since(exp) < tolerance) &&
    (nbf === undefined || since(nbf) >= -tolerance) &&
    (maxAge === undefined || since(iat) <= maxAge + tolerance)
  ensure(
    inTime,
    'expired',
    'the token is not valid now, by its exp, nbf or the maximum age: are both clocks right?',
  )
  return claims
}
