// What no other test noticed when a line was changed: a file behind a URL, and points of curves.
import test from 'node:test'
import { assert } from 'chai'
import { httpSource } from 'sealdrop/kms'
import { decompressPoint } from '#dist/kms/open/decompress-point.js'
import { fails, publicJwk } from '../support/host.js'
import { decompress } from '../support/seal-with-jose.js'
import { pattern, settle } from '../support/sealed-files.js'
import { present } from '../support/types.mjs'

/** @import { HttpSourceOptions } from 'sealdrop/kms' */

/**
 * A source whose server is a function of the range; `left` counts the bodies that were cancelled.
 */
function servedBy(answer) {
  /** @type {{ left: number, asked: Record<string, any>[] }} */
  const seen = { left: 0, asked: [] }
  const bodyOf = (bytes, rest = 200) =>
    new ReadableStream(
      {
        pull(controller) {
          if (rest-- > 0) controller.enqueue(bytes)
          else controller.close()
        },
        cancel() {
          seen.left++
        },
      },
      { highWaterMark: 0 },
    )
  const fetch = async (_url, init) => {
    const { headers } = init
    seen.asked.push(init)
    const [, start, end] = present(/^bytes=(\d+)-(\d+)$/.exec(headers.range)).map(Number)
    const {
      status = 206,
      bytes = pattern(1_000).subarray(start, end + 1),
      body = bodyOf(bytes),
      ...found
    } = answer({ start, end, first: seen.asked.length === 1 })
    return new Response(body, {
      status,
      headers: { etag: '"v1"', 'content-range': `bytes ${start}-${end}/1000`, ...found },
    })
  }
  /** @param {HttpSourceOptions} o */
  const openSource = (o = {}) => httpSource('https://files.example/sealed', { fetch, ...o })
  return { seen, openSource }
}

test('no answer that is not wanted is left running', async () => {
  /** @type {[string, () => object][]} */
  const rows = [
    ['source_failed', () => ({ status: 200 })],
    ['source_failed', () => ({ status: 503 })],
    ['source_changed', () => ({ status: 412 })],
    ['source_changed', () => ({ etag: '"v2"' })],
    ['source_failed', () => ({ 'content-range': 'bytes 5-9/1000' })],
    ['source_changed', () => ({ 'content-range': 'bytes 10-99/1001' })],
    ['source_failed', () => ({})], // it gives more and more
  ]
  for (const [code, then] of rows) {
    const { seen, openSource } = servedBy((o) => (o.first ? {} : then()))
    const source = await openSource()
    assert.equal(seen.left, 1, 'the first answer says enough by its head')
    const error = await fails(assert, () => source.read(10, 100), code)
    assert.equal(
      error.retryable,
      code === 'source_failed' && !/status 200/.test(error.message),
      error.message,
    )
    await settle()
    assert.equal(seen.left, 2, error.message)
  }
  const other = await servedBy((o) =>
    o.first ? {} : { body: pattern(90), 'content-range': 'bytes 5-94/1000' },
  ).openSource()
  await fails(assert, () => other.read(10, 100), 'source_failed', /with others/)
  const { seen, openSource } = servedBy(() => ({ status: 404 }))
  await fails(assert, openSource, 'source_failed')
  assert.equal(seen.left, 1)
})

test('what a server calls not satisfiable is an empty file only when it says so', async () => {
  /** @type {[string, number | undefined][]} */
  const rows = [
    ['bytes */0', 0],
    ['bytes */1000', undefined],
    ['bytes */', undefined],
    ['bytes */99999999999999999999', undefined],
  ]
  for (const [range, size] of rows) {
    const { openSource } = servedBy(() => ({ status: 416, body: null, 'content-range': range }))
    if (size === undefined) await fails(assert, openSource, 'source_failed')
    else assert.equal((await openSource()).size, size)
  }
  const { openSource } = servedBy(() => ({
    body: 'x',
    'content-range': 'bytes 0-0/99999999999999999999',
  }))
  await fails(assert, openSource, 'source_failed')
})

test("every request asks for the bytes as they are, for its version and for its range, whatever the caller's headers say", async () => {
  const { seen, openSource } = servedBy(({ start, end }) => ({
    body: pattern(1_000).slice(start, end + 1),
  }))
  const source = await openSource({
    headers: {
      authorization: 'Bearer x',
      range: 'bytes=0-999',
      'accept-encoding': 'gzip',
      'if-match': '"v0"',
    },
  })
  assert.deepEqual(await source.read(10, 20), pattern(20).slice(10))
  assert.equal(await source.version?.(), '"v1"')
  assert.deepEqual(
    seen.asked.map(({ headers, redirect }) => [
      headers.range,
      headers['accept-encoding'],
      redirect,
    ]),
    [
      ['bytes=0-0', 'identity', 'manual'],
      ['bytes=10-19', 'identity', 'manual'],
    ],
  )
  assert.equal(seen.asked[1].headers['if-match'], '"v1"')
})

test('points of every curve are decompressed as another library does, and no others', () => {
  const curves = /** @type {const} */ ([
    ['P-256', 'P-256-enc', 32],
    ['P-384', 'P-384-enc', 48],
    ['P-521', 'P-521-enc', 66],
  ])
  for (const [crv, name, coordinate] of curves) {
    const { x, y } = publicJwk(name)
    const [xs, ys] = [x, y].map((text) => Buffer.from(present(text), 'base64url'))
    for (const parity of [0, 1]) {
      const point = Buffer.concat([Buffer.from([2 + parity]), xs])
      const found = new Uint8Array(decompressPoint(crv, point))
      assert.deepEqual(found, decompress(crv, point))
      assert.equal(found.length, 1 + 2 * coordinate)
      if (parity === (present(ys.at(-1)) & 1))
        assert.isTrue(Buffer.from(found.subarray(1 + coordinate)).equals(ys))
    }
    for (const bad of [
      new Uint8Array([2, ...Array(coordinate).fill(255)]),
      new Uint8Array(coordinate + 1),
      new Uint8Array(5),
    ])
      assert.throws(() => decompressPoint(crv, bad))
  }
})
