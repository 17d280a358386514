import { concat, viewOf, type Bytes } from '../bytes/bytes.js'
import { ensure, hasMethods } from '../errors/guard.js'
import { kindOf } from '../errors/kind.js'

/** Reads bytes in order, in the portions that are asked for. */
export interface ByteReader {
  /**
   * The next `length` bytes, fewer only where the source ends.
   *
   * They stay as they are until the next call, or for as many calls as `hold` says.
   */
  take(length: number): Promise<Bytes>
  /**
   * Says for how many calls behind its own an answer stays as it is.
   *
   * Work on it may then be under way: a page can replace `crypto.subtle` by something that copies
   * what it is given later than WebCrypto does.
   */
  readonly hold: (calls: number) => void
  /** Tells the source that nothing more is wanted. */
  cancel(reason: unknown): void
}

/**
 * Reads a stream, filling buffers in turn.
 *
 * In Chromium allocation is what costs, not encryption (performance.md, 4).
 *
 * @param whole - whether it has as many bytes as are asked for, as a Blob's has
 */
export function streamReader(stream: ReadableStream<Uint8Array>, whole = false): ByteReader {
  ensure(!stream.locked, 'invalid_argument', 'source: somebody else reads this stream')
  const byob = byobReader(stream, whole)
  if (byob) return byob
  const reader = stream.getReader()
  return chunkReader(
    () => reader.read(),
    (reason) => void reader.cancel(reason).catch(() => {}),
  )
}

/** What is used here of a stream of Node. */
interface NodeStream {
  on(event: 'error', listener: () => void): unknown
  destroy(): unknown
}

/**
 * Reads an async iterable, which a stream of Node is too.
 *
 * Until it is first read, the iterator of such a stream neither listens to nor ends the stream.
 */
export function iterableReader(source: AsyncIterable<Uint8Array>): ByteReader {
  const chunks = source[Symbol.asyncIterator]()
  const stream = hasMethods(source, 'on', 'destroy') && (source as unknown as NodeStream)
  // an 'error' that nobody listens to ends the process; the iterator tells it once it is read
  if (stream) stream.on('error', () => {})
  return chunkReader(
    () => chunks.next(),
    () => {
      if (stream) stream.destroy()
      void (async () => chunks.return?.())().catch(() => {})
    },
  )
}

/**
 * Readers of byte streams that are being read.
 *
 * Chromium's collector takes a stream of a Blob, and the read that waits for it, where nothing else
 * leads to it: that read never settles (performance.md, 13).
 */
const reading = new Set<object>()

/**
 * A byte stream reads straight into our buffer.
 *
 * Undefined where this is no byte stream, as no stream in WebKit is one.
 */
function byobReader(stream: ReadableStream<Uint8Array>, whole: boolean): ByteReader | undefined {
  let reader: ReadableStreamBYOBReader
  try {
    reader = stream.getReader({ mode: 'byob' })
  } catch {
    return undefined
  }
  const buffers = turns()
  return {
    hold: buffers.hold,
    async take(length) {
      let [buffer, put] = buffers.next(length)
      let at = 0
      reading.add(reader)
      try {
        while (at < length) {
          // `min` saves round trips where it is known, and the loop does elsewhere; a stream that
          // ends before so many bytes fails it
          const { done, value } = await reader.read(new Uint8Array(buffer, at, length - at), {
            min: whole ? length - at : 1,
          } as ReadableStreamBYOBReaderReadOptions)
          if (!value) break // cancelled: the buffer is gone
          buffer = value.buffer
          at += value.length
          if (done) break
        }
      } finally {
        reading.delete(reader)
      }
      put(buffer)
      return new Uint8Array(buffer, 0, at)
    },
    cancel: (reason) => void reader.cancel(reason).catch(() => {}),
  }
}

/**
 * Chunks of any size, coalesced: small ones would cost a third of the speed (performance.md, 5).
 */
function chunkReader(
  next: () => Promise<{
    readonly done?: boolean | undefined
    readonly value?: Uint8Array | undefined
  }>,
  cancel: (reason: unknown) => void,
): ByteReader {
  const buffers = turns()
  let rest: Uint8Array = new Uint8Array()
  return {
    hold: buffers.hold,
    async take(length) {
      const [buffer] = buffers.next(length)
      const bytes = new Uint8Array(buffer)
      let at = 0
      while (at < length) {
        if (rest.length === 0) {
          const { done, value } = await next()
          if (done) break
          const view = viewOf(value)
          ensure(view, 'invalid_argument', `source: expected Uint8Arrays, found ${kindOf(value)}`)
          rest = view
        }
        const part = rest.subarray(0, length - at)
        bytes.set(part, at)
        rest = rest.subarray(part.length)
        at += part.length
      }
      return bytes.subarray(0, at)
    },
    cancel,
  }
}

/** A reader that answers what was read of it before once more. */
export function withFront(front: Bytes, reader: ByteReader): ByteReader {
  let rest = front
  return {
    ...reader,
    async take(length) {
      const head = rest.subarray(0, length)
      rest = rest.subarray(head.length)
      if (head.length === length) return head
      if (head.length === 0) return reader.take(length)
      return concat(head, await reader.take(length - head.length))
    },
  }
}

/** Memory that is used in turn. */
interface Turns {
  /** Says for how many turns behind its own the memory of a turn stays as it is. */
  readonly hold: (calls: number) => void
  /** The memory of the next turn; what came in the place of it is put back. */
  readonly next: (length: number) => [buffer: ArrayBuffer, put: (buffer: ArrayBuffer) => void]
}

/** Buffers in turn, made when first needed and again when a longer one is. */
export function turns(): Turns {
  const buffers: ArrayBuffer[] = []
  let others = 1
  let at = 0
  return {
    hold(calls) {
      // never fewer: work on what was handed out before may still be under way
      others = Math.max(others, calls)
    },
    next(length) {
      at = at < others ? at + 1 : 0
      const mine = at
      const put = (buffer: ArrayBuffer): void => {
        buffers[mine] = buffer
      }
      const { [mine]: last } = buffers
      const buffer = last && last.byteLength >= length ? last : new ArrayBuffer(length)
      put(buffer)
      return [buffer, put]
    },
  }
}
