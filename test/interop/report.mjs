const total = { passed: 0, failed: 0 }
/** By reader, by writer: how many of how many. */
const cells = new Map()

/**
 * One line for a list of checks, each with a `name` and, if it failed, a `failure`; an empty list
 * has failed.
 */
export function report(title, checks) {
  const failures = checks.filter(({ failure }) => failure !== undefined)
  for (const { name, failure } of failures) console.error(`not ok ${title}: ${name}: ${failure}`)
  if (checks.length === 0) console.error(`not ok ${title}: there was nothing to check`)
  total.passed += checks.length - failures.length
  total.failed += checks.length === 0 ? 1 : failures.length
  console.log(`${title}: ${checks.length - failures.length} of ${checks.length}`)
}

/** One cell of the table that ends a run: what a reader did with all of a writer's. */
export function reportCell({ reader, writer }, title, checks) {
  report(title, checks)
  const passed = checks.filter(({ failure }) => failure === undefined).length
  if (!cells.has(reader)) cells.set(reader, new Map())
  const row = cells.get(reader)
  const [ofBefore, allBefore] = row.get(writer) ?? [0, 0]
  row.set(writer, [ofBefore + passed, allBefore + checks.length])
}

/**
 * One line for each limit that somebody met.
 *
 * @param {string} title
 * @param {readonly import('./limits.mjs').Limit[]} limits
 * @param {readonly { limit?: object }[]} rows - all cases
 * @param {readonly any[]} checks - of those that were tried
 */
export function reportLimits(title, limits, rows, checks) {
  for (const limit of limits) {
    const ofLimit = (/** @type {{ limit?: object }} */ row) => row.limit === limit
    const count = rows.filter(ofLimit).length
    if (count === 0) continue
    if (limit.says) report(`${title}: ${limit.what}`, checks.filter(ofLimit))
    else console.log(`${title}: ${limit.what} (${count} not tried)`)
  }
}

/** Who reads whose: a column for each writer, a row for each reader. */
export function printTable() {
  const writers = [...new Set([...cells.values()].flatMap((row) => [...row.keys()]))]
  const said = (cell) => (cell ? `${cell[0]} of ${cell[1]}` : '–')
  const rows = [
    ['reader \\ writer', ...writers],
    ['---', ...writers.map(() => '---')],
    ...[...cells].map(([reader, row]) => [reader, ...writers.map((name) => said(row.get(name)))]),
  ]
  for (const row of rows) console.log(`| ${row.join(' | ')} |`)
}

/** Prints the sum and ends the process with it. */
export function conclude() {
  console.log(`${total.passed} passed, ${total.failed} failed`)
  process.exit(total.failed > 0 ? 1 : 0)
}
