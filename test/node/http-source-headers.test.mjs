// Which servers httpSource sends the headers of its caller to.
import test from 'node:test'
import { assert } from 'chai'
import { httpSource } from 'sealdrop/kms'
import { fails } from '../support/host.js'

test('headers are sent over https and to loopback, and over plain http to nobody else', async () => {
  const authorization = 'Bearer secret'
  for (const [where, isSent] of /** @type {const} */ ([
    ['https://files.example.com/x', true],
    ['http://localhost:8080/x', true],
    ['http://127.0.0.1/x', true],
    ['http://127.9.8.7:1/x', true],
    ['http://[::1]/x', true],
    ['http://files.example.com/x', false],
    ['http://localhost.example.com/x', false],
    ['http://127.0.0.1.example.com/x', false],
    ['http://10.0.0.1/x', false],
    ['http://0.0.0.0/x', false],
  ])) {
    /** @type {Headers[]} */
    const sent = []
    /** @param {unknown} _url @param {RequestInit} [init] */
    const fetch = async (_url, init) => {
      const headers = new Headers(init?.headers)
      sent.push(headers)
      const [, first, last] = /(\d+)-(\d+)/.exec(headers.get('range') ?? '') ?? []
      return new Response(new Uint8Array(Number(last) - Number(first) + 1), {
        status: 206,
        headers: { 'content-range': `bytes ${first}-${last}/9`, etag: '"v1"' },
      })
    }
    const source = await httpSource(where, { headers: { authorization, 'x-token': 't' }, fetch })
    assert.equal((await source.read(2, 5)).length, 3)
    assert.equal(sent.length, 2)
    for (const headers of sent) {
      assert.equal(headers.get('authorization'), isSent ? authorization : null, where)
      assert.equal(headers.get('x-token'), isSent ? 't' : null, where)
      assert.match(headers.get('range') ?? '', /^bytes=/)
    }
  }
})

test('a server that says no without the headers is told of with the reason', async () => {
  const fetch = async () => new Response('', { status: 401 })
  const headers = { authorization: 'Bearer secret' }
  const far = 'http://files.example.com/x'
  const error = await fails(assert, httpSource(far, { headers, fetch }), 'source_failed', /https/)
  assert.notInclude(error.message, 'secret')
  for (const rest of [
    httpSource(far, { fetch }),
    httpSource('http://127.0.0.1/x', { headers, fetch }),
  ])
    assert.notMatch((await fails(assert, rest, 'source_failed')).message, /https/)
})
