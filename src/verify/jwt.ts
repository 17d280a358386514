import { fromUtf8 } from '../bytes/text.js'
import { ensure, shown } from '../errors/guard.js'
import { checkClaims, type Claims } from '../formats/claims.js'
import { parseJsonObject } from '../formats/json.js'
import { reservedTypes, sameType } from '../formats/jws.js'
import type { CallOptions } from '../io/abort.js'
import { held, type KeySet } from '../keys/key-set.js'
import { checkSigningTime, proof, verified, type Proof } from './verify.js'

export type { Claims } from '../formats/claims.js'

export interface JwtOptions extends CallOptions {
  /** `iss` must be this. */
  readonly issuer: string
  /** `aud` must be or contain this. */
  readonly audience: string
  /** `sub` must be this. Default: any. */
  readonly subject?: string
  /** Expected `typ`; default any but the types reserved for key sets, receipts and files. */
  readonly typ?: string
  /** Oldest `iat` taken, in milliseconds. Without it the token must have an `exp`. */
  readonly maxAge?: number
  /** Difference of clocks allowed, in milliseconds. Default: 60,000. */
  readonly tolerance?: number
}

/**
 * Verifies a JWT and its claims.
 *
 * @throws SealdropError `rejected`, `expired`, `key_unusable` for a key that was compromised,
 *   `key_not_found`, `malformed`, `too_large`, `unsupported_algorithm`, `invalid_argument`, and
 *   what loading the set throws
 * @see RFC 7519 §7.2, RFC 8725
 */
export async function verifyJwt<T extends object = object>(
  keys: KeySet,
  jwt: string,
  o: JwtOptions,
): Promise<Proof & { readonly claims: Claims & T }> {
  for (const name of ['issuer', 'audience'] as const)
    ensure(
      typeof o?.[name] === 'string' && o[name] !== '',
      'invalid_argument',
      `${name}: expected the ${name} that the token must name`,
    )
  const { maxAge, tolerance = 60_000 } = o
  ensure(
    (maxAge ?? 0) >= 0 && tolerance >= 0,
    'invalid_argument',
    'maxAge and tolerance: expected milliseconds',
  )
  const { parsed, key } = await verified(keys, jwt, o)
  const { typ } = parsed.header
  const reserved =
    o.typ === undefined && Object.values(reservedTypes).some((type) => sameType(typ, type))
  ensure(!reserved, 'rejected', `typ ${shown(typ ?? '')} is not a token for this verb`)
  const claims = checkClaims(
    parseJsonObject(fromUtf8(parsed.payload) ?? '', { code: 'malformed', field: 'JWT claims' }),
    {
      issuer: o.issuer,
      audience: o.audience,
      subject: o.subject,
      maxAge,
      tolerance,
      now: held(keys).now(),
    },
  )
  checkSigningTime(key, claims.iat)
  return { claims: claims as Claims & T, ...proof(keys, key) }
}
