import { ensure, shown } from '../../errors/guard.js'

/**
 * A time that is later by an ISO 8601 duration of years, months, weeks and days: `P3M`, `P90D`.
 *
 * Months are those of the calendar, in UTC. A day that a month does not have becomes its last day.
 *
 * @throws SealdropError `invalid_argument`
 */
export function later(from: number, duration: string): number {
  const found = /^P(?=\d)(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?$/.exec(
    String(duration),
  )
  ensure(
    found,
    'invalid_argument',
    `every: expected an ISO 8601 duration of years, months, weeks and days such as P3M, found ${shown(String(duration))}`,
  )
  const [, years = 0, months = 0, weeks = 0, days = 0] = found.map((digits) => Number(digits ?? 0))
  const date = new Date(from)
  const day = date.getUTCDate()
  date.setUTCDate(1)
  date.setUTCMonth(date.getUTCMonth() + years * 12 + months)
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  date.setUTCDate(Math.min(day, last) + weeks * 7 + days)
  ensure(
    date.getTime() >= from + 86_400_000,
    'invalid_argument',
    'every: expected at least one day',
  )
  return date.getTime()
}
