// What happens to keys and aliases outside of the inventory, and mistakes that are corrected later:
// no purpose is stuck, no value is lost.
import test from 'node:test'
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { applyRotation, deleteKey, restoreKey, retireKey } from 'sealdrop/kms'
import { claims, receipts as signing } from '../support/inventories.mjs'
import { accountDecides, policyOf, putPolicy } from '../support/key-policies.mjs'
import { kmsThrough } from '../support/kms-through.mjs'
import { day, hour, rotatingCompany } from '../support/rotating-company.mjs'
import { present, wrong } from '../support/types.mjs'

/** @import { Purpose } from 'sealdrop/kms' */

const receipts = { ...signing, keepDays: 400 }
const account = '111122223333'
/** Each client gets an object of its own, since it adds members to it. */
const operator = () => ({ accessKeyId: 'LOCALOP', secretAccessKey: 'opsecret' })
/** The root of the account, and an operator with these IAM policies. */
const users = (...policies) =>
  JSON.stringify({
    account,
    principals: [
      {
        arn: `arn:aws:iam::${account}:root`,
        accessKeyId: 'LOCALROOT',
        secretAccessKey: 'rootsecret',
      },
      { arn: `arn:aws:iam::${account}:user/op`, ...operator(), policies },
    ],
  })
const told = (work) =>
  work.then(
    () => 'ok',
    (error) => `${error.code} ${error.message}`,
  )
const pendingDeletion = (KeyId) => new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 })

test('a purpose that is renamed with its keys while a making was cut off uses no key twice', async (t) => {
  const one = await rotatingCompany(t, [claims])
  let lost = false
  const kms = kmsThrough(one.client, async (command, send) => {
    if (lost) throw new Error('crash')
    const answer = await send()
    lost = command instanceof CreateKeyCommand
    if (lost) throw new Error('crash')
    return answer
  })
  await one.told({ kms })
  assert.deepEqual(one.states(), ['claims making'])
  one.store.edit((inventory) => ({
    ...inventory,
    purposes: [{ ...claims, name: 'forms' }],
    keys: inventory.keys.map((key) => ({ ...key, purpose: 'forms' })),
  }))
  for (let i = 0; i < 3; i++) {
    one.clock.at += hour
    await one.apply()
  }
  assert.deepEqual(one.states(), ['forms current', 'forms next'])
  // what the lost answer was about is left over, and nobody uses it
  assert.equal(await one.keyCount(), one.arns().length + 1)
})

test('a plan whose notBefore is no date is refused', async (t) => {
  const one = await rotatingCompany(t, [claims])
  await one.apply()
  one.clock.at += 10 * day
  const steps = one.plan().steps.map((step) => ({ ...step, notBefore: wrong(undefined) }))
  const o = { kms: one.local.clientConfig, store: one.store, now: one.now }
  t.diagnostic(await told(applyRotation({ steps }, o)))
  t.diagnostic(one.states().join())
  assert.deepEqual(one.states(), ['claims current', 'claims next'])
})

test('a signing key that was set aside and never signed leaves the set', async (t) => {
  const one = await rotatingCompany(t, [receipts])
  await one.run(3)
  const { thumbprint, arns } = one.keyOf('next', 'receipts')
  await one.client.send(new DisableKeyCommand({ KeyId: arns[0] }))
  await one.run(30, 5 * day)
  t.diagnostic(one.states().join())
  assert.notInclude(JSON.stringify(await one.publishedKeys()), thumbprint)
})

test('a key that is gone in KMS can be retired and disabled in the inventory', async (t) => {
  const one = await rotatingCompany(t, [claims])
  await one.apply()
  const next = one.keyOf('next')
  await one.client.send(pendingDeletion(next.arns[0]))
  for (let i = 0; i < 12; i++) {
    one.clock.at += 10 * day
    await one.told()
  }
  t.diagnostic(one.states().join())
  const retired = await told(
    retireKey({
      kms: one.local.clientConfig,
      store: one.store,
      key: next.thumbprint,
      now: one.now,
      keepUntil: new Date(one.clock.at),
      disable: true,
    }),
  )
  t.diagnostic(retired)
  assert.equal(retired, 'ok')
})

test('a deletion that was cancelled by hand, and that the inventory takes for final, is restored, and the value opens', async (t) => {
  const one = await rotatingCompany(t, [claims])
  await one.apply()
  const value = await one.sealed()
  one.clock.at += 91 * day
  await one.apply()
  one.clock.at += 3 * day
  await one.apply()
  const {
    thumbprint: key,
    arns: [KeyId],
  } = one.keyOf('retired')
  const o = { kms: one.local.clientConfig, store: one.store, key, now: one.now }
  await retireKey({ ...o, keepUntil: new Date(one.clock.at), disable: true })
  await deleteKey({ ...o, confirm: key, days: 7 })
  await one.client.send(new CancelKeyDeletionCommand({ KeyId }))
  await one.client.send(new EnableKeyCommand({ KeyId }))
  one.clock.at += 8 * day
  const opener = one.opener()
  t.diagnostic(await told(restoreKey(o)))
  assert.equal(
    await opener.open(value, { context: {} }).then(
      (opened) => opened.text(),
      (error) => error.code,
    ),
    'hello',
  )
})

/** @type {Record<string, Partial<Purpose>>} */
const mistakes = {
  'Region mistyped': { alias: 'arn:aws:kms:eu-wset-1:111122223333:alias/claims' },
  'account mistyped': { alias: 'arn:aws:kms:us-east-1:999999999999:alias/claims' },
  'spec refused by an SCP': { spec: 'RSA_4096', usage: 'ENCRYPT_DECRYPT' },
}
/** An operator who may do everything but make RSA_4096 keys. */
const withoutRsa4096 = users(
  policyOf(
    { Effect: 'Allow', Action: 'kms:*', Resource: '*' },
    {
      Effect: 'Deny',
      Action: 'kms:CreateKey',
      Resource: '*',
      Condition: { StringEquals: { 'kms:KeySpec': 'RSA_4096' } },
    },
  ),
)
for (const [what, mistake] of Object.entries(mistakes))
  for (const first of [true, false])
    test(`a making that KMS refused (${what}) does not outlive the correction, of a ${first ? 'first' : 'next'} key`, async (t) => {
      const mistaken = { ...claims, ...mistake }
      const one = await rotatingCompany(t, [first ? mistaken : claims], {
        credentials: withoutRsa4096,
      })
      const kms = { ...one.local.clientConfig, credentials: operator() }
      if (!first) {
        await one.apply({ kms })
        one.clock.at += day
        one.store.edit((inventory) => ({ ...inventory, purposes: [mistaken] }))
      }
      t.diagnostic(await one.told({ kms }))
      t.diagnostic(`${await one.keyCount()} keys; ${one.states().join()}`)
      one.store.edit((inventory) => ({ ...inventory, purposes: [claims] })) // it is corrected
      for (let i = 0; i < 4; i++) {
        one.clock.at += 50 * hour
        t.diagnostic(await one.told({ kms }))
      }
      assert.deepEqual(
        one.states().filter((state) => !state.includes('retired')),
        ['claims current', 'claims next'],
      )
    })

test('a key policy that names its own key as the resource lets the same people use the next one', async (t) => {
  const one = await rotatingCompany(t, [claims], { credentials: users() })
  await one.apply()
  for (const state of ['current', 'next']) {
    const [arn] = one.keyOf(state).arns
    const mayOpen = {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${account}:user/op` },
      Action: ['kms:DeriveSharedSecret', 'kms:GetPublicKey'],
      Resource: arn,
    }
    await putPolicy(one.client, arn, policyOf(accountDecides(account), mayOpen))
  }
  const opener = one.opener({ kms: { ...one.local.clientConfig, credentials: operator() } })
  for (let i = 0; i < 3; i++) {
    const opened = await opener.open(await one.sealed(), { context: {} })
    assert.equal(opened.text(), 'hello', `rotation ${i}`)
    one.clock.at += 91 * day
    await one.apply()
    one.clock.at += hour
    await one.apply()
  }
})

test('an alias that somebody else has does not hold up the keys of its purpose', async (t) => {
  const one = await rotatingCompany(t, [claims])
  await one.apply()
  const { KeyMetadata } = await one.client.send(
    new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' }),
  )
  const TargetKeyId = present(KeyMetadata?.KeyId)
  await one.client.send(new CreateAliasCommand({ AliasName: 'alias/taken', TargetKeyId }))
  one.store.edit((inventory) => ({
    ...inventory,
    purposes: [{ ...claims, alias: 'alias/taken' }],
  }))
  one.clock.at += 91 * day
  assert.match(await one.told(), /^conflict: \S+alias\/taken names/)
  assert.deepEqual(one.states(), ['claims retired', 'claims current', 'claims next'])
})

test('a current key that is gone: the next one asks for a policy', async (t) => {
  const one = await rotatingCompany(t, [claims])
  await one.apply()
  for (const state of ['current', 'next'])
    await one.client.send(pendingDeletion(one.keyOf(state).arns[0]))
  for (let i = 0; i < 9; i++) {
    one.clock.at += 10 * day
    await one.told()
  }
  assert.match(
    await one.told(),
    /^key_unusable: the current key of claims is gone.*give the purpose a policy/,
  )
  const own = one.keyOf('current').arns[0].split(':')[4]
  one.store.edit((inventory) => ({
    ...inventory,
    purposes: [{ ...claims, policy: policyOf(accountDecides(own)) }],
  }))
  for (let i = 0; i < 3; i++) {
    one.clock.at += 50 * hour
    await one.told()
  }
  assert.equal((await one.describe(one.keyOf('current').arns[0])).KeyState, 'Enabled')
})

test('a rotation that another one overtakes before it makes a key is told so, and makes none', async (t) => {
  const one = await rotatingCompany(t, [claims])
  let isFirst = true
  const kms = kmsThrough(one.client, async (_, send) => {
    if (isFirst) {
      isFirst = false
      await one.apply()
    }
    return send()
  })
  assert.match(
    await one.told({ kms }),
    /^conflict: another publisher has made the next key of claims/,
  )
  assert.deepEqual(one.states(), ['claims current', 'claims next'])
})
