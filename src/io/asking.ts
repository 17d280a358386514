import { isSealdropError, SealdropError } from '../errors/sealdrop-error.js'
import { within } from './abort.js'

/** No answer of a store is waited for longer, in milliseconds. */
const patience = 10_000

/**
 * Asks a store, whatever it is kept in.
 *
 * @param store - names it in a message: `the store of links`
 * @throws SealdropError `output_failed`, retryable; what the store threw is its cause
 */
export async function asking<R>(store: string, work: () => Promise<R>): Promise<R> {
  const late = new SealdropError('output_failed', `${store}: no answer in 10 s`)
  try {
    return await within(patience, work, late)
  } catch (cause) {
    if (isSealdropError(cause) && cause.code === 'output_failed' && cause.retryable) throw cause
    throw new SealdropError('output_failed', `${store} does not answer`, { cause, retryable: true })
  }
}
