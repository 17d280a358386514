/** The kinds of keys whose operations KMS counts apart. */
export type BudgetKind = 'rsa' | 'ecc' | 'mlDsa' | 'symmetric'

/**
 * Operations a second in each Region, by the kind of the key.
 *
 * A kind that is left out is not limited.
 */
export type BudgetRates = Readonly<Partial<Record<BudgetKind, number>>>

/** What is asked of a store for one chunk of turns. */
export interface BudgetAsked {
  /** The budget's name: the Region and the kind of key. */
  readonly name: string
  /** Turns a second, which stand evenly in time. */
  readonly perSecond: number
  /** At most so many turns. They never reach over more than 250 ms, except that one always may. */
  readonly count: number
  /** In milliseconds: a turn that would begin later is not wanted. */
  readonly within: number
}

/** Turns of one holder, one after the other at the budget's rate. None: all would be too late. */
export interface BudgetLease {
  /** How many. */
  readonly count: number
  /** Milliseconds until the first one, from when the store was asked. */
  readonly wait: number
}

/**
 * Where processes share a budget: it hands out turns, and none twice.
 *
 * `redisBudget` makes one.
 */
export interface BudgetStore {
  /** Hands out the next free turns, in one atomic step. */
  lease(asked: BudgetAsked): Promise<BudgetLease>
}

/** A budget of one process. */
export function memoryBudget(now: () => number = () => performance.now()): BudgetStore {
  const free = new Map<string, number>()
  return {
    async lease({ name, perSecond, count, within }) {
      const time = now()
      const first = Math.max(time, free.get(name) ?? 0)
      const wait = first - time
      const given = wait > within ? 0 : count
      if (given > 0) free.set(name, first + (given * 1_000) / perSecond)
      return { count: given, wait }
    },
  }
}
