import { isSealdropError, type SealdropErrorCode } from '../../errors/sealdrop-error.js'
import { isTime } from '../../formats/compact.js'
import { escapedLine } from '../terminal.js'

/** One thing that something says of itself. */
export interface Fact {
  /** Its name in JSON. */
  readonly member: string
  /** Its name in text. */
  readonly label: string
  /** What JSON says. A fact that is undefined is left out. */
  readonly value: unknown
  /** What text says, line by line. Default: the value. */
  readonly text?: readonly string[] | undefined
}

/** Why something might not open or verify, with the code that it would fail with. */
export interface Problem {
  readonly code: SealdropErrorCode
  readonly message: string
}

/** Who could use something, and by which command. */
export interface Way {
  readonly who: string
  readonly command: string
}

/** What is done with a thing: as JSON names it, and text. */
const doings = { opens: 'opens with', verifies: 'verified by', uses: 'used by' } as const

/** What a thing says of itself. Nothing of it is verified. */
export interface Report {
  readonly kind: string
  /** The kind in words. */
  readonly words: string
  readonly facts: readonly Fact[]
  readonly does: keyof typeof doings
  readonly ways: readonly Way[]
  readonly problems: readonly Problem[]
}

export const fact = (
  member: string,
  label: string,
  value: unknown,
  text?: readonly string[],
): Fact => ({ member, label, value, text })

/** A number with groups of three digits, the same in every language. */
export const grouped = (number: number): string => String(number).replace(/\B(?=(\d{3})+$)/g, ',')

const units = [
  ['year', 31_536_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const

/** How long ago a time is, or how long until then. Times are milliseconds. */
export function ago(time: number, now: number): string {
  const seconds = Math.abs(now - time) / 1000
  const [unit, length] = units.find(([, least]) => seconds >= least) ?? ['minute', 60]
  const count = Math.floor(seconds / length)
  const amount = count === 0 ? 'less than a minute' : `${count} ${unit}${count === 1 ? '' : 's'}`
  return time > now ? `in ${amount}` : `${amount} ago`
}

/** A time in seconds since 1970, as it stands in tokens; undefined where it is none. */
export function timeFact(member: string, label: string, seconds: unknown, now: number): Fact {
  if (!isTime(seconds)) return fact(member, label, undefined)
  const iso = new Date(seconds * 1000).toISOString()
  return fact(member, label, iso, [`${iso} (${ago(seconds * 1000, now)})`])
}

export const problem = (code: SealdropErrorCode, message: string): Problem => ({ code, message })

/** The problems of these rules that hold. */
export const problemsOf = (
  ...rules: readonly (readonly [holds: boolean, code: SealdropErrorCode, message: string])[]
): readonly Problem[] =>
  rules.filter(([holds]) => holds).map(([, code, message]) => ({ code, message }))

/** What an attempt fails with, as a problem. What is no fault of the input is thrown. */
export async function failureOf(attempt: () => unknown): Promise<readonly Problem[]> {
  try {
    await attempt()
    return []
  } catch (error) {
    if (!isSealdropError(error)) throw error
    return [problem(error.code, error.message)]
  }
}

/**
 * The words of a command line, quoted as a POSIX shell takes them.
 *
 * What is inside came with the input: outside of quotes a shell would run it.
 */
export const commandLine = (words: readonly string[]): string =>
  ['sealdrop', ...words]
    .map((word) =>
      /^[\w@%+:,./-][\w@%+=:,./-]*$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`,
    )
    .join(' ')

/** More pairs than that stand in a file. */
const mostPairs = 5

/**
 * The flags for a context: its names, and no values.
 *
 * Whoever opens must know the values from elsewhere. What the input says itself proves nothing.
 */
export function contextWords(context: Readonly<Record<string, string>>): readonly string[] {
  const names = Object.keys(context)
  return names.length > mostPairs || names.some((name) => name === '' || name.includes('='))
    ? ['--encryption-context', 'CONTEXT']
    : names.flatMap((name) => ['-c', `${name}=VALUE`])
}

/** An input as a command line names it: stdin is not named. */
export const namedInput = (name: string): readonly string[] => {
  if (name === '-') return []
  return [name.startsWith('-') ? `./${name}` : name]
}

/** The report as JSON. */
export const asJson = (input: string, { kind, facts, does, ways, problems }: Report): object => ({
  input,
  kind,
  verified: false,
  ...factsAsJson(facts),
  [does]: ways,
  problems,
})

/** Facts by their names. A name of ours never comes from the input. */
const factsAsJson = (facts: readonly Fact[]): object =>
  Object.fromEntries(
    facts.filter(({ value }) => value !== undefined).map(({ member, value }) => [member, value]),
  )

const width = 14
/** A line of text is at most so long: what is longer stands in `--json`. */
const longestLine = 4_000

/** The report as lines of text. */
export function asLines(input: string, report: Report): readonly string[] {
  const { words, facts, does, ways, problems } = report
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ...facts.map(({ label, value, text }): readonly [string, readonly string[]] => [
      label,
      value === undefined ? [] : (text ?? [textOf(value)]),
    ]),
    [doings[does], ways.length > 0 ? ways.flatMap(wayLines) : ['nothing that is known here']],
    [problems.length > 0 ? 'but' : 'problems', problemLines(problems)],
  ]
  const body = rows.flatMap(([label, lines]) =>
    lines.map((line, i) => `  ${(i === 0 ? label : '').padEnd(width)} ${oneLine(line)}`),
  )
  return [`${oneLine(input)}: ${words}`, ...body]
}

const wayLines = ({ who, command }: Way): readonly string[] =>
  command === '' ? [who] : [who, `  ${command}`]

const problemLines = (problems: readonly Problem[]): readonly string[] =>
  problems.length > 0
    ? problems.map(({ code, message }) => `${code}: ${message}`)
    : ['none that shows without a key']

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value)

/** Text in one line, of which a long one is cut. */
function oneLine(text: string): string {
  const line = escapedLine(text)
  if (line.length <= longestLine) return line
  return `${line.slice(0, longestLine)}… (${grouped(line.length)} characters, all of them in --json)`
}
