import { limits } from '../algorithms/limits.js'
import { concat, u32, u64, type Bytes } from '../bytes/bytes.js'
import { utf8 } from '../bytes/text.js'

/** Views of the 1 MiB chunks of a byte string, in order; none for no bytes. */
export function chunksOf(bytes: Bytes): readonly Bytes[] {
  return Array.from({ length: Math.ceil(bytes.length / limits.digestChunk) }, (_, i) => bytes.subarray(i * limits.digestChunk, (i + 1) * limits.digestChunk))
}

/** What the chunk digest is the SHA-256 of (jose-profile.md, "Large files"): WebCrypto cannot hash a stream, so chunks are hashed. */
export function chunkDigestInput(size: number, chunkHashes: readonly Uint8Array[]): Bytes {
  return concat(utf8('sealdrop-chunks-v1'), u64(size), u32(limits.digestChunk), ...chunkHashes)
}
