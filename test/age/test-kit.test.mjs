// C2SP's age test kit through the format core: every vector with its class, and the exact plaintext
// that is released, also before a fault.
import test from 'node:test'
import { createHash } from 'node:crypto'
import { assert } from 'chai'
import { dearmored } from '#dist/age/armor.js'
import { allChunks, openHeader } from '#dist/age/open.js'
import { boundsOf, readFront } from '#dist/age/read-front.js'
import { inputOf } from '#dist/io/stream-source.js'
import { foreignUnwrap } from './foreign-unwrap.mjs'
import { testKit } from './test-kit.mjs'

const vectors = await testKit()
const bounds = boundsOf({})

const isOfArmor = ({ code, message }) => code === 'malformed' && message.startsWith('age armor')

/** The class of the kit for what failed at a step. */
function classOf(error, step) {
  if (isOfArmor(error)) return 'armor failure'
  if (step === 'payload' && error.code === 'rejected') return 'payload failure'
  if (step === 'header' && error.code === 'rejected') return 'HMAC failure'
  if (error.code === 'key_not_found') return 'no match'
  const isHeader = ['malformed', 'unsupported_algorithm'].includes(error.code)
  if (step !== 'payload' && isHeader) return 'header failure'
  throw error
}

/** A source that comes in pieces of one size. */
async function* inPieces(bytes, size) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** What became of a vector, and the hash of what was released. */
async function outcome(vector, source) {
  const hash = createHash('sha256')
  let step = 'front'
  try {
    const reader = inputOf(source).reader()
    const front = await readFront(vector.armored ? dearmored(reader) : reader, bounds)
    assert.isFalse(front.armored, 'armor is told by its first line')
    step = 'header'
    const key = await openHeader(front, foreignUnwrap(vector))
    step = 'payload'
    for await (const [chunk] of allChunks(front.reader, key)) hash.update(chunk)
    return { found: 'success', payload: hash.digest('hex') }
  } catch (error) {
    return { found: classOf(error, step), payload: hash.digest('hex') }
  }
}

test('the kit is whole', () => {
  assert.lengthOf(vectors, 143)
  const classes = new Set(vectors.map(({ expect }) => expect))
  assert.sameMembers(
    [...classes],
    ['success', 'header failure', 'armor failure', 'no match', 'HMAC failure', 'payload failure'],
  )
})

for (const vector of vectors)
  test(`${vector.name}: ${vector.expect}`, async () => {
    const sizes = vector.file.length > 100_000 ? [65_537] : [1, 7, 4_096]
    const sources = [vector.file, ...sizes.map((size) => inPieces(vector.file, size))]
    for (const source of sources) {
      const { found, payload } = await outcome(vector, source)
      assert.equal(found, vector.expect)
      if (vector.payload !== undefined) assert.equal(payload, vector.payload)
    }
  })

test('armor is found by itself, after white space too', async () => {
  const own = vectors.filter(({ armored, expect }) => armored && expect === 'success')
  assert.isAtLeast(own.length, 7)
  for (const vector of own) {
    const { armored } = await readFront(inputOf(vector.file).reader(), bounds)
    assert.isTrue(armored, vector.name)
  }
})
