import { SealdropError } from '../errors/sealdrop-error.js'

/** The one error for whatever was wrong that depends on a private key or a file key. */
export const rejected = (): SealdropError =>
  new SealdropError(
    'rejected',
    'this age file does not open: it was changed on its way, or not sealed for this key',
  )
