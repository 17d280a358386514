// npm test: every suite in every host, one line of counts for each, and the sum at the end.
import { execFileSync, spawn } from 'node:child_process'
import { globSync, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run } from 'node:test'

const inNode = ['test/local-kms/*.test.mjs', 'test/cli/*.test.mjs', 'test/node/*.test.mjs']
const onOldest = ['test/local-kms/*.test.mjs', 'test/cli/*.test.mjs', 'test/node/{suites,main-path,kms-faults,publisher,data-key-cache,serve,fs,file-records,stream-files,stream-mutants,http-source,large-files}.test.mjs']
const total = { passed: 0, failed: 0, skipped: 0 }

/** Adds the counts of one host; a host that ran nothing has failed. */
function count(name, { passed, failed, skipped }) {
  const nothing = passed + failed === 0
  if (nothing) console.error(`not ok ${name}: it ran no test`)
  total.passed += passed
  total.failed += failed + (nothing ? 1 : 0)
  total.skipped += skipped
  console.log(`${name}: ${passed} passed, ${failed} failed, ${skipped} skipped\n`)
}

/** Test files in processes of this Node. */
async function here(name, patterns) {
  const found = { passed: 0, failed: 0, skipped: 0 }
  const events = run({ files: globSync(patterns), concurrency: 2, timeout: 600_000 })
  events.on('test:pass', ({ skip, todo, name: title }) => {
    if (skip === undefined && todo === undefined) found.passed++
    else { found.skipped++; console.log(`skipped ${title}: ${skip || todo || 'no reason given'}`) }
  })
  events.on('test:fail', ({ name: title, file, details }) => {
    found.failed++
    const { cause = details.error } = details.error
    console.error(`not ok ${title}\n  ${file}\n  ${cause?.stack ?? cause}`)
  })
  for await (const _ of events);
  count(name, found)
}

/** A command that closes with counts of its own, in node's form or ours. */
async function elsewhere(name, command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { output += chunk })
  const status = await new Promise((resolve) => child.on('close', resolve))
  const number = (pattern) => Number(pattern.exec(output)?.[1] ?? 0)
  const found = {
    passed: number(/^. pass (\d+)$/m) || number(/(\d+) passed, \d+ failed/),
    failed: number(/^. fail (\d+)$/m) || number(/\d+ passed, (\d+) failed/),
    skipped: number(/^. skipped (\d+)$/m) || number(/failed, (\d+) skipped/),
  }
  if (status !== 0 && found.failed === 0) found.failed = 1
  if (found.failed > 0) console.error(output)
  count(name, found)
}

/** The oldest Node the library promises, where the machine has one beside that of npm scripts. */
function otherNode() {
  const version = (path) => { try { return execFileSync(path, ['--version'], { encoding: 'utf8' }).trim() } catch { return undefined } }
  for (const folder of process.env.PATH.split(delimiter)) {
    const path = join(folder, 'node')
    const found = existsSync(path) ? version(path) : undefined
    if (found && /^v2[0-3]\./.test(found)) return { path, version: found }
  }
  return undefined
}

console.log(`Node ${process.version}`)
await here(`Node ${process.version}`, inNode)
const oldest = otherNode()
if (oldest) await elsewhere(`Node ${oldest.version}`, oldest.path, ['--test', '--test-concurrency=2', ...globSync(onOldest)])
else { total.skipped++; console.log('skipped the run on an older Node: there is no Node 20 to 23 on the PATH beside that of npm scripts\n') }
await elsewhere('Chromium', process.execPath, ['node_modules/@web/test-runner/dist/bin.js'])
await here('workerd', ['test/workerd/*.test.mjs'])
await here('pages', ['test/browser/*.test.mjs', 'test/demo/*.test.mjs'])
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`)
process.exit(total.failed > 0 ? 1 : 0)
