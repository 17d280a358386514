import { limits } from '../algorithms/limits.js'
import { ensure, shown } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import type { Context } from '../formats/context.js'
import type { CallOptions } from '../io/abort.js'
import type { FileRecords } from '../stream/record-store.js'
import { checkKept } from '../upload/upload-options.js'

/** How a file is sealed for tus. */
export interface TusSealOptions extends CallOptions {
  /**
   * The context is bound to the file, and the opener must name the same.
   *
   * Everyone can read it.
   */
  readonly context: Context
  /**
   * Where it is kept what is needed to go on after a reload or a crash.
   *
   * Default: nowhere, and a reload begins from the start.
   */
  readonly records?: FileRecords
  /**
   * What the file is called: it is sealed, and travels as the metadata `sealdrop-name`.
   *
   * - neither the server nor the record has it in clear
   * - `false` leaves it out
   * - default: the file's own, with its path in a folder that was chosen
   */
  readonly name?: string | false
  /**
   * Whether an unfinished upload of the same file goes on, by its name, size, time and context.
   *
   * Default: true. It needs `records`.
   */
  readonly resume?: boolean
}

/** A piece of the sealed file, as tus-js-client 4 and 5 take it. */
export interface TusSlice {
  readonly value: Uint8Array<ArrayBuffer>
  readonly size: number
  readonly done: boolean
}

/** The sealed file, as tus-js-client reads it. */
export interface TusFileSource {
  /** Bytes of the sealed file. */
  readonly size: number
  slice(start: number, end: number): Promise<TusSlice>
  close(): void
}

/** What tus-js-client opens a file with. */
export interface TusFileReader {
  openFile(input: unknown, chunkSize: number): Promise<TusFileSource>
}

/** What belongs into the options of `tus.Upload`, beside an `endpoint` and what is told to whom. */
export interface TusUploadOptions {
  /** Seals what tus-js-client sends. */
  readonly fileReader: TusFileReader
  /** The sealed name only. */
  readonly metadata: { readonly [key: string]: string }
  /** A hash of the message id. It refuses options that would send something else. */
  readonly fingerprint: (file: unknown, options: object) => Promise<string>
  /** Bytes of one request: 8 MiB. Another number may take its place, and `Infinity` may not. */
  readonly chunkSize: number
  readonly parallelUploads: 1
  /** Whether the URL is stored: only where a record is kept. */
  readonly storeFingerprintForResuming: boolean
  readonly removeFingerprintOnSuccess: true
  /** As tus-js-client does it, but never where sealing failed for good. */
  readonly onShouldRetry: (error: Error) => boolean
  /** Deletes the record. What takes its place should call `finish`. */
  readonly onSuccess: () => void
}

/** Bytes of one request where nobody says otherwise. */
export const defaultChunk = 8_388_608

/** @throws SealdropError `invalid_argument` */
export function tusSealOptions(o: TusSealOptions): TusSealOptions {
  const options = checkOptions(o, 'signal context records name resume')
  checkKept(options)
  return options
}

/** @throws SealdropError `invalid_argument` unless it is a number of bytes that fits memory */
export const checkChunkSize = (chunkSize: unknown): void =>
  ensure(
    Number.isInteger(chunkSize) && Number(chunkSize) >= 1 && Number(chunkSize) <= limits.slice,
    'invalid_argument',
    `chunkSize: expected 1 to ${limits.slice} bytes, as 8388608; found ${shown(chunkSize)}`,
  )

/** What an option may be besides what it was made. */
const allowed: Readonly<Record<string, readonly unknown[]>> = {
  parallelUploads: [undefined, 0, 1],
  parallelUploadBoundaries: [undefined, null],
  uploadLengthDeferred: [undefined, null, false],
}

/**
 * Looks at the options that `tus.Upload` got, before anything is sent.
 *
 * @throws SealdropError `invalid_argument` for one that would send plaintext, or other bytes
 */
export function checkGiven(given: object, made: TusUploadOptions, size: number): void {
  const values = Object(given) as Readonly<Record<string, unknown>>
  for (const [name, may] of Object.entries(allowed))
    ensure(
      may.includes(values[name]),
      'invalid_argument',
      `${name}: a sealed file is sent in one upload of known length, leave it out`,
    )
  ensure(
    values['fileReader'] === made.fileReader,
    'invalid_argument',
    'fileReader: another one would send plaintext, leave it out',
  )
  ensure(
    [undefined, null, size].includes(values['uploadSize'] as number),
    'invalid_argument',
    `uploadSize: the sealed file has ${size} bytes, leave it out`,
  )
  checkMetadata(Object(values['metadata']), made.metadata)
  checkChunkSize(values['chunkSize'])
}

function checkMetadata(given: object, made: TusUploadOptions['metadata']): void {
  const [extra] = Object.keys(given).filter((key) => !Object.keys(made).includes(key))
  ensure(
    extra === undefined,
    'invalid_argument',
    `metadata: ${shown(extra)} would be sent in clear, only sealdrop-name may be there`,
  )
  ensure(
    Object.entries(made).every(([key, value]) => (given as typeof made)[key] === value),
    'invalid_argument',
    'metadata: the sealed name is missing, use name: false to leave it out',
  )
}
