/**
 * What is known of an operation of KMS from outside.
 *
 * The trail and injected faults use it, which look at calls and do not do them.
 */
export interface OperationRow {
  /** `readOnly` of CloudTrail, which is true also for cryptographic operations. */
  readonly readOnly: boolean
  /** The member of the answer that names the key: an id or ARN, or metadata that hold both. */
  readonly key?: 'KeyId' | 'KeyMetadata' | 'ReplicaKeyMetadata'
  /** The member of the answer whose bytes a caller works with. */
  readonly bytes?: string
  /** Members of the answer that CloudTrail shows as `responseElements`. */
  readonly shows?: readonly string[]
  /** Whether CloudTrail adds the ARN of the key to `responseElements`, which the answer lacks. */
  readonly showsArn?: true
  /** Whether CloudTrail shows no `requestParameters` at all. */
  readonly hidden?: true
  /** What CloudTrail shows for members that a request left out. */
  readonly defaults?: Readonly<Record<string, string>>
}

const symmetric = 'SYMMETRIC_DEFAULT'
const reads: OperationRow = { readOnly: true }
const changes: OperationRow = { readOnly: false }
const changesKey: OperationRow = { readOnly: false, showsArn: true }

/**
 * Every operation of AWS's model (developer guide, "Examples of AWS KMS log entries").
 *
 * Where there is no example, `readOnly` follows that of similar operations.
 */
export const serviceOperations: ReadonlyMap<string, OperationRow> = new Map(
  Object.entries<OperationRow>({
    CancelKeyDeletion: { readOnly: false, key: 'KeyId', shows: ['KeyId'] },
    ConnectCustomKeyStore: changes,
    CreateAlias: changesKey,
    CreateCustomKeyStore: changes,
    CreateGrant: { readOnly: false, showsArn: true, shows: ['GrantId'] },
    CreateKey: { readOnly: false, key: 'KeyMetadata', shows: ['KeyMetadata'] },
    Decapsulate: { readOnly: true, key: 'KeyId', bytes: 'SharedSecret' },
    Decrypt: {
      readOnly: true,
      key: 'KeyId',
      bytes: 'Plaintext',
      defaults: { EncryptionAlgorithm: symmetric },
    },
    DeleteAlias: changesKey,
    DeleteCustomKeyStore: changes,
    DeleteImportedKeyMaterial: {
      readOnly: false,
      key: 'KeyId',
      showsArn: true,
      shows: ['KeyMaterialId'],
    },
    DeriveSharedSecret: { readOnly: true, key: 'KeyId', bytes: 'SharedSecret' },
    DescribeCustomKeyStores: reads,
    DescribeKey: { readOnly: true, key: 'KeyMetadata' },
    DisableKey: changesKey,
    DisableKeyRotation: changes,
    DisconnectCustomKeyStore: changes,
    EnableKey: changesKey,
    EnableKeyRotation: changesKey,
    Encapsulate: { readOnly: true, key: 'KeyId', bytes: 'SharedSecret' },
    Encrypt: {
      readOnly: true,
      key: 'KeyId',
      bytes: 'CiphertextBlob',
      defaults: { EncryptionAlgorithm: symmetric },
    },
    GenerateDataKey: { readOnly: true, key: 'KeyId', bytes: 'Plaintext' },
    GenerateDataKeyPair: { readOnly: true, key: 'KeyId', bytes: 'PrivateKeyPlaintext' },
    GenerateDataKeyPairWithoutPlaintext: {
      readOnly: true,
      key: 'KeyId',
      bytes: 'PrivateKeyCiphertextBlob',
    },
    GenerateDataKeyWithoutPlaintext: { readOnly: true, key: 'KeyId', bytes: 'CiphertextBlob' },
    GenerateMac: { readOnly: true, key: 'KeyId', bytes: 'Mac' },
    GenerateRandom: { readOnly: true, bytes: 'Plaintext', hidden: true },
    GetKeyLastUsage: { readOnly: true, key: 'KeyId' },
    GetKeyPolicy: reads,
    GetKeyRotationStatus: { readOnly: true, key: 'KeyId' },
    GetParametersForImport: { readOnly: true, key: 'KeyId', bytes: 'PublicKey' },
    GetPublicKey: { readOnly: true, key: 'KeyId', bytes: 'PublicKey' },
    ImportKeyMaterial: { readOnly: false, key: 'KeyId', showsArn: true, shows: ['KeyMaterialId'] },
    ListAliases: reads,
    ListGrants: reads,
    ListKeyPolicies: reads,
    ListKeyRotations: reads,
    ListKeys: reads,
    ListResourceTags: reads,
    ListRetirableGrants: reads,
    PutKeyPolicy: changes,
    ReEncrypt: {
      readOnly: true,
      key: 'KeyId',
      bytes: 'CiphertextBlob',
      defaults: { SourceEncryptionAlgorithm: symmetric, DestinationEncryptionAlgorithm: symmetric },
    },
    ReplicateKey: {
      readOnly: false,
      key: 'ReplicaKeyMetadata',
      shows: ['ReplicaKeyMetadata', 'ReplicaPolicy', 'ReplicaTags'],
    },
    RetireGrant: { readOnly: false, hidden: true },
    RevokeGrant: changes,
    RotateKeyOnDemand: { readOnly: false, key: 'KeyId', shows: ['KeyId'] },
    ScheduleKeyDeletion: {
      readOnly: false,
      key: 'KeyId',
      shows: ['KeyId', 'KeyState', 'DeletionDate', 'PendingWindowInDays'],
    },
    Sign: { readOnly: true, key: 'KeyId', bytes: 'Signature' },
    TagResource: changes,
    UntagResource: changes,
    UpdateAlias: changesKey,
    UpdateCustomKeyStore: changes,
    UpdateKeyDescription: changes,
    UpdatePrimaryRegion: changes,
    Verify: { readOnly: true, key: 'KeyId' },
    VerifyMac: { readOnly: true, key: 'KeyId' },
  }),
)
