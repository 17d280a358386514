import type { Bytes } from '../bytes/bytes.js'
import { Cursor } from '../bytes/cursor.js'

const tags = { integer: 0x02, bitString: 0x03, null: 0x05, oid: 0x06, sequence: 0x30 } as const

/**
 * Reads one DER element (X.690 §8.1, §10.1), with definite and minimal lengths only.
 *
 * A failure carries the cursor's code.
 */
export function element(cursor: Cursor, tag: keyof typeof tags, field: string): Uint8Array {
  const found = cursor.u8(field)
  if (found !== tags[tag]) cursor.fail(field, `expected tag ${tags[tag]} (${tag}), found ${found}`)
  let length = cursor.u8(field)
  if (length >= 0x80) {
    const octets = length & 0x7f
    if (octets === 0 || octets > 2) cursor.fail(field, 'an indefinite length, or one over 65,535')
    length = cursor.take(octets, field).reduce((sum, octet) => sum * 256 + octet, 0)
    if (length < (octets === 1 ? 0x80 : 0x100)) cursor.fail(field, 'a length that is not minimal')
  }
  return cursor.take(length, field)
}

/**
 * An unsigned INTEGER without its sign octet (X.690 §8.3): negative and padded ones are refused.
 */
export function unsignedInteger(cursor: Cursor, field: string): Uint8Array {
  const content = element(cursor, 'integer', field)
  const [first, second] = content
  if (first === undefined || first >= 0x80) cursor.fail(field, 'a negative or empty integer')
  if (first === 0 && second !== undefined && second < 0x80)
    cursor.fail(field, 'an integer that is not minimal')
  return first === 0 && content.length > 1 ? content.subarray(1) : content
}

/**
 * An ECDSA signature from DER (RFC 3279 §2.2.3), as KMS answers it, to r ‖ s, as JOSE wants it (RFC
 * 7518 §3.4).
 *
 * @throws SealdropError `malformed`
 */
export function ecdsaFromDer(der: Uint8Array, coordinate: number): Bytes {
  const outer = new Cursor(der, 'malformed')
  const inner = new Cursor(element(outer, 'sequence', 'ECDSA signature'), 'malformed')
  outer.end('ECDSA signature')
  const raw = new Uint8Array(2 * coordinate)
  for (const [index, field] of ['r', 's'].entries()) {
    const integer = unsignedInteger(inner, field)
    if (integer.length > coordinate) inner.fail(field, `longer than ${coordinate} bytes`)
    raw.set(integer, (index + 1) * coordinate - integer.length)
  }
  inner.end('ECDSA signature')
  return raw
}
