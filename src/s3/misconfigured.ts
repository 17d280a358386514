import { SealdropError } from '../errors/sealdrop-error.js'

/** What is the operator's to mend: `onEvent` is told why, and whoever asks is not. */
export const misconfigured = (why: unknown): SealdropError =>
  new SealdropError('output_failed', 'the server cannot take uploads now', {
    cause: typeof why === 'string' ? new SealdropError('invalid_argument', why) : why,
  })
