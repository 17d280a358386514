import type { Body, Meta, Uppy, UppyFile } from '@uppy/core'
import { SealdropError } from '../errors/sealdrop-error.js'
import type { UploadedFile, UploadHandle, UploadOptions } from '../upload/upload-options.js'

/** Begins to send a file. */
export type Begin = (onProgress: NonNullable<UploadOptions['onProgress']>) => Promise<UploadHandle>

/** Uppy reads the message of what it is told, and an application may throw anything. */
const errorOf = (error: unknown): Error =>
  error instanceof Error
    ? error
    : new SealdropError('source_failed', `the file could not be begun: ${String(error)}`)

/** One file of Uppy on its way: what Uppy says reaches the upload, and the other way round. */
export class FileRun<M extends Meta, B extends Body> {
  readonly #uppy: Uppy<M, B>
  readonly #file: UppyFile<M, B>
  #upload: UploadHandle | undefined
  #isPaused: boolean
  #isCancelled = false

  constructor(uppy: Uppy<M, B>, file: UppyFile<M, B>) {
    this.#uppy = uppy
    this.#file = file
    this.#isPaused = file.isPaused ?? false
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused
    if (isPaused) this.#upload?.pause()
    else this.#upload?.resume()
  }

  /** Ends it: its parts and its record go, also where it has not begun yet. */
  cancel(): void {
    this.#isCancelled = true
    void this.#upload?.cancel()
  }

  /** Settles when the file ended, in whichever way. */
  async send(begin: Begin): Promise<void> {
    const tell = await this.#sent(begin).then(
      (body) => (): void =>
        this.#uppy.emit('upload-success', this.#file, { status: 200, body: body as unknown as B }),
      (error: unknown) => (): void => {
        if (!this.#isCancelled) this.#uppy.emit('upload-error', this.#file, errorOf(error))
      },
    )
    try {
      tell()
    } catch (error) {
      // whoever listens cannot make of a file that arrived one that failed, nor stop the others
      this.#uppy.log(error as Error, 'error')
    }
  }

  async #sent(begin: Begin): Promise<UploadedFile> {
    const upload = await begin((progress) => this.#tell(progress))
    this.#upload = upload
    if (this.#isCancelled) await upload.cancel()
    if (this.#isPaused) upload.pause()
    return { ...(await upload.done) }
  }

  #tell({ done, total }: { readonly done: number; readonly total: number }): void {
    const file = this.#uppy.getFile(this.#file.id)
    // `clear` of Uppy forgets files without a word
    if (!file) return this.cancel()
    const uploadStarted = file.progress.uploadStarted ?? Date.now()
    const progress = { uploadStarted, bytesUploaded: done, bytesTotal: total }
    this.#uppy.emit('upload-progress', file, progress)
  }
}
