import type { KeyInfo } from '../keys/key.js'
import type { UploadedFile } from '../upload/upload-options.js'

/** What the queue needs of a file. */
export interface QueuedFile {
  readonly name: string
  readonly size: number
  readonly lastModified: number
  readonly webkitRelativePath: string
}

/** What the queue needs of an upload: `uploadSealed` answers it. */
export interface Sending {
  readonly recipients: readonly KeyInfo[]
  readonly done: Promise<UploadedFile>
  pause(): void
  resume(): void
  cancel(): Promise<void>
}

/** What a file of the queue is doing. */
export type ItemState = 'waiting' | 'sending' | 'paused' | 'done' | 'failed'

/** What the whole queue is doing. */
export type QueueState = 'empty' | 'ready' | 'sending' | 'paused' | 'done' | 'failed'

/** A file of the queue. */
export interface Item<F extends QueuedFile = QueuedFile> {
  readonly id: number
  readonly file: F
  /** Its name, with its folders. */
  readonly path: string
  state: ItemState
  /** Whether an unfinished upload of this file is known. */
  resumes: boolean
  /** Bytes of the file that left, about. */
  done: number
  recipients: readonly KeyInfo[]
  error?: unknown
  sent?: UploadedFile
  sentAt?: Date
}

/** What a queue works with. */
export interface QueuePort<F extends QueuedFile> {
  /** Begins to seal and send a file. */
  begin(file: F, onProgress: (share: number) => void): Promise<Sending>
  /** Told after each change. */
  changed(): void
  /** Told when a file ended. */
  ended(item: Item<F>): void
  now(): number
}

/** Files that go side by side. */
const lanes = 3
/** From this size on, a file may have several parts, and goes by itself among such. */
const large = 4 * 2 ** 20

export const pathOf = (file: QueuedFile): string => file.webkitRelativePath || file.name

/** The same text for the same file. */
const markOf = (file: QueuedFile): string => [file.size, file.lastModified, pathOf(file)].join('/')

/** Files on their way: which begins next, what each is doing, and how far all are. */
export class DropQueue<F extends QueuedFile> {
  readonly #port: QueuePort<F>
  /** Ids of files that were begun and did not end; {@link #under} has those whose upload is there. */
  readonly #begun = new Set<number>()
  readonly #under = new Map<number, Sending>()
  #items: readonly Item<F>[] = []
  #nextId = 1
  #runs = false
  #isPaused = false

  constructor(port: QueuePort<F>) {
    this.#port = port
  }

  get items(): readonly Item<F>[] {
    return this.#items
  }

  get state(): QueueState {
    const has = (state: ItemState): boolean => this.#items.some((item) => item.state === state)
    if (this.#items.length === 0) return 'empty'
    if (this.#isPaused) return 'paused'
    if (has('sending')) return 'sending'
    if (has('waiting')) return 'ready'
    return has('failed') ? 'failed' : 'done'
  }

  /** Bytes of the files that left, and of all; a file that failed counts in neither. */
  get progress(): { readonly done: number; readonly total: number } {
    const counted = this.#items.filter(({ state }) => state !== 'failed')
    const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0)
    return {
      done: Math.round(sum(counted.map(({ done }) => done))),
      total: sum(counted.map(({ file }) => file.size)),
    }
  }

  /**
   * Adds files, except those that wait or are sent already.
   *
   * @returns those that were added
   */
  add(files: Iterable<F>, resumes: (file: F) => boolean = () => false): readonly Item<F>[] {
    const added: Item<F>[] = []
    const known = new Set(this.#items.filter(isOpen).map(({ file }) => markOf(file)))
    for (const file of files) {
      if (known.size === known.add(markOf(file)).size) continue
      added.push({
        id: this.#nextId++,
        file,
        path: pathOf(file),
        state: this.#isPaused ? 'paused' : 'waiting',
        resumes: resumes(file),
        done: 0,
        recipients: [],
      })
    }
    this.#items = [...this.#items, ...added]
    this.#go()
    return added
  }

  /** Sends what waits. */
  send(): void {
    this.#runs = true
    this.#go()
  }

  pause(): void {
    if (this.state !== 'sending') return
    this.#isPaused = true
    for (const item of this.#items) if (isOpen(item)) item.state = 'paused'
    for (const sending of this.#under.values()) sending.pause()
    this.#port.changed()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    for (const item of this.#items)
      if (item.state === 'paused') item.state = this.#begun.has(item.id) ? 'sending' : 'waiting'
    for (const sending of this.#under.values()) sending.resume()
    this.#go()
  }

  /** Sends a file that failed once more. */
  retry(id: number): void {
    const item = this.#items.find((one) => one.id === id)
    if (item?.state !== 'failed') return
    Object.assign(item, { state: this.#isPaused ? 'paused' : 'waiting', done: 0, error: undefined })
    this.send()
  }

  /** Takes a file out. What was sent of it is forgotten, here and at the company. */
  remove(id: number): Promise<void> {
    return this.#drop((item) => item.id === id)
  }

  /** Takes out what did not arrive. */
  cancel(): Promise<void> {
    return this.#drop(isOpen)
  }

  /** All at once, or those that wait would begin in the place of those that went. */
  async #drop(goes: (item: Item<F>) => boolean): Promise<void> {
    const gone = this.#items.filter(goes)
    this.#items = this.#items.filter((item) => !goes(item))
    const under = gone.map(({ id }) => this.#under.get(id))
    this.#settle()
    this.#go()
    await Promise.all(under.map(async (sending) => sending?.cancel()))
  }

  /** Begins what may begin now. */
  #go(): void {
    if (this.#runs && !this.#isPaused)
      for (let item = this.#next(); item; item = this.#next()) void this.#one(item)
    this.#port.changed()
  }

  #next(): Item<F> | undefined {
    const under = this.#items.filter(({ state }) => state === 'sending')
    if (under.length >= lanes) return undefined
    const hasLarge = under.some(({ file }) => file.size >= large)
    return this.#items.find(
      ({ state, file, id }) =>
        state === 'waiting' && !this.#begun.has(id) && !(hasLarge && file.size >= large),
    )
  }

  async #one(item: Item<F>): Promise<void> {
    item.state = 'sending'
    this.#begun.add(item.id)
    try {
      const sent = await this.#sent(item)
      Object.assign(item, { state: 'done', done: item.file.size, sent })
      item.sentAt = new Date(this.#port.now())
    } catch (error) {
      Object.assign(item, { state: 'failed', error })
    }
    this.#under.delete(item.id)
    this.#begun.delete(item.id)
    this.#settle()
    if (this.#items.includes(item)) this.#port.ended(item)
    this.#go()
  }

  async #sent(item: Item<F>): Promise<UploadedFile> {
    const sending = await this.#port.begin(item.file, (share) => {
      item.done = item.file.size * share
      this.#port.changed()
    })
    this.#under.set(item.id, sending)
    item.recipients = sending.recipients
    if (!this.#items.includes(item)) await sending.cancel()
    else if (this.#isPaused) sending.pause()
    return sending.done
  }

  /** When nothing is left, the next file waits to be sent again. */
  #settle(): void {
    if (this.#items.some(isOpen)) return
    this.#runs = false
    this.#isPaused = false
  }
}

/** Whether a file can still arrive by itself. */
const isOpen = ({ state }: Item): boolean => ['waiting', 'sending', 'paused'].includes(state)
