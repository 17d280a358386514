import { viewOf } from '../bytes/bytes.js'
import { ensure, hasMethods } from '../errors/guard.js'
import { kindOf } from '../errors/kind.js'
import { coded } from '../errors/sealdrop-error.js'
import { iterableReader, streamReader, type ByteReader } from './byte-reader.js'
import { rangeReader, type ByteSource } from './byte-source.js'

/**
 * What can be sealed, opened or verified as a stream.
 *
 * - leave bytes in memory unchanged until they are read
 */
export type StreamSource =
  | Blob
  | ByteSource
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | Uint8Array
  | ArrayBuffer

/** A source as the frame writer and the frame reader see it. */
export interface Input {
  /** Bytes, where that is known before reading. */
  readonly size?: number | undefined
  /**
   * The code where the source turns out to have another size: a file was changed, a stream failed.
   */
  readonly otherSize: 'source_changed' | 'source_failed'
  reader(): ByteReader
  /** Changes when the content may have changed. */
  readonly version?: () => Promise<string | undefined>
}

/**
 * A file as the file sealer and the range reader see it.
 *
 * It can be read at any place, again and in any order.
 */
export interface FileInput extends Input {
  readonly size: number
  reader(start?: number, end?: number): ByteReader
  version(): Promise<string | undefined>
}

const isByteSource = (source: unknown): source is ByteSource =>
  hasMethods(source, 'read') && (source as ByteSource).size >= 0

/** A Blob by what it does: those of jsdom have no `stream`, and older ones no `arrayBuffer`. */
const isBlob = (source: unknown): source is Blob =>
  hasMethods(source, 'slice') && (source as Blob).size >= 0 && !isByteSource(source)

/**
 * Takes a Blob or a byte source as a file.
 *
 * @param length - what the caller says of it besides
 * @param isKept - whether what it answers stays as it is
 * @throws SealdropError `invalid_argument`
 */
export function fileInput(file: unknown, length?: number, isKept?: boolean): FileInput {
  const blob = isBlob(file)
  ensure(
    blob || isByteSource(file),
    'invalid_argument',
    `source: expected Blob or byte source, as fileSource(path); or to seal once stream, iterable or bytes; found ${kindOf(file)}`,
  )
  const { size } = file
  ensure(
    Number.isSafeInteger(size) && [undefined, size].includes(length),
    'invalid_argument',
    `length: the source has ${size} bytes`,
  )
  return {
    size,
    otherSize: 'source_changed',
    // a Blob is what it was when it was made: where it cannot be read any more, its file was
    // changed or removed, whatever the host calls that
    reader: (start = 0, end = size) =>
      blob
        ? mended(() => blobReader(file, start, end), 'source_changed')
        : mended(() => rangeReader(file, start, end, isKept)),
    version: async () =>
      blob ? `${(file as File).lastModified}` : file.version && named(async () => file.version?.()),
  }
}

/** Reads part of a Blob, by a FileReader where it has no `stream`. */
const blobReader = (blob: Blob, start: number, end: number): ByteReader =>
  hasMethods(blob, 'stream')
    ? streamReader(blob.slice(start, end).stream(), true)
    : rangeReader(
        { size: end, read: (from, to) => readBlob(blob.slice(from, to)) },
        start,
        end,
        true,
      )

const readBlob = (blob: Blob): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(reader.result as never)
    reader.onerror = () => reject(reader.error)
    reader.readAsArrayBuffer(blob)
  })

/** Any source, to be read once from its start. @throws SealdropError `invalid_argument` */
export function inputOf(source: StreamSource, length?: number): Input {
  const bytes = viewOf(source)
  if (bytes)
    return fileInput(
      {
        size: bytes.length,
        read: async (start: number, end: number) => bytes.subarray(start, end),
      },
      length,
      true,
    )
  const stream = hasMethods(source, 'getReader')
  if (isByteSource(source) || !(stream || hasMethods(source, Symbol.asyncIterator)))
    return fileInput(source, length)
  return {
    size: length,
    otherSize: 'source_failed',
    reader: () =>
      mended(() =>
        stream
          ? streamReader(source as ReadableStream<Uint8Array>)
          : iterableReader(source as AsyncIterable<Uint8Array>),
      ),
  }
}

/**
 * Works on a source that is to be read once: where that fails, the source is given up.
 *
 * It is taken at once, so that one that fails meanwhile is listened to.
 *
 * @param length - what the caller says of it besides
 * @throws SealdropError `invalid_argument`, and what the work throws
 */
export async function taken<T>(
  source: StreamSource,
  work: (reader: ByteReader, input: Input) => Promise<T>,
  length?: number,
): Promise<T> {
  const input = inputOf(source, length)
  const reader = input.reader()
  try {
    return await work(reader, input)
  } catch (error) {
    reader.cancel(error)
    throw error
  }
}

/** Gives a source up that nobody took, whatever it is. */
export function givenUp(source: unknown, reason: unknown): void {
  try {
    inputOf(source as StreamSource)
      .reader()
      .cancel(reason)
  } catch {
    // it is no source, or somebody reads it
  }
}

type Code = 'source_failed' | 'source_changed'

const changed = 'the file was changed or removed: choose it again and start over'

/** @throws SealdropError `source_changed` where a file is not what it was */
export const ensureSame = (isSame: boolean): void => ensure(isSame, 'source_changed', changed)

/** Gives what a source fails with a code. */
const unread = (code: Code = 'source_failed'): ((cause: unknown) => never) =>
  code === 'source_failed' ? coded(code, 'the source failed', true) : coded(code, changed)

const named = <T>(work: () => Promise<T>, code?: Code): Promise<T> => work().catch(unread(code))

function mended(make: () => ByteReader, code?: Code): ByteReader {
  try {
    const reader = make()
    return { ...reader, take: (length) => named(() => reader.take(length), code) }
  } catch (cause) {
    return unread(code)(cause)
  }
}
