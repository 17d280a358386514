import {
  BasePlugin,
  EventManager,
  type Body,
  type Meta,
  type UnknownPlugin,
  type Uppy,
  type UppyFile,
} from '@uppy/core'
import { ensure } from '../errors/guard.js'
import { SealdropError } from '../errors/sealdrop-error.js'
import type { UploadHandle } from '../upload/upload-options.js'
import { uploadSealed } from '../upload/upload-sealed.js'
import { conflictWith } from './alone.js'
import { AskAgain } from './ask-again.js'
import { FileRun, type Begin } from './file-run.js'
import { Turns } from './turns.js'
import {
  defaultFiles,
  ownOptions,
  sending,
  uploaderOptions,
  type SealedUploaderOptions,
} from './uploader-options.js'

/**
 * Seals what people send with Uppy, and sends it to a company's bucket.
 *
 * - the Dashboard shows progress, and can pause, resume, retry and cancel
 * - a file that cannot be sealed is not sent
 * - with `records` the Dashboard asks for unfinished files again, and goes on where they were
 *
 * @throws SealdropError when Uppy takes it, or takes another plugin beside it:
 *   - `invalid_argument`: an option is wrong
 *   - `conflict`: another uploader, or Golden Retriever, which keeps files as they are
 * @throws SealdropError of each file, as the event `upload-error`:
 *   - what `uploadSealed` throws
 *   - `source_failed`: the page has no content of the file
 * @example
 *   ```js
 *   import Uppy from '@uppy/core'
 *   import { fetchKeySet, overHttps } from 'sealdrop'
 *   import { uploadTransport } from 'sealdrop/upload'
 *   import { SealedUploader } from 'sealdrop/uppy'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const transport = uploadTransport('https://files.example.com/uploads')
 *   const uppy = new Uppy().use(SealedUploader, { keys, context: { order: '7' }, transport })
 *   console.log(uppy.getPlugin('SealedUploader').type) // uploader
 *   ```
 * @see upload.md
 */
export class SealedUploader<M extends Meta, B extends Body> extends BasePlugin<
  SealedUploaderOptions,
  M,
  B
> {
  readonly #runs = new Map<string, FileRun<M, B>>()
  readonly #turns: Turns
  readonly #askAgain: AskAgain<M, B>
  readonly #events: EventManager<M, B>
  #stop = new AbortController()
  /** Why Uppy could not take it. */
  #refused: SealdropError | undefined

  constructor(uppy: Uppy<M, B>, o: SealedUploaderOptions) {
    super(uppy, uploaderOptions(o))
    this.type = 'uploader'
    this.id = o.id ?? 'SealedUploader'
    this.#turns = new Turns(() => this.opts.filesInFlight ?? defaultFiles)
    this.#askAgain = new AskAgain(uppy, () => this.opts)
    this.#events = new EventManager(uppy)
  }

  /** Uppy gives its own options too, where its language changes: those are none of ours. */
  override setOptions(o: Partial<SealedUploaderOptions>): void {
    const own = ownOptions(this.opts)
    uploaderOptions('locale' in o ? ownOptions({ ...own, ...o }) : { ...own, ...o })
    super.setOptions(o)
  }

  override install(): void {
    this.#refused = this.#conflict()
    // whoever catches the conflict still sends nothing
    this.uppy.addPreProcessor(this.#ensureAlone)
    this.#ensureAlone()
    this.#stop = new AbortController()
    this.uppy.addUploader(this.#upload)
    this.#listen()
    this.#setResumable(true)
    this.#askAgain.show().catch((error: Error) => this.uppy.log(error, 'error'))
  }

  override uninstall(): void {
    this.uppy.removePreProcessor(this.#ensureAlone)
    this.uppy.removeUploader(this.#upload)
    this.#events.remove()
    if (this.#refused) return
    this.#askAgain.stop()
    this.#setResumable(false)
    this.#stop.abort(new SealdropError('closed', `${this.id}: it was removed from Uppy`))
  }

  #setResumable(resumableUploads: boolean): void {
    const { capabilities } = this.uppy.getState()
    this.uppy.setState({ capabilities: { ...capabilities, resumableUploads } })
  }

  #conflict(): SealdropError | undefined {
    const found: (SealdropError | undefined)[] = []
    this.uppy.iteratePlugins((plugin) => found.push(conflictWith(plugin, this.id)))
    return found.find(Boolean)
  }

  readonly #ensureAlone = (): void => {
    const conflict = this.#refused ?? this.#conflict()
    if (conflict) throw conflict
  }

  #listen(): void {
    const all = (isPaused: boolean) => (): void => {
      for (const run of this.#runs.values()) run.pause(isPaused)
    }
    this.#events.on('plugin-added', this.#onPlugin)
    this.#events.on('upload-pause', (file, isPaused) =>
      this.#runs.get(file?.id ?? '')?.pause(isPaused),
    )
    this.#events.on('pause-all', all(true))
    this.#events.on('resume-all', all(false))
    this.#events.on('cancel-all', () => this.#askAgain.cancelled())
    this.#events.on('file-added', (file) => this.#askAgain.added(file))
    this.#events.on('file-removed', (file) => {
      this.#runs.get(file.id)?.cancel()
      this.#askAgain.removed(file)
    })
  }

  /** Who comes later goes again, before it keeps or sends anything. */
  readonly #onPlugin = (plugin: UnknownPlugin<M, B>): void => {
    const conflict = conflictWith(plugin, this.id)
    if (!conflict) return
    this.uppy.removePlugin(plugin)
    throw conflict
  }

  readonly #upload = async (ids: string[]): Promise<void> => {
    const files = this.uppy.getFilesByIds(ids).filter(
      ({ error, progress }) => !error && !progress.uploadComplete, // as Uppy's own uploaders do
    )
    this.uppy.emit('upload-start', files)
    await Promise.all(files.map(({ id }) => this.#turns.take(() => this.#send(id))))
  }

  async #send(id: string): Promise<void> {
    // it may have been removed, or paused, while it waited for its turn
    const file = this.uppy.getFiles().find((known) => known.id === id)
    if (!file) return
    const run = new FileRun(this.uppy, file)
    this.#runs.set(id, run)
    await run.send((onProgress) => this.#begin(file, onProgress))
    if (this.#runs.get(id) === run) this.#runs.delete(id)
  }

  async #begin(file: UppyFile<M, B>, onProgress: Parameters<Begin>[0]): Promise<UploadHandle> {
    const { isRemote, data, meta } = file
    ensure(
      !isRemote,
      'source_failed',
      'Companion has this file, which is no place to seal: add it from this device',
    )
    ensure(data, 'source_failed', 'the content of this file is gone: choose the file again')
    const { context, keys } = this.opts
    const options = sending(this.opts, typeof context === 'function' ? context(file) : context)
    // another name than the file's own was given to it in Uppy
    const isRenamed = options.name !== false && meta.name !== (data as Partial<File>).name
    const { signal } = this.#stop
    return uploadSealed(keys, data, {
      ...options,
      ...(isRenamed && { name: meta.name }),
      signal,
      onProgress,
    })
  }
}
