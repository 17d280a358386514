import { fails } from '../support/host.js'
import { chunkDigestOf } from '../support/message-format.js'
import { writeMessage } from '../support/message-writer.js'
import { headerOf } from '../support/sealed-files.js'
import { arnOf, openerOver, plainCache } from '../support/seal-with-jose.js'
import {
  collect,
  inPieces,
  pattern,
  sourceKinds,
  streamKeys,
  streamOf,
} from '../support/sources.js'
import { flipped } from '../support/wrong-messages.js'

const context = { form: 'claim' }
const frameLength = 8
const settled = () => new Promise((resolve) => setTimeout(resolve, 5))
/** How a promise ended by now. */
const outcome = (promise) =>
  Promise.race([
    promise.then(
      (value) => ({ value }),
      (error) => ({ error }),
    ),
    settled().then(() => ({ pending: true })),
  ])

/**
 * The digest of a sealed stream that is opened, which a receipt names.
 *
 * @param {import('../support/host.js').Host} host
 */
export function openStreamDigestsSuite(host) {
  const { test, assert, door } = host
  const over = () =>
    openerOver(host, { [arnOf('P-256-enc')]: 'P-256-enc' }, { cache: plainCache() })
  const messageOf = async (length, size = frameLength) =>
    (await writeMessage({ context, plaintext: pattern(length), frameLength: size })).message
  const failure = (promise) =>
    promise.then(
      () => assert.fail('it did not fail'),
      (error) => error,
    )

  for (const [kind, sourceOf] of Object.entries(sourceKinds))
    test(`the digest of a ${kind} that is opened is that of its sealed bytes, as inspect finds it`, async () => {
      const { streams } = await over()
      for (const [length, size] of [
        [0, frameLength],
        [8, frameLength],
        [29, frameLength],
        [1_200_000, 400_000],
      ]) {
        const message = await messageOf(length, size)
        const opened = await streams.openStream(sourceOf(message, 70_001), {
          context,
          digest: true,
        })
        assert.equal((await collect(opened.readable)).length, length)
        assert.equal(await opened.digest, await chunkDigestOf(message))
        assert.equal(await opened.sealedLength, message.length)
        const found = await door.inspect(message)
        assert.deepEqual(
          [opened.messageId, await opened.digest, await opened.sealedLength],
          [found.messageId, found.digest, found.length],
        )
      }
    })

  test('the digest settles when the last frame verified, not before', async () => {
    const { streams } = await over()
    const message = await messageOf(24)
    const { readable, digest, sealedLength } = await streams.openStream(message, {
      context,
      digest: true,
    })
    const reader = readable.getReader()
    for (let chunks = 0; chunks < 3; chunks++) {
      assert.deepEqual(await outcome(digest), { pending: true })
      await reader.read()
    }
    assert.isTrue((await reader.read()).done)
    assert.equal(await digest, await chunkDigestOf(message))
    assert.equal(await sealedLength, message.length)
  })

  test('a digest that nobody asked for is invalid_argument at once, and the stream opens', async () => {
    const { streams } = await over()
    const message = await messageOf(29)
    for (const digest of [undefined, false]) {
      const opened = await streams.openStream(message, { context, digest })
      for (const answer of [opened.digest, opened.sealedLength])
        await fails(assert, answer, 'invalid_argument', /digest: true/)
      assert.deepEqual(await collect(opened.readable), pattern(29))
    }
  })

  test('the header digest is SHA-256 of all bytes before the first frame, and names one message', async () => {
    const { streams } = await over()
    const named = new Set()
    const written = await writeMessage({ context, plaintext: pattern(29), frameLength })
    const again = { context, plaintext: pattern(29), frameLength, id: written.id }
    // the same id, and once the same data key too: it is wrapped anew
    const others = [again, { ...again, dataKey: written.dataKey }]
    for (const { message, header } of [written, ...(await Promise.all(others.map(writeMessage)))]) {
      const { length } = headerOf(message)
      assert.equal(header.length, length)
      const hash = await crypto.subtle.digest('SHA-256', message.slice(0, length))
      const expected = host.jose.base64url.encode(new Uint8Array(hash))
      const { headerDigest, messageId, readable } = await streams.openStream(message, { context })
      assert.equal(headerDigest, expected)
      assert.equal(messageId, host.jose.base64url.encode(written.id))
      await readable.cancel()
      const part = await streams.openRange(new Blob([message]), 3, 9, { context })
      assert.equal(part.headerDigest, expected)
      await part.readable.cancel()
      // frames do not count
      const cut = await streams.openStream(message.slice(0, length + 1), { context })
      assert.equal(cut.headerDigest, expected)
      await cut.readable.cancel()
      named.add(expected)
    }
    assert.equal(named.size, 3)
  })

  /** @type {Record<string, (message: Uint8Array<ArrayBuffer>) => any>} */
  const wrong = {
    'whose last frame was changed': (message) => flipped(message, message.length - 1),
    'whose first frame was changed': (message) => flipped(message, message.length - 500),
    'that was cut': (message) => message.subarray(0, -1),
    'that was cut between two frames': (message) => message.subarray(0, -45),
    'that was added to': (message) => new Blob([message, 'x']),
    'whose source fails': async function* (message) {
      yield message.subarray(0, -50)
      throw new Error('the source failed')
    },
  }
  for (const [what, change] of Object.entries(wrong))
    test(`the digest of a stream ${what} rejects with the error of the stream`, async () => {
      const { streams } = await over()
      const message = await messageOf(2_005)
      const open = () => streams.openStream(change(message), { context, digest: true })
      const { readable, digest, sealedLength } = await open()
      const error = await failure(collect(readable))
      assert.equal(await failure(digest), error)
      assert.equal(await failure(sealedLength), error)
      // nobody asks for the digest: an unhandled rejection would fail this test
      await failure(collect((await open()).readable))
      await settled()
    })

  // a rejection that nobody handles ends a Node process, and fails this test there
  test('a digest settles once, also where the stream is cancelled or aborted in its last step', async () => {
    const { streams } = await over()
    const message = await messageOf(8)
    const keys = streamKeys(door, 'P-256-enc')
    const sides = [
      (o) => door.sealStream(keys, pattern(8), { context, ...o }),
      (o) => streams.openStream(message, { context, ...o }),
    ]
    for (const side of sides)
      for (let steps = 0; steps < 30; steps++)
        for (const digest of [true, false])
          for (const how of ['cancel', 'abort']) {
            const stop = new AbortController()
            const { readable } = await side({ digest, signal: stop.signal })
            const reader = readable.getReader()
            reader.closed.catch(() => {})
            for (let chunks = side === sides[0] ? 3 : 1; chunks > 0; chunks--) await reader.read()
            reader.read().catch(() => {})
            for (let step = 0; step < steps; step++) await Promise.resolve()
            if (how === 'abort') stop.abort(new Error('aborted'))
            else await reader.cancel(new Error('cancelled')).catch(() => {})
          }
    await settled()
  })

  test('the digest of a stream that is cancelled or aborted rejects, read or not', async () => {
    const { streams } = await over()
    const message = await messageOf(29)
    for (const reads of [0, 1, 3]) {
      const reason = new Error('enough')
      const stop = new AbortController()
      const opened = async () => {
        const source = streamOf(inPieces(message, 40))
        const o = { context, digest: true, signal: stop.signal }
        const { readable, ...answers } = await streams.openStream(source, o)
        const reader = readable.getReader()
        for (let i = 0; i < reads; i++) await reader.read()
        return { reader, ...answers }
      }
      const cancelled = await opened()
      await cancelled.reader.cancel(reason)
      assert.equal(await failure(cancelled.digest), reason)
      assert.equal(await failure(cancelled.sealedLength), reason)
      const left = await opened()
      await left.reader.cancel()
      await fails(assert, left.digest, 'closed')
      const aborted = await opened()
      aborted.reader.closed.catch(() => {})
      stop.abort(reason)
      assert.equal(await failure(aborted.digest), reason)
    }
  })
}
