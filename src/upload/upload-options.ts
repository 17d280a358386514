import { checkCount, ensure, hasMethods } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import type { Context } from '../formats/context.js'
import type { CallOptions } from '../io/abort.js'
import type { KeyInfo } from '../keys/key.js'
import type { FileRecords } from '../stream/record-store.js'
import { planUpload } from './plan.js'
import type { UploadTransport } from './transport.js'

/** How a file is sealed and sent. */
export interface UploadOptions extends CallOptions {
  /**
   * The context is bound to the file, and the opener must name the same.
   *
   * Everyone can read it.
   */
  readonly context: Context
  /** Reaches the company's upload handler, see `uploadTransport`. */
  readonly transport: UploadTransport
  /**
   * Where it is kept what is needed to go on after a reload or a crash.
   *
   * - a file that fits one part needs none
   * - default: nowhere, and a reload begins from the start
   */
  readonly records?: FileRecords
  /** Bytes of a part, 5 to 64 MiB and a multiple of 1 MiB. Default: as `planUpload` says. */
  readonly partLength?: number
  /** Parts that are sent side by side, 1 to 8. Default: 3, and no more than 64 MiB of them. */
  readonly inFlight?: number
  /**
   * What the file is called: it is sealed for the company, and kept for a list of what is unfinished.
   *
   * - the handler and the bucket cannot read it; the record in the browser can be read
   * - `false` leaves it out of both
   * - default: the file's own, with its path in a folder that was chosen
   */
  readonly name?: string | false
  /**
   * What `takeDropLink` answered: the token goes to the handler, and never to the bucket.
   *
   * - it is kept in the record, readable in the storage of the page's origin, and deleted with it
   * - where none is given, an upload goes on by the one that was kept, whatever `transport` sends
   * - default: none, and the handler knows the sender by the headers of `transport`
   */
  readonly link?: { readonly token: string } | undefined
  /**
   * Whether an unfinished upload of the same file goes on, by its name, size, time and context.
   *
   * Default: true. It needs `records`.
   */
  readonly resume?: boolean
  /** Told of bytes of the sealed file that have left. Default: nobody. */
  readonly onProgress?: (p: { readonly done: number; readonly total: number }) => void
}

/** What became of an upload. */
export interface UploadedFile {
  readonly messageId: string
  /** Bytes of the sealed file. */
  readonly length: number
  /** Its chunk digest, base64url, to compare with a receipt. */
  readonly digest: string
  /** The object's key, as the handler says it. */
  readonly key: string
  /** The object's version, where the bucket keeps versions. */
  readonly version?: string
  /** Names this upload to the handler: with it a receipt can be asked for. */
  readonly session: string
}

/** What an upload is doing. */
export type UploadState = 'running' | 'paused' | 'done' | 'failed' | 'cancelled'

/** An upload under way. */
export interface UploadHandle {
  /** Of the sealed file; another one after the upload had to start over. */
  readonly messageId: string
  /** Bytes of the sealed file. */
  readonly length: number
  /** The key that was chosen of each set. */
  readonly recipients: readonly KeyInfo[]
  readonly state: UploadState
  /**
   * Settles when the finished file was confirmed, or when the upload ended without that.
   *
   * Nobody need await it.
   */
  readonly done: Promise<UploadedFile>
  /** Stops sending until `resume`; parts under way are sent again then. */
  pause(): void
  /** Goes on after `pause`. */
  resume(): void
  /** Ends the upload, tells the handler to forget its parts, and deletes the record. */
  cancel(): Promise<void>
}

/** @throws SealdropError `invalid_argument` */
export function uploadOptions(o: UploadOptions): UploadOptions {
  const names = 'signal context transport records partLength inFlight name link resume onProgress'
  const options = checkOptions(o, names)
  const { transport, partLength, inFlight = 1, link } = options
  ensure(
    hasMethods(transport, 'ask', 'put'),
    'invalid_argument',
    'transport: expected what uploadTransport answers',
  )
  checkCount('inFlight', inFlight, 8)
  planUpload(1, partLength)
  checkKept(options)
  ensure(
    link === undefined || /^[\w-]+\.[\w.-]+$/.test(link?.token),
    'invalid_argument',
    'link: expected what takeDropLink answers',
  )
  return options
}

/**
 * Checks what says how a file goes on, and what it is called.
 *
 * @throws SealdropError `invalid_argument`
 */
export function checkKept({
  records,
  resume,
  name,
}: Pick<UploadOptions, 'records' | 'resume' | 'name'>): void {
  ensure(
    records === undefined ||
      hasMethods(records, 'create', 'append', 'load', 'remove', 'note', 'list'),
    'invalid_argument',
    'records: expected create, append, load, remove, note and list',
  )
  ensure(
    [undefined, true, false].includes(resume),
    'invalid_argument',
    'resume: expected true or false',
  )
  ensure(
    [undefined, false].includes(name as false) || typeof name === 'string',
    'invalid_argument',
    'name: expected text, or false',
  )
}
