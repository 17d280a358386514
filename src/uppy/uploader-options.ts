import type { UppyFile } from '@uppy/core'
import { checkCount, ensure } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { checkContext, type Context } from '../formats/context.js'
import type { Recipients } from '../stream/plan-message.js'
import { uploadOptions, type UploadOptions } from '../upload/upload-options.js'

type Fields = Record<string, unknown>

/** What the uploader is given. */
export interface SealedUploaderOptions extends Omit<
  UploadOptions,
  'context' | 'name' | 'onProgress' | 'signal'
> {
  /** One key of each set can open the files. */
  readonly keys: Recipients
  /** The context of each file, or what answers it. Everyone can read it. */
  readonly context: Context | ((file: SealedUploaderFile) => Context)
  /** `false` seals no names, and keeps none with the records. Default: the name that Uppy shows. */
  readonly name?: false
  /** Files that are sent side by side, 1 to 8. Default: 3. */
  readonly filesInFlight?: number
  /** What the plugin is called in Uppy. Default: `SealedUploader`. */
  readonly id?: string
}

/** What is told of a file of Uppy when its context is asked for. */
export type SealedUploaderFile = Pick<
  UppyFile<Fields, Fields>,
  'id' | 'name' | 'type' | 'size' | 'meta'
>

/** Files side by side where nobody says otherwise. */
export const defaultFiles = 3

const names = 'transport records partLength inFlight link resume keys context name filesInFlight id'

/** Of options that Uppy merged with others those that are the uploader's. */
export function ownOptions(o: SealedUploaderOptions): SealedUploaderOptions {
  const own = names.split(' ')
  const found = Object.entries(o).filter(([name]) => own.includes(name))
  return Object.fromEntries(found) as unknown as SealedUploaderOptions
}

/** @throws SealdropError `invalid_argument` */
export function uploaderOptions(o: SealedUploaderOptions): SealedUploaderOptions {
  const options = checkOptions(o, names)
  const { keys, context, name, filesInFlight = defaultFiles } = options
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
  uploadOptions(sending(options, typeof context === 'function' ? {} : checkContext(context)))
  return options
}

/** What `uploadSealed` takes of them; Uppy adds options of its own to those of a plugin. */
export function sending(o: SealedUploaderOptions, context: Context): UploadOptions {
  const { transport, records, partLength, inFlight, name, link, resume } = o
  const given = { records, partLength, inFlight, name, link, resume }
  const there = Object.entries(given).filter(([, value]) => value !== undefined)
  return { context, transport, ...Object.fromEntries(there) }
}
