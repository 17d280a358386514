import { fails, keySetOf, publicJwk } from '../support/host.js'
import {
  byteSource,
  byteStream,
  collect,
  hasByteStreams,
  pattern,
  streamKeys,
} from '../support/sources.js'
import { wrong } from '../support/types.mjs'

const context = {}
const settled = () => new Promise((resolve) => setTimeout(resolve, 20))

/**
 * A source that can be given up, by its kind, and whether it was.
 *
 * @type {Record<string, (seen: any) => any>}
 */
const sources = {
  stream: (seen) =>
    new ReadableStream({ cancel: () => void (seen.givenUp = true) }, { highWaterMark: 0 }),
  'byte stream': (seen) => byteStream({ cancel: () => void (seen.givenUp = true) }),
  'async iterable': (seen) => ({
    [Symbol.asyncIterator]: () => ({
      next: async () => ({ done: true }),
      return: async () => ((seen.givenUp = true), { done: true }),
    }),
  }),
}

/**
 * A source or a body that was taken and is not read is given up, on each way out.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function givenUpSuite({ test, assert, door }) {
  const { createFileSealer, fetchKeySet, importKeySet, inHand, inspect, overHttps } = door
  const { sealStream, verifyStream } = door
  const trust = inHand()
  const keys = streamKeys(door, 'P-256-enc')
  const noArn = importKeySet(keySetOf(publicJwk('RSA-2048-enc')), { trust })
  const away = fetchKeySet('https://keys.example/', {
    trust: overHttps(),
    fetch: () => Promise.reject(new Error('away')),
  })
  const aborted = { context, signal: AbortSignal.abort(new Error('before')) }
  /** @type {Record<string, (source: any) => Promise<unknown>>} */
  const failing = {
    'sealStream without options': (source) => wrong(sealStream)(keys, source),
    'sealStream with an unknown option': (source) =>
      sealStream(keys, source, wrong({ context, contxt: {} })),
    'sealStream with a wrong length': (source) => sealStream(keys, source, { context, length: -1 }),
    'sealStream with a wrong number of frames in flight': (source) =>
      sealStream(keys, source, { context, framesInFlight: 0 }),
    'sealStream with a wrong context': (source) =>
      sealStream(keys, source, { context: wrong({ a: 1 }) }),
    'sealStream with a wrong key set': (source) => sealStream(wrong({}), source, { context }),
    'sealStream without a usable key': (source) => sealStream(noArn, source, { context }),
    'sealStream with keys out of reach': (source) => sealStream(away, source, { context }),
    'sealStream that was aborted before': (source) => sealStream(keys, source, aborted),
    'verifyStream with an unknown option': (source) =>
      verifyStream(keys, 'x', source, wrong({ contxt: {} })),
    'verifyStream of no signature': (source) => verifyStream(keys, 'x', source),
    'verifyStream that was aborted before': (source) =>
      verifyStream(keys, 'x', source, { signal: aborted.signal }),
    'inspect with an unknown option': (source) => inspect(source, wrong({ max: 1 })),
    'inspect with a wrong option': (source) => inspect(source, { maxFrameLength: 0 }),
    'inspect that was aborted before': (source) => inspect(source, { signal: aborted.signal }),
  }
  for (const [kind, sourceOf] of Object.entries(sources)) {
    if (kind === 'byte stream' && !hasByteStreams()) continue
    for (const [name, work] of Object.entries(failing))
      test(`${name} gives up its ${kind}`, async () => {
        const seen = {}
        let failed = false
        await work(sourceOf(seen)).catch(() => {
          failed = true
        })
        assert.isTrue(failed)
        await settled()
        assert.isTrue(seen.givenUp)
      })

    test(`a sealed stream that is cancelled or aborted unread gives up its ${kind}`, async () => {
      const stop = new AbortController()
      const seen = [{}, {}]
      const cancelled = await sealStream(keys, sourceOf(seen[0]), { context })
      await cancelled.readable.cancel()
      await sealStream(keys, sourceOf(seen[1]), { context, signal: stop.signal })
      stop.abort(new Error('later'))
      await settled()
      assert.deepEqual(seen, [{ givenUp: true }, { givenUp: true }])
    })
  }

  test('a stream that somebody else reads is refused, and stays theirs', async () => {
    const seen = {}
    const stream = sources.stream(seen)
    const reader = stream.getReader()
    await fails(assert, sealStream(keys, stream, { context }), 'invalid_argument', /reads/)
    await settled()
    assert.deepEqual(seen, {})
    await reader.cancel()
  })

  test('a source whose cancel fails hides nothing', async () => {
    const broken = new ReadableStream({ cancel: () => Promise.reject(new Error('theirs')) })
    await fails(assert, sealStream(noArn, broken, { context }), 'no_usable_key')
    const stream = new ReadableStream({ cancel: () => Promise.reject(new Error('theirs')) })
    const fetch = async () => new Response(stream, { status: 404 })
    const set = fetchKeySet('https://keys.example/', { trust: overHttps(), fetch })
    await fails(assert, set.ready(), 'keys_unreachable', /404/)
    await settled()
  })

  /** What a host answers instead of a key set: its status, and the bytes that it begins with. */
  const refused = [
    [301, 0],
    [404, 0],
    [429, 0],
    [500, 0],
    [503, 70_000],
    [200, 70_000],
  ]
  for (const [status, length] of refused)
    test(`the body of an answer of ${length} bytes with status ${status} is given up`, async () => {
      const seen = {}
      const body = new ReadableStream({
        start: (controller) => controller.enqueue(new Uint8Array(length + 1)),
        cancel: () => void (seen.givenUp = true),
      })
      const fetch = async () => new Response(body, { status })
      const set = fetchKeySet('https://keys.example/', { trust: overHttps(), fetch })
      await fails(assert, set.ready(), status === 200 ? 'keys_malformed' : 'keys_unreachable')
      await settled()
      assert.isTrue(seen.givenUp)
    })

  test('an answer whose body is no web stream is given up by the signal of its request', async () => {
    const signals = []
    for (const answer of [
      { status: 404, body: {} },
      { status: 200, body: {}, text: async () => '', length: '70000' },
    ]) {
      const fetch = wrong(async (_url, { signal }) => {
        signals.push(signal)
        return { ...answer, headers: new Headers({ 'content-length': answer.length ?? '9' }) }
      })
      const set = fetchKeySet('https://keys.example/', { trust: overHttps(), fetch })
      await fails(assert, set.ready(), ['keys_unreachable', 'keys_malformed'])
    }
    assert.deepEqual(
      signals.map(({ aborted: over }) => over),
      [true, true],
    )
  })

  test('a slice that fails gives up what it began to read', async () => {
    const signals = []
    const file = byteSource(pattern(5_000_000), {
      read: async (start, end, { signal }) => {
        signals.push(signal)
        if (signals.length > 1) throw new Error('disk')
        return pattern(end - start)
      },
    })
    const sealer = await createFileSealer(keys, file, { context })
    await fails(assert, sealer.slice(0, sealer.length), 'source_failed')
    assert.isAbove(signals.length, 1)
    assert.isTrue(signals.every(({ aborted: over }) => over))
    await sealer.close()
  })

  test('what is not given up is read to its end as before', async () => {
    const { readable, length } = await sealStream(keys, pattern(40), { context })
    assert.equal((await collect(readable)).length, length)
  })
}
