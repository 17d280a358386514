import type { Bytes } from '../bytes/bytes.js'
import { ensure } from '../errors/guard.js'
import { parseCompact, part } from './compact.js'
import type { JsonObject } from './json.js'

export interface Jws {
  readonly header: JsonObject & {
    readonly alg: string
    readonly kid?: string
    readonly typ?: string
    readonly cty?: string
    readonly iat?: number
  }
  /** Header and payload as they came: what was signed (RFC 7515 §5.2, step 8). */
  readonly signingInput: string
  readonly payload: Bytes
  readonly signature: Bytes
}

/** Types that mean something to Sealdrop; only the verbs made for them write these. */
export const reservedTypes = {
  keySet: 'jwk-set+jwt',
  history: 'jwk-set-history+jwt',
  receipt: 'sealdrop-receipt+jwt',
  file: 'sealdrop-file+jwt',
  drop: 'sealdrop-drop+jwt',
} as const

/**
 * Parses a compact JWS (RFC 7515 §5.2, steps 1 to 7) without any cryptography.
 *
 * @throws SealdropError `invalid_argument`, `malformed`, `too_large`
 */
export function parseJws(text: string): Jws {
  const {
    header,
    segments: [protectedText, payload, signature],
  } = parseCompact(text, 'JWS')
  ensure(header['alg'] !== undefined, 'malformed', 'JWS header: alg is missing')
  return {
    header: header as Jws['header'],
    signingInput: `${protectedText}.${payload}`,
    payload: part(payload, 'JWS payload'),
    signature: part(signature, 'JWS signature'),
  }
}

/**
 * Compares a media type as `typ` carries it (RFC 7515 §4.1.9).
 *
 * `application/` may be left out, and case does not count.
 */
export function sameType(found: string | undefined, expected: string): boolean {
  const plain = (type: string): string => type.toLowerCase().replace(/^application\/(?=[^/]+$)/, '')
  return found !== undefined && plain(found) === plain(expected)
}
