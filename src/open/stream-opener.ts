import { limits } from '../algorithms/limits.js'
import { formatName } from '../algorithms/suites.js'
import type { Bytes } from '../bytes/bytes.js'
import { readHeader } from '../envelope/read-header.js'
import { checkOptions } from '../errors/options.js'
import { isSealdropError } from '../errors/sealdrop-error.js'
import { maxHeaderLength, type MessageHeader } from '../formats/parse-message-header.js'
import { abortable } from '../io/abort.js'
import { withFront, type ByteReader } from '../io/byte-reader.js'
import { checkRange, type ByteSource } from '../io/byte-source.js'
import { inOrder, streamOf } from '../io/in-order.js'
import type { Stop } from '../io/stop.js'
import { fileInput, inputOf, type StreamSource } from '../io/stream-source.js'
import type { SharedAnswers } from './candidates.js'
import { checkSource } from './mistaken.js'
import { openMessage } from './open-message.js'
import { checkSealedName, withName } from './open-name.js'
import { givenUpAsOne, layoutIn, openPart } from './open-range.js'
import type { OpenedFileInfo, OpenerParts, OpenFileOptions, OpenOptions } from './options.js'
import { reported, tellFailed, type OpenEvent } from './report.js'
import { openFrame, sealedFrames } from './sealed-frames.js'
import { digesting, type StreamDigest } from './stream-digest.js'

/** A stream of plaintext, of which each piece verified before it is handed out. */
export interface OpenedStream extends OpenedFileInfo {
  /** The plaintext. It fails at the end when the sealed stream was cut. */
  readonly readable: ReadableStream<Bytes>
  /** The length in bytes, where it was known and verified before: of `openRange`. */
  readonly length?: number
}

/** A sealed stream that is opened from its start, with what a receipt names of it. */
export interface DigestedStream extends OpenedStream, StreamDigest {}

/** How a stream is opened from its start. */
export interface OpenStreamOptions extends OpenFileOptions {
  /**
   * Whether to compute the digest of the sealed stream, so that a receipt costs no second pass.
   *
   * - It costs more than the decryption. Default: false.
   */
  readonly digest?: boolean
}

/** What a stream has to do with the others of its run. */
export interface StreamInRun {
  readonly shared: SharedAnswers
  /** Waits until there is memory, and answers how many frames may be in flight. */
  readonly framesFor: (frameLength: number) => Promise<number>
  /** It was read to its end. */
  readonly ended: () => void
  /** It ended before, by this error or by its reader. */
  readonly failed: (reason: unknown) => void
}

/** Opens streams in every runtime: the private key is behind the private operations. */
export class StreamOpener {
  readonly #parts: OpenerParts
  readonly #onEvent: (event: OpenEvent) => void

  constructor(parts: OpenerParts, onEvent: (event: OpenEvent) => void = () => {}) {
    this.#parts = parts
    this.#onEvent = onEvent
  }

  /** Gives up all that is under way. */
  get stopped(): Stop | undefined {
    return this.#parts.stopped
  }

  /**
   * Opens a stream from its start.
   *
   * @param run - where it is one of many
   */
  async openStream(
    source: StreamSource,
    o: OpenStreamOptions,
    run?: StreamInRun,
  ): Promise<DigestedStream> {
    checkSource(source)
    const { reader, answers, end, fail } = digesting(inputOf(source).reader(), o?.digest === true)
    return this.#reading(reader, o, async (parts) => {
      checkOptions(o, 'signal context maxAge sealedName digest')
      const { header, rest } = await readHeader(reader, formatName, parts.maxFrameLength)
      const message = await this.#message(header, o, { ...parts, shared: run?.shared })
      const inFlight = (await run?.framesFor(header.frameLength)) ?? limits.framesInFlight
      reader.hold(inFlight + 1)
      const frames = sealedFrames(withFront(rest, reader), header.frameLength)
      const chunks = inOrder(
        frames,
        async (frame) => [await openFrame(message.key, header.messageId, frame)],
        inFlight,
      )
      const all = followed(chunks, () => {
        end()
        run?.ended()
      })
      const readable = this.#readable(reader, all, o, (reason) => {
        fail(reason)
        run?.failed(reason)
      })
      return { ...message.info, ...answers, readable }
    })
  }

  async openRange(
    source: Blob | ByteSource,
    start: number,
    end: number,
    o: OpenFileOptions,
  ): Promise<OpenedStream & { readonly length: number }> {
    checkRange('openRange', start, end)
    checkSource(source)
    const { input, cancel } = givenUpAsOne(fileInput(source))
    const front = input.reader(0, Math.min(input.size, maxHeaderLength))
    return this.#reading({ ...front, cancel }, o, async (parts) => {
      checkOptions(o, 'signal context maxAge sealedName')
      const { header, length } = await readHeader(front, formatName, parts.maxFrameLength)
      front.cancel(undefined)
      const layout = layoutIn(input, length, header)
      const message = await this.#message(header, o, parts)
      const part = await openPart(message, layout, start, end)
      return {
        ...message.info,
        length: part.length,
        readable: this.#readable(part.reader, part.chunks, o),
      }
    })
  }

  async #message(
    header: MessageHeader,
    o: OpenFileOptions,
    parts: OpenerParts,
  ): ReturnType<typeof withName> {
    checkSealedName(o?.sealedName)
    return withName(await openMessage(header, o, parts), o.sealedName, this.#onEvent)
  }

  /**
   * Does the work before the first byte, and reports how it ended.
   *
   * When it fails or is aborted, the source is given up too.
   */
  async #reading<R extends OpenedStream>(
    reader: ByteReader,
    o: OpenOptions,
    work: (parts: OpenerParts) => Promise<R>,
  ): Promise<R> {
    const signal = o?.signal
    try {
      signal?.throwIfAborted()
      const [opened] = await reported(this.#parts, this.#onEvent, async (parts): Promise<[R]> => [
        await untilStopped(parts.stopped, () => abortable(work(parts), signal)),
      ])
      return opened
    } catch (error) {
      reader.cancel(error)
      throw error
    }
  }

  #readable(
    reader: ByteReader,
    chunks: AsyncGenerator<readonly Bytes[]>,
    { signal }: OpenOptions,
    fail: (reason: unknown) => void = () => {},
  ): ReadableStream<Bytes> {
    return streamOf(
      chunks,
      (reason) => {
        reader.cancel(reason)
        fail(reason)
        if (isSealdropError(reason)) tellFailed(this.#onEvent, reason, 0)
      },
      signal,
    )
  }
}

const untilStopped = <R>(stop: Stop | undefined, work: () => Promise<R>): Promise<R> =>
  stop ? stop.until(work) : work()

/** The same chunks. When the last one was taken, `end` is called. */
export async function* followed<T>(chunks: AsyncGenerator<T>, end: () => void): AsyncGenerator<T> {
  for await (const chunk of chunks) yield chunk
  end()
}
