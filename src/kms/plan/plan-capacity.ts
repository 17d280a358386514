import { ensure } from '../../errors/guard.js'
import { blamingNow } from '../../errors/whose.js'
import {
  checkCapacityOptions,
  type CapacityAssumptions,
  type CapacityOptions,
  type CheckedOptions,
} from './capacity-options.js'
import {
  keyFacts,
  keyKinds,
  rotationsCharged,
  symmetricCiphertext,
  type CapacityFact,
  type CapacityKey,
  type KeyKindFacts,
} from './capacity-table.js'
import { factsOf, orYours, type PricedKey } from './prices.js'
import {
  resealedLength,
  sealedFileLength,
  sealedTextLength,
  type SizeFacts,
} from './sealed-sizes.js'

/** Calls of one operation of KMS under one kind of key. */
export interface CapacityCalls {
  readonly operation: 'Decrypt' | 'DeriveSharedSecret' | 'Decapsulate' | 'GenerateDataKey'
  readonly key: PricedKey
  readonly perDay: number
  /** Calls a second over a whole day. */
  readonly average: number
  /** Calls in the busiest second. */
  readonly peak: number
  /** The default quota, or yours. */
  readonly quota: CapacityFact
  /** The keys with which it shares that quota. */
  readonly sharedBy: string
  /** Peak as a part of the quota: 1 is all of it. Null where the quota is unknown. */
  readonly share: number | null
  readonly price: CapacityFact
  /** US dollars a month. Null where the price is unknown. */
  readonly costMonth: number | null
}

/** What one way costs: a kind of key, with or without sealers, and with or without re-sealing. */
export interface CapacityRow {
  readonly key: CapacityKey
  /** Items under one wrapped key, all of which one call opens. */
  readonly perWrappedKey: number
  /** Whether what was opened is sealed again under a symmetric key of KMS. */
  readonly resealed: boolean
  readonly calls: readonly CapacityCalls[]
  readonly callsPerDay: number
  readonly keys: {
    /** Keys that open: the current one, the next one, and those that were replaced. */
    readonly kept: number
    /** The symmetric key of the archive. */
    readonly symmetric: number
    /** US dollars a month for all of them. */
    readonly costMonth: number
  }
  /** US dollars a month for calls and keys. Null where a price is unknown. */
  readonly costMonth: number | null
  /** What lies in the archive. Null where nothing can be sealed to such a key yet. */
  readonly storage: CapacityStorage | null
  /** Calls under way in the busiest second, by Little's law: rate times latency. */
  readonly concurrency: number
  /** What it takes to open the archive again, at all of the quota. */
  readonly reopen: {
    readonly items: number
    readonly calls: number
    /** Null where the quota is unknown. */
    readonly seconds: number | null
  }
}

/** What sealing makes of the content. */
export interface CapacityStorage {
  readonly bytesPerDay: number
  /** What of it is no content. */
  readonly overheadPerDay: number
  readonly gibPerMonth: number
}

/** What a load needs of KMS, in each of the ways that there are. */
export interface CapacityPlan {
  /** What the plan was made of, with every default. */
  readonly assumed: CapacityAssumptions
  readonly rows: readonly CapacityRow[]
  /** Every kind of KMS key, and who pays what for it. */
  readonly keyKinds: readonly KeyKindFacts[]
  /** US dollars for a key and a month. */
  readonly keyMonth: CapacityFact
  /** Rotations of a symmetric key that cost a month's fee each. */
  readonly rotationsCharged: CapacityFact
  /** Bytes of a data key as KMS wraps it under a symmetric key, of which re-sealed sizes are made. */
  readonly symmetricCiphertext: CapacityFact
  /** What somebody who reads the numbers must know. */
  readonly notes: readonly string[]
}

/**
 * Says what a load needs of KMS: calls, quota, cost, keys, storage, concurrency. Nobody is asked.
 *
 * - Prices and quotas are those of one table. Each has its page, its day, and how surely it is known.
 * - What is unknown is null, and never a guess.
 * - Calls and sizes are exact; a second attempt after a fault costs more.
 *
 * @param o - how much is sealed, to which keys, and how it is opened
 * @returns a row for each kind of key: alone and by sealers, as it came and re-sealed
 * @throws SealdropError without a KMS call:
 *   - `invalid_argument`: an option is wrong
 *   - `too_large`: the context does not fit, or there are more frames than a file can have
 * @example
 *   ```js
 *   import { planCapacity } from 'sealdrop/kms'
 *   const { rows } = planCapacity({ objects: '100k/day', size: '3MB', keys: ['RSA_3072'] })
 *   const [plain] = rows
 *   console.log(plain.callsPerDay, plain.costMonth) // 100000 50
 *   console.log(plain.reopen.seconds) // 36500
 *   ```
 * @see message-format.md, "Body"
 */
export function planCapacity(o: CapacityOptions): CapacityPlan {
  return blamingNow(() => planOf(checkCapacityOptions(o)))
}

const secondsOfDay = 86_400
const cents = (dollars: number): number => Math.round(dollars * 100) / 100

function planOf(checked: CheckedOptions): CapacityPlan {
  const { assumed, keys, prices } = checked
  const groups = assumed.kind === 'values' && assumed.perSealer > 1 ? [1, assumed.perSealer] : [1]
  const ways = keys.flatMap((key) =>
    groups.flatMap((perWrappedKey) =>
      [false, true].map((resealed) => ({ key, perWrappedKey, resealed })),
    ),
  )
  return {
    assumed,
    rows: ways.map((way) => rowOf(way, checked)),
    keyKinds,
    keyMonth: orYours(customerMonth, prices?.keyMonth, prices),
    rotationsCharged,
    symmetricCiphertext,
    notes,
  }
}

const [customerManaged] = keyKinds
const customerMonth = (customerManaged as KeyKindFacts).keyMonth

const notes = [
  'the free 20,000 requests a month are for symmetric keys, and are not taken off',
  'an opener that starts asks GetPublicKey of each key once; that has a quota of its own',
  'one call opens the values of a wrapped key where one run of openMany, or its cache, has them',
  'each attempt counts and costs: a call that KMS throttles is repeated by its client',
  'a multi-Region key costs a month for each replica, and each Region has its own quota',
  'GiB are those that a month adds; what storage costs is not in the table',
]

type Way = Pick<CapacityRow, 'key' | 'perWrappedKey' | 'resealed'>

function rowOf(way: Way, checked: CheckedOptions): CapacityRow {
  const { assumed } = checked
  const wrapped = Math.ceil(assumed.perDay / way.perWrappedKey)
  const calls = callsOf(way, wrapped, checked)
  const keys = keysKept(way.resealed, checked)
  const costs = calls.map(({ costMonth }) => costMonth)
  return {
    ...way,
    calls,
    callsPerDay: calls.reduce((sum, { perDay }) => sum + perDay, 0),
    keys,
    costMonth: costs.includes(null)
      ? null
      : cents(costs.reduce<number>((sum, cost) => sum + (cost as number), keys.costMonth)),
    storage: storageOf(way, checked),
    concurrency: Math.max(
      1,
      Math.ceil((calls.reduce((sum, { peak }) => sum + peak, 0) * assumed.latency) / 1_000),
    ),
    reopen: reopenOf(way, checked),
  }
}

/** What is opened first is asymmetric; what was re-sealed is opened by the symmetric key after. */
function callsOf(
  { key, resealed }: Way,
  wrapped: number,
  checked: CheckedOptions,
): readonly CapacityCalls[] {
  const { opens, cache } = checked.assumed
  const times = cache ? 1 : opens
  const { operation } = keyFacts[key]
  if (!resealed) return [callOf(operation, key, wrapped * times, checked)]
  const again = cache && opens > 1 ? 1 : opens - 1
  return [
    callOf(operation, key, wrapped, checked),
    callOf('GenerateDataKey', 'SYMMETRIC_DEFAULT', wrapped, checked),
    ...(again > 0 ? [callOf('Decrypt', 'SYMMETRIC_DEFAULT', wrapped * again, checked)] : []),
  ]
}

function callOf(
  operation: CapacityCalls['operation'],
  key: PricedKey,
  perDay: number,
  { assumed, prices }: CheckedOptions,
): CapacityCalls {
  const { quota, price, sharedBy } = factsOf(key, assumed.region, prices)
  const average = perDay / secondsOfDay
  const peak = average * assumed.peak
  return {
    operation,
    key,
    perDay,
    average,
    peak,
    quota,
    sharedBy,
    share: quota.value === null ? null : peak / quota.value,
    price,
    costMonth:
      price.value === null ? null : cents((perDay * assumed.daysOfMonth * price.value) / 10_000),
  }
}

/** Keys by hand are new keys, and all are kept; a symmetric key keeps its material itself. */
function keysKept(
  resealed: boolean,
  { rotations, prices, assumed }: CheckedOptions,
): CapacityRow['keys'] {
  const month = orYours(customerMonth, prices?.keyMonth, prices).value as number
  const kept = 2 + rotations
  // automatic rotation is yearly, whatever the other keys do
  const charged = Math.min(assumed.years, rotationsCharged.value as number)
  const symmetric = resealed ? 1 : 0
  return { kept, symmetric, costMonth: cents(month * (kept + symmetric * (1 + charged))) }
}

const arnIn = (region: string): string =>
  `arn:aws:kms:${region}:111122223333:key/00000000-0000-0000-0000-000000000000`

function storageOf(
  { key, perWrappedKey, resealed }: Way,
  { assumed, context }: CheckedOptions,
): CapacityStorage | null {
  const { kind, perDay, size, frameLength, region, daysOfMonth } = assumed
  const facts: SizeFacts = { arn: arnIn(region), context, frameLength }
  const sizeOf = kind === 'objects' ? sealedFileLength : sealedTextLength
  const each = sizeOf(key, size, facts)
  if (each === undefined) return null
  const bytesPerDay = resealed ? resealedPerDay(perDay, perWrappedKey, size, facts) : perDay * each
  ensure(
    Number.isSafeInteger(bytesPerDay),
    'too_large',
    'size: so many bytes a day cannot be counted',
  )
  return {
    bytesPerDay,
    overheadPerDay: bytesPerDay - perDay * size,
    gibPerMonth: (bytesPerDay * daysOfMonth) / 2 ** 30,
  }
}

/** The items of one wrapped key become one file, with a newline between two. */
function resealedPerDay(
  perDay: number,
  perWrappedKey: number,
  size: number,
  facts: SizeFacts,
): number {
  const joined = (count: number): number => resealedLength(count * (size + 1) - 1, facts)
  const rest = perDay % perWrappedKey
  const full = Math.floor(perDay / perWrappedKey)
  return (full > 0 ? full * joined(perWrappedKey) : 0) + (rest > 0 ? joined(rest) : 0)
}

function reopenOf(
  { key, perWrappedKey, resealed }: Way,
  { assumed, prices }: CheckedOptions,
): CapacityRow['reopen'] {
  const calls = Math.ceil(assumed.archive / perWrappedKey)
  const { quota } = factsOf(resealed ? 'SYMMETRIC_DEFAULT' : key, assumed.region, prices)
  return {
    items: assumed.archive,
    calls,
    seconds: quota.value === null ? null : Math.ceil(calls / quota.value),
  }
}
