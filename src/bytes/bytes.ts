import { kindOf } from '../errors/kind.js'
import { utf8 } from './text.js'

/** Bytes in memory that nobody shares, as WebCrypto takes them. */
export type Bytes = Uint8Array<ArrayBuffer>

/**
 * Joins bytes into a byte string that nobody else holds.
 *
 * They may be given as numbers, or as text, which becomes UTF-8.
 */
export function concat(...parts: readonly (ArrayLike<number> | string)[]): Bytes {
  const encoded = parts.map((part) => (typeof part === 'string' ? utf8(part) : part))
  let at = 0
  for (const { length } of encoded) at += length
  const joined = new Uint8Array(at)
  for (const part of encoded.reverse()) {
    at -= part.length
    joined.set(part, at)
  }
  return joined
}

/** Compares in time that depends on the lengths only. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++)
    // oxlint-disable-next-line typescript/no-non-null-assertion -- both have a byte at i
    difference |= a[i]! ^ b[i]!
  return difference === 0
}

/** Order of two byte strings, unsigned byte by byte: negative when `a` comes first. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  return (a[at] ?? -1) - (b[at] ?? -1)
}

/** A number up to 2^53 - 1 in so many bytes, big-endian; each takes the quotient modulo 256. */
export const uint = (size: number, value: number): Bytes =>
  Uint8Array.from({ length: size }, (_, i) => value / 256 ** (size - 1 - i))

export const u16 = (value: number): Bytes => uint(2, value)
export const u32 = (value: number): Bytes => uint(4, value)
export const u64 = (value: number): Bytes => uint(8, value)

/** Byte strings, each behind its length in so many bytes. */
export const sized = (lengthSize: number, ...parts: readonly Bytes[]): Bytes =>
  concat(...parts.flatMap((part) => [uint(lengthSize, part.length), part]))

/** The same bytes where WebCrypto takes them, a copy where they lie in shared memory. */
export function unshared(source: Uint8Array): Bytes {
  return kindOf(source.buffer) === 'ArrayBuffer' ? (source as Bytes) : new Uint8Array(source)
}

/**
 * Bytes where they lie, of any realm: a Uint8Array, a Buffer, or an ArrayBuffer.
 *
 * - jsdom, vm contexts and iframes have a Uint8Array of their own, which `instanceof` does not know
 * - the getter of %TypedArray% knows those of every realm, whatever an object says of itself
 * - a buffer that was transferred away has no bytes any more: it is undefined, as other things are
 */
export function viewOf(value: unknown): Uint8Array | undefined {
  const isBuffer = kindOf(value) === 'ArrayBuffer'
  try {
    const view = (isBuffer ? new Uint8Array(value as ArrayBuffer) : value) as Uint8Array
    // this throws where the buffer was transferred, and what only calls itself one gets another
    const { buffer } = new Uint8Array(view.buffer)
    const name: unknown = Reflect.get(Uint8Array.prototype, Symbol.toStringTag, view)
    return name === 'Uint8Array' && (!isBuffer || buffer === value) ? view : undefined
  } catch {
    return undefined
  }
}

/** A copy of bytes of any realm, so that nobody changes what was checked. */
export function bytesOf(value: unknown): Bytes | undefined {
  const view = viewOf(value)
  return view && new Uint8Array(view)
}
