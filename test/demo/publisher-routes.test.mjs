// What the publisher's page asks of the server: who may ask, what is refused, what stays over a
// restart.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { fetchKeySet, pinned, seal, SealdropError, signedBy } from 'sealdrop'
import { publicJwk } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { createApp } from '../../demo/app.mjs'
import { purposes } from '../../demo/inventory.mjs'
import { startDemo } from '../../demo/server.mjs'
import { pinsOf } from './pins.mjs'

const day = 86_400_000
const type = 'application/vnd.sealdrop.publisher+json'
let demo, dir

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sealdrop-publisher-'))
  demo = await startDemo({ dir: join(dir, 'kms') })
})

after(async () => {
  await demo?.close()
  await rm(dir, { recursive: true })
})

const overview = async ({ url } = demo) => (await fetch(`${url}api/publisher`)).json()
const post = (action, body = '{}', headers = {}, { url } = demo) =>
  fetch(`${url}api/publisher/${action}`, {
    method: 'POST',
    headers: { 'content-type': type, origin: new URL(url).origin, ...headers },
    body,
  })

test('at the first start each purpose has a current and a next key, and its own root signs the set', async () => {
  const { purposes: found, steps, now, shift, root } = await overview()
  assert.deepEqual(
    found.map(({ name, keys }) => [name, ...keys.map(({ state }) => state)]),
    [
      ['values-rsa', 'current', 'next'],
      ['values-ecc', 'current', 'next'],
      ['receipts', 'current', 'next'],
    ],
  )
  assert.deepEqual(
    steps.filter(({ notBefore }) => notBefore <= now),
    [],
    'nothing is due',
  )
  assert.strictEqual(shift, 0)
  const jwk = await publicJwk({ kms: demo.kms.clientConfig, key: root.alias })
  assert.strictEqual(jwk.kid, root.thumbprint)
  const keys = fetchKeySet(`${demo.url}.well-known/jwks.json`, { trust: signedBy([jwk]) })
  assert.deepEqual(
    (await keys.list()).map(({ use }) => use),
    ['enc', 'enc', 'sig', 'sig'],
  )
  for (const { keys: own } of found)
    for (const { lastUse, state } of own)
      assert.ok(state !== 'next' || lastUse === null, 'a next key was never of use')
})

test('only the page itself can change anything: another origin, none, and another type are refused', async () => {
  const cases = [
    ['another origin', { origin: 'https://evil.example' }, 403, 'forbidden'],
    ['another port', { origin: 'http://127.0.0.1:1' }, 403, 'forbidden'],
    ['a sandboxed page', { origin: 'null' }, 403, 'forbidden'],
    ['another site, by Fetch Metadata', { 'sec-fetch-site': 'cross-site' }, 403, 'forbidden'],
    [
      'another port of this host, by Fetch Metadata',
      { 'sec-fetch-site': 'same-site' },
      403,
      'forbidden',
    ],
    ['a form', { 'content-type': 'text/plain' }, 415, 'unsupported_type'],
    ['JSON of a simple script', { 'content-type': 'application/json' }, 415, 'unsupported_type'],
  ]
  for (const [name, headers, status, code] of cases) {
    const answer = await post('clock', '{"by":"day"}', headers)
    assert.deepEqual([name, answer.status, (await answer.json()).code], [name, status, code])
  }
  const without = await fetch(`${demo.url}api/publisher/clock`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: '{"by":"day"}',
  })
  assert.strictEqual(without.status, 403, 'browsers always say where a POST comes from')
  const preflight = await fetch(`${demo.url}api/publisher/rotate`, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://evil.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    },
  })
  assert.strictEqual(preflight.headers.get('access-control-allow-origin'), null)
  assert.strictEqual(
    (await fetch(`${demo.url}api/publisher`)).headers.get('access-control-allow-origin'),
    null,
  )
  assert.strictEqual((await overview()).shift, 0, 'the clock was not moved')
})

test('what is no JSON object, too long, of an unknown key or no action is refused with a reason', async () => {
  const {
    purposes: [
      {
        keys: [current],
      },
    ],
  } = await overview()
  /** @type {[action: string, body: string, status: number, code: string, message: RegExp][]} */
  const cases = [
    ['rotate', '{', 400, 'malformed', /JSON object/],
    ['rotate', '[]', 400, 'malformed', /JSON object/],
    ['rotate', 'null', 400, 'malformed', /JSON object/],
    ['rotate', `{"x":"${'x'.repeat(1024)}"}`, 413, 'too_large', /1024/],
    ['retire', '{}', 400, 'invalid_argument', /thumbprint of a key/],
    [
      'restore',
      JSON.stringify({ key: 'A'.repeat(43) }),
      422,
      'key_not_found',
      /inventory has no key/,
    ],
    ['revoke', '{}', 422, 'key_not_found', /inventory has no key/],
    [
      'revoke',
      JSON.stringify({ key: 'A'.repeat(43) }),
      422,
      'key_not_found',
      /inventory has no key/,
    ],
    [
      'delete',
      JSON.stringify({ key: '__proto__', confirm: '__proto__' }),
      422,
      'key_not_found',
      /inventory has no key/,
    ],
    [
      'retire',
      JSON.stringify({ key: current.thumbprint, disable: true }),
      400,
      'invalid_argument',
      /is current: another one must take its place first/,
    ],
    [
      'delete',
      JSON.stringify({ key: current.thumbprint, confirm: current.thumbprint }),
      400,
      'invalid_argument',
      /retireKey with disable comes first/,
    ],
    [
      'restore',
      JSON.stringify({ key: current.thumbprint }),
      400,
      'invalid_argument',
      /is current, and enabled in KMS/,
    ],
    ['clock', '{"by":"year"}', 400, 'invalid_argument', /expected day or three-months/],
    ['clock', '{"by":"constructor"}', 400, 'invalid_argument', /expected day or three-months/],
    ['overview', '{}', 404, 'not_found', /no such thing/],
    ['constructor', '{}', 404, 'not_found', /no such thing/],
  ]
  for (const [action, body, status, code, message] of cases) {
    const answer = await post(action, body)
    const found = await answer.json()
    assert.deepEqual(
      [action, body.slice(0, 40), answer.status, found.code],
      [action, body.slice(0, 40), status, code],
    )
    assert.match(found.message, message)
  }
})

test('without a movable clock there is nothing that moves it, and no failure of KMS is hidden from the publisher', async () => {
  const keyCare = {
    overview: async () => ({}),
    rotate: async () => {
      throw new SealdropError('kms_denied', 'who calls may not')
    },
  }
  const app = createApp({
    keyCare,
    companion: {
      ...Object.fromEntries(
        ['publisher', 'history'].map((name) => [name, { documents: async () => ({}) }]),
      ),
      renew() {},
      root: async () => ({}),
      pins: async () => [{ thumbprint: 'x', use: 'enc' }],
    },
    clock: undefined,
    uploads: {},
    inbox: {},
    bucketOrigin: 'http://127.0.0.1:1',
    log() {},
  })
  const ask = (action) =>
    app.request(`http://localhost/api/publisher/${action}`, {
      method: 'POST',
      headers: { host: 'localhost', origin: 'http://localhost', 'content-type': type },
      body: '{}',
    })
  assert.strictEqual((await ask('clock')).status, 404)
  const denied = await ask('rotate')
  assert.deepEqual(
    [denied.status, await denied.json()],
    [500, { code: 'kms_denied', message: 'who calls may not', kmsCalls: 0 }],
  )
  assert.match(
    await (await app.request('http://localhost/', { headers: { host: 'localhost' } })).text(),
    /name="demo-clock" content="0"/,
  )
})

test('the clock and the keys stay over a restart, and KMS and the pages go by the clock', async () => {
  const own = join(dir, 'restarted')
  const first = await startDemo({ dir: own })
  await post('clock', '{"by":"three-months"}', {}, first)
  const rotated = await (await post('rotate', '{}', {}, first)).json()
  assert.ok(rotated.outcome.done.some(({ kind }) => kind === 'activate'))
  await first.close()
  const again = await startDemo({ dir: own })
  const { shift, now, purposes: found } = await overview(again)
  assert.strictEqual(shift, 92 * day)
  assert.ok(Math.abs(new Date(now).getTime() - Date.now() - shift) < 60_000)
  assert.deepEqual(found, rotated.overview.purposes)
  assert.ok(
    Math.abs(new Date(found[0].keys[1].made).getTime() - Date.now() - shift) < 60_000,
    'KMS made it then',
  )
  for (const page of ['', 'esm.html', 'publisher.html'])
    assert.match(
      await (await fetch(again.url + page)).text(),
      new RegExp(`name="demo-clock" content="${shift}"`),
      page,
    )
  await again.close()
})

test('a folder from before there was an inventory is gone on with: its keys stay the current ones, and what they sealed opens', async () => {
  const old = join(dir, 'old')
  const kms = await startLocalKms({
    dir: old,
    keys: purposes.map(({ alias, spec, usage }) => ({ alias, spec, usage })),
  })
  const arns = purposes.map(({ alias }) => kms.keys[alias])
  await kms.close()
  for (let start = 1; start <= 2; start++) {
    const found = await startDemo({ dir: old })
    const { purposes: rows } = await overview(found)
    assert.deepEqual(
      rows.map(
        ({
          keys: [
            {
              state,
              arns: [arn],
            },
          ],
        }) => [state, arn],
      ),
      arns.map((arn) => ['current', arn]),
      `start ${start}`,
    )
    const keys = fetchKeySet(`${found.url}.well-known/jwks.json`, {
      trust: pinned(await pinsOf(found)),
    })
    const jwe = await seal(
      keys,
      { name: 'kept' },
      { context: { form: 'insurance-claim', part: 'message' } },
    )
    const answer = await fetch(`${found.url}api/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/jose' },
      body: jwe,
    })
    assert.strictEqual((await answer.json()).key.arn, arns[0])
    await found.close()
  }
})
