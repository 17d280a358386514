import { SealdropError, type SealdropErrorCode } from './sealdrop-error.js'

/** Throws unless the condition holds; the message says what was expected, what came, what to do. */
export function ensure(
  condition: unknown,
  code: SealdropErrorCode,
  message: string,
): asserts condition {
  if (!condition) throw new SealdropError(code, message)
}

/**
 * Names what came without showing it: `null`, `array`, `Map`, `string`. Content stays out of
 * messages.
 */
export function kindOf(value: unknown): string {
  if (typeof value !== 'object') return typeof value
  if (value === null) return 'null'
  return Object.prototype.toString.call(value).slice(8, -1)
}

/**
 * A name from outside, made safe to print: at most 80 characters, control characters shown as `?`.
 */
export function shown(name: string): string {
  const clean = name.replace(/[^\x20-\x7e]/g, '?')
  return JSON.stringify(clean.length > 80 ? `${clean.slice(0, 77)}...` : clean)
}
