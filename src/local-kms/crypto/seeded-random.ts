import { Buffer } from 'node:buffer'
import { createCipheriv, hkdfSync } from 'node:crypto'

/** Gives so many bytes, as a source of randomness or a stream in its place does. */
export type Random = (length: number) => Uint8Array

/**
 * A stream of bytes that depends on nothing but its seed and its label.
 *
 * - It is AES-256-CTR under a key of HKDF-SHA256.
 * - The bytes are the same, however they are cut into pieces.
 * - Take one label for each thing that is made: two that share a stream depend on their order.
 */
export function seededRandom(seed: string, label: string): Random {
  const key = Buffer.from(hkdfSync('sha256', seed, 'sealdrop local KMS seed', label, 32))
  const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  return (length) => new Uint8Array(stream.update(Buffer.alloc(length)))
}
