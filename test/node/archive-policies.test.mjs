// What keyPolicy and keyTemplate write for a resealer and for a reader of archives: each does its
// work, and no call beside it is allowed. The local KMS and another evaluator say the same.
import test from 'node:test'
import { assert } from 'chai'
import {
  createArchiveReader,
  createResealer,
  joinPolicies,
  keyPolicy,
  keyTemplate,
} from 'sealdrop/kms'
import { bytesOf, codeOf, failureOf } from '../support/archives.mjs'
import { allKeys, letsIn, own, policyWorld, roleArn, simulated } from '../support/policy-world.mjs'
import { present, wrong } from '../support/types.mjs'

/** @import { PolicyRole } from 'sealdrop/kms' */

/** @type {Record<string, PolicyRole>} */
const roles = { Administrator: 'administrator', Resealer: 'resealer', Reader: 'reader' }
const names = Object.keys(roles)
const partOf = (name) => keyPolicy({ role: roles[name], key: allKeys, principals: [roleArn(name)] })
const policy = joinPolicies(names.map((name) => partOf(name).keyPolicy))
const whole = {
  store: 'claims',
  'sealdrop:message-id': 'A'.repeat(43),
  'sealdrop:header': 'A'.repeat(43),
}
const halves = [
  { store: 'claims', 'sealdrop:message-id': 'A'.repeat(43) },
  { store: 'claims', 'sealdrop:header': 'A'.repeat(43) },
]

/** A symmetric key with the joined policy, by a role that may make it. */
async function world(t, withIam) {
  const iamOf = (name) => (withIam ? [partOf(name).iamPolicy] : [])
  const create = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 'kms:CreateKey', Resource: '*' }],
  }
  const made = await policyWorld(t, {
    Administrator: [create],
    Resealer: iamOf('Resealer'),
    Reader: iamOf('Reader'),
  })
  const { KeyMetadata } = await made.as.Administrator.send('CreateKey', {
    Policy: JSON.stringify(policy),
  })
  return { ...made, key: KeyMetadata.Arn, iamOf }
}

test('a resealer re-seals and does not read, a reader reads and does not write', async (t) => {
  const { as, key } = await world(t, false)
  const context = { store: 'claims' }
  const original = { messageId: 'A'.repeat(43), headerDigest: 'A'.repeat(43) }
  const reseal = (name) =>
    createResealer({ kms: as[name].config, key, context }).reseal({
      ...original,
      readable: new Blob(['DE02']).stream(),
    })
  const bytes = await bytesOf((await reseal('Resealer')).readable)
  const read = (name) =>
    createArchiveReader({ kms: as[name].config, keys: [key] }).openStream(bytes, { context })
  assert.equal(new TextDecoder().decode(await bytesOf((await read('Reader')).readable)), 'DE02')
  for (const name of ['Resealer', 'Administrator'])
    assert.equal((await failureOf(read(name))).code, 'kms_denied')
  for (const name of ['Reader', 'Administrator'])
    assert.equal((await failureOf(reseal(name))).code, 'kms_denied')
})

test('each call is allowed to its role only, and with the context of an archive only', async (t) => {
  const { as, key, iamOf } = await world(t, true)
  const { CiphertextBlob } = await as.Resealer.send('GenerateDataKey', {
    KeyId: key,
    KeySpec: 'AES_256',
    EncryptionContext: whole,
  })
  const inputs = {
    GenerateDataKey: { KeySpec: 'AES_256' },
    Decrypt: { CiphertextBlob },
    Encrypt: { Plaintext: new Uint8Array(32) },
    GenerateDataKeyWithoutPlaintext: { KeySpec: 'AES_256' },
  }
  const may = { Resealer: 'GenerateDataKey', Reader: 'Decrypt' }
  for (const name of names)
    for (const [action, input] of Object.entries(inputs))
      for (const EncryptionContext of [whole, ...halves, {}]) {
        // of another context the ciphertext is none, which KMS says before it decides of nothing
        if (name === 'Reader' && action === 'Decrypt' && EncryptionContext !== whole) continue
        const allowed = may[name] === action && EncryptionContext === whole
        const ours = await letsIn(
          as[name].send(action, { KeyId: key, ...input, EncryptionContext }),
        )
        const theirs = await simulated({
          role: name,
          account: own,
          iam: name === 'Administrator' ? [] : iamOf(name),
          keyPolicy: policy,
          action,
          resource: key,
          context: {
            'kms:KeySpec': 'SYMMETRIC_DEFAULT',
            'kms:EncryptionContextKeys': Object.keys(EncryptionContext),
          },
        })
        const cell = `${name} ${action} ${JSON.stringify(EncryptionContext)}`
        assert.deepEqual([cell, ours, theirs], [cell, allowed, allowed])
      }
})

test('by an alias the IAM policy asks for the alias, and for the context too', () => {
  const key = `arn:aws:kms:us-east-1:${own}:alias/archive`
  const { iamPolicy } = keyPolicy({ role: 'reader', key, principals: [roleArn('Reader')] })
  const conditions = iamPolicy.Statement.map(({ Condition }) => Condition)
  assert.deepEqual(conditions, [
    {
      'ForAnyValue:StringEquals': {
        'kms:EncryptionContextKeys': 'sealdrop:header',
        'kms:ResourceAliases': 'alias/archive',
      },
      'ForAnyValue:StringLike': { 'kms:EncryptionContextKeys': 'sealdrop:message-id' },
    },
  ])
})

test('a template makes a key that rotates every year, with its roles', () => {
  const o = {
    key: `arn:aws:kms:us-east-1:${own}:alias/archive`,
    spec: 'SYMMETRIC_DEFAULT',
    usage: 'ENCRYPT_DECRYPT',
    roles: Object.fromEntries(names.map((name) => [roles[name], [roleArn(name)]])),
  }
  const template = keyTemplate(wrong(o))
  const { Properties } = Object(present(template.Resources['ArchiveKey']))
  assert.deepInclude(Properties, {
    KeySpec: 'SYMMETRIC_DEFAULT',
    EnableKeyRotation: true,
    RotationPeriodInDays: 365,
  })
  assert.sameMembers(Object.keys(template.Resources), [
    'ArchiveKey',
    'ArchiveAlias',
    'ArchiveAdministratorPolicy',
    'ArchiveResealerPolicy',
    'ArchiveReaderPolicy',
  ])
  for (const change of [
    { usage: 'SIGN_VERIFY' },
    { algs: ['RSA-OAEP-256'] },
    { roles: { ...o.roles, opener: [roleArn('Opener')] } },
    { roles: { ...o.roles, publisher: [roleArn('Web')] } },
    { spec: 'RSA_3072' },
    { spec: 'RSA_3072', roles: { reader: [roleArn('Reader')] } },
  ])
    assert.equal(
      codeOf(() => keyTemplate(wrong({ ...o, ...change }))),
      'invalid_argument',
      JSON.stringify(change),
    )
  const asymmetric = {
    ...o,
    spec: 'RSA_3072',
    roles: { administrator: [roleArn('Administrator')] },
  }
  const rsa = Object(present(keyTemplate(wrong(asymmetric)).Resources['ArchiveKey'])).Properties
  assert.notProperty(rsa, 'EnableKeyRotation')
})
