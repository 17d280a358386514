// The listener for node:http: no request ends its server, whatever its line, its Host or its method
// is. It answers what the handler answers.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { connect } from 'node:net'
import test from 'node:test'
import { assert } from 'chai'
import { fetchKeySet, overHttps, seal } from 'sealdrop'
import { keySetHandler, keySetListener } from 'sealdrop/serve'
import { documentAt } from '../support/documents.mjs'
import { fails, keySetOf, publicJwk } from '../support/host.js'
import { portOf } from '../support/listen.mjs'
import { wrong } from '../support/types.mjs'

const jwks = keySetOf(publicJwk('P-256-enc', { kid: 'ü' }))
const prepared = (o = {}) => ({
  documents: async () => ({
    jwks,
    jws: 'a.b.c',
    etag: '"v1"',
    expires: new Date(Date.now() + 3_600_000).toJSON(), // as JSON keeps it
    ...o,
  }),
})

/** @param {import('node:test').TestContext} t @returns its port */
async function serving(t, source = prepared(), o = {}) {
  const server = createServer(keySetListener(source, o))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return portOf(server)
}

/** Sends text as it is. @returns {Promise<string>} what came until the connection ended */
const sent = (port, request) =>
  new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(request))
    socket.setTimeout(2_000, () => socket.destroy())
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(answer))
  })
const statusOf = (answer) => answer.split('\r\n')[0].split(' ')[1] ?? 'none'
const ends = 'Connection: close\r\n\r\n'
const asking = (line, host = 'localhost') => `${line} HTTP/1.1\r\nHost: ${host}\r\n${ends}`

/** What is sent, and what comes; node:http itself answers 400, and hangs up at CONNECT. */
const requests = /** @type {const} */ ([
  ['GET //', asking('GET //'), '200'],
  ['GET ///', asking('GET ///'), '200'],
  ['GET //[', asking('GET //['), '200'],
  ['GET http://[', asking('GET http://['), '200'],
  ['GET /%', asking('GET /%ff%'), '200'],
  ['GET *', asking('GET *'), '200'],
  ['a Host that is none', asking('GET /', '[ /\\'), '200'],
  ['an empty Host', asking('GET /', ''), '200'],
  ['two Hosts', `GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n${ends}`, '200'],
  ['TRACE', asking('TRACE /'), '405'],
  ['TRACE //', asking('TRACE //'), '405'],
  ['PROPFIND', asking('PROPFIND /'), '405'],
  ['CONNECT', asking('CONNECT a:1'), 'none'],
  ['OPTIONS *', asking('OPTIONS *'), '204'],
  ['HEAD', asking('HEAD //'), '200'],
  ['a method that is none', asking('NOTHING /'), '400'],
  ['no Host', `GET / HTTP/1.1\r\n${ends}`, '400'],
  ['HTTP/1.0', 'GET // HTTP/1.0\r\n\r\n', '200'],
  ['a body', `POST // HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n${ends}abc`, '405'],
  ['half a body', `POST // HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n${ends}abc`, '405'],
  ['an upgrade', asking('GET //').replace('close', 'upgrade\r\nUpgrade: x\r\nX: close'), '200'],
  ['a strange Origin', `GET / HTTP/1.1\r\nHost: a\r\nOrigin: \x80\xff\r\n${ends}`, '200'],
])

for (const [what, request, status] of requests)
  test(`${what} is answered by ${status}, and the server goes on`, async (t) => {
    const port = await serving(t, prepared(), { origins: ['https://shop.example'] })
    assert.equal(statusOf(await sent(port, request)), status)
    assert.equal(statusOf(await sent(port, asking('GET /'))), '200')
  })

test('who hangs up before the answer ends nothing', async (t) => {
  let give = () => {}
  const waits = new Promise((resolve) => {
    give = () => resolve(undefined)
  })
  const { documents } = prepared()
  let asked = 0
  const port = await serving(t, {
    documents: async () => {
      if (++asked === 1) await waits
      return documents()
    },
  })
  const socket = connect(port, '127.0.0.1', () => socket.write(asking('GET /')))
  while (asked === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  socket.resetAndDestroy()
  await once(socket, 'close')
  give()
  assert.equal(statusOf(await sent(port, asking('GET /'))), '200')
})

test('it answers as the handler does: status, headers and body', async (t) => {
  const origins = ['https://shop.example']
  const [origin] = origins
  /** @type {RequestInit[]} */
  const asks = [
    {},
    { method: 'HEAD' },
    { method: 'OPTIONS' },
    { method: 'DELETE' },
    { headers: { accept: 'application/jwk-set+jwt' } },
    { headers: { 'if-none-match': '"v1"' } },
    { headers: { origin } },
    { headers: { origin: 'https://evil.example' } },
  ]
  for (const source of [
    prepared(),
    prepared({ expires: 'never' }),
    wrong({ documents: () => null }),
  ])
    for (const o of [{}, { origins, maxAge: 60_000 }]) {
      const port = await serving(t, source, o)
      const handler = keySetHandler(source, o)
      for (const ask of asks) {
        const [found, expected] = await Promise.all([
          fetch(`http://127.0.0.1:${port}/`, ask),
          handler(new Request('https://keys.example/', ask)),
        ])
        assert.equal(found.status, expected.status)
        const headers = Object.fromEntries(found.headers)
        for (const [name, value] of expected.headers) assert.equal(headers[name], value, name)
        assert.equal(await found.text(), await expected.text())
        if (expected.status === 200 && ask.method !== 'HEAD')
          assert.equal(
            headers['content-length'],
            String(headers.etag.includes('jwt') ? 5 : Buffer.byteLength(jwks)),
          )
      }
    }
})

test('a set is fetched over it and sealed to, also over HTTP/2', async (t) => {
  const url = `http://127.0.0.1:${await serving(t)}//`
  assert.match(await seal(fetchKeySet(url, { trust: overHttps() }), 'x', { context: {} }), /^ey/)
  const server = createHttp2Server(keySetListener(prepared()))
  const session = connectHttp2(`http://127.0.0.1:${await portOf(server)}`)
  t.after(() => {
    session.close()
    server.close()
  })
  const stream = session.request({ ':path': '//', accept: 'application/jwk-set+jwt' })
  const [headers] = await once(stream, 'response')
  assert.equal(headers[':status'], 200)
  assert.equal((await stream.toArray()).join(''), 'a.b.c')
})

test('what fails in it is answered by 500, and is never thrown', async () => {
  const listener = keySetListener(prepared())
  const answered = async (request, o = {}) => {
    const calls = []
    await new Promise((resolve) => {
      listener(request, {
        headersSent: false,
        writeHead: (status) => void calls.push(status),
        end: () => resolve(calls.push('end')),
        ...o,
      })
    })
    return calls
  }
  assert.deepEqual(await answered({ headers: {} }), [200, 'end'])
  assert.deepEqual(await answered({ method: 'TRACE', headers: {} }), [405, 'end'])
  for (const request of [wrong(undefined), wrong({}), wrong({ headers: null })])
    assert.deepEqual(await answered(request), [500, 'end'])
  let tried = 0
  const throwing = () => {
    tried++
    throw new Error('ERR_HTTP_HEADERS_SENT')
  }
  listener({ headers: {} }, { headersSent: false, writeHead: throwing, end: throwing })
  while (tried < 2) await new Promise((resolve) => setImmediate(resolve))
})

test('options that cannot work are refused as the handler refuses them', async () => {
  await fails(assert, () => keySetListener(wrong({})), 'invalid_argument', /source/)
  await fails(
    assert,
    () => keySetListener(prepared(), { maxAge: -1 }),
    'invalid_argument',
    /maxAge/,
  )
})

test('origins that are no list of texts are refused by both', () => {
  for (const origins of ['https://app.example.com', 5, {}, [5]])
    for (const make of [keySetHandler, keySetListener])
      assert.throws(
        () => make(prepared(), { origins: wrong(origins) }),
        /^origins: expected an array/,
      )
})

test('an answer that somebody else has begun is left to them', async (t) => {
  const listener = keySetListener(prepared())
  const server = createServer((request, response) => {
    response.writeHead(200, { connection: 'close' })
    response.write('first ')
    listener(request, response)
    setTimeout(() => response.end('second'), 50)
  })
  t.after(() => server.close())
  assert.match(await sent(await portOf(server), asking('GET /')), /first [\s\S]*second/)
})

test('no document hands out a listener of its own: each uses this one', () => {
  const paths = ['README.md', 'docs/guides/first-value.md', 'docs/runbook.md']
  for (const path of paths) {
    const servers = documentAt(path).code.filter((block) => block.includes('createServer('))
    assert.lengthOf(servers, 1, path)
    for (const block of servers) {
      assert.match(block, /keySetListener\(publisher\)/)
      assert.notMatch(block, /createServer\((async )?(\(|function)|new Request\(/)
    }
  }
})
