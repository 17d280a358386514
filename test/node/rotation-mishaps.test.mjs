// What happens to keys, aliases and replicas outside of the inventory, and mistakes that are
// corrected later: no purpose is stuck, no value is lost.
import test from 'node:test'
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  DeriveSharedSecretCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  GetKeyPolicyCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  PutKeyPolicyCommand,
  ScheduleKeyDeletionCommand,
  TagResourceCommand,
  KMSClient,
} from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { importKeySet, inHand, seal, SealdropError } from 'sealdrop'
import {
  applyRotation,
  createOpener,
  createPublisher,
  deleteKey,
  doctor,
  planRotation,
  restoreKey,
  retireKey,
} from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'

const minute = 60_000,
  hour = 60 * minute,
  day = 24 * hour
const start = Date.UTC(2030, 0, 31, 12)
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
  keepDays: 400,
}
const empty = (...purposes) => ({ version: 1, counter: 0, purposes, keys: [] })
function memoryStore(first) {
  let [inventory, version] = [first, 1]
  return {
    now: () => inventory,
    read: async () => ({ inventory, etag: String(version) }),
    write: async (next, etag) => {
      if (etag !== String(version)) throw new SealdropError('conflict', 'other')
      inventory = structuredClone(next)
      version++
    },
    edit: (change) => {
      inventory = change(inventory)
      version++
    },
  }
}
async function world(t, o, ...purposes) {
  const clock = { at: start }
  const local = await startLocalKms({ regions: ['eu-west-1'], now: () => clock.at, ...o })
  t.after(() => local.close())
  const client = new KMSClient(local.clientConfig)
  const there = new KMSClient({ ...local.clientConfig, region: 'eu-west-1' })
  const store = memoryStore(empty(...purposes))
  const plan = () => planRotation(store.now(), { now: new Date(clock.at), every: 'P90D' })
  const apply = (o = {}) =>
    applyRotation(plan(), { kms: local.clientConfig, store, now: () => clock.at, ...o })
  const tried = async (o) =>
    apply(o).then(
      ({ done }) => done.map(({ kind }) => kind).join(),
      (e) => `${e.code}: ${e.message}`,
    )
  const keyOf = (state, purpose = 'claims') =>
    store.now().keys.find((k) => k.state === state && k.purpose === purpose)
  const keyCount = async (c = client) => (await c.send(new ListKeysCommand({}))).Keys.length
  const states = () => store.now().keys.map(({ purpose, state }) => `${purpose} ${state}`)
  return { clock, local, client, there, store, plan, apply, tried, keyOf, keyCount, states }
}
const users = (...policies) =>
  JSON.stringify({
    account: '111122223333',
    principals: [
      {
        arn: 'arn:aws:iam::111122223333:root',
        accessKeyId: 'LOCALROOT',
        secretAccessKey: 'rootsecret',
      },
      {
        arn: 'arn:aws:iam::111122223333:user/op',
        accessKeyId: 'LOCALOP',
        secretAccessKey: 'opsecret',
        policies,
      },
    ],
  })

test('a replica of the next key that was deleted in its Region does not end the rotations', async (t) => {
  const one = await world(t, {}, { ...claims, replicas: ['eu-west-1'] })
  await one.apply()
  await one.there.send(
    new ScheduleKeyDeletionCommand({ KeyId: one.keyOf('next').arns[1], PendingWindowInDays: 7 }),
  )
  const was = one.keyOf('next').thumbprint
  for (let i = 0; i < 14; i++) {
    one.clock.at += 31 * day
    t.diagnostic(`${(one.clock.at - start) / day} ${await one.tried()} | ${one.states()}`)
  }
  assert.isAbove(
    one.store.now().keys.filter(({ state }) => state === 'retired').length,
    2,
    'a year of quarterly rotations',
  )
})

test('a replica has the key policy and the tags of the replica before it', async (t) => {
  const one = await world(t, {}, { ...claims, replicas: ['eu-west-1'] })
  await one.apply()
  const acc = one.keyOf('current').arns[0].split(':')[4]
  const p = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${acc}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
      {
        Sid: 'OnlyInEurope',
        Effect: 'Deny',
        Principal: '*',
        Action: 'kms:ReEncryptTo',
        Resource: '*',
      },
    ],
  }
  for (const s of ['current', 'next']) {
    await one.there.send(
      new PutKeyPolicyCommand({
        KeyId: one.keyOf(s).arns[1],
        PolicyName: 'default',
        Policy: JSON.stringify(p),
      }),
    )
    await one.there.send(
      new TagResourceCommand({
        KeyId: one.keyOf(s).arns[1],
        Tags: [{ TagKey: 'cost', TagValue: 'eu' }],
      }),
    )
  }
  one.clock.at += 91 * day
  await one.apply()
  one.clock.at += hour
  await one.apply()
  const got = JSON.parse(
    (
      await one.there.send(
        new GetKeyPolicyCommand({ KeyId: one.keyOf('next').arns[1], PolicyName: 'default' }),
      )
    ).Policy,
  )
  t.diagnostic(
    JSON.stringify(
      (await one.there.send(new ListResourceTagsCommand({ KeyId: one.keyOf('next').arns[1] })))
        .Tags,
    ),
  )
  assert.deepEqual(got, p)
})

test('the last use is the latest of all Regions', async (t) => {
  const one = await world(t, {}, { ...claims, replicas: ['eu-west-1'] })
  await one.apply()
  one.clock.at += 91 * day
  await one.apply()
  one.clock.at += 3 * day
  await one.apply()
  const old = one.keyOf('retired')
  const { generateKeyPairSync } = await import('node:crypto')
  await one.there.send(
    new DeriveSharedSecretCommand({
      KeyId: old.arns[1],
      KeyAgreementAlgorithm: 'ECDH',
      PublicKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
        type: 'spki',
        format: 'der',
      }),
    }),
  )
  const r = await retireKey({
    kms: one.local.clientConfig,
    store: one.store,
    key: old.thumbprint,
    keepUntil: new Date(one.clock.at),
    now: () => one.clock.at,
  })
  t.diagnostic(JSON.stringify(r))
  assert.isDefined(r.lastUse)
})

test('a purpose that is renamed with its keys while a making was cut off makes no key twice', async (t) => {
  const one = await world(t, {}, claims)
  let lost = false
  const kms = {
    config: one.client.config,
    destroy() {},
    send: async (c, o) => {
      if (lost) throw new Error('crash')
      const a = await one.client.send(c, o)
      if (c instanceof CreateKeyCommand) {
        lost = true
        throw new Error('crash')
      }
      return a
    },
  }
  await one.tried({ kms })
  assert.deepEqual(one.states(), ['claims making'])
  one.store.edit((i) => ({
    ...i,
    purposes: [{ ...claims, name: 'forms' }],
    keys: i.keys.map((k) => ({ ...k, purpose: 'forms' })),
  }))
  for (let i = 0; i < 3; i++) {
    one.clock.at += hour
    await one.apply()
  }
  assert.equal(await one.keyCount(), one.store.now().keys.length)
})

test('a plan whose notBefore is no date is refused', async (t) => {
  const one = await world(t, {}, claims)
  await one.apply()
  one.clock.at += 10 * day
  const steps = one.plan().steps.map((s) => ({ ...s, notBefore: undefined }))
  const r = await applyRotation(
    { steps },
    { kms: one.local.clientConfig, store: one.store, now: () => one.clock.at },
  ).then(
    (r) => r,
    (e) => e,
  )
  t.diagnostic(one.states().join())
  assert.deepEqual(one.states(), ['claims current', 'claims next'])
})

test('a signing key that was set aside and never signed leaves the set', async (t) => {
  const one = await world(t, {}, receipts)
  for (let i = 0; i < 3; i++) {
    await one.apply()
    one.clock.at += 50 * hour
  }
  await one.client.send(new DisableKeyCommand({ KeyId: one.keyOf('next', 'receipts').arns[0] }))
  const was = one.keyOf('next', 'receipts').thumbprint
  for (let i = 0; i < 30; i++) {
    await one.apply()
    one.clock.at += 5 * day
  }
  const { jwks } = await createPublisher({ keys: one.store, now: () => one.clock.at }).documents()
  t.diagnostic(one.states().join())
  assert.notInclude(jwks, was)
})

test('a key that is gone in KMS can be retired and disabled in the inventory', async (t) => {
  const one = await world(t, {}, claims)
  await one.apply()
  const next = one.keyOf('next')
  await one.client.send(
    new ScheduleKeyDeletionCommand({ KeyId: next.arns[0], PendingWindowInDays: 7 }),
  )
  for (let i = 0; i < 12; i++) {
    one.clock.at += 10 * day
    await one.tried()
  }
  const o = {
    kms: one.local.clientConfig,
    store: one.store,
    key: next.thumbprint,
    now: () => one.clock.at,
  }
  t.diagnostic(one.states().join())
  const said = await retireKey({ ...o, keepUntil: new Date(one.clock.at), disable: true }).then(
    () => 'ok',
    (e) => `${e.code} ${e.message}`,
  )
  t.diagnostic(said)
  assert.equal(said, 'ok')
})

test('a deletion that was cancelled by hand, and that the inventory takes for final, is restored, and the value opens', async (t) => {
  const one = await world(t, {}, claims)
  await one.apply()
  const value = await seal(
    importKeySet(
      (await createPublisher({ keys: one.store, now: () => one.clock.at }).documents()).jwks,
      { trust: inHand(), now: () => one.clock.at },
    ),
    'hello',
    { context: {} },
  )
  one.clock.at += 91 * day
  await one.apply()
  one.clock.at += 3 * day
  await one.apply()
  const {
    thumbprint: key,
    arns: [arn],
  } = one.keyOf('retired')
  const o = { kms: one.local.clientConfig, store: one.store, key, now: () => one.clock.at }
  await retireKey({ ...o, keepUntil: new Date(one.clock.at), disable: true })
  await deleteKey({ ...o, confirm: key, days: 7 })
  await one.client.send(new CancelKeyDeletionCommand({ KeyId: arn }))
  await one.client.send(new EnableKeyCommand({ KeyId: arn }))
  one.clock.at += 8 * day
  const opener = createOpener({
    kms: one.local.clientConfig,
    keys: one.store,
    now: () => one.clock.at,
  })
  t.diagnostic(
    await restoreKey(o).then(
      () => 'restored',
      (e) => `${e.code} ${e.message}`,
    ),
  )
  assert.equal(
    await opener.open(value, { context: {} }).then(
      (x) => x.text(),
      (e) => e.code,
    ),
    'hello',
  )
})

for (const [what, bad] of [
  ['Region mistyped', { alias: 'arn:aws:kms:eu-wset-1:111122223333:alias/claims' }],
  ['account mistyped', { alias: 'arn:aws:kms:us-east-1:999999999999:alias/claims' }],
  ['spec refused by an SCP', { spec: 'RSA_4096', usage: 'ENCRYPT_DECRYPT' }],
])
  for (const first of [true, false])
    test(`a making that KMS refused (${what}) does not outlive the correction, of a ${first ? 'first' : 'next'} key`, async (t) => {
      const one = await world(
        t,
        {
          credentials: users({
            Version: '2012-10-17',
            Statement: [
              { Effect: 'Allow', Action: 'kms:*', Resource: '*' },
              {
                Effect: 'Deny',
                Action: 'kms:CreateKey',
                Resource: '*',
                Condition: { StringEquals: { 'kms:KeySpec': 'RSA_4096' } },
              },
            ],
          }),
        },
        first ? { ...claims, ...bad } : claims,
      )
      const kms = {
        ...one.local.clientConfig,
        credentials: { accessKeyId: 'LOCALOP', secretAccessKey: 'opsecret' },
      }
      if (!first) {
        await one.apply({ kms })
        one.clock.at += day
        one.store.edit((i) => ({ ...i, purposes: [{ ...claims, ...bad }] }))
      }
      t.diagnostic(await one.tried({ kms }))
      t.diagnostic(`${await one.keyCount()} keys; ${one.states()}`)
      one.store.edit((i) => ({ ...i, purposes: [claims] })) // the mistake is corrected
      for (let i = 0; i < 4; i++) {
        one.clock.at += 50 * hour
        t.diagnostic(await one.tried({ kms }))
      }
      assert.deepEqual(
        one.states().filter((s) => !s.includes('retired')),
        ['claims current', 'claims next'],
      )
    })

test('a key policy that names its own key as the resource lets the same people use the next one', async (t) => {
  const acc = '111122223333'
  const one = await world(t, { credentials: users() }, claims)
  await one.apply()
  const put = async (arn) =>
    one.client.send(
      new PutKeyPolicyCommand({
        KeyId: arn,
        PolicyName: 'default',
        Policy: JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { AWS: `arn:aws:iam::${acc}:root` },
              Action: 'kms:*',
              Resource: '*',
            },
            {
              Effect: 'Allow',
              Principal: { AWS: `arn:aws:iam::${acc}:user/op` },
              Action: ['kms:DeriveSharedSecret', 'kms:GetPublicKey'],
              Resource: arn,
            },
          ],
        }),
      }),
    )
  for (const {
    arns: [arn],
  } of one.store.now().keys)
    await put(arn)
  const opener = createOpener({
    kms: {
      ...one.local.clientConfig,
      credentials: { accessKeyId: 'LOCALOP', secretAccessKey: 'opsecret' },
    },
    keys: one.store,
    now: () => one.clock.at,
  })
  const sealed = async () =>
    seal(
      importKeySet(
        (await createPublisher({ keys: one.store, now: () => one.clock.at }).documents()).jwks,
        { trust: inHand(), now: () => one.clock.at },
      ),
      'hello',
      { context: {} },
    )
  for (let i = 0; i < 3; i++) {
    assert.equal(
      (await opener.open(await sealed(), { context: {} })).text(),
      'hello',
      `rotation ${i}`,
    )
    one.clock.at += 91 * day
    await one.apply()
    one.clock.at += hour
    await one.apply()
  }
})

test('a next key that is Updating in KMS for a moment is waited for', async (t) => {
  const one = await world(t, {}, { ...claims, replicas: ['eu-west-1'] })
  await one.apply()
  const next = one.keyOf('next')
  one.clock.at += 91 * day
  const clients = new Map([
    ['us-east-1', one.client],
    ['eu-west-1', one.there],
  ])
  const kms = { ...one.local.clientConfig }
  // UpdatePrimaryRegion is under way: DescribeKey says Updating for some seconds, while every
  // cryptographic operation works
  const wrap = (client) => ({
    config: client.config,
    destroy() {},
    send: async (c, o) => {
      const a = await client.send(c, o)
      if (c instanceof DescribeKeyCommand && a.KeyMetadata.Arn === next.arns[0])
        a.KeyMetadata.KeyState = 'Updating'
      return a
    },
  })
  one.store.edit((i) => ({
    ...i,
    purposes: [{ ...i.purposes[0], alias: `arn:aws:kms:us-east-1:111122223333:alias/claims` }],
  }))
  t.diagnostic(await one.tried({ kms: (region) => wrap(clients.get(region)) }))
  t.diagnostic(one.states().join())
  assert.notEqual(
    one.store.now().keys.find(({ thumbprint }) => thumbprint === next.thumbprint).state,
    'retired',
  )
})

test('a replica of the next key that is disabled, or waits for its deletion, is noticed', async (t) => {
  for (const cmd of [DisableKeyCommand, ScheduleKeyDeletionCommand]) {
    const one = await world(t, {}, { ...claims, replicas: ['eu-west-1'] })
    await one.apply()
    const next = one.keyOf('next')
    one.clock.at += 89 * day
    await one.there.send(new cmd({ KeyId: next.arns[1], PendingWindowInDays: 30 }))
    one.clock.at += 2 * day
    await one.tried()
    one.clock.at += hour
    await one.tried()
    assert.notEqual(one.keyOf('current').thumbprint, next.thumbprint)
    assert.equal(
      one.store.now().keys.find(({ thumbprint }) => thumbprint === next.thumbprint).state,
      'retired',
    )
  }
})

test('an alias that somebody else has does not hold up the keys of its purpose', async (t) => {
  const one = await world(t, {}, claims)
  await one.apply()
  const {
    KeyMetadata: { KeyId },
  } = await one.client.send(
    new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' }),
  )
  await one.client.send(new CreateAliasCommand({ AliasName: 'alias/taken', TargetKeyId: KeyId }))
  one.store.edit((i) => ({ ...i, purposes: [{ ...claims, alias: 'alias/taken' }] }))
  one.clock.at += 91 * day
  assert.match(await one.tried(), /^conflict: \S+alias\/taken names/)
  assert.deepEqual(one.states(), ['claims retired', 'claims current', 'claims next'])
})

test('a current key that is gone: the next one asks for a policy', async (t) => {
  const one = await world(t, {}, claims)
  await one.apply()
  // both current and next pending deletion → deleted
  await one.client.send(
    new ScheduleKeyDeletionCommand({ KeyId: one.keyOf('current').arns[0], PendingWindowInDays: 7 }),
  )
  await one.client.send(
    new ScheduleKeyDeletionCommand({ KeyId: one.keyOf('next').arns[0], PendingWindowInDays: 7 }),
  )
  for (let i = 0; i < 9; i++) {
    one.clock.at += 10 * day
    await one.tried()
  }
  assert.match(
    await one.tried(),
    /^key_unusable: the current key of claims is gone.*give the purpose a policy/,
  )
  const [, , account] = /(kms):[\w-]+:(\d{12})/.exec(one.keyOf('current').arns[0])
  one.store.edit((inventory) => ({
    ...inventory,
    purposes: [
      {
        ...claims,
        policy: {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { AWS: `arn:aws:iam::${account}:root` },
              Action: 'kms:*',
              Resource: '*',
            },
          ],
        },
      },
    ],
  }))
  for (let i = 0; i < 3; i++) {
    one.clock.at += 50 * hour
    await one.tried()
  }
  assert.equal(
    await one.client
      .send(new DescribeKeyCommand({ KeyId: one.keyOf('current').arns[0] }))
      .then(({ KeyMetadata }) => KeyMetadata.KeyState),
    'Enabled',
  )
})

async function deletedMrk(t) {
  const one = await world(t, {}, { ...claims, replicas: ['eu-west-1'] })
  await one.apply()
  const value = await seal(
    importKeySet(
      (await createPublisher({ keys: one.store, now: () => one.clock.at }).documents()).jwks,
      { trust: inHand(), now: () => one.clock.at },
    ),
    'hello',
    { context: {} },
  )
  one.clock.at += 91 * day
  await one.apply()
  one.clock.at += 3 * day
  await one.apply()
  const { thumbprint: key } = one.keyOf('retired')
  const o = { kms: one.local.clientConfig, store: one.store, key, now: () => one.clock.at }
  await retireKey({ ...o, keepUntil: new Date(one.clock.at), disable: true })
  const { deletes } = await deleteKey({ ...o, confirm: key, days: 7 })
  t.diagnostic(`final in ${(deletes - one.clock.at) / day} days`)
  one.clock.at += 9 * day // the replica is gone, its primary waits
  return { one, o, value, key }
}

test('a multi-Region key whose replica is gone is restored, and the value opens', async (t) => {
  const { one, o, value } = await deletedMrk(t)
  t.diagnostic(
    await restoreKey(o).then(
      () => 'restored',
      (e) => `${e.code} ${e.message}`,
    ),
  )
  t.diagnostic(one.states().join())
  const k = one.store.now().keys.find(({ thumbprint }) => thumbprint === o.key)
  t.diagnostic(
    (await one.client.send(new DescribeKeyCommand({ KeyId: k.arns[0] }))).KeyMetadata.KeyState,
  )
  one.clock.at += 30 * day
  t.diagnostic(
    (await one.client.send(new DescribeKeyCommand({ KeyId: k.arns[0] }))).KeyMetadata.KeyState,
  )
  const opener = createOpener({
    kms: one.local.clientConfig,
    keys: one.store,
    now: () => one.clock.at,
  })
  assert.equal(
    await opener.open(value, { context: {} }).then(
      (x) => x.text(),
      (e) => `${e.code} ${e.message}`,
    ),
    'hello',
  )
})

test('doctor has nothing against a multi-Region key that is deleted on purpose', async (t) => {
  const { one } = await deletedMrk(t)
  const f = await doctor({ store: one.store, kms: one.local.clientConfig, now: () => one.clock.at })
  t.diagnostic(
    f
      .filter(({ ok }) => !ok)
      .map(({ check, advice }) => `${check}: ${advice}`)
      .join(' \n'),
  )
  assert.deepEqual(
    f.filter(({ ok, check }) => !ok && !check.startsWith('clock')).map(({ check }) => check),
    [],
  )
})

test('an alias is not moved to a replica that is disabled', async (t) => {
  const one = await world(t, {}, { ...receipts, replicas: ['eu-west-1'] })
  for (let i = 0; i < 3; i++) {
    await one.apply()
    one.clock.at += 50 * hour
  }
  await one.there.send(new DisableKeyCommand({ KeyId: one.keyOf('next', 'receipts').arns[1] }))
  one.clock.at += 90 * day
  t.diagnostic(await one.tried())
  const { KeyMetadata } = await one.there.send(new DescribeKeyCommand({ KeyId: 'alias/receipts' }))
  assert.equal(KeyMetadata.KeyState, 'Enabled')
})
