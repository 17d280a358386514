// The key-set endpoint under node:http and Hono, with documents of its own; the Worker is tested
// with the demo.
import { once } from 'node:events'
import test from 'node:test'
import { serve } from '@hono/node-server'
import { assert } from 'chai'
import { Hono } from 'hono'
import { fetchKeySet, overHttps, seal } from 'sealdrop'
import { keySetHandler } from 'sealdrop/serve'
import { fails, keySetOf, publicJwk } from '../support/host.js'
import { listen } from '../support/listen.mjs'
import { listeningPort, wrong } from '../support/types.mjs'

const jwks = keySetOf(publicJwk('P-256-enc'))
const prepared = (o = {}) => ({
  documents: async () => ({ jwks, etag: '"v1"', expires: new Date(Date.now() + 3_600_000), ...o }),
})
const ask = (handler, o = {}) => handler(new Request('https://keys.example/any/path', o))

test('GET answers the set with its type, ETag, cache time and CORS for everybody', async () => {
  const response = await ask(keySetHandler(prepared()))
  assert.equal(response.status, 200)
  assert.equal(await response.text(), jwks)
  const { headers } = response
  assert.deepEqual(
    [
      'content-type',
      'etag',
      'cache-control',
      'access-control-allow-origin',
      'vary',
      'x-content-type-options',
    ].map((name) => headers.get(name)),
    ['application/jwk-set+json', '"v1"', 'public, max-age=300', '*', 'Accept', 'nosniff'],
  )
})

test('HEAD answers the same headers and no body', async () => {
  const [get, head] = await Promise.all(
    ['GET', 'HEAD'].map((method) => ask(keySetHandler(prepared()), { method })),
  )
  assert.deepEqual([...head.headers], [...get.headers])
  assert.equal(await head.text(), '')
})

test('If-None-Match with this ETag, a weak one, a list or * is 304 without a body', async () => {
  for (const tag of ['"v1"', 'W/"v1"', '"v0", "v1"', '*']) {
    const response = await ask(keySetHandler(prepared()), { headers: { 'if-none-match': tag } })
    assert.equal(response.status, 304, tag)
    assert.equal(await response.text(), '')
    assert.equal(response.headers.get('etag'), '"v1"')
  }
  for (const tag of ['"v2"', 'v1', ''])
    assert.equal(
      (await ask(keySetHandler(prepared()), { headers: { 'if-none-match': tag } })).status,
      200,
      tag,
    )
})

test('OPTIONS answers the preflight, other methods are 405', async () => {
  const options = await ask(keySetHandler(prepared()), { method: 'OPTIONS' })
  assert.equal(options.status, 204)
  assert.equal(options.headers.get('access-control-allow-methods'), 'GET, HEAD, OPTIONS')
  const allowed = options.headers.get('access-control-allow-headers')?.split(', ')
  assert.includeMembers(allowed ?? [], ['authorization', '*'])
  for (const method of ['POST', 'PUT', 'DELETE']) {
    const refused = await ask(keySetHandler(prepared()), { method })
    assert.equal(refused.status, 405)
    assert.equal(refused.headers.get('allow'), 'GET, HEAD, OPTIONS')
  }
})

test('named origins are told apart, others get no CORS header', async () => {
  const handler = keySetHandler(prepared(), { origins: ['https://shop.example'] })
  const good = await ask(handler, { headers: { origin: 'https://shop.example' } })
  assert.equal(good.headers.get('access-control-allow-origin'), 'https://shop.example')
  assert.equal(good.headers.get('vary'), 'Accept, Origin')
  for (const headers of [{ origin: 'https://evil.example' }, {}]) {
    const other = await ask(handler, { headers })
    assert.isNull(other.headers.get('access-control-allow-origin'))
    assert.equal(other.headers.get('vary'), 'Accept, Origin')
  }
})

test('caches keep an answer no longer than the documents live, and expired or absent documents are 503', async () => {
  assert.equal(
    (
      await ask(keySetHandler(prepared({ expires: new Date(Date.now() + 60_500).toISOString() })))
    ).headers.get('cache-control'),
    'public, max-age=60',
    'a KV store gives the date as text',
  )
  const short = await ask(keySetHandler(prepared({ expires: new Date(Date.now() + 10_500) })))
  assert.equal(short.headers.get('cache-control'), 'public, max-age=10')
  assert.equal(
    (await ask(keySetHandler(prepared(), { maxAge: 60_000 }))).headers.get('cache-control'),
    'public, max-age=60',
  )
  for (const source of [
    prepared({ expires: new Date(Date.now() - 1) }),
    {
      documents: async () => {
        throw new Error('secret reason')
      },
    },
    {
      documents: () => {
        throw new Error('at once')
      },
    },
    prepared({ etag: undefined }),
    prepared({ etag: 'no quotes' }),
    prepared({ etag: '"\n"' }),
    prepared({ jwks: undefined }),
    prepared({ expires: 'never' }),
  ]) {
    const response = await ask(keySetHandler(source))
    assert.equal(response.status, 503)
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.equal(await response.text(), '')
  }
})

test('the signed set goes to whoever asks for it by name, under an ETag of its own', async () => {
  const handler = keySetHandler(prepared({ jws: 'a.b.c' }))
  const signed = await ask(handler, { headers: { accept: 'application/jwk-set+jwt' } })
  assert.equal(await signed.text(), 'a.b.c')
  assert.equal(signed.headers.get('content-type'), 'application/jwk-set+jwt')
  assert.equal(signed.headers.get('etag'), '"v1-jwt"')
  for (const accept of ['*/*', 'application/jwk-set+json', 'application/jwk-set+jwt;q=0'])
    assert.equal(await (await ask(handler, { headers: { accept } })).text(), jwks)
  assert.equal(
    await (
      await ask(keySetHandler(prepared()), { headers: { accept: 'application/jwk-set+jwt' } })
    ).text(),
    jwks,
  )
})

test('options that cannot work are refused', async () => {
  await fails(assert, () => keySetHandler(wrong({})), 'invalid_argument', /source/)
  await fails(assert, () => keySetHandler(prepared(), { maxAge: -1 }), 'invalid_argument', /maxAge/)
})

test('under node:http a set is fetched and sealed to', async (t) => {
  const site = await listen(keySetHandler(prepared()))
  t.after(site.close)
  assert.match(
    await seal(fetchKeySet(site.url, { trust: overHttps() }), 'x', { context: {} }),
    /^ey/,
  )
  const response = await fetch(site.url, { headers: { 'if-none-match': '"v1"' } })
  assert.equal(response.status, 304)
})

test('under Hono a set is fetched and sealed to', async (t) => {
  const app = new Hono()
  const handler = keySetHandler(prepared())
  app.all('/.well-known/jwks.json', (c) => handler(c.req.raw))
  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 })
  t.after(async () => {
    server.close()
    await once(server, 'close')
  })
  if (!server.listening) await once(server, 'listening')
  const port = listeningPort(/** @type {import('node:http').Server} */ (server))
  const url = `http://127.0.0.1:${port}/.well-known/jwks.json`
  assert.match(await seal(fetchKeySet(url, { trust: overHttps() }), 'x', { context: {} }), /^ey/)
  assert.equal((await fetch(url, { method: 'OPTIONS' })).status, 204)
})
