import type { UppyFile } from '@uppy/core'
import { checkCount, ensure } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { checkContext, type Context } from '../formats/context.js'
import type { Recipients } from '../stream/plan-message.js'
import { uploadOptions, type UploadOptions } from '../upload/upload-options.js'

type Fields = Record<string, unknown>

/** What every uploader is given, whichever way its files leave. */
export interface UploaderOptions {
  /** One key of each set can open the files. */
  readonly keys: Recipients
  /** The context of each file, or what answers it. Everyone can read it. */
  readonly context: Context | ((file: SealedUploaderFile) => Context)
  /** `false` seals no names, and keeps none with the records. Default: the name that Uppy shows. */
  readonly name?: false
  /** Files that are sent side by side, 1 to 8. Default: 3. */
  readonly filesInFlight?: number
  /** What the plugin is called in Uppy. Default: the name of its class. */
  readonly id?: string
}

/** What the uploader is given. */
export interface SealedUploaderOptions
  extends Omit<UploadOptions, 'context' | 'name' | 'onProgress' | 'signal'>, UploaderOptions {}

/** What is told of a file of Uppy when its context is asked for. */
export type SealedUploaderFile = Pick<
  UppyFile<Fields, Fields>,
  'id' | 'name' | 'type' | 'size' | 'meta'
>

/** Files side by side where nobody says otherwise. */
export const defaultFiles = 3

const ofUpload = 'transport records partLength inFlight name link resume'
const names = 'transport records partLength inFlight name link resume keys context filesInFlight id'
/** The names of its options, with one space between two. */
export const optionNames: string = names

/** What is said of one file, beside the options of its uploader. */
export type FileToSend = Pick<UploadOptions, 'context' | 'name' | 'signal' | 'onProgress'>

/** Of options that Uppy merged with others those of these names. */
export function picked<T extends object>(o: T, list: string): T {
  const own = list.split(' ')
  return Object.fromEntries(Object.entries(o).filter(([name]) => own.includes(name))) as T
}

/**
 * Checks what every uploader is given.
 *
 * @returns a context to check the rest with
 * @throws SealdropError `invalid_argument`
 */
export function checkUploader(o: UploaderOptions): Context {
  const { keys, context, name, filesInFlight = defaultFiles } = o
  ensure(
    typeof keys === 'object' && keys !== null,
    'invalid_argument',
    'keys: expected a key set, such as fetchKeySet answers, or a list of them',
  )
  ensure(
    name === undefined || name === false,
    'invalid_argument',
    'name: expected false, or nothing',
  )
  checkCount('filesInFlight', filesInFlight, 8)
  return typeof context === 'function' ? {} : checkContext(context)
}

/** @throws SealdropError `invalid_argument` */
export function uploaderOptions(o: SealedUploaderOptions): SealedUploaderOptions {
  const options = checkOptions(o, names)
  const context = checkUploader(options)
  uploadOptions({ ...sending(options), context })
  return options
}

/** What `uploadSealed` takes of them. */
export const sending = (o: SealedUploaderOptions): Omit<UploadOptions, 'context'> =>
  picked(o, ofUpload)
