import { isSealdropError, SealdropError } from '../errors/sealdrop-error.js'

/** What an error of tus-js-client says of the request that failed. */
interface TusError extends Error {
  readonly causingError?: unknown
  readonly originalResponse?: { getStatus(): number; getBody(): string } | null
}

/** Whether tus-js-client should send again. */
export function shouldRetry(error: Error): boolean {
  const { causingError, originalResponse } = error as TusError
  if (isSealdropError(causingError)) return causingError.retryable
  const status = originalResponse?.getStatus() ?? 0
  const { navigator } = globalThis as { readonly navigator?: { readonly onLine?: boolean } }
  const isRefused = status >= 400 && status < 500 && status !== 409 && status !== 423
  return !isRefused && navigator?.onLine !== false
}

/** What tus-js-client writes behind its own words: addresses, and what another library said. */
const detail = /, (caused by|originated from) [^]*/

/**
 * The error of Sealdrop in what tus-js-client told, or one that says what the server answered.
 *
 * The request itself is left out: it has the headers, by which the sender is known.
 */
export function tusFailure(error: unknown): SealdropError {
  const { causingError, originalResponse, message = '' } = Object(error) as Partial<TusError>
  const own = [causingError, error].find(isSealdropError)
  if (own) return own
  const words = message.replace(detail, '')
  const answer = originalResponse
    ? `: found status ${originalResponse.getStatus()}, ${originalResponse.getBody().slice(0, 300)}`
    : ''
  return new SealdropError('output_failed', `${words}${answer}`, {
    retryable: shouldRetry(Object(error) as Error),
  })
}
