import { limits } from '../algorithms/limits.js'
import type { Bytes } from '../bytes/bytes.js'
import { checkCount, ensure } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { isSealdropError, SealdropError } from '../errors/sealdrop-error.js'
import { frameCount, messageLength, regularOverhead } from '../formats/frames.js'
import { tagLength } from '../formats/message-header.js'
import { abortable, onAbort, readOptions, signalOf, type CallOptions } from '../io/abort.js'
import { breather, inOrder } from '../io/in-order.js'
import { ensureSame, type FileInput } from '../io/stream-source.js'
import { tell } from '../io/tell.js'
import type { KeyInfo } from '../keys/key.js'
import { ChunkHashes } from './chunk-hashes.js'
import type { FileSealer } from './file-sealer.js'
import { FrameLedger, type FrameTag } from './frame-ledger.js'
import { framesFrom, type PlainFrame } from './frames-of.js'
import { idText, sealFrame, type Message } from './message.js'
import type { FileRecords, TagRun } from './record-store.js'
import { sample } from './sample.js'
import type { StreamOptions } from './seal-stream.js'

export interface FileSealerParts {
  readonly message: Message
  readonly frameLength: number
  readonly input: FileInput
  readonly version: string | undefined
  readonly records?: FileRecords | undefined
  /** Of frames that another sealer handed out. */
  readonly tags?: Iterable<TagRun> | undefined
  readonly release: () => Promise<unknown>
  readonly recipients: readonly KeyInfo[]
  readonly o: Pick<StreamOptions, 'framesInFlight' | 'onProgress'>
}

export const damaged = 'the record is damaged: start over with createFileSealer'

/** Frames that are sealed again at once, to be compared. */
const checkedAtOnce = 64
/** Frames of a record that are looked at before a new one leaves, beside the first and the last. */
const sampled = 16

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
  /** Of the ciphertext. */
  declare readonly chunks: ChunkHashes
  #over: SealdropError | undefined
  /** Settles when a sealer that ended has let go of its record. */
  #ending: Promise<void> = Promise.resolve()
  /** Whether the file was looked at since the record was restored; undefined before that. */
  #looked: Promise<void> | undefined

  constructor(parts: FileSealerParts) {
    const {
      message,
      frameLength,
      input: { size },
      records,
      tags = [],
      recipients,
      o: { framesInFlight = limits.framesInFlight },
    } = parts
    checkCount('framesInFlight', framesInFlight, limits.maxFramesInFlight)
    this.#parts = parts
    this.#inFlight = framesInFlight
    this.recipients = recipients
    this.#count = frameCount(size, frameLength)
    this.length = messageLength(message.header.length, size, frameLength)
    this.messageId = idText(message)
    this.chunks = new ChunkHashes(this.length)
    this.#ledger = new FrameLedger(this.#count, (runs) => records?.append(this.messageId, runs))
    ensure(this.#ledger.restore(tags), 'malformed', damaged)
    if (this.#ledger.size === 0) this.#looked = Promise.resolve()
  }

  readonly slice = async (start: number, end: number, o?: CallOptions): Promise<Bytes> =>
    // a slice also stands in for the `read` of a byte source, which may be handed memory
    this.#cut(start, end, readOptions(o))

  readonly digest = async (o?: CallOptions): Promise<string> => {
    const signal = signalOf(o)
    for (const [start, end] of this.chunks.missing()) await this.#cut(start, end, { signal })
    return this.chunks.digest()
  }

  /** Whether every frame of which a byte lies between the two was handed out before. */
  handedOut(start: number, end: number): boolean {
    for (let index = this.#frameAt(start); index <= this.#frameAt(end - 1); index++)
      if (!this.#ledger.has(index)) return false
    return true
  }

  /** Ends this sealer for good. The record is deleted, since nobody may go on with it. */
  end(error: SealdropError): SealdropError {
    if (this.#over) return this.#over
    this.#over = error
    const { records, release } = this.#parts
    const remove = async (): Promise<void> => {
      await records?.remove(this.messageId).catch(() => {})
      await release()
    }
    this.#ending = remove()
    return error
  }

  readonly recheck = async (o?: CallOptions): Promise<void> => {
    const signal = signalOf(o)
    this.#usable({ signal })
    const ends = [0, this.#count - 1].filter((index) => this.#ledger.has(index))
    for (const index of ends) await this.#compare(index, index, signal)
    for (const [first, last] of this.#ledger.notSealedHere(checkedAtOnce))
      await this.#compare(first, last, signal)
  }

  readonly close = async (o: { readonly done?: boolean } = {}): Promise<void> => {
    const { done = false } = checkOptions(o, 'done')
    ensure(typeof done === 'boolean', 'invalid_argument', 'done: expected true or false')
    if (this.#over) return this.#ending
    this.#over = new SealdropError('closed', 'this file sealer was closed')
    const { records, release } = this.#parts
    try {
      await this.#ledger.settled()
      if (done) await records?.remove(this.messageId)
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
    if (end > header.length) {
      const [first, last] = [this.#frameAt(start), this.#frameAt(end - 1)]
      const work = async (): Promise<void> => {
        await this.#look(first, last)
        await this.#seal(first, last, o, (index, [head, sealed]) => {
          put(head, this.#placeOf(index))
          put(sealed, this.#placeOf(index) + head.length)
        })
      }
      await abortable(work(), o.signal)
    }
    this.#usable(o)
    await this.chunks.remember(bytes, start)
    return bytes
  }

  /** For what travels beside the frames: its header, and the name that is sealed once. */
  get message(): Message {
    return this.#parts.message
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

  /** The frame at a place of the message; the first one for places of the header. */
  #frameAt(place: number): number {
    const index = Math.floor((place - this.#parts.message.header.length) / this.#pitch)
    return Math.min(this.#count - 1, Math.max(0, index))
  }

  #usable({ signal }: CallOptions): void {
    if (this.#over) throw this.#over
    signal?.throwIfAborted()
  }

  /** After a restore, before the first new frame: whether the file is still the same one. */
  async #look(first: number, last: number): Promise<void> {
    let index = first
    while (index <= last && this.#ledger.has(index)) index++
    if (index > last) return
    const look = async (): Promise<void> => {
      for (const one of sample(this.#ledger.indexes(), this.#ledger.size, sampled))
        await this.#compare(one, one, undefined)
    }
    this.#looked ??= look().catch((error: unknown) => {
      this.#looked = undefined
      throw error
    })
    await this.#looked
  }

  /** Seals frames that left once more. The ledger compares. */
  async #compare(first: number, last: number, signal: AbortSignal | undefined): Promise<void> {
    await abortable(
      this.#seal(first, last, { signal }, () => {}),
      signal,
    )
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
    const { message, frameLength, input, o } = this.#parts
    const { size } = input
    const breathe = breather()
    const reader = input.reader(first * frameLength, Math.min(size, (last + 1) * frameLength))
    reader.hold(this.#inFlight)
    const off = onAbort(signal, () => reader.cancel(signal?.reason))
    const tags: FrameTag[] = []
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
      off()
    }
    this.#usable({ signal })
    await this.#ledger.release(tags).catch((error: unknown) => {
      throw this.#judged(error)
    })
    this.#usable({})
    tell(o.onProgress, { done: Math.min(size, this.#ledger.size * frameLength), total: size })
  }

  async #unchanged(): Promise<void> {
    const { input, version } = this.#parts
    ensureSame((await input.version()) === version)
  }

  /** What ends this sealer for good does so here. */
  #judged(error: unknown): unknown {
    const code = isSealdropError(error) && error.code
    if (code === 'source_changed') return this.end(error as SealdropError)
    if (code === 'conflict' && !this.#over) {
      this.#over = error as SealdropError
      void this.#parts.release()
    }
    return this.#over ?? error
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
