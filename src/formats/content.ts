import { limits } from '../algorithms/limits.js'
import { bytesOf, concat, type Bytes } from '../bytes/bytes.js'
import { fromUtf8, isWellFormed, utf8 } from '../bytes/text.js'
import { ensure } from '../errors/guard.js'
import { kindOf } from '../errors/kind.js'
import { SealdropError } from '../errors/sealdrop-error.js'
import { showsNothing } from './json-form.js'
import { parseJson, type JsonObject } from './json.js'

/**
 * What can be sealed or signed: text, bytes, or anything that JSON carries without loss.
 *
 * - NaN, BigInt, Map, Blob and cycles are refused
 * - so is an instance of a class without `toJSON` and without a member that JSON shows
 */
export type Value = string | number | boolean | null | Uint8Array | ArrayBuffer | object

/** What was opened or verified. */
export interface Content {
  /** The bytes as they were sealed; JSON may end in padding spaces. */
  readonly bytes: Bytes
  /**
   * Reads it as text.
   *
   * @throws SealdropError while reading:
   *   - `invalid_argument`: something else was sealed
   *   - `malformed`: it is not UTF-8
   */
  text(): string
  /**
   * Reads it as JSON.
   *
   * @throws SealdropError while reading:
   *   - `invalid_argument`: something else was sealed
   *   - `malformed`: it is not JSON, has a lone surrogate, or is nested deeper than 1,000 levels
   */
  json<T = unknown>(): T
}

export interface EncodedValue {
  readonly bytes: Bytes
  readonly cty?: string
}

const plainText = 'text/plain'
const textType = `${plainText};charset=utf-8`
/** What signers write for bytes; sealed bytes have no `cty`. */
export const bytesType = 'octet-stream'

/**
 * Bytes of a value, with the `cty` that says what they are.
 *
 * - JSON ends in spaces up to a multiple of `pad` bytes, a power of two: sealed values take 64, so
 *   that their lengths tell less
 * - byte strings are copied, so that what was checked is what is sealed
 *
 * @throws SealdropError `invalid_argument`, `too_large` over 1 MiB
 */
export function encodeValue(value: Value, pad: number): EncodedValue {
  const encoded = encode(value, pad)
  ensure(
    encoded.bytes.length <= limits.value,
    'too_large',
    `value: expected at most ${limits.value} bytes, found ${encoded.bytes.length}: use sealStream`,
  )
  return encoded
}

function encode(value: Value, pad: number): EncodedValue {
  if (typeof value === 'string') {
    ensure(isWellFormed(value), 'invalid_argument', 'value: a lone surrogate')
    return { bytes: utf8(value), cty: textType }
  }
  const bytes = bytesOf(value)
  if (bytes) return { bytes }
  const json = utf8(jsonText(value, 'value'))
  return { bytes: concat(json, ' '.repeat(-json.length & (pad - 1))), cty: 'json' }
}

/**
 * JSON of a value. It refuses what JSON.stringify would lose without a word.
 *
 * - NaN becomes null, a Map becomes {}, and a function vanishes
 * - each `toJSON` is asked once, so that what is written is what was checked
 */
export function jsonText(value: unknown, path: string): string {
  /** What the member stands in, from the outside, and the names on the way to it. */
  const above: unknown[] = []
  const names: string[] = []
  return JSON.stringify(value, function (this: JsonObject, name: string, form: unknown) {
    above.length = above.lastIndexOf(this) + 1
    names[above.length] = name
    const lost = lostOf(this, name, form, above)
    if (lost) {
      const at = names.slice(0, above.length + 1).join('.')
      throw new SealdropError('invalid_argument', `${path}${at}: JSON cannot carry ${lost}`)
    }
    above.push(form)
    return form
  })
}

/** What JSON would lose of a member: `form` is what its `toJSON` answers, or else the member. */
function lostOf(
  holder: JsonObject,
  name: string,
  form: unknown,
  above: readonly unknown[],
): string | false {
  if (name === '__proto__' || !isWellFormed(name))
    return 'a member named __proto__ or with a lone surrogate'
  if (typeof form === 'string') return !isWellFormed(form) && 'a lone surrogate'
  if (typeof form === 'number') return !Number.isFinite(form) && String(form)
  const value = holder[name]
  // JSON leaves a member of an object that is undefined out, as everybody expects
  const leftOut = value === undefined && above.length > 0 && !Array.isArray(holder)
  if (typeof form === 'boolean' || value === null || leftOut) return false
  if (above.includes(form) || above.length >= limits.contentDepth) return 'a cycle, or 1,000 levels'
  // a Buffer has a toJSON, which makes a list of numbers
  return lostOfObject(ArrayBuffer.isView(value) ? value : form)
}

function lostOfObject(form: unknown): string | false {
  // null is what an invalid Date answers
  const kind = kindOf(form ?? undefined)
  if (kind === 'Object') {
    // JSON would make an object of numbers of them
    if ('BYTES_PER_ELEMENT' in (form as object)) return 'bytes behind a proxy'
    return showsNothing(form as object) && 'a class without members'
  }
  return (
    kind !== 'Array' && `${kind}: await a Promise, sealStream a File, Object.fromEntries(FormData)`
  )
}

/**
 * A media type without what says nothing here: `json`, `text/plain`, or another one.
 *
 * - a JOSE library may write `application/json` for `json` (RFC 7515 §4.1.10)
 * - of its parameters only a charset other than UTF-8 and its part ASCII stays
 */
const typeOf = (cty: string | undefined): string | undefined =>
  cty
    ?.toLowerCase()
    .replace(/^application\/|[\s"]/g, '')
    .replace(/^([^;]*);(?!.*charset=(?!(utf-?8|us-ascii)\b)).*/, '$1')

/**
 * The value that was sealed: text, JSON, or bytes where `cty` says neither.
 *
 * @throws SealdropError `malformed`
 */
export function decodeValue(bytes: Bytes, cty: string | undefined): Value {
  const type = typeOf(cty)
  if (type !== 'json' && type !== plainText) return bytes
  const text = fromUtf8(bytes)
  ensure(text !== undefined, 'malformed', 'the content is not UTF-8')
  return type === 'json'
    ? (parseJson(text, {
        code: 'malformed',
        field: 'content',
        depth: limits.contentDepth,
      }) as Value)
    : text
}

/**
 * Content with the readers that its `cty` allows.
 *
 * Where `untyped` is true, as for signatures that others made, an absent `cty` allows both, and so
 * does the one that signers write for bytes.
 */
export function contentOf(bytes: Bytes, cty: string | undefined, untyped = false): Content {
  const found = typeOf(cty)
  const read = (wanted: string): Value => {
    let reader = '.bytes'
    if (found === 'json') reader = '.json()'
    if (found === plainText) reader = '.text()'
    ensure(
      found === wanted || (untyped && (found ?? bytesType) === bytesType),
      'invalid_argument',
      `the content is not ${wanted}: read it with ${reader}`,
    )
    return decodeValue(bytes, wanted)
  }
  return { bytes, text: () => read(plainText) as string, json: <T>() => read('json') as T }
}
