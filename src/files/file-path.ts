import { fileURLToPath } from 'node:url'
import { ensure } from '../errors/guard.js'
import { kindOf } from '../errors/kind.js'
import { SealdropError } from '../errors/sealdrop-error.js'

/**
 * The path that a caller gave, as text or as a `file:` URL.
 *
 * @param expected - who asks and for what, as `fileSets: expected the path of a folder`
 * @throws SealdropError `invalid_argument` for what is neither a path nor a `file:` URL
 */
export function filePath(where: string | URL, expected: string): string {
  if (!isUrl(where)) {
    ensure(
      typeof where === 'string' && where !== '',
      'invalid_argument',
      `${expected} or a file: URL, found ${where === '' ? 'an empty text' : kindOf(where)}`,
    )
    return where
  }
  try {
    return fileURLToPath(where.href)
  } catch (cause) {
    throw new SealdropError(
      'invalid_argument',
      `${expected} or a file: URL, found one of ${where.protocol}`,
      { cause },
    )
  }
}

/** Whether it is a URL, also one of another realm, as in jsdom. */
export const isUrl = (value: unknown): value is URL => kindOf(value) === 'URL'
