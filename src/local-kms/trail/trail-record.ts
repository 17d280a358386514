import { createHash } from 'node:crypto'
import type { JsonObject } from '../../formats/json.js'
import { serviceOperations, type OperationRow } from '../service-operations.js'
import { show } from './shown-members.js'

/** What the trail needs to know of a call. */
export interface TrailFacts {
  /** The name of the operation; undefined where the request named none. */
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

/** Who signed a call. */
export interface TrailCaller {
  /** The ARN of a root user, a user, or a session of a role. */
  readonly arn: string
  readonly account: string
  readonly accessKeyId: string
  /**
   * The ARN of a session's role where it has a path, which the ARN of the session does not show.
   */
  readonly roleArn?: string
}

/** An entry as CloudTrail writes it. Members without a value are absent. */
export interface TrailRecord {
  /** The version of the format. */
  readonly eventVersion: string
  /** Who called. */
  readonly userIdentity: JsonObject
  /** When, in ISO 8601 without milliseconds. */
  readonly eventTime: string
  /** The service that was called: `kms.amazonaws.com`. */
  readonly eventSource: string
  /** The operation: `Decrypt`. */
  readonly eventName: string
  /** The Region that was called. */
  readonly awsRegion: string
  /** The address of the caller. */
  readonly sourceIPAddress: string
  /** What the caller says that it is. */
  readonly userAgent: string
  /** The name of the error. */
  readonly errorCode?: string
  /** The text of the error. */
  readonly errorMessage?: string
  /** What was asked, without secrets. */
  readonly requestParameters: JsonObject | null
  /** What was answered, without secrets. */
  readonly responseElements: JsonObject | null
  /** Which key material was used. */
  readonly additionalEventData?: JsonObject
  /** The id of the request, which the caller got too. */
  readonly requestID: string
  /** The id of the entry. */
  readonly eventID: string
  /** Whether the operation changes nothing. */
  readonly readOnly: boolean
  /** The keys that the call was about. */
  readonly resources: readonly TrailResource[]
  /** Always `AwsApiCall`. */
  readonly eventType: string
  /** Always true. */
  readonly managementEvent: boolean
  /** The account of the caller. */
  readonly recipientAccountId: string
  /** Always `Management`. */
  readonly eventCategory: string
}

/** A key or an alias that a call was about. */
export interface TrailResource {
  /** The account that has it. */
  readonly accountId: string
  /** Always `AWS::KMS::Key`. */
  readonly type: string
  /** Its ARN. */
  readonly ARN: string
}

const materialIds = ['KeyMaterialId', 'SourceKeyMaterialId', 'DestinationKeyMaterialId']

/**
 * The entry of one call, shaped like one of CloudTrail.
 *
 * - Unlike CloudTrail it is written at once, and for every call.
 * - Where two accounts are concerned it is written once.
 *
 * @see KMS developer guide, "Logging AWS KMS API calls with AWS CloudTrail"
 */
export function trailRecord(facts: TrailFacts): TrailRecord {
  const { operation = 'Unknown', caller } = facts
  const row = serviceOperations.get(operation)
  return {
    eventVersion: '1.11',
    userIdentity: caller ? identity(caller) : { type: 'Unknown' },
    eventTime: new Date(facts.time).toISOString().replace(/\.\d+/, ''),
    eventSource: 'kms.amazonaws.com',
    eventName: operation,
    awsRegion: facts.region,
    sourceIPAddress: facts.sourceIPAddress,
    userAgent: facts.userAgent ?? '-',
    ...errorOf(facts),
    requestParameters: orNull(show(requested(facts, row))),
    responseElements: orNull(show(responded(facts, row))),
    ...additionalData(facts, row),
    requestID: facts.requestId,
    eventID: facts.eventId,
    readOnly: row?.readOnly ?? false,
    resources: facts.resources.map(resourceOf),
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: caller?.account ?? '',
    eventCategory: 'Management',
  }
}

type Row = OperationRow | undefined

function errorOf({ fault }: TrailFacts): Pick<TrailRecord, 'errorCode' | 'errorMessage'> {
  if (!fault) return {}
  const errorCode = fault.name === 'AccessDeniedException' ? 'AccessDenied' : fault.name
  return { errorCode, ...(fault.text !== undefined && { errorMessage: fault.text }) }
}

function requested({ body = {} }: TrailFacts, row: Row): JsonObject {
  if (row?.hidden) return {}
  return { ...row?.defaults, ...pick(body, Object.keys(body)) }
}

function responded({ answer, fault, resources }: TrailFacts, row: Row): JsonObject {
  const shows = pick(answer, row?.shows ?? [])
  const key = resources.find((arn) => arn.includes(':key/'))
  return row?.showsArn && !fault && key !== undefined ? { ...shows, KeyId: key } : shows
}

/** The key material that a cryptographic operation used. */
function additionalData(
  { answer }: TrailFacts,
  row: Row,
): Pick<TrailRecord, 'additionalEventData'> {
  if (!row?.readOnly || row.key !== 'KeyId') return {}
  const materials = pick(answer, materialIds)
  return Object.keys(materials).length > 0 ? { additionalEventData: show(materials) } : {}
}

const resourceOf = (ARN: string): TrailResource => ({
  accountId: ARN.split(':')[4] ?? '',
  type: 'AWS::KMS::Key',
  ARN,
})

/**
 * Who called (CloudTrail user guide, "userIdentity element").
 *
 * Ids of principals are AWS's own. A hash of the ARN stands in their place.
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
function pick(from: JsonObject | undefined, names: readonly string[]): JsonObject {
  const members = names.map((name) => [name, from?.[name] ?? undefined] as const)
  return Object.fromEntries(members.filter(([, value]) => value !== undefined))
}
const orNull = (members: JsonObject): JsonObject | null =>
  Object.keys(members).length > 0 ? members : null
