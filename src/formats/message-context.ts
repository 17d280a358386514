import { limits } from '../algorithms/limits.js'
import { compare, concat, sized, u16, type Bytes } from '../bytes/bytes.js'
import { Cursor } from '../bytes/cursor.js'
import { fromUtf8, utf8 } from '../bytes/text.js'
import { ensure } from '../errors/guard.js'
import type { Context } from './context.js'

/**
 * The encryption context as message headers, digests and FixedInfo use it.
 *
 * - pairs are in the order of their keys' UTF-8 bytes
 * - an empty context is no bytes at all
 * - what is too long for its length fields is refused with the header
 *
 * @see message-format.md, "Header"
 */
export function serializeContext(context: Context): Bytes {
  const entries = Object.entries(context)
  // four bytes of each pair are lengths
  ensure(
    entries.length <= limits.header / 4,
    'too_large',
    `context: expected at most ${limits.header} bytes`,
  )
  const pairs = entries
    .map((pair) => pair.map(utf8) as [name: Bytes, value: Bytes])
    .sort(([a], [b]) => compare(a, b))
  return pairs.length === 0
    ? new Uint8Array()
    : concat(u16(pairs.length), sized(2, ...pairs.flat()))
}

/**
 * Reads a serialized context in its one canonical form.
 *
 * The empty one may also be a count of 0, as some writers make it.
 *
 * @throws SealdropError `malformed`
 */
export function parseContext(bytes: Uint8Array): Context {
  const context: Record<string, string> = Object.create(null)
  if (bytes.length === 0) return context
  const cursor = new Cursor(bytes, 'malformed')
  let previous: Uint8Array = new Uint8Array()
  for (let left = cursor.u16('context pair count'); left > 0; left--) {
    const name = cursor.take(cursor.u16('context key length'), 'context key')
    const value = cursor.take(cursor.u16('context value length'), 'context value')
    const key = fromUtf8(name) ?? cursor.fail('context key', 'not UTF-8')
    if (Object.keys(context).length > 0 && compare(previous, name) >= 0)
      cursor.fail('context key', 'not in canonical order, or there twice')
    if (key.startsWith('aws-crypto-') || key === '__proto__')
      cursor.fail('context key', 'a reserved name')
    context[key] = fromUtf8(value) ?? cursor.fail('context value', 'not UTF-8')
    previous = name
  }
  cursor.end('context')
  return context
}
