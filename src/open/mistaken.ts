import { viewOf } from '../bytes/bytes.js'
import { ensure, hasMethods } from '../errors/guard.js'
import { kindOf } from '../errors/kind.js'

/** What became of a promise that a sender did not await: as a text, in a form or in JSON. */
const unawaited = (value: unknown): boolean =>
  kindOf(value) === 'Promise' ||
  (typeof value === 'string' && /^(\[object Promise\]|\{\})$/.test(value)) ||
  (kindOf(value) === 'Object' && Object.keys(value as object).length === 0)

const isFile = (value: unknown): boolean =>
  viewOf(value) !== undefined ||
  hasMethods(value, 'stream') ||
  hasMethods(value, 'getReader') ||
  hasMethods(value, Symbol.asyncIterator)

/** How a message of version 2 begins, as text and in base64. */
const isFileText = (value: unknown): boolean =>
  typeof value === 'string' && ['\x02\x04x', 'AgR4'].some((start) => value.startsWith(start))

/** What was handed over by mistake in place of a sealed value; undefined where it may be one. */
export function mistakenFor(value: unknown): string | undefined {
  if (unawaited(value))
    return 'a promise came, or what became of one: whoever seals must await seal before it sends'
  if (isFile(value) || isFileText(value))
    return `${kindOf(value)} came, as of a sealed file: openStream takes its bytes, open the text of a value`
  return undefined
}

/** Tells what `open` was handed by mistake; the parser calls the rest malformed. */
export function checkValueText(value: unknown): void {
  const mistake = mistakenFor(value)
  ensure(
    mistake === undefined,
    typeof value === 'string' ? 'malformed' : 'invalid_argument',
    `expected a compact JWE: ${mistake}`,
  )
}

/** Tells that a stream opener was handed a text: a path, or a sealed value. */
export function checkSource(source: unknown): void {
  ensure(
    !/^(string|URL)$/.test(kindOf(source)),
    'invalid_argument',
    `source: expected a sealed file, found ${kindOf(source)}: of a path pass fileSource(path) of sealdrop/fs, and open takes the text of a value`,
  )
}
