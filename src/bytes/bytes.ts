export type Bytes = Uint8Array<ArrayBuffer>

/** Joins byte strings into one that nobody else holds. */
export function concat(...parts: readonly Uint8Array[]): Bytes {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

/** Compares in time that depends on the lengths only. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!
  return difference === 0
}

/** Four bytes, big-endian. */
export function u32(value: number): Bytes {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

/** Eight bytes, big-endian, for lengths up to 2^53 - 1. */
export function u64(value: number): Bytes {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value))
  return bytes
}

/** The same bytes where WebCrypto takes them, a copy where they lie in shared memory. */
export function unshared(source: Uint8Array): Bytes {
  return source.buffer instanceof ArrayBuffer ? source as Bytes : new Uint8Array(source)
}
