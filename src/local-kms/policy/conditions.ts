import { Buffer } from 'node:buffer'
import { BlockList, isIP } from 'node:net'
import { globMatches, globOf, globParts, inLowerCase, type Glob } from './glob.js'
import { resolve, type Context } from './variables.js'

/** One key of a Condition element under its operator, as it was read. */
export interface Condition {
  readonly operator: string
  readonly set?: 'ForAllValues' | 'ForAnyValue'
  readonly ifExists: boolean
  readonly key: string
  readonly values: readonly string[]
}

type Test = (value: string) => boolean
type Expand = (text: string, wildcards: boolean) => Glob | undefined
interface Row {
  readonly negated: boolean
  /** Undefined where what the policy wants matches no value. */
  test(wanted: string, expand: Expand): Test | undefined
}

const textual =
  (wildcards: boolean, fold: boolean): Row['test'] =>
  (wanted, expand) => {
    const glob = expand(wanted, wildcards)
    if (!glob) return undefined
    return fold
      ? (value) => globMatches(inLowerCase(glob), value.toLowerCase())
      : (value) => globMatches(glob, value)
  }

/**
 * Compares ARNs, each of the six parts by itself.
 *
 * ArnEquals and ArnLike are the same (IAM User Guide).
 */
const arn: Row['test'] = (wanted, expand) => {
  const glob = expand(wanted, true)
  const parts = glob && globParts(glob, 6)
  if (parts?.length !== 6) return undefined
  return (value) => {
    const values = globParts(globOf(value), 6).length === 6 ? partsOf(value) : []
    return values.length === 6 && parts.every((part, i) => globMatches(part, String(values[i])))
  }
}

function partsOf(value: string): readonly string[] {
  const parts = value.split(':')
  return [...parts.slice(0, 5), parts.slice(5).join(':')]
}

type Comparison = (value: number, wanted: number) => boolean

const ordered =
  (read: (text: string) => number, compare: Comparison): Row['test'] =>
  (wanted) =>
  (value) =>
    compare(read(value), read(wanted))

const numberOf = (text: string): number =>
  /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN

/** Reads a time in ISO 8601, or in seconds since 1970. Four digits are a year. */
function dateOf(text: string): number {
  if (/^\d{5,}(\.\d+)?$/.test(text)) return Number(text) * 1000
  return /^\d{4}/.test(text) ? Date.parse(text) : NaN
}

const boolean: Row['test'] = (wanted) => (value) =>
  value.toLowerCase() === wanted.toLowerCase() && ['true', 'false'].includes(value.toLowerCase())

const binary: Row['test'] = (wanted) => (value) =>
  Buffer.from(value, 'base64').equals(Buffer.from(wanted, 'base64'))

const address: Row['test'] = (wanted) => {
  const [host = '', prefix] = wanted.split('/')
  const family = isIP(host) === 6 ? 'ipv6' : 'ipv4'
  const longest = family === 'ipv6' ? 128 : 32
  const length = prefix === undefined ? longest : numberOf(prefix)
  if (isIP(host) === 0 || !Number.isInteger(length) || length < 0 || length > longest)
    return undefined
  const list = new BlockList()
  list.addSubnet(host, length, family)
  return (value) => isIP(value) !== 0 && list.check(value, isIP(value) === 6 ? 'ipv6' : 'ipv4')
}

const comparisons: readonly (readonly [name: string, compare: Comparison])[] = [
  ['Equals', (value, wanted) => value === wanted],
  ['LessThan', (value, wanted) => value < wanted],
  ['LessThanEquals', (value, wanted) => value <= wanted],
  ['GreaterThan', (value, wanted) => value > wanted],
  ['GreaterThanEquals', (value, wanted) => value >= wanted],
]
const compared = (
  prefix: string,
  read: (text: string) => number,
): readonly (readonly [string, Row['test']])[] =>
  comparisons.map(([name, compare]) => [`${prefix}${name}`, ordered(read, compare)])

const positive: readonly (readonly [name: string, test: Row['test'], negation?: string])[] = [
  ['StringEquals', textual(false, false), 'StringNotEquals'],
  ['StringEqualsIgnoreCase', textual(false, true), 'StringNotEqualsIgnoreCase'],
  ['StringLike', textual(true, false), 'StringNotLike'],
  ...compared('Numeric', numberOf),
  ['NumericEquals', ordered(numberOf, (value, wanted) => value === wanted), 'NumericNotEquals'],
  ...compared('Date', dateOf),
  ['DateEquals', ordered(dateOf, (value, wanted) => value === wanted), 'DateNotEquals'],
  ['ArnEquals', arn, 'ArnNotEquals'],
  ['ArnLike', arn, 'ArnNotLike'],
  ['Bool', boolean],
  ['BinaryEquals', binary],
  ['IpAddress', address, 'NotIpAddress'],
  ['Null', boolean],
]

/** Operators by their names, which have no case (IAM User Guide, "Condition operators"). */
const operators: ReadonlyMap<string, Row> = new Map<string, Row>([
  ...positive.map(([name, test]) => [name.toLowerCase(), { negated: false, test }] as const),
  ...positive
    .filter(([, , negation]) => negation !== undefined)
    .map(([, test, negation = '']) => [negation.toLowerCase(), { negated: true, test }] as const),
])

/**
 * Reads the name of an operator such as `ForAllValues:StringEqualsIfExists`.
 *
 * @returns undefined for an operator that does not exist
 */
export function readOperator(
  name: string,
): Pick<Condition, 'operator' | 'set' | 'ifExists'> | undefined {
  const [, set, base = '', suffix] =
    /^(?:(ForAllValues|ForAnyValue):)?([a-z]+?)(IfExists)?$/i.exec(name) ?? []
  const operator = base.toLowerCase()
  if (!operators.has(operator) || (operator === 'null' && (suffix ?? set) !== undefined))
    return undefined
  const all = set?.toLowerCase() === 'forallvalues'
  return {
    operator,
    ...(set === undefined ? {} : { set: all ? 'ForAllValues' : 'ForAnyValue' }),
    ifExists: suffix !== undefined,
  }
}

/**
 * Whether a condition holds for a request.
 *
 * - Without a set operator one value that matches suffices. A negated operator wants that none
 *   does.
 * - Where the key is absent a condition fails, except under a negation, `IfExists` or
 *   `ForAllValues`.
 * - `ForAnyValue` fails without the key even with `IfExists` (seen in AWS: re:Post,
 *   "ForAnyValue:StringEqualsIfExists behaving unexpectedly").
 */
export function holds(condition: Condition, context: Context, variables: boolean): boolean {
  const { operator, set, ifExists, key, values: wanted } = condition
  const row = operators.get(operator)
  const values = context.get(key.toLowerCase())
  if (!row) return false
  if (operator === 'null')
    return wanted.some((text) => text.toLowerCase() === String(values === undefined))
  if (values === undefined)
    return set === undefined ? ifExists || row.negated : set === 'ForAllValues'
  const expand: Expand = (text, wildcards) => resolve({ text, variables, wildcards }, context)
  const tests = wanted.map((text) => row.test(text, expand))
  const fits = (value: string): boolean => tests.some((test) => test?.(value)) !== row.negated
  const every = set === 'ForAllValues' || (set === undefined && row.negated)
  return every ? values.every(fits) : values.some(fits)
}
