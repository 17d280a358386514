import { floci, localstack, moto, row } from './sources.mjs'
import { answered, call, filled, key, local, refused, text, zeros } from './steps.mjs'

const missing = '00000000-0000-0000-0000-000000000000'
const arn = 'arn:aws:kms:us-east-1:111122223333:key/'
const invalid = (error) => `1 validation error detected: ${error}`

/** What names no key, and the message. */
const strangers = [
  ['a UUID of no key', '12345678-1234-1234-1234-123456789012', `Key '${arn}12345678-1234-1234-1234-123456789012' does not exist`],
  ['an upper-case UUID of no key', '786CA7CD-B74B-42B3-B887-902AD7AB6429', `Key '${arn}786CA7CD-B74B-42B3-B887-902AD7AB6429' does not exist`],
  ['a multi-Region id of no key', 'mrk-1234567812341234123412345678901a', `Key '${arn}mrk-1234567812341234123412345678901a' does not exist`],
  ['the ARN of no key', `${arn}12345678-1234-1234-1234-123456789012`, `Key '${arn}12345678-1234-1234-1234-123456789012' does not exist`],
  ['an ARN whose id has another form', `${arn}foo`, 'Invalid keyId foo'],
  ['an id of another form', 'foo', "Invalid keyId 'foo'"],
  ['a UUID without dashes', '12345678123412341234123456789012', "Invalid keyId '12345678123412341234123456789012'"],
  ['a short multi-Region id', 'mrk-1234', "Invalid keyId 'mrk-1234'"],
]

const nullKey = (member) => invalid(`Value null at '${member}' failed to satisfy constraint: Member must not be null`)
const shapeOfKeyId = [
  ['DescribeKey', {}, nullKey('keyId')],
  ['Sign', { Message: text('message'), SigningAlgorithm: 'ECDSA_SHA_256' }, nullKey('keyId')],
  ['ScheduleKeyDeletion', {}, nullKey('keyId')],
  ['ReEncrypt', { CiphertextBlob: zeros(3) }, nullKey('destinationKeyId')],
  ['CreateAlias', { AliasName: 'alias/x' }, nullKey('targetKeyId')],
  ['GetPublicKey', { KeyId: '' }, "2 validation errors detected: Value '' at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'keyId' failed to satisfy constraint: Member must satisfy regular expression pattern: ^\\p{ASCII}+$"],
  ['DescribeKey', { KeyId: 'キー' }, invalid("Value 'キー' at 'keyId' failed to satisfy constraint: Member must satisfy regular expression pattern: ^\\p{ASCII}+$")],
]

const atLeast = (name) => `Value at '${name}' failed to satisfy constraint: Member must have length greater than or equal to 1`
const atMost = (name, n) => `Value at '${name}' failed to satisfy constraint: Member must have length less than or equal to ${n}`
const hidden = (name) => `Value at '${name}' failed to satisfy constraint: Member must not be null`
const absent = (name) => `Value null at '${name}' failed to satisfy constraint: Member must not be null`
const message = text('message')
const ecdsa = { SigningAlgorithm: 'ECDSA_SHA_256' }
const hmac = { MacAlgorithm: 'HMAC_SHA_256' }
const shapeOfBlobs = [
  ['Encrypt', { Plaintext: zeros(0) }, atLeast('plaintext')],
  ['Encrypt', { Plaintext: zeros(4097) }, atMost('plaintext', 4096)],
  ['Encrypt', {}, hidden('plaintext')],
  ['Sign', { Message: zeros(0), ...ecdsa }, atLeast('message')],
  ['Sign', { Message: zeros(4097), ...ecdsa }, atMost('message', 4096)],
  ['Sign', { ...ecdsa }, hidden('message')],
  ['Verify', { Message: message, Signature: zeros(0), ...ecdsa }, atLeast('signature')],
  ['Verify', { Message: message, Signature: zeros(6145), ...ecdsa }, atMost('signature', 6144)],
  ['Verify', { Message: message, ...ecdsa }, absent('signature')],
  ['Verify', { Message: zeros(4097), Signature: zeros(3), ...ecdsa }, atMost('message', 4096)],
  ['Verify', { Signature: zeros(3), ...ecdsa }, hidden('message')],
  ['GenerateMac', { Message: zeros(0), ...hmac }, atLeast('message')],
  ['GenerateMac', { Message: zeros(4097), ...hmac }, atMost('message', 4096)],
  ['GenerateMac', { ...hmac }, hidden('message')],
  ['VerifyMac', { Message: message, Mac: zeros(0), ...hmac }, atLeast('mac')],
  ['VerifyMac', { Message: message, Mac: zeros(6145), ...hmac }, atMost('mac', 6144)],
  ['VerifyMac', { Message: message, ...hmac }, absent('mac')],
  ['VerifyMac', { Message: zeros(0), Mac: zeros(3), ...hmac }, atLeast('message')],
  ['VerifyMac', { Mac: zeros(3), ...hmac }, hidden('message')],
  ['Decrypt', { CiphertextBlob: zeros(0) }, atLeast('ciphertextBlob')],
  ['Decrypt', { CiphertextBlob: zeros(6145) }, atMost('ciphertextBlob', 6144)],
  ['ReEncrypt', { DestinationKeyId: 'alias/nobody', CiphertextBlob: zeros(0) }, atLeast('ciphertextBlob')],
  ['ReEncrypt', { DestinationKeyId: 'alias/nobody' }, absent('ciphertextBlob')],
]

const signingAlgorithms = 'RSASSA_PSS_SHA_256, RSASSA_PSS_SHA_384, RSASSA_PSS_SHA_512, RSASSA_PKCS1_V1_5_SHA_256, RSASSA_PKCS1_V1_5_SHA_384, RSASSA_PKCS1_V1_5_SHA_512, ECDSA_SHA_256, ECDSA_SHA_384, ECDSA_SHA_512, ED25519_SHA_512, ED25519_PH_SHA_512, SM2DSA, ML_DSA_SHAKE_256'
const outside = (value, member, set) => invalid(`Value '${value}' at '${member}' failed to satisfy constraint: Member must satisfy enum value set: [${set}]`)
const shapeOfEnums = [
  ['Sign', { Message: message, SigningAlgorithm: 'FOO' }, outside('FOO', 'signingAlgorithm', signingAlgorithms)],
  ['Sign', { Message: message, SigningAlgorithm: 'RSAES_OAEP_SHA_256' }, outside('RSAES_OAEP_SHA_256', 'signingAlgorithm', signingAlgorithms)],
  ['Sign', { Message: message, MessageType: 'FOO', ...ecdsa }, outside('FOO', 'messageType', 'RAW, DIGEST, EXTERNAL_MU')],
  ['Verify', { Message: message, Signature: zeros(3), MessageType: 'FOO', ...ecdsa }, outside('FOO', 'messageType', 'RAW, DIGEST, EXTERNAL_MU')],
  ['Sign', { Message: message }, invalid(absent('signingAlgorithm'))],
  ['Verify', { Message: message, Signature: zeros(64) }, invalid(absent('signingAlgorithm'))],
  ['GenerateMac', { Message: message, MacAlgorithm: 'FOO' }, outside('FOO', 'macAlgorithm', 'HMAC_SHA_384, HMAC_SHA_256, HMAC_SHA_224, HMAC_SHA_512')],
  ['VerifyMac', { Message: message, Mac: zeros(64), MacAlgorithm: 'FOO' }, outside('FOO', 'macAlgorithm', 'HMAC_SHA_384, HMAC_SHA_256, HMAC_SHA_224, HMAC_SHA_512')],
  ['GenerateMac', { Message: message, MacAlgorithm: 'hmac_sha_256' }, outside('hmac_sha_256', 'macAlgorithm', 'HMAC_SHA_384, HMAC_SHA_256, HMAC_SHA_224, HMAC_SHA_512')],
  ['GenerateMac', { Message: message }, invalid(absent('macAlgorithm'))],
  ['VerifyMac', { Message: message, Mac: zeros(32) }, invalid(absent('macAlgorithm'))],
  ['Encrypt', { Plaintext: message, EncryptionAlgorithm: 'FOO' }, outside('FOO', 'encryptionAlgorithm', 'RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SM2PKE, SYMMETRIC_DEFAULT')],
  ['Decrypt', { CiphertextBlob: zeros(3), EncryptionAlgorithm: 'FOO' }, outside('FOO', 'encryptionAlgorithm', 'RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SM2PKE, SYMMETRIC_DEFAULT')],
]

/** Operations that take keys only, and what they need besides, so that nothing but the alias is wrong. */
const keysOnly = {
  ScheduleKeyDeletion: {}, CancelKeyDeletion: {}, EnableKey: {}, DisableKey: {}, ListResourceTags: {}, GetKeyPolicy: {}, ListKeyPolicies: {}, GetKeyRotationStatus: {}, EnableKeyRotation: {},
  DisableKeyRotation: {}, RotateKeyOnDemand: {}, ListGrants: {}, DeleteImportedKeyMaterial: {},
  TagResource: { Tags: [{ TagKey: 'a', TagValue: 'b' }] }, UntagResource: { TagKeys: ['a'] }, UpdateKeyDescription: { Description: 'x' }, PutKeyPolicy: { Policy: '{}' },
  CreateGrant: { GranteePrincipal: 'arn:aws:iam::111122223333:root', Operations: ['Encrypt'] }, RevokeGrant: { GrantId: 'a'.repeat(64) },
  GetParametersForImport: { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' }, ImportKeyMaterial: { ImportToken: zeros(3), EncryptedKeyMaterial: zeros(3), ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' },
}

const nobody = 'Alias arn:aws:kms:us-east-1:111122223333:alias/nobody is not found.'
const missingAliases = [
  ['DescribeKey', { KeyId: 'alias/nobody' }],
  ['DescribeKey', { KeyId: 'arn:aws:kms:us-east-1:111122223333:alias/nobody' }],
  ['Encrypt', { KeyId: 'alias/nobody', Plaintext: zeros(3) }],
  ['UpdateAlias', { AliasName: 'alias/nobody', TargetKeyId: '${key}' }],
  ['DeleteAlias', { AliasName: 'alias/nobody' }],
]

export const rows = [
  ...strangers.map(([what, KeyId, says]) => row(`DescribeKey of ${what}`, floci('describeKeyNamesAMissingKey'), [refused('DescribeKey', { KeyId }, 'NotFoundException', says)])),
  row('A key that does not exist, by id, by ARN and by multi-Region id', localstack('test_get_key_does_not_exist'), ['134f2428-cec1-4b25-a1ae-9048164dba47', `${arn}134f2428-cec1-4b25-a1ae-9048164dba47`, 'mrk-d3b95762d3b95762d3b95762d3b95762'].map((KeyId) => (
    refused('DescribeKey', { KeyId }, 'NotFoundException', `Key '${arn}${KeyId.split('/').at(-1)}' does not exist`)
  ))),
  row('A key id of another form', localstack('test_get_key_invalid_uuid'), ['fake-key-id', '134f2428cec14b25a1ae9048164dba47', 'mrk-fake-key-id'].map((KeyId) => refused('DescribeKey', { KeyId }, 'NotFoundException', `Invalid keyId '${KeyId}'`))),
  row('A key ARN of another Region', floci('describeKeyRejectsAnArnFromAnotherRegion'), [refused('DescribeKey', { KeyId: `arn:aws:kms:us-west-2:111122223333:key/${missing}` }, 'NotFoundException', 'Invalid arn us-west-2')]),
  row('An alias ARN of another Region', floci('describeKeyRejectsAnArnFromAnotherRegion (alias)'), [refused('DescribeKey', { KeyId: 'arn:aws:kms:us-west-2:111122223333:alias/nobody' }, 'NotFoundException', 'Invalid arn us-west-2')]),
  row('A key is where it was made, and nowhere else', localstack('test_get_key_in_different_region'), [
    { ...key('there'), in: 'us-west-2' },
    refused('DescribeKey', { KeyId: '${there}' }, 'NotFoundException', `Key '${arn}\${there}' does not exist`),
    refused('DescribeKey', { KeyId: '${there.arn}' }, 'NotFoundException', 'Invalid arn us-west-2'),
    call('DescribeKey', { KeyId: '${there}' }, { in: 'us-west-2', as: 'found' }),
    answered('DescribeKey', { KeyId: '${there.arn}' }, { KeyMetadata: '${found.KeyMetadata}' }, { in: 'us-west-2' }),
  ]),
  ...missingAliases.map(([operation, input], index) => row(`${operation} of an alias that does not exist (${index})`, floci('operationsNameAMissingAlias'), [key('key'), refused(operation, input, 'NotFoundException', nobody)])),
  row('DescribeKey of an AWS managed alias that does not exist', floci('operationsNameAMissingAlias'), [refused('DescribeKey', { KeyId: 'alias/aws/nobody' }, 'NotFoundException', 'Alias arn:aws:kms:us-east-1:111122223333:alias/aws/nobody is not found.')]),
  ...Object.entries(keysOnly).map(([operation, more]) => row(`${operation} takes no alias`, floci('keyOnlyOperationsRejectAnAliasBeforeLookingItUp'), ['alias/nobody', 'arn:aws:kms:us-east-1:111122223333:alias/nobody'].map((KeyId) => (
    refused(operation, { KeyId, ...more }, 'InvalidArnException', 'Key Aliases are not supported for this operation.')
  )))),
  ...shapeOfKeyId.map(([operation, input, says], index) => row(`${operation} with a key id of the wrong shape (${index})`, floci('operationsValidateTheKeyIdMember'), [refused(operation, input, 'ValidationException', says)])),
  ...shapeOfBlobs.map(([operation, input, says], index) => row(`${operation} looks at blobs before it looks for the key (${index})`, floci('blobMembersAreValidatedBeforeTheKeyIsLookedUp'), [
    refused(operation, { KeyId: missing, ...input }, 'ValidationException', invalid(says)),
  ])),
  ...shapeOfEnums.map(([operation, input, says], index) => row(`${operation} looks at enumerations before it looks for the key (${index})`, floci('…BeforeLookingUpTheKey, …ListsTheEnumInAwsOrder'), [
    refused(operation, { KeyId: missing, ...input }, 'ValidationException', says),
  ])),
  row('Decrypt of nothing', floci('decryptRequiresACiphertextBlob'), [refused('Decrypt', {}, 'ValidationException', invalid(absent('ciphertextBlob')))]),
  row('A plaintext of 4,097 bytes and of none', moto('test_encrypt_key_with_large_content, …_empty_content'), [
    key('key'),
    refused('Encrypt', { KeyId: '${key}', Plaintext: filled(4097, 120) }, 'ValidationException', invalid(atMost('plaintext', 4096))),
    refused('Encrypt', { KeyId: '${key}', Plaintext: zeros(0) }, 'ValidationException', invalid(atLeast('plaintext'))),
  ]),
  row('All four forms of a key id encrypt', localstack('test_all_types_of_key_id_can_be_used_for_encryption'), [
    key('key'),
    call('CreateAlias', { AliasName: 'alias/four-forms', TargetKeyId: '${key}' }),
    ...['${key}', '${key.arn}', 'alias/four-forms', 'arn:aws:kms:us-east-1:111122223333:alias/four-forms'].flatMap((KeyId) => [
      call('Encrypt', { KeyId, Plaintext: text('encrypt-me') }, { as: 'one' }),
      local('id', ({ one }) => one.KeyId),
      answered('DescribeKey', { KeyId: '${id}' }, { KeyMetadata: '${key.KeyMetadata}' }),
    ]),
  ]),
]
