import { nameOf, unusedOf, type KnownKey } from './known-keys.js'
import type { Tally, Use } from './tally.js'

/** What is told of the records. */
export interface Report {
  readonly tally: Tally
  readonly known: readonly KnownKey[]
  /** Undefined where nobody said what is expected. */
  readonly isExpected: ((principal: string, operation: string) => boolean) | undefined
}

/** One thing that was found, as `--json` prints it. */
type Found = Readonly<Record<string, unknown>> & { readonly kind: string }

/** Calls that nobody of an expected role makes. */
export const outsideOf = ({ tally, isExpected }: Report): readonly Readonly<Use>[] =>
  isExpected
    ? tally.uses().filter(({ principal, operation }) => !isExpected(principal, operation))
    : []

/** From when to when the calls were. */
function span(uses: readonly Readonly<Use>[]): { readonly first: string; readonly last: string } {
  const firsts = uses.map(({ first }) => first).toSorted()
  const lasts = uses.map(({ last }) => last).toSorted()
  return { first: firsts[0] ?? '', last: lasts.at(-1) ?? '' }
}

/** A line of JSON for each use and each key that was not used, and one behind them for all. */
export function asJson(report: Report): readonly Found[] {
  const { tally, known, isExpected } = report
  const uses = tally.uses()
  const unused = unusedOf(known, uses)
  const outside = new Set(outsideOf(report))
  return [
    ...uses.map((use) => ({
      kind: 'use',
      ...use,
      ...named(known, use.key),
      ...(isExpected && { expected: !outside.has(use) }),
    })),
    ...unused.map(({ arns: [key], name }) => ({
      kind: 'unused',
      key,
      ...(name !== undefined && { name }),
    })),
    {
      kind: 'all',
      ...span(uses),
      calls: tally.calls,
      others: tally.others,
      repeated: tally.repeated,
      unused: unused.length,
      ...(isExpected && { outside: outside.size }),
    },
  ]
}

const named = (known: readonly KnownKey[], key: string): { readonly name?: string } => {
  const name = nameOf(known, key)
  return name === undefined ? {} : { name }
}

/** The same for people. What is to be looked at comes last. */
export function asLines(report: Report): readonly string[] {
  const { tally, known } = report
  const uses = tally.uses()
  const { first, last } = span(uses)
  const counted = `${tally.calls} calls of KMS, ${tally.others} records of others, ${tally.repeated} repeated`
  const keys = [...new Set(uses.map(({ key }) => key))]
  return [
    first === '' ? counted : `${counted}, from ${first} to ${last}`,
    ...keys.flatMap((key) => [
      '',
      titleOf(key, nameOf(known, key)),
      ...uses.filter((use) => use.key === key).map((use) => `  ${inWords(use)}`),
    ]),
    ...section(
      'Not used in these records',
      unusedOf(known, uses).map(({ arns: [arn = ''], name }) => titleOf(arn, name)),
    ),
    ...section(
      'By nobody who is expected to',
      outsideOf(report).map((use) => `${inWords(use)}  ${use.key}`),
    ),
  ]
}

const titleOf = (key: string, name: string | undefined): string => {
  const title = key === '' ? 'about no key' : key
  return name === undefined ? title : `${title} (${name})`
}

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)]

const inWords = ({ count, operation, outcome, principal, last }: Readonly<Use>): string =>
  `${String(count).padStart(7)}  ${operation.padEnd(18)}  ${outcome.padEnd(12)}  ${principal}  last ${last}`
