import { isJsonObject, type JsonObject } from '../../formats/json.js'
import { viaServiceIn } from '../state/aws-managed.js'
import type { CallFacts, KeyFacts } from './call-facts.js'
import { globals, named } from './global-condition-keys.js'
import { pairs, text, texts } from './request-values.js'
import type { ConditionValues } from './variables.js'

type Value = string | readonly string[] | undefined
/** Condition keys by action. `key` stands for every action that is authorized for a key. */
type Row = readonly [key: string, actions: readonly string[], value: (call: CallFacts) => Value]

const member =
  (name: string, fallback?: string) =>
  ({ request }: CallFacts): Value =>
    text(request[name]) ?? fallback
const newKey =
  (name: string, fallback: string, of: (key: KeyFacts) => Value) =>
  ({ request, key }: CallFacts): Value =>
    key ? of(key) : (text(request[name]) ?? fallback)

const keySpec = ({ request, key }: CallFacts): Value =>
  key?.spec ??
  text(request['KeySpec']) ??
  text(request['CustomerMasterKeySpec']) ??
  'SYMMETRIC_DEFAULT'

const dataKeys = [
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
]
const reEncrypt = ['ReEncryptFrom', 'ReEncryptTo']
const encryptions = ['Encrypt', 'Decrypt', ...reEncrypt, ...dataKeys]
const signatures = ['Sign', 'Verify']
const macs = ['GenerateMac', 'VerifyMac']
const withAlias = [
  ...encryptions,
  ...signatures,
  ...macs,
  'DeriveSharedSecret',
  'Encapsulate',
  'Decapsulate',
  'DescribeKey',
  'GetPublicKey',
]
const made = ['key', 'CreateKey']
const keyStores = [
  'ConnectCustomKeyStore',
  'CreateCustomKeyStore',
  'DeleteCustomKeyStore',
  'DescribeCustomKeyStores',
  'DisconnectCustomKeyStore',
  'UpdateCustomKeyStore',
]
const constrained = ['CreateGrant', 'RetireGrant']

/** The condition keys of ReEncrypt, which names its two sides apart. */
const sides: Readonly<
  Record<string, { readonly key: string; readonly context: string; readonly algorithm: string }>
> = {
  'kms:ReEncryptFrom': {
    key: 'SourceKeyId',
    context: 'SourceEncryptionContext',
    algorithm: 'SourceEncryptionAlgorithm',
  },
  'kms:ReEncryptTo': {
    key: 'DestinationKeyId',
    context: 'DestinationEncryptionContext',
    algorithm: 'DestinationEncryptionAlgorithm',
  },
}
const plainSide = {
  key: 'KeyId',
  context: 'EncryptionContext',
  algorithm: 'EncryptionAlgorithm',
} as const
const side = (action: string): (typeof sides)[string] => sides[action] ?? plainSide

const constraints = ({ request, grantConstraints }: CallFacts): JsonObject =>
  grantConstraints ?? (isJsonObject(request['Constraints']) ? request['Constraints'] : {})

/** The encryption context of a call, or of a grant's constraint. */
export function encryptionContextOf(call: CallFacts): Readonly<Record<string, string>> {
  if (!constrained.includes(call.action.slice(4)))
    return pairs(call.request[side(call.action).context])
  const { EncryptionContextEquals, EncryptionContextSubset } = constraints(call)
  return { ...pairs(EncryptionContextEquals), ...pairs(EncryptionContextSubset) }
}

const aliasOf = (keyId: unknown): string | undefined =>
  typeof keyId === 'string'
    ? /(?:^|^arn:[^:]*:kms:[^:]*:[^:]*:)(alias\/.+)$/.exec(keyId)?.[1]
    : undefined

function multiRegionKeyType({ request, key }: CallFacts): Value {
  if (key) return key.multiRegionKeyType
  return request['MultiRegion'] === true ? 'PRIMARY' : undefined
}

/** The service that calls for somebody; undefined where the caller calls itself. */
const viaService = ({ principal, region }: CallFacts): Value =>
  principal.viaService === undefined ? undefined : viaServiceIn(principal.viaService, region)

const constraintType = (call: CallFacts): Value =>
  Object.keys(constraints(call)).filter((name) => name.startsWith('EncryptionContext'))

/**
 * The condition keys of KMS (developer guide, "AWS KMS condition keys").
 *
 * The Service Authorization Reference says which of them each action carries.
 */
const rows: readonly Row[] = [
  [
    'kms:BypassPolicyLockoutSafetyCheck',
    ['CreateKey', 'PutKeyPolicy'],
    member('BypassPolicyLockoutSafetyCheck'),
  ],
  ['kms:CallerAccount', [...made, ...keyStores], ({ principal }) => principal.account],
  ['kms:CustomerMasterKeySpec', made, keySpec],
  ['kms:CustomerMasterKeyUsage', made, newKey('KeyUsage', 'ENCRYPT_DECRYPT', ({ usage }) => usage)],
  [
    'kms:DataKeyPairSpec',
    ['GenerateDataKeyPair', 'GenerateDataKeyPairWithoutPlaintext'],
    member('KeyPairSpec'),
  ],
  [
    'kms:EncryptionAlgorithm',
    encryptions,
    ({ action, request }) => text(request[side(action).algorithm]) ?? 'SYMMETRIC_DEFAULT',
  ],
  [
    'kms:EncryptionContextKeys',
    [...encryptions, ...constrained],
    (call) => Object.keys(encryptionContextOf(call)),
  ],
  ['kms:ExpirationModel', ['ImportKeyMaterial'], member('ExpirationModel')],
  ['kms:GrantConstraintSourceArn', ['CreateGrant'], (call) => text(constraints(call)['SourceArn'])],
  ['kms:GrantConstraintType', constrained, constraintType],
  ['kms:GrantIsForAWSResource', ['CreateGrant', 'ListGrants', 'RevokeGrant'], () => 'false'],
  ['kms:GrantOperations', ['CreateGrant'], ({ request }) => texts(request['Operations'])],
  ['kms:GranteePrincipal', ['CreateGrant'], member('GranteePrincipal')],
  ['kms:GranteeServicePrincipal', ['CreateGrant'], member('GranteeServicePrincipal')],
  ['kms:KeyAgreementAlgorithm', ['DeriveSharedSecret'], member('KeyAgreementAlgorithm')],
  ['kms:KeyOrigin', made, newKey('Origin', 'AWS_KMS', ({ origin }) => origin)],
  ['kms:KeySpec', made, keySpec],
  ['kms:KeyUsage', made, newKey('KeyUsage', 'ENCRYPT_DECRYPT', ({ usage }) => usage)],
  ['kms:MacAlgorithm', macs, member('MacAlgorithm')],
  ['kms:MessageType', signatures, member('MessageType', 'RAW')],
  [
    'kms:MultiRegion',
    made,
    newKey('MultiRegion', 'false', ({ multiRegion }) => String(multiRegion)),
  ],
  ['kms:MultiRegionKeyType', made, multiRegionKeyType],
  ['kms:PrimaryRegion', ['UpdatePrimaryRegion'], member('PrimaryRegion')],
  ['kms:ReEncryptOnSameKey', reEncrypt, ({ sameKey }) => text(sameKey)],
  ['kms:ReplicaRegion', ['ReplicateKey'], member('ReplicaRegion')],
  ['kms:RequestAlias', withAlias, ({ action, request }) => aliasOf(request[side(action).key])],
  ['kms:ResourceAliases', ['key'], ({ key }) => key?.aliases],
  ['kms:RetiringPrincipal', ['CreateGrant'], member('RetiringPrincipal')],
  ['kms:RetiringServicePrincipal', ['CreateGrant'], member('RetiringServicePrincipal')],
  ['kms:RotationPeriodInDays', ['EnableKeyRotation'], member('RotationPeriodInDays', '365')],
  [
    'kms:ScheduleKeyDeletionPendingWindowInDays',
    ['ScheduleKeyDeletion'],
    member('PendingWindowInDays', '30'),
  ],
  ['kms:SigningAlgorithm', signatures, member('SigningAlgorithm')],
  [
    'kms:TrailingDaysWithoutKeyUsage',
    ['DisableKey', 'ScheduleKeyDeletion'],
    ({ key }) => text(key?.trailingDaysWithoutUse),
  ],
  ['kms:ValidTo', ['ImportKeyMaterial'], member('ValidTo')],
  ['kms:ViaService', made, viaService],
  ['kms:WrappingAlgorithm', ['GetParametersForImport'], member('WrappingAlgorithm')],
  ['kms:WrappingKeySpec', ['GetParametersForImport'], member('WrappingKeySpec')],
]

/** The names of the condition keys that an action carries. */
export function conditionKeysOf(action: string, hasKey: boolean): readonly string[] {
  return carried(action, hasKey).map(([key]) => key)
}

function carried(action: string, hasKey: boolean): readonly Row[] {
  const name = action.slice(4)
  return rows.filter(([, actions]) => actions.includes(name) || (hasKey && actions.includes('key')))
}

/** Everything that conditions may ask about a call. */
export function conditionsOf(call: CallFacts): ConditionValues {
  const asked = carried(call.action, call.key !== undefined)
  const kms = asked.map(([key, , value]) => [key, value(call)] as const)
  const hasContext = asked.some(([key]) => key === 'kms:EncryptionContextKeys')
  const context = hasContext ? Object.entries(encryptionContextOf(call)) : []
  return {
    ...globals(call),
    ...named('kms:EncryptionContext:', context),
    ...Object.fromEntries(kms),
  }
}
