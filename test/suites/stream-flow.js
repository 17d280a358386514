import { fails } from '../support/host.js'
import { readMessage } from '../support/message-reader.js'
import {
  byteSource,
  byteStream,
  byteStreamOf,
  collect,
  hasByteStreams,
  inPieces,
  iterate,
  pattern,
  streamKeys,
  streamOf,
} from '../support/sources.js'

const context = {}
const frameLength = 16

const settled = () => new Promise((resolve) => setTimeout(resolve, 20))

/**
 * How sealStream reads its source: not ahead of its reader, and not after an abort, a cancel or a
 * failure.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function streamFlowSuite(host) {
  const { test, assert, door } = host
  const { sealStream } = door
  const keys = streamKeys(door, 'P-256-enc')
  const sealing = (source, o) => sealStream(keys, source, { context, frameLength, ...o })

  /** Endless sources that count the frames taken of them, and whether they were told to stop. */
  const endless = {
    stream: (seen) =>
      new ReadableStream(
        {
          pull(c) {
            seen.frames++
            c.enqueue(pattern(frameLength))
          },
          cancel(reason) {
            seen.stopped = { reason }
          },
        },
        { highWaterMark: 0 },
      ),
    'byte stream': (seen) =>
      byteStream(
        {
          pull(c) {
            seen.frames++
            c.enqueue(pattern(frameLength))
          },
          cancel(reason) {
            seen.stopped = { reason }
          },
        },
        { highWaterMark: 0 },
      ),
    'async iterable': (seen) =>
      (async function* () {
        try {
          for (;;) {
            seen.frames++
            yield pattern(frameLength)
          }
        } finally {
          seen.stopped = {}
        }
      })(),
  }

  for (const [kind, sourceOf] of Object.entries(endless)) {
    test(`nothing of a ${kind} is read before its reader reads, then at most framesInFlight + 2 frames ahead`, async () => {
      for (const framesInFlight of [1, 2, 4, 16]) {
        const seen = { frames: 0 }
        const { readable } = await sealing(sourceOf(seen), { framesInFlight })
        await settled()
        assert.isAtMost(seen.frames, 1, 'a stream may fill its own queue')
        const reader = readable.getReader()
        await reader.read() // the header
        for (let frames = 0; frames < 5; frames++) {
          await settled()
          assert.isAtMost(seen.frames, frames + framesInFlight + 2)
          assert.isAtLeast(seen.frames, frames)
          await reader.read()
          await reader.read()
        }
        await reader.cancel()
      }
    })

    test(`a reader that cancels cancels its ${kind}, with its reason, and the digest rejects`, async () => {
      for (const reads of [0, 1, 4]) {
        const seen = { frames: 0 }
        const { readable, digest } = await sealing(sourceOf(seen))
        const reader = readable.getReader()
        for (let i = 0; i < reads; i++) await reader.read()
        const reason = new Error('enough')
        await reader.cancel(reason)
        assert.equal(await digest.catch((error) => error), reason)
        await settled()
        const { frames, stopped } = seen
        if (kind === 'async iterable' && frames === 0)
          assert.isBelow(reads, 2) // a generator that never ran has nothing to end
        else assert.exists(stopped, 'the source was told')
        if (kind !== 'async iterable') assert.equal(stopped.reason, reason)
        await settled()
        assert.equal(seen.frames, frames)
      }
    })

    test(`aborting ends a ${kind} and everything that waits, with the signal's reason`, async () => {
      for (const reads of [0, 1, 4]) {
        const seen = { frames: 0 }
        const stop = new AbortController()
        const { readable, digest } = await sealing(sourceOf(seen), { signal: stop.signal })
        const reader = readable.getReader()
        for (let i = 0; i < reads; i++) await reader.read()
        const pending = reader
          .read()
          .then(() => reader.read())
          .then(() => reader.read())
        const reason = new Error('changed my mind')
        stop.abort(reason)
        assert.equal(await pending.catch((error) => error), reason)
        assert.equal(await reader.closed.catch((error) => error), reason)
        assert.equal(await digest.catch((error) => error), reason)
        await settled()
        const { frames, stopped } = seen
        if (frames > 0) assert.exists(stopped, 'the source was told')
        await settled()
        assert.equal(seen.frames, frames)
      }
    })
  }

  test('a signal that aborted before rejects at once, and nothing is read', async () => {
    const seen = {}
    const reason = new Error('too late')
    assert.equal(
      await sealing(streamOf([pattern(1)], seen), { signal: AbortSignal.abort(reason) }).catch(
        (error) => error,
      ),
      reason,
    )
    assert.equal(seen.pulled, 0)
  })

  test('a signal that aborts after the end changes nothing', async () => {
    const stop = new AbortController()
    const { readable, digest } = await sealing(pattern(40), { signal: stop.signal })
    const message = await collect(readable)
    stop.abort()
    assert.match(await digest, /^[\w-]{43}$/)
    assert.deepEqual((await readMessage(message, 'P-256-enc')).plaintext, pattern(40))
  })

  test('a source that never answers is left at once, by an abort as by a reader that cancels', async () => {
    const never = () => new Promise(() => {})
    const reason = new Error('enough')
    const silent = [
      (seen) =>
        new ReadableStream({
          pull: never,
          cancel() {
            seen.told = true
          },
        }),
      (seen) =>
        byteSource(pattern(40), {
          read: (start, end, { signal }) =>
            new Promise(() =>
              signal.addEventListener('abort', () => {
                seen.told = true
              }),
            ),
        }),
      (seen) => ({
        [Symbol.asyncIterator]: () => ({
          next: never,
          return: async () => {
            seen.told = true
          },
        }),
      }),
      ...(hasByteStreams()
        ? [
            (seen) =>
              byteStream({
                pull: never,
                cancel() {
                  seen.told = true
                },
              }),
          ]
        : []),
    ]
    for (const how of ['abort', 'cancel']) {
      for (const sourceOf of silent) {
        const seen = {}
        const stop = new AbortController()
        const { readable, digest } = await sealing(sourceOf(seen), { signal: stop.signal })
        const reader = readable.getReader()
        await reader.read()
        const pending = reader.read().then(
          ({ done }) => done,
          (error) => error,
        )
        await settled()
        if (how === 'abort') stop.abort(reason)
        else await reader.cancel(reason)
        assert.equal(await pending, how === 'abort' ? reason : true)
        assert.equal(await digest.catch((error) => error), reason)
        await settled()
        assert.isTrue(seen.told)
      }
    }
  })

  test('a byte source is told of an abort while it reads, and what it answers then does not matter', async () => {
    for (const answer of [
      () => pattern(40),
      () => {
        throw new Error('aborted')
      },
    ]) {
      const stop = new AbortController()
      let told
      const source = byteSource(pattern(40), {
        read: async (start, end, { signal }) => {
          told = signal
          stop.abort(new Error('now'))
          await settled()
          return answer()
        },
      })
      const { readable, digest } = await sealing(source, { signal: stop.signal })
      assert.equal((await collect(readable).catch((error) => error)).message, 'now')
      assert.isTrue(told.aborted)
      assert.equal((await digest.catch((error) => error)).message, 'now')
    }
  })

  for (const [what, returning] of Object.entries({
    'is missing': undefined,
    'is no promise': () => ({ done: true }),
    throws: () => {
      throw new Error('theirs')
    },
    rejects: async () => {
      throw new Error('theirs')
    },
  })) {
    test(`an async iterable whose return ${what} is left as quietly as any, and the digest rejects`, async () => {
      const source = {
        [Symbol.asyncIterator]: () => ({
          next: async () => ({ done: false, value: pattern(frameLength) }),
          return: returning,
        }),
      }
      const reason = new Error('enough')
      const { readable, digest } = await sealing(source)
      const reader = readable.getReader()
      await reader.read()
      await reader.cancel(reason)
      const outcome = await Promise.race([digest.catch((error) => error), settled()])
      assert.equal(outcome, reason)
    })
  }

  test('any number of frames in flight gives the same frames', async () => {
    for (const framesInFlight of [1, 3, 16]) {
      for (const source of [
        pattern(333),
        streamOf(inPieces(pattern(333), 10)),
        iterate([pattern(333)]),
        ...(hasByteStreams() ? [byteStreamOf(inPieces(pattern(333), 10), true)] : []),
      ]) {
        const { readable } = await sealing(source, { framesInFlight })
        assert.deepEqual(
          (await readMessage(await collect(readable), 'P-256-enc')).plaintext,
          pattern(333),
        )
      }
    }
  })

  test('a source that waits between its pieces, and a reader that waits between its reads, lose nothing', async () => {
    const slow = async function* () {
      for (const piece of inPieces(pattern(100), 9)) {
        await new Promise((resolve) => setTimeout(resolve, 1))
        yield piece
      }
    }
    const { readable } = await sealing(slow(), { framesInFlight: 3 })
    const released = []
    const reader = readable.getReader()
    for (let read; !(read = await reader.read()).done;) {
      released.push(read.value)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    assert.deepEqual(
      (await readMessage(new Uint8Array(await new Blob(released).arrayBuffer()), 'P-256-enc'))
        .plaintext,
      pattern(100),
    )
  })

  test('a source may reuse its buffer as soon as it is asked for more', async () => {
    const buffer = new Uint8Array(64)
    const reusing = async function* () {
      for (const piece of inPieces(pattern(200), 10)) {
        buffer.fill(0xee)
        buffer.set(piece, 3)
        yield buffer.subarray(3, 3 + piece.length)
      }
    }
    const { readable } = await sealing(reusing())
    assert.deepEqual(
      (await readMessage(await collect(readable), 'P-256-enc')).plaintext,
      pattern(200),
    )
  })

  test('many streams at once do not mix', async () => {
    const messages = await Promise.all(
      Array.from({ length: 20 }, async (_, i) =>
        collect((await sealing(iterate(inPieces(pattern(i * 10), 7)))).readable),
      ),
    )
    for (const [i, message] of messages.entries())
      assert.deepEqual((await readMessage(message, 'P-256-enc')).plaintext, pattern(i * 10))
    await fails(assert, sealing(5), 'invalid_argument')
  })
}
