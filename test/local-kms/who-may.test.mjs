// Who gets in, and who gets which AccessDeniedException, over the wire with real signatures of
// several principals.
import { after, before, describe, test } from 'node:test'
import { assert } from 'chai'
import * as aws from '@aws-sdk/client-kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { clientOf, failure } from './helpers.mjs'

const own = '111122223333'
const foreign = '444455556666'
const allow = (...Action) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource: '*' }],
})
const user = (account, name, ...policies) => ({
  arn: `arn:aws:iam::${account}:user/${name}`,
  accessKeyId: `LOCAL${name.toUpperCase()}`,
  secretAccessKey: `${name}-secret`,
  policies,
})
const principals = [
  { arn: `arn:aws:iam::${own}:root`, accessKeyId: 'LOCALROOT', secretAccessKey: 'root-secret' },
  user(own, 'nobody'),
  user(own, 'opener', allow('kms:Decrypt', 'kms:DescribeKey')),
  user(own, 'denied', allow('kms:*'), {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Deny', Action: 'kms:Decrypt', Resource: '*' }],
  }),
  {
    arn: `arn:aws:sts::${own}:assumed-role/Companion/session-1`,
    accessKeyId: 'LOCALROLE',
    secretAccessKey: 'role-secret',
    sessionToken: 'role-token',
  },
  user(foreign, 'partner', allow('kms:Encrypt', 'kms:Decrypt', 'kms:Sign', 'kms:DisableKey')),
  user(foreign, 'stranger'),
  user(foreign, 'lister', allow('kms:ListRetirableGrants')),
]
const names = ['root', 'nobody', 'opener', 'denied', 'role', 'partner', 'stranger', 'lister']

let local
/** `as.opener('Decrypt', {...})` */
const as = {}
before(async () => {
  local = await startLocalKms({ credentials: JSON.stringify({ account: own, principals }) })
  for (const [i, name] of names.entries()) {
    const { accessKeyId, secretAccessKey, sessionToken } = principals[i]
    as[name] = clientOf({
      clientConfig: {
        ...local.clientConfig,
        credentials: { accessKeyId, secretAccessKey, sessionToken },
      },
    })
  }
})
after(() => local.close())

const statement = (Effect, AWS, Action, more = {}) => ({
  Effect,
  Principal: { AWS },
  Action,
  Resource: '*',
  ...more,
})
const administrator = statement(
  'Allow',
  `arn:aws:iam::${own}:root`,
  [
    'kms:Put*',
    'kms:Get*',
    'kms:Describe*',
    'kms:ScheduleKeyDeletion',
    'kms:CreateGrant',
    'kms:RevokeGrant',
    'kms:ListGrants',
    'kms:CreateAlias',
    'kms:Encrypt',
  ],
  { Condition: { ArnEquals: { 'aws:PrincipalArn': `arn:aws:iam::${own}:root` } } },
) // without the condition it would hand over to IAM policies
const policyOf = (...statements) => JSON.stringify({ Version: '2012-10-17', Statement: statements })

async function keyWith(input, ...statements) {
  const { KeyMetadata } = await as.root('CreateKey', {
    ...input,
    ...(statements.length > 0 && { Policy: policyOf(...statements) }),
  })
  return KeyMetadata.Arn
}
const rsa = { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' }
const signing = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }
const agreeing = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' }
const OAEP = { EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }
const sealed = async (KeyId, more = OAEP) => ({
  KeyId,
  CiphertextBlob: (await as.root('Encrypt', { KeyId, Plaintext: Buffer.from('x'), ...more }))
    .CiphertextBlob,
  ...more,
})
const denied = async (promise, because) => {
  const e = await failure(promise)
  assert.strictEqual(e.name, 'AccessDeniedException', `${e.name}: ${e.message}`)
  assert.match(e.message, because)
}
const noIdentity = /because no identity-based policy allows the kms:\w+ action$/
const noResource = /because no resource-based policy allows the kms:\w+ action$/
const elsewhere =
  /because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access$/

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
    await denied(as.opener('Encrypt', { KeyId, Plaintext: Buffer.from('x'), ...OAEP }), noIdentity)
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
    await denied(
      as.denied('Decrypt', await sealed(KeyId)),
      /with an explicit deny in an identity-based policy$/,
    )
  })
})

test('a key whose policy names nobody who exists is reachable by nobody, the root user too', async () => {
  const KeyId = (
    await as.root('CreateKey', {
      ...rsa,
      BypassPolicyLockoutSafetyCheck: true,
      Policy: policyOf(statement('Allow', `arn:aws:iam::${own}:user/gone`, 'kms:*')),
    })
  ).KeyMetadata.Arn
  for (const name of names) {
    const other = ['partner', 'stranger', 'lister'].includes(name)
    await denied(as[name]('DescribeKey', { KeyId }), other ? elsewhere : noResource)
  }
  await denied(
    as.root('PutKeyPolicy', {
      KeyId,
      Policy: policyOf(administrator),
      BypassPolicyLockoutSafetyCheck: true,
    }),
    noResource,
  )
  await denied(as.root('ScheduleKeyDeletion', { KeyId }), noResource)
})

test('a policy that would lock its author out is refused unless that is said to be meant', async () => {
  const Policy = policyOf(statement('Allow', `arn:aws:iam::${own}:user/opener`, 'kms:Decrypt'))
  const e = await failure(as.root('CreateKey', { ...rsa, Policy }))
  assert.deepEqual(
    [e.name, e.message],
    [
      'MalformedPolicyDocumentException',
      'The new key policy will not allow you to update the key policy in the future.',
    ],
  )
  const KeyId = await keyWith(rsa)
  assert.strictEqual(
    (await failure(as.root('PutKeyPolicy', { KeyId, Policy }))).name,
    'MalformedPolicyDocumentException',
  )
  await as.root('Encrypt', { KeyId, Plaintext: Buffer.from('x'), ...OAEP })
})

describe('a policy that names a principal', () => {
  test('lets a user of the same account in without an IAM policy', async () => {
    const KeyId = await keyWith(
      rsa,
      administrator,
      statement('Allow', `arn:aws:iam::${own}:user/nobody`, 'kms:Decrypt'),
    )
    await as.nobody('Decrypt', await sealed(KeyId))
    await denied(as.nobody('Encrypt', { KeyId, Plaintext: Buffer.from('x'), ...OAEP }), noResource)
  })
  test('lets every session of a role in when it names the role', async () => {
    const KeyId = await keyWith(
      rsa,
      administrator,
      statement('Allow', `arn:aws:iam::${own}:role/Companion`, 'kms:Decrypt'),
    )
    await as.role('Decrypt', await sealed(KeyId))
  })
  test('an explicit Deny of the key policy stands over every Allow', async () => {
    const KeyId = await keyWith(
      rsa,
      administrator,
      statement('Allow', '*', 'kms:Decrypt'),
      statement('Deny', `arn:aws:iam::${own}:user/opener`, 'kms:Decrypt'),
    )
    await as.nobody('Decrypt', await sealed(KeyId))
    await denied(
      as.opener('Decrypt', await sealed(KeyId)),
      /with an explicit deny in a resource-based policy$/,
    )
  })
})

describe('across accounts', () => {
  const input = (KeyId) => ({ KeyId, Plaintext: Buffer.from('x'), ...OAEP })
  test('both sides allow: in', async () => {
    const KeyId = await keyWith(
      rsa,
      administrator,
      statement('Allow', `arn:aws:iam::${foreign}:root`, 'kms:Encrypt'),
    )
    await as.partner('Encrypt', input(KeyId))
  })
  test('the IAM side is missing: out', async () => {
    const KeyId = await keyWith(
      rsa,
      administrator,
      statement(
        'Allow',
        [`arn:aws:iam::${foreign}:root`, `arn:aws:iam::${foreign}:user/stranger`],
        'kms:Encrypt',
      ),
    )
    await denied(as.stranger('Encrypt', input(KeyId)), noIdentity)
  })
  test("the key policy's side is missing: out", async () =>
    denied(as.partner('Encrypt', input(await keyWith(rsa, administrator))), elsewhere))
  test("an operation for one's own account only: out, though both sides allow", async () => {
    const KeyId = await keyWith(
      rsa,
      administrator,
      statement('Allow', `arn:aws:iam::${foreign}:root`, 'kms:*'),
    )
    await denied(as.partner('DisableKey', { KeyId }), elsewhere)
  })
  test('each account has its own alias of one name, and lists its own keys only', async () => {
    const KeyId = await keyWith(rsa)
    await as.root('CreateAlias', { AliasName: 'alias/shared-name', TargetKeyId: KeyId })
    assert.strictEqual(
      (await failure(as.partner('Encrypt', { ...input('alias/shared-name') }))).name,
      'NotFoundException',
    )
    await denied(as.partner('ListKeys', {}), noIdentity)
  })
})

/**
 * One key a row, of which `nobody` may do one thing under one condition: what gets in, and what
 * does not.
 */
const conditions = [
  [
    'kms:EncryptionAlgorithm',
    rsa,
    'kms:Decrypt',
    { StringEquals: { 'kms:EncryptionAlgorithm': 'RSAES_OAEP_SHA_256' } },
    'Decrypt',
    (KeyId) => sealed(KeyId),
    (KeyId) => sealed(KeyId, { EncryptionAlgorithm: 'RSAES_OAEP_SHA_1' }),
  ],
  [
    'kms:SigningAlgorithm',
    { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' },
    'kms:Sign',
    { StringLike: { 'kms:SigningAlgorithm': 'RSASSA_PSS_*' } },
    'Sign',
    (KeyId) => ({ KeyId, Message: Buffer.from('x'), SigningAlgorithm: 'RSASSA_PSS_SHA_256' }),
    (KeyId) => ({
      KeyId,
      Message: Buffer.from('x'),
      SigningAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256',
    }),
  ],
  [
    'kms:MessageType',
    signing,
    'kms:Sign',
    { StringEquals: { 'kms:MessageType': 'DIGEST' } },
    'Sign',
    (KeyId) => ({
      KeyId,
      Message: Buffer.alloc(32),
      MessageType: 'DIGEST',
      SigningAlgorithm: 'ECDSA_SHA_256',
    }),
    (KeyId) => ({
      KeyId,
      Message: Buffer.alloc(32),
      MessageType: 'RAW',
      SigningAlgorithm: 'ECDSA_SHA_256',
    }),
  ],
  [
    'kms:KeyAgreementAlgorithm',
    agreeing,
    'kms:DeriveSharedSecret',
    { StringEquals: { 'kms:KeyAgreementAlgorithm': 'ECDH' } },
    'DeriveSharedSecret',
    async (KeyId) => ({
      KeyId,
      KeyAgreementAlgorithm: 'ECDH',
      PublicKey: (await as.root('GetPublicKey', { KeyId })).PublicKey,
    }),
    undefined,
  ],
  [
    'kms:KeySpec',
    rsa,
    'kms:DescribeKey',
    { StringEquals: { 'kms:KeySpec': 'RSA_2048' } },
    'DescribeKey',
    (KeyId) => ({ KeyId }),
    undefined,
  ],
  [
    'kms:KeyUsage',
    rsa,
    'kms:DescribeKey',
    { StringNotEquals: { 'kms:KeyUsage': 'SIGN_VERIFY' } },
    'DescribeKey',
    (KeyId) => ({ KeyId }),
    undefined,
  ],
  [
    'kms:RequestAlias',
    rsa,
    'kms:DescribeKey',
    { StringEquals: { 'kms:RequestAlias': 'alias/asked' } },
    'DescribeKey',
    async (KeyId) => {
      await as.root('CreateAlias', { AliasName: 'alias/asked', TargetKeyId: KeyId })
      return { KeyId: 'alias/asked' }
    },
    (KeyId) => ({ KeyId }),
  ],
  [
    'kms:ResourceAliases',
    rsa,
    'kms:DescribeKey',
    { 'ForAnyValue:StringLike': { 'kms:ResourceAliases': 'alias/open-*' } },
    'DescribeKey',
    async (KeyId) => {
      await as.root('CreateAlias', { AliasName: 'alias/open-1', TargetKeyId: KeyId })
      return { KeyId }
    },
    'before',
  ],
  [
    'kms:CallerAccount',
    rsa,
    'kms:DescribeKey',
    { StringEquals: { 'kms:CallerAccount': own } },
    'DescribeKey',
    (KeyId) => ({ KeyId }),
    undefined,
  ],
  [
    'kms:ScheduleKeyDeletionPendingWindowInDays',
    rsa,
    'kms:ScheduleKeyDeletion',
    { NumericEquals: { 'kms:ScheduleKeyDeletionPendingWindowInDays': '30' } },
    'ScheduleKeyDeletion',
    (KeyId) => ({ KeyId, PendingWindowInDays: 30 }),
    (KeyId) => ({ KeyId, PendingWindowInDays: 7 }),
  ],
  [
    'kms:GrantOperations',
    rsa,
    'kms:CreateGrant',
    { 'ForAllValues:StringEquals': { 'kms:GrantOperations': ['Decrypt', 'DescribeKey'] } },
    'CreateGrant',
    (KeyId) => ({
      KeyId,
      GranteePrincipal: `arn:aws:iam::${own}:user/opener`,
      Operations: ['Decrypt'],
    }),
    (KeyId) => ({
      KeyId,
      GranteePrincipal: `arn:aws:iam::${own}:user/opener`,
      Operations: ['Decrypt', 'Encrypt'],
    }),
  ],
]

describe('condition keys', () => {
  for (const [name, spec, Action, Condition, operation, good, bad] of conditions) {
    test(`${name}: the call that fits gets in, another does not`, async () => {
      const nobody = `arn:aws:iam::${own}:user/nobody`
      const KeyId = await keyWith(
        spec,
        administrator,
        statement('Allow', nobody, Action, { Condition }),
      )
      if (bad === 'before') await denied(as.nobody(operation, { KeyId }), noResource)
      else if (bad) await denied(as.nobody(operation, await bad(KeyId)), noResource)
      const input = await good(KeyId)
      const negated = await keyWith(
        spec,
        administrator,
        statement('Allow', nobody, Action),
        statement('Deny', nobody, Action, { Condition }),
      )
      if (!['RequestAlias', 'ResourceAliases'].some((alias) => name.endsWith(alias)))
        await denied(
          as.nobody(operation, await good(negated)),
          /with an explicit deny in a resource-based policy$/,
        )
      await as.nobody(operation, input)
    })
  }
  test('kms:ViaService never fits a call that comes directly', async () => {
    const KeyId = await keyWith(
      rsa,
      administrator,
      statement('Allow', `arn:aws:iam::${own}:user/nobody`, 'kms:DescribeKey', {
        Condition: { StringEquals: { 'kms:ViaService': 's3.us-east-1.amazonaws.com' } },
      }),
    )
    await denied(as.nobody('DescribeKey', { KeyId }), noResource)
  })
})

test('an alias that moves within one key is a ReEncrypt on the same key, by whatever name', async () => {
  const nobody = `arn:aws:iam::${own}:user/nobody`
  const KeyId = await keyWith(
    {},
    administrator,
    statement('Allow', nobody, 'kms:ReEncrypt*', {
      Condition: { Bool: { 'kms:ReEncryptOnSameKey': 'true' } },
    }),
  )
  await as.root('CreateAlias', { AliasName: 'alias/same', TargetKeyId: KeyId })
  const { CiphertextBlob } = await as.root('Encrypt', { KeyId, Plaintext: Buffer.from('x') })
  for (const DestinationKeyId of [
    KeyId,
    KeyId.split('/')[1],
    'alias/same',
    KeyId.replace(/key\/.*/, 'alias/same'),
  ])
    await as.nobody('ReEncrypt', { CiphertextBlob, DestinationKeyId })
})

test('ReEncrypt opens nothing for a caller who may not seal under the destination', async () => {
  const nobody = `arn:aws:iam::${own}:user/nobody`
  const from = await keyWith({}, administrator, statement('Allow', nobody, 'kms:ReEncryptFrom'))
  const DestinationKeyId = await keyWith({}, administrator)
  const { CiphertextBlob } = await as.root('Encrypt', { KeyId: from, Plaintext: Buffer.from('x') })
  for (const SourceEncryptionContext of [undefined, { not: 'it' }])
    await denied(
      as.nobody('ReEncrypt', { CiphertextBlob, DestinationKeyId, SourceEncryptionContext }),
      /^User: \S+ is not authorized to perform: kms:ReEncryptTo/,
    )
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
    ].map(
      async (KeyId) =>
        (await failure(as.partner('Encrypt', { KeyId, Plaintext: Buffer.from('x') }))).message,
    ),
  )
  assert.deepEqual(new Set(texts).size, 1, texts.join('\n'))
  assert.match(texts[0], elsewhere)
  const { CiphertextBlob } = await as.root('Encrypt', {
    KeyId: closed,
    Plaintext: Buffer.from('x'),
  })
  await denied(
    as.partner('Decrypt', { CiphertextBlob }),
    /^The ciphertext refers to a customer master key that does not exist/,
  )
})

describe('what creates in another Region', () => {
  const creator = (Condition) =>
    user(own, 'creator', {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: 'kms:ReplicateKey', Resource: '*' },
        { Effect: 'Allow', Action: 'kms:CreateKey', Resource: '*', Condition },
      ],
    })
  for (const [Condition, ReplicaRegion, outcome] of [
    [
      { StringEquals: { 'kms:KeySpec': 'ECC_NIST_P256', 'kms:KeyUsage': 'SIGN_VERIFY' } },
      'eu-west-1',
      undefined,
    ],
    [{ StringEquals: { 'kms:KeySpec': 'RSA_2048' } }, 'eu-west-1', /kms:CreateKey/],
    [{ StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } }, 'eu-west-1', undefined],
    [{ StringEquals: { 'aws:RequestedRegion': 'us-east-1' } }, 'eu-west-1', /kms:CreateKey/],
    [{ StringEquals: { 'kms:MultiRegion': 'true' } }, 'eu-west-1', undefined],
  ]) {
    test(`ReplicateKey asks for CreateKey there, of the key that comes: ${JSON.stringify(Condition)} ${outcome ? 'refuses' : 'allows'}`, async () => {
      const root = principals[0]
      const one = await startLocalKms({
        regions: ['eu-west-1'],
        credentials: JSON.stringify({ account: own, principals: [root, creator(Condition)] }),
      })
      const { accessKeyId, secretAccessKey } = creator(Condition)
      const { KeyId } = (
        await clientOf({
          clientConfig: {
            ...one.clientConfig,
            credentials: { accessKeyId: root.accessKeyId, secretAccessKey: root.secretAccessKey },
          },
        })('CreateKey', { ...signing, MultiRegion: true })
      ).KeyMetadata
      const asked = clientOf({
        clientConfig: { ...one.clientConfig, credentials: { accessKeyId, secretAccessKey } },
      })('ReplicateKey', { KeyId, ReplicaRegion })
      try {
        if (outcome) await denied(asked, outcome)
        else assert.strictEqual((await asked).ReplicaKeyMetadata.KeyId, KeyId)
      } finally {
        await one.close()
      }
    })
  }
})

describe('grants', () => {
  const context = { department: 'claims' }
  const symmetric = {}
  const sealedFor = async (KeyId, EncryptionContext) => ({
    KeyId,
    EncryptionContext,
    CiphertextBlob: (
      await as.root('Encrypt', { KeyId, Plaintext: Buffer.from('x'), EncryptionContext })
    ).CiphertextBlob,
  })

  test('a grant lets its grantee in for its operations, and no longer once it is revoked', async () => {
    const KeyId = await keyWith(rsa, administrator)
    const input = await sealed(KeyId)
    await denied(as.nobody('Decrypt', input), noResource)
    const { GrantId } = await as.root('CreateGrant', {
      KeyId,
      GranteePrincipal: `arn:aws:iam::${own}:user/nobody`,
      Operations: ['Decrypt'],
    })
    await as.nobody('Decrypt', input)
    await denied(as.nobody('DescribeKey', { KeyId }), noResource)
    await as.root('RevokeGrant', { KeyId, GrantId })
    await denied(as.nobody('Decrypt', input), noResource)
  })
  test('a constraint holds the grant to its encryption context', async () => {
    const KeyId = await keyWith(symmetric, administrator)
    await as.root('CreateGrant', {
      KeyId,
      GranteePrincipal: `arn:aws:iam::${own}:user/nobody`,
      Operations: ['Decrypt'],
      Constraints: { EncryptionContextSubset: context },
    })
    await as.nobody('Decrypt', await sealedFor(KeyId, { ...context, more: 'x' }))
    await denied(as.nobody('Decrypt', await sealedFor(KeyId, { department: 'sales' })), noResource)
    await denied(as.nobody('Decrypt', await sealedFor(KeyId, {})), noResource)
  })
  test('constraints that say nothing do not pass for constraints', async () => {
    const nobody = `arn:aws:iam::${own}:user/nobody`
    const Condition = { StringEquals: { 'kms:GrantConstraintType': 'EncryptionContextEquals' } }
    const KeyId = await keyWith(
      symmetric,
      administrator,
      statement('Allow', nobody, 'kms:CreateGrant', { Condition }),
    )
    const asked = (Constraints) =>
      as.nobody('CreateGrant', {
        KeyId,
        GranteePrincipal: `arn:aws:iam::${own}:user/opener`,
        Operations: ['Decrypt'],
        Constraints,
      })
    for (const Constraints of [
      undefined,
      {},
      { EncryptionContextEquals: null },
      { EncryptionContextSubset: context },
    ])
      await denied(asked(Constraints), noResource)
    await asked({ EncryptionContextEquals: context })
    assert.deepEqual(
      (await as.root('ListGrants', { KeyId })).Grants.map(({ Constraints }) => Constraints),
      [{ EncryptionContextEquals: context }],
    )
  })
  test('who may retire what is listed for its own account only', async () => {
    const KeyId = await keyWith(rsa, administrator)
    const RetiringPrincipal = `arn:aws:iam::${own}:user/opener`
    await as.root('CreateGrant', {
      KeyId,
      GranteePrincipal: `arn:aws:iam::${own}:user/nobody`,
      RetiringPrincipal,
      Operations: ['Decrypt'],
    })
    assert.ok(
      (await as.root('ListRetirableGrants', { RetiringPrincipal })).Grants.some(
        (grant) => grant.KeyId === KeyId,
      ),
    )
    assert.strictEqual(
      (await failure(as.lister('ListRetirableGrants', { RetiringPrincipal }))).name,
      'AccessDeniedException',
    )
    assert.deepEqual(
      (
        await as.lister('ListRetirableGrants', {
          RetiringPrincipal: `arn:aws:iam::${foreign}:user/stranger`,
        })
      ).Grants,
      [],
    )
  })
  test('its retiring principal retires it, nobody else does, and then it is over', async () => {
    const KeyId = await keyWith(rsa, administrator)
    const input = await sealed(KeyId)
    const { GrantId, GrantToken } = await as.root('CreateGrant', {
      KeyId,
      GranteePrincipal: `arn:aws:iam::${own}:user/nobody`,
      RetiringPrincipal: `arn:aws:iam::${own}:user/opener`,
      Operations: ['Decrypt'],
    })
    await as.nobody('Decrypt', input)
    assert.strictEqual(
      (await failure(as.nobody('RetireGrant', { KeyId, GrantId }))).name,
      'AccessDeniedException',
    )
    assert.strictEqual(
      (await failure(as.stranger('RetireGrant', { GrantToken }))).name,
      'AccessDeniedException',
    )
    await as.opener('RetireGrant', { GrantToken })
    await denied(as.nobody('Decrypt', input), noResource)
  })
  test('a grant to another account lets its principal in', async () => {
    const KeyId = await keyWith(rsa, administrator)
    await as.root('CreateGrant', {
      KeyId,
      GranteePrincipal: `arn:aws:iam::${foreign}:user/stranger`,
      Operations: ['Decrypt'],
    })
    await as.stranger('Decrypt', await sealed(KeyId))
  })
})

describe('signatures', () => {
  const { KMSClient, ListKeysCommand } = aws
  const sent = (credentials) =>
    new KMSClient({ ...local.clientConfig, credentials }).send(new ListKeysCommand({}))
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
