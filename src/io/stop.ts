import { abortable } from './abort.js'

/**
 * Gives many pieces of work up at once.
 *
 * Each has a signal of its own: Node 20 warns of more than ten listeners at one.
 */
export class Stop {
  readonly #parts = new Set<AbortController>()
  /** Is aborted with the first reason. Nobody listens at it. */
  readonly #all = new AbortController()

  /** @throws the reason, once it was stopped */
  throwIfStopped(): void {
    this.#all.signal.throwIfAborted()
  }

  /** The signal of one piece of work, and what lets go of it once the work is over. */
  part(): { readonly signal: AbortSignal; readonly off: () => void } {
    const { signal: all } = this.#all
    const part = new AbortController()
    if (all.aborted) part.abort(all.reason)
    else this.#parts.add(part)
    return { signal: part.signal, off: () => void this.#parts.delete(part) }
  }

  /** Awaits work until it is given up. The work itself goes on. @throws the reason */
  async until<R>(work: () => Promise<R>): Promise<R> {
    const { signal, off } = this.part()
    try {
      return await abortable(work(), signal)
    } finally {
      off()
    }
  }

  /** Gives up what is under way, and what begins from now on. */
  stop(reason: unknown): void {
    this.#all.abort(reason)
    for (const part of this.#parts) part.abort(this.#all.signal.reason)
    this.#parts.clear()
  }
}
