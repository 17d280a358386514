// sealdrop upload on a terminal that is real: the line of progress, and Ctrl-C.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { assert } from 'chai'
import { onTerminal } from './on-terminal.mjs'
import { MiB, worldOfTests } from './upload-world.mjs'

const world = await worldOfTests()

/** Longer than the line of progress waits between two changes. */
const aWhile = 150
const to = () => ['-r', 'claims.jwk.json', '-c', 'claim=7', '--handler', world.handler]
const upload = (...args) =>
  onTerminal(['upload', ...to(), '--header', 'x-sender: acme', ...args], { cwd: world.folder })
const put = (name, length) => {
  const bytes = world.bytes(length)
  writeFileSync(world.at(name), bytes)
  return bytes
}
/** What a screen showed, one entry for each time that it was written anew from the left. */
const writes = (text) => text.split(/\r(?!\n)|\r\n/).map((line) => line.replaceAll('<clear>', ''))
const keyIn = (text) => /^ +key +(\S+)\r$/m.exec(text)?.[1]
const logs = (folder) => readdirSync(world.at(folder))

/** Checks that each line of the one record is whole JSON, the last one too. */
function checkWhole(folder) {
  const [log = '', ...more] = logs(folder)
  assert.deepEqual(more, [], 'one record, and nothing beside it')
  const text = readFileSync(world.at(`${folder}/${log}`), 'utf8')
  assert.isTrue(text.endsWith('\n'))
  // an empty line stands before each, so that one that was cut off spoils no other
  const lines = text.split('\n').filter((line) => line !== '')
  assert.isAbove(lines.map((line) => JSON.parse(line)).length, 1)
  return text
}

test('a terminal is shown how much is sent, and the line is gone before other lines', async () => {
  const bytes = put('shown.bin', 20 * MiB)
  let signs = 0
  // side by side, but not at once: each is signed a while behind the one before
  world.hook.before = (op) => (op === 'sign' ? pause(aWhile * ++signs) : undefined)
  const { code, text } = await upload('--records', 'shown-records', 'shown.bin').ended
  assert.equal(code, 0, text)
  const meters = writes(text).filter((line) => line.startsWith('shown.bin  '))
  assert.isAtLeast(meters.length, 2, text)
  const parts = meters.map((line) => {
    assert.match(
      line,
      /^shown\.bin {2}\d+\.\d MiB of 20\.0, \d+ %, \d+\.\d MiB\/s(, \d+:\d\d left)?$/,
    )
    return Number(/ (\d+) %/.exec(line)?.[1])
  })
  assert.deepEqual(
    parts,
    [...parts].sort((a, b) => a - b),
    'it never goes back',
  )
  const afterMeter = text.slice(text.lastIndexOf('MiB/s'))
  assert.match(afterMeter, /^[^\r]*<clear>\r<clear>shown\.bin\r\n +key /)
  assert.isTrue((await world.opened(keyIn(text) ?? '')).bytes.equals(bytes))
  assert.deepEqual(logs('shown-records'), [])
})

test('Ctrl-C on a terminal is 130, leaves a whole record, and the same command goes on', async () => {
  const bytes = put('stopped.bin', 20 * MiB)
  let signs = 0
  // the third part is never signed: two are there
  world.hook.before = async (op) => {
    if (op !== 'sign') return
    if (++signs >= 3) await new Promise(() => {})
    await pause(aWhile)
  }
  const args = ['--records', 'stopped-records', 'stopped.bin']
  const first = upload(...args)
  const end = Date.now() + 60_000
  while (!first.shown.text.includes('MiB/s') || signs < 3 || (await world.partsThere()) < 2) {
    assert.isNull(first.child.exitCode, first.shown.text)
    assert.isBelow(Date.now(), end, first.shown.text)
    await pause(20)
  }
  first.child.stdin.write('\u0003')
  const { code, text } = await first.ended
  assert.equal(code, 130, text)
  assert.match(text, /<clear>parts that arrived are kept: the same command goes on with them\./)
  assert.match(text, /\r<clear>sealdrop: ended by SIGINT\r\n$/)
  assert.isUndefined(keyIn(text), 'nothing is told as sent')
  assert.notInclude(checkWhole('stopped-records'), 'x-sender')
  world.hook.before = (op) => (op === 'sign' ? pause(aWhile) : undefined)
  world.ops.length = 0
  const again = await upload(...args).ended
  assert.equal(again.code, 0, again.text)
  assert.match(again.text, /stopped\.bin: it goes on where it was stopped\r\n/)
  assert.notInclude(world.ops, 'begin')
  assert.isTrue((await world.opened(keyIn(again.text) ?? '')).bytes.equals(bytes))
  assert.deepEqual(logs('stopped-records'), [])
})
