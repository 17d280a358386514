/** Members of an error of the AWS SDK that tell the time. */
interface TimedError {
  readonly name?: string
  readonly message?: string
  readonly $response?: { readonly headers?: Readonly<Record<string, string | undefined>> }
}

/** AWS refuses signatures that are further away. */
const taken = 5 * 60_000

/** What AWS says of a signature from another time: when it was made, and what time it is there. */
const signed = /^Signature (?:expired|not yet current): (\S+) .*\((\S+) /

const clockErrors: readonly unknown[] = [
  'RequestExpired',
  'RequestInTheFuture',
  'RequestTimeTooSkewed',
]

/**
 * What to do where KMS refused a signature because of the time in it; undefined where it did not.
 *
 * - AWS calls it as it calls wrong credentials: the message says it, or the `date` of the answer
 */
export function clockAdvice(error: unknown): string | undefined {
  const { name, message = '', $response } = (error ?? {}) as TimedError
  const [, ours, theirs] = signed.exec(message) ?? []
  if (ours !== undefined && theirs !== undefined) return adviceFor(timeOf(ours), timeOf(theirs))
  const there = Date.parse($response?.headers?.['date'] ?? '')
  const here = Date.now()
  const isOff = Math.abs(here - there) > taken
  return isOff || clockErrors.includes(name) ? adviceFor(here, there) : undefined
}

function adviceFor(ours: number, theirs: number): string {
  const [here, there] = [ours, theirs].map((time) =>
    Number.isNaN(time) ? 'another time' : new Date(time).toISOString(),
  )
  return `the clock of this machine is wrong: it says ${here}, KMS says ${there}; synchronise it by NTP`
}

/** A time as AWS writes it in signatures: `20300101T000000Z`. */
const timeOf = (text: string): number =>
  Date.parse(text.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\dZ)$/, '$1-$2-$3:$4:$5'))
