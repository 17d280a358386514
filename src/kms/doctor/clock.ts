import { finding, type Finding } from './finding.js'

/** The difference that `exp` is forgiven. The network takes less. */
const tolerance = 60_000
const stale = 15 * 60_000

/**
 * Compares the clock of this machine with the time elsewhere.
 *
 * AWS refuses signatures that are 5 minutes off, and signed sets are refused at 1 minute.
 *
 * @param age - of an answer from a cache, in milliseconds: the Date of some caches is their own,
 *   that of others is their origin's
 */
export function clockFinding(
  whose: string,
  there: number | undefined,
  now: number,
  age = 0,
): readonly Finding[] {
  if (there === undefined || !Number.isFinite(there)) return []
  const check = `clock: agrees with ${whose}`
  const difference = now - Math.min(Math.max(now, there), there + age)
  const off = Math.abs(difference)
  if (off <= tolerance) return [finding(check)]
  const [ours, theirs] = [now, there].map((time) => new Date(time).toISOString())
  const apart = `${Math.round(off / 1000)} s ${difference > 0 ? 'ahead' : 'behind'}`
  const orWait = off > stale ? '' : ', or wait, where a cache keeps old answers'
  return [
    finding(
      check,
      `this clock says ${ours}, ${whose} ${theirs}: ${apart}; sets seem to be expired or not yet valid. Synchronise this machine's clock by NTP${orWait}`,
    ),
  ]
}
