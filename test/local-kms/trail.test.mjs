// A call's record against the examples of the KMS developer guide ("Logging AWS KMS API calls with
// AWS CloudTrail"), and what never stands in one.
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { assert } from 'chai'
import { serviceOperations } from 'sealdrop/dist/local-kms/service-operations.js'
import { trailRecord } from 'sealdrop/dist/local-kms/trail.js'

const id = '1234abcd-12ab-34cd-56ef-1234567890ab'
const arn = `arn:aws:kms:us-west-2:111122223333:key/${id}`
const other = 'arn:aws:kms:us-west-2:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321'
const alias = 'arn:aws:kms:us-west-2:111122223333:alias/my_alias'
const material = '123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0'
const secret = Buffer.from('never in a log').toString('base64')
const alice = {
  arn: 'arn:aws:iam::111122223333:user/Alice',
  account: '111122223333',
  accessKeyId: 'EXAMPLE_KEY_ID',
}
const facts = (more) => ({
  operation: 'Decrypt',
  region: 'us-west-2',
  time: Date.UTC(2022, 10, 24, 18, 57, 43, 987),
  caller: alice,
  sourceIPAddress: '127.0.0.1',
  userAgent: 'aws-sdk-js/3',
  requestId: '22345126-30d5-4b28-98b9-9153da559963',
  eventId: 'abcde202-ba1a-467c-b4ba-f729d45ae521',
  body: { KeyId: arn, CiphertextBlob: secret },
  answer: undefined,
  resources: [arn],
  fault: undefined,
  ...more,
})
const resource = (ARN) => ({ accountId: '111122223333', type: 'AWS::KMS::Key', ARN })

test('a failed Decrypt is the whole example of the guide, member by member and in its order', () => {
  const record = trailRecord(
    facts({
      body: {
        CiphertextBlob: secret,
        KeyId: arn,
        EncryptionContext: { Department: 'Engineering', Project: 'Alpha' },
      },
      fault: {
        name: 'IncorrectKeyException',
        text: 'The key ID in the request does not identify a CMK that can perform this operation.',
      },
    }),
  )
  const {
    userIdentity: { principalId, ...identity },
    ...rest
  } = record
  assert.match(principalId, /^[0-9A-F]{20}$/)
  assert.deepEqual(identity, {
    type: 'IAMUser',
    arn: 'arn:aws:iam::111122223333:user/Alice',
    accountId: '111122223333',
    accessKeyId: 'EXAMPLE_KEY_ID',
    userName: 'Alice',
  })
  assert.deepEqual(rest, {
    eventVersion: '1.11',
    eventTime: '2022-11-24T18:57:43Z',
    eventSource: 'kms.amazonaws.com',
    eventName: 'Decrypt',
    awsRegion: 'us-west-2',
    sourceIPAddress: '127.0.0.1',
    userAgent: 'aws-sdk-js/3',
    errorCode: 'IncorrectKeyException',
    errorMessage:
      'The key ID in the request does not identify a CMK that can perform this operation.',
    requestParameters: {
      encryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      keyId: arn,
      encryptionContext: { Department: 'Engineering', Project: 'Alpha' },
    },
    responseElements: null,
    requestID: '22345126-30d5-4b28-98b9-9153da559963',
    eventID: 'abcde202-ba1a-467c-b4ba-f729d45ae521',
    readOnly: true,
    resources: [resource(arn)],
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: '111122223333',
    eventCategory: 'Management',
  })
  assert.deepEqual(Object.keys(record), [
    'eventVersion',
    'userIdentity',
    'eventTime',
    'eventSource',
    'eventName',
    'awsRegion',
    'sourceIPAddress',
    'userAgent',
    'errorCode',
    'errorMessage',
    'requestParameters',
    'responseElements',
    'requestID',
    'eventID',
    'readOnly',
    'resources',
    'eventType',
    'managementEvent',
    'recipientAccountId',
    'eventCategory',
  ])
})

/**
 * Operation, request, answer, resources; requestParameters, responseElements, readOnly,
 * additionalEventData: as the guide's examples have them.
 */
const examples = [
  [
    'Decrypt',
    { CiphertextBlob: secret, EncryptionContext: { Project: 'Alpha' } },
    { KeyId: arn, Plaintext: secret, KeyMaterialId: material },
    [arn],
    { encryptionAlgorithm: 'SYMMETRIC_DEFAULT', encryptionContext: { Project: 'Alpha' } },
    null,
    true,
    { keyMaterialId: material },
  ],
  [
    'Decrypt',
    { CiphertextBlob: secret, KeyId: 'alias/a', EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' },
    { KeyId: arn, Plaintext: secret },
    [arn],
    { keyId: 'alias/a', encryptionAlgorithm: 'RSAES_OAEP_SHA_256' },
    null,
    true,
  ],
  [
    'Encrypt',
    { KeyId: arn, Plaintext: secret, EncryptionContext: { Department: 'Engineering' } },
    { CiphertextBlob: secret, KeyId: arn },
    [arn],
    {
      encryptionContext: { Department: 'Engineering' },
      keyId: arn,
      encryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    },
    null,
    true,
  ],
  [
    'Sign',
    {
      KeyId: id,
      Message: secret,
      MessageType: 'RAW',
      SigningAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256',
    },
    { Signature: secret },
    [arn],
    { messageType: 'RAW', keyId: id, signingAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256' },
    null,
    true,
  ],
  [
    'Verify',
    {
      KeyId: id,
      Message: secret,
      Signature: secret,
      MessageType: 'RAW',
      SigningAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256',
    },
    { SignatureValid: true },
    [arn],
    { signingAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256', keyId: id, messageType: 'RAW' },
    null,
    true,
  ],
  [
    'GenerateMac',
    { KeyId: id, Message: secret, MacAlgorithm: 'HMAC_SHA_512' },
    { Mac: secret },
    [arn],
    { macAlgorithm: 'HMAC_SHA_512', keyId: id },
    null,
    true,
  ],
  [
    'VerifyMac',
    { KeyId: arn, Message: secret, Mac: secret, MacAlgorithm: 'HMAC_SHA_384' },
    { MacValid: true },
    [arn],
    { macAlgorithm: 'HMAC_SHA_384', keyId: arn },
    null,
    true,
  ],
  [
    'DeriveSharedSecret',
    { KeyId: id, KeyAgreementAlgorithm: 'ECDH', PublicKey: secret },
    { SharedSecret: secret },
    [arn],
    { keyId: id, keyAgreementAlgorithm: 'ECDH' },
    null,
    true,
  ],
  [
    'Encapsulate',
    { KeyId: id, EncapsulationAlgorithm: 'ML_KEM' },
    { SharedSecret: secret, SharedSecretCiphertextBlob: secret },
    [arn],
    { keyId: id, encapsulationAlgorithm: 'ML_KEM' },
    null,
    true,
  ],
  [
    'Decapsulate',
    { KeyId: id, EncapsulationAlgorithm: 'ML_KEM', SharedSecretCiphertextBlob: secret },
    { SharedSecret: secret },
    [arn],
    { keyId: id, encapsulationAlgorithm: 'ML_KEM' },
    null,
    true,
  ],
  [
    'GenerateDataKey',
    {
      KeyId: id,
      KeySpec: 'AES_256',
      EncryptionContext: { Department: 'Engineering', Project: 'Alpha' },
    },
    { KeyId: arn, Plaintext: secret, CiphertextBlob: secret, KeyMaterialId: material },
    [arn],
    {
      keyId: id,
      keySpec: 'AES_256',
      encryptionContext: { Department: 'Engineering', Project: 'Alpha' },
    },
    null,
    true,
    { keyMaterialId: material },
  ],
  [
    'GenerateDataKeyPair',
    { KeyId: id, KeyPairSpec: 'RSA_3072', EncryptionContext: { Project: 'Alpha' } },
    { PrivateKeyPlaintext: secret, KeyMaterialId: material },
    [arn],
    { keyPairSpec: 'RSA_3072', encryptionContext: { Project: 'Alpha' }, keyId: id },
    null,
    true,
    { keyMaterialId: material },
  ],
  [
    'ReEncrypt',
    {
      CiphertextBlob: secret,
      SourceEncryptionContext: { Project: 'Alpha' },
      DestinationKeyId: other.slice(-36),
      DestinationEncryptionContext: { Level: '3A' },
    },
    { CiphertextBlob: secret, SourceKeyMaterialId: material, DestinationKeyMaterialId: material },
    [arn, other],
    {
      sourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      sourceEncryptionContext: { Project: 'Alpha' },
      destinationKeyId: other.slice(-36),
      destinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      destinationEncryptionContext: { Level: '3A' },
    },
    null,
    true,
    { sourceKeyMaterialId: material, destinationKeyMaterialId: material },
  ],
  ['GenerateRandom', { NumberOfBytes: 32 }, { Plaintext: secret }, [], null, null, true],
  [
    'ListAliases',
    { Limit: 5, Marker: 'eyJi' },
    { Aliases: [{ AliasArn: alias }] },
    [],
    { limit: 5, marker: 'eyJi' },
    null,
    true,
  ],
  ['ListKeys', {}, { Keys: [] }, [], null, null, true],
  ['DescribeKey', { KeyId: id }, { KeyMetadata: { KeyId: id } }, [arn], { keyId: id }, null, true],
  [
    'GetKeyPolicy',
    { KeyId: id, PolicyName: 'default' },
    { Policy: '{}' },
    [arn],
    { keyId: id, policyName: 'default' },
    null,
    true,
  ],
  [
    'GetParametersForImport',
    { KeyId: id, WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' },
    { ImportToken: secret, PublicKey: secret },
    [arn],
    { keyId: id, wrappingAlgorithm: 'RSAES_OAEP_SHA_256', wrappingKeySpec: 'RSA_2048' },
    null,
    true,
  ],
  [
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
    { KeyId: arn, KeyMaterialId: material },
    [arn],
    {
      keyId: id,
      validTo: 'May 21, 2025, 5:47:45 AM',
      expirationModel: 'KEY_MATERIAL_EXPIRES',
      importType: 'NEW_KEY_MATERIAL',
      keyMaterialDescription: 'ExampleKeyMaterialA',
    },
    { keyId: arn, keyMaterialId: material },
    false,
  ],
  [
    'CreateAlias',
    { AliasName: 'alias/my_alias', TargetKeyId: arn },
    undefined,
    [alias, arn],
    { aliasName: 'alias/my_alias', targetKeyId: arn },
    { keyId: arn },
    false,
  ],
  [
    'DeleteAlias',
    { AliasName: 'alias/my_alias' },
    undefined,
    [alias, arn],
    { aliasName: 'alias/my_alias' },
    { keyId: arn },
    false,
  ],
  ['EnableKey', { KeyId: id }, undefined, [arn], { keyId: id }, { keyId: arn }, false],
  [
    'EnableKeyRotation',
    { KeyId: id, RotationPeriodInDays: 180 },
    undefined,
    [arn],
    { keyId: id, rotationPeriodInDays: 180 },
    { keyId: arn },
    false,
  ],
  ['RotateKeyOnDemand', { KeyId: id }, { KeyId: id }, [arn], { keyId: id }, { keyId: id }, false],
  [
    'TagResource',
    { KeyId: arn, Tags: [{ TagKey: 'Department', TagValue: 'IT' }] },
    undefined,
    [arn],
    { keyId: arn, tags: [{ tagKey: 'Department', tagValue: 'IT' }] },
    null,
    false,
  ],
  [
    'UntagResource',
    { KeyId: arn, TagKeys: ['Dept'] },
    undefined,
    [arn],
    { keyId: arn, tagKeys: ['Dept'] },
    null,
    false,
  ],
  [
    'PutKeyPolicy',
    {
      KeyId: id,
      PolicyName: 'default',
      Policy: '{ "Version" : "2012-10-17" }',
      BypassPolicyLockoutSafetyCheck: false,
    },
    undefined,
    [arn],
    {
      keyId: id,
      policyName: 'default',
      policy: '{ "Version" : "2012-10-17" }',
      bypassPolicyLockoutSafetyCheck: false,
    },
    null,
    false,
  ],
  [
    'CreateGrant',
    {
      KeyId: arn,
      GranteePrincipal: alice.arn,
      Operations: ['Encrypt', 'RetireGrant'],
      Constraints: { EncryptionContextSubset: { ContextKey1: 'Value1' } },
      GrantTokens: [secret],
    },
    { GrantId: material, GrantToken: secret },
    [arn],
    {
      keyId: arn,
      granteePrincipal: alice.arn,
      operations: ['Encrypt', 'RetireGrant'],
      constraints: { encryptionContextSubset: { ContextKey1: 'Value1' } },
    },
    { grantId: material, keyId: arn },
    false,
  ],
  [
    'RevokeGrant',
    { KeyId: id, GrantId: material },
    undefined,
    [arn],
    { keyId: id, grantId: material },
    null,
    false,
  ],
  ['RetireGrant', { GrantToken: secret }, undefined, [arn], null, null, false],
  [
    'ScheduleKeyDeletion',
    { KeyId: id, PendingWindowInDays: 20 },
    {
      KeyId: arn,
      KeyState: 'PendingDeletion',
      DeletionDate: Date.UTC(2021, 3, 12, 18, 58, 30) / 1000,
    },
    [arn],
    { pendingWindowInDays: 20, keyId: id },
    { keyId: arn, keyState: 'PendingDeletion', deletionDate: 'Apr 12, 2021, 6:58:30 PM' },
    false,
  ],
  [
    'CreateKey',
    {
      Description: '',
      Origin: 'EXTERNAL',
      BypassPolicyLockoutSafetyCheck: false,
      KeySpec: 'SYMMETRIC_DEFAULT',
      KeyUsage: 'ENCRYPT_DECRYPT',
    },
    {
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
    [arn],
    {
      description: '',
      origin: 'EXTERNAL',
      bypassPolicyLockoutSafetyCheck: false,
      keySpec: 'SYMMETRIC_DEFAULT',
      keyUsage: 'ENCRYPT_DECRYPT',
    },
    {
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
    false,
  ],
  [
    'ReplicateKey',
    { KeyId: id, ReplicaRegion: 'us-east-1' },
    {
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
    [arn],
    { keyId: id, replicaRegion: 'us-east-1' },
    {
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
    false,
  ],
]
for (const [
  operation,
  body,
  answer,
  resources,
  requestParameters,
  responseElements,
  readOnly,
  additionalEventData,
] of examples) {
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
    assert.ok(
      !line.includes(secret) && !line.includes('\n') && JSON.parse(line).eventName === operation,
    )
  })
}

// What never stands in a record

const model = readFileSync(
  new URL(
    '../../node_modules/@aws-sdk/client-kms/dist-types/models/models_0.d.ts',
    import.meta.url,
  ),
  'utf8',
).replace(/\/\*\*[\s\S]*?\*\//g, '')
const blobMembers = [
  ...new Set([...model.matchAll(/^\s+(\w+)\??: Uint8Array/gm)].map(([, name]) => name)),
]
const interfaces = [
  ...model.matchAll(/export interface (\w+)(Request|Response) \{([\s\S]*?)\n\}/g),
].map(([, operation, kind, text]) => ({
  operation,
  kind,
  members: [...text.matchAll(/^\s+(\w+)\??:/gm)].map(([, name]) => name),
}))
const never = [
  ...blobMembers,
  'GrantToken',
  'GrantTokens',
  'Recipient',
  'CloudHsmClusterId',
  'KeyStorePassword',
  'XksProxyAuthenticationCredential',
]

test('no blob, token or recipient of the model is shown, wherever it stands and whatever it holds', () => {
  assert.ok(blobMembers.length > 12, `${blobMembers}`)
  for (const operation of [...serviceOperations.keys(), 'Unheard', undefined]) {
    for (const hide of [
      (name) => ({ [name]: 'SECRET' }),
      (name) => ({ Tags: [{ [name]: 'SECRET' }] }),
      (name) => ({ Constraints: { [name]: 'SECRET', PrimaryKey: { [name]: 'SECRET' } } }),
      (name) => ({ KeyMetadata: { [name]: ['SECRET'] } }),
    ]) {
      const body = Object.assign({}, ...never.map(hide))
      const line = JSON.stringify(
        trailRecord(facts({ operation, body, answer: body, resources: [] })),
      )
      assert.ok(!line.includes('SECRET'), line)
    }
  }
})

test('every other member of every request of the model is shown, except where CloudTrail shows none', () => {
  let seen = 0
  for (const { operation, kind, members } of interfaces.filter(
    ({ operation, kind }) =>
      kind === 'Request' && serviceOperations.has(operation) && !/CustomKeyStore/.test(operation),
  )) {
    const body = Object.fromEntries(
      members.map((name) => [
        name,
        /Context$/.test(name)
          ? { a: 'b' }
          : name === 'ValidTo'
            ? 0
            : /^(Tags|Constraints)$/.test(name)
              ? []
              : 'x',
      ]),
    )
    const { requestParameters } = trailRecord(facts({ operation, body, resources: [] }))
    if (serviceOperations.get(operation).hidden) {
      assert.strictEqual(requestParameters, null)
      continue
    }
    for (const name of members.filter((one) => !never.includes(one))) {
      seen++
      assert.ok(
        `${name[0].toLowerCase()}${name.slice(1)}` in requestParameters,
        `${kind} ${operation}.${name}`,
      )
    }
    assert.deepEqual(
      Object.keys(requestParameters ?? {}).filter((name) =>
        never.some((hidden) => hidden.toLowerCase() === name.toLowerCase()),
      ),
      [],
      operation,
    )
  }
  assert.ok(seen > 120, `${seen}`)
})

test('members of another type than they should have are left out, and nothing throws', () => {
  const hostile = [
    null,
    7,
    'text',
    true,
    [],
    [[]],
    [null],
    {},
    { a: { b: 1 } },
    [{ TagKey: { deep: 1 } }],
    1e300,
    -1e300,
    NaN,
  ]
  for (const operation of serviceOperations.keys()) {
    for (const value of hostile) {
      const body = Object.fromEntries(
        [
          'KeyId',
          'Tags',
          'Constraints',
          'EncryptionContext',
          'ValidTo',
          'Operations',
          'EncryptionAlgorithm',
        ].map((name) => [name, value]),
      )
      JSON.stringify(
        trailRecord(
          facts({
            operation,
            body,
            answer: { KeyMetadata: value, KeyId: value, DeletionDate: value },
          }),
        ),
      )
    }
  }
  const wrong = {
    KeyId: { Plaintext: secret },
    EncryptionContext: { a: 1 },
    ValidTo: 'soon',
    Operations: [{}],
    Tags: 'x',
  }
  assert.deepEqual(
    trailRecord(facts({ operation: 'ImportKeyMaterial', body: wrong })).requestParameters,
    null,
  )
  assert.strictEqual(
    trailRecord(facts({ body: undefined })).requestParameters.encryptionAlgorithm,
    'SYMMETRIC_DEFAULT',
  )
  assert.strictEqual(
    trailRecord(facts({ body: { EncryptionAlgorithm: null } })).requestParameters
      .encryptionAlgorithm,
    'SYMMETRIC_DEFAULT',
    'null means absent',
  )
})

// Who called, and how it failed

/** Caller, userIdentity without the hashes. */
const callers = [
  [
    { arn: 'arn:aws:iam::111122223333:root', account: '111122223333', accessKeyId: 'K' },
    {
      type: 'Root',
      principalId: '111122223333',
      arn: 'arn:aws:iam::111122223333:root',
      accountId: '111122223333',
      accessKeyId: 'K',
    },
  ],
  [
    { arn: 'arn:aws:iam::111122223333:user/team/Bob', account: '111122223333', accessKeyId: 'K' },
    {
      type: 'IAMUser',
      principalId: '#',
      arn: 'arn:aws:iam::111122223333:user/team/Bob',
      accountId: '111122223333',
      accessKeyId: 'K',
      userName: 'Bob',
    },
  ],
  [
    {
      arn: 'arn:aws:sts::444455556666:assumed-role/Opener/session-1',
      account: '444455556666',
      accessKeyId: 'K',
    },
    {
      type: 'AssumedRole',
      principalId: '#:session-1',
      arn: 'arn:aws:sts::444455556666:assumed-role/Opener/session-1',
      accountId: '444455556666',
      accessKeyId: 'K',
      sessionContext: {
        sessionIssuer: {
          type: 'Role',
          principalId: '#',
          arn: 'arn:aws:iam::444455556666:role/Opener',
          accountId: '444455556666',
          userName: 'Opener',
        },
      },
    },
  ],
  [
    {
      arn: 'arn:aws-cn:sts::444455556666:assumed-role/Opener/s',
      account: '444455556666',
      accessKeyId: 'K',
      roleArn: 'arn:aws-cn:iam::444455556666:role/service/Opener',
    },
    {
      type: 'AssumedRole',
      principalId: '#:s',
      arn: 'arn:aws-cn:sts::444455556666:assumed-role/Opener/s',
      accountId: '444455556666',
      accessKeyId: 'K',
      sessionContext: {
        sessionIssuer: {
          type: 'Role',
          principalId: '#',
          arn: 'arn:aws-cn:iam::444455556666:role/service/Opener',
          accountId: '444455556666',
          userName: 'Opener',
        },
      },
    },
  ],
]
for (const [caller, expected] of callers) {
  test(`the identity of ${caller.roleArn ?? caller.arn}`, () => {
    const record = trailRecord(facts({ caller }))
    assert.deepEqual(
      JSON.parse(JSON.stringify(record.userIdentity).replace(/[0-9A-F]{20}/g, '#')),
      expected,
    )
    assert.strictEqual(record.recipientAccountId, caller.account)
  })
}

test('ids of principals are the same in every record, and differ between principals', () => {
  const idOf = (name) =>
    trailRecord(facts({ caller: { ...alice, arn: `arn:aws:iam::111122223333:user/${name}` } }))
      .userIdentity.principalId
  assert.strictEqual(idOf('Alice'), idOf('Alice'))
  assert.notStrictEqual(idOf('Alice'), idOf('Bob'))
})

test("a refused call has CloudTrail's name of the error, its message where it has one, and no responseElements", () => {
  const denied = trailRecord(
    facts({
      operation: 'EnableKey',
      fault: { name: 'AccessDeniedException', text: 'User: x is not authorized' },
    }),
  )
  assert.deepEqual(
    [denied.errorCode, denied.errorMessage, denied.responseElements],
    ['AccessDenied', 'User: x is not authorized', null],
  )
  const silent = trailRecord(
    facts({ fault: { name: 'InvalidCiphertextException', text: undefined } }),
  )
  assert.strictEqual(silent.errorCode, 'InvalidCiphertextException')
  assert.ok(!('errorMessage' in silent))
})

test('a call of nobody, of nothing, without a user agent, is recorded too', () => {
  const record = trailRecord(
    facts({
      operation: undefined,
      caller: undefined,
      userAgent: undefined,
      body: undefined,
      resources: [],
      fault: { name: 'MissingAuthenticationTokenException', text: 'Missing Authentication Token' },
    }),
  )
  assert.deepEqual(
    [
      record.eventName,
      record.userIdentity,
      record.userAgent,
      record.requestParameters,
      record.recipientAccountId,
      record.resources,
    ],
    ['Unknown', { type: 'Unknown' }, '-', null, '', []],
  )
})
