import { SealdropError } from '../errors/sealdrop-error.js'

/** What is the operator's to mend: `onEvent` is told the sentence, and whoever asks is not. */
export const misconfigured = (message: string): SealdropError =>
  new SealdropError('output_failed', 'the server cannot take uploads now', {
    cause: new SealdropError('invalid_argument', message),
  })
