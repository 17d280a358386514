// seal and open are killed at random moments: the target is whole or not there, the next run works,
// and what a killed run left beside it is told of.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { assert } from 'chai'
import { generator } from '../support/generator.mjs'
import { amount, givenSeed, seedLine } from '../support/soak.mjs'
import { ownFolders } from './own-folders.mjs'
import { bin, cliWorld, run } from './seal-helpers.mjs'

/** @type {Awaited<ReturnType<typeof cliWorld>>} */
let world
const plain = randomBytes(24_000_000)
const hash = (bytes) => createHash('sha256').update(bytes).digest('hex')
const toClaims = ['seal', '-r', 'claims.jwk.json', '-o']
const byClaims = ['open', '--key-id', 'alias/claims', '-o']
before(async () => {
  world = await cliWorld()
  writeFileSync(world.at('plain'), plain)
  const { code, err } = await ended([...toClaims, 'sealed', 'plain'])
  assert.equal(code, 0, err)
})
after(() => world.close())

const env = () => world.local.env
const ended = (args) => run(args, { cwd: world.folder, env: env() })
const isPart = (name) => name.endsWith('.part')

/** Starts a command, and tells when it began to write and when it ended. */
function started(args, folder) {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: world.folder,
    env: { ...process.env, ...ownFolders, ...env() },
    stdio: 'ignore',
  })
  const exit = once(child, 'exit')
  const files = readdirSync(folder).length
  const writing = async () => {
    while (child.exitCode === null && readdirSync(folder).length === files) await pause(1)
    return performance.now()
  }
  return { child, exit, writing }
}

/** Kills a command so long after its start, or after it began to write. */
async function killed(args, folder, { delay, isInWrite }) {
  const { child, exit, writing } = started(args, folder)
  if (isInWrite) await writing()
  await Promise.race([pause(delay), exit])
  child.kill('SIGKILL')
  await exit
}

/** Whether a whole file is at a path, by the plaintext that is in it. */
async function isWhole(name, path) {
  const bytes = name === 'open' ? readFileSync(path) : (await ended([...byClaims, '-', path])).out
  return hash(bytes) === hash(plain)
}

const seed = givenSeed()
const { next } = generator(seed)
/** Fewer kills than that in a write say little: more are tried then. */
const leastInWrites = 3
for (const [name, args, input] of /** @type {const} */ ([
  ['seal', toClaims, 'plain'],
  ['open', byClaims, 'sealed'],
]))
  test(`${name} that is killed leaves the target whole or not there`, async (t) => {
    t.diagnostic(seedLine(seed))
    const folder = world.at(`by-${name}`)
    mkdirSync(folder)
    const begun = performance.now()
    const first = started([...args, join(folder, 'first'), input], folder)
    const atWrite = await first.writing()
    assert.deepEqual(await first.exit, [0, null])
    const times = { false: performance.now() - begun, true: performance.now() - atWrite }
    const most = amount({ part: 20, whole: 100 }) / 2
    const seen = { kills: 0, inWrites: 0, whole: 0 }
    for (; seen.kills < most || (seen.inWrites < leastInWrites && seen.kills < 4 * most);) {
      const isInWrite = next() < 0.7
      const target = join(folder, `target-${seen.kills++}`)
      const moment = { isInWrite, delay: times[String(isInWrite)] * 1.1 * next() }
      await killed([...args, target, input], folder, moment)
      const parts = readdirSync(folder).filter((file) => file.startsWith(`.${basename(target)}.`))
      seen.inWrites += parts.length
      assert.isTrue(parts.every(isPart))
      if (!existsSync(target)) continue
      seen.whole++
      assert.isTrue(await isWhole(name, target), `half a file: ${target}`)
      rmSync(target)
    }
    t.diagnostic(JSON.stringify(seen))
    assert.isAtLeast(seen.inWrites, leastInWrites)
    const [part] = readdirSync(folder).filter(isPart)
    const [, target] = /^\.(target-\d+)\./.exec(part ?? '') ?? []
    const again = await ended([...args, join(folder, String(target)), input])
    assert.equal(again.code, 0, again.err)
    assert.include(again.err, `${part}: a run that was killed left it, or one still writes it`)
    assert.isTrue(await isWhole(name, join(folder, String(target))))
  })
