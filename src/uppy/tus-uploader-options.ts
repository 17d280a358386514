import { ensure } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { secureUrl } from '../io/secure-url.js'
import { checkChunkSize, type TusSealOptions } from '../tus/tus-options.js'
import { checkKept } from '../upload/upload-options.js'
import { checkUploader, type UploaderOptions } from './uploader-options.js'

/** A request of tus-js-client, before it is sent. */
export interface TusRequest {
  getMethod(): string
  getURL(): string
  setHeader(header: string, value: string): void
  /** In a page its XMLHttpRequest. */
  getUnderlyingObject(): unknown
}

/** An upload of tus-js-client 4 or 5, as far as it is used. */
export interface TusUpload {
  url: string | null
  start(): void
  abort(shouldTerminate?: boolean): Promise<void>
  findPreviousUploads(): Promise<readonly unknown[]>
  resumeFromPreviousUpload(previous: never): void
}

/** What the uploader by tus is given. */
export interface SealedTusUploaderOptions
  extends Pick<TusSealOptions, 'records' | 'resume'>, UploaderOptions {
  /** `Upload` of tus-js-client. */
  readonly Upload: new (file: Blob, options: never) => TusUpload
  /** Where the server of tus makes uploads: https, or http on loopback. */
  readonly endpoint: string
  /** Headers of every request. Everyone on the server's side can read them. Default: none. */
  readonly headers?: Readonly<Record<string, string>>
  /** Bytes of one request, which are held in memory. Default: 8 MiB. */
  readonly chunkSize?: number
  /** Milliseconds to wait before each new try; `null` tries once. Default: tus-js-client's. */
  readonly retryDelays?: readonly number[] | null
  /** Where tus-js-client keeps addresses of uploads. Default: the page's localStorage. */
  readonly urlStorage?: object
  /** Told of each request before it is sent, and may add to it. Default: nobody. */
  readonly onBeforeRequest?: (request: TusRequest) => unknown
}

const names =
  'records resume keys context name filesInFlight id Upload endpoint headers chunkSize retryDelays urlStorage onBeforeRequest'
/** The names of its options, with one space between two. */
export const tusOptionNames: string = names

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null

/** @throws SealdropError `invalid_argument` */
export function tusUploaderOptions(o: SealedTusUploaderOptions): SealedTusUploaderOptions {
  const options = checkOptions(o, names)
  checkUploader(options)
  checkKept(options)
  const { Upload, endpoint, headers = {}, chunkSize = 1, retryDelays, onBeforeRequest } = options
  ensure(
    typeof Upload === 'function',
    'invalid_argument',
    'Upload: expected Upload of tus-js-client',
  )
  secureUrl(endpoint)
  ensure(isObject(headers), 'invalid_argument', 'headers: expected an object of texts')
  checkChunkSize(chunkSize)
  ensure(
    retryDelays === undefined || retryDelays === null || Array.isArray(retryDelays),
    'invalid_argument',
    'retryDelays: expected a list of milliseconds, or null',
  )
  ensure(
    onBeforeRequest === undefined || typeof onBeforeRequest === 'function',
    'invalid_argument',
    'onBeforeRequest: expected a function',
  )
  return options
}
