import { limits } from '../algorithms/limits.js'
import { toBase64url } from '../bytes/base64url.js'
import { concat, u32, u64, type Bytes } from '../bytes/bytes.js'

type Hash = (bytes: Bytes) => Promise<Bytes>

/** Digests under way at once; more would only hold more memory. */
const underWay = 3

/** The chunk digest of so many bytes, from the SHA-256 of each of its 1 MiB chunks in order; base64url. */
export async function chunkDigest(size: number, chunkHashes: readonly Bytes[], hash: Hash): Promise<string> {
  return toBase64url(await hash(concat('sealdrop-chunks-v1', u64(size), u32(limits.digestChunk), ...chunkHashes)))
}

/**
 * Takes bytes as they come and ends in their chunk digest. WebCrypto cannot hash a stream, so chunks are hashed, each by
 * a hash function that is handed in and copies what it is given.
 *
 * @see jose-profile.md, "Large files"
 */
export class ChunkDigester {
  readonly #hash: Hash
  readonly #hashes: Promise<Bytes>[] = []
  #chunk: Bytes | undefined
  #filled = 0
  #size = 0

  /** Bytes so far. */
  get size(): number {
    return this.#size
  }

  constructor(sha256: Hash) {
    this.#hash = sha256
  }

  /** Resolves when more may come; the bytes were copied before that. */
  async update(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const chunk = (this.#chunk ??= new Uint8Array(limits.digestChunk))
      const part = bytes.subarray(at, at + chunk.length - this.#filled)
      chunk.set(part, this.#filled)
      at += part.length
      this.#size += part.length
      this.#filled += part.length
      if (this.#filled === chunk.length) await this.#flush(chunk)
    }
  }

  async digest(): Promise<string> {
    if (this.#filled > 0) await this.#flush(this.#chunk!.subarray(0, this.#filled))
    return chunkDigest(this.#size, await Promise.all(this.#hashes), this.#hash)
  }

  async #flush(chunk: Bytes): Promise<void> {
    this.#filled = 0
    const hash = this.#hash(chunk)
    hash.catch(() => {}) // told where it is awaited
    this.#hashes.push(hash)
    await this.#hashes.at(-underWay)
  }
}
