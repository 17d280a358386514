import { kindOf } from './kind.js'
import { SealdropError, type SealdropErrorCode } from './sealdrop-error.js'

/** Throws unless the condition holds; the message says what was expected, what came, what to do. */
export function ensure(
  condition: unknown,
  code: SealdropErrorCode,
  message: string,
): asserts condition {
  if (!condition) throw new SealdropError(code, message)
}

/** @throws SealdropError `invalid_argument` unless the value is a whole number from 1 to `most` */
export function checkCount(name: string, value: number, most: number): void {
  ensure(
    Number.isInteger(value) && value >= 1 && value <= most,
    'invalid_argument',
    `${name}: expected 1 to ${most}`,
  )
}

/**
 * Checks a duration or a time of an option, in milliseconds, and answers it.
 *
 * Text is refused, also digits: `'3600000' + 60_000` is eleven years.
 *
 * @throws SealdropError `invalid_argument` unless the value is a number from 0
 */
export function milliseconds(name: string, value: unknown): number {
  ensure(
    typeof value === 'number' && value >= 0,
    'invalid_argument',
    `${name}: expected milliseconds from 0 on, found ${kindOf(value)}`,
  )
  return value
}

/**
 * The clock of an option, each of whose answers is checked.
 *
 * @throws SealdropError `invalid_argument`, as the clock that it answers does
 */
export function clockOf(now: () => number = () => Date.now()): () => number {
  ensure(
    typeof now === 'function',
    'invalid_argument',
    `now: expected a function, found ${kindOf(now)}`,
  )
  return () => milliseconds('now', now())
}

/** Whether a value is a Date of any realm that holds a time. */
export const isDate = (value: unknown): value is Date =>
  kindOf(value) === 'Date' && Number.isFinite(Number(value))

/**
 * A name from outside, made safe to print: at most 80 characters, control characters shown as `?`.
 */
export function shown(name: unknown): string {
  const clean = String(name).replace(/[^\x20-\x7e]/g, '?')
  return JSON.stringify(clean.length > 80 ? `${clean.slice(0, 77)}...` : clean)
}

/** Whether a value that came from outside has functions of these names. */
export const hasMethods = (value: unknown, ...names: readonly (string | symbol)[]): boolean =>
  names.every((name) => typeof (value as HasMembers | null | undefined)?.[name] === 'function')

type HasMembers = Readonly<Record<string | symbol, unknown>>
