// Who gets in, and who gets which AccessDeniedException, over the wire with real signatures of
// several principals.
import { after, before, describe, test } from 'node:test'
import { KMSClient, ListKeysCommand } from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { assertRejects, failure } from './helpers.mjs'
import { allowTo, away, denyTo, policyText, roleArn, rootArn, userArn } from './policies.mjs'
import {
  administrator,
  denied,
  elsewhere,
  identityDeny,
  keyDeny,
  noIdentity,
  noResource,
  OAEP,
  Plaintext,
  rsa,
  startWorld,
} from './world.mjs'

/** @type {Awaited<ReturnType<typeof startWorld>>} */
let world
/** @type {typeof world.as} */
let as
/** @type {typeof world.keyWith} */
let keyWith
/** @type {typeof world.sealed} */
let sealed
before(async () => {
  world = await startWorld()
  ;({ as, keyWith, sealed } = world)
})
after(() => world.local.close())

describe('the default policy', () => {
  let KeyId
  before(async () => {
    KeyId = await keyWith(rsa)
  })

  test('lets the root user do everything', async () => {
    await as.root('Decrypt', await sealed(KeyId))
    await as.root('DisableKey', { KeyId })
    await as.root('EnableKey', { KeyId })
  })
  test('lets a user do what its IAM policies allow, and nothing else', async () => {
    await as.opener('Decrypt', await sealed(KeyId))
    await denied(as.opener('Encrypt', { KeyId, Plaintext, ...OAEP }), noIdentity)
    await denied(
      as.nobody('DescribeKey', { KeyId }),
      /^User: arn:aws:iam::111122223333:user\/nobody is not authorized to perform: kms:DescribeKey on resource: arn:aws:kms:us-east-1:111122223333:key\/[0-9a-f-]{36} because no identity-based policy allows the kms:DescribeKey action$/,
    )
  })
  test('lets nobody of another account in, whatever its IAM policies say', async () => {
    await denied(as.partner('Decrypt', await sealed(KeyId)), elsewhere)
  })
  test('does not stand against an explicit Deny of an IAM policy', async () => {
    await as.denied('DescribeKey', { KeyId })
    await denied(as.denied('Decrypt', await sealed(KeyId)), identityDeny)
  })
})

test('a key whose policy names nobody who exists is reachable by nobody, the root user too', async () => {
  const KeyId = (
    await as.root('CreateKey', {
      ...rsa,
      BypassPolicyLockoutSafetyCheck: true,
      Policy: policyText(allowTo(userArn('gone'), 'kms:*')),
    })
  ).KeyMetadata.Arn
  for (const [name, call] of Object.entries(as)) {
    const other = ['partner', 'stranger', 'lister'].includes(name)
    await denied(call('DescribeKey', { KeyId }), other ? elsewhere : noResource)
  }
  await denied(
    as.root('PutKeyPolicy', {
      KeyId,
      Policy: policyText(administrator),
      BypassPolicyLockoutSafetyCheck: true,
    }),
    noResource,
  )
  await denied(as.root('ScheduleKeyDeletion', { KeyId }), noResource)
})

test('a policy that would lock its author out is refused unless that is said to be meant', async () => {
  const Policy = policyText(allowTo(userArn('opener'), 'kms:Decrypt'))
  await assertRejects(as.root('CreateKey', { ...rsa, Policy }), {
    name: 'MalformedPolicyDocumentException',
    message: 'The new key policy will not allow you to update the key policy in the future.',
  })
  const KeyId = await keyWith(rsa)
  await assertRejects(as.root('PutKeyPolicy', { KeyId, Policy }), {
    name: 'MalformedPolicyDocumentException',
  })
  await as.root('Encrypt', { KeyId, Plaintext, ...OAEP })
})

describe('a policy that names a principal', () => {
  test('lets a user of the same account in without an IAM policy', async () => {
    const KeyId = await keyWith(rsa, administrator, allowTo(userArn('nobody'), 'kms:Decrypt'))
    await as.nobody('Decrypt', await sealed(KeyId))
    await denied(as.nobody('Encrypt', { KeyId, Plaintext, ...OAEP }), noResource)
  })
  test('lets every session of a role in when it names the role', async () => {
    const KeyId = await keyWith(rsa, administrator, allowTo(roleArn('Companion'), 'kms:Decrypt'))
    await as.role('Decrypt', await sealed(KeyId))
  })
  test('an explicit Deny of the key policy stands over every Allow', async () => {
    const KeyId = await keyWith(
      rsa,
      administrator,
      { ...allowTo('*', 'kms:Decrypt'), Principal: { AWS: '*' } },
      denyTo(userArn('opener'), 'kms:Decrypt'),
    )
    await as.nobody('Decrypt', await sealed(KeyId))
    await denied(as.opener('Decrypt', await sealed(KeyId)), keyDeny)
  })
})

describe('across accounts', () => {
  const input = (KeyId) => ({ KeyId, Plaintext, ...OAEP })
  test('both sides allow: in', async () => {
    const KeyId = await keyWith(rsa, administrator, allowTo(rootArn(away), 'kms:Encrypt'))
    await as.partner('Encrypt', input(KeyId))
  })
  test('the IAM side is missing: out', async () => {
    const KeyId = await keyWith(
      rsa,
      administrator,
      allowTo([rootArn(away), userArn('stranger', away)], 'kms:Encrypt'),
    )
    await denied(as.stranger('Encrypt', input(KeyId)), noIdentity)
  })
  test("the key policy's side is missing: out", async () =>
    denied(as.partner('Encrypt', input(await keyWith(rsa, administrator))), elsewhere))
  test("an operation for one's own account only: out, though both sides allow", async () => {
    const KeyId = await keyWith(rsa, administrator, allowTo(rootArn(away), 'kms:*'))
    await denied(as.partner('DisableKey', { KeyId }), elsewhere)
  })
  test('each account has its own alias of one name, and lists its own keys only', async () => {
    const KeyId = await keyWith(rsa)
    await as.root('CreateAlias', { AliasName: 'alias/shared-name', TargetKeyId: KeyId })
    await assertRejects(as.partner('Encrypt', { ...input('alias/shared-name') }), {
      name: 'NotFoundException',
    })
    await denied(as.partner('ListKeys', {}), noIdentity)
  })
})

test('whether another account has a key or an alias is not told: what is not there and what is closed have one answer', async () => {
  const closed = await keyWith({}, administrator)
  await as.root('CreateAlias', { AliasName: 'alias/closed', TargetKeyId: closed })
  const prefix = closed.replace(/key\/.*/, '')
  const texts = await Promise.all(
    [
      closed,
      `${prefix}key/12345678-1234-1234-1234-123456789012`,
      `${prefix}alias/closed`,
      `${prefix}alias/absent`,
    ].map(async (KeyId) => (await failure(as.partner('Encrypt', { KeyId, Plaintext }))).message),
  )
  assert.deepEqual(new Set(texts).size, 1, texts.join('\n'))
  assert.match(texts[0], elsewhere)
  const { CiphertextBlob } = await as.root('Encrypt', { KeyId: closed, Plaintext })
  await denied(
    as.partner('Decrypt', { CiphertextBlob }),
    /^The ciphertext refers to a customer master key that does not exist/,
  )
})

describe('signatures', () => {
  const sent = (credentials) =>
    new KMSClient({ ...world.local.clientConfig, credentials }).send(new ListKeysCommand({}))
  test('an unknown access key, another secret, a missing or wrong session token are refused by name', async () => {
    const names = await Promise.all(
      [
        { accessKeyId: 'LOCALOTHER', secretAccessKey: 'root-secret' },
        { accessKeyId: 'LOCALROOT', secretAccessKey: 'other-secret' },
        { accessKeyId: 'LOCALROLE', secretAccessKey: 'role-secret' },
        { accessKeyId: 'LOCALROLE', secretAccessKey: 'role-secret', sessionToken: 'other-token' },
        { accessKeyId: 'LOCALROOT', secretAccessKey: 'root-secret', sessionToken: 'role-token' },
      ].map((credentials) => failure(sent(credentials)).then(({ name }) => name)),
    )
    assert.deepEqual(names, [
      'UnrecognizedClientException',
      'InvalidSignatureException',
      'UnrecognizedClientException',
      'UnrecognizedClientException',
      'UnrecognizedClientException',
    ])
    await sent({ accessKeyId: 'LOCALROOT', secretAccessKey: 'root-secret' })
  })
})
