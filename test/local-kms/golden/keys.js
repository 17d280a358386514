import { date, including } from './match.mjs'
import { metadata, publicKey } from './metadata.mjs'
import { documented, facts, floci, flociIssue, localstack, reported, row } from './sources.mjs'
import { answered, call, key, refused } from './steps.mjs'

const hmac256 = { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }
const pairs = [['RSA_2048', 'KEY_AGREEMENT']]
/** Pairs that the API reference excludes; the text is that of the recorded pair. */
const excluded = [
  ['SYMMETRIC_DEFAULT', 'SIGN_VERIFY'], ['SYMMETRIC_DEFAULT', 'GENERATE_VERIFY_MAC'], ['HMAC_256', 'ENCRYPT_DECRYPT'], ['ECC_NIST_P256', 'ENCRYPT_DECRYPT'],
  ['ECC_SECG_P256K1', 'KEY_AGREEMENT'], ['ECC_NIST_EDWARDS25519', 'KEY_AGREEMENT'], ['ML_DSA_44', 'ENCRYPT_DECRYPT'], ['ML_KEM_768', 'ENCRYPT_DECRYPT'], ['RSA_2048', 'GENERATE_VERIFY_MAC'],
]
const outside = (value, member) => new RegExp(`^1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: Member must satisfy enum value set: \\[`)

/** Operations of management, with what they take besides the key. */
const management = {
  EnableKey: {}, DisableKey: {}, UpdateKeyDescription: { Description: 'x' }, TagResource: { Tags: [{ TagKey: 'a', TagValue: 'b' }] }, UntagResource: { TagKeys: ['a'] },
  CreateGrant: { GranteePrincipal: 'arn:aws:iam::111122223333:root', Operations: ['Encrypt'] }, ScheduleKeyDeletion: { PendingWindowInDays: 7 },
}
const deleted = (more = {}) => [key('key', more), call('ScheduleKeyDeletion', { KeyId: '${key}', PendingWindowInDays: 7 })]
const pendingDeletion = ['KMSInvalidStateException', '${key.arn} is pending deletion.']

export const rows = [
  row('A symmetric key has exactly these members', localstack('test_create_key'), [
    answered('CreateKey', { Description: 'test key 123', KeyUsage: 'ENCRYPT_DECRYPT' }, { KeyMetadata: metadata('SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', { Description: 'test key 123' }) }, { as: 'key' }),
    answered('DescribeKey', { KeyId: '${key}' }, { KeyMetadata: '${key.KeyMetadata}' }),
    call('ListKeys', { Limit: 1000 }, { expect: { answer: { Keys: including({ KeyArn: '${key.arn}', KeyId: '${key}' }), Truncated: false } } }),
  ]),
  row('A key of one Region has no multi-Region members', localstack('test_non_multi_region_keys_should_not_have_multi_region_properties'), [
    answered('CreateKey', { MultiRegion: false, Description: 'one Region' }, { KeyMetadata: metadata('SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', { Description: 'one Region' }) }),
  ]),
  row('An HMAC key has exactly these members, and no material id', localstack('test_hmac_create_key'), [
    answered('CreateKey', { Description: 'test key', ...hmac256 }, { KeyMetadata: metadata('HMAC_256', 'GENERATE_VERIFY_MAC', { Description: 'test key' }) }, { as: 'key' }),
    answered('DescribeKey', { KeyId: '${key}' }, { KeyMetadata: '${key.KeyMetadata}' }),
  ]),
  row('The old name of KeySpec makes the same key', localstack('test_describe_and_list_sign_key'), [
    answered('CreateKey', { KeyUsage: 'SIGN_VERIFY', CustomerMasterKeySpec: 'ECC_NIST_P256' }, { KeyMetadata: metadata('ECC_NIST_P256', 'SIGN_VERIFY') }, { as: 'key' }),
    answered('DescribeKey', { KeyId: '${key}' }, { KeyMetadata: '${key.KeyMetadata}' }),
    call('ListKeys', { Limit: 1000 }, { expect: { answer: { Keys: including({ KeyArn: '${key.arn}', KeyId: '${key}' }), Truncated: false } } }),
  ]),
  row('An alias ARN describes the key', localstack('test_describe_with_alias_arn'), [
    key('key', { Description: 'test - description' }),
    call('CreateAlias', { AliasName: 'alias/described', TargetKeyId: '${key}' }),
    answered('DescribeKey', { KeyId: 'arn:aws:kms:us-east-1:111122223333:alias/described' }, { KeyMetadata: '${key.KeyMetadata}' }),
  ]),
  row('An Ed25519 key lists two algorithms, in this order', floci('ed25519KeyIsAnEd25519KeyAndSignsWithBothAlgorithms'), [
    answered('CreateKey', { KeyUsage: 'SIGN_VERIFY', KeySpec: 'ECC_NIST_EDWARDS25519' }, { KeyMetadata: metadata('ECC_NIST_EDWARDS25519', 'SIGN_VERIFY') }),
  ]),
  ...['ML_DSA_44', 'ML_DSA_65', 'ML_DSA_87'].map((spec) => row(`A key of ${spec} lists one algorithm`, flociIssue('3025'), [
    answered('CreateKey', { KeyUsage: 'SIGN_VERIFY', KeySpec: spec }, { KeyMetadata: metadata(spec, 'SIGN_VERIFY') }),
  ])),
  row('A key whose spec needs a usage and has none', localstack('test_hmac_create_key_invalid_operations'), [
    refused('CreateKey', { KeySpec: 'HMAC_256' }, 'ValidationException', 'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.'),
    refused('CreateKey', { KeySpec: 'HMAC_random' }, 'ValidationException', outside('HMAC_random', 'keySpec')),
    refused('CreateKey', { KeySpec: 'HMAC_256', KeyUsage: 'RANDOM' }, 'ValidationException', outside('RANDOM', 'keyUsage')),
  ]),
  ...pairs.map(([KeySpec, KeyUsage]) => row(`${KeySpec} is not for ${KeyUsage}`, localstack('test_derive_shared_secret'), [
    refused('CreateKey', { KeySpec, KeyUsage }, 'ValidationException', `KeyUsage ${KeyUsage} is not compatible with KeySpec ${KeySpec}`),
  ])),
  ...excluded.map(([KeySpec, KeyUsage]) => row(`${KeySpec} is not for ${KeyUsage}`, documented('CreateKey'), [
    refused('CreateKey', { KeySpec, KeyUsage }, 'ValidationException', `KeyUsage ${KeyUsage} is not compatible with KeySpec ${KeySpec}`),
  ])),
  row('SM2 exists in other Regions', flociIssue('3026'), [refused('CreateKey', { KeySpec: 'SM2', KeyUsage: 'SIGN_VERIFY' }, 'UnsupportedOperationException', 'KeySpec SM2 is not supported in this Region')]),
  row('A description is there from the start, and can be changed', localstack('test_update_key_description'), [
    key('key', { Description: 'old_description' }),
    answered('DescribeKey', { KeyId: '${key}' }, { KeyMetadata: metadata('SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', { Description: 'old_description' }) }),
    answered('UpdateKeyDescription', { KeyId: '${key}', Description: 'new_description' }, {}),
    answered('DescribeKey', { KeyId: '${key}' }, { KeyMetadata: metadata('SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', { Description: 'new_description' }) }),
  ]),
  row('A key is disabled and enabled', localstack('test_disable_and_enable_key'), [
    key('key'),
    answered('DisableKey', { KeyId: '${key}' }, {}),
    answered('DescribeKey', { KeyId: '${key}' }, { KeyMetadata: metadata('SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', { Enabled: false, KeyState: 'Disabled' }) }),
    answered('EnableKey', { KeyId: '${key}' }, {}),
    answered('DescribeKey', { KeyId: '${key}' }, { KeyMetadata: metadata('SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT') }),
  ]),
  row('A deletion that was cancelled leaves the key disabled', localstack('test_schedule_and_cancel_key_deletion'), [
    key('key'),
    call('ScheduleKeyDeletion', { KeyId: '${key}' }, { as: 'scheduled' }),
    answered('DescribeKey', { KeyId: '${key}' }, { KeyMetadata: metadata('SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', { Enabled: false, KeyState: 'PendingDeletion', DeletionDate: '${scheduled.DeletionDate}' }) }),
    answered('CancelKeyDeletion', { KeyId: '${key}' }, { KeyId: '${key.arn}' }),
    answered('DescribeKey', { KeyId: '${key}' }, { KeyMetadata: metadata('SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', { Enabled: false, KeyState: 'Disabled' }) }),
  ]),
  row('A deleted key is not deleted again', localstack('test_cant_delete_deleted_key'), [...deleted(), refused('ScheduleKeyDeletion', { KeyId: '${key}' }, ...pendingDeletion)]),
  row('A key is neither used while disabled nor while it is deleted', localstack('test_cant_use_disabled_or_deleted_keys'), [
    key('key'),
    call('GenerateDataKey', { KeyId: '${key}', KeySpec: 'AES_256' }),
    call('DisableKey', { KeyId: '${key}' }),
    refused('GenerateDataKey', { KeyId: '${key}', KeySpec: 'AES_256' }, 'DisabledException', '${key.arn} is disabled.'),
    call('ScheduleKeyDeletion', { KeyId: '${key}' }),
    refused('GenerateDataKey', { KeyId: '${key}', KeySpec: 'AES_256' }, ...pendingDeletion),
  ]),
  ...Object.entries(management).map(([operation, more]) => row(`${operation} of a key that is pending deletion`, floci('keyManagementRejectsAKeyPendingDeletion'), [
    ...deleted(), refused(operation, { KeyId: '${key}', ...more }, ...pendingDeletion),
  ])),
  ...['EnableKey', 'DisableKey'].map((operation) => row(`${operation} of a key without material`, floci('operationsRejectAKeyPendingImport'), [
    key('key', { Origin: 'EXTERNAL' }), refused(operation, { KeyId: '${key}' }, 'KMSInvalidStateException', '${key.arn} is pending import.'),
  ])),
  row('A public key comes with these members', localstack('test_get_public_key'), [
    key('key', { KeyUsage: 'ENCRYPT_DECRYPT', KeySpec: 'RSA_2048' }),
    answered('GetPublicKey', { KeyId: '${key}' }, publicKey('key', 'RSA_2048', 'ENCRYPT_DECRYPT', 294)),
  ]),
  row('A symmetric key has no public key', floci('getPublicKeyRejectsASymmetricKeyWithoutAMessage'), [key('key'), refused('GetPublicKey', { KeyId: '${key}' }, 'UnsupportedOperationException', undefined)]),
  row('GetPublicKey looks at the state before the kind of key', floci('getPublicKeyRejectsAKeyPendingDeletionOrImport'), [
    ...deleted(hmac256), refused('GetPublicKey', { KeyId: '${key}' }, ...pendingDeletion),
    key('empty', { Origin: 'EXTERNAL' }), refused('GetPublicKey', { KeyId: '${empty}' }, 'KMSInvalidStateException', '${empty.arn} is pending import.'),
  ]),
  row('A disabled key hands out no public key', facts('States'), [
    key('key', { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' }),
    call('DisableKey', { KeyId: '${key}' }),
    refused('GetPublicKey', { KeyId: '${key}' }, 'DisabledException', '${key.arn} is disabled.'),
  ], { disputed: 'so say kms-facts.md and the table of key states in the Developer Guide; floci 3968 says that it was seen to work' }),
  row('ScheduleKeyDeletion names the key by its ARN and waits 30 days unless told', facts('States'), [
    key('key'),
    answered('ScheduleKeyDeletion', { KeyId: '${key}' }, { KeyId: '${key.arn}', KeyState: 'PendingDeletion', PendingWindowInDays: 30, DeletionDate: date }),
  ]),
  row('A policy that locks its author out', reported('terraform-aws-eks 2843 and many'), [
    refused('CreateKey', { Policy: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::111122223333:root' }, Action: 'kms:Decrypt', Resource: '*' }] }) }, 'MalformedPolicyDocumentException', 'The new key policy will not allow you to update the key policy in the future.'),
  ]),
]
