import { SealdropError } from '../errors/sealdrop-error.js'
import { onAbort, unwatched } from '../io/abort.js'
import { secureUrl } from '../io/secure-url.js'
import { tell } from '../io/tell.js'
import type { TusSealing } from '../tus/seal-for-tus.js'
import type { TusSealed } from '../tus/sealed-source.js'
import { tusFailure } from '../tus/tus-error.js'
import { keptAwake } from '../upload/host.js'
import type { Sending } from './file-run.js'
import type { SealedTusUploaderOptions, TusRequest, TusUpload } from './tus-uploader-options.js'
import { picked, type FileToSend } from './uploader-options.js'

/** What left, and where the server has it. */
interface SentByTus extends TusSealed {
  readonly url: string
}

/** A file that was sealed for tus, and what it is sent with. */
interface TusToSend extends Pick<FileToSend, 'signal' | 'onProgress'> {
  readonly file: Blob
  readonly sealing: TusSealing
  readonly o: SealedTusUploaderOptions
}

/** Options that go to tus-js-client as they are. */
const handedOn = 'endpoint headers chunkSize retryDelays urlStorage'

/**
 * A file on its way to a server of tus.
 *
 * Each pause ends a `tus.Upload`, and a new one goes on. One that starts again after `abort` sends
 * what was being sealed meanwhile, and takes the failure of an old request for one of a new one.
 */
export class TusSending implements Sending {
  readonly done: Promise<SentByTus>
  readonly #given: TusToSend
  /** The newest: it knows where the server has the file. */
  #upload: TusUpload | undefined
  /** The one that may send; none while it is paused, or over. */
  #now: TusUpload | undefined
  /** Settles when the newest one was started. */
  #begun: Promise<void> = Promise.resolve()
  #isOver = false
  #settle: readonly [(sent: SentByTus) => void, (error: unknown) => void] = [() => {}, () => {}]

  constructor(given: TusToSend) {
    this.#given = given
    const { signal } = given
    this.done = new Promise((...settle) => {
      this.#settle = settle
    })
    const sleep = keptAwake()
    const off = onAbort(signal, () => this.#fail(signal?.reason))
    const end = (): void => {
      off()
      sleep()
    }
    this.done.then(end, end)
    this.resume()
  }

  pause(): void {
    const upload = this.#now
    this.#now = undefined
    void unwatched(async () => upload?.abort())
  }

  resume(): void {
    if (!this.#isOver && !this.#now) this.#begun = this.#begin()
  }

  /** Ends it: the server is told to forget it, and its record and its address are deleted. */
  async cancel(): Promise<void> {
    if (!this.#end()) return
    const { sealing } = this.#given
    await Promise.allSettled([sealing.close({ done: true }), this.#forget()])
    this.#settle[1](new SealdropError('closed', 'the upload was cancelled'))
  }

  async #begin(): Promise<void> {
    const { file } = this.#given
    const { url = null } = this.#upload ?? {}
    try {
      const upload = new this.#given.o.Upload(
        file,
        this.#options(() => this.#now === upload),
      )
      this.#upload = this.#now = upload
      // at once: it may be paused before it was started
      upload.url = url
      const [stored] = await upload.findPreviousUploads()
      if (stored) upload.resumeFromPreviousUpload(stored as never)
      if (this.#now === upload) upload.start()
    } catch (error) {
      this.#fail(error)
    }
  }

  /** @param isNow - whether the upload of these options may send */
  #options(isNow: () => boolean): never {
    const { sealing, o, onProgress } = this.#given
    // one that says nothing would take the place of what tus-js-client does by itself
    const own = Object.entries(picked(o, handedOn)).filter(([, value]) => value !== undefined)
    const options = {
      ...sealing.options,
      ...Object.fromEntries(own),
      onProgress: (done: number, total: number) => {
        if (isNow()) tell(onProgress, { done, total })
      },
      onBeforeRequest: async (request: TusRequest) => {
        await o.onBeforeRequest?.(request)
        // what was under way when it was stopped stays here for good
        if (!isNow() && request.getMethod() !== 'DELETE') await new Promise(() => {})
      },
      // before it is stored; tus-js-client tells what is thrown as the error of the request
      onUploadUrlAvailable: () => void secureUrl(this.#upload?.url ?? ''),
      onSuccess: () => {
        if (isNow()) void this.#finish()
      },
      onError: (error: unknown) => {
        if (isNow()) this.#fail(error)
      },
    }
    return options as never
  }

  async #finish(): Promise<void> {
    const url = this.#upload?.url ?? ''
    try {
      const sent = await this.#given.sealing.finish()
      await this.#removeAddresses().catch(() => {})
      // it may have been cancelled while the end was compared
      if (this.#end()) this.#settle[0]({ ...sent, url })
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    if (this.#end()) void this.#failed(error)
  }

  /** Lets go of the record before anybody is told: another try goes on with it. */
  readonly #failed = async (error: unknown): Promise<void> => {
    await this.#given.sealing.close().catch(() => {})
    this.#settle[1](tusFailure(error))
  }

  /** @returns false where it was over already */
  #end(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    this.pause()
    return true
  }

  async #forget(): Promise<void> {
    await this.#begun
    // a server need not be able to forget, and then its address is of no use either
    await this.#upload?.abort(true).catch(() => {})
    await this.#removeAddresses()
  }

  /** Each pause may have left one of its own, of which `tus.Upload` removes the last. */
  async #removeAddresses(): Promise<void> {
    const upload = this.#upload as TusUpload & {
      readonly options: { readonly urlStorage: UrlStorage }
    }
    for (const stored of await upload.findPreviousUploads())
      await upload.options.urlStorage.removeUpload((stored as StoredUpload).urlStorageKey)
  }
}

interface StoredUpload {
  readonly urlStorageKey: string
}

interface UrlStorage {
  removeUpload(key: string): Promise<void>
}
