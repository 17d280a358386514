import { fails } from '../support/host.js'
import { Skip } from '../support/skip.js'
import { readMessage } from '../support/message-reader.js'
import {
  byteSource,
  byteStreamOf,
  collect,
  hasByteStreams,
  inPieces,
  iterate,
  pattern,
  streamKeys,
  streamOf,
} from '../support/sources.js'
import { wrong } from '../support/types.mjs'

const context = {}
const frameLength = 16
const noContexts = [
  undefined,
  null,
  'a',
  [],
  { a: 1 },
  { a: undefined },
  new Map(),
  { 'sealdrop:x': 'a' },
  { 'aws-crypto-public-key': 'a' },
  { 'aws-crypto-': 'a' },
  { '\ud800': 'a' },
  { a: 'x\udfff' },
  JSON.parse('{"__proto__":"a"}'),
]
const largeContexts = [
  { a: 'x'.repeat(16_384) },
  { a: 'x'.repeat(70_000) },
  { ['k'.repeat(70_000)]: 'x' },
  Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`${i}`, 'x'])),
]
/** AWS's SDK for Java opens no such message. */
const withEmpty = [{ '': 'a' }, { a: '' }, { a: 'b', '': '' }]

/**
 * What sealStream refuses, how it ends before its end, and how far it reads ahead.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function streamFaultsSuite(host) {
  const { test, assert, door } = host
  const { sealStream, sealedLength } = door
  const keys = streamKeys(door, 'P-256-enc')
  const sealing = (source, o) => sealStream(keys, source, { context, frameLength, ...o })
  /** The code of a failure, at once or while reading; the digest must fail with the same. */
  const failsReading = async (source, o, code, message) => {
    const sealed = await sealing(source, o)
    const error = await fails(assert, collect(sealed.readable), code, message)
    assert.equal(await sealed.digest.catch((reason) => reason), error)
    return error
  }

  test('options that are not what they must be are refused at once, and nothing is read', async () => {
    const refused = (code, message, name, ...values) =>
      values.map((value) => ({ code, message, o: { [name]: value } }))
    const rows = [
      ...refused('invalid_argument', /^frameLength/, 'frameLength', 0, -1, 1.5, NaN, Infinity),
      ...refused('invalid_argument', /^frameLength/, 'frameLength', 16_777_217, '16', null),
      ...refused('invalid_argument', /^framesInFlight/, 'framesInFlight', 0, 17, 1.5, NaN, '4'),
      ...refused('invalid_argument', /^length/, 'length', -1, 1.5, NaN, Infinity, '4'),
      ...refused('invalid_argument', /^context/, 'context', ...noContexts),
      ...refused('invalid_argument', /^context: .*empty/, 'context', ...withEmpty),
      ...refused('too_large', /16384/, 'context', ...largeContexts),
    ]
    for (const { code, message, o } of rows) {
      const seen = {}
      await fails(assert, sealing(streamOf([pattern(1)], seen), o), code, message)
      assert.equal(seen.pulled, 0)
      if (!('length' in o) && !('framesInFlight' in o))
        await fails(assert, sealedLength(keys, 1, { context, frameLength, ...o }), code, message)
    }
    for (const bad of [-1, 1.5, NaN, '1', undefined])
      await fails(
        assert,
        sealedLength(keys, wrong(bad), { context }),
        'invalid_argument',
        /^length/,
      )
    await fails(assert, wrong(sealStream)(keys, pattern(1)), 'invalid_argument')
  })

  test('context and data keys fill a header to exactly 16 KiB and not a byte more', async () => {
    const dataKey = 2 + 8 + 2 + 75 + 2 + 112
    const room = 16_384 - dataKey - 2 - 2 - 1 - 2
    const sealed = await sealing(pattern(3), { context: { a: 'x'.repeat(room) } })
    const message = await collect(sealed.readable)
    assert.deepEqual((await readMessage(message, 'P-256-enc')).plaintext, pattern(3))
    assert.equal(message.length, 92 + 16_384 + 40 + 3)
    await fails(
      assert,
      sealing(pattern(3), { context: { a: 'x'.repeat(room + 1) } }),
      'too_large',
      /16385/,
    )
  })

  test('things that are no source are invalid_argument', async () => {
    for (const bad of [
      undefined,
      null,
      5,
      'text',
      {},
      [],
      new DataView(new ArrayBuffer(4)),
      { size: -1, read() {} },
      { size: 1.5, read() {} },
      { size: NaN, read() {} },
      { size: 4 },
      { read() {} },
      [pattern(1)],
      { [Symbol.iterator]() {} },
      new Date(),
    ])
      await fails(assert, sealing(bad), 'invalid_argument')
  })

  test('every source whose size is known must have the length that is announced', async () => {
    for (const source of [pattern(4), new Blob([pattern(4)]), byteSource(pattern(4))]) {
      for (const length of [3, 5, 0])
        await fails(assert, sealing(source, { length }), 'invalid_argument', /^length/)
      assert.equal((await sealing(source, { length: 4 })).length, (await sealing(source)).length)
    }
  })

  test('a source that is shorter or longer than announced fails, wherever frames end, and its last frame is never given', async () => {
    const kinds = [
      (chunks) => streamOf(chunks),
      iterate,
      ...(hasByteStreams() ? [(chunks) => byteStreamOf(chunks, true)] : []),
    ]
    let runs = 0
    for (const [found, length] of [
      [0, 1],
      [15, 16],
      [16, 15],
      [16, 17],
      [17, 16],
      [32, 16],
      [16, 32],
      [48, 47],
      [1, 0],
      [33, 1000],
      [1000, 33],
    ]) {
      for (const kind of kinds) {
        const sealed = await sealing(kind(inPieces(pattern(found), 5)), { length })
        const released = []
        const error = await fails(
          assert,
          collect(sealed.readable, released),
          'source_failed',
          new RegExp(`${length} bytes`),
        )
        assert.equal(await sealed.digest.catch((reason) => reason), error)
        assert.isFalse(
          released.some((chunk) => chunk.length === 24),
          'no head of a final frame',
        )
        runs++
      }
    }
    assert.equal(runs, 11 * kinds.length)
  })

  test('what a source throws is the cause of source_failed, also behind frames; a SealdropError passes as it is', async () => {
    for (const after of [0, 1, 4]) {
      const theirs = new Error('disk')
      const throwing = async function* () {
        yield* inPieces(pattern(after * 20), 7)
        throw theirs
      }
      const broken = new ReadableStream({
        start(controller) {
          for (const piece of inPieces(pattern(after * 20), 7)) controller.enqueue(piece)
        },
        pull(controller) {
          controller.error(theirs)
        },
      })
      for (const source of [
        throwing(),
        broken,
        byteSource(pattern(5), {
          read: async () => {
            throw theirs
          },
        }),
        byteSource(pattern(5), {
          read() {
            throw theirs
          },
        }),
      ]) {
        const error = await failsReading(source, {}, 'source_failed')
        assert.equal(error.cause, theirs)
        assert.isTrue(error.retryable)
      }
    }
    const ours = new door.SealdropError('source_changed', 'of their own')
    assert.equal(
      await failsReading(
        byteSource(pattern(5), {
          read: async () => {
            throw ours
          },
        }),
        {},
        'source_changed',
      ),
      ours,
    )
  })

  test('chunks that are not bytes are invalid_argument', async () => {
    for (const bad of [
      'text',
      5,
      null,
      undefined,
      {},
      [1],
      new Uint16Array(4),
      new DataView(new ArrayBuffer(4)),
      new Uint8ClampedArray(4),
    ]) {
      await failsReading(streamOf([pattern(20), bad]), {}, 'invalid_argument', /Uint8Array/)
      await failsReading(iterate([pattern(20), bad]), {}, 'invalid_argument', /Uint8Array/)
    }
  })

  test('a stream that someone else reads is refused at once', async () => {
    for (const stream of [
      streamOf([pattern(1)]),
      new Blob([pattern(1)]).stream(),
      ...(hasByteStreams() ? [byteStreamOf([pattern(1)])] : []),
    ]) {
      stream.getReader()
      await fails(assert, sealing(stream), 'invalid_argument', /read/)
    }
  })

  test('a byte source that answers with the wrong number of bytes, or none, fails', async () => {
    for (const answer of [
      new Uint8Array(),
      pattern(39),
      pattern(41),
      undefined,
      'x'.repeat(40),
      Array(40).fill(0),
      new Uint16Array(40),
    ])
      await failsReading(
        byteSource(pattern(40), { read: async () => answer }),
        {},
        'source_failed',
        /40/,
      )
  })

  test('a byte source whose version is another one at its end is source_changed before its last frame', async () => {
    let version = 0
    const source = byteSource(pattern(40), { version: async () => `${version++}` })
    const sealed = await sealing(source)
    const released = []
    await fails(assert, collect(sealed.readable, released), 'source_changed')
    assert.isFalse(
      released.some((chunk) => chunk.length === 24),
      'no head of a final frame',
    )
    const broken = new Error('gone')
    const error = await sealing(
      byteSource(pattern(40), {
        version: async () => {
          throw broken
        },
      }),
    ).catch((e) => e)
    assert.include([broken, error.cause], broken)
  })

  test('more frames than there are numbers are too_large at once, and as many as there are have an exact length', async () => {
    const never = { read: () => assert.fail('read') }
    await fails(
      assert,
      sealing({ size: 2 ** 33, ...never }, { frameLength: 1 }),
      'too_large',
      /frames/,
    )
    await fails(
      assert,
      sealing(streamOf([]), { frameLength: 1, length: 2 ** 32 }),
      'too_large',
      /frames/,
    )
    await fails(assert, sealedLength(keys, 2 ** 32, { context, frameLength: 1 }), 'too_large')
    const header = (await sealedLength(keys, 0, { context })) - 40
    assert.equal(
      await sealedLength(keys, 2 ** 32 - 1, { context, frameLength: 1 }),
      header + (2 ** 32 - 2) * 33 + 41,
    )
    assert.equal(
      (await sealing({ size: 2 ** 32 - 1, ...never }, { frameLength: 1 })).length,
      header + (2 ** 32 - 2) * 33 + 41,
    )
  })

  test('a file that was changed or removed since it was chosen is source_changed', async () => {
    if (!globalThis.navigator?.storage?.getDirectory)
      throw new Skip('this host has no files of its own')
    const folder = await navigator.storage.getDirectory()
    // pages of one origin share these files, and may run this test side by side
    const name = `chosen ${crypto.randomUUID()}`
    const write = async (handle, bytes) => {
      const writable = await handle.createWritable()
      await writable.write(bytes)
      await writable.close()
    }
    for (const change of [(handle) => write(handle, pattern(41)), () => folder.removeEntry(name)]) {
      const handle = await folder.getFileHandle(name, { create: true })
      await write(handle, pattern(40))
      const file = await handle.getFile()
      assert.isAbove((await collect((await sealing(file)).readable)).length, 40)
      await new Promise((resolve) => setTimeout(resolve, 20))
      await change(handle)
      await failsReading(file, {}, 'source_changed', /choose it again/)
    }
  })
}
