// The end of a key: retired, disabled, deleted, restored; against the local KMS with a clock.
import test from 'node:test'
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  KMSClient,
  ReplicateKeyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { importKeySet, inHand, seal, SealdropError } from 'sealdrop'
import {
  applyRotation,
  createOpener,
  deleteKey,
  planRotation,
  restoreKey,
  retireKey,
  revokeKey,
} from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { countingKms } from '../support/counting-kms.mjs'
import { fails } from '../support/host.js'
import {
  claims,
  emptyInventory,
  madeKey,
  memoryStore,
  receipts as signing,
} from '../support/inventories.mjs'
import { present, wrong } from '../support/types.mjs'

/** @import { Purpose } from 'sealdrop/kms' */

const hour = 3_600_000
const day = 24 * hour
const start = Date.UTC(2030, 0, 1)
const receipts = { ...signing, keepDays: 1 }

/**
 * A world in which a key was sealed to and then retired by a rotation.
 *
 * @param {any} t
 * @param {Purpose} purpose
 */
async function world(t, purpose = claims) {
  const clock = { at: start }
  const now = () => clock.at
  const local = await startLocalKms({ now, regions: ['eu-west-1'] })
  t.after(() => local.close())
  const kms = local.clientConfig
  const inMemory = memoryStore(emptyInventory(purpose))
  let failing = false
  const store = {
    ...inMemory,
    fail: (value) => {
      failing = value
    },
    write: async (next, etag) => {
      if (failing) throw new SealdropError('output_failed', 'disk full')
      return inMemory.write(next, etag)
    },
  }
  const rotate = () =>
    applyRotation(planRotation(store.now(), { now: new Date(clock.at), every: 'P90D' }), {
      kms,
      store,
      now,
    })
  const keyIn = (state) => madeKey(store.now().keys.find((key) => key.state === state))
  await rotate()
  const first = keyIn('current')
  const sealTo = (jwk) =>
    seal(importKeySet({ ...jwk, use: 'enc' }, { trust: inHand() }), 'hello', { context: {} })
  const sealed = purpose.use === 'enc' ? await sealTo(first.jwk) : ''
  clock.at += 90 * day
  await rotate()
  const { client, calls } = countingKms(kms)
  const opener = createOpener({ kms: client, keys: store, now })
  t.after(() => opener.close())
  const open = () => opener.open(sealed, { context: {} })
  const o = (more = {}) => ({ kms, store, key: first.thumbprint, now, ...more })
  const confirmed = (more = {}) => ({ ...o(), confirm: first.thumbprint, ...more })
  const entry = () =>
    madeKey(store.now().keys.find(({ thumbprint }) => thumbprint === first.thumbprint))
  const clientIn = (region) => new KMSClient({ ...kms, region })
  const stateOf = async (KeyId = first.arns[0], region = 'us-east-1') => {
    const { KeyMetadata } = await clientIn(region).send(new DescribeKeyCommand({ KeyId }))
    return KeyMetadata?.KeyState
  }
  return {
    clock,
    store,
    keyIn,
    open,
    o,
    confirmed,
    entry,
    stateOf,
    first,
    calls,
    admin: clientIn('us-east-1'),
  }
}
const disabledKey = async (t, purpose = claims) => {
  const one = await world(t, purpose)
  one.clock.at += 3 * day
  await retireKey(one.o({ keepUntil: new Date(one.clock.at), disable: true }))
  return one
}

test('a retired key says until when it is kept, stays enabled, and shows its last use', async (t) => {
  const { clock, open, o, entry, stateOf } = await world(t)
  const keepUntil = new Date(clock.at + 365 * day)
  assert.deepEqual(await retireKey(o({ keepUntil })), {
    keepUntil,
    disabled: false,
    lastUse: undefined,
  })
  assert.deepEqual(
    [entry().state, entry().keepUntil, await stateOf()],
    ['retired', keepUntil.toISOString(), 'Enabled'],
  )
  const at = clock.at
  assert.equal((await open()).text(), 'hello')
  clock.at += day
  assert.deepEqual((await retireKey(o())).lastUse, {
    at: new Date(at),
    operation: 'DeriveSharedSecret',
  })
})

test('it is disabled only when asked, when its time is over, and when nobody can seal to it any more', async (t) => {
  const { clock, open, o, entry, stateOf } = await world(t)
  const keepUntil = new Date(clock.at + 10 * day)
  await fails(
    assert,
    retireKey(o({ keepUntil, disable: true })),
    'invalid_argument',
    /kept until 2030-04-11T00:00:00.000Z/,
  )
  await fails(
    assert,
    retireKey(o({ keepUntil: new Date(clock.at), disable: true })),
    'invalid_argument',
    /may be sealed to until 2030-04-03T01:00:00.000Z/,
  )
  assert.equal(await stateOf(), 'Enabled')
  await retireKey(o({ keepUntil }))
  clock.at += 10 * day
  assert.equal((await retireKey(o({ disable: true }))).disabled, true)
  assert.deepEqual(
    [entry().state, entry().disabled, await stateOf()],
    ['disabled', new Date(clock.at).toISOString(), 'Disabled'],
  )
  assert.isString(entry().unpublished)
  await fails(assert, open(), 'key_unusable', /disabled/)
  await restoreKey(o())
  assert.deepEqual(
    [entry().state, entry().disabled, await stateOf()],
    ['retired', undefined, 'Enabled'],
  )
  assert.equal((await open()).text(), 'hello')
})

test('deletion scheduled, cancelled, the key restored, and the value opens', async (t) => {
  const { clock, open, o, confirmed, entry, stateOf, first } = await disabledKey(t)
  const { deletes, lastUse, unreadable } = await deleteKey(confirmed())
  assert.deepEqual([deletes.getTime(), lastUse], [clock.at + 30 * day, undefined])
  assert.match(
    unreadable,
    new RegExp(
      `^everything that was sealed to ${first.thumbprint}, ` +
        'in use from 2030-01-01T00:00:00.000Z to 2030-04-01T00:00:00.000Z \\(90 days\\)',
    ),
  )
  assert.deepEqual(
    [entry().state, entry().deletes, await stateOf()],
    ['deleting', deletes.toISOString(), 'PendingDeletion'],
  )
  await fails(assert, open(), 'key_unusable', /pending deletion/)
  clock.at += 29 * day
  await restoreKey(o())
  assert.deepEqual(
    [entry().state, entry().deletes, await stateOf()],
    ['retired', undefined, 'Enabled'],
  )
  clock.at += 30 * day
  assert.equal((await open()).text(), 'hello')
})

test('deletion run to its end: the value is refused with a code and a message that says why, without a KMS call, and nothing brings it back', async (t) => {
  const { clock, open, o, confirmed, entry, calls } = await disabledKey(t)
  const { deletes } = await deleteKey(confirmed({ days: 7 }))
  assert.equal(deletes.getTime(), clock.at + 7 * day)
  clock.at += 7 * day
  calls.length = 0
  await fails(
    assert,
    open(),
    'key_unusable',
    new RegExp(
      `was deleted at ${deletes.toISOString()}: what was sealed to it cannot be opened any more`,
    ),
  )
  assert.deepEqual(calls, [])
  await fails(assert, restoreKey(o()), 'key_unusable', /was deleted at/)
  assert.equal(entry().state, 'deleting')
})

test('a key is not deleted unless it is disabled, its time is over, and its thumbprint is typed again', async (t) => {
  const { clock, o, confirmed, entry, first, stateOf } = await world(t)
  await fails(
    assert,
    deleteKey(confirmed()),
    'invalid_argument',
    /the key is retired: retireKey with disable comes first/,
  )
  clock.at += 3 * day
  await retireKey(o({ keepUntil: new Date(clock.at), disable: true }))
  for (const confirm of [undefined, '', first.arns[0], first.thumbprint.toUpperCase()])
    await fails(assert, deleteKey(confirmed({ confirm })), 'invalid_argument', /confirm/)
  for (const days of [6, 31, 7.5, '7', null])
    await fails(assert, deleteKey(confirmed({ days: wrong(days) })), 'invalid_argument', /7 to 30/)
  await retireKey(o({ keepUntil: new Date(clock.at + day) }))
  await fails(assert, deleteKey(confirmed()), 'invalid_argument', /kept until/)
  assert.deepEqual([entry().state, await stateOf()], ['disabled', 'Disabled'])
})

test('a key that somebody disabled, or scheduled for deletion, without telling the inventory comes back, and stays what the inventory says', async (t) => {
  const { o, store, keyIn, admin, stateOf, clock } = await world(t)
  const {
    thumbprint: key,
    arns: [KeyId],
  } = keyIn('current')
  const stops = [
    () => admin.send(new DisableKeyCommand({ KeyId })),
    () => admin.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 })),
  ]
  for (const stop of stops) {
    const before = JSON.stringify(store.now())
    await stop()
    clock.at += day
    await restoreKey(o({ key }))
    assert.equal(await stateOf(KeyId), 'Enabled')
    assert.equal(JSON.stringify(store.now()), before)
  }
})

test('a signing key that was withdrawn from the set need not be kept for keepDays', async (t) => {
  const { o, clock, entry } = await world(t, { ...receipts, keepDays: 400 })
  clock.at += 3 * day
  const now = new Date(clock.at)
  await fails(
    assert,
    retireKey(o({ keepUntil: now, disable: true })),
    'invalid_argument',
    /may be verified with until/,
  )
  await revokeKey({ ...o(), reason: 'compromised', withdraw: true })
  await retireKey(o({ keepUntil: now, disable: true }))
  assert.equal(entry().state, 'disabled')
})

test('a key that is in use, one that is not there, and wrong arguments are refused', async (t) => {
  const { o, keyIn, clock } = await world(t)
  const keyOf = (state) => keyIn(state).thumbprint
  for (const state of ['current', 'next']) {
    await fails(
      assert,
      retireKey(o({ key: keyOf(state), keepUntil: new Date(clock.at) })),
      'invalid_argument',
      new RegExp(`is ${state}: another one must take its place first`),
    )
    await fails(
      assert,
      restoreKey(o({ key: keyOf(state) })),
      'invalid_argument',
      new RegExp(`is ${state}, and enabled in KMS`),
    )
  }
  await fails(assert, retireKey(o()), 'invalid_argument', /keepUntil/)
  for (const verb of [retireKey, deleteKey, restoreKey]) {
    await fails(assert, verb(wrong(o({ key: 'x' }))), 'key_not_found', /no key "x"/)
    await fails(assert, verb(wrong(o({ key: undefined }))), 'invalid_argument', /thumbprint/)
    await fails(assert, verb(wrong({ key: 'x' })), 'invalid_argument', /store/)
  }
})

test('what was cut off after KMS did it is finished by doing it again', async (t) => {
  const { o, confirmed, store, entry, stateOf, clock } = await disabledKey(t)
  store.fail(true)
  await fails(assert, deleteKey(confirmed()), 'output_failed')
  assert.deepEqual([entry().state, await stateOf()], ['disabled', 'PendingDeletion'])
  store.fail(false)
  clock.at += day
  assert.equal(
    (await deleteKey(confirmed({ days: 7 }))).deletes.getTime(),
    clock.at + 29 * day,
    'as it was scheduled first',
  )
  store.fail(true)
  await fails(assert, restoreKey(o()), 'output_failed')
  assert.equal(await stateOf(), 'Enabled')
  store.fail(false)
  await restoreKey(o())
  assert.equal(entry().state, 'retired')
})

test('replicas of a multi-Region key go and come back with it', async (t) => {
  const { o, confirmed, store, first, clock, admin, stateOf } = await world(t)
  const { KeyMetadata } = await admin.send(
    new CreateKeyCommand({
      MultiRegion: true,
      KeySpec: 'ECC_NIST_P256',
      KeyUsage: 'KEY_AGREEMENT',
    }),
  )
  const primary = present(KeyMetadata?.Arn)
  const { ReplicaKeyMetadata } = await admin.send(
    new ReplicateKeyCommand({ KeyId: primary, ReplicaRegion: 'eu-west-1' }),
  )
  const replica = present(ReplicaKeyMetadata?.Arn)
  store.edit((inventory) => ({
    ...inventory,
    keys: inventory.keys.map((key) =>
      key.thumbprint === first.thumbprint ? { ...key, arns: [primary, replica] } : key,
    ),
  }))
  const states = async () => [await stateOf(primary), await stateOf(replica, 'eu-west-1')]
  clock.at += 3 * day
  await retireKey(o({ keepUntil: new Date(clock.at), disable: true }))
  assert.deepEqual(await states(), ['Disabled', 'Disabled'])
  const { deletes } = await deleteKey(confirmed({ days: 7 }))
  assert.deepEqual(await states(), ['PendingReplicaDeletion', 'PendingDeletion'])
  assert.equal(deletes.getTime(), clock.at + 14 * day)
  await restoreKey(o())
  assert.deepEqual(await states(), ['Enabled', 'Enabled'])
})

test('a signing key is not disabled before its keepDays are over, whatever keepUntil says', async (t) => {
  const { clock, o, entry } = await world(t, { ...receipts, keepDays: 400 })
  clock.at += 3 * day
  await fails(
    assert,
    retireKey(o({ keepUntil: new Date(clock.at), disable: true })),
    'invalid_argument',
    /may be verified with until 2031-05-06T00:00:00.000Z/,
  )
  assert.deepEqual([entry().state, entry().unpublished], ['retired', undefined])
})

test('a signing key too; of it nothing becomes unreadable', async (t) => {
  const { confirmed } = await disabledKey(t, receipts)
  assert.match(
    (await deleteKey(confirmed())).unreadable,
    /^nothing: what it signed can be verified/,
  )
})
