import type { Readable, Writable } from 'node:stream'
import { withHidden } from '../errors/printable.js'

/** Where a command writes, line by line. */
export interface Terminal {
  /** Writes a line for programs, to stdout. */
  out(line: string): void
  /** Writes a line for people, to stderr. */
  note(line: string): void
}

/** The streams of the process, for data and for a line of progress. */
export interface Streams {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number }
}

/** The streams of this process. They are opened when they are asked for. */
export const ownStreams: Streams = {
  get stdin() {
    return process.stdin
  },
  get stdout() {
    return process.stdout
  },
  get stderr() {
    return process.stderr
  },
}

/**
 * Lines as a terminal may get them, which would obey control characters.
 *
 * They are escaped as JSON escapes them, so that a line of JSON says the same as before.
 */
export const escaped = (lines: string): string =>
  withHidden(lines, (found) =>
    found === '\n' ? found : found.split('').map(unicodeEscape).join(''),
  )

/** The same in one line: a line end that came with the text would forge another line. */
export const escapedLine = (text: string): string =>
  escaped(text).replaceAll('\n', String.raw`\u000a`)

const unicodeEscape = (unit: string): string =>
  String.raw`\u` + unit.charCodeAt(0).toString(16).padStart(4, '0')
