import { ensure, shown } from '../../errors/guard.js'

const multiples: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9 }

const byteUnits: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
}

/** How many of each a day has. */
const perDay: Readonly<Record<string, number>> = { s: 86_400, min: 1_440, hour: 24, day: 1 }

/** A whole number from 1, which came as a number or as what was made of text. */
function whole(name: string, value: number, expected: string, found: unknown): number {
  ensure(
    Number.isSafeInteger(value) && value >= 1,
    'invalid_argument',
    `${name}: expected ${expected}, found ${shown(found)}`,
  )
  return value
}

/** Multiplies a decimal text exactly, where floating point would miss by a little. */
function times(digits: string, by: number): number {
  const [units = '', fraction = ''] = digits.split('.')
  return (Number(units + fraction) * by) / 10 ** fraction.length
}

/**
 * Reads how many there are: 100000, or `100k`, `1.5M`.
 *
 * @throws SealdropError `invalid_argument`
 */
export function countOf(name: string, value: unknown): number {
  const expected = 'a whole number from 1, such as 100000, 100k or 1.5M'
  if (typeof value === 'number') return whole(name, value, expected, value)
  const [, digits, unit = ''] = /^(\d{1,15}(?:\.\d{1,9})?)([kMG]?)$/.exec(textOf(value)) ?? []
  const count = digits === undefined ? Number.NaN : times(digits, multiples[unit] as number)
  return whole(name, count, expected, value)
}

/**
 * Reads how many there are a day: a number a day, or `100k/day`, `20/s`, `1.5M/hour`.
 *
 * @throws SealdropError `invalid_argument`
 */
export function dailyOf(name: string, value: unknown): number {
  const expected = 'a rate such as 100k/day, 20/s, 5/min or 1.5M/hour'
  if (typeof value === 'number') return whole(name, value, 'a whole number a day', value)
  const found = /^(\d{1,15}(?:\.\d{1,9})?)([kMG]?)\/(s|min|hour|day)$/.exec(textOf(value)) ?? []
  const [, digits, unit = '', per = ''] = found
  if (digits === undefined) return whole(name, Number.NaN, expected, value)
  const count = times(digits, multiples[unit] as number) * (perDay[per] as number)
  return whole(name, count, `${expected} that is a whole number a day`, value)
}

/**
 * Reads a number of bytes: 3000000, or `3MB` (powers of 1,000), `3MiB` (powers of 1,024).
 *
 * @throws SealdropError `invalid_argument`
 */
export function bytesOfSize(name: string, value: unknown): number {
  const expected = 'a whole number of bytes, such as 3000000, 3MB or 3MiB'
  if (typeof value === 'number') return whole(name, value, expected, value)
  const [, digits, unit = ''] =
    /^(\d{1,15}(?:\.\d{1,9})?)([kMGT]?B|[KMGT]iB)$/.exec(textOf(value)) ?? []
  const count = digits === undefined ? Number.NaN : times(digits, byteUnits[unit] as number)
  return whole(name, count, expected, value)
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
