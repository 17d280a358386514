import { fromBase64url, type Base64url } from '../bytes/base64url.js'
import type { Bytes } from '../bytes/bytes.js'
import { limits } from '../algorithms/limits.js'
import { ensure } from '../errors/guard.js'
import { parseCompact, part } from './compact.js'
import { isContext, type Context } from './context.js'
import { isJsonObject, type JsonObject } from './json.js'

/**
 * The protected header of a sealed value (value.md, "Header").
 *
 * All but `alg`, `enc` and `kid` may be absent in what others wrote.
 */
export interface JweHeader {
  readonly alg: string
  readonly enc: string
  readonly kid: string
  readonly cty?: string
  readonly iat?: number
  readonly jti?: string
  readonly ctx?: Context
  readonly epk?: JsonObject
  readonly apu?: Base64url
  readonly apv?: Base64url
}

export interface Jwe {
  readonly header: JweHeader
  /** The first part as it came: its ASCII is the associated data (RFC 7516 §5.1, step 14). */
  readonly protectedText: string
  readonly encryptedKey: Bytes
  readonly iv: Bytes
  readonly ciphertext: Bytes
  readonly tag: Bytes
}

/**
 * Parses a compact JWE (RFC 7516 §5.2, steps 1 to 8) without any cryptography.
 *
 * How long its parts must be depends on `alg` and `enc`, which are still to be judged.
 *
 * @throws SealdropError `invalid_argument`, `malformed`, `too_large`
 */
export function parseJwe(text: string): Jwe {
  const { header, segments } = parseCompact(text, 'JWE')
  const [protectedText, key, iv, ciphertext, tag] = segments
  for (const name of ['alg', 'enc', 'kid'])
    ensure(header[name] !== undefined, 'malformed', `JWE header: ${name} is missing`)
  ensure(
    header['ctx'] === undefined || isContext(header['ctx']),
    'malformed',
    'JWE header: ctx is not an object of strings',
  )
  ensure(
    header['epk'] === undefined || isJsonObject(header['epk']),
    'malformed',
    'JWE header: epk is not an object',
  )
  for (const name of ['apu', 'apv']) {
    const info = fromBase64url((header[name] as string | undefined) ?? '')
    ensure(
      info && info.length <= limits.partyInfo,
      'malformed',
      `JWE header: ${name} is not base64url of at most ${limits.partyInfo} bytes`,
    )
  }
  return {
    header: header as unknown as JweHeader,
    protectedText,
    encryptedKey: part(key, 'JWE encrypted key'),
    iv: part(iv, 'JWE initialization vector'),
    ciphertext: part(ciphertext, 'JWE ciphertext'),
    tag: part(tag, 'JWE authentication tag'),
  }
}
