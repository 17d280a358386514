// npm run test:matrix: the suites in eight hosts, two at a time, and the table algorithm × host,
// each cell of which is what one genuine signature did in that host. Deno, Bun, Firefox and WebKit
// run every suite (`everything`). `npm test` runs every suite in the other four, and keeps their
// cells: where those are of this build they are taken, otherwise these hosts run the suites of
// signatures here.
//
//  suites.js         suites of signatures
//  entry.js          what every host runs, as one bundle
//  cells.js          what a cell says
//  kept-cells.mjs    the cells that `npm test` keeps
//  column.mjs        one host's column
//  hosts/            one small file each: starts a host, says its version
//  server.mjs        page, bundle, fixture, report
//  environment.mjs   Deno and Bun, as the lock file here says, kept in .build/matrix/
//  table.mjs         the table, and docs/algorithms.md
//
//  --write writes the table into docs/algorithms.md; without, a table that differs from what ran is
// a failure --here runs every host here, whatever `npm test` kept --suites WHICH `all` or
// `signatures`, in every host, here --host NAME only this one, here; may be given again. The table
// is then neither compared nor written MATRIX_WITHOUT names of hosts to leave out, with commas:
// they count as skipped. A host that is missing and not named fails FIREFOX_PATH, CHROME_PATH say
// where those are
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bundled } from '../../bench/browsers.mjs'
import { none, shown } from '../runner/counts.mjs'
import { inLanes } from '../runner/lanes.mjs'
import { columnOf, keptColumn } from './column.mjs'
import { bun } from './hosts/bun.mjs'
import { chromium } from './hosts/chromium.mjs'
import { deno } from './hosts/deno.mjs'
import { firefox } from './hosts/firefox.mjs'
import { node20, node24 } from './hosts/node.mjs'
import { webkit } from './hosts/webkit.mjs'
import { workerd } from './hosts/workerd.mjs'
import { compareTable, table, writeTable } from './table.mjs'

const hosts = [node20, node24, deno, bun, workerd, chromium, firefox, webkit]
/** The longest begin first. */
const order = [firefox, webkit, bun, deno, node20, node24, workerd, chromium]
const {
  values: { write, suites, here, host: chosen },
} = parseArgs({
  options: {
    write: { type: 'boolean' },
    here: { type: 'boolean' },
    suites: { type: 'string' },
    host: { type: 'string', multiple: true },
  },
})
const total = none()

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

/** The bundle in a folder, with a program for hosts of the command line. */
async function writeEntry(folder) {
  const code = await bundled(fileURLToPath(new URL('entry.js', import.meta.url)))
  await writeFile(join(folder, 'entry.mjs'), code)
  const file = join(folder, 'main.mjs')
  await writeFile(
    file,
    "import { report } from './entry.mjs'\nconst [base, options] = process.argv.slice(2)\nawait report(base, JSON.parse(options))\n",
  )
  return { code, file }
}

/** Runs hosts, two at a time. @returns their columns by name */
async function columnsOf(running) {
  const folder = await mkdtemp(join(tmpdir(), 'sealdrop-matrix-'))
  try {
    const entry = await writeEntry(folder)
    const columns = await inLanes(running, 2, (host) => {
      const options = { suites: suites ?? (host.everything ? 'all' : 'signatures') }
      return columnOf(host, { ...entry, options }, total)
    })
    return running.map((host, index) => [host.name, columns[index]])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Compares the table with the document, or writes it there. */
async function settle(columns) {
  const complete = columns.length === hosts.length && columns.every(Boolean)
  if (columns.some(Boolean)) console.log(`\n${table(columns.filter(Boolean))}\n`)
  if (complete && write && total.failed === 0) await writeTable(columns)
  else if (write) failed('--write', 'the table is written when every host ran and nothing failed')
  else if (complete) {
    const difference = await compareTable(columns).catch(({ message }) => message)
    if (difference) failed('docs/algorithms.md', difference)
    else total.passed++
  }
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
const asked = order.filter(({ name }) => !only || only.includes(name))
for (const { name } of asked.filter((host) => without.includes(host.name))) {
  total.skipped++
  console.log(`skipped ${name}: MATRIX_WITHOUT names it`)
}
const wanted = asked.filter(({ name }) => !without.includes(name))
const takesKept = !here && !suites && !only
const kept = new Map(
  (takesKept ? wanted : []).flatMap((host) => {
    const column = keptColumn(host, total)
    return column ? [/** @type {[string, any]} */ ([host.name, column])] : []
  }),
)
const ran = new Map(await columnsOf(wanted.filter(({ name }) => !kept.has(name))))
await settle(
  hosts.filter((host) => wanted.includes(host)).map(({ name }) => kept.get(name) ?? ran.get(name)),
)
console.log(shown(total))
process.exit(total.failed > 0 ? 1 : 0)
