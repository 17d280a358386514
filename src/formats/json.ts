import { limits } from '../algorithms/limits.js'
import { isWellFormed } from '../bytes/text.js'
import { ensure } from '../errors/guard.js'
import { SealdropError, type SealdropErrorCode } from '../errors/sealdrop-error.js'

export type JsonObject = { readonly [member: string]: unknown }

export interface JsonRules {
  /** What a failure carries. */
  readonly code: SealdropErrorCode
  /** Names the text in a message: "JWE header". */
  readonly field: string
  /** Deepest nesting; default no limit. */
  readonly depth?: number
  /** Whether strings may have lone surrogates. Default: they are refused. */
  readonly surrogates?: true
}

/**
 * Parses JSON, and refuses duplicate members, `__proto__` and lone surrogates (RFC 8259 §4, §8.2).
 *
 * - no two readers see two values
 * - nothing that came can pollute a prototype
 */
export function parseJson(text: string, rules: JsonRules): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // never the cause: V8 quotes the text in it
    throw new SealdropError(rules.code, `${rules.field}: expected JSON`)
  }
  scan(text, rules)
  return value
}

/**
 * Parses the JSON of a header or a key set: an object, at most 32 deep.
 *
 * It has no prototype at any level.
 */
export function parseJsonObject(text: string, rules: JsonRules): JsonObject {
  const value = withoutPrototypes(parseJson(text, { depth: limits.jsonDepth, ...rules }))
  ensure(isJsonObject(value), rules.code, `${rules.field}: expected a JSON object`)
  return value
}

/** What members of an object must be. */
export type Members = Readonly<Record<string, (value: unknown) => boolean>>

/** Refuses an object with a member that is missing or is not what it must be. */
export function checkMembers(
  object: JsonObject,
  members: Members,
  { code, field }: JsonRules,
): void {
  const wrong = Object.keys(members).filter((name) => !members[name]?.(object[name]))
  ensure(
    wrong.length === 0,
    code,
    `${field}: ${wrong.join(', ')} missing or of the wrong type; times are in seconds`,
  )
}

export const isText = (value: unknown): value is string => typeof value === 'string'

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Goes once over the tokens of what JSON.parse took.
 *
 * On text with an open string this pattern would be quadratic.
 */
function scan(text: string, { code, field, depth = Infinity, surrogates }: JsonRules): void {
  const refuse = (wrong: unknown, what: string): void => ensure(!wrong, code, `${field}: ${what}`)
  const open: (Set<string> | undefined)[] = []
  for (const [token] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(?:\s*:)?|[{}[\]]/g)) {
    if (token === '{' || token === '[') open.push(token === '{' ? new Set() : undefined)
    else if (token === '}' || token === ']') open.pop()
    else {
      const said = JSON.parse(token.slice(0, token.lastIndexOf('"') + 1)) as string
      refuse(!surrogates && !isWellFormed(said), 'a lone surrogate')
      if (token.endsWith(':')) {
        const members = open.at(-1)
        refuse(
          said === '__proto__' || members?.has(said),
          'a duplicate member, or one named __proto__',
        )
        members?.add(said)
      }
    }
    refuse(open.length > depth, `nested deeper than ${depth}`)
  }
}

function withoutPrototypes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPrototypes)
  if (!isJsonObject(value)) return value
  const plain: Record<string, unknown> = Object.create(null)
  for (const [name, member] of Object.entries(value)) plain[name] = withoutPrototypes(member)
  return plain
}
