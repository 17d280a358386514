// The bits that suites turn: one of each 16, all of them over many draws, and all at once in the
// soak.
import test from 'node:test'
import { assert } from 'chai'
import { bitsOf, partOf } from '../support/bits.js'

test('one bit of each 16 is drawn, also of the last that are fewer', () => {
  for (const count of [1, 15, 16, 17, 40, 1_000]) {
    const bits = bitsOf({}, count)
    assert.lengthOf(bits, Math.ceil(count / 16))
    bits.forEach((bit, index) => {
      assert.isAtLeast(bit, index * 16)
      assert.isBelow(bit, Math.min(count, index * 16 + 16))
    })
  }
})

test('many draws turn every bit', () => {
  const seen = new Set(Array.from({ length: 2_000 }, () => bitsOf({}, 64)).flat())
  assert.equal(seen.size, 64)
})

test('the soak turns every bit at once', () => {
  assert.deepEqual(
    bitsOf({ whole: true }, 40),
    Array.from({ length: 40 }, (_, bit) => bit),
  )
})

test('of other sweeps one of so many as is asked for, and all of them in the soak', () => {
  const cuts = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']
  const drawn = partOf({}, cuts, 4)
  assert.lengthOf(drawn, 3)
  assert.include('abcd', drawn[0])
  assert.include('efgh', drawn[1])
  assert.equal(drawn[2], 'i')
  assert.deepEqual(partOf({ whole: true }, cuts, 4), cuts)
  assert.deepEqual(partOf({}, []), [])
})
