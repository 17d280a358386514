// One host's column: what its suites and its cells gave, either here, or in `npm test`.
import { add, none, shown } from '../runner/counts.mjs'
import { keptCells } from './kept-cells.mjs'
import { startServer } from './server.mjs'

/** How long one host may take, in milliseconds: several times what it needs. */
const patience = 20 * 60_000

/** Rejects where a host ended, and so long after that its report would have come. */
const withoutReport = async (ended) => {
  const how = await ended
  await new Promise((resolve) => {
    setTimeout(resolve, 1_000)
  })
  return { broken: `no report came: ${how}` }
}

/** What a host reports, or why there is nothing. */
async function outcomeOf(host, { code, file, options }) {
  const server = await startServer(code, options)
  let timer
  try {
    const running = await host.start({ base: server.base, code, file, options })
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, patience, {
        broken: `stopped after ${patience / 60_000} minutes`,
      })
    })
    try {
      const ended = running.ended ? [withoutReport(running.ended)] : []
      const found = await Promise.race([server.reported, late, ...ended])
      return { version: running.version, slow: server.slow, ...found }
    } finally {
      await running.stop()
    }
  } catch (error) {
    return { broken: error instanceof Error ? error.message : String(error) }
  } finally {
    clearTimeout(timer)
    server.close()
  }
}

const cellChecks = (cells) =>
  Object.entries(cells).map(([name, cell]) => ({
    name: `the cell of ${name}`,
    ...(cell.startsWith('FAILED') && { error: cell }),
  }))

function kindOf({ error, skipped }) {
  if (error) return 'failed'
  return skipped ? 'skipped' : 'passed'
}

/** Prints what did not pass. @returns the counts */
function counted(name, checks) {
  const counts = none()
  for (const check of checks) {
    counts[kindOf(check)]++
    if (check.error) console.error(`not ok ${name}: ${check.name}: ${check.error}`)
    else if (check.skipped) console.log(`skipped ${name}: ${check.name}: ${check.skipped}`)
  }
  return counts
}

/** Why an outcome as a whole is none, whatever is in it. */
function whyNothing({ broken, results = [], cells = {} }) {
  if (broken) return broken
  return results.length === 0 || Object.keys(cells).length === 0 ? 'it ran no test' : undefined
}

/**
 * Runs one host, and prints what it did.
 *
 * @param total - the counts are added to it
 * @returns its column, undefined where it has none
 */
export async function columnOf(host, work, total) {
  const began = performance.now()
  const outcome = await outcomeOf(host, work)
  const { version, broken, mended, slow = [], results = [], cells = {} } = outcome
  if (mended) console.log(`${host.name}: ${mended}`)
  for (const test of slow) console.log(`${host.name}: slow: ${test}`)
  const counts = counted(host.name, [...results, ...cellChecks(cells)])
  const why = whyNothing(outcome)
  if (why) {
    counts.failed++
    console.error(`not ok ${host.name}: ${why}`)
  }
  add(total, counts)
  const seconds = Math.round((performance.now() - began) / 1000)
  console.log(`${host.name} ${version ?? ''}: ${shown(counts)} (${seconds} s)`)
  return broken ? undefined : { name: host.name, version, cells }
}

/**
 * The column that `npm test` kept of a host whose suites it runs.
 *
 * @param total - its cells are counted there
 * @returns undefined where the host has to run here, which is said
 */
export function keptColumn(host, total) {
  if (host.everything) return undefined
  const column = keptCells(host.name)
  if (!column) {
    console.log(
      `${host.name}: npm test kept no cells of this build, so its suites of signatures run here`,
    )
    return undefined
  }
  const counts = counted(host.name, cellChecks(column.cells))
  add(total, counts)
  console.log(`${host.name} ${column.version}: ${shown(counts)} (cells of npm test, of this build)`)
  return column
}
