// npm run bench:cli: how long the command takes to start, over Node itself. What is compared runs in
// turn, in one run; medians of `--rounds` (21). Each Node that is found is measured.
import { spawnSync } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { otherNode } from '../test/support/other-node.mjs'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '21' } } })
const rounds = Number(values.rounds)
const command = fileURLToPath(new URL('../dist/cli/sealdrop.mjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'sealdrop-bench-'))
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
writeFileSync(
  join(folder, 'key.json'),
  JSON.stringify({ ...publicKey.export({ format: 'jwk' }), use: 'enc' }),
)
writeFileSync(join(folder, 'plain'), randomBytes(1024))

/** What runs, and how many milliseconds over Node itself it may take. */
const rows = [
  { name: 'node -e 0', args: ['-e', '0'], goal: undefined },
  { name: 'sealdrop --version', args: [command, '--version'], goal: 80 },
  {
    name: 'sealdrop seal, 1 KiB',
    args: [command, 'seal', '-r', 'key.json', '--force', '-o', 'sealed', 'plain'],
    goal: 250,
  },
]

/** Milliseconds of one run. */
function timed(node, args) {
  const began = performance.now()
  const { status, stderr } = spawnSync(node, args, { cwd: folder, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return performance.now() - began
}
const median = (times) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]

/** The least says what the machine can, where others work on it. */
const said = (time) => `${time.median.toFixed(0)} ms (least ${time.least.toFixed(0)})`

let missed = 0
function measure({ path, version }) {
  /** @type {number[][]} */
  const times = rows.map(() => [])
  for (let round = 0; round <= rounds; round++)
    rows.forEach(({ args }, index) => {
      const time = timed(path, args)
      // the first round reads files that nobody has read before
      if (round > 0) times[index]?.push(time)
    })
  const [bare, ...others] = times.map((found) => ({
    median: median(found),
    least: Math.min(...found),
  }))
  if (!bare) return
  console.log(`Node ${version}: node -e 0 ${said(bare)}`)
  others.forEach((time, index) => {
    const { name, goal = Infinity } = rows[index + 1] ?? {}
    const over = { median: time.median - bare.median, least: time.least - bare.least }
    const isMissed = over.median > goal
    if (isMissed) missed++
    const judgement = `goal at most ${goal}${isMissed ? ': MISSED' : ''}`
    console.log(`  ${String(name).padEnd(22)} ${said(time)}, over it ${said(over)}, ${judgement}`)
  })
}

const size = statSync(command).size
console.log(`sealdrop.mjs: ${size} bytes, ${gzipSync(readFileSync(command)).length} in gzip`)
const other = otherNode()
measure({ path: process.execPath, version: process.versions.node })
if (other) measure(other)
rmSync(folder, { recursive: true })
process.exitCode = missed > 0 ? 1 : 0
