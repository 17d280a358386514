import { resolve } from 'node:path'
import { kindOf } from '../../errors/kind.js'
import { shown } from '../../errors/guard.js'
import { isJsonObject, isText, type JsonObject } from '../../formats/json.js'
import { UsageError } from '../exit-codes.js'
import { meant } from './nearest.js'

/** A part of a JSON Schema. */
export type Schema = Readonly<Record<string, unknown>>

/** Where a value stands. */
export interface Where {
  /** The file or the variable. */
  readonly source: string
  /** Inside of it, such as `recipients.claims.url`; empty for all of it. */
  readonly at?: string
  /** Relative paths begin here. */
  readonly folder: string
}

/** What a value must be: how it is read, and the schema that says the same. */
export interface Shape<T> {
  readonly schema: Schema
  readonly read: (value: unknown, where: Where) => T
  /** The value that the text of an environment variable stands for. */
  readonly ofText: (text: string) => unknown
}

const named = ({ source, at }: Where): string => (at === undefined ? source : `${source}: ${at}`)

function refuse(where: Where, expected: string, value: unknown): never {
  const found = isText(value) ? shown(value) : kindOf(value)
  throw new UsageError(`${named(where)}: expected ${expected}, found ${found}`)
}

function inside({ at = '', ...where }: Where, member: string | number): Where {
  const dotted = at === '' ? String(member) : `${at}.${member}`
  return { ...where, at: typeof member === 'number' ? `${at}[${member}]` : dotted }
}

/** Some text that is not empty. */
export function text(
  description: string,
  {
    pattern = '.',
    expected = 'text',
  }: { readonly pattern?: string; readonly expected?: string } = {},
): Shape<string> {
  const allowed = new RegExp(pattern, 's')
  return {
    schema: { type: 'string', pattern, description },
    read: (value, where) =>
      isText(value) && allowed.test(value) ? value : refuse(where, expected, value),
    ofText: (found) => found,
  }
}

/** The path of a file or a folder. Some words may stand for something else. */
export function path(
  description: string,
  { except }: { readonly except?: RegExp } = {},
): Shape<string> {
  const plain = text(description, { expected: 'a path' })
  return {
    ...plain,
    read(value, where) {
      const found = plain.read(value, where)
      return except?.test(found) ? found : resolve(where.folder, found)
    },
  }
}

/** A whole number. */
export const count = (description: string, least: number, most: number): Shape<number> => ({
  schema: { type: 'integer', minimum: least, maximum: most, description },
  read: (value, where) =>
    Number.isInteger(value) && Number(value) >= least && Number(value) <= most
      ? Number(value)
      : refuse(where, `${least} to ${most}`, value),
  ofText: (found) => (/^\d+$/.test(found) ? Number(found) : found),
})

const words: Readonly<Record<string, boolean>> = { true: true, false: false, 1: true, 0: false }

/** Yes or no. */
export const yesOrNo = (description: string): Shape<boolean> => ({
  schema: { type: 'boolean', description },
  read: (value, where) =>
    typeof value === 'boolean' ? value : refuse(where, 'true or false', value),
  ofText: (found) => words[found] ?? found,
})

/** One thing or more of a kind. In a variable a comma stands between two. */
export const listOf = <T>(description: string, of: Shape<T>): Shape<readonly T[]> => ({
  schema: { type: 'array', items: of.schema, minItems: 1, description },
  read: (value, where) =>
    Array.isArray(value) && value.length > 0
      ? value.map((one, index) => of.read(one, inside(where, index)))
      : refuse(where, 'a list that is not empty', value),
  ofText: (found) => found.split(',').map((part) => of.ofText(part.trim())),
})

/** Things under names that the user chooses. */
export const tableOf = <T>(
  description: string,
  { pattern, expected }: { readonly pattern: string; readonly expected: string },
  of: Shape<T>,
): Shape<ReadonlyMap<string, T>> => ({
  schema: {
    type: 'object',
    propertyNames: { pattern },
    additionalProperties: of.schema,
    description,
  },
  read(value, where) {
    if (!isJsonObject(value)) return refuse(where, 'an object', value)
    const entries = Object.entries(value)
    const wrong = entries.find(([name]) => !new RegExp(pattern).test(name))
    if (wrong) return refuse(where, `names of ${expected}`, wrong[0])
    return new Map(entries.map(([name, one]) => [name, of.read(one, inside(where, name))]))
  },
  ofText: (found) => found,
})

/** What members must be to each other. */
export interface Rule {
  readonly schema: Schema
  readonly holds: (members: JsonObject) => boolean
  readonly expected: string
}

/** An object of these members, each of which may be absent. */
export const membersOf = (
  description: string,
  rows: Readonly<Record<string, Shape<unknown>>>,
  rules: readonly Rule[] = [],
): Shape<JsonObject> => ({
  schema: {
    type: 'object',
    properties: Object.fromEntries(Object.entries(rows).map(([name, of]) => [name, of.schema])),
    additionalProperties: false,
    ...(rules.length > 0 && { allOf: rules.map(({ schema }) => schema) }),
    description,
  },
  read(value, where) {
    if (!isJsonObject(value)) return refuse(where, 'an object', value)
    const found = Object.entries(value).map(([name, one]) => {
      const of = Object.hasOwn(rows, name) ? rows[name] : undefined
      if (of) return [name, of.read(one, inside(where, name))] as const
      const said = meant(name, Object.keys(rows))
      throw new UsageError(`${named(where)}: it has no member ${shown(name)}; ${said}`)
    })
    const broken = rules.find(({ holds }) => !holds(value))
    if (broken) throw new UsageError(`${named(where)}: expected ${broken.expected}`)
    return Object.fromEntries(found)
  },
  ofText: (found) => found,
})
