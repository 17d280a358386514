import { onAbort, type CallOptions } from './abort.js'

/** How much is worked on, and in which order the results are answered. */
export interface SideBySide<T = unknown> extends CallOptions {
  /** The most items that are begun and not answered yet. */
  readonly inFlight: number
  /** Whether results keep the order of their items. Otherwise they come as they are ready. */
  readonly isOrdered: boolean
  /** Throws where no further item may be begun; what is under way is answered then. */
  readonly ensureOpen?: () => void
  /** Takes an item that came after the reader left, so that it can be given up. */
  readonly drop?: ((item: T) => void) | undefined
}

/** Items that come one after the other, now or later. */
export type Items<T> = Iterable<T> | AsyncIterable<T>

/** What is to be done with one item. It rejects with what ends all of it at once. */
type Work<T, R> = (item: T, index: number) => Promise<R>

/**
 * Works on items side by side, and answers each result as soon as its turn comes.
 *
 * - a source that makes us wait for an item does not keep back what is ready
 * - an error of the source is thrown behind the results of all that it gave before
 * - whoever stops reading ends the source too, and so does the signal
 */
export async function* sideBySide<T, R>(
  items: Items<T>,
  work: Work<T, R>,
  o: SideBySide<T>,
): AsyncGenerator<R, void, undefined> {
  const { inFlight, signal } = o
  const run = new Run(items, work, o)
  const off = onAbort(signal, () => run.fail(signal?.reason))
  try {
    while (!run.isOver()) {
      if (run.begun < inFlight) run.pull()
      const bell = run.bell()
      const ready = run.take()
      if (ready) yield ready.value
      else await bell
    }
  } finally {
    off()
    run.end()
  }
}

const iteratorOf = <T>(items: Items<T>): Iterator<T> | AsyncIterator<T> =>
  (items as Partial<AsyncIterable<T>>)[Symbol.asyncIterator]?.() ??
  (items as Iterable<T>)[Symbol.iterator]()

/** A result, once it is there. */
interface Slot<R> {
  ready?: { readonly value: R }
}

interface Failure {
  readonly reason: unknown
}

/** What is under way, and who is told when something changes. */
class Run<T, R> {
  readonly #source: Iterator<T> | AsyncIterator<T>
  readonly #work: Work<T, R>
  readonly #o: SideBySide<T>
  /** Of items that were begun and not answered, in their order. */
  readonly #slots: Slot<R>[] = []
  #count = 0
  #isPulling = false
  /** Nobody reads any more: an item that comes yet is not begun. */
  #isEnded = false
  /** No further item comes; with a failure, the source ended by that. */
  #sourceEnd: Partial<Failure> | undefined
  #failure: Failure | undefined
  #wake = (): void => {}

  constructor(items: Items<T>, work: Work<T, R>, o: SideBySide<T>) {
    this.#source = iteratorOf(items)
    this.#work = work
    this.#o = o
  }

  get begun(): number {
    return this.#slots.length
  }

  /** Whether all was answered. @throws what ended it, in its turn */
  isOver(): boolean {
    if (this.#failure) throw this.#failure.reason
    const end = this.#slots.length === 0 && this.#sourceEnd
    if (end && 'reason' in end) throw end.reason
    return Boolean(end)
  }

  /** Asks for one more item, where no one is asked for already. */
  pull(): void {
    if (this.#isPulling || this.#sourceEnd) return
    this.#isPulling = true
    void this.#next().finally(() => {
      this.#isPulling = false
      this.#wake()
    })
  }

  async #next(): Promise<void> {
    try {
      this.#o.ensureOpen?.()
    } catch (reason) {
      this.end()
      this.#sourceEnd = { reason }
      return
    }
    try {
      const { done, value } = await this.#source.next()
      if (done) this.#sourceEnd = {}
      else if (this.#isEnded) this.#o.drop?.(value)
      else void this.#begin(value)
    } catch (reason) {
      this.#sourceEnd = { reason }
    }
  }

  async #begin(item: T): Promise<void> {
    const slot: Slot<R> = {}
    this.#slots.push(slot)
    try {
      slot.ready = { value: await this.#work(item, this.#count++) }
    } catch (reason) {
      this.fail(reason)
    }
    this.#wake()
  }

  /** Ends all of it at once. */
  fail(reason: unknown): void {
    this.#failure ??= { reason }
    this.#wake()
  }

  /** Resolves at the next change. */
  bell(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  /** The result whose turn it is, where it is there. */
  take(): Slot<R>['ready'] {
    const at = this.#o.isOrdered ? 0 : this.#slots.findIndex(({ ready }) => ready)
    const { ready } = this.#slots[at] ?? {}
    if (ready) this.#slots.splice(at, 1)
    return ready
  }

  /** The source is told that nobody reads any more, and is not waited for. */
  end(): void {
    this.#isEnded = true
    const told = async (): Promise<unknown> => this.#source.return?.()
    if (!this.#sourceEnd) told().catch(() => {})
  }
}
