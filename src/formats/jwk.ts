import { limits } from '../algorithms/limits.js'
import { keyMembers, type PublicMembers } from '../algorithms/public-key.js'
import { fromBase64url } from '../bytes/base64url.js'
import type { Bytes } from '../bytes/bytes.js'
import { ensure, shown } from '../errors/guard.js'
import { kindOf } from '../errors/kind.js'
import { isJsonObject, parseJsonObject, type JsonObject } from './json.js'

/**
 * A public JSON Web Key (RFC 7517 §4).
 *
 * - its key material and our `kms_arn` are read too
 * - one with private members is refused
 */
export interface JWK {
  /** Type of the key: `RSA`, `EC`, `OKP` or `AKP`. */
  readonly kty?: string
  /** Its name in the set. Sealdrop publishes the thumbprint. */
  readonly kid?: string
  /** What it is for: `enc` or `sig`. */
  readonly use?: string
  /** Its one algorithm, by its name in JOSE. */
  readonly alg?: string
}

/** What a JWK in a set may say about itself besides its key material. */
export interface JwkStatements extends JWK {
  readonly iat?: number
  readonly nbf?: number
  readonly exp?: number
  readonly kms_arn?: string
  /**
   * Taken back: `{ revoked_at, reason }`, as in historical keys of OpenID Federation 1.0 §8.7.2.
   *
   * Only null and false say that it was not.
   */
  readonly revoked?: unknown
  /** RFC 7517 §4.3. */
  readonly key_ops?: unknown
}

/** Whether a key says that it was taken back. */
export const isRevoked = ({ revoked }: JwkStatements): boolean => (revoked ?? false) !== false

/** Operations of RFC 7517 §4.3 by use; WebCrypto's names of KEMs begin with `enc` too. */
const operations = { sig: /^\[.*"verify"/, enc: /^\[(\]|.*"(enc|wrap|derive))/ }

/**
 * Whether the operations of a key allow a use.
 *
 * - a key that names none says nothing, and may be used for both
 * - an empty list allows sealing only: a public ECDH key has no operations
 */
export const allows = (
  { key_ops: names = ['verify', 'encrypt'] }: JwkStatements,
  use: 'enc' | 'sig',
): boolean => operations[use].test(JSON.stringify(names))

/** What a key is for by its operations alone: first of all to verify. An empty list says nothing. */
export const useByOperations = (jwk: JwkStatements): 'enc' | 'sig' | undefined =>
  (jwk.key_ops as readonly unknown[] | null | undefined)?.length
    ? (['sig', 'enc'] as const).find((use) => allows(jwk, use))
    : undefined

/**
 * How an Ed25519 point of order 1, 2, 4 or 8 begins, under which anybody can sign: y is 0 or ±1, or
 * d·y⁴ + 2·y² = 1 (RFC 8032 §5.1). Other points begin so once in 2⁵⁷.
 */
const smallOrder = /^(A[AQ]A{8}|7[Pfv]_{8}|JuiVj8KyJ7|xxdqcD1N2E)/

/** Whether the bytes of a member are a key: an RSA modulus is odd, without a zero bit in front. */
function isUsable(kty: unknown, bytes: Bytes, text: string): boolean {
  if (kty === 'RSA') return !!(((bytes[0] ?? 0) >> 7) & (bytes.at(-1) ?? 0))
  return kty !== 'OKP' || !smallOrder.test(text)
}

/** Private members: RFC 7518 §6.2.2, §6.3.2 and §6.4, RFC 9964 §3. */
const privateMember = /^(d|p|q|dp|dq|qi|oth|k|priv)$/

/**
 * The necessary members of a public JWK, rebuilt.
 *
 * So nothing else in it reaches a cryptographic library.
 *
 * @param code - what a wrong length carries: `malformed` where the key came in a message
 * @throws SealdropError:
 *   - `unsupported_algorithm`: KMS has no such type or curve
 *   - `keys_malformed` or `malformed`: a member has the wrong length, or no key has it
 */
export function publicMembers(
  jwk: object,
  code: 'keys_malformed' | 'malformed' = 'keys_malformed',
): PublicMembers {
  const found = jwk as Record<string, unknown>
  const { kty, crv, alg, e } = found
  let members: Record<string, unknown> = { kty, crv }
  if (kty === 'AKP') members = { kty, alg }
  // what is missing shows as undefined
  let kind = Object.values(members)
    .map((value) => (typeof value === 'string' ? value : kindOf(value)))
    .join(' ')
  if (kty === 'RSA') {
    members = { kty, e }
    kind = `RSA exponent ${typeof e === 'string' ? fromBase64url(e)?.join() : kindOf(e)}`
  }
  // a type with a blank in it could spell a row of the table
  const isNamed = Object.values(members).every((value) => typeof value === 'string')
  const expected =
    isNamed && !String(kty).includes(' ') && Object.hasOwn(keyMembers, kind) && keyMembers[kind]
  ensure(
    expected,
    'unsupported_algorithm',
    `${shown(kind)}: not a key of KMS and WebCrypto; x5c is not read`,
  )
  for (const [name, lengths] of Object.entries(expected)) {
    const value = found[name]
    members[name] = value
    const bytes = typeof value === 'string' ? fromBase64url(value) : undefined
    ensure(
      bytes && lengths.includes(bytes.length) && isUsable(kty, bytes, value as string),
      code,
      `JWK member ${name}: expected ${lengths.join(' or ')} bytes in base64url, of a usable key, found ${bytes?.length ?? kindOf(value)}`,
    )
  }
  return members as PublicMembers
}

/**
 * What a thumbprint is the SHA-256 of.
 *
 * Required members only, in lexical order, without white space (RFC 7638 §3, RFC 8037 §2, RFC 9964
 * §6).
 */
export function thumbprintInput(key: PublicMembers): string {
  return JSON.stringify(key, Object.keys(key).sort())
}

/**
 * Reads a JWK Set (RFC 7517 §5), and checks its structure.
 *
 * It has at most 32 keys, and nothing private. A `kid` may be there twice (RFC 7517 §4.5).
 *
 * @throws SealdropError `keys_malformed`
 */
export function parseKeySet(document: string): readonly JsonObject[] {
  return keysOf(parseJsonObject(document, { code: 'keys_malformed', field: 'key set' }))
}

/** The same for an object that has the member `keys`, as the payload of a signed set does. */
export function keysOf({ keys }: JsonObject, most: number = limits.keys): readonly JsonObject[] {
  ensure(
    Array.isArray(keys) && keys.length <= most,
    'keys_malformed',
    `keys: expected an array of at most ${most} keys, found ${(keys as Partial<readonly unknown[]>)?.length ?? kindOf(keys)}`,
  )
  return keys.map((jwk: unknown, index) => {
    ensure(
      isJsonObject(jwk),
      'keys_malformed',
      `keys[${index}]: expected an object, found ${kindOf(jwk)}`,
    )
    const leaked = Object.keys(jwk).find((name) => privateMember.test(name))
    ensure(
      leaked === undefined,
      'keys_malformed',
      `keys[${index}]: the private member ${leaked} was published: replace that key`,
    )
    return jwk
  })
}

/** Members that are text, then those that are times. */
const statedMembers = 'kid use alg kms_arn iat nbf exp'

/** Reads what a JWK says of itself; a member of the wrong type is an error rather than absent. */
export function statements(jwk: JwkStatements): JwkStatements {
  for (const [at, name] of (statedMembers.split(' ') as (keyof JwkStatements)[]).entries()) {
    const type = at < 4 ? 'string' : 'number'
    const value = jwk[name]
    const isTooFar = at > 3 && Math.abs(value as number) > 8.64e12
    ensure(
      value === undefined || (typeof value === type && !isTooFar),
      'keys_malformed',
      `JWK member ${name}: expected a ${type}`,
    )
  }
  return jwk
}
