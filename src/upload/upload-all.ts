import { checkCount, ensure, hasMethods } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { SealdropError } from '../errors/sealdrop-error.js'
import type { Context } from '../formats/context.js'
import type { ByteSource } from '../io/byte-source.js'
import { fileInput } from '../io/stream-source.js'
import { abortable } from '../io/abort.js'
import { tell } from '../io/tell.js'
import type { Recipients } from '../stream/plan-message.js'
import { Gate } from './gate.js'
import { uploadLimits } from './plan.js'
import {
  uploadOptions,
  type UploadedFile,
  type UploadHandle,
  type UploadOptions,
} from './upload-options.js'
import { uploadSealed } from './upload-sealed.js'

/** How many files are sealed and sent. */
export interface UploadAllOptions extends Omit<UploadOptions, 'context' | 'name' | 'onProgress'> {
  /** The context of each file, or what answers it. Everyone can read it. */
  readonly context: Context | ((file: Blob | ByteSource, index: number) => Context)
  /** `false` keeps no names with the records. Default: each file's own. */
  readonly name?: false
  /** Files that are sent side by side, 1 to 8; of those of several parts one at a time. Default: 3. */
  readonly filesInFlight?: number
  /** Told of bytes of the files, and of how many of them ended. Default: nobody. */
  readonly onProgress?: (p: UploadAllProgress) => void
  /** Told of each file that ended, as soon as it did. Default: nobody. */
  readonly onFile?: (outcome: UploadOutcome) => void
}

/** How far all files are. */
export interface UploadAllProgress {
  /** Bytes of the files that left, about. */
  readonly done: number
  readonly total: number
  /** Files that ended, in whichever way. */
  readonly filesDone: number
  readonly filesTotal: number
}

/** What became of one file. */
export type UploadOutcome = {
  readonly file: Blob | ByteSource
  /** Its place among those that were given, from 0. */
  readonly index: number
} & (
  | { readonly status: 'fulfilled'; readonly value: UploadedFile }
  | { readonly status: 'rejected'; readonly reason: unknown }
)

/** Files under way. */
export interface UploadAllHandle {
  /** What became of each file, in their order. It rejects for nothing. */
  readonly done: Promise<readonly UploadOutcome[]>
  /** Stops sending until `resume`. */
  pause(): void
  /** Goes on after `pause`. */
  resume(): void
  /** Ends what is not sent yet, and what is under way. */
  cancel(): Promise<void>
}

/**
 * Seals many files and sends them. One that fails does not stop the others.
 *
 * - they are begun in their order
 * - small files go side by side; of files of several parts one is under way at a time
 *
 * @param keys - one key of each set can open them
 * @param files - such as the files of an `<input type="file" multiple>`
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: an option is wrong, or this is no list of files
 * @example
 *   ```js
 *   import { fetchKeySet, overHttps } from 'sealdrop'
 *   import { uploadAll, uploadTransport } from 'sealdrop/upload'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const transport = uploadTransport('https://files.example.com/uploads')
 *   const files = [] // in a page: input.files
 *   const all = uploadAll(keys, files, { context: { order: '7' }, transport })
 *   const failed = (await all.done).filter(({ status }) => status === 'rejected')
 *   console.log(failed.length) // 0
 *   ```
 */
export function uploadAll(
  keys: Recipients,
  files: Iterable<Blob | ByteSource>,
  o: UploadAllOptions,
): UploadAllHandle {
  const names =
    'signal context transport records partLength inFlight name link resume onProgress filesInFlight onFile'
  const options = checkOptions(o, names)
  const { filesInFlight = 3 } = options
  checkCount('filesInFlight', filesInFlight, 8)
  uploadOptions(forOne(options, {}))
  ensure(
    hasMethods(files, Symbol.iterator) && typeof files !== 'string',
    'invalid_argument',
    'files: expected a list of Blobs or byte sources',
  )
  return new UploadsRun(keys, [...files], options, filesInFlight)
}

/** The options of one file among many. */
function forOne(o: UploadAllOptions, context: Context): UploadOptions {
  const { filesInFlight: _, onFile: __, onProgress: ___, ...rest } = o
  return { ...rest, context }
}

class UploadsRun implements UploadAllHandle {
  readonly done: Promise<readonly UploadOutcome[]>
  readonly #keys: Recipients
  readonly #files: readonly (Blob | ByteSource)[]
  readonly #o: UploadAllOptions
  /** Bytes of each file that left, about. */
  readonly #left: number[]
  readonly #sizes: readonly number[]
  readonly #outcomes: UploadOutcome[] = []
  readonly #under = new Set<UploadHandle>()
  /** The turn of a file of several parts. */
  #turn: Promise<unknown> = Promise.resolve()
  #next = 0
  #isOver = false
  #paused: Gate | undefined

  constructor(
    keys: Recipients,
    files: readonly (Blob | ByteSource)[],
    ...[o, count]: [o: UploadAllOptions, count: number]
  ) {
    this.#keys = keys
    this.#files = files
    this.#o = o
    this.#sizes = files.map((file) => fileInput(file).size)
    this.#left = files.map(() => 0)
    this.done = this.#all(count)
  }

  readonly pause = (): void => {
    if (this.#paused || this.#isOver) return
    this.#paused = new Gate()
    for (const upload of this.#under) upload.pause()
  }

  readonly resume = (): void => {
    this.#paused?.open()
    this.#paused = undefined
    for (const upload of this.#under) upload.resume()
  }

  readonly cancel = async (): Promise<void> => {
    this.#isOver = true
    await Promise.all([...this.#under].map((upload) => upload.cancel()))
    this.resume()
    await this.done
  }

  async #all(count: number): Promise<readonly UploadOutcome[]> {
    const lane = async (): Promise<void> => {
      while (this.#next < this.#files.length) await this.#one(this.#next++)
    }
    await Promise.all(Array.from({ length: count }, lane))
    return this.#outcomes
  }

  async #one(index: number): Promise<void> {
    const file = this.#files[index] as Blob
    try {
      const value = await this.#sent(file, index)
      this.#ended({ file, index, status: 'fulfilled', value })
    } catch (reason) {
      this.#ended({ file, index, status: 'rejected', reason })
    }
  }

  async #sent(file: Blob | ByteSource, index: number): Promise<UploadedFile> {
    const { context } = this.#o
    // a header takes some kilobytes, and so a file near the limit may have one part or two
    const isLarge = (this.#sizes[index] ?? 0) > uploadLimits.part / 2
    const work = () =>
      this.#begun(file, index, typeof context === 'function' ? context(file, index) : context)
    if (!isLarge) return work()
    const mine = this.#turn.then(work)
    this.#turn = mine.catch(() => {})
    return mine
  }

  async #begun(file: Blob | ByteSource, index: number, context: Context): Promise<UploadedFile> {
    await abortable(this.#paused?.promise ?? Promise.resolve(), this.#o.signal)
    if (this.#isOver) throw new SealdropError('closed', 'the upload was cancelled')
    const size = this.#sizes[index] ?? 0
    const upload = await uploadSealed(this.#keys, file, {
      ...forOne(this.#o, context),
      onProgress: ({ done, total }) => {
        this.#left[index] = (size * done) / total
        this.#tell()
      },
    })
    this.#under.add(upload)
    try {
      if (this.#isOver) await upload.cancel()
      if (this.#paused) upload.pause()
      return await upload.done
    } finally {
      this.#under.delete(upload)
    }
  }

  #ended(outcome: UploadOutcome): void {
    this.#outcomes[outcome.index] = outcome
    this.#left[outcome.index] = this.#sizes[outcome.index] ?? 0
    tell(this.#o.onFile, outcome)
    this.#tell()
  }

  #tell(): void {
    const sum = (list: readonly number[]): number => list.reduce((all, one) => all + one, 0)
    tell(this.#o.onProgress, {
      done: Math.round(sum(this.#left)),
      total: sum(this.#sizes),
      filesDone: this.#outcomes.filter(Boolean).length,
      filesTotal: this.#files.length,
    })
  }
}
