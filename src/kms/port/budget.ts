import { ensure, hasMethods, milliseconds } from '../../errors/guard.js'
import { kindOf } from '../../errors/kind.js'
import { checkOptions } from '../../errors/options.js'
import { blamingNow } from '../../errors/whose.js'
import { memoryBudget, type BudgetRates, type BudgetStore } from './budget-store.js'
import { Pacer } from './pacer.js'

/** What a budget allows, and who shares it. */
export interface BudgetOptions {
  /** Operations a second in each Region, by the kind of the key: `{ rsa: 500 }`. */
  readonly perSecond: BudgetRates
  /** Where processes share it. Default: memory, for the openers and signers of one process. */
  readonly store?: BudgetStore
  /**
   * How long an attempt waits for its turn, in milliseconds, at most 60,000. Default: 5,000.
   *
   * - What would wait longer is `kms_throttled` at once, and costs no KMS call.
   */
  readonly maxWait?: number
  /**
   * How long a call may take, in milliseconds, with its waits and the retries of the AWS client.
   *
   * - A later one is `kms_unavailable`. Default: as long as the client waits.
   */
  readonly timeout?: number
}

/** A budget of KMS operations, which openers and signers take as an option. */
export interface KmsBudget {
  /** What it allows. */
  readonly perSecond: BudgetRates
}

/** How a port obeys a budget. */
export interface Obeyed {
  readonly pacer: Pacer
  readonly timeout: number | undefined
}

const obeyed = new WeakMap<object, Obeyed>()

/**
 * Makes a budget of KMS operations a second, which openers and signers share.
 *
 * - Each attempt of the AWS client takes its turn, so that retries count too.
 * - Turns stand evenly in time: no burst comes after a pause.
 * - A client that was passed stays as it is.
 *
 * @throws SealdropError when it is called:
 *   - `invalid_argument`: an option is missing or wrong
 * @example
 *   ```js
 *   import { createOpener, kmsBudget } from 'sealdrop/kms'
 *   const budget = kmsBudget({ perSecond: { rsa: 500, ecc: 500 } })
 *   const opener = createOpener({ keys: ['alias/claims'], budget })
 *   await opener.ready()
 *   console.log(budget.perSecond.rsa) // 500
 *   await opener.close()
 *   ```
 */
export function kmsBudget(o: BudgetOptions): KmsBudget {
  return blamingNow(() => budgetOf(o))
}

function budgetOf(o: BudgetOptions): KmsBudget {
  const {
    perSecond,
    store,
    maxWait = 5_000,
    timeout,
  } = checkOptions(o, 'perSecond store maxWait timeout')
  const rates = checkRates(perSecond)
  ensure(
    store === undefined || hasMethods(store, 'lease'),
    'invalid_argument',
    `store: expected what redisBudget answers, or { lease }, found ${kindOf(store)}`,
  )
  ensure(
    milliseconds('maxWait', maxWait) <= 60_000,
    'invalid_argument',
    'maxWait: expected milliseconds, at most 60,000',
  )
  if (timeout !== undefined) milliseconds('timeout', timeout)
  ensure(timeout !== 0, 'invalid_argument', 'timeout: expected milliseconds above 0')
  const budget = Object.freeze({ perSecond: rates })
  obeyed.set(budget, { pacer: new Pacer(rates, store ?? memoryBudget(), maxWait), timeout })
  return budget
}

function checkRates(perSecond: BudgetRates): BudgetRates {
  ensure(
    typeof perSecond === 'object' && perSecond !== null,
    'invalid_argument',
    `perSecond: expected operations a second like { rsa: 500 }, found ${kindOf(perSecond)}`,
  )
  checkOptions(perSecond, 'rsa ecc mlDsa symmetric', 'perSecond')
  for (const [kind, rate] of Object.entries(perSecond))
    ensure(
      rate === undefined || (typeof rate === 'number' && rate > 0 && Number.isFinite(rate)),
      'invalid_argument',
      `perSecond.${kind}: expected a number above 0, found ${typeof rate === 'number' ? rate : kindOf(rate)}`,
    )
  return Object.freeze({ ...perSecond })
}

/** What a port obeys of the budget of its options. @throws SealdropError `invalid_argument` */
export function obeying(budget: KmsBudget | undefined): Obeyed | undefined {
  if (budget === undefined) return undefined
  const found = obeyed.get(Object(budget))
  ensure(
    found,
    'invalid_argument',
    `budget: expected what kmsBudget answers, found ${kindOf(budget)}`,
  )
  return found
}
