// src/upload/plan.ts: what goes in one request. Page and server each compute it, so its numbers are
// part of the protocol (docs/formats/upload.md, "Plan").
import test from 'node:test'
import { assert } from 'chai'
import { lengthOfPart, planUpload } from '#dist/upload/plan.js'
import { fails } from '../support/host.js'
import { wrong } from '../support/types.mjs'

const MiB = 2 ** 20
const GiB = 2 ** 30

/** @type {[length: number, mode: string, partLength: number, parts: number][]} */
const rows = [
  [1, 'put', 8, 1],
  [8 * MiB, 'put', 8, 1],
  [8 * MiB + 1, 'multipart', 8, 2],
  [16 * MiB, 'multipart', 8, 2],
  [80_000 * MiB, 'multipart', 8, 10_000],
  [80_000 * MiB + 1, 'multipart', 9, 8_889],
  [200 * GiB, 'multipart', 21, 9_753],
  [640_000 * MiB, 'multipart', 64, 10_000],
]

test('the plan of a length: one PUT, parts of 8 MiB, and longer ones only where 10,000 do not do', () => {
  for (const [length, mode, part, parts] of rows)
    assert.deepEqual(planUpload(length), { mode, partLength: part * MiB, parts }, `${length}`)
})

test('parts are whole MiB, none is empty, and together they are the file', () => {
  for (const [length] of rows) {
    const plan = planUpload(length)
    const last = lengthOfPart(plan, length, plan.parts)
    assert.equal(plan.partLength % MiB, 0)
    assert.isAtLeast(last, 1)
    assert.isAtMost(last, plan.partLength)
    assert.equal(plan.partLength * (plan.parts - 1) + last, length)
    if (plan.parts > 1) assert.equal(lengthOfPart(plan, length, 1), plan.partLength)
  }
})

test('a part length that somebody wishes is kept, and makes no PUT of what is longer than 8 MiB', () => {
  const plan = planUpload(10 * MiB, 16 * MiB)
  assert.deepEqual(plan, { mode: 'multipart', partLength: 16 * MiB, parts: 1 })
  assert.deepEqual(planUpload(6 * MiB, 5 * MiB), { mode: 'put', partLength: 8 * MiB, parts: 1 })
})

test('what no upload can have is refused with what it may have', async () => {
  for (const length of [0, -1, 1.5, NaN, '8', undefined])
    await fails(assert, () => planUpload(wrong(length)), 'invalid_argument', /length/)
  for (const partLength of [4 * MiB, 65 * MiB, 5 * MiB + 1, NaN, '8388608'])
    await fails(assert, () => planUpload(MiB, wrong(partLength)), 'invalid_argument', /partLength/)
  await fails(assert, () => planUpload(640_000 * MiB + 1), 'too_large', /671088640000 bytes/)
  await fails(assert, () => planUpload(50_000 * MiB + 1, 5 * MiB), 'too_large', /52428800000 bytes/)
})
