import { createCipheriv, hkdfSync } from 'node:crypto'

/** So many bytes; a source of randomness, or a stream that stands in for one. */
export type Random = (length: number) => Uint8Array

/**
 * A stream of bytes that depends on nothing but its seed and label: AES-256-CTR under a key of
 * HKDF-SHA256. However it is cut into pieces, the bytes are the same. One label for each thing that
 * is made: two that share a stream depend on their order.
 */
export function seededRandom(seed: string, label: string): Random {
  const key = Buffer.from(hkdfSync('sha256', seed, 'sealdrop local KMS seed', label, 32))
  const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  return (length) => new Uint8Array(stream.update(Buffer.alloc(length)))
}
