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
 * One member of a request. The client validates nothing, so every constraint of the service's model
 * is here.
 */
export interface Member {
  /** `unimplemented`: known to AWS and refused here, except for values that ask for nothing. */
  readonly type: keyof Values
  readonly required?: true
  /** Lengths, or for an integer its values. */
  readonly min?: number
  readonly max?: number
  readonly pattern?: RegExp
  /** Of a map: how long its names and values may be together. */
  readonly bytes?: number
  readonly values?: readonly string[]
  /** What messages list instead of `values`, where the service names others than it takes. */
  readonly listed?: readonly string[]
  /** The service's messages do not even say that it is null. */
  readonly sensitive?: true
  readonly harmless?: readonly unknown[]
  /** Of a list of texts: what each of them must satisfy. */
  readonly each?: Pick<Member, 'min' | 'max' | 'pattern' | 'values'>
}

export type Members = Readonly<Record<string, Member>>

/** What a handler gets: required members are there, others may be undefined. */
export type Input<M extends Members> = {
  readonly [Name in keyof M]:
    Values[M[Name]['type']] | (M[Name] extends { readonly required: true } ? never : undefined)
}

const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')

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
  map: [
    'a map of Strings',
    (value) =>
      typeof value === 'object' && !Array.isArray(value) && isStrings(Object.values(value ?? {}))
        ? value
        : undefined,
  ],
  blob: [
    'a Blob',
    (value) => {
      const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : undefined
      // padded and canonical only: Node's decoder skips what it does not know
      return bytes?.toString('base64') === value ? bytes : undefined
    },
  ],
  unimplemented: ['', (value) => value],
}

/**
 * Reads a request's members; `at` is the place of a structure within it, as the service's messages
 * name it.
 *
 * @throws KmsFault SerializationException for a wrong JSON type, ValidationException listing every
 *   broken constraint, UnsupportedOperationException naming a member that is not implemented
 */
export function validate<const M extends Members>(members: M, body: JsonObject, at = ''): Input<M> {
  const rows = Object.entries(members)
  const input: Record<string, unknown> = {}
  for (const [name, { type }] of rows) {
    const value = body[name] ?? undefined // null means absent
    const [typeName, read] = readers[type]
    input[name] = value === undefined ? undefined : read(value)
    if (value !== undefined && input[name] === undefined)
      throw new KmsFault('SerializationException', `${name} can not be converted to ${typeName}`)
  }
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

/** Broken constraints in the service's words. Bytes are never shown. */
function brokenRules(
  place: string,
  name: string,
  member: Member,
  value: unknown,
): readonly string[] {
  const { type, required, each } = member
  const at = (shown: string, rule: string): string =>
    `Value ${shown}at '${place}${name.charAt(0).toLowerCase()}${name.slice(1)}' failed to satisfy constraint: Member must ${rule}`
  if (value === undefined)
    return required ? [at(member.sensitive ? '' : 'null ', 'not be null')] : []
  const rules = rulesOf(member, value)
  if (
    each &&
    (value as readonly string[]).some((item) => rulesOf(each, item).some(({ broken }) => broken))
  ) {
    const all = rulesOf(each, '')
      .map(({ rule }) => `Member must ${rule}`)
      .join(', ')
    return [at(`'[${(value as readonly string[]).join(', ')}]' `, `satisfy constraint: [${all}]`)]
  }
  const shown = type === 'string' || type === 'integer' ? `'${String(value)}' ` : ''
  return rules.filter(({ broken }) => broken).map(({ rule }) => at(shown, rule))
}

interface Rule {
  readonly broken: boolean
  readonly rule: string
}

/** The constraints that a member has, and whether a value breaks them. */
function rulesOf(
  {
    min,
    max,
    pattern,
    bytes,
    values,
    listed = values,
  }: Pick<Member, 'min' | 'max' | 'pattern' | 'bytes' | 'values' | 'listed'>,
  value: unknown,
): readonly Rule[] {
  const [noun, measured] =
    typeof value === 'number'
      ? ['value', value]
      : ['length', (value as { readonly length?: number }).length ?? 0]
  return [
    ...(min === undefined
      ? []
      : [{ broken: measured < min, rule: `have ${noun} greater than or equal to ${min}` }]),
    ...(max === undefined
      ? []
      : [{ broken: measured > max, rule: `have ${noun} less than or equal to ${max}` }]),
    ...(pattern === undefined
      ? []
      : [
          {
            broken: !pattern.test(String(value)),
            rule: `satisfy regular expression pattern: ${pattern.source}`,
          },
        ]),
    ...(bytes === undefined
      ? []
      : [
          {
            broken:
              Object.entries(value as object)
                .flat()
                .join('').length > bytes,
            rule: `have at most ${bytes} characters of names and values`,
          },
        ]),
    ...(values === undefined
      ? []
      : [
          {
            broken: !values.includes(String(value)),
            rule: `satisfy enum value set: [${listed?.join(', ')}]`,
          },
        ]),
  ]
}
