import { curveRow } from '../algorithms/curves.js'
import { limits } from '../algorithms/limits.js'
import type { PublicMembers } from '../algorithms/public-key.js'
import { fromBase64url } from '../bytes/base64url.js'
import { ensure, kindOf, shown } from '../errors/guard.js'
import { isJsonObject, parseJsonObject, type JsonObject } from './json.js'

/** A public JSON Web Key (RFC 7517 §4). Key material and our `kms_arn` are read from it too; private members are refused. */
export interface JWK {
  readonly kty?: string
  readonly kid?: string
  readonly use?: string
  readonly alg?: string
}

/** What a JWK in a set may say about itself besides its key material. */
export interface JwkStatements extends JWK {
  readonly iat?: number
  readonly nbf?: number
  readonly exp?: number
  readonly kms_arn?: string
}

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

/**
 * The necessary members of a public JWK, rebuilt, so that nothing else in it reaches a cryptographic library.
 *
 * @param code what a wrong length carries: `malformed` where the key came in a message
 * @throws SealdropError `unsupported_algorithm` for a type or curve KMS has not, `keys_malformed` or `malformed`
 */
export function publicMembers(jwk: object, code: 'keys_malformed' | 'malformed' = 'keys_malformed'): PublicMembers {
  const { kty, n, e, crv, x, y } = jwk as Record<string, unknown>
  if (kty === 'RSA') {
    const modulus = member(n, 'n', code)
    ensure([256, 384, 512].includes(modulus.length) && modulus[0]! >= 0x80, code, `expected an RSA modulus of 2048, 3072 or 4096 bits`)
    ensure(e === 'AQAB', code, 'expected the RSA exponent AQAB (65537)')
    return { kty, n: n as string, e }
  }
  const row = curveRow(crv)
  ensure(kty === 'EC' && row, 'unsupported_algorithm', `expected RSA, P-256, P-384 or P-521, found ${shown(`${String(kty)} ${String(crv)}`)}`)
  for (const [name, value] of Object.entries({ x, y })) ensure(member(value, name, code).length === row.coordinate, code, `JWK member ${name}: expected ${row.coordinate} bytes`)
  return { kty, crv: crv as string, x: x as string, y: y as string }
}

function member(value: unknown, name: string, code: 'keys_malformed' | 'malformed'): Uint8Array {
  const bytes = typeof value === 'string' ? fromBase64url(value) : undefined
  ensure(bytes, code, `JWK member ${name}: expected base64url`)
  return bytes
}

/** What a thumbprint is the SHA-256 of: required members only, in lexical order, no white space (RFC 7638 §3). */
export function thumbprintInput(key: PublicMembers): string {
  return JSON.stringify(key.kty === 'RSA' ? { e: key.e, kty: key.kty, n: key.n } : { crv: key.crv, kty: key.kty, x: key.x, y: key.y })
}

/**
 * A JWK Set (RFC 7517 §5) with its structure checked: at most 32 keys, no duplicate `kid`, nothing private.
 *
 * @throws SealdropError `keys_malformed`
 */
export function parseKeySet(document: string): readonly JsonObject[] {
  return keysOf(parseJsonObject(document, { code: 'keys_malformed', field: 'key set' }))
}

/** The same for an object that has the member `keys`, as the payload of a signed set does. */
export function keysOf({ keys }: JsonObject): readonly JsonObject[] {
  ensure(Array.isArray(keys), 'keys_malformed', `expected a JWK Set with a "keys" array, found ${kindOf(keys)}`)
  ensure(keys.length <= limits.keys, 'keys_malformed', `expected at most ${limits.keys} keys, found ${keys.length}`)
  const kids = new Set<unknown>()
  return keys.map((jwk: unknown, index) => {
    ensure(isJsonObject(jwk), 'keys_malformed', `keys[${index}]: expected an object, found ${kindOf(jwk)}`)
    const leaked = privateMembers.find((name) => name in jwk)
    ensure(leaked === undefined, 'keys_malformed', `keys[${index}]: the private member ${leaked} was published: replace that key`)
    ensure(jwk['kid'] === undefined || !kids.has(jwk['kid']), 'keys_malformed', `keys[${index}]: a duplicate kid`)
    kids.add(jwk['kid'])
    return jwk
  })
}

/** Reads what a JWK says of itself; a member of the wrong type is an error rather than absent. */
export function statements(jwk: object): JwkStatements {
  for (const [name, value] of Object.entries(jwk)) {
    const type = /^(kid|use|alg|kms_arn)$/.test(name) ? 'string' : /^(iat|nbf|exp)$/.test(name) ? 'number' : typeof value
    ensure(value === undefined || (typeof value === type && !(type === 'number' && Math.abs(value) > 8.64e12)), 'keys_malformed', `JWK member ${name}: expected a ${type}`)
  }
  return jwk as JwkStatements
}
