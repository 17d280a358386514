import { later } from '../../kms/rotation/duration.js'
import { UsageError } from '../exit-codes.js'

const expected =
  'expected a duration such as P14D or PT8H, a date such as 2027-01-31, or a time with its zone such as 2027-01-31T18:00:00Z'

const duration =
  /^P(?=.)((?:\d{1,3}Y)?(?:\d{1,4}M)?(?:\d{1,4}W)?(?:\d{1,5}D)?)(?:T(?=\d)(?:(\d{1,4})H)?(?:(\d{1,6})M)?)?$/
const date = /^\d{4}-\d{2}-\d{2}$/
const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/
const [minute, hour, day] = [60_000, 3_600_000, 86_400_000]

/**
 * Reads until when something holds: an ISO 8601 duration from now, a date or a time.
 *
 * - a date holds to its end, in UTC
 * - a time says its zone, since the zone of a machine is a guess
 *
 * @returns milliseconds since 1970
 * @throws UsageError also for what is over
 */
export function untilOf(flag: string, text: string, now: number): number {
  const wrong = (why: string): UsageError => new UsageError(`${flag} ${text}: ${why}`)
  const end = dateOf(text) ?? afterDuration(text, now)
  if (end === undefined || Number.isNaN(end)) throw wrong(expected)
  if (end <= now) throw wrong('it is over already')
  return end
}

function dateOf(text: string): number | undefined {
  if (date.test(text)) {
    const start = Date.parse(text)
    // 30 February would be a day of March
    const isThere = new Date(start || 0).toISOString().startsWith(text)
    return isThere ? start + day : Number.NaN
  }
  return time.test(text) ? Date.parse(text) : undefined
}

function afterDuration(text: string, now: number): number | undefined {
  const [, days = '', hours = 0, minutes = 0] = duration.exec(text) ?? []
  if (!duration.test(text)) return undefined
  // later takes no duration of nothing
  const isEmpty = !/[1-9]/.test(days)
  const from = isEmpty ? now : later(now, `P${days}`)
  return from + Number(hours) * hour + Number(minutes) * minute
}
