import { fileURLToPath } from 'node:url'
import { ensure, kindOf } from '../errors/guard.js'
import { SealdropError } from '../errors/sealdrop-error.js'

/** The path that a caller means. @throws SealdropError `invalid_argument` for what is neither a path nor a `file:` URL */
export function filePath(where: string | URL, what: string): string {
  if (!(where instanceof URL)) {
    ensure(typeof where === 'string' && where !== '', 'invalid_argument', `${what}: expected a path or a file: URL, found ${where === '' ? 'an empty text' : kindOf(where)}`)
    return where
  }
  try {
    return fileURLToPath(where)
  } catch (cause) {
    throw new SealdropError('invalid_argument', `${what}: expected a path or a file: URL, found one of ${where.protocol}`, { cause })
  }
}
