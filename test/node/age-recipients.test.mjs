// Which keys of an inventory open age files and stand in age.txt, and how that is served.
import test from 'node:test'
import { assert } from 'chai'
import { ageRecipient, ageRecipientsHandler, ageRecipients, createAgeOpener } from 'sealdrop/age'
import { checkInventory } from '#dist/kms/inventory/check-inventory.js'
import { ageWorld, bytesOf, codeOf, plaintextOf, sealed } from '../support/age-world.mjs'
import { wrong } from '../support/types.mjs'

const world = await ageWorld()
const { client, since, jwks, local, recipients } = world
test.after(() => world.close())

const at = '2030-01-01T00:00:00.000Z'
const hour = 3_600_000
const start = new Date(at).getTime()
const purposeOf = (name, more) => ({
  name,
  use: 'enc',
  spec: 'ECC_NIST_P256',
  usage: 'KEY_AGREEMENT',
  alias: `alias/${name}`,
  ...more,
})

function entry(name, purpose, more) {
  const { kid, alg, use: _use, key_ops: _operations, ...jwk } = jwks[name]
  return {
    purpose,
    state: 'current',
    token: (name + 'A'.repeat(22)).slice(0, 22),
    spec: 'ECC_NIST_P256',
    usage: 'KEY_AGREEMENT',
    arns: [local.keys[`alias/${name}`]],
    thumbprint: kid,
    jwk,
    alg,
    made: at,
    published: at,
    starts: at,
    aliased: at,
    ...more,
  }
}

/** A store in memory over an inventory, which may be changed or fail. */
function storeOf(inventory) {
  const store = {
    reads: 0,
    inventory,
    failing: false,
    async read() {
      store.reads++
      if (store.failing) throw new Error('down')
      return { inventory: store.inventory, etag: `${store.inventory.counter}` }
    },
    write: async () => {},
  }
  return store
}

const two = (o = {}) => ({
  version: 1,
  counter: 1,
  purposes: [purposeOf('claims', { age: true }), purposeOf('second', o.second)],
  keys: [entry('claims', 'claims', o.claims), entry('second', 'second')],
  ...o.whole,
})

test('of an inventory only purposes with age: true open age files', async () => {
  const store = storeOf(two())
  const opener = createAgeOpener({ kms: client, keys: store, now: () => start + hour })
  await opener.ready()
  const plaintext = plaintextOf(100)
  const file = await sealed(recipients.claims, plaintext)
  since()
  const { readable } = await opener.openStream(file)
  assert.deepEqual(await bytesOf(readable), plaintext)
  const other = await sealed(recipients.second, plaintext)
  assert.equal(await codeOf(opener.openStream(other)), 'key_not_found')
  assert.deepEqual(since(), ['DeriveSharedSecret'])
  const none = two()
  none.purposes = [purposeOf('claims'), purposeOf('second', { age: false })]
  const closed = createAgeOpener({ kms: client, keys: storeOf(none) })
  assert.equal(await codeOf(closed.ready()), 'key_not_found')
  assert.equal(await codeOf(closed.openStream(file)), 'key_not_found')
})

test('age: true needs keys on P-256 that agree, and is true or false', () => {
  const check = (more) => () =>
    checkInventory({ ...two(), purposes: [purposeOf('claims', more)], keys: [] }, 'malformed')
  assert.doesNotThrow(check({ age: true }))
  assert.throws(check({ age: true, spec: 'ECC_NIST_P384' }), /age: age seals to ECC_NIST_P256/)
  assert.throws(
    check({ age: true, spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' }),
    /age: age seals to ECC_NIST_P256/,
  )
  assert.throws(check({ age: 'yes' }), /age: expected true or false/)
})

test('age.txt lists the keys that are sealed to now, and until when', async () => {
  const now = () => start + hour
  since()
  const { text, recipients: listed, expires } = await ageRecipients(storeOf(two()), { now })
  assert.deepEqual(listed, [recipients.claims])
  assert.equal(expires.toISOString(), '2030-01-02T01:00:00.000Z')
  assert.deepEqual(text.split('\n').slice(1), [
    '# Good until 2030-01-02T01:00:00.000Z. Fetch it again then: a saved copy does not rotate.',
    '# claims',
    recipients.claims,
    '',
  ])
  const both = await ageRecipients(storeOf(two({ second: { age: true } })), { now })
  assert.deepEqual(both.recipients, [recipients.claims, ageRecipient(jwks.second)])
  const end = new Date(start + 2 * hour).toISOString()
  const soon = await ageRecipients(storeOf(two({ claims: { expires: end } })), { now })
  assert.equal(soon.expires.toISOString(), end)
  assert.deepEqual(since(), [])
})

test('a key that is not sealed to now is not listed', async () => {
  const now = () => start + hour
  const before = new Date(start).toISOString()
  const later = new Date(start + 2 * hour).toISOString()
  const unlisted = [
    { expires: before },
    { starts: later },
    { revoked: { at, reason: 'compromised' } },
    { unpublished: at, state: 'retired' },
    { state: 'disabled' },
  ]
  for (const claims of unlisted)
    assert.equal(
      await codeOf(ageRecipients(storeOf(two({ claims })), { now })),
      'key_not_found',
      JSON.stringify(claims),
    )
  assert.equal(await codeOf(ageRecipients(wrong({}))), 'invalid_argument')
})

test('the handler answers GET and HEAD, with a tag, and never for longer than it holds', async () => {
  const handler = ageRecipientsHandler(storeOf(two()), { now: () => start + hour })
  const ask = (o) => handler(new Request('https://keys.example/age.txt', o))
  const found = await ask()
  assert.equal(found.status, 200)
  assert.include(await found.text(), recipients.claims)
  const { headers } = found
  assert.equal(headers.get('content-type'), 'text/plain; charset=utf-8')
  assert.equal(headers.get('cache-control'), 'public, max-age=300')
  const etag = headers.get('etag')
  const same = await ask({ headers: { 'if-none-match': `"x", W/${etag}` } })
  assert.deepEqual([same.status, await same.text()], [304, ''])
  const head = await ask({ method: 'HEAD' })
  assert.deepEqual([head.status, await head.text(), head.headers.get('etag')], [200, '', etag])
  assert.equal((await ask({ method: 'POST' })).status, 405)
  const end = new Date(start + hour + 90_000).toISOString()
  const short = ageRecipientsHandler(storeOf(two({ claims: { expires: end } })), {
    now: () => start + hour,
  })
  const answer = await short(new Request('https://keys.example/age.txt'))
  assert.equal(answer.headers.get('cache-control'), 'public, max-age=90')
})

test('the inventory is read once a minute, and what was read outlives a failing store', async () => {
  const clock = { at: start + hour }
  const store = storeOf(two())
  const handler = ageRecipientsHandler(store, { now: () => clock.at })
  const status = async () => (await handler(new Request('https://keys.example/'))).status
  assert.deepEqual([await status(), await status(), store.reads], [200, 200, 1])
  store.failing = true
  clock.at += 61_000
  assert.deepEqual([await status(), store.reads], [200, 2])
  clock.at += 25 * hour
  assert.equal(await status(), 503, 'it held for a day')
  store.failing = false
  clock.at += 61_000
  assert.equal(await status(), 200)
  store.inventory = { ...two(), purposes: [purposeOf('claims'), purposeOf('second')] }
  clock.at += 61_000
  assert.equal(await status(), 503, 'the purpose opens no age files any more')
  assert.throws(() => ageRecipientsHandler(wrong({})), /expected a store/)
})

test('requests do not read the inventory one by one where there is nothing to serve', async () => {
  const clock = { at: start + hour }
  const store = storeOf({ ...two(), purposes: [purposeOf('claims'), purposeOf('second')] })
  const handler = ageRecipientsHandler(store, { now: () => clock.at })
  const status = async () => (await handler(new Request('https://keys.example/'))).status
  for (const failing of [false, true]) {
    store.failing = failing
    store.reads = 0
    clock.at += 30_000
    for (let i = 0; i < 5; i++) assert.equal(await status(), 503)
    assert.equal(store.reads, 1)
  }
  store.failing = false
  store.inventory = two()
  clock.at += 30_000
  store.reads = 0
  assert.deepEqual(await Promise.all([status(), status(), status()]), [200, 200, 200])
  assert.equal(store.reads, 1, 'who comes meanwhile waits for it')
})
