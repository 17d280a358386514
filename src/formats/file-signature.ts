import { limits } from '../algorithms/limits.js'
import { toBase64url } from '../bytes/base64url.js'
import type { Bytes } from '../bytes/bytes.js'
import { fromUtf8, isWellFormed } from '../bytes/text.js'
import { ensure } from '../errors/guard.js'
import { kindOf } from '../errors/kind.js'
import { encoded, isIssued, part } from './compact.js'
import { isContext, type Context } from './context.js'
import { checkMembers, isText, parseJsonObject, type JsonRules } from './json.js'

/**
 * The payload of a file signature (file-signature.md, "Payload"); its JWS has the type
 * `sealdrop-file+jwt`.
 */
export interface FileClaims {
  readonly v: 1
  /** In bytes, as `chunkSize`. */
  readonly size: number
  readonly chunkSize: number
  /** Of the chunks and of their list. */
  readonly hash: string
  /** The chunk digest, base64url. */
  readonly digest: string
  readonly name?: string
  readonly mediaType?: string
  readonly ctx: Context
  readonly iat: number
  readonly iss: string
}

const isLabel = (value: unknown, most: number): boolean =>
  value === undefined || (isText(value) && isWellFormed(value) && value.length <= most)

/** What each member must be. Name and media type are short, since Ed25519 signs 4,096 bytes. */
export const fileMembers: Readonly<
  Record<Exclude<keyof FileClaims, 'v'>, (value: unknown) => boolean>
> = {
  size: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  chunkSize: Number.isSafeInteger,
  hash: isText,
  digest: isText,
  name: (value) => isLabel(value, 255),
  mediaType: (value) => isLabel(value, 127),
  ctx: isContext,
  iat: isIssued,
  iss: isText,
}

/**
 * Splits a file signature into its lines: a compact JWS, and the chunk hashes in base64url.
 *
 * Nothing else is taken but a line end after the last.
 *
 * @throws SealdropError `invalid_argument`, `malformed`
 */
export function fileLines(text: string): readonly [jws: string, list: string] {
  ensure(isText(text), 'invalid_argument', `file signature: expected text, found ${kindOf(text)}`)
  const [jws, list, end, more] = text.split(/\r?\n/, 4) as [string, string?, string?, string?]
  ensure(
    list !== undefined && !end && more === undefined,
    'malformed',
    'file signature: expected two lines, a JWS and the list of chunk hashes',
  )
  return [jws, list]
}

/** The lines joined: what a verifier is given. */
export const joinLines = (jws: string, list: Bytes): string => `${jws}\n${toBase64url(list)}`

/**
 * Reads the payload after its signature was checked.
 *
 * @throws SealdropError `malformed`, `unsupported_algorithm` for another version, chunk size or
 *   hash
 */
export function parseFileClaims(payload: Uint8Array): FileClaims {
  const rules: JsonRules = { code: 'malformed', field: 'file signature' }
  const claims = parseJsonObject(fromUtf8(payload) ?? '', rules)
  const { v, chunkSize, hash } = claims
  ensure(typeof v === 'number', 'malformed', 'file signature: v is no number')
  // of another version no other member is known
  ensure(v === 1, 'unsupported_algorithm', `file signature: expected version 1, found ${v}`)
  checkMembers(claims, fileMembers, rules)
  ensure(
    chunkSize === limits.digestChunk && hash === 'SHA-256',
    'unsupported_algorithm',
    `file signature: expected SHA-256 of chunks of ${limits.digestChunk} bytes`,
  )
  return claims as unknown as FileClaims
}

/**
 * Decodes the list of chunk hashes, 32 bytes each.
 *
 * It must be as long as a file of this size needs.
 *
 * @throws SealdropError `malformed`
 */
export function parseHashes(list: string, size: number): Bytes {
  const count = Math.ceil(size / limits.digestChunk)
  ensure(
    list.length === encoded(count * 32),
    'malformed',
    `file signature: expected ${count} chunk hashes for ${size} bytes`,
  )
  return part(list, 'chunk hashes')
}
