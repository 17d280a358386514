import { errors, jwtVerify, type JWTPayload } from 'jose'
import { SealdropError } from '../errors/sealdrop-error.js'
import type { CryptoKey } from './subtle.js'
import { signatureRejected } from './verify.js'

export interface JwtRules {
  readonly issuer: string
  readonly audience: string
  readonly algorithm: string
  readonly typ?: string | undefined
  /** Milliseconds. */
  readonly maxAge?: number | undefined
  readonly tolerance: number
  readonly now: number
}

/**
 * The claims of a JWT under a given key (RFC 7519 §7.2), by jose. A token without `exp` is taken only with a `maxAge`.
 *
 * @throws SealdropError `rejected`, `expired`
 */
export async function verifyClaims(jwt: string, key: CryptoKey, o: JwtRules): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(jwt, key, {
      issuer: o.issuer, audience: o.audience, algorithms: [o.algorithm], currentDate: new Date(o.now), clockTolerance: o.tolerance / 1000,
      ...(o.typ === undefined ? {} : { typ: o.typ }),
      ...(o.maxAge === undefined ? { requiredClaims: ['exp'] } : { maxTokenAge: o.maxAge / 1000 }),
    })
    return payload
  } catch (error) {
    const outOfTime = error instanceof errors.JWTExpired || (error instanceof errors.JWTClaimValidationFailed && error.claim === 'nbf' && error.reason === 'check_failed')
    if (outOfTime) throw new SealdropError('expired', 'the token is not valid now: outside its exp, nbf or the maximum age; are both clocks right?')
    if (error instanceof errors.JWTClaimValidationFailed) throw new SealdropError('rejected', `the token's claim ${error.claim} is missing or not what was expected`)
    if (error instanceof errors.JOSEError) throw signatureRejected()
    throw error
  }
}
