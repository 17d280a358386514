import { limits } from '../../algorithms/limits.js'
import { checkCount, ensure, shown } from '../../errors/guard.js'
import { kindOf } from '../../errors/kind.js'
import { checkOptions } from '../../errors/options.js'
import { checkContext, type Context } from '../../formats/context.js'
import { later } from '../rotation/duration.js'
import { keyFacts, type CapacityKey } from './capacity-table.js'
import { checkPrices, type CapacityPrices } from './prices.js'
import { bytesOfSize, countOf, dailyOf } from './units.js'

/** How much is sealed, to which kinds of key, and how it is opened. */
export interface CapacityOptions {
  /**
   * How many files come a day: a number, or `100k/day`, `20/s`, `5/min`, `1.5M/hour`.
   *
   * - Either this or `values` is given.
   */
  readonly objects?: number | string
  /** How many sealed texts come a day, in the same units. */
  readonly values?: number | string
  /** Bytes of each before it is sealed: a number, or `3MB` (3,000,000), `3MiB` (3,145,728). */
  readonly size: number | string
  /** KeySpecs of KMS. Default: each that can open. */
  readonly keys?: readonly CapacityKey[]
  /** How many values a sealer puts under one wrapped key, 1 to 1,048,576. Default: 10,000. */
  readonly perSealer?: number
  /** How much busier the busiest second is than the average one, 1 to 1,000. Default: 3. */
  readonly peak?: number
  /** Milliseconds that a call of KMS takes, 1 to 60,000. Default: 100. */
  readonly latency?: number
  /** The Region. Default: `eu-central-1`. */
  readonly region?: string
  /** The context of each file or value; its length counts. Default: `{}`. */
  readonly context?: Context
  /** Bytes of a frame of a file, 1 to 16,777,216. Default: 524,288. */
  readonly frameLength?: number
  /** How often each is opened, 1 to 1,000. Default: 1. */
  readonly opens?: number
  /** Whether a cache of the opener knows the data key each further time. Default: false. */
  readonly cache?: boolean
  /** How many of them an archive has, which is opened again: `36.5M`. Default: those of 365 days. */
  readonly archive?: number | string
  /** For how long a key is current, as `planRotation` takes it. Default: `P1Y`. */
  readonly every?: string
  /** After how many years of rotation keys are counted, 0 to 100. Default: 3. */
  readonly years?: number
  /** Prices and quotas of yours, in the place of those of the table. Default: none. */
  readonly prices?: CapacityPrices
}

/** The options as they count: what a plan was made of. */
export interface CapacityAssumptions {
  readonly kind: 'objects' | 'values'
  /** How many come a day. */
  readonly perDay: number
  /** Bytes of each. */
  readonly size: number
  readonly perSealer: number
  readonly peak: number
  readonly latency: number
  readonly region: string
  readonly frameLength: number
  readonly opens: number
  readonly cache: boolean
  readonly archive: number
  readonly every: string
  readonly years: number
  /** Days that a month is counted with. */
  readonly daysOfMonth: number
}

export interface CheckedOptions {
  readonly assumed: CapacityAssumptions
  readonly keys: readonly CapacityKey[]
  readonly context: Context
  /** How often a key was replaced in those years. */
  readonly rotations: number
  readonly prices: CapacityPrices | undefined
}

/** @throws SealdropError `invalid_argument` */
export function checkCapacityOptions(o: CapacityOptions): CheckedOptions {
  checkOptions(
    o,
    'objects values size keys perSealer peak latency region context frameLength opens cache archive every years prices',
  )
  const { kind, perDay } = amountOf(o ?? {})
  const size = bytesOfSize('size', o.size)
  ensure(
    kind === 'objects' || size <= limits.value,
    'invalid_argument',
    `size: a value has at most ${limits.value} bytes, found ${size}: plan objects`,
  )
  const { every = 'P1Y', cache = false, region = 'eu-central-1' } = o
  ensure(
    typeof cache === 'boolean',
    'invalid_argument',
    `cache: expected a boolean, found ${kindOf(cache)}`,
  )
  ensure(
    /^[a-z]{2}(-[a-z]+)+-\d$/.test(region),
    'invalid_argument',
    `region: expected a Region such as eu-central-1, found ${shown(region)}`,
  )
  const years = numberOf('years', o.years, { by: 3, from: 0, to: 100 })
  ensure(
    Number.isInteger(years),
    'invalid_argument',
    `years: expected a whole number, found ${years}`,
  )
  const assumed: CapacityAssumptions = {
    kind,
    perDay,
    size,
    perSealer: counted('perSealer', o.perSealer, 10_000, limits.sealerValues),
    peak: numberOf('peak', o.peak, { by: 3, from: 1, to: 1_000 }),
    latency: numberOf('latency', o.latency, { by: 100, from: 1, to: 60_000 }),
    region,
    frameLength: counted('frameLength', o.frameLength, limits.frame, limits.maxFrame),
    opens: counted('opens', o.opens, 1, 1_000),
    cache,
    archive: o.archive === undefined ? perDay * 365 : countOf('archive', o.archive),
    every,
    years,
    daysOfMonth: 30,
  }
  return {
    assumed,
    keys: keysOf(o.keys),
    context: contextOf(kind, o.context ?? {}),
    rotations: rotationsIn(years, every),
    prices: o.prices === undefined ? undefined : checkPrices(o.prices),
  }
}

function amountOf({ objects, values }: Partial<CapacityOptions>): {
  readonly kind: 'objects' | 'values'
  readonly perDay: number
} {
  ensure(
    (objects === undefined) !== (values === undefined),
    'invalid_argument',
    'objects or values: expected one of both, such as objects: "100k/day"',
  )
  return values === undefined
    ? { kind: 'objects', perDay: dailyOf('objects', objects) }
    : { kind: 'values', perDay: dailyOf('values', values) }
}

function contextOf(kind: CapacityAssumptions['kind'], given: Context): Context {
  const context = checkContext(given)
  ensure(
    kind === 'values' || !Object.entries(context).flat().includes(''),
    'invalid_argument',
    'context: a file takes no empty name or value',
  )
  return context
}

function keysOf(keys: readonly CapacityKey[] | undefined): readonly CapacityKey[] {
  const known = Object.keys(keyFacts) as CapacityKey[]
  if (keys === undefined) return known
  ensure(
    Array.isArray(keys) && keys.length > 0,
    'invalid_argument',
    `keys: expected an array of KeySpecs, found ${kindOf(keys)}`,
  )
  const wrong = keys.find((key) => !known.includes(key))
  ensure(
    wrong === undefined,
    'invalid_argument',
    `keys: expected some of ${known.join(', ')}, found ${shown(wrong)}`,
  )
  return [...new Set(keys)]
}

function counted(name: string, value: number | undefined, by: number, most: number): number {
  const count = value === undefined ? by : value
  checkCount(name, count, most)
  return count
}

interface Bounds {
  /** What counts where nothing was said. */
  readonly by: number
  readonly from: number
  readonly to: number
}

function numberOf(name: string, value: number | undefined, { by, from, to }: Bounds): number {
  if (value === undefined) return by
  ensure(
    typeof value === 'number' && value >= from && value <= to,
    'invalid_argument',
    `${name}: expected a number from ${from} to ${to}, found ${shown(value)}`,
  )
  return value
}

/** How often a key is replaced in so many years. */
function rotationsIn(years: number, every: string): number {
  const begin = Date.UTC(2026, 0, 1)
  const end = Date.UTC(2026 + years, 0, 1)
  let rotations = 0
  for (let at = later(begin, every); at <= end; at = later(at, every)) rotations++
  return rotations
}
