// npm run test:matrix: the suites in eight hosts, one after another, and the table algorithm ×
// host, each cell of which is what one genuine signature did in that host. Hosts in which `npm
// test` runs every suite run those of signatures here, the others (`everything`) all of them.
//
// test/matrix/ suites.js suites of signatures entry.js what every host runs, as one bundle cells.js
// what a cell says hosts/ one small file each: starts a host, says its version server.mjs page,
// bundle, fixture, report environment.mjs Deno and Bun, as the lock file here says, kept in
// .build/matrix/ table.mjs the table, and docs/algorithms.md
//
//  --write writes the table into docs/algorithms.md; without, a table that differs from what ran is
// a failure --suites WHICH `all` or `signatures`, in every host --host NAME only this one; may be
// given again. The table is then neither compared nor written MATRIX_WITHOUT names of hosts to
// leave out, with commas: they count as skipped. A host that is missing and not named fails.
// FIREFOX_PATH, CHROME_PATH say where those are.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bundled } from '../../bench/browsers.mjs'
import { bun } from './hosts/bun.mjs'
import { chromium } from './hosts/chromium.mjs'
import { deno } from './hosts/deno.mjs'
import { firefox } from './hosts/firefox.mjs'
import { node20, node24 } from './hosts/node.mjs'
import { webkit } from './hosts/webkit.mjs'
import { workerd } from './hosts/workerd.mjs'
import { startServer } from './server.mjs'
import { compareTable, table, writeTable } from './table.mjs'

const hosts = [node20, node24, deno, bun, workerd, chromium, firefox, webkit]
/** How long one host may take, in milliseconds: several times what it needs. */
const patience = 20 * 60_000
const {
  values: { write, suites, host: chosen },
} = parseArgs({
  options: {
    write: { type: 'boolean' },
    suites: { type: 'string' },
    host: { type: 'string', multiple: true },
  },
})
const total = { passed: 0, failed: 0, skipped: 0 }

function failed(title, why) {
  total.failed++
  console.error(`not ok ${title}: ${why}`)
}

/**
 * Names of hosts as an option or the environment gives them; one that is no host's name must not go
 * unnoticed.
 */
function named(names, where) {
  for (const name of names)
    if (!hosts.some((host) => host.name === name))
      failed(
        where,
        `no host is named ${name}; there are ${hosts.map((host) => host.name).join(', ')}`,
      )
  return names
}

/** What a host reports, or why there is nothing. */
async function outcomeOf(host, code, file) {
  const options = { suites: suites ?? (host.everything ? 'all' : 'signatures') }
  const server = await startServer(code, options)
  let timer
  try {
    const running = await host.start({ base: server.base, code, file, options })
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, patience, `stopped after ${patience / 60_000} minutes`)
    })
    try {
      const ended = running.ended?.then(
        (how) =>
          new Promise((resolve) => {
            setTimeout(resolve, 1_000, `no report came: ${how}`)
          }),
      )
      const found = await Promise.race([server.reported, late, ...(ended ? [ended] : [])])
      return {
        version: running.version,
        ...(typeof found === 'string' ? { broken: found } : found),
      }
    } finally {
      await running.stop()
    }
  } catch (error) {
    return { broken: error.message }
  } finally {
    clearTimeout(timer)
    server.close()
  }
}

/** Runs one host, and prints what it did. @returns its column, undefined where it has none */
async function columnOf(host, code, file) {
  const began = Date.now()
  const { version, broken, mended, results = [], cells = {} } = await outcomeOf(host, code, file)
  const checks = [
    ...results,
    ...Object.entries(cells).map(([name, cell]) => ({
      name: `the cell of ${name}`,
      ...(cell.startsWith('FAILED') && { error: cell }),
    })),
  ]
  const found = { passed: 0, failed: 0, skipped: 0 }
  for (const { name, error, skipped } of checks) {
    found[error ? 'failed' : skipped ? 'skipped' : 'passed']++
    if (error) console.error(`not ok ${host.name}: ${name}: ${error}`)
    if (skipped) console.log(`skipped ${host.name}: ${name}: ${skipped}`)
  }
  if (mended) console.log(`${host.name}: ${mended}`)
  for (const key of Object.keys(total)) total[key] += found[key]
  if (broken) failed(host.name, broken)
  else if (results.length === 0 || Object.keys(cells).length === 0)
    failed(host.name, 'it ran no test')
  console.log(
    `${host.name} ${version ?? ''}: ${found.passed} passed, ${found.failed + (broken ? 1 : 0)} failed${found.skipped > 0 ? `, ${found.skipped} skipped` : ''} (${Math.round((Date.now() - began) / 1000)} s)`,
  )
  return broken ? undefined : { name: host.name, version, cells }
}

const without = named(
  (process.env.MATRIX_WITHOUT ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean),
  'MATRIX_WITHOUT',
)
if (!['all', 'signatures', undefined].includes(suites))
  failed('--suites', `expected all or signatures, found ${suites}`)
const only = chosen && named(chosen, '--host')
const code = await bundled(fileURLToPath(new URL('entry.js', import.meta.url)))
const folder = await mkdtemp(join(tmpdir(), 'sealdrop-matrix-'))
const columns = []
try {
  await writeFile(join(folder, 'entry.mjs'), code)
  const file = join(folder, 'main.mjs')
  await writeFile(
    file,
    "import { report } from './entry.mjs'\nconst [base, options] = process.argv.slice(2)\nawait report(base, JSON.parse(options))\n",
  )
  for (const host of hosts) {
    if (only && !only.includes(host.name)) continue
    if (without.includes(host.name)) {
      total.skipped++
      console.log(`skipped ${host.name}: MATRIX_WITHOUT names it`)
    } else columns.push(await columnOf(host, code, file))
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
const complete = columns.length === hosts.length && columns.every(Boolean)
if (columns.some(Boolean)) console.log(`\n${table(columns.filter(Boolean))}\n`)
if (complete && write && total.failed === 0) await writeTable(columns)
else if (write) failed('--write', 'the table is written when every host ran and nothing failed')
else if (complete) {
  const difference = await compareTable(columns).catch(({ message }) => message)
  if (difference) failed('docs/algorithms.md', difference)
  else total.passed++
}
console.log(
  `${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`,
)
process.exit(total.failed > 0 ? 1 : 0)
