// Rotations of multi-Region keys: replicas that are lost, stopped or used, and keys that come back.
import { generateKeyPairSync } from 'node:crypto'
import test from 'node:test'
import {
  DeriveSharedSecretCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  GetKeyPolicyCommand,
  KMSClient,
  ListResourceTagsCommand,
  ScheduleKeyDeletionCommand,
  TagResourceCommand,
} from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { deleteKey, doctor, restoreKey, retireKey } from 'sealdrop/kms'
import { claims, receipts } from '../support/inventories.mjs'
import { accountDecides, deny, policyOf, putPolicy } from '../support/key-policies.mjs'
import { kmsThrough } from '../support/kms-through.mjs'
import { day, hour, minute, rotatingCompany, start } from '../support/rotating-company.mjs'
import { present } from '../support/types.mjs'

const regions = ['us-east-1', 'eu-west-1']
const replicated = { ...claims, replicas: ['eu-west-1'] }
/** What a run leaves: the client of each Region names its own key by the alias. */
const clientIn = (one, region) => new KMSClient({ ...one.local.clientConfig, region })

/** Clients of all Regions that crash after a number of calls. */
function crashingAfter(one, calls) {
  let count = 0
  const clients = new Map()
  return (region) => {
    if (!clients.has(region)) clients.set(region, clientIn(one, region))
    return kmsThrough(clients.get(region), async (_command, send) => {
      const answer = await send()
      if (++count >= calls) throw new Error('crash')
      return answer
    })
  }
}

/** Two keys, each with one id and an ARN in each Region, where the alias names the current one. */
async function assertReplicated(one, place) {
  const { keys } = one.store.now()
  assert.deepEqual(one.states(), ['claims current', 'claims next'], place)
  for (const { arns } of keys) {
    assert.deepEqual(
      arns.map((arn) => arn.split(':')[3]),
      regions,
    )
    assert.equal(new Set(arns.map((arn) => arn.split('/')[1])).size, 1)
  }
  for (const region of regions) {
    const client = clientIn(one, region)
    // where its answer was lost CreateKey left a key behind, which nobody replicates
    const left = (await one.keyCount(client)) - keys.length
    assert.include(region === 'us-east-1' ? [0, 1] : [0], left, `${region} ${place}`)
    assert.equal(
      (await one.describe('alias/claims', client)).Arn,
      keys[0].arns.find((arn) => arn.includes(region)),
    )
  }
}

test('multi-Region keys: one JWK, an ARN and an alias in each Region, crashes included; either Region opens while the other is down', async (t) => {
  const aliasArn = 'arn:aws:kms:us-east-1:111122223333:alias/claims'
  /** Whether a run crashes that may make so many calls. */
  const attempt = async (calls) => {
    const one = await rotatingCompany(t, [{ ...replicated, alias: aliasArn }])
    const crashed = await one.apply({ kms: crashingAfter(one, calls) }).then(
      () => false,
      () => true,
    )
    one.clock.at += 30 * minute
    await one.run(4)
    await assertReplicated(one, `after call ${calls}`)
    return { one, crashed }
  }
  let crashes = 0
  let { one, crashed } = await attempt(1)
  while (crashed) {
    crashes++
    await one.local.close()
    ;({ one, crashed } = await attempt(crashes + 1))
  }
  const sealed = await one.sealed()
  for (const region of regions) {
    one.local.faults.clear()
    one.local.faults.add({ kind: 'region-down', region })
    const kms = { ...one.local.clientConfig, region: undefined, maxAttempts: 1 }
    const opened = await one.opener({ kms }).open(sealed, { context: {} })
    assert.equal(opened.text(), 'hello', `${region} is down`)
  }
  assert.isAbove(crashes, 10)
})

test('a replica of the next key that was deleted in its Region does not end the rotations', async (t) => {
  const one = await rotatingCompany(t, [replicated])
  await one.apply()
  const [, replica] = one.keyOf('next').arns
  await one.there.send(new ScheduleKeyDeletionCommand({ KeyId: replica, PendingWindowInDays: 7 }))
  for (let i = 0; i < 14; i++) {
    one.clock.at += 31 * day
    t.diagnostic(`${(one.clock.at - start) / day} ${await one.told()} | ${one.states().join()}`)
  }
  assert.isAbove(
    one.store.now().keys.filter(({ state }) => state === 'retired').length,
    2,
    'a year of quarterly rotations',
  )
})

test('a replica has the key policy and the tags of the replica before it', async (t) => {
  const one = await rotatingCompany(t, [replicated])
  await one.apply()
  const account = one.keyOf('current').arns[0].split(':')[4]
  const policy = policyOf(accountDecides(account), {
    Sid: 'OnlyInEurope',
    ...deny('kms:ReEncryptTo', '*'),
  })
  const tags = [{ TagKey: 'cost', TagValue: 'eu' }]
  for (const state of ['current', 'next']) {
    const KeyId = one.keyOf(state).arns[1]
    await putPolicy(one.there, KeyId, policy)
    await one.there.send(new TagResourceCommand({ KeyId, Tags: tags }))
  }
  one.clock.at += 91 * day
  await one.apply()
  one.clock.at += hour
  await one.apply()
  const KeyId = one.keyOf('next').arns[1]
  const { Policy } = await one.there.send(new GetKeyPolicyCommand({ KeyId, PolicyName: 'default' }))
  const { Tags } = await one.there.send(new ListResourceTagsCommand({ KeyId }))
  assert.deepEqual(JSON.parse(present(Policy)), policy)
  assert.deepEqual(Tags, tags)
})

test('the last use is the latest of all Regions', async (t) => {
  const one = await rotatingCompany(t, [replicated])
  await one.apply()
  one.clock.at += 91 * day
  await one.apply()
  one.clock.at += 3 * day
  await one.apply()
  const old = one.keyOf('retired')
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await one.there.send(
    new DeriveSharedSecretCommand({
      KeyId: old.arns[1],
      KeyAgreementAlgorithm: 'ECDH',
      PublicKey: publicKey.export({ type: 'spki', format: 'der' }),
    }),
  )
  const retired = await retireKey({
    kms: one.local.clientConfig,
    store: one.store,
    key: old.thumbprint,
    keepUntil: new Date(one.clock.at),
    now: one.now,
  })
  t.diagnostic(JSON.stringify(retired))
  assert.isDefined(retired.lastUse)
})

test('a next key that is Updating in KMS for a moment is waited for', async (t) => {
  const one = await rotatingCompany(t, [replicated])
  await one.apply()
  const next = one.keyOf('next')
  one.clock.at += 91 * day
  // UpdatePrimaryRegion is under way: DescribeKey says Updating for some seconds, while every
  // cryptographic operation works
  const updating = (region) =>
    kmsThrough(region === 'eu-west-1' ? one.there : one.client, async (command, send) => {
      const answer = await send()
      if (command instanceof DescribeKeyCommand && answer.KeyMetadata.Arn === next.arns[0])
        answer.KeyMetadata.KeyState = 'Updating'
      return answer
    })
  one.store.edit((inventory) => ({
    ...inventory,
    purposes: [
      { ...inventory.purposes[0], alias: 'arn:aws:kms:us-east-1:111122223333:alias/claims' },
    ],
  }))
  t.diagnostic(await one.told({ kms: updating }))
  t.diagnostic(one.states().join())
  assert.notEqual(one.entry(next.thumbprint).state, 'retired')
})

test('a replica of the next key that is disabled, or waits for its deletion, is noticed', async (t) => {
  const stops = [
    (KeyId) => new DisableKeyCommand({ KeyId }),
    (KeyId) => new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 30 }),
  ]
  for (const stop of stops) {
    const one = await rotatingCompany(t, [replicated])
    await one.apply()
    const next = one.keyOf('next')
    one.clock.at += 89 * day
    await one.there.send(stop(next.arns[1]))
    one.clock.at += 2 * day
    await one.told()
    one.clock.at += hour
    await one.told()
    assert.notEqual(one.keyOf('current').thumbprint, next.thumbprint)
    assert.equal(one.entry(next.thumbprint).state, 'retired')
  }
})

/** A key that is deleted: its replica is gone, its primary waits; and a value sealed to it. */
async function deletedKey(t) {
  const one = await rotatingCompany(t, [replicated])
  await one.apply()
  const value = await one.sealed()
  one.clock.at += 91 * day
  await one.apply()
  one.clock.at += 3 * day
  await one.apply()
  const { thumbprint: key } = one.keyOf('retired')
  const o = { kms: one.local.clientConfig, store: one.store, key, now: one.now }
  await retireKey({ ...o, keepUntil: new Date(one.clock.at), disable: true })
  const { deletes } = await deleteKey({ ...o, confirm: key, days: 7 })
  t.diagnostic(`final in ${(deletes.getTime() - one.clock.at) / day} days`)
  one.clock.at += 9 * day
  return { one, o, value }
}

test('a multi-Region key whose replica is gone is restored, and the value opens', async (t) => {
  const { one, o, value } = await deletedKey(t)
  t.diagnostic(
    await restoreKey(o).then(
      () => 'restored',
      (error) => `${error.code} ${error.message}`,
    ),
  )
  t.diagnostic(one.states().join())
  const primary = present(one.entry(o.key).arns)[0]
  t.diagnostic(`${(await one.describe(primary)).KeyState}`)
  one.clock.at += 30 * day
  t.diagnostic(`${(await one.describe(primary)).KeyState}`)
  assert.equal(
    await one
      .opener()
      .open(value, { context: {} })
      .then(
        (opened) => opened.text(),
        (error) => `${error.code} ${error.message}`,
      ),
    'hello',
  )
})

test('doctor has nothing against a multi-Region key that is deleted on purpose', async (t) => {
  const { one } = await deletedKey(t)
  const findings = await doctor({ store: one.store, kms: one.local.clientConfig, now: one.now })
  const wrong = findings.filter(({ ok }) => !ok)
  t.diagnostic(wrong.map(({ check, advice }) => `${check}: ${advice}`).join(' \n'))
  assert.deepEqual(
    wrong.map(({ check }) => check).filter((check) => !check.startsWith('clock')),
    [],
  )
})

test('an alias is not moved to a replica that is disabled', async (t) => {
  const one = await rotatingCompany(t, [{ ...receipts, keepDays: 400, replicas: ['eu-west-1'] }])
  await one.run(3)
  await one.there.send(new DisableKeyCommand({ KeyId: one.keyOf('next', 'receipts').arns[1] }))
  one.clock.at += 90 * day
  t.diagnostic(await one.told())
  assert.equal((await one.describe('alias/receipts', one.there)).KeyState, 'Enabled')
})
