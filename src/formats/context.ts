import { isWellFormed } from '../bytes/text.js'
import { ensure, shown } from '../errors/guard.js'
import { kindOf } from '../errors/kind.js'

/**
 * What a sealed or signed thing is bound to: names to values.
 *
 * - it is authenticated, and everyone can read it: no personal data belongs into it
 * - it is required wherever it is asked for; `{}` is allowed
 * - names that start with `sealdrop:` or `aws-crypto-` are reserved
 */
export type Context = Readonly<Record<string, string>>

/** The reserved member in which a sealed field carries its place, a JSON Pointer (RFC 6901). */
export const pathMember = 'sealdrop:path'

/** The reserved members in which an archive names the sealed file that it was opened from. */
export const originalMembers = {
  messageId: 'sealdrop:message-id',
  headerDigest: 'sealdrop:header',
} as const

/**
 * Checks a context given by a caller.
 *
 * @throws SealdropError `invalid_argument`, which names the member
 */
export function checkContext(context: unknown): Context {
  ensure(
    kindOf(context) === 'Object',
    'invalid_argument',
    `context: expected an object of strings, or {}, found ${kindOf(context)}`,
  )
  for (const [name, value] of Object.entries(context as Context)) {
    ensure(
      !/^(sealdrop:|aws-crypto-)/.test(name) && name !== '__proto__',
      'invalid_argument',
      `context name ${shown(name)} is reserved`,
    )
    ensure(
      typeof value === 'string' && isWellFormed(name + value),
      'invalid_argument',
      `context ${shown(name)}: expected a string without a lone surrogate, found ${kindOf(value)}`,
    )
  }
  // a copy: what the caller does to its own meanwhile changes nothing
  return { ...(context as Context) }
}

/** Whether something is an object of strings, as the `ctx` of a header must be. */
export function isContext(value: unknown): value is Context {
  return (
    kindOf(value) === 'Object' &&
    Object.values(value as object).every((member) => typeof member === 'string')
  )
}

/**
 * The names of the members in which two contexts differ; no text where they hold the same pairs.
 *
 * Values stay out of it.
 */
export const differing = (a: Context, b: Context): string =>
  Object.keys({ ...a, ...b })
    // an own member, since a prototype may be polluted
    .filter((name) => ![a, b].every((one) => Object.hasOwn(one, name)) || a[name] !== b[name])
    .slice(0, 8)
    .map(shown)
    .join()
