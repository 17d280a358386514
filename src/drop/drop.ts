import { forgetUpload } from '../upload/forget-upload.js'
import { unfinishedUploads, type UnfinishedUpload } from '../upload/unfinished-uploads.js'
import type { UploadHandle } from '../upload/upload-options.js'
import { uploadSealed } from '../upload/upload-sealed.js'
import { droppedFiles } from './dropped.js'
import { languageOf, type Language, type Languages } from './format.js'
import { areShown, knownKeys } from './known-keys.js'
import { filled } from './messages/messages.js'
import type { DropActions, KeysKnown } from './model.js'
import { DropQueue, type Item, type QueueState } from './queue.js'
import { Rate } from './rate.js'
import { receiptOf, receiptsText, type DropReceipt } from './receipts.js'
import { readSettings, type DropSettings, type ReadySettings, type Unready } from './settings.js'
import { Box } from './view/box.js'
import { codeOf } from './view/words.js'

/** Milliseconds between two looks of the box. */
const beat = 100
const second = 1_000
const quarter = 0.25

/** What an element is for its box. */
export interface DropHost {
  settings(): DropSettings
  language(): string
  tables(): Languages
  tell(type: string, detail: object): void
}

/** The work behind the element: settings, keys, the queue, and what is shown of them. */
export class Drop {
  readonly queue: DropQueue<File>
  readonly #host: DropHost
  readonly #box: Box
  readonly #rate = new Rate()
  #settings: ReadySettings | Unready = { error: undefined }
  #keys: KeysKnown = { state: 'checking' }
  /** Why the keys were believed when a file was begun. */
  readonly #trust = new WeakMap<File, DropReceipt['trust']>()
  #unfinished: readonly UnfinishedUpload[] = []
  #language: Language
  #isDue = false
  #tick: ReturnType<typeof setTimeout> | undefined
  /** The newest look at the keys. */
  #check: Promise<void> = Promise.resolve()
  #told: QueueState = 'empty'
  #said = 0

  constructor(host: DropHost, root: ShadowRoot) {
    this.#host = host
    this.#language = this.#spoken()
    this.queue = new DropQueue<File>({
      begin: (file, onProgress) => this.#begin(file, onProgress),
      changed: () => this.#soon(),
      ended: (item) => this.#ended(item),
      now: () => Date.now(),
    })
    this.#box = new Box(this.#actions())
    root.append(this.#box.body)
  }

  get receipts(): readonly DropReceipt[] {
    return this.queue.items
      .map((item) => receiptOf(item, this.#trust.get(item.file) ?? []))
      .filter((receipt) => receipt !== undefined)
  }

  /** Reads all settings again. What is on its way goes on as it was begun. */
  configure(): void {
    this.#settings = readSettings(this.#host.settings())
    if ('error' in this.#settings) this.#host.tell('sealdrop-error', wordsOf(this.#settings.error))
    else {
      void this.checkKeys()
      void this.#lookForUnfinished()
    }
    this.show()
  }

  /** Shows all texts in the language that the page has now. */
  speak(): void {
    this.#language = this.#spoken()
    this.show()
  }

  #spoken(): Language {
    return languageOf(this.#host.language(), this.#host.tables())
  }

  add(files: readonly File[]): void {
    const isKnown = (file: File): boolean =>
      this.#unfinished.some(
        ({ name, size, modified }) =>
          name === file.name && size === file.size && modified?.getTime() === file.lastModified,
      )
    const added = this.queue.add(files, isKnown)
    if (added.length > 0) this.#say('added', added.length)
  }

  send(): void {
    if (!('error' in this.#settings) && this.#keys.state === 'believed') this.queue.send()
  }

  checkKeys(): Promise<void> {
    const settings = this.#settings
    if ('error' in settings) return Promise.resolve()
    this.#keys = { state: 'checking' }
    this.show()
    const check = knownKeys(settings).then((found) => {
      if (check !== this.#check) return
      this.#keys = found
      if (found.state === 'failed') this.#host.tell('sealdrop-error', wordsOf(found.error))
      this.show()
    })
    return (this.#check = check)
  }

  /** Keys that could not be fetched are asked for again once there is a network. */
  network(): void {
    if (navigator.onLine && this.#keys.state === 'failed') void this.checkKeys()
    else this.show()
  }

  async #lookForUnfinished(): Promise<void> {
    if ('error' in this.#settings || !this.#settings.records) return
    // where a browser keeps nothing, there is nothing to go on with
    this.#unfinished = await unfinishedUploads(this.#settings.records).catch(() => [])
    this.show()
  }

  async #begin(file: File, onProgress: (share: number) => void): Promise<UploadHandle> {
    const settings = await this.#believed()
    const { keys, transport, context, link, records } = settings
    this.#trust.set(
      file,
      keys.map((set) => set.trust),
    )
    const upload = await uploadSealed(keys, file, {
      context,
      transport,
      link,
      ...(records && { records }),
      onProgress: ({ done, total }) => onProgress(done / total),
    })
    // the set may have changed since it was shown
    if (!areShown(upload.recipients, this.#keys)) void this.checkKeys()
    return upload
  }

  /** The settings, once the keys that they lead to are shown. @throws what is wrong with them */
  async #believed(): Promise<ReadySettings> {
    for (let check; check !== this.#check;) await (check = this.#check)
    const [settings, keys] = [this.#settings, this.#keys]
    if ('error' in settings) throw settings.error
    if (keys.state === 'failed') throw keys.error
    return settings
  }

  #ended(item: Item<File>): void {
    const receipt = this.receipts.find(({ messageId }) => messageId === item.sent?.messageId)
    if (receipt)
      this.#host.tell('sealdrop-done', { ...receipt, session: item.sent?.session, file: item.file })
    else this.#host.tell('sealdrop-error', { ...wordsOf(item.error), file: item.file })
    void this.#lookForUnfinished()
  }

  /** Shows it soon, and not for each byte. */
  #soon(): void {
    if (!this.#isDue)
      setTimeout(() => {
        this.#isDue = false
        this.show()
      }, beat)
    this.#isDue = true
    this.#tellState()
  }

  show(): void {
    const { items, state, progress } = this.queue
    const hadFocus = this.#box.body.contains(
      (this.#box.body.getRootNode() as ShadowRoot).activeElement,
    )
    if (state === 'sending') this.#rate.add(performance.now(), progress.done)
    else this.#rate.clear()
    this.#box.update({
      language: this.#language,
      company: this.#host.settings().company ?? '',
      unready: 'error' in this.#settings ? this.#settings : undefined,
      keys: this.#keys,
      items,
      state,
      progress,
      rate: this.#rate,
      unfinished: this.#unfinished.filter(
        ({ name, size }) => !items.some(({ file }) => file.name === name && file.size === size),
      ),
      isOffline: !navigator.onLine,
    })
    this.#box.keepFocus(hadFocus)
    // where nothing leaves any more, that is seen too
    clearTimeout(this.#tick)
    if (state === 'sending') this.#tick = setTimeout(() => this.show(), second)
    this.#sayProgress()
  }

  /** Each quarter is said, or a screen reader would never be quiet. */
  #sayProgress(): void {
    const { progress, state } = this.queue
    const share = progress.total > 0 ? progress.done / progress.total : 0
    const quarters = Math.floor(share / quarter)
    if (state !== 'sending' || quarters === 0 || quarters >= 4) this.#said = 0
    else if (quarters > this.#said) {
      this.#said = quarters
      const percent = this.#language.formats.percent(quarters * quarter)
      this.#box.say(filled(this.#language.texts.sent, { percent }))
    }
  }

  #tellState(): void {
    const { state, items } = this.queue
    if (state === this.#told) return
    this.#told = state
    this.#host.tell('sealdrop-change', { state })
    const { texts } = this.#language
    if (state === 'paused') this.#box.say(texts.states.paused)
    if (state !== 'done' && state !== 'failed') return
    const failed = items.filter((item) => item.state === 'failed').length
    if (failed > 0) this.#say('failed', failed)
    else this.#say('arrived', items.length)
    this.#host.tell('sealdrop-complete', { receipts: this.receipts, failed })
  }

  #say(what: 'added' | 'arrived' | 'failed', count: number): void {
    const { texts, formats } = this.#language
    this.#box.say(formats.plural(texts[what], count))
  }

  #actions(): DropActions {
    const { queue } = this
    return {
      add: (files) => this.add(files),
      drop: (data) => void this.#drop(data),
      send: () => this.send(),
      pause: () => queue.pause(),
      resume: () => queue.resume(),
      cancel: () => void this.#cancel(),
      remove: (id) => void queue.remove(id).catch(() => {}),
      retry: (id) => queue.retry(id),
      forget: (messageId) => void this.#forget(messageId),
      save: () => this.#save(),
      checkKeys: () => void this.checkKeys(),
    }
  }

  async #drop(data: DataTransfer): Promise<void> {
    // a folder that cannot be read, or was moved away meanwhile, has no file
    const files = await droppedFiles(data).catch(() => [])
    if (files.length === 0) this.#box.say(this.#language.texts.nothingFound)
    this.add(files)
  }

  async #cancel(): Promise<void> {
    await this.queue.cancel().catch(() => {})
    this.#box.say(this.#language.texts.cancelled)
    await this.#lookForUnfinished()
  }

  /** Here and at the company; where the company cannot be reached, it ends by itself. */
  async #forget(messageId: string): Promise<void> {
    if ('error' in this.#settings || !this.#settings.records) return
    const { records, transport } = this.#settings
    await forgetUpload(records, messageId, { transport }).catch(() => {})
    await this.#lookForUnfinished()
  }

  #save(): void {
    // what follows a URL may be a secret
    const [endpoint = ''] = String(this.#host.settings().endpoint).split(/[?#]/)
    const text = receiptsText(this.receipts, endpoint)
    const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
    const day = new Date().toISOString().slice(0, 10)
    const link = document.createElement('a')
    link.href = url
    link.download = `${this.#language.texts.saveAs}-${day}.json`
    link.click()
    setTimeout(() => URL.revokeObjectURL(url), 60_000)
  }
}

const wordsOf = (error: unknown): object => ({ code: codeOf(error), error })
