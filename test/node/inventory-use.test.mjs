// What an opener and a publisher make of the inventory.
import test from 'node:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { importKeySet, inHand, seal, sealStream } from 'sealdrop'
import { createOpener, createPublisher, fileInventory, publicJwk } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { countingKms } from '../support/counting-kms.mjs'
import { fails } from '../support/host.js'
import { awsError, intercept } from '../support/intercept.mjs'
import { claims as purpose, receipts as signing, tokenOf } from '../support/inventories.mjs'
import { present, wrong } from '../support/types.mjs'

/** @import { InventoryKey, InventoryStore, KeyInventory } from 'sealdrop/kms' */

const minute = 60_000
const at = '2030-01-01T00:00:00.000Z'
/** The keys of the local KMS that stand in the inventory. */
const rows = [
  { alias: 'alias/one', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT', of: purpose },
  { alias: 'alias/two', spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT', of: purpose },
  { alias: 'alias/sign', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY', of: signing },
]

async function world(t) {
  const local = await startLocalKms({
    regions: ['eu-west-1'],
    keys: [
      ...rows.map(({ alias, spec, usage }) => ({ alias, spec, usage })),
      { alias: 'alias/root', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
    ],
  })
  t.after(() => local.close())
  const folder = await mkdtemp(join(tmpdir(), 'sealdrop-inventory-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  /** @param {Partial<InventoryKey>} more */
  const entry = async (alias, more) => {
    const { kid, alg, use: _use, ...jwk } = await publicJwk({ kms: local.clientConfig, key: alias })
    const number = rows.findIndex((row) => row.alias === alias)
    const { of, spec, usage } = rows[number]
    const made = { arns: [local.keys[alias]], thumbprint: kid, jwk, alg, made: at, published: at }
    const token = tokenOf(number)
    return /** @type {InventoryKey} */ ({ purpose: of.name, token, spec, usage, ...made, ...more })
  }
  const store = fileInventory(folder)
  /** @param {readonly InventoryKey[]} keys @param {Partial<KeyInventory>} more */
  const put = async (keys, more = {}) => {
    const found = await store.read()
    const counter = (found?.inventory.counter ?? 0) + 1
    await store.write(
      { version: 1, counter, purposes: [purpose, signing], keys, ...more },
      found?.etag,
    )
  }
  return { local, entry, store, put, clock: { at: new Date(at).getTime() + 60 * minute } }
}
const sealedTo = async (local, alias) =>
  seal(
    importKeySet(await publicJwk({ kms: local.clientConfig, key: alias }), { trust: inHand() }),
    'hello',
    { context: {} },
  )

test('an opener opens with current and retired keys, and asks KMS for nothing but that', async (t) => {
  const { local, entry, store, put } = await world(t)
  await put([
    await entry('alias/one', { state: 'retired', retired: at }),
    await entry('alias/two', { state: 'current', starts: at }),
  ])
  const { client, calls } = countingKms(local.clientConfig)
  const opener = createOpener({ kms: client, keys: store })
  t.after(() => opener.close())
  await opener.ready()
  for (const alias of ['alias/one', 'alias/two'])
    assert.equal((await opener.open(await sealedTo(local, alias), { context: {} })).text(), 'hello')
  assert.deepEqual(calls, ['DeriveSharedSecret', 'Decrypt'])
  const others = await startLocalKms({
    keys: [{ alias: 'alias/one', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' }],
  })
  t.after(() => others.close())
  await fails(
    assert,
    opener.open(await sealedTo(others, 'alias/one'), { context: {} }),
    'key_not_found',
    /inventory/,
  )
  assert.equal(calls.length, 2)
})

test('an opener reads the inventory again for a key that it does not know, at most once in 30 s, and else every 10 minutes', async (t) => {
  const { local, entry, store, put, clock } = await world(t)
  let reads = 0
  /** @type {InventoryStore} */
  const counted = {
    ...store,
    read: () => {
      reads++
      return store.read()
    },
  }
  await put([await entry('alias/one', { state: 'current', starts: at })])
  const opener = createOpener({ kms: local.clientConfig, keys: counted, now: () => clock.at })
  t.after(() => opener.close())
  const two = await sealedTo(local, 'alias/two')
  await fails(assert, opener.open(two, { context: {} }), 'key_not_found')
  assert.equal(reads, 1)
  await put([
    await entry('alias/one', { state: 'retired', retired: at }),
    await entry('alias/two', { state: 'current', starts: at }),
  ])
  await fails(assert, opener.open(two, { context: {} }), 'key_not_found')
  assert.equal(reads, 1)
  clock.at += 30_000
  assert.equal((await opener.open(two, { context: {} })).text(), 'hello')
  assert.equal(reads, 2)
  clock.at += 10 * minute
  await opener.open(two, { context: {} })
  assert.equal(reads, 3)
  counted.read = async () => {
    reads++
    throw new Error('store is down')
  }
  clock.at += 10 * minute
  assert.equal(
    (await opener.open(two, { context: {} })).text(),
    'hello',
    'what is held opens what it opened before',
  )
  assert.equal(reads, 4)
})

test('a key that was deleted is refused with its date and no KMS call; one that is disabled by KMS with its reason', async (t) => {
  const { local, entry, store, put } = await world(t)
  await put([
    await entry('alias/one', { state: 'deleted', deletes: at }),
    await entry('alias/two', { state: 'disabled', disabled: at }),
  ])
  const { client, calls } = countingKms(local.clientConfig)
  const opener = createOpener({ kms: client, keys: store })
  t.after(() => opener.close())
  await fails(
    assert,
    opener.open(await sealedTo(local, 'alias/one'), { context: {} }),
    'key_unusable',
    /deleted at 2030-01-01T00:00:00.000Z: what was sealed to it cannot be opened any more/,
  )
  assert.deepEqual(calls, [])
  await opener.open(await sealedTo(local, 'alias/two'), { context: {} })
})

/** A file for several keys, which a caller names by the alias of the local KMS. */
async function sealedForAll(local, ...aliases) {
  const sets = await Promise.all(
    aliases.map(async (key) => {
      const { keys } = JSON.parse(
        (
          await createPublisher({
            kms: local.clientConfig,
            keys: [{ key, withArn: true }],
          }).documents()
        ).jwks,
      )
      return importKeySet({ keys }, { trust: inHand() })
    }),
  )
  const { readable } = await sealStream(sets, new TextEncoder().encode('for both'), { context: {} })
  return new Uint8Array(await new Response(readable).arrayBuffer())
}
const readOf = async (opener, file) =>
  new Response((await opener.openStream(file, { context: {} })).readable).text()

test('a file for two keys opens with the one that is there; "by anyone" is said only where nobody is left', async (t) => {
  const { local, entry, store, put, clock } = await world(t)
  const both = await sealedForAll(local, 'alias/one', 'alias/two')
  const others = await startLocalKms({
    keys: [{ alias: 'alias/theirs', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' }],
  })
  t.after(() => others.close())
  const theirs = importKeySet(await publicJwk({ kms: others.clientConfig, key: 'alias/theirs' }), {
    trust: inHand(),
  })
  const ours = importKeySet(await publicJwk({ kms: local.clientConfig, key: 'alias/one' }), {
    trust: inHand(),
  })
  const { readable } = await sealStream([ours, theirs], new Uint8Array(5), { context: {} })
  const shared = new Uint8Array(await new Response(readable).arrayBuffer())
  /** @type {readonly Partial<InventoryKey>[]} */
  const gone = [
    { state: 'deleted', deletes: at },
    { state: 'deleting', deletes: at },
  ]
  for (const lost of gone) {
    await put([await entry('alias/one', lost), await entry('alias/two', { state: 'disabled' })])
    const opener = createOpener({ kms: local.clientConfig, keys: store, now: () => clock.at })
    t.after(() => opener.close())
    assert.equal(await readOf(opener, both), 'for both', lost.state)
    const error = await fails(
      assert,
      readOf(opener, shared),
      'key_unusable',
      /deleted at 2030-01-01T00:00:00.000Z: this opener has no other key that the message is for/,
    )
    assert.notMatch(error.message, /anyone/)
  }
  await put([
    await entry('alias/one', { state: 'deleted', deletes: at }),
    await entry('alias/two', { state: 'deleted', deletes: at }),
  ])
  const opener = createOpener({ kms: local.clientConfig, keys: store, now: () => clock.at })
  t.after(() => opener.close())
  await fails(assert, readOf(opener, both), 'key_unusable', /by anyone/)
})

test('a key that came into the inventory meanwhile is looked for, although another recipient was deleted', async (t) => {
  const { local, entry, store, put, clock } = await world(t)
  let broken = false
  /** @type {InventoryStore} */
  const failing = {
    ...store,
    read: () => (broken ? Promise.reject(new Error('store is down')) : store.read()),
  }
  const lost = await entry('alias/one', { state: 'deleted', deletes: at })
  await put([lost])
  const opener = createOpener({ kms: local.clientConfig, keys: failing, now: () => clock.at })
  t.after(() => opener.close())
  const both = await sealedForAll(local, 'alias/one', 'alias/two')
  await fails(assert, readOf(opener, both), 'key_unusable', /no other key/)
  await put([lost, await entry('alias/two', { state: 'current', starts: at })])
  clock.at += 30_000
  broken = true
  await fails(assert, readOf(opener, both), 'key_unusable', /no other key/)
  clock.at += 30_000
  broken = false
  assert.equal(await readOf(opener, both), 'for both')
})

test('a recipient that did not load is tried again where the one that did was deleted', async (t) => {
  const { local, clock } = await world(t)
  const both = await sealedForAll(local, 'alias/one', 'alias/two')
  let down = true
  const { client, since } = countingKms(local.clientConfig)
  intercept(client, async (_operation, { KeyId }, go) => {
    if (down && KeyId === 'alias/two') throw awsError('KMSInternalException')
    return go()
  })
  const opener = createOpener({
    kms: client,
    keys: ['alias/one', 'alias/two'],
    now: () => clock.at,
  })
  t.after(() => opener.close())
  assert.equal(await readOf(opener, both), 'for both')
  down = false
  await client.send(
    new ScheduleKeyDeletionCommand({ KeyId: local.keys['alias/one'], PendingWindowInDays: 7 }),
  )
  await fails(assert, readOf(opener, both), 'key_unusable')
  clock.at += 30_000
  assert.equal(await readOf(opener, both), 'for both')
  since()
  assert.equal(await readOf(opener, both), 'for both')
  assert.deepEqual(since(), ['DeriveSharedSecret', 'Decrypt'], 'it is loaded once')
})

test('a file opens by the inventory too', async (t) => {
  const { local, entry, store, put } = await world(t)
  await put([await entry('alias/one', { state: 'current', starts: at })])
  const keys = importKeySet(await publicJwk({ kms: local.clientConfig, key: 'alias/one' }), {
    trust: inHand(),
  })
  const { readable } = await sealStream(keys, new Uint8Array(5_000).fill(7), { context: {} })
  const opener = createOpener({ kms: local.clientConfig, keys: store })
  t.after(() => opener.close())
  const opened = await opener.openStream(readable, { context: {} })
  assert.equal((await new Response(opened.readable).arrayBuffer()).byteLength, 5_000)
})

test('a change of the inventory empties the data-key cache', async (t) => {
  const { local, entry, store, put, clock } = await world(t)
  await put([await entry('alias/one', { state: 'current', starts: at })])
  const { client, calls } = countingKms(local.clientConfig)
  const opener = createOpener({
    kms: client,
    keys: store,
    now: () => clock.at,
    cache: { entries: 10, maxAge: 60 * minute, uses: 10 },
  })
  t.after(() => opener.close())
  const sealed = await sealedTo(local, 'alias/one')
  for (let i = 0; i < 3; i++) await opener.open(sealed, { context: {} })
  assert.equal(calls.length, 1)
  await put([await entry('alias/one', { state: 'retired', retired: at })])
  clock.at += 10 * minute
  await opener.open(sealed, { context: {} })
  assert.equal(calls.length, 2)
})

/** The counter of a signed set. */
const versionOf = (jws) =>
  JSON.parse(Buffer.from(present(jws).split('.')[1], 'base64url').toString()).ver

test('the publisher serves what the inventory says: order, dates, ARNs where they are wanted, and its counter signed', async (t) => {
  const { local, entry, store, put, clock } = await world(t)
  const { client, calls } = countingKms(local.clientConfig)
  const publisher = createPublisher({
    kms: client,
    root: 'alias/root',
    keys: store,
    now: () => clock.at,
  })
  await fails(assert, publisher.documents(), 'key_unusable', /no inventory yet/)
  const starts = '2030-01-01T02:00:00.000Z'
  await put(
    [
      await entry('alias/one', { state: 'retired', retired: at }),
      await entry('alias/two', { state: 'current', starts }),
      await entry('alias/sign', { state: 'next' }),
    ],
    { purposes: [{ ...purpose, withArn: true }, signing], lifetime: 60 * minute },
  )
  clock.at += minute
  const { jwks, jws, expires } = await publisher.documents()
  const { keys } = JSON.parse(jwks)
  assert.deepEqual(
    keys.map(({ kty, use, nbf, kms_arn: stated }) => [kty, use, nbf, stated]),
    [
      ['RSA', 'enc', Date.parse(starts) / 1000, local.keys['alias/two']],
      ['EC', 'enc', undefined, local.keys['alias/one']],
      ['EC', 'sig', undefined, undefined],
    ],
  )
  assert.deepEqual(calls, ['GetPublicKey', 'Sign'])
  assert.equal(versionOf(jws), 1)
  assert.equal(expires.getTime(), Math.floor((clock.at + 60 * minute) / 1000) * 1000)
  await put([
    await entry('alias/two', { state: 'current', starts }),
    await entry('alias/one', { state: 'retired', retired: at, unpublished: at }),
    await entry('alias/sign', { state: 'disabled' }),
  ])
  clock.at += 5 * minute
  const next = await publisher.documents()
  assert.equal(JSON.parse(next.jwks).keys.length, 1)
  assert.equal(versionOf(next.jws), 2)
  await fails(
    assert,
    () => createPublisher({ keys: store, lifetime: 60 * minute }),
    'invalid_argument',
    /the inventory says it/,
  )
})

test('keys that are neither names nor a store are invalid_argument', async () => {
  for (const keys of [undefined, {}, 'alias/a', { read: 5 }]) {
    await fails(assert, () => createOpener({ keys: wrong(keys) }), 'invalid_argument', /keys/)
    await fails(assert, () => createPublisher({ keys: wrong(keys) }), 'invalid_argument', /keys/)
  }
})
