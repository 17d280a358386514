import { SealdropError } from '../../errors/sealdrop-error.js'

const most = 1_000_000

interface Kept<V> {
  readonly value: V
  readonly ends: number
}

/** Values that are kept until their time, and none of them for a shorter one. */
export class Expiring<V> {
  readonly #name: string
  readonly #now: () => number
  readonly #kept = new Map<string, Kept<V>>()
  /** So many may be kept before those that have ended are looked for. */
  #full = 1_000
  /** Before this nothing that was kept at the last look has ended. */
  #soonest = 0

  /** @param name - names the store in a message */
  constructor(name: string, now: () => number) {
    this.#name = name
    this.#now = now
  }

  get(id: string): V | undefined {
    const now = this.#now()
    const found = this.#kept.get(id)
    return found && found.ends > now ? found.value : undefined
  }

  /** @throws SealdropError `output_failed` where there is no room for another one */
  set(id: string, value: V, ends: number): void {
    if (!this.#kept.has(id) && this.#kept.size >= this.#full) this.#tidy()
    this.#soonest = Math.min(this.#soonest, ends)
    this.#kept.set(id, { value, ends })
  }

  #tidy(): void {
    const now = this.#now()
    if (this.#soonest <= now) this.#drop(now)
    if (this.#kept.size >= most)
      throw new SealdropError('output_failed', `${this.#name}: 1,000,000 ids are kept already`, {
        retryable: true,
      })
    // so that looking costs little for each that is kept
    this.#full = Math.min(most, Math.max(1_000, 2 * this.#kept.size))
  }

  #drop(now: number): void {
    let soonest = Infinity
    for (const [id, { ends }] of this.#kept)
      if (ends <= now) this.#kept.delete(id)
      else soonest = Math.min(soonest, ends)
    this.#soonest = soonest
  }
}
