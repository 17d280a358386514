import fc from 'fast-check'
import { writeMessage } from '../support/message-writer.js'
import { readMessage } from '../support/message-reader.js'
import { arnOf, openerOver, plainCache } from '../support/seal-with-jose.js'
import {
  collect,
  inPieces,
  kindsHere,
  pattern,
  sourceKinds,
  streamKeys,
} from '../support/sources.js'

const runs = 60
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })

/** A context that may be sealed. */
const contexts = fc.dictionary(
  text.filter((name) => !/^(sealdrop:|aws-crypto-|__proto__$)/.test(name)),
  text,
  { maxKeys: 5, noNullPrototype: true },
)

/** A plaintext of any length up to some frames of any length, and how it comes. */
const inputsOf = (kinds) =>
  fc
    .record({
      frameLength: fc.integer({ min: 1, max: 300 }),
      frames: fc.double({ min: 0, max: 4, noNaN: true }),
      exact: fc.boolean(),
      sizes: fc
        .array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 5 })
        .filter((sizes) => sizes.some((size) => size > 0)),
      offset: fc.integer({ min: 0, max: 70 }),
      kind: fc.constantFrom(...kinds),
      framesInFlight: fc.integer({ min: 1, max: 16 }),
      context: contexts,
    })
    .map(({ frames, exact, ...input }) => ({
      ...input,
      length: exact
        ? Math.round(frames) * input.frameLength
        : Math.round(frames * input.frameLength),
    }))

/** The plaintext as a view into a larger buffer. */
function viewOf({ length, offset }) {
  const larger = new Uint8Array(length + offset + 9).fill(0xaa)
  larger.set(pattern(length), offset)
  return larger.subarray(offset, offset + length)
}

/**
 * Properties that hold for any length, frame length, pieces, offset, source, context and range. A
 * failure prints its seed.
 *
 * @param {import('../support/host.js').Host} host
 */
export function streamPropertiesSuite(host) {
  const { test, assert, door } = host
  const inputs = inputsOf(kindsHere())
  /** @param {any[]} property arbitraries, and behind them what must hold of their values */
  const holds = async (...property) => {
    let ran = 0
    const check = property.pop()
    await fc.assert(
      fc.asyncProperty(fc.tuple(...property), async (values) => {
        ran++
        await check(...values)
      }),
      { numRuns: runs },
    )
    assert.isAtLeast(ran, runs)
  }
  const sealing = async (input) => {
    const { kind, sizes, frameLength, framesInFlight, context, length } = input
    const source = sourceKinds[kind](viewOf(input), ...sizes)
    const sealed = await door.sealStream(streamKeys(door, 'P-256-enc'), source, {
      context,
      frameLength,
      framesInFlight,
      length,
    })
    const message = await collect(sealed.readable)
    assert.equal(message.length, sealed.length)
    assert.equal(
      message.length,
      await door.sealedLength(streamKeys(door, 'P-256-enc'), length, { context, frameLength }),
    )
    return message
  }

  test('whatever is sealed from any source opens from any source to the same bytes, whole and in any range', async () => {
    const { streams, calls } = await openerOver(
      host,
      { [arnOf('P-256-enc')]: 'P-256-enc' },
      { cache: plainCache() },
    )
    let opened = 0
    await holds(
      inputs,
      inputs,
      fc.double({ min: 0, max: 1.1, noNaN: true }),
      fc.double({ min: 0, max: 1.1, noNaN: true }),
      async (input, { kind, sizes }, a, b) => {
        const { context, length } = input
        const message = await sealing(input)
        const before = calls.length
        const whole = await streams.openStream(sourceKinds[kind](message, ...sizes), { context })
        assert.deepEqual({ ...whole.context }, { ...context })
        assert.deepEqual(await collect(whole.readable), pattern(length))
        const [start, end] = [a, b].map((place) => Math.round(place * length)).sort((x, y) => x - y)
        const range = await streams.openRange(new Blob([message]), start, end, { context })
        assert.equal(range.length, pattern(length).subarray(start, end).length)
        assert.deepEqual(await collect(range.readable), pattern(length).subarray(start, end))
        assert.equal(calls.length, before + 1)
        opened++
      },
    )
    assert.isAtLeast(opened, runs)
  })

  test('whatever is sealed is what a reader made from the specification reads', async () => {
    await holds(inputs, async (input) => {
      const { plaintext, frameLength, context, frames } = await readMessage(
        await sealing(input),
        'P-256-enc',
      )
      assert.deepEqual(plaintext, pattern(input.length))
      assert.equal(frameLength, input.frameLength)
      assert.deepEqual(context, { ...input.context })
      assert.equal(frames.length, Math.max(1, Math.ceil(input.length / frameLength)))
    })
  })

  test('whatever a writer made from the specification writes opens; cut or changed anywhere it does not, and releases a prefix only', async () => {
    const { streams } = await openerOver(host, { [arnOf('P-256-enc')]: 'P-256-enc' })
    await holds(
      inputs,
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      fc.boolean(),
      async (input, place, change, cut) => {
        const { context, frameLength, length, sizes } = input
        const { message } = await writeMessage({
          context,
          plaintext: pattern(length),
          frameLength,
          emptyFinal: length > 0 && length % frameLength === 0,
        })
        assert.deepEqual(
          await collect(
            (await streams.openStream(new Blob(inPieces(message, ...sizes)), { context })).readable,
          ),
          pattern(length),
        )
        const at = place % message.length
        const changed = cut
          ? message.slice(0, at)
          : message.map((byte, i) => (i === at ? byte ^ change : byte))
        const released = []
        const code = await streams
          .openStream(changed, { context })
          .then(({ readable }) => collect(readable, released))
          .then(
            () => 'opened',
            (error) => error.code,
          )
        assert.include(
          [
            'malformed',
            'rejected',
            'unsupported_algorithm',
            'context_mismatch',
            'too_large',
            'key_not_found',
          ],
          code,
        )
        const bytes = new Uint8Array(await new Blob(released).arrayBuffer())
        assert.deepEqual(bytes, pattern(bytes.length))
        assert.isTrue(bytes.length % frameLength === 0 && bytes.length <= length)
      },
    )
  })
}
