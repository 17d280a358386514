import { onAbort, within } from '../../io/abort.js'
import type { BudgetKind, BudgetLease, BudgetRates, BudgetStore } from './budget-store.js'

/** A chunk of turns never reaches over more than this, in milliseconds. */
const longestChunk = 250

/** How long a store has to answer, in milliseconds. */
const patience = 2_000

/** Why an attempt got no turn. Its name says to `fromAws` what it means. */
class NoTurn extends Error {
  constructor(
    override readonly name: 'BudgetWaitError' | 'BudgetStoreError',
    o?: ErrorOptions,
  ) {
    super('no turn in the budget of KMS operations', o)
  }
}

interface Waiter {
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
  readonly until: number
  timer?: NodeJS.Timeout
}

/** One kind in one Region: who waits, and the turns that nobody has yet. */
class Lane {
  readonly #waiting = new Set<Waiter>()
  /** Turns that were leased, whose waiter went away. */
  #spare: number[] = []
  /** The turns that waiters have and that have not come, as times. */
  readonly #turns = new Map<Waiter, number>()
  #asking = false

  constructor(
    readonly name: string,
    readonly perSecond: number,
    readonly store: BudgetStore,
    readonly maxWait: number,
  ) {}

  take(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason as Error)
    return new Promise((resolve, reject) => {
      const end = (): void => {
        off()
        this.#waiting.delete(waiter)
      }
      const waiter: Waiter = {
        until: performance.now() + this.maxWait,
        resolve: () => {
          end()
          resolve()
        },
        reject: (reason) => {
          end()
          reject(reason)
        },
      }
      this.#waiting.add(waiter)
      const off = onAbort(signal, () => this.#giveBack(waiter, signal?.reason))
      void this.#serve()
    })
  }

  /** A turn whose waiter went away is the next one's. */
  #giveBack(waiter: Waiter, reason: unknown): void {
    const turn = this.#turns.get(waiter)
    if (turn !== undefined) {
      clearTimeout(waiter.timer)
      this.#turns.delete(waiter)
      this.#spare.push(turn)
    }
    waiter.reject(reason)
    void this.#serve()
  }

  get #without(): Waiter[] {
    return [...this.#waiting].filter((waiter) => !this.#turns.has(waiter))
  }

  /** Leases until every waiter has its turn. One request to the store is under way at a time. */
  async #serve(): Promise<void> {
    this.#handOut(this.#spare.splice(0))
    if (this.#asking) return
    this.#asking = true
    try {
      for (let left = this.#without; left.length > 0; left = this.#without) await this.#lease(left)
    } finally {
      this.#asking = false
    }
  }

  async #lease(left: readonly Waiter[]): Promise<void> {
    const asked = performance.now()
    const most = Math.max(1, Math.floor((this.perSecond * longestChunk) / 1_000))
    const until = Math.max(...left.map((waiter) => waiter.until))
    const { name, perSecond, store } = this
    const wanted = { name, perSecond, count: Math.min(left.length, most) }
    const lease = await within(patience, () =>
      store.lease({ ...wanted, within: Math.max(0, until - asked) }),
    ).catch((cause: unknown) => new NoTurn('BudgetStoreError', { cause }))
    if (lease instanceof NoTurn) for (const waiter of left) waiter.reject(lease)
    else this.#use(lease, asked, left)
  }

  #use({ count, wait }: BudgetLease, asked: number, left: readonly Waiter[]): void {
    const turns = Array.from(
      { length: count },
      (_, i) => asked + wait + (i * 1_000) / this.perSecond,
    )
    const late = count > 0 ? [] : left
    for (const waiter of late) waiter.reject(new NoTurn('BudgetWaitError'))
    this.#handOut(turns)
  }

  /** Gives each turn to who waits longest, unless it would wait too long; old turns are over. */
  #handOut(turns: readonly number[]): void {
    const now = performance.now()
    for (const turn of turns.filter((time) => time > now - longestChunk)) {
      const waiter = this.#inTime(turn)
      if (!waiter) {
        this.#spare.push(turn)
        continue
      }
      this.#turns.set(waiter, turn)
      waiter.timer = setTimeout(
        () => {
          this.#turns.delete(waiter)
          waiter.resolve()
        },
        Math.max(0, turn - now),
      )
    }
  }

  /** The first who can wait for a turn. Those before it who cannot are refused. */
  #inTime(turn: number): Waiter | undefined {
    for (const waiter of this.#without) {
      if (turn <= Math.max(waiter.until, performance.now())) return waiter
      waiter.reject(new NoTurn('BudgetWaitError'))
    }
    return undefined
  }
}

/** Hands out the turns of a budget, by Region and kind. */
export class Pacer {
  readonly #lanes = new Map<string, Lane>()
  readonly #rates: BudgetRates
  readonly #store: BudgetStore
  readonly #maxWait: number

  constructor(rates: BudgetRates, store: BudgetStore, maxWait: number) {
    this.#rates = rates
    this.#store = store
    this.#maxWait = maxWait
  }

  /**
   * Waits for a turn. A kind without a rate has it at once.
   *
   * @throws Error `BudgetWaitError`, `BudgetStoreError`, and the reason of the signal
   */
  async take(kind: BudgetKind, region: string, signal: AbortSignal | undefined): Promise<void> {
    const rate = this.#rates[kind]
    if (rate === undefined) return
    const name = `${region} ${kind}`
    const lane = this.#lanes.get(name) ?? new Lane(name, rate, this.#store, this.#maxWait)
    this.#lanes.set(name, lane)
    await lane.take(signal)
  }
}
