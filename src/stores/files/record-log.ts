import { fromBase64url, toBase64url } from '../../bytes/base64url.js'
import { equal } from '../../bytes/bytes.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import { tagLength } from '../../formats/message-header.js'
import type { RecordStart, TagRun } from '../../stream/record-store.js'

/**
 * One line of a log.
 *
 * Who wrote the start holds the record, and after that whoever took it over last.
 */
export interface Line {
  readonly holder: string
  readonly start?: Readonly<Record<string, unknown>>
  readonly takes?: true
  /** The process that wrote a start or took over: host and number. */
  readonly by?: string
  /** Runs of tags. Of builds before there were runs, each has one. */
  readonly frames?: readonly (readonly [first: number, tags: string])[]
  readonly note?: readonly [name: string, members: Readonly<Record<string, unknown>>]
}

export const startLine = ({ header, key, ...rest }: RecordStart): Pick<Line, 'start'> => ({
  start: { ...rest, header: toBase64url(header), key: toBase64url(key as Uint8Array) },
})

/**
 * The text of a line in ASCII, between two line breaks.
 *
 * A line that a crash or a full disk tore does not damage the next one then.
 */
export const lineOf = (line: Line): string =>
  `\n${JSON.stringify(line).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`

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

/** A note as JSON has it: bytes are a list with their base64url, which text never is. */
export const noteLine = (name: string, note: object): Pick<Line, 'note'> => ({
  note: [
    name,
    mapMembers(note, (member) => (member instanceof Uint8Array ? [toBase64url(member)] : member)),
  ],
})

const mapMembers = (
  note: object,
  change: (member: unknown) => unknown,
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(note).map(([name, member]) => [name, change(member)]))

/** Each tag of runs with its frame. */
export function* singleTags(runs: Iterable<TagRun>): Generator<readonly [number, Uint8Array]> {
  for (const [first, tags] of runs) {
    if (tags.length % tagLength !== 0) throw new Error('a tag of another length')
    for (let at = 0; at < tags.length; at += tagLength)
      yield [first + at / tagLength, tags.subarray(at, at + tagLength)]
  }
}

/**
 * Reads a log, in which only lines of whoever held the record then count.
 *
 * @throws SealdropError `malformed` for a damaged log: nobody knows then which frames left
 */
export function readLog(log: string): {
  readonly start: object
  readonly tags: Map<number, Uint8Array>
  readonly notes: Map<string, object>
} {
  try {
    const lines = linesOf(log)
    const [first] = lines
    if (!first?.start) throw new Error('no start')
    const { header, key, ...rest } = first.start
    const counted = linesOfHolders(lines, first.holder)
    return {
      start: { ...rest, header: decoded(header), key: decoded(key) },
      tags: tagsOf(counted),
      notes: new Map(
        counted.flatMap(({ note }) =>
          note ? [[note[0], mapMembers(note[1], decodedMember)] as const] : [],
        ),
      ),
    }
  } catch (cause) {
    throw new SealdropError(
      'malformed',
      'the record is damaged: start over with createFileSealer',
      { cause },
    )
  }
}

/** The lines whose writer held the record at that place. */
function linesOfHolders(lines: readonly (Line | undefined)[], firstHolder: string): Line[] {
  let holder = firstHolder
  return lines.flatMap((line) => {
    if (!line) throw new Error('a line that is no JSON')
    if (line.takes) holder = line.holder
    return line.holder === holder ? line : []
  })
}

/** The tags of frames by their index. */
function tagsOf(lines: readonly Line[]): Map<number, Uint8Array> {
  const tags = new Map<number, Uint8Array>()
  for (const { frames = [] } of lines) {
    const runs = frames.map(([first, text]) => [first, decoded(text)] as const)
    for (const [index, tag] of singleTags(runs)) {
      if (!equal(tags.get(index) ?? tag, tag)) throw new Error('two tags for one frame')
      tags.set(index, tag)
    }
  }
  return tags
}

const decodedMember = (member: unknown): unknown =>
  Array.isArray(member) ? decoded(member[0]) : member

function decoded(text: unknown): Uint8Array {
  const bytes = fromBase64url(text as string)
  if (!bytes) throw new Error('not base64url')
  return bytes
}
