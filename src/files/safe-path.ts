import { utf8 } from '../bytes/text.js'
import { ensure } from '../errors/guard.js'
import { kindOf } from '../errors/kind.js'
import { SealdropError } from '../errors/sealdrop-error.js'

/** Names of devices, which Windows takes in every folder and with every extension. */
const device = /^(con|prn|aux|nul|clock\$|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|$)/i
/** What cannot be seen: control characters, line ends, signs of direction, lone surrogates. */
const hidden = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u
/** Bytes that a name has in most file systems, at most. */
const mostBytes = 255

/** What no part of a path may be; the first row that fits is told. */
const refusals: readonly (readonly [fits: (segment: string) => boolean, why: string])[] = [
  [
    (segment) => segment === '',
    'is empty: expected a relative path without // and without / at its ends',
  ],
  [(segment) => segment === '.' || segment === '..', 'is . or ..'],
  [(segment) => segment.includes('\\'), 'has a backslash'],
  [(segment) => segment.includes(':'), 'has a colon, which names a drive or a stream on Windows'],
  [(segment) => hidden.test(segment), 'has a character that cannot be seen'],
  [(segment) => /[. ]$/.test(segment), 'ends in a dot or a space, which Windows takes away'],
  [(segment) => device.test(segment), 'is a device on Windows'],
  [(segment) => utf8(segment).length > mostBytes, `has more than ${mostBytes} bytes`],
]

/**
 * Takes a path that a sender claims, where it stays within a folder on every system.
 *
 * - It changes nothing: a path that is not safe is refused, and never mended.
 * - It looks at the text only. Links within the folder, and files that are there, are yours.
 * - Write each message into a folder of its own, since two senders may claim one path.
 *
 * @param path - relative, with `/` between its parts
 * @returns the same path
 * @throws SealdropError:
 *   - `invalid_argument`: it is no safe path, and the message says why without showing it
 * @example
 *   ```js
 *   import { safePath } from 'sealdrop/fs'
 *   console.log(safePath('photos/2026/a.jpg')) // photos/2026/a.jpg
 *   try {
 *     safePath('photos/../../.ssh/authorized_keys')
 *   } catch (error) {
 *     console.log(error.message) // safePath: part 2 is . or ..
 *   }
 *   ```
 */
export function safePath(path: string): string {
  ensure(
    typeof path === 'string',
    'invalid_argument',
    `safePath: expected a path, found ${kindOf(path)}`,
  )
  for (const [index, segment] of path.split('/').entries()) {
    const refusal = refusals.find(([fits]) => fits(segment))
    if (refusal)
      throw new SealdropError('invalid_argument', `safePath: part ${index + 1} ${refusal[1]}`, {
        whose: 'sender',
      })
  }
  return path
}
