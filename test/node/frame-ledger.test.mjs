// What a file sealer holds of the frames that left, for files of 100 GiB.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FrameLedger } from '../support/rooms.js'

const frames = 204_800
const MiB = 2 ** 20

/** Runs of 16 tags, as the parts of 8 MiB give them. */
function* runs() {
  for (let first = 0; first < frames; first += 16)
    yield /** @type {const} */ ([first, new Uint8Array(16 * 16).fill(first % 251)])
}

test('the tags of 100 GiB take at most 8 MiB, in memory that is not an object a frame', (t) => {
  const before = process.memoryUsage().arrayBuffers
  const began = performance.now()
  const ledger = new FrameLedger(frames, async () => {})
  assert.ok(ledger.restore(runs()))
  const took = performance.now() - began
  const { arrayBuffers } = process.memoryUsage()
  t.diagnostic(`restored in ${Math.round(took)} ms`)
  assert.equal(ledger.size, frames)
  // what the runs themselves took is garbage by now, or part of this
  const garbage = frames * 16
  assert.ok(arrayBuffers - before - garbage <= 8 * MiB, `${arrayBuffers - before} bytes`)
})

test('what nobody sealed here is told in runs that are no longer than asked for', async () => {
  const ledger = new FrameLedger(300, async () => {})
  assert.ok(ledger.restore([[0, new Uint8Array(16 * 100)]]))
  assert.ok(ledger.restore([[200, new Uint8Array(16 * 100)]]))
  assert.deepEqual(
    [...ledger.notSealedHere(64)],
    [
      [0, 63],
      [64, 99],
      [200, 263],
      [264, 299],
    ],
  )
  await ledger.release([[70, new Uint8Array(16)]])
  assert.deepEqual(
    [...ledger.notSealedHere(1000)],
    [
      [0, 69],
      [71, 99],
      [200, 299],
    ],
  )
  assert.deepEqual([...ledger.indexes()].length, 200)
})

test('an append that failed is made again for the frames that need it, and for no others', async () => {
  /** @type {number[][]} */
  const appended = []
  let fails = true
  const ledger = new FrameLedger(10, async (given) => {
    appended.push(given.map(([first, { length }]) => first * 100 + length / 16))
    if (fails) throw new Error('full')
  })
  const tag = new Uint8Array(16)
  await assert.rejects(
    ledger.release([
      [1, tag],
      [2, tag],
    ]),
    /full/,
  )
  fails = false
  await ledger.release([
    [2, tag],
    [3, tag],
  ])
  await ledger.release([[3, tag]])
  assert.deepEqual(appended, [[102], [202]])
  await assert.rejects(ledger.release([[1, new Uint8Array(16).fill(1)]]), /changed/)
})
