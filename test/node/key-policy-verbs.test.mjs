// Each verb of the companion does its work under the policies of its role, and under those of any
// other role is kms_denied; against the local KMS with a clock.
import test from 'node:test'
import { assert } from 'chai'
import { importKeySet, inHand, seal, sealStream, verify, verifyReceipt } from 'sealdrop'
import {
  applyRotation,
  createOpener,
  createPublisher,
  createSigner,
  deleteKey,
  joinPolicies,
  keyPolicy,
  planRotation,
  publicJwk,
  restoreKey,
  retireKey,
} from 'sealdrop/kms'
import { roles as permissionsOf } from '#dist/kms/policy/roles.js'
import { fails } from '../support/host.js'
import { claims, emptyInventory, madeKey, memoryStore } from '../support/inventories.mjs'
import { allKeys, letsIn, own, policyWorld, roleArn } from '../support/policy-world.mjs'
import { present } from '../support/types.mjs'

/** @import { KeyPolicyOptions, PolicyRole } from 'sealdrop/kms' */

const day = 86_400_000
/** @type {Record<string, PolicyRole>} */
const roles = {
  Administrator: 'administrator',
  Publisher: 'publisher',
  Opener: 'opener',
  Signer: 'signer',
}
const names = Object.keys(roles)
const others = (...mine) => names.filter((name) => !mine.includes(name))
/** @param {string} name @param {Partial<KeyPolicyOptions>} more */
const of = (name, more = {}) =>
  keyPolicy({ role: roles[name], key: allKeys, principals: [roleArn(name)], ...more })
const joined = joinPolicies(names.map((name) => of(name).keyPolicy))
/** The root's policy: its signer is the publisher. */
const ofRoot = joinPolicies([
  of('Administrator').keyPolicy,
  keyPolicy({ role: 'signer', key: allKeys, principals: [roleArn('Publisher')] }).keyPolicy,
])
const iam = Object.fromEntries(names.map((name) => [name, [of(name).iamPolicy]]))
const context = { form: 'claim' }

/**
 * Keys that the administrator made with the joined policy. IAM policies of the administrator only,
 * as AWS asks for them.
 */
async function world(t, more = {}) {
  const { as } = await policyWorld(t, {
    ...Object.fromEntries(names.map((name) => [name, []])),
    Administrator: iam.Administrator,
    ...more,
  })
  const make = async (alias, KeySpec, KeyUsage, policy = joined) => {
    const Policy = JSON.stringify(policy)
    const { KeyMetadata } = await as.Administrator.send('CreateKey', { KeySpec, KeyUsage, Policy })
    const { Arn } = KeyMetadata
    await as.Administrator.send('CreateAlias', { AliasName: alias, TargetKeyId: Arn })
    return Arn
  }
  /** The key set of one key, with its ARN. */
  const setOf = async (key, alg) => {
    const keys = [{ key, withArn: true, ...(alg && { alg }) }]
    const { jwks } = await createPublisher({ kms: as.Publisher.config, keys }).documents()
    return importKeySet(JSON.parse(jwks), { trust: inHand() })
  }
  return { as, make, setOf }
}

for (const [spec, usage] of [
  ['RSA_2048', 'ENCRYPT_DECRYPT'],
  ['ECC_NIST_P256', 'KEY_AGREEMENT'],
]) {
  test(`an opener opens values and streams with ${spec}, nobody else does`, async (t) => {
    const { as, make, setOf } = await world(t)
    await make('alias/claims', spec, usage)
    const keys = await setOf('alias/claims')
    const sealed = await seal(keys, 'hello', { context })
    const { readable } = await sealStream(keys, new Blob(['a file']), { context })
    const stream = new Uint8Array(await new Response(readable).arrayBuffer())
    const opener = createOpener({ kms: as.Opener.config, keys: ['alias/claims'] })
    t.after(() => opener.close())
    assert.equal((await opener.open(sealed, { context })).text(), 'hello')
    const opened = await opener.openStream(stream, { context })
    assert.equal(await new Response(opened.readable).text(), 'a file')
    for (const name of others('Opener')) {
      const other = createOpener({ kms: as[name].config, keys: ['alias/claims'] })
      t.after(() => other.close())
      await fails(assert, other.open(sealed, { context }), 'kms_denied')
      await fails(assert, other.openStream(stream, { context }), 'kms_denied')
    }
  })
}

for (const spec of ['RSA_2048', 'ECC_NIST_P256', 'ECC_NIST_P384', 'ECC_NIST_P521']) {
  test(`a signer signs with ${spec} as createSigner does by itself, nobody else does`, async (t) => {
    const { as, make, setOf } = await world(t)
    await make('alias/receipts', spec, 'SIGN_VERIFY')
    const keys = await setOf('alias/receipts')
    const signer = createSigner({ kms: as.Signer.config, key: 'alias/receipts' })
    t.after(() => signer.close())
    assert.equal((await verify(keys, await signer.sign('hello'))).text(), 'hello')
    const sent = { messageId: 'AAAA', digest: 'BBBB' }
    const receipt = await signer.signReceipt({ ...sent, length: 5, context, stage: 'opened' })
    assert.instanceOf((await verifyReceipt(keys, receipt, { sent })).receivedAt, Date)
    for (const name of others('Signer')) {
      const other = createSigner({ kms: as[name].config, key: 'alias/receipts' })
      t.after(() => other.close())
      await fails(assert, other.sign('hello'), 'kms_denied')
    }
  })
}

test('algs decides what a signer signs with: RS256 when it is named, and PS256 no longer', async (t) => {
  const { as, make, setOf } = await world(t)
  await make(
    'alias/legacy',
    'RSA_2048',
    'SIGN_VERIFY',
    joinPolicies([
      of('Administrator').keyPolicy,
      of('Publisher').keyPolicy,
      of('Signer', { algs: ['RS256'] }).keyPolicy,
    ]),
  )
  const signer = (algorithm) =>
    createSigner({ kms: as.Signer.config, key: 'alias/legacy', algorithm })
  await fails(assert, signer('PS256').sign('x'), 'kms_denied')
  const keys = await setOf('alias/legacy', 'RS256')
  assert.equal((await verify(keys, await signer('RS256').sign('x'))).text(), 'x')
  await setOf('alias/legacy') // the public key is there for any algorithm
})

test('a publisher publishes, and signs the set with its root, nobody else does', async (t) => {
  const { as, make } = await world(t)
  await make('alias/claims', 'ECC_NIST_P256', 'KEY_AGREEMENT')
  await make('alias/root', 'ECC_NIST_P256', 'SIGN_VERIFY', ofRoot)
  const publish = (name) =>
    createPublisher({
      kms: as[name].config,
      keys: [{ key: 'alias/claims' }],
      root: 'alias/root',
    }).documents()
  const { jws } = await publish('Publisher')
  const root = await publicJwk({ kms: as.Publisher.config, key: 'alias/root' })
  const known = importKeySet({ ...root }, { trust: inHand() })
  const signed = (await verify(known, present(jws), { typ: 'jwk-set+jwt' })).json()
  assert.lengthOf(/** @type {{ keys: unknown[] }} */ (signed).keys, 1)
  for (const name of others('Publisher')) await fails(assert, publish(name), 'kms_denied')
  await fails(
    assert,
    createSigner({ kms: as.Signer.config, key: 'alias/root' }).sign('x'),
    'kms_denied',
  )
})

test('an administrator rotates, retires, deletes and restores, nobody else does; what was sealed before opens after', async (t) => {
  const clock = { at: Date.UTC(2030, 0, 1) }
  // IAM policies for all: new keys may have the default key policy, where the account's decide
  const { as } = await policyWorld(t, iam, { now: () => clock.at })
  const store = memoryStore(emptyInventory(claims))
  const now = () => clock.at
  const rotate = (name) =>
    applyRotation(planRotation(store.now(), { now: new Date(clock.at), every: 'P90D' }), {
      kms: as[name].config,
      store,
      now,
    })
  for (const name of others('Administrator')) {
    await fails(assert, rotate(name), 'kms_denied')
    store.edit(() => emptyInventory(claims))
  }
  await rotate('Administrator')
  const keyIn = (state) => madeKey(store.now().keys.find((entry) => entry.state === state))
  for (const state of ['current', 'next']) {
    const [KeyId] = keyIn(state).arns
    await as.Administrator.send('PutKeyPolicy', { KeyId, Policy: JSON.stringify(joined) })
  }
  const first = keyIn('current')
  const sealed = await seal(
    importKeySet({ ...first.jwk, use: 'enc' }, { trust: inHand() }),
    'hello',
    { context },
  )
  clock.at += 90 * day
  await rotate('Administrator')
  assert.equal(keyIn('retired').thumbprint, first.thumbprint)
  const opener = createOpener({ kms: as.Opener.config, keys: store, now })
  t.after(() => opener.close())
  assert.equal((await opener.open(sealed, { context })).text(), 'hello')
  clock.at += 3 * day
  const key = first.thumbprint
  const verbs = [
    (kms) => retireKey({ kms, store, now, key, keepUntil: new Date(clock.at) }),
    (kms) => retireKey({ kms, store, now, key, disable: true }),
    (kms) => deleteKey({ kms, store, now, key, confirm: key }),
    (kms) => restoreKey({ kms, store, now, key }),
  ]
  for (const [i, verb] of verbs.entries()) {
    for (const name of others('Administrator'))
      await fails(assert, verb(as[name].config), 'kms_denied')
    if (i === 2)
      await fails(
        assert,
        deleteKey({ kms: as.Administrator.config, store, now, key, confirm: key, days: 7 }),
        'kms_denied',
      )
    await verb(as.Administrator.config)
  }
  assert.equal((await opener.open(sealed, { context })).text(), 'hello')
})

test('no IAM policy gives an administrator cryptography or grants, and none shortens a deletion', async (t) => {
  const everything = {
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Action: 'kms:*', Resource: '*' },
  }
  const { as, make } = await world(t, {
    Administrator: [...iam.Administrator, everything],
    Mighty: [everything],
  })
  const policy = joinPolicies([
    of('Administrator', { accountRoot: true }).keyPolicy,
    of('Signer').keyPolicy,
  ])
  const KeyId = await make('alias/receipts', 'ECC_NIST_P256', 'SIGN_VERIFY', policy)
  const sign = {
    KeyId,
    Message: new Uint8Array(32),
    MessageType: 'DIGEST',
    SigningAlgorithm: 'ECDSA_SHA_256',
  }
  const grant = { KeyId, GranteePrincipal: roleArn('Administrator'), Operations: ['Sign'] }
  for (const [operation, input] of Object.entries({ Sign: sign, CreateGrant: grant })) {
    assert.isFalse(await letsIn(as.Administrator.send(operation, input)), operation)
    assert.isTrue(await letsIn(as.Mighty.send(operation, input)), operation)
  }
  const { KeyMetadata: bucketKey } = await as.Mighty.send('CreateKey')
  const dataKey = { KeyId: bucketKey.Arn, KeySpec: 'AES_256' }
  assert.isTrue(
    await letsIn(as.Administrator.send('GenerateDataKey', dataKey)),
    'the key of a bucket, where the inventory lies',
  )
  for (const name of ['Administrator', 'Mighty'])
    for (const PendingWindowInDays of [7, 29])
      assert.isFalse(
        await letsIn(as[name].send('ScheduleKeyDeletion', { KeyId, PendingWindowInDays })),
        name,
      )
  assert.isTrue(
    await letsIn(as.Mighty.send('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 30 })),
  )
})

test('by its alias an opener opens with the key that has it, and no longer with one that has lost it', async (t) => {
  const aliasArn = `arn:aws:kms:us-east-1:${own}:alias/claims`
  const { iamPolicy } = keyPolicy({
    role: 'opener',
    key: aliasArn,
    principals: [roleArn('Opener')],
  })
  const { as, make, setOf } = await world(t, { Opener: [iamPolicy] })
  const policy = joinPolicies([
    of('Administrator', { accountRoot: true }).keyPolicy,
    of('Publisher').keyPolicy,
  ])
  const first = await make('alias/claims', 'ECC_NIST_P256', 'KEY_AGREEMENT', policy)
  const second = await make('alias/other', 'ECC_NIST_P256', 'KEY_AGREEMENT', policy)
  const sealed = await seal(await setOf(first), 'hello', { context })
  const open = (key) =>
    createOpener({ kms: as.Opener.config, keys: [key] }).open(sealed, { context })
  assert.equal((await open(first)).text(), 'hello')
  await fails(assert, open(second), 'kms_denied')
  await as.Administrator.send('UpdateAlias', { AliasName: 'alias/claims', TargetKeyId: second })
  await fails(assert, open(first), 'kms_denied')
})

test('an administrator by an alias names keys with this one only', async (t) => {
  const { iamPolicy } = keyPolicy({
    role: 'administrator',
    key: `arn:aws:kms:us-east-1:${own}:alias/claims`,
    principals: [roleArn('Administrator')],
    algs: ['RSA-OAEP-256'],
  })
  const { as, make } = await world(t, { Administrator: [iamPolicy] })
  const KeyId = await make('alias/claims', 'RSA_2048', 'ENCRYPT_DECRYPT')
  assert.isFalse(
    await letsIn(
      as.Administrator.send('CreateAlias', { AliasName: 'alias/other', TargetKeyId: KeyId }),
    ),
  )
  assert.isFalse(
    await letsIn(
      as.Administrator.send('CreateKey', { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' }),
    ),
  )
})

test('an administrator is denied everything that an opener or a signer is allowed to do with keys', () => {
  const actionsOf = (role, effect) =>
    permissionsOf[role]
      .permissions(permissionsOf[role].algs)
      .filter((permission) => (permission.effect ?? 'Allow') === effect)
      .flatMap(({ actions }) => actions)
  const denied = actionsOf('administrator', 'Deny')
  const reading = ['DescribeKey', 'GetPublicKey']
  const used = [...actionsOf('opener', 'Allow'), ...actionsOf('signer', 'Allow')]
  const cryptography = used.filter((action) => !reading.includes(action))
  assert.includeMembers(cryptography, ['Decrypt', 'DeriveSharedSecret', 'Sign'])
  assert.includeMembers(denied, cryptography, 'src/kms/policy/roles.ts, cryptography')
  assert.deepEqual(denied, [
    'CreateGrant',
    'Decrypt',
    'DeriveSharedSecret',
    'Encrypt',
    'GenerateDataKey*',
    'GenerateMac',
    'ReEncrypt*',
    'Sign',
    'Verify',
    'VerifyMac',
  ])
})
