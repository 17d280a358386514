import { isJsonObject, type JsonObject } from '../../formats/json.js'

/**
 * The members that are shown, at every depth. What is not named here never reaches a log.
 *
 * That is so of plaintexts, messages, ciphertexts, signatures, MACs, secrets, key material, grant
 * tokens and import tokens.
 */
const shown: ReadonlySet<string> = new Set([
  'KeyId',
  'TargetKeyId',
  'SourceKeyId',
  'DestinationKeyId',
  'AliasName',
  'KeySpec',
  'KeyUsage',
  'KeyPairSpec',
  'CustomerMasterKeySpec',
  'Origin',
  'MultiRegion',
  'EncryptionAlgorithm',
  'SourceEncryptionAlgorithm',
  'DestinationEncryptionAlgorithm',
  'SigningAlgorithm',
  'MessageType',
  'MacAlgorithm',
  'KeyAgreementAlgorithm',
  'EncapsulationAlgorithm',
  'WrappingAlgorithm',
  'WrappingKeySpec',
  'NumberOfBytes',
  'EncryptionContext',
  'SourceEncryptionContext',
  'DestinationEncryptionContext',
  'Description',
  'Policy',
  'PolicyName',
  'BypassPolicyLockoutSafetyCheck',
  'Tags',
  'TagKey',
  'TagValue',
  'TagKeys',
  'Limit',
  'Marker',
  'DryRun',
  'DryRunModifiers',
  'GrantId',
  'GranteePrincipal',
  'RetiringPrincipal',
  'GranteeServicePrincipal',
  'RetiringServicePrincipal',
  'Operations',
  'Constraints',
  'EncryptionContextSubset',
  'EncryptionContextEquals',
  'SourceArn',
  'Name',
  'ValidTo',
  'ExpirationModel',
  'ImportType',
  'KeyMaterialDescription',
  'KeyMaterialId',
  'IncludeKeyMaterial',
  'RotationPeriodInDays',
  'PendingWindowInDays',
  'ReplicaRegion',
  'PrimaryRegion',
  'CustomKeyStoreId',
  'XksKeyId',
  'KeyMetadata',
  'ReplicaKeyMetadata',
  'ReplicaPolicy',
  'ReplicaTags',
  'AWSAccountId',
  'Arn',
  'Region',
  'CreationDate',
  'DeletionDate',
  'Enabled',
  'KeyState',
  'KeyManager',
  'EncryptionAlgorithms',
  'SigningAlgorithms',
  'KeyAgreementAlgorithms',
  'MacAlgorithms',
  'EncapsulationAlgorithms',
  'CurrentKeyMaterialId',
  'MultiRegionConfiguration',
  'MultiRegionKeyType',
  'PrimaryKey',
  'ReplicaKeys',
  'PendingDeletionWindowInDays',
  'SourceKeyMaterialId',
  'DestinationKeyMaterialId',
])

/** Members with names and values of the caller's own, which are shown as they are. */
const contexts: ReadonlySet<string> = new Set([
  'EncryptionContext',
  'SourceEncryptionContext',
  'DestinationEncryptionContext',
  'EncryptionContextSubset',
  'EncryptionContextEquals',
])
const structures: ReadonlySet<string> = new Set([
  'Tags',
  'Constraints',
  'KeyMetadata',
  'ReplicaKeyMetadata',
  'ReplicaTags',
  'MultiRegionConfiguration',
  'PrimaryKey',
  'ReplicaKeys',
])
const times: ReadonlySet<string> = new Set(['ValidTo', 'CreationDate', 'DeletionDate'])
/** What is shown, as CloudTrail spells it: `KeyId` is `keyId`, and `AWSAccountId` stays. */
export function show(members: JsonObject): JsonObject {
  const visible = Object.entries(members)
    .filter(([name]) => shown.has(name))
    .map(([name, value]) => [camel(name), showValue(name, value)] as const)
  return Object.fromEntries(visible.filter(([, value]) => value !== undefined))
}

/** A value as it is shown; undefined for one that a member of this name never has. */
function showValue(name: string, value: unknown): unknown {
  if (contexts.has(name)) return isContext(value) ? value : undefined
  if (times.has(name)) return isTime(value) ? javaDate(value) : undefined
  if (structures.has(name)) return showStructure(value)
  return isPlain(value) || (Array.isArray(value) && value.every(isPlain)) ? value : undefined
}

/** One structure, or a list of them. */
function showStructure(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter(isJsonObject).map(show)
  return isJsonObject(value) ? show(value) : undefined
}

const isContext = (value: unknown): boolean =>
  isJsonObject(value) && Object.values(value).every((text) => typeof text === 'string')
const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Math.abs(value) < 8.64e12
const isPlain = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value)

const camel = (name: string): string =>
  /^[A-Z]{2}/.test(name) ? name : `${name.charAt(0).toLowerCase()}${name.slice(1)}`

/** `May 21, 2025, 5:47:45 AM`, in UTC. Some versions of Node put a narrow space before AM. */
const javaDate = (seconds: number): string =>
  new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' })
    .format(seconds * 1000)
    .replace(/\u202f/g, ' ')
