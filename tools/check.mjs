// npm run check: format, lint and types. `-- --report [commit]` prints how readable the tree is,
// beside what it was at that commit.
import { spawn } from 'node:child_process'
import { report } from './report/report.mjs'

const root = new URL('..', import.meta.url).pathname
const bin = (name) => `${root}node_modules/.bin/${name}`

const projects = [
  'test/types',
  'test/node',
  'test/local-kms',
  'test/demo',
  'test/tsconfig.hosts.json',
  'tools',
]

/** @typedef {[name: string, program: string, args: string[]]} Check */

/** @type {Check[]} */
const typeChecks = projects.map((project) => [`types of ${project}`, bin('tsc'), ['-p', project]])

/**
 * Types come first, since the linter reads the declarations that they leave in dist/.
 *
 * @type {Check[]}
 */
const checks = [
  ['types', bin('tsc'), ['-b']],
  ...typeChecks,
  ['lint', bin('oxlint'), []],
  ['format', bin('prettier'), ['--check', '--cache', '--log-level', 'warn', '.']],
]

/** Runs one check and prints what it said when it has ended. */
async function run([name, path, args]) {
  const began = Date.now()
  const child = spawn(path, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => (said += chunk))
  }
  const status = await new Promise((resolve) => {
    child.on('close', resolve)
  })
  const seconds = ((Date.now() - began) / 1000).toFixed(1)
  if (status !== 0) console.log(said.trimEnd())
  console.log(`${status === 0 ? 'ok' : 'FAILED'} ${name}, ${seconds} s`)
  return status === 0
}

const wanted = process.argv.indexOf('--report')
if (wanted > 0) {
  await report(root, process.argv[wanted + 1])
} else {
  let failed = 0
  for (const check of checks) failed += (await run(check)) ? 0 : 1
  console.log(`${checks.length - failed} passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
}
