import { fromBase64url } from '../bytes/base64url.js'
import { concat, type Bytes } from '../bytes/bytes.js'
import { fromUtf8, utf8 } from '../bytes/text.js'
import { ensure } from '../errors/guard.js'
import { isText, parseJsonObject } from './json.js'
import { tagLength } from './message-header.js'

/** What a file is called by whoever sealed it. It is the sender's claim. */
export interface FileName {
  readonly name: string
  /** Its media type, as the sender's browser says it. */
  readonly type?: string
  /** Its place in a folder that was sent whole, with its name: `photos/2026/a.jpg`. */
  readonly path?: string
}

const block = 64
/** Bytes of JSON and spaces. */
const mostBytes = 1_024
const ivLength = 12

/** No header and no frame has such an IV: theirs begin with eight zero bytes. */
export const nameIv = (random: Bytes): Bytes => concat('name', random)

/** What the tag authenticates besides the name. */
export const nameData = (messageId: Bytes): Bytes => concat('sealdrop name 1', messageId)

/** Text as UTF-8 can write it: a lone surrogate becomes U+FFFD. */
const wellFormed = (text: string | undefined): string | undefined =>
  text?.replace(/[\ud800-\udfff]/gu, '\ufffd')

const written = (name: string, type?: string, path?: string): Bytes =>
  utf8(
    JSON.stringify({
      name: wellFormed(name),
      type: type || undefined,
      path: wellFormed(path || undefined),
    }),
  )

/**
 * The plaintext of a sealed name: JSON, and spaces up to a multiple of 64 bytes.
 *
 * Where it would be longer than 1,024 bytes, the path goes. Then the name is cut before its
 * extension, never within a code point.
 *
 * @see message-format.md, "Sealed name"
 */
export function nameBytes({ name, type = '', path }: FileName): Bytes {
  const kind = /^[ -~]{1,255}$/.test(type) ? type : ''
  let bytes = written(name, kind, path)
  if (bytes.length > mostBytes) bytes = written(name, kind)
  const [, stem = name, extension = ''] = /^(.+)(\.[^.]{1,16})$/su.exec(name) ?? []
  const kept = Array.from(stem.slice(0, mostBytes)) // a half of a pair at the end goes first
  while (bytes.length > mostBytes) {
    kept.pop()
    bytes = written(kept.join('') + extension, kind)
  }
  const padded = new Uint8Array(Math.ceil(bytes.length / block) * block).fill(0x20)
  padded.set(bytes)
  return padded
}

const rules = { code: 'malformed', field: 'sealed name' } as const

/** The IV and the ciphertext of a sealed name. @throws SealdropError `malformed` */
export function parseSealedName(text: string): readonly [iv: Bytes, sealed: Bytes] {
  const bytes = text.length <= 2 * mostBytes ? fromBase64url(text) : undefined
  const length = (bytes?.length ?? 0) - ivLength - tagLength
  ensure(
    bytes && length > 0 && length <= mostBytes && length % block === 0 && isNameIv(bytes),
    'malformed',
    'sealed name: expected base64url of an IV and a ciphertext of at most 1,024 bytes',
  )
  return [bytes.slice(0, ivLength), bytes.slice(ivLength)]
}

/** Whether bytes begin with `name`. */
const isNameIv = (bytes: Bytes): boolean => fromUtf8(bytes.subarray(0, 4)) === 'name'

/** Reads the plaintext of a sealed name; members that it does not know are passed over. */
export function parseName(bytes: Bytes): FileName {
  const { name, type, path } = parseJsonObject(fromUtf8(bytes) ?? '', rules)
  const rest = Object.entries({ type, path }).filter(([, value]) => value !== undefined)
  ensure(
    isText(name) && name !== '' && rest.every(([, value]) => isText(value) && value !== ''),
    rules.code,
    `${rules.field}: expected JSON of name, type and path`,
  )
  return { name, ...Object.fromEntries(rest) }
}
