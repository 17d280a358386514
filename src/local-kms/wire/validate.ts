import { Buffer } from 'node:buffer'
import { isJsonObject, type JsonObject } from '../../formats/json.js'
import { KmsFault, unsupported } from './fault.js'

interface Values {
  string: string
  blob: Buffer
  integer: number
  boolean: boolean
  time: number
  strings: readonly string[]
  map: Readonly<Record<string, string>>
  structure: JsonObject
  structures: readonly JsonObject[]
  unimplemented: undefined
}

/**
 * One member of a request, with every constraint of AWS's model.
 *
 * Clients check none of them.
 */
export interface Member {
  /** The type. `unimplemented`: AWS knows it; here only values that ask for nothing are taken. */
  readonly type: keyof Values
  readonly required?: true
  /** The least length, or the least value of an integer; `max` is the greatest. */
  readonly min?: number
  readonly max?: number
  readonly pattern?: RegExp
  /** How long the names and values of a map may be together. */
  readonly bytes?: number
  readonly values?: readonly string[]
  /** What messages list instead of `values`, where AWS names others than it takes. */
  readonly listed?: readonly string[]
  /** Whether messages of AWS hide the value, even that it is null. */
  readonly sensitive?: true
  readonly harmless?: readonly unknown[]
  /** What each text of a list must satisfy. */
  readonly each?: Pick<Member, 'min' | 'max' | 'pattern' | 'values'>
}

export type Members = Readonly<Record<string, Member>>

/** What a handler gets. Required members are there, others may be undefined. */
export type Input<M extends Members> = {
  readonly [Name in keyof M]:
    Values[M[Name]['type']] | (M[Name] extends { readonly required: true } ? never : undefined)
}

const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')

const isMap = (value: unknown): boolean => isJsonObject(value) && isStrings(Object.values(value))

/** Reads padded and canonical base64 only. Node's decoder would skip what it does not know. */
function readBlob(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}

/** Reads a JSON value as a type of the model; undefined where it is not of that type. */
const readers: {
  readonly [Type in keyof Values]: readonly [name: string, read: (value: unknown) => unknown]
} = {
  string: ['a String', (value) => (typeof value === 'string' ? value : undefined)],
  integer: ['an Integer', (value) => (Number.isSafeInteger(value) ? value : undefined)],
  boolean: ['a Boolean', (value) => (typeof value === 'boolean' ? value : undefined)],
  time: [
    'a Timestamp',
    (value) => (typeof value === 'number' && Math.abs(value) <= 8.64e12 ? value : undefined),
  ],
  strings: ['a list of Strings', (value) => (isStrings(value) ? value : undefined)],
  structure: ['a Structure', (value) => (isJsonObject(value) ? value : undefined)],
  structures: [
    'a list of Structures',
    (value) => (Array.isArray(value) && value.every(isJsonObject) ? value : undefined),
  ],
  map: ['a map of Strings', (value) => (isMap(value) ? value : undefined)],
  blob: ['a Blob', (value) => (typeof value === 'string' ? readBlob(value) : undefined)],
  unimplemented: ['', (value) => value],
}

/**
 * Reads the members of a request.
 *
 * @param at - the place of a structure within it, as messages of AWS name it
 * @throws KmsFault SerializationException for a wrong JSON type, ValidationException listing every
 *   broken constraint, UnsupportedOperationException naming a member that is not implemented
 */
export function validate<const M extends Members>(members: M, body: JsonObject, at = ''): Input<M> {
  const rows = Object.entries(members)
  const input: Record<string, unknown> = {}
  for (const [name, { type }] of rows) input[name] = readMember(name, type, body[name])
  const broken = rows.flatMap(([name, member]) => brokenRules(at, name, member, input[name]))
  if (broken.length > 0)
    throw new KmsFault(
      'ValidationException',
      `${broken.length} validation error${broken.length > 1 ? 's' : ''} detected: ${broken.join('; ')}`,
    )
  for (const [name, { type, harmless }] of rows) {
    if (type === 'unimplemented' && input[name] !== undefined && !harmless?.includes(input[name]))
      throw unsupported(`The parameter ${name}`)
  }
  return input as Input<M>
}

/**
 * The value of a member. Null means absent.
 *
 * @throws KmsFault SerializationException
 */
function readMember(name: string, type: Member['type'], value: unknown): unknown {
  if (value === undefined || value === null) return undefined
  const [typeName, read] = readers[type]
  const result = read(value)
  if (result === undefined)
    throw new KmsFault('SerializationException', `${name} can not be converted to ${typeName}`)
  return result
}

/** The constraints that are broken, in AWS's words. Bytes are never shown. */
function brokenRules(
  place: string,
  name: string,
  member: Member,
  value: unknown,
): readonly string[] {
  const at = `at '${place}${name.charAt(0).toLowerCase()}${name.slice(1)}'`
  const broken = (shown: string, rule: string): string =>
    `Value ${shown}${at} failed to satisfy constraint: Member must ${rule}`
  if (value === undefined) {
    const shown = member.sensitive ? '' : 'null '
    return member.required ? [broken(shown, 'not be null')] : []
  }
  const { each } = member
  if (each && isStrings(value) && value.some((item) => breaks(each, item)))
    return [broken(`'[${value.join(', ')}]' `, `satisfy constraint: [${allRules(each)}]`)]
  const isShown = member.type === 'string' || member.type === 'integer'
  const shown = isShown ? `'${value as string | number}' ` : ''
  return rulesOf(member, value)
    .filter((rule) => rule.broken)
    .map(({ rule }) => broken(shown, rule))
}

const breaks = (constraints: Constraints, value: unknown): boolean =>
  rulesOf(constraints, value).some(({ broken }) => broken)

const allRules = (constraints: Constraints): string =>
  rulesOf(constraints, '')
    .map(({ rule }) => `Member must ${rule}`)
    .join(', ')

type Constraints = Pick<Member, 'min' | 'max' | 'pattern' | 'bytes' | 'values' | 'listed'>

interface Rule {
  readonly broken: boolean
  readonly rule: string
}

/** The constraints that a member has, and whether a value breaks them. */
function rulesOf(constraints: Constraints, value: unknown): readonly Rule[] {
  const { min, max, pattern, bytes, values, listed = values } = constraints
  const noun = typeof value === 'number' ? 'value' : 'length'
  const measured = measureOf(value)
  const rules: Rule[] = []
  if (min !== undefined)
    rules.push({ broken: measured < min, rule: `have ${noun} greater than or equal to ${min}` })
  if (max !== undefined)
    rules.push({ broken: measured > max, rule: `have ${noun} less than or equal to ${max}` })
  if (pattern !== undefined) {
    const broken = !pattern.test(String(value))
    rules.push({ broken, rule: `satisfy regular expression pattern: ${pattern.source}` })
  }
  if (bytes !== undefined) {
    const broken = lengthOfMap(value) > bytes
    rules.push({ broken, rule: `have at most ${bytes} characters of names and values` })
  }
  if (values !== undefined) {
    const broken = !values.includes(String(value))
    rules.push({ broken, rule: `satisfy enum value set: [${listed?.join(', ')}]` })
  }
  return rules
}

/** What is measured: a number itself, or the length of what has one. */
function measureOf(value: unknown): number {
  if (typeof value === 'number') return value
  return (value as { readonly length?: number }).length ?? 0
}

const lengthOfMap = (value: unknown): number =>
  Object.entries(value as object)
    .flat()
    .join('').length
