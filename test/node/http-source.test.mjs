// A sealed file behind a URL: httpSource against real HTTP servers, good and bad ones.
import test from 'node:test'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { assert } from 'chai'
import * as jose from 'jose'
import { importKeySet, inHand, sealStream } from 'sealdrop'
import { httpSource } from 'sealdrop/kms'
import { fails, keySetOf, publicJwk } from '../support/host.js'
import * as rooms from '../support/rooms.js'
import { arnOf, openerOver } from '../support/seal-with-jose.js'
import { pattern, streamBytes } from '../support/sealed-files.js'
import { listeningPort, present } from '../support/types.mjs'

/**
 * A request, and the answer of a good server to it.
 *
 * @typedef {object} Exchange
 * @property {import('node:http').IncomingMessage} req
 * @property {import('node:http').ServerResponse} res
 * @property {(o?: {
 *   bytes?: Uint8Array,
 *   etag?: string | null,
 *   modified?: string,
 *   status?: number,
 * }) => void} good
 * @property {number} number
 * @typedef {(exchange: Exchange) => unknown} Behaviour
 */

const context = { form: 'claim' }
const content = pattern(3_000_000)
const keys = importKeySet(keySetOf(publicJwk('P-256-enc')), { trust: inHand() })
const sealed = await streamBytes(
  (await sealStream(keys, content, { context, frameLength: 100_000 })).readable,
)
const { streams, calls } = await openerOver({ rooms, jose }, { [arnOf('P-256-enc')]: 'P-256-enc' })

/** The first byte of a Range, and the one after its last. */
const rangeOf = ({ headers }) => {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(`${headers.range}`) ?? []
  return [Number(first), Number(last) + 1]
}
/** The answer to a range as Content-Range says it. */
const contentRange = (start, end, size = sealed.length) => `bytes ${start}-${end - 1}/${size}`

/** @type {Behaviour} */
const goodServer = ({ good }) => good()
/** What the server does; each test gives its own. */
let behaviour = goodServer
/** @type {Record<string, any>[]} */
const asked = []
const server = createServer((req, res) => {
  asked.push({ method: req.method, url: req.url, ...req.headers })
  /** @type {Exchange['good']} */
  const good = ({ bytes = sealed, etag = '"v1"', modified, status = 206 } = {}) => {
    if (etag) res.setHeader('etag', etag)
    if (modified) res.setHeader('last-modified', modified)
    if (req.headers['if-match'] && req.headers['if-match'] !== etag) return res.writeHead(412).end()
    const [start, last] = rangeOf(req)
    const end = Math.min(last, bytes.length)
    if (start >= bytes.length)
      return res.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end()
    return res
      .writeHead(status, {
        'content-range': contentRange(start, end, bytes.length),
        'content-length': end - start,
      })
      .end(bytes.subarray(start, end))
  }
  return behaviour({ req, res, good, number: asked.length })
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
test.after(() => {
  server.closeAllConnections()
  server.close()
})
const url = `http://127.0.0.1:${listeningPort(server)}/sealed`
const serve = (next = goodServer) => {
  behaviour = next
  asked.length = 0
  calls.length = 0
}
const range = async (source, start, end) => {
  const opened = await streams.openRange(source, start, end, { context })
  return streamBytes(opened.readable)
}

const versions = {
  'a strong ETag': { etag: '"v1"' },
  'a weak ETag': { etag: 'W/"v1"' },
  'Last-Modified': { etag: null, modified: 'Tue, 01 Jul 2025 00:00:00 GMT' },
  neither: { etag: null },
}
for (const [name, o] of Object.entries(versions)) {
  test(`ranges behind a URL with ${name} open with one private operation, reading only what they need`, async () => {
    serve(({ good }) => good(o))
    const source = await httpSource(url)
    assert.equal(source.size, sealed.length)
    for (const [start, end] of [
      [0, 10],
      [99_990, 100_010],
      [2_999_999, Infinity],
      [1_500_000, 1_700_000],
      [7, 7],
    ]) {
      serve(({ good }) => good(o))
      assert.deepEqual(await range(source, start, end), content.slice(start, end))
      assert.equal(calls.length, 1)
      assert.isAtMost(asked.length, 4)
      assert.isTrue(
        asked.every((one) => one['if-match'] === (name === 'a strong ETag' ? '"v1"' : undefined)),
      )
      assert.isTrue(
        asked.every(
          ({ range: wanted, method }) => method === 'GET' && /^bytes=\d+-\d+$/.test(wanted),
        ),
      )
    }
    assert.deepEqual(await range(source, 0, Infinity), content)
    assert.deepEqual(
      await streamBytes((await streams.openStream(source, { context })).readable),
      content,
    )
  })
}

test('headers of the caller go with every request, its fetch is used, and other protocols are refused', async () => {
  serve()
  let fetched = 0
  const source = await httpSource(new URL(url), {
    headers: { authorization: 'Bearer x' },
    fetch: (input, init) => {
      fetched++
      return fetch(input, init)
    },
  })
  await source.read(0, 10)
  assert.equal(fetched, 2)
  assert.isTrue(asked.every(({ authorization }) => authorization === 'Bearer x'))
  for (const other of ['file:///etc/passwd', 'data:,x', 'ftp://x/'])
    await fails(assert, () => httpSource(other), 'invalid_argument')
})

test('an empty file behind a URL has no bytes, and reads of nothing ask nothing', async () => {
  serve(({ good }) => good({ bytes: new Uint8Array() }))
  const source = await httpSource(url)
  assert.equal(source.size, 0)
  serve()
  assert.equal((await source.read(0, 0)).length, 0)
  assert.equal(asked.length, 0)
})

/** Answers 206 with this Content-Range. */
const partOf =
  (said) =>
  ({ res }) =>
    res.writeHead(206, said && { 'content-range': said }).end('x')
/** Answers a status, and nothing else but headers. */
const bare =
  (status, headers = {}) =>
  ({ res }) =>
    res.writeHead(status, headers).end()
/** @type {Record<string, [retryable: boolean, answer: Behaviour]>} */
const atFirst = {
  'a server without Range support': [
    false,
    ({ res }) => res.writeHead(200, { 'content-length': sealed.length }).end(sealed),
  ],
  'a missing file': [false, bare(404)],
  'a redirect': [false, bare(302, { location: '/other' })],
  'a server that is down': [true, ({ res }) => res.writeHead(503).end('busy')],
  'a server that wants less': [true, bare(429)],
  'an answer without its size': [false, partOf('bytes 0-0/*')],
  'an answer without Content-Range': [false, partOf(undefined)],
  'an answer to another range': [false, partOf(`bytes 5-5/${sealed.length}`)],
  'a connection that is cut': [true, ({ res }) => res.destroy()],
}
for (const [name, [retryable, answer]] of Object.entries(atFirst)) {
  test(`${name} at first is source_failed, ${retryable ? 'to be tried again' : 'for good'}`, async () => {
    serve(answer)
    const error = await fails(assert, () => httpSource(url), 'source_failed')
    assert.equal(error.retryable, retryable)
    assert.isFalse(
      asked.some(({ url: path }) => path === '/other'),
      'a redirect is not followed',
    )
  })
}

test('a server that nobody answers for is source_failed, to be tried again', async () => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const free = listeningPort(probe)
  probe.close()
  await once(probe, 'close')
  assert.isTrue(
    (await fails(assert, () => httpSource(`http://127.0.0.1:${free}/`), 'source_failed')).retryable,
  )
})

const other = pattern(sealed.length, 9)
const july = { etag: null, modified: 'Tue, 01 Jul 2025 00:00:00 GMT' }
const longer = new Uint8Array(sealed.length + 1)
longer.set(sealed)

/**
 * Answers a range, as a server that knows no If-Match.
 *
 * @param {object} o
 * @param {Uint8Array} [o.bytes] of the file
 * @param {string} [o.etag]
 * @param {number} [o.more] how many bytes more come than were asked for
 * @param {number} [o.said] how many more Content-Range says
 * @returns {Behaviour}
 */
const answering =
  ({ bytes = sealed, etag, more = 0, said = 0 }) =>
  ({ req, res }) => {
    const [start, end] = rangeOf(req)
    const headers = { 'content-range': contentRange(start, end + said), ...(etag && { etag }) }
    res.writeHead(206, headers).end(bytes.subarray(start, end + more))
  }
/** Answers the first two bytes of a range, and cuts the connection. @type {Behaviour} */
const cutWithin = ({ req, res }) => {
  const [start, end] = rangeOf(req)
  res.writeHead(206, {
    etag: '"v1"',
    'content-range': contentRange(start, end),
    'content-length': end - start,
  })
  res.write(sealed.subarray(0, 2))
  setImmediate(() => res.destroy())
}
/** Answers as a good server of another file. */
const serving =
  (o) =>
  ({ good }) =>
    good(o)

/**
 * The code, what the server does at first, and then.
 *
 * @type {Record<string, [code: string, first: Parameters<Exchange['good']>[0], then: Behaviour]>}
 */
const later = {
  'another ETag, and 412': ['source_changed', {}, serving({ bytes: other, etag: '"v2"' })],
  'another ETag of a server without If-Match': [
    'source_changed',
    {},
    answering({ bytes: other, etag: '"v2"' }),
  ],
  'another weak ETag': [
    'source_changed',
    { etag: 'W/"v1"' },
    serving({ bytes: other, etag: 'W/"v2"' }),
  ],
  'another Last-Modified': [
    'source_changed',
    july,
    serving({ etag: null, modified: 'Wed, 02 Jul 2025 00:00:00 GMT' }),
  ],
  'another size': ['source_changed', { etag: null }, serving({ bytes: longer, etag: null })],
  'a shorter file': [
    'source_changed',
    { etag: null },
    serving({ bytes: sealed.subarray(0, 5), etag: null }),
  ],
  'no version any more': ['source_changed', {}, answering({})],
  'the whole file instead of the range': [
    'source_failed',
    {},
    ({ res }) => res.writeHead(200, { etag: '"v1"' }).end(sealed),
  ],
  503: ['source_failed', {}, bare(503)],
  429: ['source_failed', {}, bare(429)],
  404: ['source_failed', {}, bare(404)],
  'a redirect': ['source_failed', {}, bare(307, { location: '/other' })],
  'fewer bytes than promised': ['source_failed', {}, answering({ etag: '"v1"', more: -1 })],
  'more bytes than asked': ['source_failed', {}, answering({ etag: '"v1"', more: 1 })],
  'a connection cut within the answer': ['source_failed', {}, cutWithin],
  'a shorter range than asked': [
    'source_failed',
    {},
    answering({ etag: '"v1"', more: -1, said: -1 }),
  ],
}
const lasting = ['404', 'the whole file instead of the range', 'a redirect']
for (const [name, [code, first, then]] of Object.entries(later)) {
  test(`${name} when the source is read is ${code}, and the source reads again when the server does`, async () => {
    serve(({ good }) => good(first))
    const source = await httpSource(url)
    serve(then)
    const error = await fails(assert, () => source.read(10, 1_000), code)
    assert.equal(error.retryable, code === 'source_failed' && !lasting.includes(name), 'retryable')
    await fails(assert, () => range(source, 5, 10), code)
    assert.isFalse(asked.some(({ url: path }) => path === '/other'))
    serve(({ good }) => good(first))
    assert.deepEqual(await source.read(10, 1_000), sealed.slice(10, 1_000))
  })
}

test('a file that is replaced in the middle of a range fails there, and nothing of another file is handed out', async () => {
  serve()
  const source = await httpSource(url)
  const opened = await streams.openRange(source, 0, Infinity, { context })
  const reader = opened.readable.getReader()
  const first = await reader.read()
  serve(({ good }) => good({ bytes: other, etag: '"v2"' }))
  let at = present(first.value).length
  const rest = async () => {
    for (let step; !(step = await reader.read()).done;) {
      assert.deepEqual(step.value, content.slice(at, at + step.value.length))
      at += step.value.length
    }
  }
  await fails(assert, rest, 'source_changed')
  assert.isBelow(at, content.length)
})

test('an abort ends a request that hangs, at first and later, with its reason', async () => {
  const abort = new AbortController()
  serve(({ res }) => {
    setImmediate(() => abort.abort('enough'))
    return res
  })
  assert.equal(await httpSource(url, { signal: abort.signal }).catch((reason) => reason), 'enough')
  serve()
  const source = await httpSource(url)
  /** @type {Behaviour[]} */
  const hanging = [
    () => {},
    ({ res }) => {
      res.writeHead(206, { etag: '"v1"', 'content-range': `bytes 10-999/${sealed.length}` })
      res.write('x')
    },
  ]
  for (const answer of hanging) {
    const again = new AbortController()
    serve((o) => {
      answer(o)
      setTimeout(() => again.abort('enough'), 20)
    })
    assert.equal(
      await source.read(10, 1_000, { signal: again.signal }).catch((reason) => reason),
      'enough',
    )
  }
  serve()
  assert.equal(
    await source.read(10, 1_000, { signal: AbortSignal.abort('before') }).catch((reason) => reason),
    'before',
  )
})
