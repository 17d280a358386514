import { isSealdropError, SealdropError } from './sealdrop-error.js'

/** The same error with other words. What is no SealdropError stays as it is. */
export function retold(error: unknown, say: (message: string) => string): unknown {
  if (!isSealdropError(error)) return error
  const { code, message, retryable, cause, whose } = error
  return new SealdropError(code, say(message), { retryable, cause, ...(whose && { whose }) })
}

/** Milliseconds as whole seconds, for people. */
export const seconds = (milliseconds: number): string =>
  `${Math.ceil(Math.max(0, milliseconds) / 1000)} s`

/**
 * A failure that is told again without looking: it says how old it is, and when it is looked again.
 *
 * So nobody takes for the state of now what was mended meanwhile.
 *
 * @param ago - milliseconds since it was found
 * @param left - milliseconds until it is looked again
 */
export const remembered = (error: unknown, ago: number, left: number): unknown =>
  retold(
    error,
    (message) =>
      `${message}; this was so ${seconds(ago)} ago, and is asked again in ${seconds(left)}`,
  )
