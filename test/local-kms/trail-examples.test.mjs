// A call's record against the examples of the KMS developer guide ("Logging AWS KMS API calls with
// AWS CloudTrail").
import { test } from 'node:test'
import { assert } from 'chai'
import { trailRecord } from '#dist/local-kms/trail/trail-record.js'
import { alias, alice, arn, facts, id, material, other, resource, secret } from './trail-facts.mjs'

const alpha = { Project: 'Alpha' }
const engineering = { Department: 'Engineering' }
const [SYMMETRIC_DEFAULT, OAEP] = ['SYMMETRIC_DEFAULT', 'RSAES_OAEP_SHA_256']
const PKCS1 = 'RSASSA_PKCS1_V1_5_SHA_256'

/**
 * An example that changes nothing: operation, request, requestParameters; and what more there is:
 * answer, resources, additionalEventData.
 */
const reads = (operation, body, requestParameters, more = {}) => ({
  operation,
  body,
  answer: undefined,
  resources: [arn],
  requestParameters,
  responseElements: null,
  readOnly: true,
  additionalEventData: undefined,
  ...more,
})
/** One that changes something; it may also have responseElements. */
const writes = (operation, body, requestParameters, more = {}) => ({
  ...reads(operation, body, requestParameters),
  readOnly: false,
  ...more,
})
const byMaterial = { additionalEventData: { keyMaterialId: material } }
const unnamed = { resources: [] }
const showsArn = { responseElements: { keyId: arn } }
const aliased = { resources: [alias, arn], ...showsArn }
const byPkcs1 = { MessageType: 'RAW', SigningAlgorithm: PKCS1 }
const pkcs1Shown = { messageType: 'RAW', keyId: id, signingAlgorithm: PKCS1 }

const examples = [
  reads(
    'Decrypt',
    { CiphertextBlob: secret, EncryptionContext: alpha },
    { encryptionAlgorithm: SYMMETRIC_DEFAULT, encryptionContext: alpha },
    { answer: { KeyId: arn, Plaintext: secret, KeyMaterialId: material }, ...byMaterial },
  ),
  reads(
    'Decrypt',
    { CiphertextBlob: secret, KeyId: 'alias/a', EncryptionAlgorithm: OAEP },
    { keyId: 'alias/a', encryptionAlgorithm: OAEP },
    { answer: { KeyId: arn, Plaintext: secret } },
  ),
  reads(
    'Encrypt',
    { KeyId: arn, Plaintext: secret, EncryptionContext: engineering },
    { encryptionContext: engineering, keyId: arn, encryptionAlgorithm: SYMMETRIC_DEFAULT },
    { answer: { CiphertextBlob: secret, KeyId: arn } },
  ),
  reads('Sign', { KeyId: id, Message: secret, ...byPkcs1 }, pkcs1Shown, {
    answer: { Signature: secret },
  }),
  reads('Verify', { KeyId: id, Message: secret, Signature: secret, ...byPkcs1 }, pkcs1Shown, {
    answer: { SignatureValid: true },
  }),
  reads(
    'GenerateMac',
    { KeyId: id, Message: secret, MacAlgorithm: 'HMAC_SHA_512' },
    { macAlgorithm: 'HMAC_SHA_512', keyId: id },
    { answer: { Mac: secret } },
  ),
  reads(
    'VerifyMac',
    { KeyId: arn, Message: secret, Mac: secret, MacAlgorithm: 'HMAC_SHA_384' },
    { macAlgorithm: 'HMAC_SHA_384', keyId: arn },
    { answer: { MacValid: true } },
  ),
  reads(
    'DeriveSharedSecret',
    { KeyId: id, KeyAgreementAlgorithm: 'ECDH', PublicKey: secret },
    { keyId: id, keyAgreementAlgorithm: 'ECDH' },
    { answer: { SharedSecret: secret } },
  ),
  reads(
    'Encapsulate',
    { KeyId: id, EncapsulationAlgorithm: 'ML_KEM' },
    { keyId: id, encapsulationAlgorithm: 'ML_KEM' },
    { answer: { SharedSecret: secret, SharedSecretCiphertextBlob: secret } },
  ),
  reads(
    'Decapsulate',
    { KeyId: id, EncapsulationAlgorithm: 'ML_KEM', SharedSecretCiphertextBlob: secret },
    { keyId: id, encapsulationAlgorithm: 'ML_KEM' },
    { answer: { SharedSecret: secret } },
  ),
  reads(
    'GenerateDataKey',
    { KeyId: id, KeySpec: 'AES_256', EncryptionContext: { ...engineering, ...alpha } },
    { keyId: id, keySpec: 'AES_256', encryptionContext: { ...engineering, ...alpha } },
    {
      answer: { KeyId: arn, Plaintext: secret, CiphertextBlob: secret, KeyMaterialId: material },
      ...byMaterial,
    },
  ),
  reads(
    'GenerateDataKeyPair',
    { KeyId: id, KeyPairSpec: 'RSA_3072', EncryptionContext: alpha },
    { keyPairSpec: 'RSA_3072', encryptionContext: alpha, keyId: id },
    { answer: { PrivateKeyPlaintext: secret, KeyMaterialId: material }, ...byMaterial },
  ),
  reads(
    'ReEncrypt',
    {
      CiphertextBlob: secret,
      SourceEncryptionContext: alpha,
      DestinationKeyId: other.slice(-36),
      DestinationEncryptionContext: { Level: '3A' },
    },
    {
      sourceEncryptionAlgorithm: SYMMETRIC_DEFAULT,
      sourceEncryptionContext: alpha,
      destinationKeyId: other.slice(-36),
      destinationEncryptionAlgorithm: SYMMETRIC_DEFAULT,
      destinationEncryptionContext: { Level: '3A' },
    },
    {
      answer: {
        CiphertextBlob: secret,
        SourceKeyMaterialId: material,
        DestinationKeyMaterialId: material,
      },
      resources: [arn, other],
      additionalEventData: { sourceKeyMaterialId: material, destinationKeyMaterialId: material },
    },
  ),
  reads('GenerateRandom', { NumberOfBytes: 32 }, null, {
    answer: { Plaintext: secret },
    ...unnamed,
  }),
  reads(
    'ListAliases',
    { Limit: 5, Marker: 'eyJi' },
    { limit: 5, marker: 'eyJi' },
    { answer: { Aliases: [{ AliasArn: alias }] }, ...unnamed },
  ),
  reads('ListKeys', {}, null, { answer: { Keys: [] }, ...unnamed }),
  reads('DescribeKey', { KeyId: id }, { keyId: id }, { answer: { KeyMetadata: { KeyId: id } } }),
  reads(
    'GetKeyPolicy',
    { KeyId: id, PolicyName: 'default' },
    { keyId: id, policyName: 'default' },
    { answer: { Policy: '{}' } },
  ),
  reads(
    'GetParametersForImport',
    { KeyId: id, WrappingAlgorithm: OAEP, WrappingKeySpec: 'RSA_2048' },
    { keyId: id, wrappingAlgorithm: OAEP, wrappingKeySpec: 'RSA_2048' },
    { answer: { ImportToken: secret, PublicKey: secret } },
  ),
  writes(
    'ImportKeyMaterial',
    {
      KeyId: id,
      ImportToken: secret,
      EncryptedKeyMaterial: secret,
      ValidTo: Date.UTC(2025, 4, 21, 5, 47, 45) / 1000,
      ExpirationModel: 'KEY_MATERIAL_EXPIRES',
      ImportType: 'NEW_KEY_MATERIAL',
      KeyMaterialDescription: 'ExampleKeyMaterialA',
    },
    {
      keyId: id,
      validTo: 'May 21, 2025, 5:47:45 AM',
      expirationModel: 'KEY_MATERIAL_EXPIRES',
      importType: 'NEW_KEY_MATERIAL',
      keyMaterialDescription: 'ExampleKeyMaterialA',
    },
    {
      answer: { KeyId: arn, KeyMaterialId: material },
      responseElements: { keyId: arn, keyMaterialId: material },
    },
  ),
  writes(
    'CreateAlias',
    { AliasName: 'alias/my_alias', TargetKeyId: arn },
    { aliasName: 'alias/my_alias', targetKeyId: arn },
    aliased,
  ),
  writes('DeleteAlias', { AliasName: 'alias/my_alias' }, { aliasName: 'alias/my_alias' }, aliased),
  writes('EnableKey', { KeyId: id }, { keyId: id }, showsArn),
  writes(
    'EnableKeyRotation',
    { KeyId: id, RotationPeriodInDays: 180 },
    { keyId: id, rotationPeriodInDays: 180 },
    showsArn,
  ),
  writes(
    'RotateKeyOnDemand',
    { KeyId: id },
    { keyId: id },
    {
      answer: { KeyId: id },
      responseElements: { keyId: id },
    },
  ),
  writes(
    'TagResource',
    { KeyId: arn, Tags: [{ TagKey: 'Department', TagValue: 'IT' }] },
    { keyId: arn, tags: [{ tagKey: 'Department', tagValue: 'IT' }] },
  ),
  writes('UntagResource', { KeyId: arn, TagKeys: ['Dept'] }, { keyId: arn, tagKeys: ['Dept'] }),
  writes(
    'PutKeyPolicy',
    {
      KeyId: id,
      PolicyName: 'default',
      Policy: '{ "Version" : "2012-10-17" }',
      BypassPolicyLockoutSafetyCheck: false,
    },
    {
      keyId: id,
      policyName: 'default',
      policy: '{ "Version" : "2012-10-17" }',
      bypassPolicyLockoutSafetyCheck: false,
    },
  ),
  writes(
    'CreateGrant',
    {
      KeyId: arn,
      GranteePrincipal: alice.arn,
      Operations: ['Encrypt', 'RetireGrant'],
      Constraints: { EncryptionContextSubset: { ContextKey1: 'Value1' } },
      GrantTokens: [secret],
    },
    {
      keyId: arn,
      granteePrincipal: alice.arn,
      operations: ['Encrypt', 'RetireGrant'],
      constraints: { encryptionContextSubset: { ContextKey1: 'Value1' } },
    },
    {
      answer: { GrantId: material, GrantToken: secret },
      responseElements: { grantId: material, keyId: arn },
    },
  ),
  writes('RevokeGrant', { KeyId: id, GrantId: material }, { keyId: id, grantId: material }),
  writes('RetireGrant', { GrantToken: secret }, null),
  writes(
    'ScheduleKeyDeletion',
    { KeyId: id, PendingWindowInDays: 20 },
    { pendingWindowInDays: 20, keyId: id },
    {
      answer: {
        KeyId: arn,
        KeyState: 'PendingDeletion',
        DeletionDate: Date.UTC(2021, 3, 12, 18, 58, 30) / 1000,
      },
      responseElements: {
        keyId: arn,
        keyState: 'PendingDeletion',
        deletionDate: 'Apr 12, 2021, 6:58:30 PM',
      },
    },
  ),
  writes(
    'CreateKey',
    {
      Description: '',
      Origin: 'EXTERNAL',
      BypassPolicyLockoutSafetyCheck: false,
      KeySpec: 'SYMMETRIC_DEFAULT',
      KeyUsage: 'ENCRYPT_DECRYPT',
    },
    {
      description: '',
      origin: 'EXTERNAL',
      bypassPolicyLockoutSafetyCheck: false,
      keySpec: 'SYMMETRIC_DEFAULT',
      keyUsage: 'ENCRYPT_DECRYPT',
    },
    {
      answer: {
        KeyMetadata: {
          AWSAccountId: '111122223333',
          KeyId: id,
          Arn: arn,
          CreationDate: Date.UTC(2022, 7, 10, 22, 38, 27) / 1000,
          Enabled: false,
          Description: '',
          KeyUsage: 'ENCRYPT_DECRYPT',
          KeyState: 'PendingImport',
          EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
          MultiRegion: false,
        },
      },
      responseElements: {
        keyMetadata: {
          AWSAccountId: '111122223333',
          keyId: id,
          arn,
          creationDate: 'Aug 10, 2022, 10:38:27 PM',
          enabled: false,
          description: '',
          keyUsage: 'ENCRYPT_DECRYPT',
          keyState: 'PendingImport',
          encryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
          multiRegion: false,
        },
      },
    },
  ),
  writes(
    'ReplicateKey',
    { KeyId: id, ReplicaRegion: 'us-east-1' },
    { keyId: id, replicaRegion: 'us-east-1' },
    {
      answer: {
        ReplicaKeyMetadata: {
          KeyId: id,
          MultiRegionConfiguration: {
            MultiRegionKeyType: 'REPLICA',
            PrimaryKey: { Arn: arn, Region: 'us-west-2' },
            ReplicaKeys: [{ Arn: other, Region: 'us-east-1' }],
          },
        },
        ReplicaPolicy: '{}',
        ReplicaTags: [{ TagKey: 'a', TagValue: 'b' }],
      },
      responseElements: {
        replicaKeyMetadata: {
          keyId: id,
          multiRegionConfiguration: {
            multiRegionKeyType: 'REPLICA',
            primaryKey: { arn, region: 'us-west-2' },
            replicaKeys: [{ arn: other, region: 'us-east-1' }],
          },
        },
        replicaPolicy: '{}',
        replicaTags: [{ tagKey: 'a', tagValue: 'b' }],
      },
    },
  ),
]
for (const { operation, body, answer, resources, ...expected } of examples) {
  const { requestParameters, responseElements, readOnly, additionalEventData } = expected
  test(`${operation} of ${JSON.stringify(Object.keys(body))} is recorded as CloudTrail records it`, () => {
    const record = trailRecord(facts({ operation, body, answer, resources }))
    assert.deepEqual(
      [
        record.requestParameters,
        record.responseElements,
        record.readOnly,
        record.additionalEventData,
      ],
      [requestParameters, responseElements, readOnly, additionalEventData],
    )
    assert.deepEqual(record.resources, resources.map(resource))
    const line = JSON.stringify(record)
    assert.notInclude(line, secret)
    assert.notInclude(line, '\n')
    assert.strictEqual(JSON.parse(line).eventName, operation)
  })
}
