import fc from 'fast-check'
import { partOf } from '../support/bits.js'
import { fails } from '../support/host.js'
import { sealerOf as sealerFor, sealingKeys } from '../support/file-sealers.js'
import { arnOf, openerOver } from '../support/seal-with-jose.js'
import {
  headerOf,
  mutableSource,
  pattern,
  readMessage,
  same,
  streamBytes,
} from '../support/sealed-files.js'
import { wrong } from '../support/types.mjs'

/**
 * Pieces of a sealed file: which bytes they are, and which are refused.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function fileSealerSuite(host) {
  const { test, assert, door, jose, rooms } = host
  const { createFileSealer, inspect, sealedLength } = door
  const context = { form: 'claim' }
  const keys = sealingKeys(door, 'P-256-enc')
  const sealerOf = (content, o) => sealerFor(door, content, { keys, ...o })

  /** Both ends of every part of a message, and their neighbours. */
  const edges = (message) => {
    const { length, frameLength } = headerOf(message)
    const points = new Set([
      0,
      1,
      35,
      length - 1,
      message.length,
      message.length - 1,
      message.length - 16,
      message.length - 17,
    ])
    for (let at = length; at < message.length; at += frameLength + 32)
      for (const by of [-1, 0, 1, 4, 15, 16, 17, 20, 24, 25, frameLength + 16, frameLength + 17])
        points.add(Math.min(message.length, at + by))
    return [...points].sort((a, b) => a - b)
  }
  const ranges = (points) =>
    points.flatMap((start, i) => points.slice(i).map((end) => [start, end]))

  for (const [size, frameLength] of [
    [0, 10],
    [1, 10],
    [9, 10],
    [10, 10],
    [11, 10],
    [20, 10],
    [35, 10],
    [3, 1],
    [40, 64],
  ]) {
    test(`any range of ${size} bytes in frames of ${frameLength} is what a sequential writer puts there`, async () => {
      const content = pattern(size)
      const { sealer, key, expected } = await sealerOf(content, { frameLength })
      assert.equal(sealer.length, expected.length)
      assert.equal(sealer.length, await sealedLength(keys, size, { context, frameLength }))
      const all = ranges(edges(expected))
      assert.isAbove(all.length, 100)
      const tried = partOf(host, all)
      for (const [start, end] of tried)
        assert.isTrue(
          same(await sealer.slice(start, end), expected.subarray(start, end)),
          `bytes ${start} to ${end}`,
        )
      assert.deepEqual(await readMessage(await sealer.slice(0, sealer.length), key), content)
      await sealer.close()
    })
  }

  test('every sub-range of the body of a small file is its part of the whole', async () => {
    const { sealer, expected } = await sealerOf(pattern(5), { frameLength: 3 })
    const { length } = headerOf(expected)
    const points = Array.from({ length: expected.length - length + 3 }, (_, i) => length - 2 + i)
    const all = ranges(points)
    assert.isAbove(all.length, 2_500)
    for (const [start, end] of partOf(host, all))
      assert.isTrue(
        same(await sealer.slice(start, end), expected.subarray(start, end)),
        `bytes ${start} to ${end}`,
      )
    await sealer.close()
  })

  test('random ranges of random files, in random order and side by side, are the same bytes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(5_000),
        fc.integer({ min: 1, max: 900 }),
        fc.integer({ min: 1, max: 16 }),
        fc.array(
          fc.tuple(
            fc.double({ min: 0, max: 1, noNaN: true }),
            fc.double({ min: 0, max: 1, noNaN: true }),
          ),
          { minLength: 1, maxLength: 8 },
        ),
        async (size, frameLength, framesInFlight, parts) => {
          const { sealer, expected } = await sealerOf(pattern(size), {
            frameLength,
            framesInFlight,
          })
          const places = parts.map((pair) =>
            pair.map((share) => Math.floor(share * expected.length)).sort((a, b) => a - b),
          )
          const pieces = await Promise.all(places.map(([start, end]) => sealer.slice(start, end)))
          pieces.forEach((piece, i) =>
            assert.isTrue(
              same(piece, expected.subarray(...places[i])),
              `bytes ${places[i].join(' to ')} of ${size} in ${frameLength}`,
            ),
          )
          await sealer.close()
        },
      ),
      { numRuns: host.whole ? 60 : 15 },
    )
  })

  test('a Blob gives the same pieces as its bytes', async () => {
    const content = pattern(700_001)
    const { sealer, expected } = await sealerOf(content, {
      frameLength: 100_000,
      source: new Blob([content]),
    })
    for (const [start, end] of [
      [0, 10],
      [250_000, 260_000],
      [99_000, 601_000],
      [expected.length - 5, expected.length],
      [0, expected.length],
    ])
      assert.isTrue(
        same(await sealer.slice(start, end), expected.subarray(start, end)),
        `bytes ${start} to ${end}`,
      )
    await sealer.close()
  })

  test('the header names the message id, and pieces put together open for every recipient', async () => {
    const names = ['P-256-enc', 'RSA-2048-enc', 'P-521-enc']
    const content = pattern(1_000)
    const { sealer } = await sealerOf(content, {
      frameLength: 300,
      keys: names.map((name) => sealingKeys(door, name)),
    })
    const half = Math.floor(sealer.length / 2)
    const [second, first] = [await sealer.slice(half, sealer.length), await sealer.slice(0, half)]
    const message = new Uint8Array([...first, ...second])
    const found = await inspect(message)
    assert.equal(found.messageId, sealer.messageId)
    assert.equal(headerOf(message).recipients, names.length)
    if (rooms) {
      for (const name of names) {
        const { streams, calls } = await openerOver({ rooms, jose }, { [arnOf(name)]: name })
        const opened = await streams.openStream(message, { context })
        assert.equal(opened.messageId, sealer.messageId)
        assert.deepEqual(await streamBytes(opened.readable), content)
        const range = await streams.openRange(new Blob([message]), 290, 310, { context })
        assert.deepEqual(await streamBytes(range.readable), content.slice(290, 310))
        assert.equal(calls.length, 2)
      }
    }
    await sealer.close()
  })

  test('two sealers of one file share no id and no key', async () => {
    const [a, b] = await Promise.all([sealerOf(pattern(50)), sealerOf(pattern(50))])
    assert.notEqual(a.sealer.messageId, b.sealer.messageId)
    assert.notDeepEqual(a.key, b.key)
  })

  test('ranges outside of the message and options that mean nothing are refused', async () => {
    const { sealer } = await sealerOf(pattern(100))
    const { length } = sealer
    for (const [start, end] of [
      [-1, 5],
      [5, 4],
      [0, length + 1],
      [length + 1, length + 1],
      [0.5, 2],
      [0, NaN],
      [NaN, 1],
      [0, Infinity],
      ['0', 1],
      [0, undefined],
      [undefined, undefined],
      [null, 1],
      [2 ** 53, 2 ** 53],
    ])
      await fails(assert, () => sealer.slice(wrong(start), wrong(end)), 'invalid_argument', /range/)
    const source = mutableSource(pattern(10))
    for (const o of [
      {},
      { context: 5 },
      { context, frameLength: 0 },
      { context, frameLength: 1.5 },
      { context, frameLength: 2 ** 25 },
      { context, length: 9 },
      { context, framesInFlight: 0 },
      { context, framesInFlight: 17 },
      { context: { 'aws-crypto-x': 'y' } },
      { context: { '': 'y' } },
      { context: { x: '' } },
    ])
      await fails(assert, () => createFileSealer(keys, source, wrong(o)), 'invalid_argument')
    for (const file of [
      undefined,
      null,
      5,
      'path',
      {},
      { size: 3 },
      { size: -1, read: source.read },
      { size: 1.5, read: source.read },
      new ReadableStream(),
    ])
      await fails(
        assert,
        () => createFileSealer(keys, wrong(file), { context }),
        'invalid_argument',
      )
    for (const none of [[], [keys, keys], Array(9).fill(keys), {}, undefined])
      await fails(
        assert,
        () => createFileSealer(wrong(none), source, { context }),
        'invalid_argument',
      )
    await fails(
      assert,
      () =>
        createFileSealer(keys, { size: 2 ** 33, read: source.read }, { context, frameLength: 1 }),
      'too_large',
    )
    const large = await createFileSealer(keys, { size: 2 ** 31, read: source.read }, { context })
    await fails(assert, () => large.slice(0, 2 ** 30 + 1), 'too_large')
    assert.equal(source.held.reads, 1, 'the one that was made looked at its first bytes')
    await sealer.close()
  })

  test('missing options are refused by name, like missing key sets', async () => {
    await fails(
      assert,
      () => wrong(createFileSealer)(keys, mutableSource(pattern(10))),
      'invalid_argument',
      /context/,
    )
    await fails(
      assert,
      () => wrong(door.sealStream)(keys, pattern(10)),
      'invalid_argument',
      /context/,
    )
  })
}
