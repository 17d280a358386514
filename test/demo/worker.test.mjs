// The demo's Workers, bundled as a user would and run in workerd.
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { assert } from 'chai'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import { Miniflare } from 'miniflare'
import { rollup } from 'rollup'
import { createOpener, createPublisher } from 'sealdrop/kms'
import { startDemo } from '../../demo/server.mjs'
import { listeningPort, present } from '../support/types.mjs'

const fields = ['person.name', 'person.iban', 'items.*.note']
const folder = new URL('../../demo/worker/', import.meta.url)
const running = []
let demo, opener, dir, pins, sealScript, keySetScript, compatibilityDate

async function bundle(name) {
  const warnings = []
  const made = await rollup({
    input: fileURLToPath(new URL(name, folder)),
    plugins: [nodeResolve({ browser: true })],
    onwarn: ({ message }) => warnings.push(message),
  })
  const {
    output: [{ code }],
  } = await made.generate({ format: 'es' })
  assert.deepEqual(warnings, [], 'everything resolves without Node')
  return code
}

async function worker(script, options) {
  const miniflare = new Miniflare({ modules: true, script, compatibilityDate, ...options })
  running.push(miniflare)
  await miniflare.ready
  return miniflare
}

const post = (miniflare, body) =>
  miniflare.dispatchFetch('http://worker.example/', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
const order = (n) => ({
  id: n,
  person: { name: `Secret Person ${n}`, iban: `DE00 5012 ${n}`, country: 'DE' },
  items: [
    { article: 7, note: `leave it with neighbour ${n}` },
    { article: 9, note: `ring twice ${n}` },
  ],
})

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sealdrop-worker-'))
  demo = await startDemo({ dir })
  opener = createOpener({ kms: demo.kms.clientConfig, keys: demo.keys.slice(0, 2) })
  const { keys } = await (await fetch(`${demo.url}.well-known/jwks.json`)).json()
  pins = JSON.stringify(keys.map(({ kid }) => kid))
  ;[sealScript, keySetScript] = await Promise.all(['seal.js', 'key-set.js'].map(bundle))
  const settings = await readFile(new URL('wrangler.toml', folder), 'utf8')
  ;[, compatibilityDate] = present(/compatibility_date = "(.+)"/.exec(settings))
})

after(async () => {
  await Promise.all(running.map((miniflare) => miniflare.dispose()))
  await opener?.close()
  await demo?.close()
  await rm(dir, { recursive: true })
})

const sealing = (bindings = {}) =>
  worker(sealScript, {
    bindings: { KEY_SET_URL: `${demo.url}.well-known/jwks.json`, PINS: pins, ...bindings },
  })

test('two requests at once seal their fields, and the opener opens them', async () => {
  const miniflare = await sealing()
  const answers = await Promise.all([1, 2].map((n) => post(miniflare, order(n))))
  for (const [i, answer] of answers.entries()) {
    assert.strictEqual(answer.status, 200)
    const text = await answer.text()
    for (const secret of ['Secret Person', 'DE00', 'neighbour', 'ring twice'])
      assert.ok(!text.includes(secret), `${secret} is sealed`)
    const sealed = JSON.parse(text)
    assert.strictEqual(sealed.person.country, 'DE', 'what is not named stays readable')
    assert.deepEqual(
      await opener.openFields(sealed, { context: { form: 'order' }, fields }),
      order(i + 1),
    )
  }
})

/** The key set from a slow host, so that requests surely come while another is loading it. */
async function slowKeySet(t) {
  const jwks = await (await fetch(`${demo.url}.well-known/jwks.json`)).text()
  let requests = 0
  const server = createServer((_, response) => {
    requests++
    setTimeout(() => response.setHeader('cache-control', 'max-age=300').end(jwks), 200)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return { url: `http://127.0.0.1:${listeningPort(server)}/`, requests: () => requests }
}

test(
  'a burst of requests to a cold Worker is answered, and none waits for the promise of another',
  { timeout: 30_000 },
  async (t) => {
    const host = await slowKeySet(t)
    const miniflare = await sealing({ KEY_SET_URL: host.url })
    const burst = () => Promise.all(Array.from({ length: 20 }, (_, n) => post(miniflare, order(n))))
    const answers = await burst()
    assert.deepEqual(
      answers.map(({ status }) => status),
      Array(20).fill(200),
    )
    const loaded = host.requests()
    assert.ok(loaded > 1, 'requests that overlap load the set each for itself')
    const again = await burst()
    assert.strictEqual(host.requests(), loaded, 'later ones share the settled set')
    const records = await Promise.all([...answers, ...again].map((answer) => answer.json()))
    assert.strictEqual(new Set(records.map(({ person }) => person.name)).size, 40)
    assert.deepEqual(
      await opener.openFields(records[33], { context: { form: 'order' }, fields }),
      order(13),
    )
  },
)

test('the backend gets the sealed order and nothing in the clear', async () => {
  const bodies = []
  const take = async (request, response) => {
    bodies.push(Buffer.concat(await request.toArray()).toString())
    response.end()
  }
  const backend = createServer((request, response) => void take(request, response))
  backend.listen(0, '127.0.0.1')
  await once(backend, 'listening')
  const miniflare = await sealing({ BACKEND_URL: `http://127.0.0.1:${listeningPort(backend)}/` })
  const answer = await post(miniflare, order(5))
  backend.close()
  assert.strictEqual(answer.status, 202)
  assert.strictEqual(bodies.length, 1)
  assert.ok(!/Secret|DE00|neighbour|ring twice/.test(bodies[0]))
  assert.deepEqual(
    await opener.openFields(JSON.parse(bodies[0]), { context: { form: 'order' }, fields }),
    order(5),
  )
})

test('an order that lacks a field, is no JSON, or is too long is refused without quoting it', async () => {
  const miniflare = await sealing()
  const cases = [
    [{ person: { name: 'Secret Person' }, items: [] }, 422, 'invalid_argument'],
    ['Secret Person', 422, 'invalid_argument'],
    ['null', 422, 'invalid_argument'],
    ['"Secret Person"'.padEnd(70_000), 413, 'too_large'],
  ]
  for (const [body, status, code] of cases) {
    const answer = await post(miniflare, body)
    const text = await answer.text()
    assert.strictEqual(answer.status, status, text)
    assert.strictEqual(JSON.parse(text).code, code)
    assert.ok(!text.includes('Secret'))
  }
  assert.strictEqual((await miniflare.dispatchFetch('http://worker.example/')).status, 405)
})

test('with pins of other keys, without pins, or without its key set nothing is sealed, and the sender is not to blame', async () => {
  const cases = [
    [{ PINS: JSON.stringify(['A'.repeat(43)]) }, 'keys_untrusted'],
    [{ PINS: '[]' }, 'misconfigured'],
    [{ PINS: 'soon' }, 'misconfigured'],
    [{ KEY_SET_URL: 'http://keys.example/' }, 'misconfigured'],
    [{ KEY_SET_URL: `${demo.url}nothing` }, 'keys_unreachable'],
  ]
  for (const [bindings, code] of cases) {
    const answer = await post(await sealing(bindings), order(1))
    assert.deepEqual([answer.status, (await answer.json()).code], [502, code])
  }
})

test('a Worker publishes prepared documents from KV, with ETag, 304 and CORS, and 503 once they have expired', async () => {
  const miniflare = await worker(keySetScript, { kvNamespaces: ['KEYS'] })
  const get = (headers = {}) =>
    miniflare.dispatchFetch('http://worker.example/.well-known/jwks.json', { headers })
  assert.strictEqual((await get()).status, 503, 'nothing was published yet')
  const documents = await createPublisher({
    kms: demo.kms.clientConfig,
    keys: demo.keys.map((key) => ({ key })),
  }).documents()
  const store = /** @type {import('sealdrop').KvNamespace} */ (
    /** @type {unknown} */ (await miniflare.getKVNamespace('KEYS')) // whose type miniflare loses
  )
  await store.put('key-set', JSON.stringify(documents))
  const answer = await get({ origin: 'https://page.example' })
  assert.strictEqual(answer.status, 200)
  assert.strictEqual(answer.headers.get('content-type'), 'application/jwk-set+json')
  assert.strictEqual(answer.headers.get('access-control-allow-origin'), '*')
  assert.strictEqual(await answer.text(), documents.jwks)
  assert.strictEqual((await get({ 'if-none-match': answer.headers.get('etag') })).status, 304)
  await store.put('key-set', JSON.stringify({ ...documents, expires: new Date(Date.now() - 1000) }))
  assert.strictEqual((await get()).status, 503)
})
