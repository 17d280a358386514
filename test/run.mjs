// npm test: every suite in every host, one line of counts for each, and the sum at the end.
import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { otherNode } from './support/other-node.mjs'

const inNode = ['test/local-kms/*.test.mjs', 'test/cli/*.test.mjs', 'test/node/*.test.mjs']
const onOldest = [
  'test/local-kms/*.test.mjs',
  'test/cli/*.test.mjs',
  'test/node/{suites,main-path,kms-faults,publisher,data-key-cache,serve,fs,file-records,file-records-holders,stream-files,stream-files-failures,stream-mutants,source-mutants,http-source,large-files,sign-file,sign-file-refusals,every-signature,history}.test.mjs',
]
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

/**
 * How long one host may take, in milliseconds: several times what it needs. What never ends is then
 * a failure that says so.
 */
const patience = 25 * 60_000

/**
 * A command that closes with counts of its own, in node's form or ours. It has a process group of
 * its own, so that nothing which a test left running outlives it.
 */
async function command(name, path, args) {
  const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const kill = () => {
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      /* nothing is left of it */
    }
  }
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk) => {
      output += chunk
    })
  let late = false
  const timer = setTimeout(() => {
    late = true
    kill()
  }, patience)
  const stop = (signal) => {
    kill()
    process.kill(process.pid, signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)
  const status = await new Promise((resolve) => child.on('close', resolve))
  clearTimeout(timer)
  for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, stop)
  kill()
  const number = (pattern) => Number(pattern.exec(output)?.[1] ?? 0)
  const found = {
    passed: number(/^. pass (\d+)$/m) || number(/(\d+) passed, \d+ failed/),
    failed: number(/^. fail (\d+)$/m) || number(/\d+ passed, (\d+) failed/),
    skipped: number(/^. skipped (\d+)$/m) || number(/failed, (\d+) skipped/),
  }
  for (const [, title, reason] of output.matchAll(/^ *ok \d+ - (.*) # (?:SKIP|TODO)(.*)$/gm))
    console.log(`skipped ${title}:${reason || ' no reason given'}`)
  if (late) console.error(`not ok ${name}: stopped after ${patience / 60_000} minutes`)
  if (status !== 0 && found.failed === 0) found.failed = 1
  if (found.failed > 0) console.error(failures(output))
  count(name, found)
}

/** What of TAP tells of failures, with the file's name; of any other form all of it. */
function failures(output) {
  if (!output.startsWith('TAP version')) return output
  let shown = false
  return (
    output
      .split('\n')
      .filter((line) => {
        if (/^ *(not )?ok /.test(line)) shown = line.trimStart().startsWith('not ok')
        else if (/^ *# /.test(line)) shown = false
        return shown
      })
      .join('\n') || output.slice(-4_000)
  )
}

/** Test files in processes of a Node. */
const files = (name, node, patterns) =>
  command(name, node, [
    '--test',
    '--test-reporter=tap',
    '--test-concurrency=2',
    '--test-timeout=1200000',
    ...globSync(patterns),
  ])

await files(`Node ${process.version}`, process.execPath, inNode)
const oldest = otherNode()
if (oldest) await files(`Node ${oldest.version}`, oldest.path, onOldest)
else {
  total.skipped++
  console.log(
    'skipped the run on an older Node: there is no Node 20 to 23 on the PATH beside that of npm scripts\n',
  )
}
await command('Chromium', process.execPath, ['node_modules/@web/test-runner/dist/bin.js'])
await files('workerd', process.execPath, ['test/workerd/*.test.mjs'])
await files('pages', process.execPath, ['test/browser/*.test.mjs', 'test/demo/*.test.mjs'])
console.log(
  `${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`,
)
process.exit(total.failed > 0 ? 1 : 0)
