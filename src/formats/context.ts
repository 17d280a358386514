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

/**
 * Checks a context given by a caller.
 *
 * @throws SealdropError `invalid_argument`
 */
export function checkContext(context: unknown): Context {
  ensure(
    isContext(context),
    'invalid_argument',
    `context: expected an object of strings, or {}, found ${kindOf(context)}`,
  )
  for (const [name, value] of Object.entries(context)) {
    ensure(
      !/^(sealdrop:|aws-crypto-)/.test(name) && name !== '__proto__',
      'invalid_argument',
      `context name ${shown(name)} is reserved`,
    )
    ensure(
      isWellFormed(name) && isWellFormed(value),
      'invalid_argument',
      `context ${shown(name)}: a lone surrogate`,
    )
  }
  // a copy: what the caller does to its own meanwhile changes nothing
  return { ...context }
}

/** Whether something is an object of strings, as the `ctx` of a header must be. */
export function isContext(value: unknown): value is Context {
  return (
    kindOf(value) === 'Object' &&
    Object.values(value as object).every((member) => typeof member === 'string')
  )
}

/** Whether two contexts hold the same pairs, in whatever order. */
export function sameContext(a: Context, b: Context): boolean {
  const names = Object.keys(a)
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && a[name] === b[name])
  )
}
