// The table algorithm × host as Markdown, and where it stands in the documentation.
import { readFile, writeFile } from 'node:fs/promises'

const document = new URL('../../docs/algorithms.md', import.meta.url)
const [begins, ends] = ['<!-- test:matrix -->', '<!-- /test:matrix -->']

/**
 * A refusal is the same in every host, so that the cell has its code and the list below the table
 * its reason.
 */
const short = (cell) =>
  cell.replace(/^refused: (\w+): .*/s, 'refused: `$1`').replace(/^FAILED.*/s, 'FAILED')

const row = (cells) => `| ${cells.join(' | ')} |`

function body(columns) {
  const names = [...new Set(columns.flatMap(({ cells }) => Object.keys(cells)))]
  const rows = names.map((name) =>
    row([name, ...columns.map(({ cells }) => (name in cells ? short(cells[name]) : 'FAILED'))]),
  )
  const reasons = names.flatMap((name) =>
    [
      ...new Set(
        columns.map(({ cells }) => /^refused: \w+: (.*)/s.exec(cells[name])?.[1]).filter(Boolean),
      ),
    ].map((reason) => `- ${name}: ${reason}`),
  )
  return { rows, reasons }
}

/** @param columns - of each host that ran: name, version, and its cells by algorithm */
export function table(columns) {
  const { rows, reasons } = body(columns)
  return [
    row(['', ...columns.map(({ name, version }) => `${name}<br>${version}`)]),
    row(['---', ...columns.map(() => '---')]),
    ...rows,
    '',
    ...reasons,
  ].join('\n')
}

/**
 * The document around the table. @throws Error where the markers are not there once each, in order
 */
async function documentParts() {
  const text = await readFile(document, 'utf8')
  const [before, rest, ...more] = text.split(begins)
  const [inside, after, ...others] = (rest ?? '').split(ends)
  if (after === undefined || more.length > 0 || others.length > 0)
    throw new Error(`docs/algorithms.md: expected ${begins} and ${ends} once each, in this order`)
  return { before, inside, after }
}

export async function writeTable(columns) {
  const { before, after } = await documentParts()
  await writeFile(document, `${before}${begins}\n${table(columns)}\n${ends}${after}`)
}

/** What the document says otherwise than what ran; versions of hosts may differ. */
export async function compareTable(columns) {
  const { inside } = await documentParts()
  const { rows, reasons } = body(columns)
  const missing = [...rows, ...reasons].filter((line) => !inside.split('\n').includes(line))
  return missing.length > 0
    ? `it does not say what ran; run with --write:\n${missing.join('\n')}`
    : undefined
}
