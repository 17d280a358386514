// An inventory that is lost or wrong, rebuilt of what KMS has: a person looks, and names the keys.
import test from 'node:test'
import {
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  PutKeyPolicyCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { importKeySet, inHand, seal } from 'sealdrop'
import { createOpener, publicJwk, rebuildInventory, revokeKey } from 'sealdrop/kms'
import { SealdropError } from 'sealdrop'
import { fails } from '../support/host.js'
import { claims, emptyInventory, memoryStore, receipts } from '../support/inventories.mjs'
import { kmsThrough } from '../support/kms-through.mjs'
import { day, rotatingCompany } from '../support/rotating-company.mjs'
import { present, wrong } from '../support/types.mjs'

/** @import { CreateKeyCommandInput, KMSClient } from '@aws-sdk/client-kms' */
/** @import { InventoryKey } from 'sealdrop/kms' */

/** A company whose keys were rotated once, so that each purpose has three. */
async function company(t, purposes = [claims, receipts]) {
  const one = await rotatingCompany(t, purposes)
  await one.run(4)
  one.clock.at += 90 * day
  await one.run(6)
  const kms = one.local.clientConfig
  const lost = memoryStore(wrong(undefined))
  /** @param {Partial<import('sealdrop/kms').RebuildOptions>} more */
  const rebuild = (more = {}) =>
    rebuildInventory({ kms, store: lost, purposes, now: one.now, ...more })
  return { ...one, kms, lost, rebuild }
}
/** @returns {InventoryKey} */
const making = ({ name, spec, usage }) => ({
  purpose: name,
  state: 'making',
  token: 'B'.repeat(22),
  spec,
  usage,
  began: '2030-01-01T00:00:00.000Z',
})
const thumbprintsOf = (keys) => keys.map(({ thumbprint }) => thumbprint)

/**
 * A stranger's key that says that it is for claims.
 *
 * @param {KMSClient} client
 * @param {Partial<CreateKeyCommandInput>} more
 */
async function plant(client, more = {}) {
  const Description = `sealdrop claims ${'A'.repeat(22)}`
  /** @type {CreateKeyCommandInput} */
  const input = { Description, KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT', ...more }
  const { KeyMetadata } = await client.send(new CreateKeyCommand(input))
  return present(KeyMetadata?.Arn)
}

test('without enter it shows what KMS has, and writes nothing', async (t) => {
  const { rebuild, lost, store, client, now } = await company(t)
  const planted = await plant(client)
  await client.send(
    new CreateGrantCommand({
      KeyId: planted,
      GranteePrincipal: 'arn:aws:iam::111122223333:user/mallory',
      Operations: ['DeriveSharedSecret'],
    }),
  )
  const { found, inventory } = await rebuild()
  assert.isUndefined(inventory)
  assert.isUndefined(lost.now())
  const ours = store.now().keys
  assert.includeMembers(thumbprintsOf(found), thumbprintsOf(ours))
  assert.lengthOf(found, ours.length + 1)
  for (const key of found) {
    assert.isFalse(key.known)
    assert.isAtMost(present(key.created).getTime(), now())
    assert.deepEqual([key.state, key.origin, key.account], ['Enabled', 'AWS_KMS', '111122223333'])
    assert.property(key.policy, 'Statement')
  }
  const theirs = present(found.find(({ arns }) => arns.includes(planted)))
  assert.deepEqual(theirs.grants, [
    { principal: 'arn:aws:iam::111122223333:user/mallory', operations: ['DeriveSharedSecret'] },
  ])
  const current = ours.find(({ state, purpose }) => state === 'current' && purpose === 'claims')
  const named = found.filter(({ aliases }) => aliases.includes('alias/claims'))
  assert.deepEqual(thumbprintsOf(named), [present(current).thumbprint])
})

test('only keys whose thumbprints are named are entered: as retired, or current where an alias names them', async (t) => {
  const { rebuild, lost, store, client, sealed, kms, now } = await company(t)
  const planted = await plant(client)
  const value = await sealed()
  const ours = store.now().keys
  const enter = thumbprintsOf(ours).map(present)
  const { inventory } = await rebuild({ enter })
  const { keys, counter } = present(inventory)
  assert.deepEqual(lost.now(), inventory)
  assert.sameMembers(thumbprintsOf(keys), enter)
  const states = (list) => list.map(({ state, thumbprint }) => `${state} ${thumbprint}`)
  const expected = ours.map((key) => ({
    ...key,
    state: key.state === 'current' ? 'current' : 'retired',
  }))
  assert.sameMembers(states(keys), states(expected))
  assert.isAtLeast(counter, Math.floor(now() / 1000))
  assert.notInclude(
    keys.flatMap(({ arns }) => arns),
    planted,
  )
  const opener = createOpener({ kms, keys: lost, now })
  t.after(() => opener.close())
  assert.equal((await opener.open(value, { context: {} })).text(), 'hello')
})

test('a rotation goes on with it, and makes the next keys anew', async (t) => {
  const one = await company(t)
  const enter = thumbprintsOf(one.store.now().keys).map(present)
  const { inventory } = await one.rebuild({ enter })
  const [current] = present(inventory).keys.filter(({ state }) => state === 'current')
  const value = await one.sealed()
  one.store.edit(() => present(inventory))
  await one.apply()
  const next = one.keyOf('next', current.purpose)
  assert.notInclude(enter, next.thumbprint)
  assert.equal(one.keyOf('current', current.purpose).thumbprint, current.thumbprint)
  await one.run(3)
  assert.equal((await one.opener().open(value, { context: {} })).text(), 'hello')
  const keys = importKeySet(JSON.stringify({ keys: await one.publishedKeys() }), {
    trust: inHand(),
    now: one.now,
  })
  await seal(keys, 'x', { context: {} })
})

test('what an older version has is kept, without keys that were being made', async (t) => {
  const { rebuild, store, lost } = await company(t)
  const [first] = store.now().keys
  const old = {
    ...store.now(),
    purposes: [claims, receipts],
    keys: [{ ...first, keepUntil: '2040-01-01T00:00:00.000Z' }, making(receipts)],
  }
  const shown = await rebuild({ old })
  assert.deepEqual(
    shown.found.filter(({ known }) => known).map(({ thumbprint }) => thumbprint),
    [first.thumbprint],
  )
  const enter = thumbprintsOf(store.now().keys).map(present)
  const { inventory } = await rebuild({ old, enter, purposes: undefined })
  const kept = present(lost.now().keys.find(({ thumbprint }) => thumbprint === first.thumbprint))
  assert.equal(kept.keepUntil, '2040-01-01T00:00:00.000Z')
  assert.equal(kept.token, first.token)
  assert.lengthOf(present(inventory).keys, store.now().keys.length)
})

test('the older version is that of the store where none is given, and its counter goes on', async (t) => {
  const { rebuild, store } = await company(t)
  const counter = 1e10
  store.edit((inventory) => ({ ...inventory, counter, keys: inventory.keys.slice(0, 1) }))
  const { inventory } = await rebuild({
    store,
    purposes: undefined,
    enter: thumbprintsOf((await rebuild()).found).map(present),
  })
  assert.equal(present(inventory).counter, counter + 1)
})

test('a planted key that copied the description of another is another key', async (t) => {
  const { rebuild, store, client } = await company(t)
  const genuine = present(store.now().keys.find(({ purpose }) => purpose === 'claims'))
  const planted = await plant(client, { Description: `sealdrop claims ${genuine.token}` })
  const { thumbprint } = await publicJwk({ kms: client, key: planted }).then(({ kid }) => ({
    thumbprint: present(kid),
  }))
  const enter = [...thumbprintsOf(store.now().keys).map(present), thumbprint]
  const { inventory } = await rebuild({ enter })
  const { keys } = present(inventory)
  assert.lengthOf(new Set(keys.map(({ token }) => token)), enter.length)
  const entered = present(keys.find((key) => key.thumbprint === thumbprint))
  assert.equal(entered.state, 'retired', 'even where a person names it, it is not sealed to')
})

test('an alias that names a key which is not entered is a conflict, and nothing is written', async (t) => {
  const { rebuild, lost, store, client } = await company(t)
  const planted = await plant(client)
  const input = { AliasName: 'alias/claims', TargetKeyId: planted }
  await client.send(new UpdateAliasCommand(input))
  const enter = thumbprintsOf(store.now().keys).map(present)
  await fails(assert, rebuild({ enter }), 'conflict', /alias of claims names .* not entered/)
  assert.isUndefined(lost.now())
})

test('an alias that names a key which was revoked is a conflict', async (t) => {
  const { rebuild, store, client, now } = await company(t)
  const retired = present(
    store.now().keys.find(({ purpose, state }) => purpose === 'receipts' && state === 'retired'),
  )
  const key = present(retired.thumbprint)
  await revokeKey({ store, key, since: new Date(now()), reason: 'compromised', now })
  const [arn = ''] = present(retired.arns)
  await client.send(new UpdateAliasCommand({ AliasName: 'alias/receipts', TargetKeyId: arn }))
  const again = rebuild({ old: store.now(), enter: [] })
  await fails(assert, again, 'conflict', /receipts names .* revoked/)
})

test('a key that is disabled has no thumbprint, and is entered once it is enabled', async (t) => {
  const { rebuild, store, client } = await company(t)
  const [{ arns, thumbprint }] = store.now().keys.filter(({ state }) => state === 'retired')
  await client.send(new DisableKeyCommand({ KeyId: present(arns)[0] }))
  const { found } = await rebuild()
  const key = present(found.find((one) => one.arns.includes(present(arns)[0])))
  assert.deepEqual([key.state, key.thumbprint], ['Disabled', undefined])
  await fails(
    assert,
    rebuild({ enter: [present(thumbprint)] }),
    'key_not_found',
    /enter: no enabled/,
  )
})

test('a key whose policy these credentials may not see is shown without it', async (t) => {
  const { rebuild, client } = await company(t)
  const planted = await plant(client)
  const statement = {
    Effect: 'Allow',
    Principal: '*',
    Action: ['kms:DescribeKey', 'kms:GetPublicKey', 'kms:PutKeyPolicy'],
    Resource: '*',
  }
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
  await client.send(
    new PutKeyPolicyCommand({ KeyId: planted, Policy, BypassPolicyLockoutSafetyCheck: true }),
  )
  const { found } = await rebuild()
  const key = present(found.find(({ arns }) => arns.includes(planted)))
  assert.deepEqual([key.policy, key.grants], [undefined, undefined])
  assert.isString(key.thumbprint)
})

test('a key without a description is found by the alias of its purpose', async (t) => {
  const one = await rotatingCompany(t, [claims])
  const arn = await plant(one.client, { Description: 'made by hand' })
  const input = { AliasName: claims.alias, TargetKeyId: arn }
  await one.client.send(new CreateAliasCommand(input))
  const kms = one.local.clientConfig
  const { found } = await rebuildInventory({ kms, store: one.store, now: one.now })
  assert.deepEqual(
    found.map(({ arns, purpose }) => [...arns, purpose]),
    [[arn, 'claims']],
  )
  const enter = thumbprintsOf(found).map(present)
  await rebuildInventory({ kms, store: one.store, now: one.now, enter })
  assert.deepEqual(one.states(), ['claims current'])
})

test('replicas are entered with their primary', async (t) => {
  const replicated = { ...claims, replicas: ['eu-west-1'] }
  const { rebuild, store } = await company(t, [replicated])
  const enter = thumbprintsOf(store.now().keys).map(present)
  const { inventory } = await rebuild({ enter })
  assert.sameMembers(
    present(inventory).keys.map(({ arns = [] }) => arns.join()),
    store.now().keys.map(({ arns = [] }) => arns.join()),
  )
})

test('what is wrong is refused: a store, a list, purposes that nobody knows, a damaged version', async (t) => {
  const { rebuild, lost } = await company(t)
  const store = memoryStore(wrong(undefined))
  await fails(assert, rebuildInventory(wrong({})), 'invalid_argument', /store/)
  await fails(assert, rebuildInventory(wrong(undefined)), 'invalid_argument', /store/)
  await fails(assert, rebuild({ enter: wrong('x') }), 'invalid_argument', /enter/)
  await fails(assert, rebuild({ store, purposes: undefined }), 'invalid_argument', /purposes/)
  await fails(assert, rebuild({ old: wrong({ version: 2 }) }), 'invalid_argument', /version/)
  await fails(assert, rebuild({ enter: ['nothing'] }), 'key_not_found', /enter/)
  const damaged = {
    ...store,
    read: async () => {
      throw new SealdropError('malformed', 'inventory: expected JSON')
    },
  }
  await fails(assert, rebuild({ store: damaged }), 'malformed', /Move it away first/)
  assert.isUndefined(lost.now())
  assert.deepEqual(emptyInventory().keys, [])
})

for (const KeySpec of /** @type {const} */ (['SYMMETRIC_DEFAULT', 'HMAC_256'])) {
  test(`a planted key of ${KeySpec} has no thumbprint, and hinders nobody`, async (t) => {
    const { rebuild, client, store } = await company(t)
    const KeyUsage = KeySpec === 'HMAC_256' ? 'GENERATE_VERIFY_MAC' : 'ENCRYPT_DECRYPT'
    const planted = await plant(client, { KeySpec, KeyUsage })
    const { found } = await rebuild()
    const key = present(found.find(({ arns }) => arns.includes(planted)))
    assert.isUndefined(key.thumbprint)
    assert.lengthOf(found, store.now().keys.length + 1)
  })
}

test('credentials that expire in the midst of the list are an error, and no short list', async (t) => {
  const { rebuild, client } = await company(t)
  let described = 0
  const kms = kmsThrough(client, async (command, send) => {
    if (command instanceof DescribeKeyCommand && ++described > 4)
      throw Object.assign(new Error('expired'), {
        name: 'ExpiredTokenException',
        $metadata: { httpStatusCode: 400 },
      })
    return send()
  })
  await fails(assert, rebuild({ kms }), 'kms_denied')
  assert.isAbove(described, 4)
})

test('clearing a making leaves the states and the purposes of what the store has', async (t) => {
  const one = await company(t, [{ ...claims, keepDays: 3_650 }])
  const { store, rebuild } = one
  one.clock.at += 90 * day
  await one.apply() // a new key is current, and its alias does not move before an hour
  const before = store.now()
  assert.notEqual(await one.aliasOf('alias/claims'), one.idOf('current'))
  store.edit((inventory) => ({
    ...inventory,
    keys: [...inventory.keys.filter(({ state }) => state !== 'next'), making(claims)],
  }))
  const { inventory } = await rebuild({ store, purposes: [claims], enter: [] })
  const { keys, purposes } = present(inventory)
  assert.deepEqual(
    keys,
    before.keys.filter(({ state }) => state !== 'next'),
  )
  assert.deepEqual(purposes, before.purposes)
})

test('a thumbprint that is named twice is entered once', async (t) => {
  const { rebuild, store } = await company(t, [claims])
  const enter = thumbprintsOf(store.now().keys).map(present)
  const { inventory } = await rebuild({ enter: [...enter, ...enter] })
  assert.lengthOf(present(inventory).keys, enter.length)
})

test('an alias that names a key of another use, or one that is not enabled, is a conflict', async (t) => {
  const { rebuild, store, client } = await company(t)
  const enter = thumbprintsOf(store.now().keys).map(present)
  const planted = await plant(client, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
  const move = (TargetKeyId) =>
    client.send(new UpdateAliasCommand({ AliasName: 'alias/claims', TargetKeyId }))
  await client.send(new DeleteAliasCommand({ AliasName: 'alias/claims' }))
  const input = { AliasName: 'alias/claims', TargetKeyId: planted }
  await client.send(new CreateAliasCommand(input))
  const { kid } = await publicJwk({ kms: client, key: planted })
  const all = [...enter, present(kid)]
  await fails(assert, rebuild({ enter: all }), 'conflict', /is not for the use enc/)
  await client.send(new DeleteAliasCommand({ AliasName: 'alias/claims' }))
  const retired = present(
    store.now().keys.find(({ purpose, state }) => purpose === 'claims' && state === 'retired'),
  )
  const [arn = ''] = present(retired.arns)
  await client.send(new CreateAliasCommand({ AliasName: 'alias/claims', TargetKeyId: arn }))
  await move(arn)
  await client.send(new DisableKeyCommand({ KeyId: arn }))
  await fails(assert, rebuild({ old: store.now(), enter: [] }), 'conflict', /is not enabled/)
})

test('who may use a replica is shown, and an alias of its Region that names another key is a conflict', async (t) => {
  const one = await company(t, [{ ...claims, replicas: ['eu-west-1'] }])
  const { rebuild, store, there } = one
  const [, replica] = one.keyOf('current').arns
  const GranteePrincipal = 'arn:aws:iam::111122223333:user/mallory'
  await there.send(
    new CreateGrantCommand({
      KeyId: replica,
      GranteePrincipal,
      Operations: ['DeriveSharedSecret'],
    }),
  )
  const { found } = await rebuild()
  const shown = found.flatMap(({ replicas }) => replicas).find(({ arn }) => arn === replica)
  assert.deepEqual(shown?.grants, [
    { principal: GranteePrincipal, operations: ['DeriveSharedSecret'] },
  ])
  assert.property(shown?.policy, 'Statement')
  const planted = await plant(there)
  await there.send(new UpdateAliasCommand({ AliasName: 'alias/claims', TargetKeyId: planted }))
  const enter = thumbprintsOf(store.now().keys).map(present)
  await fails(assert, rebuild({ enter }), 'conflict', /alias of claims names/)
})
