import { limits } from '../algorithms/limits.js'
import { fromBase64url } from '../bytes/base64url.js'
import type { Bytes } from '../bytes/bytes.js'
import { fromUtf8 } from '../bytes/text.js'
import { ensure } from '../errors/guard.js'
import { kindOf } from '../errors/kind.js'
import { parseJsonObject, type JsonObject } from './json.js'

/** Base64url characters of so many bytes. */
export const encoded = (bytes: number): number => Math.ceil((bytes * 4) / 3)

/**
 * Members that are refused: a message would bring its own key by them, or an extension.
 *
 * Extensions must be understood by a reader, and none exist here.
 */
const refused = ['jku', 'x5u', 'jwk', 'x5c', 'crit', 'b64', 'zip']

/** The parts of each serialization as they come. */
interface Segments {
  readonly JWE: readonly [header: string, key: string, iv: string, ciphertext: string, tag: string]
  readonly JWS: readonly [header: string, payload: string, signature: string]
}

/**
 * Splits a compact serialization (RFC 7515 §7.1, RFC 7516 §7.1) and reads its protected header.
 *
 * Limits are checked before anything is decoded.
 *
 * @throws SealdropError `invalid_argument`, `malformed`, `too_large`
 */
export function parseCompact<Kind extends keyof Segments>(
  text: string,
  kind: Kind,
): { readonly header: JsonObject; readonly segments: Segments[Kind] } {
  ensure(
    typeof text === 'string',
    'invalid_argument',
    `expected a compact ${kind}, found ${kindOf(text)}`,
  )
  ensure(
    text.length <= encoded(limits.value + limits.header) + 4_096,
    'too_large',
    `a ${kind} of ${text.length} characters: a value is at most ${limits.value} bytes`,
  )
  const segments = text.split('.') as readonly string[] as Segments[Kind]
  const count = kind === 'JWE' ? 5 : 3
  ensure(
    segments.length === count,
    'malformed',
    `expected a compact ${kind} of ${count} parts, found ${segments.length}`,
  )
  ensure(
    segments[0].length <= encoded(limits.header),
    'too_large',
    `${kind} header: at most ${limits.header} bytes`,
  )
  const json = fromUtf8(part(segments[0], `${kind} header`))
  ensure(json !== undefined, 'malformed', `${kind} header: expected UTF-8`)
  const header = parseJsonObject(json, { code: 'malformed', field: `${kind} header` })
  const member = refused.find((name) => name in header)
  ensure(member === undefined, 'malformed', `${kind} header: the member ${member} is refused`)
  for (const name of ['alg', 'enc', 'kid', 'typ', 'cty', 'jti', 'apu', 'apv']) {
    ensure(
      header[name] === undefined || typeof header[name] === 'string',
      'malformed',
      `${kind} header: ${name} is not a string`,
    )
  }
  ensure(
    header['iat'] === undefined || isIssued(header['iat']),
    'malformed',
    `${kind} header: iat: expected seconds, not milliseconds`,
  )
  return { header, segments }
}

/** A NumericDate (RFC 7519 §2) that a Date can hold. */
export const isTime = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= 8.64e12

/** When something was issued. From the year 5138 on it can only be milliseconds. */
export const isIssued = (value: unknown): value is number => isTime(value) && value < 1e11

/** Decodes one part of a compact serialization, canonical base64url only. */
export function part(segment: string, field: string): Bytes {
  const bytes = fromBase64url(segment)
  ensure(bytes, 'malformed', `${field}: expected base64url without padding, in canonical form`)
  return bytes
}
