// applyRotation against the local KMS with a clock: what a run does, and what it leaves alone.
import test from 'node:test'
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DisableKeyCommand,
  GetKeyPolicyCommand,
  ListAliasesCommand,
  ListResourceTagsCommand,
  TagResourceCommand,
} from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { applyRotation } from 'sealdrop/kms'
import { fails } from '../support/host.js'
import { claims, keyEntry, receipts as signing } from '../support/inventories.mjs'
import { accountDecides, deny, policyOf, putPolicy } from '../support/key-policies.mjs'
import { day, hour, kindsOf, minute, rotatingCompany, start } from '../support/rotating-company.mjs'
import { present, wrong } from '../support/types.mjs'

const iso = (time) => new Date(time).toISOString()
const receipts = { ...signing, keepDays: 400 }
const notes = { ...claims, name: 'notes', alias: 'alias/notes' }

test('the first run does what its plan says: a current and a next key for each purpose at once, since nobody has a set yet; the second has nothing to do', async (t) => {
  for (const purposes of [
    [claims, receipts],
    [receipts, claims],
    [claims, notes, receipts],
  ]) {
    const { apply, plan, keyCount, aliasOf, idOf, store } = await rotatingCompany(t, purposes)
    const planned = plan().steps
    assert.isTrue(planned.every(({ notBefore }) => notBefore.getTime() === start))
    const { done, waiting } = await apply()
    assert.deepEqual([done, waiting.length], [planned, 0])
    const currents = store.now().keys.filter(({ state }) => state === 'current')
    assert.isTrue(currents.every(({ starts }) => starts === iso(start)))
    for (const { name, alias } of purposes) {
      const own = store.now().keys.filter(({ purpose }) => purpose === name)
      assert.deepEqual(
        own.map(({ state }) => state),
        ['current', 'next'],
      )
      assert.equal(await aliasOf(alias), idOf('current', name))
    }
    assert.deepEqual((await apply()).done, [])
    assert.equal(await keyCount(), 2 * purposes.length)
    assert.isAtLeast(store.now().counter, start / 1000)
  }
})

test('a purpose that comes later waits: for openers 15 minutes, or until no set without its signing key can be in use', async (t) => {
  const { apply, clock, store } = await rotatingCompany(t, [claims])
  await apply()
  clock.at += day
  store.edit((inventory) => ({
    ...inventory,
    purposes: [...inventory.purposes, notes, receipts],
  }))
  const { waiting } = await apply()
  assert.sameDeepMembers(
    waiting
      .filter(({ kind, key }) => kind !== 'create' && key !== 'claims')
      .map(({ kind, key, notBefore }) => [kind, key, (notBefore.getTime() - clock.at) / minute]),
    [
      ['activate', 'receipts', 49 * 60],
      ['move-alias', 'notes', 15],
      ['move-alias', 'receipts', 49 * 60],
    ],
  )
})

/** The thumbprint that a value was sealed to. */
const kidOf = (value) => JSON.parse(Buffer.from(value.split('.')[0], 'base64url').toString()).kid

test('a rotation: the old key stays enabled, the alias moves when openers know the new one, values of both open', async (t) => {
  const one = await rotatingCompany(t, [claims])
  const { apply, clock, aliasOf, idOf } = one
  await apply()
  const opener = one.opener()
  const values = [await one.sealed()]
  const [old, next] = [idOf('current'), idOf('next')]
  clock.at += 90 * day
  const { done, waiting } = await apply()
  assert.deepEqual(kindsOf(done), ['activate', 'create'])
  assert.deepEqual(
    waiting.map(({ kind, notBefore }) => [kind, notBefore.getTime() - clock.at]),
    [['move-alias', 15 * minute]],
  )
  assert.equal(await aliasOf('alias/claims'), old)
  clock.at += 10 * minute
  values.push(await one.sealed())
  assert.equal(kidOf(values[1]), kidOf(values[0]), 'not before its nbf')
  clock.at += 5 * minute
  assert.deepEqual(kindsOf((await apply()).done), ['move-alias'])
  assert.equal(await aliasOf('alias/claims'), next)
  values.push(await one.sealed())
  assert.notEqual(kidOf(values[2]), kidOf(values[0]))
  for (const value of values)
    assert.equal((await opener.open(value, { context: {} })).text(), 'hello')
  clock.at += 3 * day
  assert.deepEqual(kindsOf((await apply()).done), ['unpublish'])
  clock.at += 6 * minute
  assert.equal((await one.publishedKeys()).length, 1)
  for (const value of values)
    assert.equal((await opener.open(value, { context: {} })).text(), 'hello')
  assert.deepEqual(one.states(), ['claims retired', 'claims current', 'claims next'])
})

test('a change of algorithm is a rotation too, also where the alias has to be made anew', async (t) => {
  const { apply, clock, store, aliasOf, idOf, describe } = await rotatingCompany(t, [claims])
  await apply()
  store.edit((inventory) => ({
    ...inventory,
    purposes: [{ ...claims, spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' }],
  }))
  assert.deepEqual(kindsOf((await apply()).done), ['set-aside', 'create'])
  clock.at += 90 * day
  await apply()
  clock.at += 15 * minute
  await apply()
  assert.equal(await aliasOf('alias/claims'), idOf('current'))
  assert.equal((await describe('alias/claims')).KeySpec, 'RSA_2048')
})

test('a plan that is applied twice, or late, rotates once', async (t) => {
  const { apply, clock, plan, local, store, now, states, keyCount } = await rotatingCompany(t, [
    claims,
  ])
  await apply()
  clock.at += 90 * day
  const old = JSON.parse(JSON.stringify(plan()))
  const run = () => applyRotation(old, { kms: local.clientConfig, store, now })
  assert.deepEqual(kindsOf((await run()).done), ['activate', 'create'])
  const after = [states(), await keyCount()]
  clock.at += hour
  assert.deepEqual(kindsOf((await run()).done), ['move-alias'])
  clock.at += 200 * day
  assert.deepEqual((await run()).done, [])
  assert.deepEqual([states(), await keyCount()], after)
})

test('a key that had no time to be known is not activated, whatever the plan says', async (t) => {
  const { apply, clock, plan, local, store, now } = await rotatingCompany(t, [claims])
  await apply()
  clock.at += 90 * day
  const early = plan()
  store.edit((inventory) => ({
    ...inventory,
    keys: inventory.keys.filter(({ state }) => state !== 'next'),
  }))
  const { done, waiting } = await applyRotation(early, { kms: local.clientConfig, store, now })
  assert.deepEqual([kindsOf(done), kindsOf(waiting)], [['create'], ['activate', 'move-alias']])
})

test('no key is made that would make the set too large for every client; what is there goes on', async (t) => {
  const { apply, store, keyCount } = await rotatingCompany(t, [claims, receipts])
  const soon = iso(start - 10 * day)
  const retired = Array.from({ length: 31 }, (_, i) => {
    const number = String(i).padStart(2, '0')
    return keyEntry(i % 10, receipts, 'retired', {
      made: iso(start - 100 * day),
      retired: soon,
      published: soon,
      starts: soon,
      token: `${'R'.repeat(20)}${number}`,
      thumbprint: String(i).padStart(43, 'R'),
      arns: [`arn:aws:kms:us-east-1:111122223333:key/000000${number}-2222-4222-8333-444455556666`],
    })
  })
  store.edit((inventory) => ({ ...inventory, keys: retired }))
  await fails(assert, apply(), 'too_large', /more than 32 keys.*keepDays/)
  assert.equal(await keyCount(), 0)
  store.edit((inventory) => ({ ...inventory, keys: retired.slice(0, 20) }))
  assert.isAbove((await apply()).done.length, 0)
})

test('an alias that names a key which the inventory does not know is left alone, and the other purposes go on', async (t) => {
  const { apply, client, aliasOf, keyCount, states } = await rotatingCompany(t, [claims, receipts])
  const { KeyMetadata } = await client.send(
    new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' }),
  )
  const KeyId = present(KeyMetadata?.KeyId)
  await client.send(new CreateAliasCommand({ AliasName: 'alias/claims', TargetKeyId: KeyId }))
  await fails(
    assert,
    apply(),
    'conflict',
    /alias\/claims names arn:\S+, which the inventory does not know/,
  )
  assert.equal(await aliasOf('alias/claims'), KeyId)
  assert.equal(await keyCount(), 3)
  assert.deepEqual(states(), ['receipts current', 'receipts next'])
})

test('keys are made where the alias says, by an alias ARN in another Region', async (t) => {
  const { apply, there, keyOf } = await rotatingCompany(t, [
    { ...claims, alias: 'arn:aws:kms:eu-west-1:111122223333:alias/claims' },
  ])
  await apply()
  for (const state of ['current', 'next'])
    assert.match(keyOf(state).arns[0], /^arn:aws:kms:eu-west-1:/)
  assert.lengthOf(present((await there.send(new ListAliasesCommand({}))).Aliases), 1)
})

test('a next key that somebody disabled is set aside, and another one comes into use', async (t) => {
  const { apply, clock, client, idOf, states } = await rotatingCompany(t, [claims])
  await apply()
  const stopped = idOf('next')
  await client.send(new DisableKeyCommand({ KeyId: stopped }))
  clock.at += 90 * day
  const { done, waiting } = await apply()
  assert.deepEqual([kindsOf(done), kindsOf(waiting)], [['create'], ['activate', 'move-alias']])
  assert.notEqual(idOf('next'), stopped)
  clock.at += 3 * day
  assert.deepEqual(kindsOf((await apply()).done), ['activate', 'create'])
  assert.deepEqual(states(), ['claims retired', 'claims retired', 'claims current', 'claims next'])
})

test('an alias, spec, usage or algorithm that is written anew while a key is current is followed', async (t) => {
  const { apply, run, store, aliasOf, idOf, keyOf } = await rotatingCompany(t, [claims, receipts])
  const done = async () => (await apply()).done.map(({ kind, key }) => `${kind} ${key}`)
  await run(3)
  const renamed = { ...claims, alias: 'alias/renamed' }
  const rsa = { ...receipts, spec: 'RSA_2048' }
  store.edit((inventory) => ({ ...inventory, purposes: [renamed, { ...rsa, alg: 'RS256' }] }))
  assert.deepEqual(await done(), ['move-alias claims', 'set-aside receipts', 'create receipts'])
  assert.equal(await aliasOf('alias/renamed'), idOf('current'))
  store.edit((inventory) => ({ ...inventory, purposes: [renamed, rsa] }))
  assert.deepEqual(await done(), ['set-aside receipts', 'create receipts'])
  assert.equal(keyOf('next', 'receipts').alg, 'PS256')
  assert.deepEqual(await done(), [])
})

test('the next key has the key policy and the tags of the current one, or the policy of its purpose', async (t) => {
  const { apply, clock, client, store, idOf, keyOf } = await rotatingCompany(t, [claims])
  await apply()
  const account = keyOf('current').arns[0].split(':')[4]
  const policyOfKey = async (KeyId) =>
    JSON.parse(
      present(
        (await client.send(new GetKeyPolicyCommand({ KeyId, PolicyName: 'default' }))).Policy,
      ),
    )
  const tagsOfKey = async (KeyId) =>
    (await client.send(new ListResourceTagsCommand({ KeyId }))).Tags
  const policyWith = (Sid) =>
    policyOf(accountDecides(account), { Sid, ...deny('kms:ReEncryptTo', '*') })
  const tags = [{ TagKey: 'cost', TagValue: '7' }]
  await putPolicy(client, idOf('next'), policyWith('ByHand'))
  await client.send(new TagResourceCommand({ KeyId: idOf('next'), Tags: tags }))
  clock.at += 90 * day
  await apply()
  assert.deepEqual(await policyOfKey(idOf('next')), policyWith('ByHand'))
  assert.deepEqual(await tagsOfKey(idOf('next')), tags)
  store.edit((inventory) => ({
    ...inventory,
    purposes: [{ ...claims, policy: policyWith('OfThePurpose') }],
  }))
  clock.at += 91 * day
  await apply()
  assert.deepEqual(await policyOfKey(idOf('next')), policyWith('OfThePurpose'))
  assert.deepEqual(await tagsOfKey(idOf('next')), tags)
})

test('wrong arguments are invalid_argument, a missing inventory key_not_found', async (t) => {
  const { store, local, plan } = await rotatingCompany(t, [claims])
  const kms = local.clientConfig
  const now = () => start
  for (const bad of [
    undefined,
    {},
    { steps: 5 },
    { steps: [{ kind: 'delete-everything' }] },
    { steps: [null] },
  ])
    await fails(assert, applyRotation(wrong(bad), { store }), 'invalid_argument', /plan/)
  for (const bad of [undefined, {}, { store: {} }])
    await fails(assert, applyRotation({ steps: [] }, wrong(bad)), 'invalid_argument', /store/)
  const { steps } = plan()
  const nothing = { read: async () => undefined, write: async () => {} }
  await fails(
    assert,
    applyRotation({ steps }, { kms, store: nothing, now }),
    'key_not_found',
    /no inventory/,
  )
  await fails(
    assert,
    applyRotation({ steps: [{ ...steps[0], key: 'gone' }] }, { kms, store, now }),
    'key_not_found',
    /no purpose gone/,
  )
  const reason = new Error('mine')
  const aborted = { kms, store, signal: AbortSignal.abort(reason) }
  assert.equal(await applyRotation({ steps }, aborted).catch((error) => error), reason)
})
