// The line of progress of several files, and of one that goes on.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { after, test } from 'node:test'
import { assert } from 'chai'
import { progressLine } from '#dist/cli/data/progress.js'
import { uploadMeter } from '#dist/cli/data/upload-meter.js'

const folder = mkdtempSync(join(tmpdir(), 'sealdrop-meter-'))
after(() => rmSync(folder, { recursive: true }))
const MiB = 2 ** 20

/** Streams whose stderr is a terminal or none, and what was written to it. */
function streams(isTTY) {
  const stderr = Object.assign(new PassThrough(), { isTTY, columns: 120 })
  const written = []
  stderr.on('data', (chunk) => written.push(String(chunk)))
  return { stdin: new PassThrough(), stdout: new PassThrough(), stderr, written }
}
const wait = () => new Promise((resolve) => void setTimeout(resolve, 120))

test('all files are one line, in bytes of the files, and it is taken away', async () => {
  const names = ['a', 'b'].map((name) => join(folder, name))
  for (const name of names) writeFileSync(name, Buffer.alloc(MiB))
  const it = streams(true)
  const meter = await uploadMeter(it, names)
  const begins = () => assert.fail('nothing was sent before')
  meter.update(0, { done: 0, total: 2 * MiB }, begins)
  meter.update(1, { done: 0, total: 2 * MiB }, begins)
  await wait()
  meter.update(0, { done: MiB, total: 2 * MiB }, begins)
  await wait()
  meter.end()
  await wait()
  const text = it.written.join('')
  assert.match(text, /\r2 files {2}0\.5 MiB of 2\.0, 25 %, /)
  assert.isTrue(text.endsWith('\r\u001B[K'))
})

test('what an earlier run sent is told once, and says nothing of the speed', async () => {
  const name = join(folder, 'large')
  writeFileSync(name, Buffer.alloc(4 * MiB))
  const it = streams(true)
  const meter = await uploadMeter(it, [name])
  let told = 0
  await wait()
  for (const done of [3, 3, 3.5]) {
    meter.update(0, { done: done * MiB, total: 4 * MiB }, () => told++)
    await wait()
  }
  assert.equal(told, 1)
  assert.match(it.written.join(''), /large {2}3\.0 MiB of 4\.0, 75 %, 0\.0 MiB\/s/)
  const line = progressLine({
    name: 'x',
    done: 3 * MiB,
    before: 2 * MiB,
    total: 4 * MiB,
    seconds: 1,
  })
  assert.equal(line, 'x  3.0 MiB of 4.0, 75 %, 1.0 MiB/s, 0:01 left')
})

test('without a terminal nothing is written, and a file that is not there counts nothing', async () => {
  const it = streams(false)
  const meter = await uploadMeter(it, [join(folder, 'absent')])
  await wait()
  meter.update(0, { done: 1, total: 2 }, () => {})
  meter.end()
  assert.deepEqual(it.written, [])
})
