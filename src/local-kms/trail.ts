import { createHash } from 'node:crypto'
import { isJsonObject, type JsonObject } from '../formats/json.js'
import { serviceOperations } from './service-operations.js'

/** What the trail needs to know of a call. */
export interface TrailFacts {
  /** The operation's name; undefined where the request named none. */
  readonly operation: string | undefined
  readonly region: string
  /** Milliseconds since the epoch. */
  readonly time: number
  /** Who signed; undefined where the signature was not accepted. */
  readonly caller: TrailCaller | undefined
  readonly sourceIPAddress: string
  readonly userAgent: string | undefined
  readonly requestId: string
  readonly eventId: string
  /** The request as it came; undefined where it was not read. */
  readonly body: JsonObject | undefined
  /** What was answered; undefined for an empty answer and for an error. */
  readonly answer: JsonObject | undefined
  /** ARNs of the keys (and aliases) that the call was about. */
  readonly resources: readonly string[]
  readonly fault: { readonly name: string; readonly text: string | undefined } | undefined
}

export interface TrailCaller {
  /** Of a root user, a user, or a role's session. */
  readonly arn: string
  readonly account: string
  readonly accessKeyId: string
  /** Of a session's role where it has a path, which the session's ARN does not show. */
  readonly roleArn?: string
}

/**
 * An entry as CloudTrail writes it. Members come in its order, those without a value are absent.
 */
export interface TrailRecord {
  readonly eventVersion: string
  readonly userIdentity: JsonObject
  readonly eventTime: string
  readonly eventSource: string
  readonly eventName: string
  readonly awsRegion: string
  readonly sourceIPAddress: string
  readonly userAgent: string
  readonly errorCode?: string
  readonly errorMessage?: string
  readonly requestParameters: JsonObject | null
  readonly responseElements: JsonObject | null
  readonly additionalEventData?: JsonObject
  readonly requestID: string
  readonly eventID: string
  readonly readOnly: boolean
  readonly resources: readonly TrailResource[]
  readonly eventType: string
  readonly managementEvent: boolean
  readonly recipientAccountId: string
  readonly eventCategory: string
}

export interface TrailResource {
  readonly accountId: string
  readonly type: string
  readonly ARN: string
}

/**
 * Members that are shown, at every depth; whatever is not named here is not: plaintexts, messages,
 * ciphertexts, signatures, MACs, secrets, key material, grant tokens and import tokens never reach
 * a log.
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

/** The caller's own names and values: shown as they are. */
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
const materialIds = ['KeyMaterialId', 'SourceKeyMaterialId', 'DestinationKeyMaterialId']

/**
 * The record of one call, shaped like a CloudTrail entry of KMS (developer guide, "Logging AWS KMS
 * API calls with AWS CloudTrail"). Unlike CloudTrail it is written at once, for every call, and
 * once also where two accounts are concerned.
 */
export function trailRecord(facts: TrailFacts): TrailRecord {
  const { operation = 'Unknown', caller, body, answer, fault, resources } = facts
  const row = serviceOperations.get(operation)
  const key = row?.showsArn && !fault ? resources.find((arn) => arn.includes(':key/')) : undefined
  const requested = row?.hidden ? {} : { ...row?.defaults, ...pick(body, Object.keys(body ?? {})) }
  const responded = { ...pick(answer, row?.shows ?? []), ...(key !== undefined && { KeyId: key }) }
  const materials = pick(answer, row?.readOnly && row.key === 'KeyId' ? materialIds : [])
  return {
    eventVersion: '1.11',
    userIdentity: caller ? identity(caller) : { type: 'Unknown' },
    eventTime: new Date(facts.time).toISOString().replace(/\.\d+/, ''),
    eventSource: 'kms.amazonaws.com',
    eventName: operation,
    awsRegion: facts.region,
    sourceIPAddress: facts.sourceIPAddress,
    userAgent: facts.userAgent ?? '-',
    ...(fault && {
      errorCode: fault.name === 'AccessDeniedException' ? 'AccessDenied' : fault.name,
      ...(fault.text !== undefined && { errorMessage: fault.text }),
    }),
    requestParameters: orNull(show(requested)),
    responseElements: orNull(show(responded)),
    ...(Object.keys(materials).length > 0 && { additionalEventData: show(materials) }),
    requestID: facts.requestId,
    eventID: facts.eventId,
    readOnly: row?.readOnly ?? false,
    resources: resources.map((ARN) => ({
      accountId: ARN.split(':')[4] ?? '',
      type: 'AWS::KMS::Key',
      ARN,
    })),
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: caller?.account ?? '',
    eventCategory: 'Management',
  }
}

/**
 * CloudTrail user guide, "userIdentity element". Ids of principals are the service's own: a hash of
 * the ARN stands in their place.
 */
function identity({ arn, account, accessKeyId, roleArn: given }: TrailCaller): JsonObject {
  const [kind = '', ...names] = arn.split(':').slice(5).join(':').split('/')
  const id = (of: string): string =>
    createHash('sha256').update(of).digest('hex').slice(0, 20).toUpperCase()
  const common = { arn, accountId: account, accessKeyId }
  if (kind === 'root') return { type: 'Root', principalId: account, ...common }
  if (kind === 'user')
    return { type: 'IAMUser', principalId: id(arn), ...common, userName: names.at(-1) }
  if (kind !== 'assumed-role') return { type: 'Unknown', principalId: id(arn), ...common }
  const [role = '', session = ''] = names
  const roleArn = given ?? `arn:${arn.split(':')[1]}:iam::${account}:role/${role}`
  const sessionIssuer = {
    type: 'Role',
    principalId: id(roleArn),
    arn: roleArn,
    accountId: account,
    userName: role,
  }
  return {
    type: 'AssumedRole',
    principalId: `${id(roleArn)}:${session}`,
    ...common,
    sessionContext: { sessionIssuer },
  }
}

/** Members that are there; null means absent. */
const pick = (from: JsonObject | undefined, names: readonly string[]): JsonObject =>
  Object.fromEntries(
    names
      .map((name) => [name, from?.[name] ?? undefined])
      .filter(([, value]) => value !== undefined) as [string, unknown][],
  )
const orNull = (members: JsonObject): JsonObject | null =>
  Object.keys(members).length > 0 ? members : null

/** Members that may be seen, in CloudTrail's spelling: `KeyId` is `keyId`, `AWSAccountId` stays. */
function show(members: JsonObject): JsonObject {
  const visible = Object.entries(members)
    .filter(([name]) => shown.has(name))
    .map(([name, value]) => [camel(name), showValue(name, value)] as const)
  return Object.fromEntries(visible.filter(([, value]) => value !== undefined))
}

/** Undefined for what a member of this name never is: a request may hold anything. */
function showValue(name: string, value: unknown): unknown {
  if (contexts.has(name))
    return isJsonObject(value) && Object.values(value).every((text) => typeof text === 'string')
      ? value
      : undefined
  if (times.has(name))
    return typeof value === 'number' && Math.abs(value) < 8.64e12 ? javaDate(value) : undefined
  if (structures.has(name))
    return Array.isArray(value)
      ? value.filter(isJsonObject).map(show)
      : isJsonObject(value)
        ? show(value)
        : undefined
  const plain = (one: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof one)
  return plain(value) || (Array.isArray(value) && value.every(plain)) ? value : undefined
}

const camel = (name: string): string =>
  /^[A-Z]{2}/.test(name) ? name : `${name.charAt(0).toLowerCase()}${name.slice(1)}`

/** `May 21, 2025, 5:47:45 AM`, in UTC. Some versions of Node put a narrow space before AM. */
const javaDate = (seconds: number): string =>
  new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' })
    .format(seconds * 1000)
    .replace(/\u202f/g, ' ')
