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
import { conflictWith } from './alone.js'
import { FileRun, type Begin, type Sending } from './file-run.js'
import { Turns } from '../io/turns.js'
import { defaultFiles, picked, type FileToSend, type UploaderOptions } from './uploader-options.js'

/** What is different of the ways in which files leave. */
export interface Way<O> {
  /** What the plugin is called where nobody says otherwise. */
  readonly id: string
  /** The names of all its options, with one space between two. */
  readonly names: string
  /** @throws SealdropError `invalid_argument` */
  readonly check: (o: O) => O
  /** Seals a file, and begins to send it. */
  readonly send: (o: O, data: Blob, given: FileToSend) => Promise<Sending>
}

/** An uploader for Uppy: it stands alone, takes files in their turn, and hands each to its way. */
export class FilesUploader<
  O extends UploaderOptions,
  M extends Meta,
  B extends Body,
> extends BasePlugin<O, M, B> {
  readonly #way: Way<O>
  readonly #runs = new Map<string, FileRun<M, B>>()
  readonly #turns: Turns
  readonly #events: EventManager<M, B>
  #stop = new AbortController()
  /** Why Uppy could not take it. */
  #refused: SealdropError | undefined

  constructor(uppy: Uppy<M, B>, o: O, way: Way<O>) {
    super(uppy, way.check(o))
    this.type = 'uploader'
    this.id = o.id ?? way.id
    this.#way = way
    this.#turns = new Turns(() => this.opts.filesInFlight ?? defaultFiles)
    this.#events = new EventManager(uppy)
  }

  /** Uppy gives its own options too, where its language changes: those are none of ours. */
  override setOptions(o: Partial<O>): void {
    const { check, names } = this.#way
    const own = { ...picked(this.opts, names), ...('locale' in o ? picked(o, names) : o) }
    check(own as O)
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
  }

  override uninstall(): void {
    this.uppy.removePreProcessor(this.#ensureAlone)
    this.uppy.removeUploader(this.#upload)
    this.#events.remove()
    if (this.#refused) return
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
    this.#events.on('file-removed', ({ id }) => this.#runs.get(id)?.cancel())
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

  async #begin(file: UppyFile<M, B>, onProgress: Parameters<Begin>[0]): Promise<Sending> {
    const { data, meta } = file
    ensure(
      !file.isRemote,
      'source_failed',
      'Companion has this file, which is no place to seal: add it from this device',
    )
    ensure(data, 'source_failed', 'the content of this file is gone: choose the file again')
    const { context, name } = this.opts
    // another name than the file's own was given to it in Uppy
    const isRenamed = name !== false && meta.name !== (data as Partial<File>).name
    return this.#way.send(this.opts, data as Blob, {
      context: typeof context === 'function' ? context(file) : context,
      ...(isRenamed && { name: meta.name }),
      signal: this.#stop.signal,
      onProgress,
    })
  }
}
