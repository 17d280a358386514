import { limits } from '../algorithms/limits.js'
import type { Bytes } from '../bytes/bytes.js'
import { sha256 } from '../crypto/digest.js'
import { checkCount, ensure } from '../errors/guard.js'
import { isSealdropError, SealdropError } from '../errors/sealdrop-error.js'
import { chunkDigest } from '../formats/chunk-digest.js'
import { frameCount, messageLength, regularOverhead } from '../formats/frames.js'
import { tagLength } from '../formats/message-header.js'
import { abortable, readOptions, signalOf, type CallOptions } from '../io/abort.js'
import { breather, inOrder } from '../io/in-order.js'
import type { FileInput } from '../io/stream-source.js'
import { tell } from '../io/tell.js'
import type { KeyInfo } from '../keys/key.js'
import type { FileRecords } from './record-store.js'
import { FrameLedger } from './frame-ledger.js'
import { framesFrom, type PlainFrame } from './frames-of.js'
import { idText, sealFrame, type Message } from './message.js'
import { Ranges } from './ranges.js'
import type { StreamOptions } from './seal-stream.js'

/**
 * Seals a file piece by piece: any range of the ciphertext, in any order, side by side, and again.
 */
export interface FileSealer {
  /** Bytes of the whole ciphertext. */
  readonly length: number
  /** The message's id; a receipt names it, and a record is restored by it. */
  readonly messageId: string
  /** The key chosen of each set. */
  readonly recipients: readonly KeyInfo[]
  /**
   * Seals the bytes of the ciphertext from `start` to `end`.
   *
   * - they are what `sealStream` would write there under the same key and id
   * - at most 1 GiB at once; frames are sealed whole, so that ranges of some MiB cost least
   *
   * @throws SealdropError for what it was given:
   *   - `invalid_argument`: this is no range of the ciphertext
   *   - `too_large`: more than 1 GiB
   *   - `conflict`: another sealer took over the record, and this one seals nothing more
   *   - `output_failed`: the record could not be kept
   *   - `closed`: this sealer was closed
   * @throws SealdropError while reading:
   *   - `source_changed`: the file is not what it was, and this sealer seals nothing more
   *   - `source_failed`: try again
   */
  slice(start: number, end: number, o?: CallOptions): Promise<Bytes>
  /**
   * Chunk digest of the whole ciphertext, base64url.
   *
   * Chunks of 1 MiB that no slice held whole are sealed once more.
   */
  digest(o?: CallOptions): Promise<string>
  /**
   * Lets go of the record, when nothing is being written to it any more.
   *
   * The record is deleted when every byte was handed out, some of them by this sealer.
   */
  close(): Promise<void>
}

export interface FileSealerParts {
  readonly message: Message
  readonly frameLength: number
  readonly input: FileInput
  readonly version: string | undefined
  readonly records?: FileRecords | undefined
  /** Of frames that another sealer handed out; undefined when there was none. */
  readonly tags?: ReadonlyMap<number, Uint8Array>
  readonly release: () => Promise<unknown>
  readonly recipients: readonly KeyInfo[]
  readonly framesInFlight?: number | undefined
  readonly onProgress?: StreamOptions['onProgress']
}

export const damaged = 'the record is damaged: start over with createFileSealer'

/**
 * The file sealer: a frame leaves only with the tag that it had when it first left.
 *
 * Its methods are functions that know their object: they work behind the proxies of Vue and MobX.
 *
 * @see design.md, "Sealing a frame twice"
 */
export class RangeSealer implements FileSealer {
  declare readonly length: number
  declare readonly messageId: string
  declare readonly recipients: readonly KeyInfo[]
  readonly #parts: FileSealerParts
  readonly #count: number
  readonly #inFlight: number
  readonly #ledger: FrameLedger
  readonly #handedOut = new Ranges()
  readonly #chunks = new Map<number, Bytes>()
  #over: SealdropError | undefined
  /** Whether this sealer handed out anything itself: one before may have crashed while it did. */
  #gave = false

  constructor(parts: FileSealerParts) {
    const {
      message,
      frameLength,
      input: { size },
      records,
      tags,
      recipients,
      framesInFlight = limits.framesInFlight,
    } = parts
    checkCount('framesInFlight', framesInFlight, limits.maxFramesInFlight)
    this.#parts = parts
    this.#inFlight = framesInFlight
    this.recipients = recipients
    this.#count = frameCount(size, frameLength)
    this.length = messageLength(message.header.length, size, frameLength)
    this.messageId = idText(message)
    this.#ledger = new FrameLedger(tags ?? new Map(), (frames) =>
      records?.append(this.messageId, frames),
    )
    if (tags) this.#handedOut.add(0, message.header.length)
    for (const [index, tag] of tags ?? []) {
      ensure(
        Number.isInteger(index) && index >= 0 && index < this.#count && tag.length === tagLength,
        'malformed',
        damaged,
      )
      this.#handedOut.add(this.#placeOf(index), this.#placeOf(index + 1))
    }
  }

  readonly slice = async (start: number, end: number, o?: CallOptions): Promise<Bytes> => {
    // a slice also stands in for the `read` of a byte source, which may be handed memory
    const bytes = await this.#cut(start, end, readOptions(o))
    this.#handedOut.add(start, end)
    this.#gave ||= start < end
    return bytes
  }

  readonly digest = async (o?: CallOptions): Promise<string> => {
    const signal = signalOf(o)
    const size = limits.digestChunk
    const list = new Uint8Array(Math.ceil(this.length / size) * 32)
    for (let i = 0; i * size < this.length; i++) {
      if (!this.#chunks.has(i))
        await this.#cut(i * size, Math.min(this.length, (i + 1) * size), { signal })
      // oxlint-disable-next-line typescript/no-non-null-assertion -- #cut remembers whole chunks
      list.set(this.#chunks.get(i)!, i * 32)
    }
    return chunkDigest(this.length, list, sha256)
  }

  readonly close = async (): Promise<void> => {
    if (this.#over) return
    this.#over = new SealdropError('closed', 'this file sealer was closed')
    const { records, release } = this.#parts
    try {
      await this.#ledger.settled()
      if (this.#gave && this.#handedOut.reach(this.length)) await records?.remove(this.messageId)
    } finally {
      await release()
    }
  }

  async #cut(start: number, end: number, o: CallOptions): Promise<Bytes> {
    checkSlice(start, end, this.length)
    this.#usable(o)
    const bytes = new Uint8Array(end - start)
    if (start === end) return bytes
    /** Puts what lies in the range; `at` is the place in the message. */
    const put = (part: Bytes, at: number): void => {
      const from = Math.max(0, start - at)
      if (from < part.length && at < end)
        bytes.set(part.subarray(from, end - at), at + from - start)
    }
    const { header } = this.#parts.message
    put(header, 0)
    const frameAt = (place: number): number =>
      Math.min(this.#count - 1, Math.max(0, Math.floor((place - header.length) / this.#pitch)))
    if (end > header.length) {
      await abortable(
        this.#seal(frameAt(start), frameAt(end - 1), o, (index, [head, sealed]) => {
          put(head, this.#placeOf(index))
          put(sealed, this.#placeOf(index) + head.length)
        }),
        o.signal,
      )
    }
    this.#usable(o)
    await this.#remember(bytes, start)
    return bytes
  }

  get #pitch(): number {
    return this.#parts.frameLength + regularOverhead
  }

  /** Where a frame begins in the message; behind the final one its end. */
  #placeOf(index: number): number {
    return index === this.#count
      ? this.length
      : this.#parts.message.header.length + index * this.#pitch
  }

  #usable({ signal }: CallOptions): void {
    if (this.#over) throw this.#over
    signal?.throwIfAborted()
  }

  /**
   * Seals frames `first` to `last`, and hands each on.
   *
   * What is made of them may be released once this resolved: their tags are recorded by then.
   */
  async #seal(
    first: number,
    last: number,
    { signal }: CallOptions,
    use: (index: number, frame: readonly [Bytes, Bytes]) => void,
  ): Promise<void> {
    const { message, frameLength, input, onProgress } = this.#parts
    const { size } = input
    const breathe = breather()
    const reader = input.reader(first * frameLength, Math.min(size, (last + 1) * frameLength))
    reader.hold(this.#inFlight)
    const stop = (): void => reader.cancel(signal?.reason)
    signal?.addEventListener('abort', stop)
    const tags: (readonly [number, Bytes])[] = []
    const seal = async (frame: PlainFrame) =>
      [frame.index, await sealFrame(message, frame)] as const
    try {
      await this.#unchanged()
      const frames = framesFrom(reader, first, last, { size, frameLength })
      for await (const [index, frame] of inOrder(frames, seal, this.#inFlight)) {
        tags.push([index, frame[1].slice(-tagLength)])
        use(index, frame)
        await breathe()
      }
      await this.#unchanged()
    } catch (error) {
      reader.cancel(error)
      signal?.throwIfAborted()
      throw this.#judged(error)
    } finally {
      signal?.removeEventListener('abort', stop)
    }
    this.#usable({ signal })
    await this.#ledger.release(tags).catch((error: unknown) => {
      throw this.#judged(error)
    })
    this.#usable({})
    tell(onProgress, { done: Math.min(size, this.#ledger.size * frameLength), total: size })
  }

  async #unchanged(): Promise<void> {
    const { input, version } = this.#parts
    ensure(
      (await input.version?.()) === version,
      'source_changed',
      'the file was changed or removed: choose it again',
    )
  }

  /** What ends this sealer for good does so here. */
  #judged(error: unknown): unknown {
    const ends =
      isSealdropError(error) && (error.code === 'source_changed' || error.code === 'conflict')
    if (ends && !this.#over) {
      this.#over = error
      const { records, release } = this.#parts
      if (error.code === 'source_changed') records?.remove(this.messageId).catch(() => {})
      void release()
    }
    return this.#over ?? error
  }

  /** Keeps the hashes of whole chunks that were handed out, for the digest. */
  async #remember(bytes: Bytes, start: number): Promise<void> {
    const size = limits.digestChunk
    const hashes: Promise<unknown>[] = []
    for (let i = Math.ceil(start / size); i * size < this.length; i++) {
      const chunk = bytes.subarray(i * size - start, Math.min(this.length, (i + 1) * size) - start)
      if (chunk.length < Math.min(size, this.length - i * size)) break
      if (!this.#chunks.has(i)) hashes.push(sha256(chunk).then((hash) => this.#chunks.set(i, hash)))
    }
    await Promise.all(hashes)
  }
}

function checkSlice(start: number, end: number, length: number): void {
  ensure(
    Number.isSafeInteger(start) &&
      Number.isSafeInteger(end) &&
      start >= 0 &&
      start <= end &&
      end <= length,
    'invalid_argument',
    `slice: expected a range within 0 to ${length}`,
  )
  ensure(end - start <= limits.slice, 'too_large', `slice: expected at most ${limits.slice} bytes`)
}
