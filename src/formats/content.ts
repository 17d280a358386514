import { limits } from '../algorithms/limits.js'
import { bytesOf, type Bytes } from '../bytes/bytes.js'
import { fromUtf8, isWellFormed, utf8 } from '../bytes/text.js'
import { ensure, kindOf } from '../errors/guard.js'
import { SealdropError } from '../errors/sealdrop-error.js'
import { parseJson } from './json.js'

/**
 * What can be sealed or signed: text, bytes, or anything that JSON carries without loss.
 *
 * - NaN, BigInt, Map, Blob and cycles are refused
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

const textType = 'text/plain;charset=utf-8'
/** What signers write for bytes; sealed bytes have no `cty`. */
export const bytesType = 'octet-stream'

/**
 * Bytes of a value, with the `cty` that says what they are.
 *
 * - JSON ends in spaces up to a multiple of `pad` bytes: sealed values take 64, so that their
 *   lengths tell less
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
    checkJson(value, 'value')
    return { bytes: utf8(value), cty: textType }
  }
  const bytes = bytesOf(value)
  if (bytes) return { bytes }
  checkJson(value, 'value')
  const json = utf8(JSON.stringify(value))
  const padded = new Uint8Array(Math.ceil(json.length / pad) * pad).fill(0x20)
  padded.set(json)
  return { bytes: padded, cty: 'json' }
}

/**
 * Refuses what JSON.stringify would lose without a word.
 *
 * NaN becomes null, a Map becomes {}, and a function vanishes.
 */
export function checkJson(value: unknown, path: string, above: readonly object[] = []): void {
  if (typeof value === 'object' && value !== null) return checkObject(value, path, above)
  let what: string = typeof value
  let carried = value === null || what === 'boolean'
  if (typeof value === 'string') {
    what = 'a lone surrogate'
    carried = isWellFormed(value)
  }
  if (typeof value === 'number') {
    what = String(value)
    carried = Number.isFinite(value)
  }
  if (!carried) refuse(path, what)
}

function checkObject(
  value: object & { toJSON?(): unknown },
  path: string,
  above: readonly object[],
): void {
  if (above.includes(value) || above.length >= limits.contentDepth)
    refuse(path, 'a cycle, or 1,000 levels')
  const inside = [...above, value]
  if (!ArrayBuffer.isView(value) && typeof value.toJSON === 'function')
    // null is what an invalid Date answers
    return checkJson(value.toJSON() ?? undefined, path, inside)
  const list = Array.isArray(value)
  if (!list && kindOf(value) !== 'Object') refuse(path, kindOf(value))
  for (const [name, member] of Object.entries(list ? [...(value as unknown[])] : value)) {
    if (name === '__proto__' || !isWellFormed(name))
      refuse(path, 'a member named __proto__ or with a lone surrogate')
    // JSON leaves such a member of an object out, as everybody expects
    if (list || member !== undefined) checkJson(member, `${path}.${name}`, inside)
  }
}

function refuse(path: string, what: string): never {
  throw new SealdropError('invalid_argument', `${path}: JSON cannot carry ${what}`)
}

/**
 * A media type as we write it.
 *
 * A JOSE library may write `application/json` for `json` (RFC 7515 §4.1.10), and white space in it.
 */
const typeOf = (cty: string | undefined): string | undefined =>
  cty?.toLowerCase().replace(/^application\/|\s/g, '')

/**
 * The value that was sealed: text, JSON, or bytes where `cty` says neither.
 *
 * @throws SealdropError `malformed`
 */
export function decodeValue(bytes: Bytes, cty: string | undefined): Value {
  const type = typeOf(cty)
  if (type !== 'json' && type !== textType) return bytes
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
    if (found === textType) reader = '.text()'
    ensure(
      found === wanted || (untyped && (found ?? bytesType) === bytesType),
      'invalid_argument',
      `the content is not of the type ${wanted}: read it with ${reader}`,
    )
    return decodeValue(bytes, wanted)
  }
  return { bytes, text: () => read(textType) as string, json: <T>() => read('json') as T }
}
