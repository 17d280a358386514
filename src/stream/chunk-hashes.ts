import { limits } from '../algorithms/limits.js'
import type { Bytes } from '../bytes/bytes.js'
import { sha256 } from '../crypto/digest.js'
import { chunkDigest } from '../formats/chunk-digest.js'
import { rest } from '../io/in-order.js'

const size = limits.digestChunk
const hashLength = 32

/**
 * The hashes of the chunks of a message, from which its digest comes: 33 bytes each.
 *
 * Its memory is taken when the first hash comes.
 *
 * @see file-signature.md, "Chunk digest"
 */
export class ChunkHashes {
  readonly #length: number
  #bytes: Bytes | undefined
  #known: Uint8Array | undefined

  /** @param length - bytes of the message */
  constructor(length: number) {
    this.#length = length
  }

  /** The chunks whose hashes are not known, each as a range of the message. */
  *missing(): Generator<readonly [start: number, end: number]> {
    for (let i = 0; i * size < this.#length; i++)
      if (!this.#known?.[i]) yield [i * size, Math.min(this.#length, (i + 1) * size)]
  }

  /**
   * Hashes the chunks that lie whole in a piece of the message.
   *
   * Others may run between two chunks: Chromium copies and hashes on the thread that asks.
   */
  async remember(piece: Bytes, start: number): Promise<void> {
    for (let i = Math.ceil(start / size); i * size < this.#length; i++) {
      const end = Math.min(this.#length, (i + 1) * size)
      if (end - start > piece.length) break
      if (this.#known?.[i]) continue
      this.#set(i, await sha256(piece.subarray(i * size - start, end - start)))
      await rest()
    }
  }

  /** The hashes of the chunks that begin in a range of the message, joined. */
  between(start: number, end: number): Bytes {
    return this.#memory().slice(
      Math.ceil(start / size) * hashLength,
      Math.ceil(end / size) * hashLength,
    )
  }

  /** Takes such hashes, which an earlier sealer of the record kept. */
  know(start: number, hashes: Uint8Array): void {
    const first = Math.ceil(start / size)
    for (let i = 0; i * hashLength < hashes.length; i++)
      this.#set(first + i, hashes.subarray(i * hashLength, (i + 1) * hashLength))
  }

  /** The chunk digest of the message, once no hash is missing. */
  digest(): Promise<string> {
    return chunkDigest(this.#length, this.#memory(), sha256)
  }

  #memory(): Bytes {
    this.#bytes ??= new Uint8Array(Math.ceil(this.#length / size) * hashLength)
    return this.#bytes
  }

  #set(index: number, hash: Uint8Array): void {
    this.#known ??= new Uint8Array(Math.ceil(this.#length / size))
    this.#memory().set(hash, index * hashLength)
    this.#known[index] = 1
  }
}
