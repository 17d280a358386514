// s3Source and s3Sink: objects of S3 as sources and as where streams go.
import { randomUUID } from 'node:crypto'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { inspect } from 'sealdrop'
import { s3Sink, s3Source } from 'sealdrop/s3'
import { fails } from '../support/host.js'
import { wrong } from '../support/types.mjs'
import { hashOf, MiB, sealedBytes } from './messages.mjs'

/** A stream of these bytes in chunks, which fails at the end if it is told to. */
function streamOf(
  bytes,
  /** @type {{ chunk?: number, error?: Error }} */ { chunk = 3 * MiB + 7, error } = {},
) {
  let at = 0
  return new ReadableStream({
    pull(controller) {
      if (at < bytes.length) return controller.enqueue(bytes.subarray(at, (at += chunk)))
      return error ? controller.error(error) : controller.close()
    },
  })
}

/** @param {{ test: typeof import('node:test').test, assert: Chai.AssertStatic, world: () => any }} o */
export function objectsSuite({ test, assert, world }) {
  const place = () => {
    const { s3, bucket } = world()
    return { s3, bucket, key: `sink/${randomUUID()}` }
  }
  const found = async ({ s3, bucket: Bucket, key: Key }) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
    return Body.transformToByteArray()
  }
  const openUploads = async ({ s3, bucket: Bucket, key: Prefix }) => {
    const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix }))
    return Uploads.length
  }
  const isGone = async ({ s3, bucket: Bucket, key: Key }) => {
    const head = s3.send(new HeadObjectCommand({ Bucket, Key }))
    assert.equal(await head.then(() => 'there').catch(({ name }) => name), 'NotFound')
    assert.equal(await openUploads({ s3, bucket: Bucket, key: Key }), 0)
  }

  for (const length of [1, 8 * MiB, 8 * MiB + 1, 16 * MiB, 21 * MiB])
    test(`s3Sink: ${length} bytes are stored as they are, with their checksum`, async () => {
      const at = place()
      const bytes = Buffer.alloc(length, 'sealed')
      const stored = await s3Sink({ readable: streamOf(bytes), length }, at)
      assert.deepEqual(stored, { key: at.key, length })
      assert.equal(hashOf(await found(at)), hashOf(bytes))
      const { s3, bucket: Bucket, key: Key } = at
      const mode = { Bucket, Key, ChecksumMode: /** @type {const} */ ('ENABLED') }
      const { ChecksumSHA256 = '' } = await s3.send(new HeadObjectCommand(mode))
      assert.match(ChecksumSHA256, length > 8 * MiB ? /=-[23]$/ : /=$/)
      assert.equal(await openUploads(at), 0)
    })

  test('s3Sink: a stream that fails, is shorter or longer leaves nothing', async () => {
    const error = new Error('the stream broke')
    for (const length of [100, 20 * MiB]) {
      const bytes = new Uint8Array(length)
      const at = place()
      const broken = s3Sink({ readable: streamOf(bytes, { error }), length }, at)
      assert.equal(await broken.catch((reason) => reason), error)
      await isGone(at)
      for (const other of [length - 1, length + 1]) {
        const given = { readable: streamOf(bytes), length: other }
        await fails(assert, s3Sink(given, at), 'source_failed', /expected \d+ bytes/)
        await isGone(at)
      }
    }
  })

  test('s3Sink: an object that is there is kept, unless the caller says otherwise', async () => {
    for (const length of [100, 9 * MiB]) {
      const at = place()
      const bytes = new Uint8Array(length)
      const stream = (fill) => ({ readable: streamOf(bytes.fill(fill)), length })
      await s3Sink(stream(1), at)
      await fails(assert, s3Sink(stream(2), at), 'conflict')
      assert.equal((await found(at))[0], 1)
      assert.equal(await openUploads(at), 0)
      await s3Sink(stream(3), { ...at, overwrite: true })
      assert.equal((await found(at))[0], 3)
    }
  })

  test('s3Sink: it stops at a signal, and takes no stream without a length', async () => {
    const at = place()
    const stop = new AbortController()
    const bytes = new Uint8Array(20 * MiB)
    const readable = streamOf(bytes).pipeThrough(
      new TransformStream({
        transform(chunk, controller) {
          controller.enqueue(chunk)
          stop.abort(new Error('enough'))
        },
      }),
    )
    const stopped = s3Sink({ readable, length: bytes.length }, { ...at, signal: stop.signal })
    assert.equal(await stopped.catch(({ message }) => message), 'enough')
    await isGone(at)
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(9)),
    })
    const many = s3Sink({ readable: endless, length: 100 }, at)
    await fails(assert, many, 'source_failed', /found more/)
    const stalled = { readable: new ReadableStream({}), length: 1 }
    const late = s3Sink(stalled, { ...at, signal: AbortSignal.timeout(50) })
    assert.equal(await late.catch(({ name }) => name), 'TimeoutError')
    const stream = { readable: streamOf(bytes) }
    await fails(assert, s3Sink(stream, at), 'invalid_argument', /length/)
    const params = wrong({ ACL: 'public-read' })
    const open = { readable: streamOf(bytes), length: 1 }
    await fails(assert, s3Sink(open, { ...at, params }), 'invalid_argument', /ACL/)
    await fails(assert, s3Sink(wrong(undefined), at), 'invalid_argument')
    await fails(assert, s3Sink(open, { ...at, bucket: '' }), 'invalid_argument')
    let given = ''
    const cancel = (reason) => void (given = `given up: ${reason}`)
    const waiting = { readable: new ReadableStream({ cancel }), length: 9 * MiB }
    const nowhere = { ...at, bucket: 'no-such-bucket' }
    await fails(assert, s3Sink(waiting, nowhere), 'output_failed', /NoSuchBucket/)
    assert.match(given, /given up/)
    const none = { readable: streamOf(new Uint8Array()), length: 0 }
    await fails(assert, s3Sink(none, at), 'invalid_argument', /length/)
  })

  test('s3Sink holds about one part, however long the stream is', async () => {
    const at = place()
    const length = 160 * MiB
    const chunk = new Uint8Array(MiB)
    let left = length
    let most = 0
    const readable = new ReadableStream({
      pull(controller) {
        const { external, arrayBuffers } = process.memoryUsage()
        most = Math.max(most, external + arrayBuffers)
        if (left === 0) return controller.close()
        left -= chunk.length
        return controller.enqueue(chunk)
      },
    })
    globalThis.gc?.()
    const { external, arrayBuffers } = process.memoryUsage()
    await s3Sink({ readable, length }, { ...at, partLength: 5 * MiB })
    assert.isBelow(most - external - arrayBuffers, length / 2)
  })

  test('s3Source: a sealed object is read by ranges, and in whole', async () => {
    const at = place()
    const { bytes } = await sealedBytes(3 * MiB)
    await s3Sink({ readable: streamOf(bytes), length: bytes.length }, at)
    const source = await s3Source(at)
    assert.equal(source.size, bytes.length)
    assert.deepEqual(await source.read(0, 10), bytes.slice(0, 10))
    assert.deepEqual(await source.read(MiB, MiB + 5), bytes.slice(MiB, MiB + 5))
    assert.lengthOf(await source.read(5, 5), 0)
    const { kind, length, context } = await inspect(source)
    assert.deepEqual([kind, length, context], ['stream', bytes.length, { claim: '7' }])
    await fails(assert, source.read(bytes.length - 1, bytes.length + 1), 'source_failed')
  })

  test('s3Source: an object that was replaced or removed is source_changed', async () => {
    const { s3, bucket: Bucket, key: Key } = place()
    const at = { s3, bucket: Bucket, key: Key }
    const put = (Body) => s3.send(new PutObjectCommand({ Bucket, Key, Body }))
    await fails(assert, s3Source(at), 'source_changed')
    await put('first')
    const source = await s3Source(at)
    assert.equal(Buffer.from(await source.read(0, 5)).toString(), 'first')
    const version = await source.version?.()
    await put('other')
    await fails(assert, source.read(0, 5), 'source_changed')
    assert.notEqual(await (await s3Source(at)).version?.(), version)
    await s3.send(new DeleteObjectCommand({ Bucket, Key }))
    await fails(assert, source.read(0, 5), 'source_changed')
    await fails(assert, s3Source({ ...at, bucket: '' }), 'invalid_argument')
    await fails(assert, s3Source(wrong({ ...at, s3: {} })), 'invalid_argument')
    const reason = new Error('enough')
    const stopped = s3Source({ ...at, signal: AbortSignal.abort(reason) })
    assert.equal(await stopped.catch((error) => error), reason)
  })
}
