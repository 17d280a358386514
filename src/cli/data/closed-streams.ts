import { fstatSync, readFileSync, statSync } from 'node:fs'

/** What Linux says of an open file: its flags in octal digits, of which the last two bits are the access. */
const opened = /^flags:\s*0*([0-7]+)$/m
const readAndWrite = 2

/**
 * Whether stdin (0) or stdout (1) was closed: Node opens /dev/null for reading and writing in its place.
 *
 * - A shell's `< /dev/null` and `> /dev/null` open it for one of both, as somebody asked for.
 * - Only Linux tells the one from the other.
 */
export function wasClosed(fd: 0 | 1): boolean {
  try {
    const [, flags = '0'] = opened.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')) ?? []
    const isNull = fstatSync(fd).rdev === statSync('/dev/null').rdev
    return isNull && (Number.parseInt(flags, 8) & 3) === readAndWrite
  } catch {
    return false
  }
}
