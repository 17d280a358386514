// The line of progress, on a terminal that is real.
import { existsSync, readdirSync, truncateSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { progressLine, progressOf } from '#dist/cli/data/progress.js'
import { onTerminal } from './on-terminal.mjs'
import { cliWorld } from './seal-helpers.mjs'

/** @type {Awaited<ReturnType<typeof cliWorld>>} */
let world
before(async () => {
  world = await cliWorld()
  writeFileSync(world.at('long.bin'), '')
  truncateSync(world.at('long.bin'), 400_000_000)
})
after(() => world.close())

const seal = (to) =>
  onTerminal(['seal', '-r', 'claims.jwk.json', '-o', to, 'long.bin'], { cwd: world.folder })

test('a terminal is shown how far it is, and the line is gone in the end', async () => {
  const { code, text } = await seal('sealed').ended
  assert.equal(code, 0, text)
  assert.match(
    text,
    /\rlong\.bin {2}\d+\.\d MiB of 381\.5, \d+ %, \d+\.\d MiB\/s, \d+:\d\d left<clear>/,
  )
  assert.match(text, /\r<clear>sealed to [^\r]*\r\n$/)
})

test('Ctrl-C on a terminal ends with 130, and nothing is left', async () => {
  const { child, shown, ended } = seal('never')
  while (!shown.text.includes('MiB/s')) await once(child.stdout, 'data')
  child.stdin.write('\u0003')
  const { code, text } = await ended
  assert.equal(code, 130, text)
  assert.match(text, /sealdrop: ended by SIGINT\r\n$/)
  assert.isFalse(existsSync(world.at('never')))
  assert.deepEqual(
    readdirSync(world.folder).filter((name) => name.endsWith('.part')),
    [],
  )
})

test('the line fits the terminal, and names no control characters', () => {
  const written = []
  const stderr = { isTTY: true, columns: 20, write: (text) => written.push(text) }
  const progress = progressOf(/** @type {any} */ ({ stderr }), 'a\u001B[31mb', undefined)
  const until = performance.now() + 120
  while (performance.now() < until);
  progress.update(5_000_000)
  progress.end()
  assert.deepEqual(written.length, 2)
  assert.notInclude(written[0], '\u001B[31m')
  assert.isAtMost(written[0].length, '\r'.length + 19 + '\u001B[K'.length)
  const unseen = progressOf(/** @type {any} */ ({ stderr: { ...stderr, isTTY: false } }), 'a', 1)
  unseen.update(1)
  unseen.end()
  assert.lengthOf(written, 2)
})

test('a speed, a part and a time left are told where they are known', () => {
  const MiB = 2 ** 20
  const of = (done, total, seconds) => progressLine({ name: 'a', done, total, seconds })
  assert.equal(of(MiB, 4 * MiB, 1), 'a  1.0 MiB of 4.0, 25 %, 1.0 MiB/s, 0:03 left')
  assert.equal(of(MiB, undefined, 2), 'a  1.0 MiB, 0.5 MiB/s')
  assert.equal(of(0, 0, 0), 'a  0.0 MiB of 0.0, 100 %, 0.0 MiB/s')
  assert.equal(of(0, 5 * MiB, 1), 'a  0.0 MiB of 5.0, 0 %, 0.0 MiB/s')
  assert.equal(of(MiB, 121 * MiB, 1), 'a  1.0 MiB of 121.0, 0 %, 1.0 MiB/s, 2:00 left')
})
