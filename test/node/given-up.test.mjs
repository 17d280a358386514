// Streams of Node and file handles that are taken: they are listened to at once, so that one that
// fails before it is read does not end the process, and closed on each way out.
import test from 'node:test'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { assert } from 'chai'
import * as jose from 'jose'
import { fetchKeySet, importKeySet, inHand, inspect, overHttps } from 'sealdrop'
import { sealStream, verifyStream } from 'sealdrop'
import { createOpener, httpSource } from 'sealdrop/kms'
import { handlesOn } from '../support/file-handles.mjs'
import { fails, keySetOf, publicJwk } from '../support/host.js'
import * as rooms from '../support/rooms.js'
import { arnOf, openerOver } from '../support/seal-with-jose.js'
import { pattern, streamBytes } from '../support/sealed-files.js'
import { listeningPort, wrong } from '../support/types.mjs'

/** @import { IncomingMessage } from 'node:http' */

const context = {}
const trust = inHand()
const document = keySetOf(publicJwk('P-256-enc'))
const keys = importKeySet(document, { trust })
const noKey = importKeySet(keySetOf(publicJwk('P-256-sig', { alg: 'ES256' })), { trust })
const folder = await mkdtemp(join(tmpdir(), 'given-up-'))
const path = join(folder, 'file')
await writeFile(path, pattern(300_000))
test.after(() => rm(folder, { recursive: true }))

/** A key set that is on its way for a while. An exception that nobody catches fails the test. */
const slow = (fetched) =>
  fetchKeySet('https://keys.example/', {
    trust: overHttps(),
    fetch: async () => {
      await sleep(100)
      return new Response(fetched)
    },
  })
/** Waits for the close of a stream, also of one that fails, and adds no listener of its errors. */
const closing = (stream) =>
  new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('the stream stays open')), 5_000)
    stream.once('close', () => resolve(clearTimeout(late)))
  })
const missing = () => createReadStream(join(folder, 'nowhere'))
const { streams } = await openerOver({ rooms, jose }, { [arnOf('P-256-enc')]: 'P-256-enc' })

test('a stream of Node that fails before it is read fails the sealed stream, not the process', async () => {
  for (const set of [keys, slow(document)]) {
    const sealed = await sealStream(set, missing(), { context })
    await sleep(50)
    const error = await fails(assert, streamBytes(sealed.readable), 'source_failed')
    assert.equal(wrong(error.cause).code, 'ENOENT')
    await fails(assert, sealed.digest, 'source_failed')
  }
})

test('one that fails while a verb waits, or after it was refused, does not end the process', async () => {
  const signed = `${Buffer.from('{"alg":"ES256"}').toString('base64url')}.e30.AAAA\nAAAA`
  await fails(assert, verifyStream(slow(document), signed, missing()), [
    'malformed',
    'key_not_found',
    'source_failed',
  ])
  await fails(assert, sealStream(noKey, missing(), { context }), 'no_usable_key')
  await fails(assert, streams.openStream(missing(), { context }), 'source_failed')
  await fails(assert, inspect(missing()), 'source_failed')
  await sleep(50)
})

test('one that failed before it was handed over is source_failed', async () => {
  const failed = new PassThrough().on('error', () => {})
  failed.destroy(new Error('before'))
  await closing(failed)
  const { readable } = await sealStream(keys, failed, { context })
  const error = await fails(assert, streamBytes(readable), 'source_failed')
  assert.match(wrong(error.cause).message, /before|premature/i)
})

const aborted = AbortSignal.abort(new Error('before'))
/** @type {Record<string, (source: Readable) => Promise<unknown>>} */
const out = {
  'sealStream without a usable key': (source) => sealStream(noKey, source, { context }),
  'sealStream with a wrong context': (source) => sealStream(keys, source, wrong({ context: 1 })),
  'sealStream that was aborted before': (source) =>
    sealStream(keys, source, { context, signal: aborted }),
  'sealStream, cancelled unread': async (source) =>
    (await sealStream(keys, source, { context })).readable.cancel(),
  'sealStream, cancelled while it waits for more': async (source) => {
    const reader = (await sealStream(keys, source, { context })).readable.getReader()
    await reader.read()
    const pending = reader.read()
    await reader.cancel()
    await pending
  },
  'verifyStream of no signature': (source) => verifyStream(keys, 'x', source),
  'inspect with a wrong option': (source) => inspect(source, { maxFrameLength: 0 }),
  'openStream without options': (source) => wrong(streams.openStream(source, wrong(undefined))),
  'openStream that was aborted before': (source) =>
    streams.openStream(source, { context, signal: aborted }),
  'openStream of no message': (source) => streams.openStream(source, { context }),
  'openStream of an opener that was closed': async (source) => {
    const opener = createOpener({ keys: ['alias/a'], kms: { region: 'eu-central-1' } })
    await opener.close()
    await fails(assert, opener.openStream(source, { context }), 'closed')
  },
}
for (const [name, work] of Object.entries(out)) {
  test(`${name}, destroys its stream of Node and closes the file`, async () => {
    const source = createReadStream(path)
    await work(source).catch(() => {})
    if (!source.closed) await closing(source)
    assert.isTrue(source.destroyed)
    assert.equal(await handlesOn(path), 0)
  })
}

test('a stream of Node that hangs is destroyed when its reader cancels', async () => {
  const source = new PassThrough()
  const { readable } = await sealStream(keys, source, { context })
  const reader = readable.getReader()
  await reader.read()
  const pending = reader.read().catch(() => {})
  await sleep(20)
  await reader.cancel()
  await pending
  assert.isTrue(source.destroyed)
})

test('what a stream of Node brings is sealed as before, and it ends by itself', async () => {
  for (const source of [createReadStream(path), Readable.from([pattern(300_000)])]) {
    const { readable } = await sealStream(keys, source, { context })
    const opened = await streams.openStream(await streamBytes(readable), { context })
    assert.deepEqual(await streamBytes(opened.readable), pattern(300_000))
  }
})

/** Gives a request to the work, while its upload stops in the middle. */
async function uploading(work) {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const upload = request({ port: listeningPort(server), host: '127.0.0.1', method: 'PUT' })
  upload.on('error', () => {})
  upload.setHeader('content-length', 1_000_000)
  upload.write(pattern(1_000))
  const [incoming] = /** @type {[IncomingMessage]} */ (await once(server, 'request'))
  try {
    await work(incoming, upload)
  } finally {
    upload.destroy()
    server.closeAllConnections()
    server.close()
  }
}

test('an upload that is cut before it is read is source_failed, and the server goes on', () =>
  uploading(async (incoming, upload) => {
    const { readable } = await sealStream(keys, incoming, { context })
    upload.destroy()
    await closing(incoming)
    await fails(assert, streamBytes(readable), 'source_failed')
  }))

test('a request that is handed over as an iterator keeps its connection, to answer an error', () =>
  uploading(async (incoming) => {
    const source = () => incoming.iterator({ destroyOnReturn: false })
    await fails(assert, sealStream(noKey, source(), { context }), 'no_usable_key')
    await (await sealStream(keys, source(), { context })).readable.cancel()
    await sleep(20)
    assert.isFalse(incoming.destroyed)
    await fails(assert, sealStream(noKey, incoming, { context }), 'no_usable_key')
    assert.isTrue(incoming.destroyed)
  }))

test('a range that fails or is aborted gives up all that it began to read of its file', async () => {
  const { readable } = await sealStream(keys, pattern(300_000), { context, frameLength: 100_000 })
  const message = await streamBytes(readable)
  message[message.length - 1] ^= 1 // the final frame
  const stop = new AbortController()
  const reason = new Error('enough')
  const tried = [
    [{ context }, async () => {}],
    [{ context, signal: stop.signal }, () => stop.abort(reason)],
  ]
  for (const [o, onLast] of /** @type {[any, () => unknown][]} */ (tried)) {
    /** @type {AbortSignal[]} */
    const signals = []
    const read = async (start, end, { signal }) => {
      signals.push(signal)
      if (end === message.length && start > 0) await onLast()
      return message.subarray(start, end)
    }
    const source = { size: message.length, read }
    const error = await streams.openRange(source, 0, 9, o).catch((e) => e)
    if (o.signal) assert.equal(error, reason)
    else assert.equal(error.code, 'rejected')
    await sleep(20)
    assert.equal(signals.length, 2)
    assert.isTrue(signals.every((signal) => signal.aborted))
  }
})

test('the body of an answer that httpSource refuses is given up, and its connection closed', async () => {
  const closed = []
  const server = createServer((incoming, response) => {
    response.on('close', () => closed.push(response.statusCode))
    const status = Number(incoming.url?.slice(1))
    if (status === 206) response.setHeader('content-range', 'bytes 5-6/9')
    response.writeHead(status)
    response.write('a') // and no end
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${listeningPort(server)}/`
  const statuses = [200, 206, 404, 500]
  for (const status of statuses) await fails(assert, httpSource(url + status), 'source_failed')
  const set = (status) => fetchKeySet(url + status, { trust: overHttps() })
  for (const status of [404, 500]) await fails(assert, set(status).ready(), 'keys_unreachable')
  for (let i = 0; i < 100 && closed.length < 6; i++) await sleep(20)
  server.closeAllConnections()
  server.close()
  assert.deepEqual(closed, [...statuses, 404, 500])
})
