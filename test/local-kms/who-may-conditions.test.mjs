// Condition keys that calls carry, over the wire: in key policies, and in an IAM policy for what
// creates in another Region.
import { after, before, describe, test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import { row } from './helpers.mjs'
import { allow, allowTo, denyTo, home, policyOf, userArn } from './policies.mjs'
import {
  administrator,
  clientAs,
  denied,
  keyDeny,
  noResource,
  Plaintext,
  rootUser,
  rsa,
  signing,
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

const bare = (KeyId) => ({ KeyId })
/** A call on a key with these members. */
const having = (more) => (KeyId) => ({ KeyId, ...more })
const signs = (SigningAlgorithm) => having({ Message: Plaintext, SigningAlgorithm })
const signsAs = (MessageType) =>
  having({ Message: Buffer.alloc(32), MessageType, SigningAlgorithm: 'ECDSA_SHA_256' })
const grants = (...Operations) => having({ GranteePrincipal: userArn('opener'), Operations })
const agrees = async (KeyId) => ({
  KeyId,
  KeyAgreementAlgorithm: 'ECDH',
  PublicKey: (await as.root('GetPublicKey', { KeyId })).PublicKey,
})
/** The key gets an alias first, and is named by the alias or by itself. */
const aliased = (AliasName, byAlias) => async (KeyId) => {
  await as.root('CreateAlias', { AliasName, TargetKeyId: KeyId })
  return { KeyId: byAlias ? AliasName : KeyId }
}
const sealedBy = (EncryptionAlgorithm) => (KeyId) => sealed(KeyId, { EncryptionAlgorithm })
const agreeing = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' }
const rsaSigning = { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' }

/**
 * One key a row, of which `nobody` may do one thing under one condition: the condition key, the
 * key, the operation, the condition; what gets in, and what does not.
 */
const conditions = [
  row('EncryptionAlgorithm', rsa, 'Decrypt', equals('RSAES_OAEP_SHA_256'), {
    good: sealedBy('RSAES_OAEP_SHA_256'),
    bad: sealedBy('RSAES_OAEP_SHA_1'),
  }),
  row('SigningAlgorithm', rsaSigning, 'Sign', ['StringLike', 'RSASSA_PSS_*'], {
    good: signs('RSASSA_PSS_SHA_256'),
    bad: signs('RSASSA_PKCS1_V1_5_SHA_256'),
  }),
  row('MessageType', signing, 'Sign', equals('DIGEST'), {
    good: signsAs('DIGEST'),
    bad: signsAs('RAW'),
  }),
  row('KeyAgreementAlgorithm', agreeing, 'DeriveSharedSecret', equals('ECDH'), only(agrees)),
  row('KeySpec', rsa, 'DescribeKey', equals('RSA_2048'), only(bare)),
  row('KeyUsage', rsa, 'DescribeKey', ['StringNotEquals', 'SIGN_VERIFY'], only(bare)),
  row('RequestAlias', rsa, 'DescribeKey', equals('alias/asked'), {
    good: aliased('alias/asked', true),
    bad: bare,
  }),
  row('ResourceAliases', rsa, 'DescribeKey', ['ForAnyValue:StringLike', 'alias/open-*'], {
    good: aliased('alias/open-1', false),
    bad: bare,
  }),
  row('CallerAccount', rsa, 'DescribeKey', equals(home), only(bare)),
  row(
    'ScheduleKeyDeletionPendingWindowInDays',
    rsa,
    'ScheduleKeyDeletion',
    ['NumericEquals', '30'],
    { good: having({ PendingWindowInDays: 30 }), bad: having({ PendingWindowInDays: 7 }) },
  ),
  row(
    'GrantOperations',
    rsa,
    'CreateGrant',
    ['ForAllValues:StringEquals', ['Decrypt', 'DescribeKey']],
    { good: grants('Decrypt'), bad: grants('Decrypt', 'Encrypt') },
  ),
]
function only(good) {
  return { good, bad: undefined }
}
function equals(value) {
  return ['StringEquals', value]
}

describe('condition keys', () => {
  for (const [name, spec, operation, [operator, value], { good, bad }] of conditions) {
    test(`kms:${name}: the call that fits gets in, another does not`, async () => {
      const nobody = userArn('nobody')
      const Action = `kms:${operation}`
      const Condition = { [operator]: { [`kms:${name}`]: value } }
      const KeyId = await keyWith(spec, administrator, allowTo(nobody, Action, { Condition }))
      if (bad) await denied(as.nobody(operation, await bad(KeyId)), noResource)
      const input = await good(KeyId)
      const negated = await keyWith(
        spec,
        administrator,
        allowTo(nobody, Action),
        denyTo(nobody, Action, { Condition }),
      )
      if (!['RequestAlias', 'ResourceAliases'].includes(name))
        await denied(as.nobody(operation, await good(negated)), keyDeny)
      await as.nobody(operation, input)
    })
  }
  test('kms:ViaService never fits a call that comes directly', async () => {
    const KeyId = await keyWith(
      rsa,
      administrator,
      allowTo(userArn('nobody'), 'kms:DescribeKey', {
        Condition: { StringEquals: { 'kms:ViaService': 's3.us-east-1.amazonaws.com' } },
      }),
    )
    await denied(as.nobody('DescribeKey', { KeyId }), noResource)
  })
})

test('an alias that moves within one key is a ReEncrypt on the same key, by whatever name', async () => {
  const nobody = userArn('nobody')
  const KeyId = await keyWith(
    {},
    administrator,
    allowTo(nobody, 'kms:ReEncrypt*', {
      Condition: { Bool: { 'kms:ReEncryptOnSameKey': 'true' } },
    }),
  )
  await as.root('CreateAlias', { AliasName: 'alias/same', TargetKeyId: KeyId })
  const { CiphertextBlob } = await as.root('Encrypt', { KeyId, Plaintext })
  for (const DestinationKeyId of [
    KeyId,
    KeyId.split('/')[1],
    'alias/same',
    KeyId.replace(/key\/.*/, 'alias/same'),
  ])
    await as.nobody('ReEncrypt', { CiphertextBlob, DestinationKeyId })
})

test('ReEncrypt opens nothing for a caller who may not seal under the destination', async () => {
  const nobody = userArn('nobody')
  const from = await keyWith({}, administrator, allowTo(nobody, 'kms:ReEncryptFrom'))
  const DestinationKeyId = await keyWith({}, administrator)
  const { CiphertextBlob } = await as.root('Encrypt', { KeyId: from, Plaintext })
  for (const SourceEncryptionContext of [undefined, { not: 'it' }])
    await denied(
      as.nobody('ReEncrypt', { CiphertextBlob, DestinationKeyId, SourceEncryptionContext }),
      /^User: \S+ is not authorized to perform: kms:ReEncryptTo/,
    )
})

describe('what creates in another Region', () => {
  const creator = (Condition) => ({
    arn: userArn('creator'),
    accessKeyId: 'LOCALCREATOR',
    secretAccessKey: 'creator-secret',
    policies: [policyOf(allow('kms:ReplicateKey'), allow('kms:CreateKey', { Condition }))],
  })
  const p256 = { 'kms:KeySpec': 'ECC_NIST_P256', 'kms:KeyUsage': 'SIGN_VERIFY' }
  /** Condition under which it may create keys, and whether that lets it. */
  const rows = [
    row({ StringEquals: p256 }, true),
    row({ StringEquals: { 'kms:KeySpec': 'RSA_2048' } }, false),
    row({ StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } }, true),
    row({ StringEquals: { 'aws:RequestedRegion': 'us-east-1' } }, false),
    row({ StringEquals: { 'kms:MultiRegion': 'true' } }, true),
  ]
  for (const [Condition, allowed] of rows) {
    test(`ReplicateKey asks for CreateKey there, of the key that comes: ${JSON.stringify(Condition)} ${allowed ? 'allows' : 'refuses'}`, async () => {
      const one = await startLocalKms({
        regions: ['eu-west-1'],
        credentials: JSON.stringify({ account: home, principals: [rootUser, creator(Condition)] }),
      })
      const made = await clientAs(one, rootUser)('CreateKey', { ...signing, MultiRegion: true })
      const { KeyId } = made.KeyMetadata
      const asked = clientAs(one, creator(Condition))('ReplicateKey', {
        KeyId,
        ReplicaRegion: 'eu-west-1',
      })
      try {
        if (allowed) assert.strictEqual((await asked).ReplicaKeyMetadata.KeyId, KeyId)
        else await denied(asked, /kms:CreateKey/)
      } finally {
        await one.close()
      }
    })
  }
})
