import { fromUtf8 } from '../bytes/text.js'
import { verifyClaims } from '../crypto/jwt.js'
import { ensure, shown } from '../errors/guard.js'
import { parseJsonObject } from '../formats/json.js'
import { reservedTypes, sameType } from '../formats/jws.js'
import type { CallOptions } from '../io/abort.js'
import { held, type KeySet } from '../keys/key-set.js'
import { checkSigningTime, keyFor, proof, verifier, type Proof } from './verify.js'

/** The registered claims (RFC 7519 §4.1). Times are seconds since 1970. */
export interface Claims {
  readonly iss?: string
  readonly aud?: string | readonly string[]
  readonly sub?: string
  readonly exp?: number
  readonly nbf?: number
  readonly iat?: number
  readonly jti?: string
}

export interface JwtOptions extends CallOptions {
  /** `iss` must be this. */
  readonly issuer: string
  /** `aud` must be or contain this. */
  readonly audience: string
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
 * @throws SealdropError `rejected`, `expired`, `key_not_found`, `malformed`, `too_large`, `unsupported_algorithm`, `invalid_argument`, and what loading the set throws
 * @see RFC 7519 §7.2, RFC 8725
 */
export async function verifyJwt<T extends object = object>(keys: KeySet, jwt: string, o: JwtOptions): Promise<Proof & { readonly claims: Claims & T }> {
  for (const name of ['issuer', 'audience'] as const) ensure(typeof o?.[name] === 'string' && o[name] !== '', 'invalid_argument', `${name}: expected the ${name} that the token must name`)
  const { maxAge, tolerance = 60_000 } = o
  ensure((maxAge ?? 0) >= 0 && tolerance >= 0, 'invalid_argument', 'maxAge and tolerance: expected milliseconds')
  const { parsed, key } = await keyFor(keys, jwt, o.signal)
  const { typ } = parsed.header
  const reserved = o.typ === undefined && Object.values(reservedTypes).some((type) => sameType(typ, type))
  ensure(!reserved, 'rejected', `typ ${shown(typ ?? '')} is not a token for this verb`)
  parseJsonObject(fromUtf8(parsed.payload) ?? '', { code: 'malformed', field: 'JWT claims' })
  const claims = await verifyClaims(jwt, await verifier(key), {
    issuer: o.issuer, audience: o.audience, typ: o.typ, maxAge, tolerance, now: held(keys).now(), algorithm: key.info.alg,
  })
  checkSigningTime(key, claims.iat)
  return { claims: claims as Claims & T, ...proof(keys, key) }
}
