import { limits } from '../algorithms/limits.js'
import { toBase64url } from '../bytes/base64url.js'
import { concat, u32, u64, type Bytes } from '../bytes/bytes.js'

type Hash = (bytes: Bytes) => Promise<Bytes>

/** Digests under way at once; more would only hold more memory. */
const underWay = 3

/** The chunk digest of so many bytes, from the list of the hashes of their chunks; base64url. */
export async function chunkDigest(size: number, list: Bytes, hash: Hash): Promise<string> {
  return toBase64url(
    await hash(concat('sealdrop-chunks-v1', u64(size), u32(limits.digestChunk), list)),
  )
}

/**
 * Takes bytes as they come, and ends in their chunk digest.
 *
 * - WebCrypto cannot hash a stream, so chunks are hashed
 * - the hash function is handed in; what it is given stays as it is until it answered
 *
 * @see file-signature.md, "Chunk digest"
 */
export class ChunkDigester {
  /** Bytes so far. */
  size = 0
  readonly #hash: Hash
  readonly #hashes: Promise<Bytes>[] = []
  /** What is being filled, in turn; each is made when first needed. */
  readonly #chunks: Bytes[] = []

  constructor(sha256: Hash) {
    this.#hash = sha256
  }

  /** Resolves when more may come; the bytes were copied before that. */
  async update(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const chunk = (this.#chunks[this.#turn] ??= new Uint8Array(limits.digestChunk))
      const filled = this.size % chunk.length
      const part = bytes.subarray(at, at + chunk.length - filled)
      chunk.set(part, filled)
      this.size += part.length
      at += part.length
      if (this.size % chunk.length === 0) await this.#flush(chunk)
    }
  }

  async digest(): Promise<string> {
    const last = this.#chunks[this.#turn]?.subarray(0, this.size % limits.digestChunk)
    if (last?.length) await this.#flush(last)
    const list = new Uint8Array(this.#hashes.length * 32)
    for (const [i, hash] of this.#hashes.entries()) list.set(await hash, i * 32)
    return chunkDigest(this.size, list, this.#hash)
  }

  /** As many chunks in turn as digests may be under way. */
  get #turn(): number {
    return this.#hashes.length % underWay
  }

  async #flush(chunk: Bytes): Promise<void> {
    const hash = this.#hash(chunk)
    hash.catch(() => {}) // the failure is told where it is awaited
    this.#hashes.push(hash)
    await this.#hashes.at(-underWay)
  }
}
