// sealdrop serve as a process: an inventory by HTTP, and how it ends.
import { connect, createServer } from 'node:net'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { fetchKeySet, importKeySet, overHttps, SealdropError, signedBy } from 'sealdrop'
import {
  applyRotation,
  createPublisher,
  fileInventory,
  planRotation,
  publicJwk,
} from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { heldDocuments } from '#dist/cli/serve/held-documents.js'
import { claims, emptyInventory, receipts } from '../support/inventories.mjs'
import { portOf } from '../support/listen.mjs'
import { present } from '../support/types.mjs'
import { sealdrop } from './helpers.mjs'

const folder = mkdtempSync(join(tmpdir(), 'sealdrop-serve-'))
/** What KMS was asked. @type {string[]} */
const calls = []
/** @type {Awaited<ReturnType<typeof startLocalKms>>} */
let local
before(async () => {
  local = await startLocalKms({
    keys: [{ alias: 'alias/root', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' }],
    onCall: ({ eventName }) => calls.push(eventName),
  })
  const store = fileInventory(join(folder, 'keys'))
  await store.write(emptyInventory(claims, receipts))
  const kms = local.clientConfig
  const { inventory } = present(await store.read())
  await applyRotation(planRotation(inventory, { now: new Date(), every: 'P1Y' }), { kms, store })
})
after(async () => {
  await local.close()
  rmSync(folder, { recursive: true })
})

/** The command, and where it listens. */
async function serving(t, args) {
  const server = sealdrop(['serve', '--json', ...args], { cwd: folder, env: local.env })
  t.after(() => server.stop('SIGKILL'))
  await server.until(/^key set: http.*\n/m)
  const [, base = ''] = /^key set: (http:\/\/.*:\d+)\//m.exec(server.err()) ?? []
  return { ...server, base, port: Number(new URL(base).port) }
}
const set = '/.well-known/jwks.json'
const history = '/history.jwt'

test('the set of an inventory is served without any call of KMS', async (t) => {
  calls.length = 0
  const { base, stop, err } = await serving(t, ['--inventory', 'keys'])
  assert.match(base, /^http:\/\/127\.0\.0\.1:/)
  const listed = await fetchKeySet(base + set, { trust: overHttps() }).list()
  assert.isNotEmpty(listed)
  const answer = await fetch(base + set)
  assert.equal(answer.headers.get('content-type'), 'application/jwk-set+json')
  assert.equal(answer.headers.get('cache-control'), 'public, max-age=300')
  assert.equal(answer.headers.get('access-control-allow-origin'), '*')
  const headers = { 'if-none-match': answer.headers.get('etag') ?? '' }
  assert.equal((await fetch(base + set, { headers })).status, 304)
  assert.equal((await fetch(`${base}/jwks.json`)).status, 200)
  for (const path of ['/', history, '/jwks.jwt', `${set}/`, '/../etc/passwd', '//'])
    assert.equal((await fetch(base + path)).status, 404, path)
  assert.equal((await fetch(base + set, { method: 'POST' })).status, 405)
  assert.equal((await fetch(`${base + set}?a=b`)).status, 200)
  assert.notMatch(err(), /whoever reaches/)
  const { code, out } = await stop()
  assert.equal(code, 0)
  const { url, routes } = JSON.parse(out)
  assert.deepEqual(routes, [{ what: 'key set', url: base + set }])
  assert.equal(url, base)
  assert.deepEqual(calls, [])
})

test('with a root set and history are signed ahead, and no request asks KMS', async (t) => {
  const flags = ['--inventory', 'keys', '--root', 'alias/root', '--max-age', '60']
  const { base, until } = await serving(t, [...flags, '--origin', 'https://app.example'])
  await until(/^history: http.*\n/m)
  const root = await publicJwk({ kms: local.clientConfig, key: 'alias/root' })
  calls.length = 0
  for (let request = 0; request < 20; request++) {
    await fetchKeySet(base + set, { trust: signedBy([root]) }).list()
    const trust = signedBy([root], { history: true })
    assert.isNotEmpty(await fetchKeySet(base + history, { trust, use: 'sig' }).list())
  }
  assert.deepEqual(calls, [])
  const signed = await fetch(`${base}/jwks.jwt`)
  assert.equal(signed.headers.get('content-type'), 'application/jwk-set+jwt')
  const trust = signedBy([root])
  assert.isNotEmpty(await importKeySet(await signed.text(), { trust }).list())
  const answer = await fetch(base + set, { headers: { origin: 'https://app.example' } })
  assert.equal(answer.headers.get('access-control-allow-origin'), 'https://app.example')
  assert.equal(answer.headers.get('cache-control'), 'public, max-age=60')
})

test('a folder of published documents is served without AWS, until the signed set ends', async (t) => {
  const kms = local.clientConfig
  const keys = fileInventory(join(folder, 'keys'))
  const of = { kms, keys, root: 'alias/root' }
  const published = join(folder, 'public')
  mkdirSync(published)
  const write = async (now) => {
    const { jwks, jws = '' } = await createPublisher({ ...of, now }).documents()
    const { jws: past = '' } = await createPublisher({ ...of, now, history: true }).documents()
    writeFileSync(join(published, 'jwks.json'), jwks)
    writeFileSync(join(published, 'jwks.jwt'), `${jws}\n`)
    writeFileSync(join(published, 'history.jwt'), past)
  }
  await write(Date.now)
  const root = await publicJwk({ kms, key: 'alias/root' })
  calls.length = 0
  const { base, stop } = await serving(t, ['--from', 'public'])
  await fetchKeySet(base + set, { trust: signedBy([root]) }).list()
  const trust = signedBy([root], { history: true })
  assert.isNotEmpty(await fetchKeySet(base + history, { trust, use: 'sig' }).list())
  assert.equal((await fetch(`${base}/jwks.jwt`)).status, 200)
  assert.equal((await stop()).code, 0)
  assert.deepEqual(calls, [])
  await write(() => Date.now() - 2 * 86_400_000)
  const old = await serving(t, ['--from', 'public'])
  for (const path of [set, '/jwks.jwt', history])
    assert.equal((await fetch(old.base + path)).status, 503, path)
  await old.stop()
  // a plain set alone is served alone
  rmSync(join(published, 'jwks.jwt'))
  const plain = await serving(t, ['--from', 'public'])
  assert.equal((await fetch(plain.base + set)).status, 200)
  assert.equal((await fetch(plain.base + history)).status, 404)
})

test('SIGTERM answers the request that is under way, takes no more, and ends with 0', async (t) => {
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT', 'SIGHUP'])) {
    const { port, child, ended, until } = await serving(t, ['--inventory', 'keys'])
    const idle = connect(port, '127.0.0.1')
    idle.on('error', () => {})
    await once(idle, 'connect')
    idle.write(`GET / HTTP/1.1\r\nhost: x\r\n\r\n`)
    await once(idle, 'data')
    const slow = connect(port, '127.0.0.1')
    await once(slow, 'connect')
    slow.write(`GET ${set} HTTP/1.1\r\nhost: x\r\n`)
    await new Promise((resolve) => void setTimeout(resolve, 200))
    child.kill(signal)
    await until(new RegExp(`^${signal}: it finishes what runs`, 'm'))
    await new Promise((resolve) => void setTimeout(resolve, 200))
    assert.isNull(child.exitCode)
    const refused = connect(port, '127.0.0.1')
    const [error] = await once(refused, 'error')
    assert.equal(error.code, 'ECONNREFUSED')
    slow.write('\r\n')
    const [answer] = await once(slow, 'data')
    assert.match(String(answer), /^HTTP\/1\.1 200 OK\r\n/)
    const answered = Date.now()
    assert.equal((await ended).code, 0)
    assert.isBelow(Date.now() - answered, 3_000, 'a connection that stays open does not keep it')
  }
})

test('a second signal ends it at once, also while a request hangs', async (t) => {
  const { port, child, ended, until } = await serving(t, ['--inventory', 'keys'])
  const slow = connect(port, '127.0.0.1')
  slow.on('error', () => {})
  await once(slow, 'connect')
  slow.write(`GET ${set} HTTP/1.1\r\n`)
  await new Promise((resolve) => void setTimeout(resolve, 200))
  child.kill('SIGTERM')
  await until(/^SIGTERM: it finishes/m)
  child.kill('SIGTERM')
  assert.equal((await ended).code, 143)
})

test('what it cannot serve is told at the start', async (t) => {
  const serve = (args) => sealdrop(['serve', ...args], { cwd: folder, env: local.env }).ended
  const taken = createServer()
  const port = await portOf(taken)
  t.after(() => taken.close())
  writeFileSync(join(folder, 'file'), '')
  const keys = ['--inventory', 'keys']
  /** @type {[string[], number, RegExp][]} */
  const rows = [
    [[], 2, /either --inventory or --from/],
    [[...keys, '--from', '.'], 2, /either --inventory or --from/],
    [['--from', '.', '--root', 'alias/root'], 2, /was signed by keys publish/],
    [['--from', '.'], 7, /jwks\.json: it is not there: keys publish writes it/],
    [['--inventory', 'none'], 4, /there is no inventory yet/],
    [['--inventory', 'file'], 7, /./],
    [[...keys, '--issuer', 'us'], 2, /--set-name and --issuer need a --root/],
    [[...keys, '--root', 'alias/none'], 4, /./],
    [[...keys, '--port', String(port)], 6, /--port \d+: it is in use/],
    [[...keys, '--host', '192.0.2.1'], 2, /nobody can listen there/],
    [[...keys, '--port', '65536'], 2, /Expected an integer from 0 to 65535/],
    [[...keys, '--max-age', 'long'], 2, /--max-age long: expected seconds/],
  ]
  for (const [args, code, message] of rows) {
    const ended = await serve(args)
    assert.match(ended.err, message)
    assert.deepEqual([ended.code, ended.out], [code, ''], ended.err)
  }
})

test('another host than this machine is said, and told to be open', async (t) => {
  const { err, until } = await serving(t, ['--inventory', 'keys', '--host', '0.0.0.0'])
  await until(/^0\.0\.0\.0: whoever reaches this machine can read it, by plain HTTP$/m)
  assert.match(err(), /^key set: http:\/\/0\.0\.0\.0:\d+\//m)
})

test('documents are renewed apart from requests, and end where nothing good is left', async () => {
  let asked = 0
  const later = new Date(Date.now() + 60_000)
  const documents = { jwks: '{"keys":[]}', etag: '"1"', expires: later }
  const notes = []
  let answer = async () => ({ ...documents, etag: `"${++asked}"` })
  const held = heldDocuments('set', { documents: () => answer() }, (line) => notes.push(line))
  assert.isUndefined(await held.documents())
  await held.refresh()
  for (let request = 0; request < 5; request++) assert.equal((await held.documents())?.etag, '"1"')
  await held.refresh()
  assert.equal((await held.documents())?.etag, '"2"')
  answer = () => Promise.reject(new Error('away'))
  await held.refresh()
  await held.refresh()
  assert.isUndefined(await held.documents())
  assert.deepEqual(notes, ['set: it cannot be renewed: Error: away'], 'told once')
  answer = async () => documents
  await held.refresh()
  answer = () => Promise.reject(new SealdropError('source_failed', 'unread'))
  await held.refresh()
  assert.equal((await held.documents())?.etag, '"1"', 'what was read is good until it ends')
})
