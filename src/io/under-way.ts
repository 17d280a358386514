import { SealdropError } from '../errors/sealdrop-error.js'
import { onAbort } from './abort.js'
import { Stop } from './stop.js'

/** What is under way of something that will be closed. */
export class UnderWay {
  readonly #what: string
  readonly #running = new Set<Promise<unknown>>()
  /** Gives up what is under way. */
  readonly stop: Stop = new Stop()
  #isClosed = false

  /** @param what - names what is closed, for people */
  constructor(what: string) {
    this.#what = what
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** @throws SealdropError `closed` */
  ensureOpen(): void {
    if (this.#isClosed) throw new SealdropError('closed', `this ${this.#what} was closed`)
  }

  /**
   * Does work that closing waits for. It ends by itself when it is given up.
   *
   * @throws SealdropError `closed`, and what the work throws
   */
  async do<R>(work: () => Promise<R>): Promise<R> {
    this.ensureOpen()
    const running = work()
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }

  /**
   * Lets nothing begin any more, and waits for what is under way.
   *
   * @param signal - gives up what is still under way
   */
  async close(signal: AbortSignal | undefined): Promise<void> {
    this.#isClosed = true
    const reason = `this ${this.#what} was closed, and did not wait for what was under way`
    const off = onAbort(signal, () => this.stop.stop(new SealdropError('closed', reason)))
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
    off()
  }
}
