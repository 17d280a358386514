import { fails } from '../support/host.js'
import { fileOf, fileSignatures, chunkSize as MiB } from '../support/file-signature.js'
import { same } from '../support/message-format.js'
import { byteSource, collect, inPieces, iterate, streamOf } from '../support/sources.js'

const settled = () => new Promise((resolve) => setTimeout(resolve, 20))

/**
 * How the source of a signed file is read, given up, and failed by.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function fileSignatureSourcesSuite(host) {
  const { test, assert, door } = host
  const { verifyStream } = door
  const { keys, file, size, small, signed, changed, refused, releasedOf } = fileSignatures(host)

  test('what is no source, or one that somebody else reads, is invalid_argument', async () => {
    const locked = streamOf([small])
    locked.getReader()
    for (const source of [
      undefined,
      null,
      'text',
      5,
      {},
      [small],
      new DataView(new ArrayBuffer(3)),
      locked,
    ])
      await refused(source, await signed(small), 'invalid_argument')
    const words = await verifyStream(keys, await signed(small), iterate(['text']))
    await fails(assert, collect(words.readable), 'invalid_argument', /Uint8Array/)
  })

  test('nothing is read before readable is, then a few chunks ahead; a cancel and a failure reach the source with their reason', async () => {
    const seen = {}
    const many = fileOf(12 * MiB)
    const cancelled = await verifyStream(
      keys,
      await signed(many),
      streamOf(inPieces(many, MiB), seen),
    )
    await settled()
    assert.equal(seen.pulled, 0)
    const reader = cancelled.readable.getReader()
    assert.isTrue(same((await reader.read()).value, many.subarray(0, 524_288)))
    await settled()
    assert.isAtMost(seen.pulled, 6)
    const reason = new Error('enough')
    await reader.cancel(reason)
    await settled()
    assert.equal(seen.cancelled.reason, reason)
    const failed = {}
    const { error } = await releasedOf(
      streamOf(inPieces(changed(0, many), 65_536), failed),
      'rejected',
      undefined,
      await signed(many),
    )
    assert.equal(failed.cancelled.reason, error)
  })

  test('aborting ends the call before, and the reading later, with the signal’s reason, and gives the source up', async () => {
    const reason = new Error('changed my mind')
    const many = fileOf(12 * MiB)
    const signature = await signed(many)
    const early = {}
    for (const work of [
      () =>
        verifyStream(keys, signature, streamOf([file], early), {
          signal: AbortSignal.abort(reason),
        }),
      () => {
        const stop = new AbortController()
        const opened = verifyStream(keys, signature, streamOf([file], early), {
          signal: stop.signal,
        })
        stop.abort(reason)
        return opened
      },
    ]) {
      assert.equal(await work().catch((error) => error), reason)
      assert.equal(early.cancelled.reason, reason)
      assert.equal(early.pulled, 0)
    }
    const seen = {}
    const stop = new AbortController()
    const { readable } = await verifyStream(keys, signature, streamOf(inPieces(many, MiB), seen), {
      signal: stop.signal,
    })
    const reader = readable.getReader()
    await reader.read()
    stop.abort(reason)
    assert.equal(await reader.read().catch((error) => error), reason)
    assert.equal(seen.cancelled.reason, reason)
  })

  test('a source that fails gives the chunks before, then source_failed with its own error as the cause', async () => {
    const broken = new Error('cable')
    const failing = async function* () {
      yield file.subarray(0, 2 * MiB + 5)
      throw broken
    }
    const { bytes, error } = await releasedOf(failing(), 'source_failed')
    assert.isTrue(same(bytes, file.subarray(0, 2 * MiB)))
    assert.equal(error.cause, broken)
    assert.isTrue(error.retryable)
    await releasedOf(
      byteSource(file, { read: async (start, end) => file.subarray(start, end - 1) }),
      'source_failed',
    )
  })

  test('onProgress is told of what was handed out, up to all of it, and its own failure changes nothing', async () => {
    const told = []
    const { readable } = await verifyStream(keys, await signed(), new Blob([file]), {
      onProgress: (p) => {
        told.push(p)
        throw new Error('theirs')
      },
    })
    assert.equal((await collect(readable)).length, size)
    assert.deepEqual(
      told,
      [1, 2, 3].map((n) => ({ done: n * MiB, total: size })).concat({ done: size, total: size }),
    )
  })
}
