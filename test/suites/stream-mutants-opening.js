import { bitsOf } from '../support/bits.js'
import { fails, outcomeOf } from '../support/host.js'
import { chunkDigestOf, concat } from '../support/message-format.js'
import { writeMessage } from '../support/message-writer.js'
import { openerOf, plainCache } from '../support/seal-with-jose.js'
import { same, settle } from '../support/sealed-files.js'
import { byteSource, collect, inPieces, pattern, streamKeys, streamOf } from '../support/sources.js'

const context = {}

/**
 * What no other suite noticed when a line of opening streams and ranges was changed: a test for
 * each such line.
 *
 * @param {import('../support/host.js').Host} host
 */
export function streamMutantsOpeningSuite(host) {
  const { test, assert, door } = host
  const sealing = (source, o) =>
    door.sealStream(streamKeys(door, 'P-256-enc'), source, { context, frameLength: 16, ...o })
  const over = (names, o) => openerOf(host, [names].flat(), o)
  const opened = async (streams, message, o) =>
    collect((await streams.openStream(message, { context, ...o })).readable)
  const ranged = async (streams, source, [start, end], o) =>
    collect((await streams.openRange(source, start, end, { context, ...o })).readable)

  test('a message that was cut anywhere says so, and one that was added to says that, streamed and as a range', async () => {
    const { streams } = await over('P-256-enc', { cache: plainCache() })
    for (const [length, frameLength] of [
      [20, 8],
      [24, 8],
      [29, 8],
      [0, 8],
      [20, 100],
      [120, 100],
    ]) {
      const { message, header } = await writeMessage({
        context,
        plaintext: pattern(length),
        frameLength,
      })
      const ends = bitsOf(host, message.length - header.length, 4)
      for (const end of ends.map((by) => header.length + by))
        await fails(assert, opened(streams, message.slice(0, end)), 'malformed', /it was cut/)
      for (const more of [[0], [0, 0, 0], pattern(40)]) {
        await fails(
          assert,
          opened(streams, concat(message, more)),
          'malformed',
          /bytes follow the final frame/,
        )
        await fails(assert, ranged(streams, new Blob([concat(message, more)]), [0, 1]), [
          'malformed',
          'rejected',
        ])
      }
    }
  })

  test('a source may use its memory again while a message is opened', async () => {
    const size = 1_500_000
    for (const length of [2 * size - 9, 3 * size, 3 * size - 3]) {
      const { message } = await writeMessage({
        context,
        plaintext: pattern(length),
        frameLength: size,
      })
      const memory = new Uint8Array(4_000_000)
      const reusing = byteSource(message, {
        read: async (start, end) => {
          memory.fill(0xee)
          memory.set(message.subarray(start, end))
          return memory.subarray(0, end - start)
        },
      })
      const { streams } = await over('P-256-enc')
      assert.isTrue(same(await opened(streams, reusing), pattern(length)))
      assert.isTrue(
        same(
          await ranged(streams, reusing, [5, length - 5]),
          pattern(length).subarray(5, length - 5),
        ),
      )
    }
  })

  test('a frame in the middle that is marked as the final one is malformed in a range', async () => {
    const { streams } = await over('P-256-enc')
    const { message } = await writeMessage({
      context,
      plaintext: pattern(40),
      frameLength: 12,
      wrong: {
        frames: (list) =>
          list.map((frame, i) =>
            i === 1 ? { ...frame, final: true, plaintext: pattern(4), length: 4 } : frame,
          ),
      },
    })
    await fails(
      assert,
      ranged(streams, new Blob([message]), [12, 24]),
      'malformed',
      /marked as the final one/,
    )
  })

  test('an empty range reads the header and the final frame alone', async () => {
    const { streams } = await over('P-256-enc')
    const { message, header } = await writeMessage({
      context,
      plaintext: pattern(400),
      frameLength: 100,
    })
    const reads = []
    const source = byteSource(message, {
      read: async (start, end) => (reads.push(start), message.subarray(start, end)),
    })
    assert.equal((await ranged(streams, source, [150, 150])).length, 0)
    assert.deepEqual(reads, [0, header.length + 3 * 132])
  })

  test('a range reads no more than the longest header at first, and leaves its stream when it has found the header', async () => {
    const { streams } = await over('P-256-enc')
    const { message } = await writeMessage({
      context,
      plaintext: pattern(100_000),
      frameLength: 1_000,
    })
    let cancelled = 0
    const pieces = []
    const streamed = (start, end) => {
      const rest = inPieces(message.subarray(start, end), 500)
      pieces.push(end - start)
      return new ReadableStream(
        {
          pull(c) {
            if (rest.length > 0) c.enqueue(rest.shift())
            else c.close()
          },
          cancel() {
            cancelled++
          },
        },
        { highWaterMark: 0 },
      )
    }
    const source = {
      size: message.length,
      lastModified: 5,
      stream: () => streamed(0, message.length),
      slice: (start, end) => ({ stream: () => streamed(start, end) }),
    }
    assert.deepEqual(await ranged(streams, source, [10, 20]), pattern(20).slice(10))
    assert.equal(cancelled, 1)
    assert.equal(pieces[0], 92 + 16_384)
  })

  test('an opening that fails tells its source why, and one that was aborted before reads nothing', async () => {
    const { message } = await writeMessage({
      context: { form: 'claim' },
      plaintext: pattern(5_000),
      frameLength: 1_000,
    })
    const { streams, calls } = await over('P-256-enc')
    const seen = {}
    const error = await fails(
      assert,
      streams.openStream(streamOf(inPieces(message, 300), seen), { context }),
      'context_mismatch',
    )
    assert.equal(seen.cancelled.reason, error)
    const other = {}
    assert.equal(
      await outcomeOf(
        streams.openStream(streamOf([message], other), {
          context,
          signal: AbortSignal.abort('before'),
        }),
      ),
      'before',
    )
    await settle()
    assert.deepEqual([other.pulled, other.cancelled.reason, calls.length], [0, 'before', 0])
  })

  test('the digest takes all bytes of a message in order, over several chunks of it', async () => {
    const { streams } = await over('P-256-enc')
    const plaintext = pattern(4_500_000)
    const { message } = await writeMessage({ context, plaintext, frameLength: 100_000 })
    const { readable, digest } = await streams.openStream(streamOf(inPieces(message, 70_000)), {
      context,
      digest: true,
    })
    assert.deepEqual(await collect(readable), plaintext)
    assert.equal(await digest, await chunkDigestOf(message))
  })

  test('frames before one that fails are handed out, whatever is in flight behind them', async () => {
    const { streams } = await over('P-256-enc')
    const { message } = await writeMessage({
      context,
      plaintext: pattern(40),
      frameLength: 8,
      wrong: {
        frames: (list) => list.map((frame, i) => (i === 3 ? { ...frame, sequence: 9 } : frame)),
      },
    })
    const released = []
    await fails(
      assert,
      streams.openStream(message, { context }).then(({ readable }) => collect(readable, released)),
      'malformed',
    )
    assert.deepEqual(concat(...released), pattern(24))
  })

  test('a range of a file whose length no message has asks no key', async () => {
    const { streams, calls } = await over('P-256-enc')
    const { message, header } = await writeMessage({
      context,
      plaintext: pattern(24),
      frameLength: 8,
    })
    for (const length of [header.length, header.length + 39, message.length - 1])
      await fails(
        assert,
        streams.openRange(new Blob([message.slice(0, length)]), 0, 1, { context }),
        ['malformed', 'rejected'],
      )
    assert.equal(calls.length, 1, 'one could be the length of a message')
  })

  test('no chunk of a stream is empty, and an empty plaintext is no chunk', async () => {
    const { streams } = await over('P-256-enc', { cache: plainCache() })
    for (const { length, emptyFinal, count } of [
      { length: 0, emptyFinal: false, count: 0 },
      { length: 8, emptyFinal: false, count: 1 },
      { length: 8, emptyFinal: true, count: 1 },
      { length: 9, emptyFinal: false, count: 2 },
    ]) {
      const { message } = await writeMessage({
        context,
        plaintext: pattern(length),
        frameLength: 8,
        emptyFinal,
      })
      for (const open of [
        () => streams.openStream(message, { context }),
        () => streams.openRange(new Blob([message]), 0, Infinity, { context }),
      ]) {
        const released = []
        await collect((await open()).readable, released)
        assert.equal(released.length, count)
      }
    }
    const empty = []
    await collect((await sealing(pattern(0))).readable, empty)
    assert.isTrue(empty.every((chunk) => chunk.length > 0))
  })

  test('a stream that ended, failed or was cancelled leaves no listener on its signal', async () => {
    const { signal } = new AbortController()
    let listeners = 0
    for (const [name, by] of Object.entries({ addEventListener: 1, removeEventListener: -1 })) {
      const real = signal[name]
      signal[name] = (...args) => {
        listeners += by
        return real.apply(signal, args)
      }
    }
    const { streams } = await over('P-256-enc')
    const { message } = await writeMessage({ context, plaintext: pattern(40), frameLength: 8 })
    const ways = {
      end: (readable) => collect(readable),
      cancel: (readable) => readable.cancel('enough'),
    }
    for (const [name, way] of Object.entries(ways)) {
      for (const start of [
        () => sealing(pattern(100), { signal }),
        () => streams.openStream(message, { context, signal }),
      ]) {
        const { readable, digest } = await start()
        digest?.catch(() => {})
        assert.isAbove(listeners, 0)
        await way(readable)
        await settle()
        assert.equal(listeners, 0, name)
      }
    }
    for (const start of [
      () =>
        sealing(
          byteSource(pattern(5), {
            read: async () => {
              throw new Error('disk')
            },
          }),
          { signal },
        ),
      () => streams.openStream(message.slice(0, -1), { context, signal }),
    ]) {
      const { readable } = await start()
      assert.include(['source_failed', 'malformed'], await outcomeOf(collect(readable)))
      assert.equal(listeners, 0)
    }
  })

  test('a header of exactly 16 KiB opens and not a byte more, and so does a frame length of exactly 16 MiB', async () => {
    const { streams, calls } = await over('P-256-enc', { cache: plainCache() })
    const room = 16_384 - (2 + 8 + 2 + 75 + 2 + 112) - 2 - 2 - 1 - 2
    for (const more of [0, 1]) {
      const { message, header } = await writeMessage({
        context: { a: 'x'.repeat(room + more) },
        plaintext: pattern(3),
      })
      assert.equal(header.length, 92 + 16_384 + more)
      for (const work of [
        () => opened(streams, message, { context: () => true }),
        () => ranged(streams, new Blob([message]), [0, 3], { context: () => true }),
      ]) {
        if (more === 0) assert.deepEqual(await work(), pattern(3))
        else await fails(assert, work, 'too_large', /16384/)
      }
    }
    assert.equal(calls.length, 1)
    const { message } = await writeMessage({
      context,
      plaintext: pattern(3),
      frameLength: 16_777_216,
    })
    assert.deepEqual(await opened(streams, message), pattern(3))
  })
}
