// The end of a key: retired, disabled, deleted, restored; against the local KMS with a clock.
import test from 'node:test'
import {
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

const hour = 3_600_000
const day = 24 * hour
const start = Date.UTC(2030, 0, 1)
const claims = {
  name: 'claims',
  use: 'enc',
  spec: 'ECC_NIST_P256',
  usage: 'KEY_AGREEMENT',
  alias: 'alias/claims',
}
const receipts = {
  name: 'receipts',
  use: 'sig',
  spec: 'ECC_NIST_P256',
  usage: 'SIGN_VERIFY',
  alias: 'alias/receipts',
  keepDays: 1,
}

/** A world in which a key was sealed to and then retired by a rotation. */
async function world(t, purpose = claims) {
  const clock = { at: start }
  const local = await startLocalKms({ now: () => clock.at, regions: ['eu-west-1'] })
  t.after(() => local.close())
  let [inventory, version, failing] = [
    { version: 1, counter: 0, purposes: [purpose], keys: [] },
    1,
    false,
  ]
  const store = {
    now: () => inventory,
    fail: (value) => {
      failing = value
    },
    read: async () => ({ inventory, etag: String(version) }),
    write: async (next, etag) => {
      if (failing) throw new SealdropError('output_failed', 'disk full')
      if (etag !== String(version)) throw new SealdropError('conflict', 'other')
      inventory = structuredClone(next)
      version++
    },
  }
  const rotate = () =>
    applyRotation(planRotation(inventory, { now: new Date(clock.at), every: 'P90D' }), {
      kms: local.clientConfig,
      store,
      now: () => clock.at,
    })
  await rotate()
  const first = inventory.keys.find(({ state }) => state === 'current')
  const sealed =
    purpose.use === 'enc'
      ? await seal(importKeySet({ ...first.jwk, use: 'enc' }, { trust: inHand() }), 'hello', {
          context: {},
        })
      : undefined
  clock.at += 90 * day
  await rotate()
  const { client, calls } = countingKms(local.clientConfig)
  const opener = createOpener({ kms: client, keys: store, now: () => clock.at })
  t.after(() => opener.close())
  const open = () => opener.open(sealed, { context: {} })
  const o = (more = {}) => ({
    kms: local.clientConfig,
    store,
    key: first.thumbprint,
    now: () => clock.at,
    ...more,
  })
  const entry = () => inventory.keys.find(({ thumbprint }) => thumbprint === first.thumbprint)
  const stateOf = async (KeyId = first.arns[0]) =>
    (await new KMSClient(local.clientConfig).send(new DescribeKeyCommand({ KeyId }))).KeyMetadata
      .KeyState
  return { clock, local, store, open, o, entry, stateOf, first, calls, sealed }
}
const disabledKey = async (t, ...rest) => {
  const one = await world(t, ...rest)
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
  const { clock, open, o, entry, stateOf, first } = await disabledKey(t)
  const { deletes, lastUse, unreadable } = await deleteKey(o({ confirm: first.thumbprint }))
  assert.deepEqual([deletes.getTime(), lastUse], [clock.at + 30 * day, undefined])
  assert.match(
    unreadable,
    new RegExp(
      `^everything that was sealed to ${first.thumbprint}, in use from 2030-01-01T00:00:00.000Z to 2030-04-01T00:00:00.000Z \\(90 days\\)`,
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
  const { clock, open, o, entry, first, calls } = await disabledKey(t)
  const { deletes } = await deleteKey(o({ confirm: first.thumbprint, days: 7 }))
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
  const { clock, o, entry, first, stateOf } = await world(t)
  const confirm = first.thumbprint
  await fails(
    assert,
    deleteKey(o({ confirm })),
    'invalid_argument',
    /the key is retired: retireKey with disable comes first/,
  )
  clock.at += 3 * day
  await retireKey(o({ keepUntil: new Date(clock.at), disable: true }))
  for (const wrong of [undefined, '', first.arns[0], confirm.toUpperCase()])
    await fails(assert, deleteKey(o({ confirm: wrong })), 'invalid_argument', /confirm/)
  for (const days of [6, 31, 7.5, '7', null])
    await fails(assert, deleteKey(o({ confirm, days })), 'invalid_argument', /7 to 30/)
  await retireKey(o({ keepUntil: new Date(clock.at + day) }))
  await fails(assert, deleteKey(o({ confirm })), 'invalid_argument', /kept until/)
  assert.deepEqual([entry().state, await stateOf()], ['disabled', 'Disabled'])
})

test('a key that somebody disabled, or scheduled for deletion, without telling the inventory comes back, and stays what the inventory says', async (t) => {
  const { o, store, local, clock } = await world(t)
  const client = new KMSClient(local.clientConfig)
  const {
    thumbprint: key,
    arns: [KeyId],
  } = store.now().keys.find(({ state }) => state === 'current')
  for (const command of [
    new DisableKeyCommand({ KeyId }),
    new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }),
  ]) {
    const before = JSON.stringify(store.now())
    await client.send(command)
    clock.at += day
    await restoreKey(o({ key }))
    assert.equal(
      (await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata.KeyState,
      'Enabled',
    )
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
  await revokeKey(o({ withdraw: true }))
  await retireKey(o({ keepUntil: now, disable: true }))
  assert.equal(entry().state, 'disabled')
})

test('a key that is in use, one that is not there, and wrong arguments are refused', async (t) => {
  const { o, store, clock } = await world(t)
  const keyOf = (state) => store.now().keys.find((key) => key.state === state).thumbprint
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
    await fails(assert, verb(o({ key: 'x' })), 'key_not_found', /no key "x"/)
    await fails(assert, verb(o({ key: undefined })), 'invalid_argument', /thumbprint/)
    await fails(assert, verb({ key: 'x' }), 'invalid_argument', /store/)
  }
})

test('what was cut off after KMS did it is finished by doing it again', async (t) => {
  const { o, store, first, entry, stateOf, clock } = await disabledKey(t)
  store.fail(true)
  await fails(assert, deleteKey(o({ confirm: first.thumbprint })), 'output_failed')
  assert.deepEqual([entry().state, await stateOf()], ['disabled', 'PendingDeletion'])
  store.fail(false)
  clock.at += day
  assert.equal(
    (await deleteKey(o({ confirm: first.thumbprint, days: 7 }))).deletes.getTime(),
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
  const { o, store, first, clock, local, stateOf } = await world(t)
  const primary = await new KMSClient(local.clientConfig).send(
    new (await import('@aws-sdk/client-kms')).CreateKeyCommand({
      MultiRegion: true,
      KeySpec: 'ECC_NIST_P256',
      KeyUsage: 'KEY_AGREEMENT',
    }),
  )
  const arns = [primary.KeyMetadata.Arn]
  arns.push(
    (
      await new KMSClient(local.clientConfig).send(
        new ReplicateKeyCommand({ KeyId: arns[0], ReplicaRegion: 'eu-west-1' }),
      )
    ).ReplicaKeyMetadata.Arn,
  )
  const { inventory, etag } = await store.read()
  await store.write(
    {
      ...inventory,
      keys: inventory.keys.map((key) =>
        key.thumbprint === first.thumbprint ? { ...key, arns } : key,
      ),
    },
    etag,
  )
  const states = async () => [
    await stateOf(arns[0]),
    (
      await new KMSClient({ ...local.clientConfig, region: 'eu-west-1' }).send(
        new DescribeKeyCommand({ KeyId: arns[1] }),
      )
    ).KeyMetadata.KeyState,
  ]
  clock.at += 3 * day
  await retireKey(o({ keepUntil: new Date(clock.at), disable: true }))
  assert.deepEqual(await states(), ['Disabled', 'Disabled'])
  const { deletes } = await deleteKey(o({ confirm: first.thumbprint, days: 7 }))
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
  const { o, first } = await disabledKey(t, receipts)
  assert.match(
    (await deleteKey(o({ confirm: first.thumbprint }))).unreadable,
    /^nothing: what it signed can be verified/,
  )
})
