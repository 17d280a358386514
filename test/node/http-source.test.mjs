// A sealed file behind a URL: httpSource against real HTTP servers, good and bad ones.
import test from 'node:test'
import { createServer } from 'node:http'
import { assert } from 'chai'
import * as jose from 'jose'
import { importKeySet, inHand, sealStream } from 'sealdrop'
import { httpSource } from 'sealdrop/kms'
import { fails, keySetOf, publicJwk } from '../support/host.js'
import * as rooms from '../support/rooms.js'
import { arnOf, openerOver } from '../support/seal-with-jose.js'
import { pattern, streamBytes } from '../support/sealed-files.js'

const context = { form: 'claim' }
const content = pattern(3_000_000)
const keys = importKeySet(keySetOf(publicJwk('P-256-enc')), { trust: inHand() })
const sealed = await streamBytes(
  (await sealStream(keys, content, { context, frameLength: 100_000 })).readable,
)
const { streams, calls } = await openerOver({ rooms, jose }, { [arnOf('P-256-enc')]: 'P-256-enc' })

/**
 * What the server does; each test gives its own. The default is a good server with a strong ETag.
 */
let behaviour
const asked = []
const server = createServer((req, res) => {
  asked.push({ method: req.method, url: req.url, ...req.headers })
  const good = ({ bytes = sealed, etag = '"v1"', modified, status = 206 } = {}) => {
    if (etag) res.setHeader('etag', etag)
    if (modified) res.setHeader('last-modified', modified)
    if (req.headers['if-match'] && req.headers['if-match'] !== etag) return res.writeHead(412).end()
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(req.headers.range) ?? []
    const [start, end] = [Number(from), Math.min(Number(to) + 1, bytes.length)]
    if (start >= bytes.length)
      return res.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end()
    res
      .writeHead(status, {
        'content-range': `bytes ${start}-${end - 1}/${bytes.length}`,
        'content-length': end - start,
      })
      .end(bytes.subarray(start, end))
  }
  return (behaviour ?? (({ good }) => good()))({ req, res, good, number: asked.length })
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
test.after(() => {
  server.closeAllConnections()
  server.close()
})
const url = `http://127.0.0.1:${server.address().port}/sealed`
const serve = (next) => {
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
    fetch: (...args) => {
      fetched++
      return fetch(...args)
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

const atFirst = {
  'a server without Range support': [
    false,
    ({ res }) => res.writeHead(200, { 'content-length': sealed.length }).end(sealed),
  ],
  'a missing file': [false, ({ res }) => res.writeHead(404).end()],
  'a redirect': [false, ({ res }) => res.writeHead(302, { location: '/other' }).end()],
  'a server that is down': [true, ({ res }) => res.writeHead(503).end('busy')],
  'a server that wants less': [true, ({ res }) => res.writeHead(429).end()],
  'an answer without its size': [
    false,
    ({ res }) => res.writeHead(206, { 'content-range': 'bytes 0-0/*' }).end('x'),
  ],
  'an answer without Content-Range': [false, ({ res }) => res.writeHead(206).end('x')],
  'an answer to another range': [
    false,
    ({ res }) => res.writeHead(206, { 'content-range': `bytes 5-5/${sealed.length}` }).end('x'),
  ],
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
  const free = await new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
  assert.isTrue(
    (await fails(assert, () => httpSource(`http://127.0.0.1:${free}/`), 'source_failed')).retryable,
  )
})

const other = pattern(sealed.length, 9)
const later = {
  'another ETag, and 412': [
    'source_changed',
    {},
    ({ good }) => good({ bytes: other, etag: '"v2"' }),
  ],
  'another ETag of a server without If-Match': [
    'source_changed',
    {},
    ({ res, req }) => {
      const [, a, b] = /(\d+)-(\d+)/.exec(req.headers.range)
      res
        .writeHead(206, { etag: '"v2"', 'content-range': `bytes ${a}-${b}/${sealed.length}` })
        .end(other.subarray(Number(a), Number(b) + 1))
    },
  ],
  'another weak ETag': [
    'source_changed',
    { etag: 'W/"v1"' },
    ({ good }) => good({ bytes: other, etag: 'W/"v2"' }),
  ],
  'another Last-Modified': [
    'source_changed',
    { etag: null, modified: 'Tue, 01 Jul 2025 00:00:00 GMT' },
    ({ good }) => good({ etag: null, modified: 'Wed, 02 Jul 2025 00:00:00 GMT' }),
  ],
  'another size': [
    'source_changed',
    { etag: null },
    ({ good }) => good({ bytes: joinedWith(sealed), etag: null }),
  ],
  'a shorter file': [
    'source_changed',
    { etag: null },
    ({ good }) => good({ bytes: sealed.subarray(0, 5), etag: null }),
  ],
  'no version any more': [
    'source_changed',
    {},
    ({ res, req }) => {
      const [, a, b] = /(\d+)-(\d+)/.exec(req.headers.range)
      res
        .writeHead(206, { 'content-range': `bytes ${a}-${b}/${sealed.length}` })
        .end(sealed.subarray(Number(a), Number(b) + 1))
    },
  ],
  'the whole file instead of the range': [
    'source_failed',
    {},
    ({ res }) => res.writeHead(200, { etag: '"v1"' }).end(sealed),
  ],
  503: ['source_failed', {}, ({ res }) => res.writeHead(503).end()],
  429: ['source_failed', {}, ({ res }) => res.writeHead(429).end()],
  404: ['source_failed', {}, ({ res }) => res.writeHead(404).end()],
  'a redirect': [
    'source_failed',
    {},
    ({ res }) => res.writeHead(307, { location: '/other' }).end(),
  ],
  'fewer bytes than promised': [
    'source_failed',
    {},
    ({ res, req }) => {
      const [, a, b] = /(\d+)-(\d+)/.exec(req.headers.range)
      res
        .writeHead(206, { etag: '"v1"', 'content-range': `bytes ${a}-${b}/${sealed.length}` })
        .end(sealed.subarray(Number(a), Number(b)))
    },
  ],
  'more bytes than asked': [
    'source_failed',
    {},
    ({ res, req }) => {
      const [, a, b] = /(\d+)-(\d+)/.exec(req.headers.range)
      res
        .writeHead(206, { etag: '"v1"', 'content-range': `bytes ${a}-${b}/${sealed.length}` })
        .end(sealed.subarray(Number(a), Number(b) + 2))
    },
  ],
  'a connection cut within the answer': [
    'source_failed',
    {},
    ({ res, req }) => {
      const [, a, b] = /(\d+)-(\d+)/.exec(req.headers.range)
      res.writeHead(206, {
        etag: '"v1"',
        'content-range': `bytes ${a}-${b}/${sealed.length}`,
        'content-length': Number(b) - Number(a) + 1,
      })
      res.write(sealed.subarray(0, 2))
      setImmediate(() => res.destroy())
    },
  ],
  'a shorter range than asked': [
    'source_failed',
    {},
    ({ res, req }) => {
      const [, a, b] = /(\d+)-(\d+)/.exec(req.headers.range)
      res
        .writeHead(206, { etag: '"v1"', 'content-range': `bytes ${a}-${b - 1}/${sealed.length}` })
        .end(sealed.subarray(Number(a), Number(b)))
    },
  ],
}
const joinedWith = (bytes) => {
  const longer = new Uint8Array(bytes.length + 1)
  longer.set(bytes)
  return longer
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
  let at = first.value.length
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
  for (const answer of [
    () => {},
    ({ res }) => {
      res.writeHead(206, { etag: '"v1"', 'content-range': `bytes 10-999/${sealed.length}` })
      res.write('x')
    },
  ]) {
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
