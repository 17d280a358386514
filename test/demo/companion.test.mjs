// The companion's server without a browser: what it serves, takes, refuses and logs.
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { fetchKeySet, inspect, pinned, seal, verifyReceipt } from 'sealdrop'
import { startDemo } from '../../demo/server.mjs'
import { pinsOf } from './pins.mjs'
import { refusalOf } from './refusal.mjs'

const marker = 'plaintext-marker-5f1c'
const context = { form: 'insurance-claim', part: 'message' }
/** @type {string[]} */
const lines = []
let demo, dir, keys

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sealdrop-companion-'))
  demo = await startDemo({ dir, log: (line) => lines.push(line) })
  keys = fetchKeySet(`${demo.url}.well-known/jwks.json`, { trust: pinned(await pinsOf(demo)) })
})

after(async () => {
  await demo?.close()
  await rm(dir, { recursive: true })
})

const post = (body, headers = { 'content-type': 'application/jose' }) =>
  fetch(`${demo.url}api/messages`, { method: 'POST', headers, body })

/** What a receipt must name. */
const sentOf = ({ messageId = '', digest = '' }) => ({ messageId, digest })

/** A raw request, since fetch normalises paths and forbids Host. */
const raw = (path, headers = {}) =>
  new Promise((done, failed) => {
    const { port } = new URL(demo.url)
    httpRequest({ host: '127.0.0.1', port, path, headers }, (response) => {
      response.resume()
      done(response)
    })
      .on('error', failed)
      .end()
  })

test('a sealed form is opened with one KMS call and answered with a receipt that verifies', async () => {
  const jwe = await seal(keys, { name: marker, deep: { x: [1] } }, { context })
  const answer = await (await post(jwe)).json()
  assert.deepEqual(answer.seen.fields, [
    { name: 'name', value: marker },
    { name: 'deep', value: '{"x":[1]}' },
  ])
  assert.deepEqual(
    [answer.calls, answer.kmsCalls, answer.stage],
    [['kms:Decrypt', 'kms:Sign'], 2, 'opened'],
  )
  const proof = await verifyReceipt(keys, answer.receipt, {
    sent: sentOf(await inspect(jwe)),
  })
  assert.strictEqual(proof.trust, 'pinned')
})

test('what cannot be opened is refused with its code, its status and the number of KMS calls', async () => {
  const jwe = await seal(keys, marker, { context })
  const [header, key, iv, body, tag] = jwe.split('.')
  const flipped = [header, key, iv, (body[0] === 'A' ? 'B' : 'A') + body.slice(1), tag].join('.')
  const cases = [
    ['a flipped bit', flipped, 422, 'rejected', 1],
    ['nothing', '', 400, 'malformed', 0],
    ['no JWE', 'a.b.c.d.e', 400, 'malformed', 0],
    [
      'another form',
      await seal(keys, marker, { context: { form: 'newsletter', part: 'message' } }),
      422,
      'context_mismatch',
      0,
    ],
    [
      'a file as a value',
      await seal(keys, marker, { context: { ...context, part: 'file' } }),
      422,
      'context_mismatch',
      0,
    ],
    [
      'one member more',
      await seal(keys, marker, { context: { ...context, more: '1' } }),
      422,
      'context_mismatch',
      0,
    ],
    ['text where a form belongs', jwe, 400, 'invalid_argument', 1],
    ['too much', 'x'.repeat(1_700_000), 413, 'too_large', 0],
  ]
  for (const [name, sent, status, code, kmsCalls] of cases) {
    const answer = await post(sent)
    const text = await answer.text()
    assert.deepEqual(
      [name, answer.status, JSON.parse(text).code, JSON.parse(text).kmsCalls],
      [name, status, code, kmsCalls],
    )
    assert.ok(!text.includes(marker))
  }
})

test('only application/jose is taken, so that no form and no page of another origin can post', async () => {
  for (const type of ['text/plain', 'application/json', 'application/x-www-form-urlencoded']) {
    assert.strictEqual((await post('x', { 'content-type': type })).status, 415)
  }
  const preflight = await fetch(`${demo.url}api/messages`, {
    method: 'OPTIONS',
    headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
  })
  assert.strictEqual(preflight.headers.get('access-control-allow-origin'), null)
})

test('every answer has the strict headers, and the pages allow no inline script but the import map', async () => {
  for (const path of [
    '',
    'esm.html',
    'page.js',
    'sealdrop.min.js',
    'nothing',
    '.well-known/jwks.json',
  ]) {
    const { headers } = await fetch(demo.url + path)
    const policy = headers.get('content-security-policy') ?? ''
    for (const part of [
      "default-src 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
      "form-action 'none'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ])
      assert.ok(policy.includes(part), `${path}: ${part}`)
    assert.match(
      policy,
      path === 'esm.html'
        ? /script-src 'self' 'sha256-[\w+/]{43}='(;|$)/
        : /script-src 'self'(;|$)/,
    )
    // the page that sends files may reach their bucket, and no other page may reach anything
    const connects = path === '' ? `connect-src 'self' ${demo.s3.origin};` : `connect-src 'self';`
    assert.ok(policy.includes(connects), policy)
    assert.ok(!/unsafe|https?:|\*/.test(policy.replace(demo.s3.origin, '')), policy)
    assert.strictEqual(headers.get('x-content-type-options'), 'nosniff')
    assert.strictEqual(headers.get('referrer-policy'), 'no-referrer')
    assert.strictEqual(headers.get('cross-origin-opener-policy'), 'same-origin')
  }
  assert.strictEqual(
    (await fetch(`${demo.url}.well-known/jwks.json`)).headers.get('access-control-allow-origin'),
    '*',
    'the key set is for every origin',
  )
})

test('the library comes with the hash that the page names', async () => {
  for (const [path, file] of [
    ['', 'sealdrop-uploads.js'],
    ['receipt.html', 'sealdrop.min.js'],
    ['esm.html', 'sealdrop.min.mjs'],
  ]) {
    const html = await (await fetch(demo.url + path)).text()
    const bytes = new Uint8Array(await (await fetch(demo.url + file)).arrayBuffer())
    assert.ok(html.includes(`sha384-${createHash('sha384').update(bytes).digest('base64')}`), file)
    assert.ok(!html.includes('{{'))
  }
})

test('nothing but the fixed list of files is served, and only under a name of loopback', async () => {
  for (const path of [
    '/package.json',
    '/../package.json',
    '/..%2fpackage.json',
    '/%2e%2e/%2e%2e/package.json',
    '/dist/doors/index.js',
    '/.demo/kms',
    '//etc/passwd',
    '/__proto__',
    '/constructor',
  ]) {
    assert.strictEqual((await raw(path)).statusCode, 404, path)
  }
  for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:80'])
    assert.strictEqual((await raw('/', { host })).statusCode, 421, host)
  assert.strictEqual((await raw('/', { host: 'localhost:8080' })).statusCode, 200)
})

test('a request is one line in the log, without content and without a way to forge lines', async () => {
  await fetch(`${demo.url}a%0Aforged%20line?${marker}`)
  assert.ok(lines.length > 20)
  assert.ok(
    lines.some((line) => /^POST \/api\/messages 200 \d+ ms \(opened, 2 KMS calls\)$/.test(line)),
  )
  assert.ok(lines.some((line) => /^POST \/api\/messages 422 \d+ ms \(rejected\)$/.test(line)))
  for (const line of lines) assert.ok(!line.includes(marker) && !/[\r\n]/.test(line), line)
})

test('keys are made once and kept; a taken port gives way to a free one; a folder serves one demo at a time', async () => {
  assert.strictEqual((await refusalOf(startDemo({ dir }))).code, 'conflict')
  const pins = await pinsOf(demo)
  const own = await mkdtemp(join(tmpdir(), 'sealdrop-companion-'))
  const other = await startDemo({ dir: own, port: demo.port })
  assert.notStrictEqual(other.port, demo.port)
  const first = await pinsOf(other)
  await other.close()
  const again = await startDemo({ dir: own })
  assert.deepEqual(await pinsOf(again), first)
  assert.notDeepEqual(first, pins)
  await again.close()
  await rm(own, { recursive: true })
})
