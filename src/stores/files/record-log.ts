import { fromBase64url, toBase64url } from '../../bytes/base64url.js'
import { equal } from '../../bytes/bytes.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import type { RecordStart } from '../../stream/record-store.js'

/**
 * One line of a log.
 *
 * Who wrote the start holds the record, and after that whoever took it over last.
 */
export interface Line {
  readonly holder: string
  readonly start?: Readonly<Record<string, unknown>>
  readonly takes?: true
  readonly frames?: readonly (readonly [index: number, tag: string])[]
}

export const startLine = ({ header, key, ...rest }: RecordStart): Pick<Line, 'start'> => ({
  start: { ...rest, header: toBase64url(header), key: toBase64url(key as Uint8Array) },
})

/**
 * The text of a line, between two line breaks.
 *
 * A line that a crash or a full disk tore does not damage the next one then.
 */
export const lineOf = (line: Line): string => `\n${JSON.stringify(line)}\n`

const beginning = '{"holder":"'

/**
 * The lines of a log in order.
 *
 * - A line that was torn has no empty line behind it. It is left out, since its frames never left.
 * - What is no beginning of a line is `undefined`, and so is a whole line that does not parse.
 */
export function linesOf(log: string): readonly (Line | undefined)[] {
  const lines = log.split('\n')
  const torn = (line: string, i: number): boolean =>
    lines[i + 1] !== '' &&
    /^[ -~]*$/.test(line) &&
    beginning.startsWith(line.slice(0, beginning.length))
  return lines
    .filter((line, i) => line !== '' && !torn(line, i))
    .map((line) => {
      try {
        return JSON.parse(line) as Line
      } catch {
        return undefined
      }
    })
}

/** Who holds the record after these lines. */
export const holderOf = (lines: readonly (Line | undefined)[], before: string): string =>
  lines.reduce((holder, line) => (line?.start || line?.takes ? line.holder : holder), before)

/**
 * Reads a log, in which only lines of whoever held the record then count.
 *
 * @throws SealdropError `malformed` for a damaged log: nobody knows then which frames left
 */
export function readLog(log: string): {
  readonly start: object
  readonly tags: Map<number, Uint8Array>
} {
  try {
    const lines = linesOf(log)
    const [first] = lines
    if (!first?.start) throw new Error('no start')
    const { header, key, ...rest } = first.start
    const tags = tagsOf(lines, first.holder)
    return { start: { ...rest, header: decoded(header), key: decoded(key) }, tags }
  } catch (cause) {
    throw new SealdropError(
      'malformed',
      'the record is damaged: start over with createFileSealer',
      { cause },
    )
  }
}

/** The tags of frames by their index, of lines whose writer held the record at that place. */
function tagsOf(
  lines: readonly (Line | undefined)[],
  firstHolder: string,
): Map<number, Uint8Array> {
  const tags = new Map<number, Uint8Array>()
  let holder = firstHolder
  for (const line of lines) {
    if (!line) throw new Error('a line that is no JSON')
    if (line.takes) holder = line.holder
    if (line.holder !== holder) continue
    for (const [index, text] of line.frames ?? []) {
      const tag = decoded(text)
      if (!equal(tags.get(index) ?? tag, tag)) throw new Error('two tags for one frame')
      tags.set(index, tag)
    }
  }
  return tags
}

function decoded(text: unknown): Uint8Array {
  const bytes = fromBase64url(text as string)
  if (!bytes) throw new Error('not base64url')
  return bytes
}
