import { isJsonObject, type JsonObject } from '../../formats/json.js'
import { roleArnOf, type Caller } from './principals.js'
import type { ConditionValues } from './variables.js'

/** A key as conditions see it. */
export interface KeyFacts {
  readonly account: string
  readonly spec: string
  readonly usage: string
  /** AWS_KMS, EXTERNAL … */
  readonly origin: string
  readonly multiRegion: boolean
  readonly multiRegionKeyType?: 'PRIMARY' | 'REPLICA'
  /** Alias names, `alias/…`. */
  readonly aliases: readonly string[]
  readonly tags: Readonly<Record<string, string>>
  /** Whole days since the last use, where it is known. */
  readonly trailingDaysWithoutUse?: number
}

export interface CallFacts {
  /** `kms:Decrypt`. */
  readonly action: string
  /** The members of the request, as they came. */
  readonly request: JsonObject
  /** The key that the action is authorized for; absent for CreateKey, ListKeys … */
  readonly key?: KeyFacts
  readonly principal: Caller & { readonly tags?: Readonly<Record<string, string>> }
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly region: string
  readonly sourceIp?: string
  readonly secureTransport: boolean
  readonly userAgent?: string
  /** Of ReEncrypt: whether source and destination are one key. */
  readonly sameKey?: boolean
  /** The grant that RetireGrant is about. */
  readonly grantConstraints?: JsonObject
}

type Value = string | readonly string[] | undefined
/** `key` stands for every action that is authorized for a key. */
type Row = readonly [key: string, actions: readonly string[], value: (call: CallFacts) => Value]

const text = (value: unknown): string | undefined => (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined)
const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.flatMap((item) => text(item) ?? []) : [])
const pairs = (value: unknown): Readonly<Record<string, string>> =>
  isJsonObject(value) ? Object.fromEntries(Object.entries(value).flatMap(([name, member]) => (text(member) === undefined ? [] : [[name, String(text(member))]]))) : {}

const member = (name: string, fallback?: string) => ({ request }: CallFacts): Value => text(request[name]) ?? fallback
const newKey = (name: string, fallback: string, of: (key: KeyFacts) => Value) => ({ request, key }: CallFacts): Value => (key ? of(key) : text(request[name]) ?? fallback)

const keySpec = ({ request, key }: CallFacts): Value => key?.spec ?? text(request['KeySpec']) ?? text(request['CustomerMasterKeySpec']) ?? 'SYMMETRIC_DEFAULT'

const dataKeys = ['GenerateDataKey', 'GenerateDataKeyWithoutPlaintext', 'GenerateDataKeyPair', 'GenerateDataKeyPairWithoutPlaintext']
const reEncrypt = ['ReEncryptFrom', 'ReEncryptTo']
const encryptions = ['Encrypt', 'Decrypt', ...reEncrypt, ...dataKeys]
const signatures = ['Sign', 'Verify']
const macs = ['GenerateMac', 'VerifyMac']
const withAlias = [...encryptions, ...signatures, ...macs, 'DeriveSharedSecret', 'Encapsulate', 'Decapsulate', 'DescribeKey', 'GetPublicKey']
const made = ['key', 'CreateKey']
const keyStores = ['ConnectCustomKeyStore', 'CreateCustomKeyStore', 'DeleteCustomKeyStore', 'DescribeCustomKeyStores', 'DisconnectCustomKeyStore', 'UpdateCustomKeyStore']
const constrained = ['CreateGrant', 'RetireGrant']

/** ReEncrypt names its two sides apart. */
const sides: Readonly<Record<string, { readonly key: string; readonly context: string; readonly algorithm: string }>> = {
  'kms:ReEncryptFrom': { key: 'SourceKeyId', context: 'SourceEncryptionContext', algorithm: 'SourceEncryptionAlgorithm' },
  'kms:ReEncryptTo': { key: 'DestinationKeyId', context: 'DestinationEncryptionContext', algorithm: 'DestinationEncryptionAlgorithm' },
}
const plainSide = { key: 'KeyId', context: 'EncryptionContext', algorithm: 'EncryptionAlgorithm' } as const
const side = (action: string): (typeof sides)[string] => sides[action] ?? plainSide

const constraints = ({ request, grantConstraints }: CallFacts): JsonObject => grantConstraints ?? (isJsonObject(request['Constraints']) ? request['Constraints'] : {})

/** The encryption context of a call, or of a grant's constraint. */
export function encryptionContextOf(call: CallFacts): Readonly<Record<string, string>> {
  if (!constrained.includes(call.action.slice(4))) return pairs(call.request[side(call.action).context])
  const { EncryptionContextEquals, EncryptionContextSubset } = constraints(call)
  return { ...pairs(EncryptionContextEquals), ...pairs(EncryptionContextSubset) }
}

const aliasOf = (keyId: unknown): string | undefined => (typeof keyId === 'string' ? /(?:^|^arn:[^:]*:kms:[^:]*:[^:]*:)(alias\/.+)$/.exec(keyId)?.[1] : undefined)

const constraintType = (call: CallFacts): Value => Object.keys(constraints(call)).filter((name) => name.startsWith('EncryptionContext'))

/** Developer guide, "AWS KMS condition keys", and the Service Authorization Reference, which says what each action carries. */
const rows: readonly Row[] = [
  ['kms:BypassPolicyLockoutSafetyCheck', ['CreateKey', 'PutKeyPolicy'], member('BypassPolicyLockoutSafetyCheck')],
  ['kms:CallerAccount', [...made, ...keyStores], ({ principal }) => principal.account],
  ['kms:CustomerMasterKeySpec', made, keySpec],
  ['kms:CustomerMasterKeyUsage', made, newKey('KeyUsage', 'ENCRYPT_DECRYPT', ({ usage }) => usage)],
  ['kms:DataKeyPairSpec', ['GenerateDataKeyPair', 'GenerateDataKeyPairWithoutPlaintext'], member('KeyPairSpec')],
  ['kms:EncryptionAlgorithm', encryptions, ({ action, request }) => text(request[side(action).algorithm]) ?? 'SYMMETRIC_DEFAULT'],
  ['kms:EncryptionContextKeys', [...encryptions, ...constrained], (call) => Object.keys(encryptionContextOf(call))],
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
  ['kms:MultiRegion', made, newKey('MultiRegion', 'false', ({ multiRegion }) => String(multiRegion))],
  ['kms:MultiRegionKeyType', made, ({ request, key }) => (key ? key.multiRegionKeyType : request['MultiRegion'] === true ? 'PRIMARY' : undefined)],
  ['kms:PrimaryRegion', ['UpdatePrimaryRegion'], member('PrimaryRegion')],
  ['kms:ReEncryptOnSameKey', reEncrypt, ({ sameKey }) => text(sameKey)],
  ['kms:ReplicaRegion', ['ReplicateKey'], member('ReplicaRegion')],
  ['kms:RequestAlias', withAlias, ({ action, request }) => aliasOf(request[side(action).key])],
  ['kms:ResourceAliases', ['key'], ({ key }) => key?.aliases],
  ['kms:RetiringPrincipal', ['CreateGrant'], member('RetiringPrincipal')],
  ['kms:RetiringServicePrincipal', ['CreateGrant'], member('RetiringServicePrincipal')],
  ['kms:RotationPeriodInDays', ['EnableKeyRotation'], member('RotationPeriodInDays', '365')],
  ['kms:ScheduleKeyDeletionPendingWindowInDays', ['ScheduleKeyDeletion'], member('PendingWindowInDays', '30')],
  ['kms:SigningAlgorithm', signatures, member('SigningAlgorithm')],
  ['kms:TrailingDaysWithoutKeyUsage', ['DisableKey', 'ScheduleKeyDeletion'], ({ key }) => text(key?.trailingDaysWithoutUse)],
  ['kms:ValidTo', ['ImportKeyMaterial'], member('ValidTo')],
  ['kms:WrappingAlgorithm', ['GetParametersForImport'], member('WrappingAlgorithm')],
  ['kms:WrappingKeySpec', ['GetParametersForImport'], member('WrappingKeySpec')],
]

/** Names of the kms condition keys that an action carries; `kms:ViaService` is never there: every caller is direct. */
export function conditionKeysOf(action: string, hasKey: boolean): readonly string[] {
  return carried(action, hasKey).map(([key]) => key)
}

function carried(action: string, hasKey: boolean): readonly Row[] {
  const name = action.slice(4)
  return rows.filter(([, actions]) => actions.includes(name) || (hasKey && actions.includes('key')))
}

/** Everything that conditions may ask about a call. */
export function conditionsOf(call: CallFacts): ConditionValues {
  const kms = carried(call.action, call.key !== undefined).map(([key, , value]) => [key, value(call)] as const)
  const context = conditionKeysOf(call.action, call.key !== undefined).includes('kms:EncryptionContextKeys') ? Object.entries(encryptionContextOf(call)) : []
  return { ...globals(call), ...named('kms:EncryptionContext:', context), ...Object.fromEntries(kms) }
}

const named = (prefix: string, entries: readonly (readonly [string, string])[]): ConditionValues => Object.fromEntries(entries.map(([name, value]) => [prefix + name, value]))

const principalTypes: Readonly<Record<Caller['kind'], string>> = { root: 'Account', user: 'User', 'assumed-role': 'AssumedRole' }

/** IAM User Guide, "Global condition context keys": those that a local caller has. */
function globals({ action, request, key, principal, now, region, sourceIp, secureTransport, userAgent }: CallFacts): ConditionValues {
  const tags = Array.isArray(request['Tags']) ? request['Tags'].filter(isJsonObject).flatMap(({ TagKey, TagValue }) => (typeof TagKey === 'string' ? [[TagKey, text(TagValue) ?? ''] as const] : [])) : []
  const tagged = ['kms:CreateKey', 'kms:TagResource', 'kms:ReplicateKey'].includes(action) ? tags : []
  const time = new Date(now).toISOString().replace(/\.\d+/, '')
  return {
    'aws:CurrentTime': time,
    'aws:EpochTime': String(Math.floor(now / 1000)),
    'aws:PrincipalAccount': principal.account,
    'aws:PrincipalArn': roleArnOf(principal) ?? principal.arn,
    'aws:PrincipalIsAWSService': 'false',
    'aws:PrincipalType': principalTypes[principal.kind],
    'aws:RequestedRegion': region,
    'aws:SecureTransport': String(secureTransport),
    'aws:SourceIp': sourceIp,
    'aws:UserAgent': userAgent,
    'aws:ViaAWSService': 'false',
    'aws:ResourceAccount': key?.account,
    'aws:TagKeys': action === 'kms:UntagResource' ? texts(request['TagKeys']) : tagged.map(([name]) => name),
    'aws:userid': userId(principal),
    'aws:username': principal.kind === 'user' ? principal.arn.split('/').at(-1) : undefined,
    ...named('aws:PrincipalTag/', Object.entries(principal.tags ?? {})),
    ...named('aws:RequestTag/', tagged),
    ...named('aws:ResourceTag/', Object.entries(key?.tags ?? {})),
  }
}

/** The service's ids are its own; here the name stands in their place, so that `role:session` keeps its shape. */
function userId({ kind, account, arn }: Caller): string {
  const names = arn.split('/')
  return kind === 'root' ? account : kind === 'user' ? String(names.at(-1)) : `${names[1]}:${names[2]}`
}
