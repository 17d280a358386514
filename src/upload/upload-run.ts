import { isSealdropError, SealdropError, type SealdropErrorCode } from '../errors/sealdrop-error.js'
import { abortable, onAbort } from '../io/abort.js'
import type { KeyInfo } from '../keys/key.js'
import { beginUpload, type Upload, type UploadInput } from './begin-upload.js'
import { Gate } from './gate.js'
import { keptAwake, keptForGood } from './host.js'
import { forgetParts, StartOver, UploadSending } from './send-upload.js'
import type { UploadedFile, UploadHandle, UploadState } from './upload-options.js'

/** What ends a sealer for good: what was sent of it is of no use. */
const ending: readonly SealdropErrorCode[] = ['source_changed', 'context_mismatch']

/** The reason of a run that `pause` or `cancel` ended. */
const stopped = 'stopped'

/**
 * An upload under way.
 *
 * Its methods and getters are functions that know their object: they work behind the proxies of Vue
 * and MobX.
 */
export class UploadRun implements UploadHandle {
  declare readonly messageId: string
  declare readonly length: number
  declare readonly recipients: readonly KeyInfo[]
  declare readonly state: UploadState
  readonly done: Promise<UploadedFile>
  readonly #given: UploadInput
  #upload: Upload
  #state: UploadState = 'running'
  #stop = new AbortController()
  #gate: Gate | undefined

  constructor(upload: Upload, given: UploadInput) {
    this.#upload = upload
    this.#given = given
    const getter = (name: string, get: () => unknown): void =>
      void Object.defineProperty(this, name, { enumerable: true, get })
    getter('state', () => this.#state)
    for (const name of ['messageId', 'length', 'recipients'] as const)
      getter(name, () => this.#upload.sealer[name])
    this.done = this.#whole()
    this.done.catch(() => {}) // nobody need await it
  }

  readonly pause = (): void => {
    if (this.#state !== 'running') return
    this.#state = 'paused'
    this.#gate = new Gate()
    this.#stop.abort(stopped)
  }

  readonly resume = (): void => {
    if (this.#state !== 'paused') return
    this.#state = 'running'
    this.#gate?.open()
  }

  readonly cancel = async (): Promise<void> => {
    if (!['running', 'paused'].includes(this.#state)) return
    this.#state = 'cancelled'
    this.#stop.abort(stopped)
    this.#gate?.open()
    await this.done.catch(() => {})
  }

  async #whole(): Promise<UploadedFile> {
    const { o } = this.#given
    const sleep = keptAwake()
    try {
      if (this.#upload.plan.mode === 'multipart' && o.records) keptForGood()
      const done = await this.#untilDone()
      this.#state = 'done'
      // it arrived: a record that stays is deleted for its age
      await this.#upload.sealer.close({ done: true }).catch(() => {})
      return done
    } catch (error) {
      await this.#ended(error)
      throw error
    } finally {
      sleep()
    }
  }

  /** What is of no use any more is forgotten; of the rest another call goes on. */
  async #ended(error: unknown): Promise<void> {
    const isCancelled = this.#isCancelled()
    if (!isCancelled) this.#state = 'failed'
    const isOver = isSealdropError(error) && ending.includes(error.code)
    if (isCancelled || isOver) await forgetParts(this.#upload, this.#given.o)
    await this.#upload.sealer.close({ done: isCancelled || isOver }).catch(() => {})
  }

  /** Runs, waits while it is paused, and begins anew once where the record is too old. */
  async #untilDone(): Promise<UploadedFile> {
    for (let isAnew = false; ;) {
      await this.#mayRun()
      try {
        return await this.#run()
      } catch (error) {
        if (error instanceof StartOver && !isAnew) {
          isAnew = true
          await this.#beginAnew(error)
        } else if (this.#stop.signal.reason !== stopped) throw error
      }
    }
  }

  /** Waits while it is paused. @throws SealdropError `closed`, and the reason of the signal */
  async #mayRun(): Promise<void> {
    const { signal } = this.#given.o
    for (;;) {
      signal?.throwIfAborted()
      if (this.#isCancelled()) throw new SealdropError('closed', 'the upload was cancelled')
      if (this.#state !== 'paused') return
      await abortable(this.#gate?.promise ?? Promise.resolve(), signal)
    }
  }

  #isCancelled(): boolean {
    return this.#state === 'cancelled'
  }

  async #run(): Promise<UploadedFile> {
    const { o } = this.#given
    this.#stop = new AbortController()
    const { signal } = this.#stop
    const off = onAbort(o.signal, () => this.#stop.abort(o.signal?.reason))
    try {
      return await new UploadSending(this.#upload, o, signal).run()
    } finally {
      off()
    }
  }

  async #beginAnew(why: StartOver): Promise<void> {
    await forgetParts(this.#upload, this.#given.o)
    this.#upload.sealer.end(why)
    await this.#upload.sealer.close()
    const { o } = this.#given
    const { link } = this.#upload.record
    const again = { ...o, resume: false, ...(link && { link: { token: link } }) }
    this.#upload = await beginUpload({ ...this.#given, o: again })
  }
}
