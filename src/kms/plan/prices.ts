import { ensure, shown } from '../../errors/guard.js'
import { kindOf } from '../../errors/kind.js'
import { checkOptions } from '../../errors/options.js'
import {
  keyFacts,
  symmetricFacts,
  type CapacityFact,
  type CapacityKey,
  type KeyFacts,
} from './capacity-table.js'

/** A KeySpec of the table, or the symmetric key of an archive. */
export type PricedKey = CapacityKey | 'SYMMETRIC_DEFAULT'

/** Prices and quotas of yours, such as those of an agreement or after an increase. */
export interface CapacityPrices {
  /** The day on which they held: `2026-12-24`. */
  readonly date: string
  /** Where they are from. Default: you. */
  readonly source?: string
  /** US dollars for 10,000 requests, by KeySpec. */
  readonly requests?: Readonly<Partial<Record<PricedKey, number>>>
  /** Operations a second, by KeySpec. */
  readonly quotas?: Readonly<Partial<Record<PricedKey, number>>>
  /** US dollars for a key and a month. */
  readonly keyMonth?: number
}

/** @throws SealdropError `invalid_argument` */
export function checkPrices(prices: CapacityPrices): CapacityPrices {
  ensure(
    kindOf(prices) === 'Object',
    'invalid_argument',
    `prices: expected an object, found ${kindOf(prices)}`,
  )
  checkOptions(prices, 'date source requests quotas keyMonth', 'prices')
  ensure(
    /^\d{4}-\d{2}-\d{2}$/.test(prices.date) && !Number.isNaN(Date.parse(prices.date)),
    'invalid_argument',
    `prices.date: expected a day such as 2026-12-24, found ${shown(prices.date)}`,
  )
  ensure(
    prices.source === undefined || typeof prices.source === 'string',
    'invalid_argument',
    `prices.source: expected text, found ${kindOf(prices.source)}`,
  )
  checkAmount('prices.keyMonth', prices.keyMonth, 0)
  checkByKey('prices.requests', prices.requests, 0)
  checkByKey('prices.quotas', prices.quotas, Number.MIN_VALUE)
  return prices
}

function checkByKey(name: string, amounts: object | undefined, least: number): void {
  if (amounts === undefined) return
  ensure(
    kindOf(amounts) === 'Object',
    'invalid_argument',
    `${name}: expected an object by KeySpec, found ${kindOf(amounts)}`,
  )
  const known = [...Object.keys(keyFacts), 'SYMMETRIC_DEFAULT']
  for (const [key, amount] of Object.entries(amounts)) {
    ensure(
      known.includes(key),
      'invalid_argument',
      `${name}: expected some of ${known.join(', ')}, found ${shown(key)}`,
    )
    checkAmount(`${name}.${key}`, amount, least)
  }
}

function checkAmount(name: string, amount: unknown, least: number): void {
  ensure(
    amount === undefined ||
      (typeof amount === 'number' && Number.isFinite(amount) && amount >= least),
    'invalid_argument',
    `${name}: expected a number ${least > 0 ? 'above' : 'from'} 0, found ${shown(amount)}`,
  )
}

/** A number of the table, or yours in its place. */
export const orYours = (
  known: CapacityFact,
  yours: number | undefined,
  prices: CapacityPrices | undefined,
): CapacityFact =>
  yours === undefined || !prices
    ? known
    : { value: yours, basis: 'yours', source: prices.source ?? 'you', date: prices.date }

/** What a key allows and costs, with yours in the place of the table's. */
export function factsOf(
  key: PricedKey,
  region: string,
  prices: CapacityPrices | undefined,
): Omit<KeyFacts, 'operation'> {
  const known = key === 'SYMMETRIC_DEFAULT' ? symmetricFacts(region) : keyFacts[key]
  return {
    sharedBy: known.sharedBy,
    quota: orYours(known.quota, prices?.quotas?.[key], prices),
    price: orYours(known.price, prices?.requests?.[key], prices),
  }
}
