import { createHash } from 'node:crypto'
import type { JsonObject } from '../../formats/json.js'
import { serviceOperations, type OperationRow } from '../service-operations.js'
import { show } from './shown-members.js'

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

const materialIds = ['KeyMaterialId', 'SourceKeyMaterialId', 'DestinationKeyMaterialId']

/**
 * The record of one call, shaped like a CloudTrail entry of KMS (developer guide, "Logging AWS KMS
 * API calls with AWS CloudTrail"). Unlike CloudTrail it is written at once, for every call, and
 * once also where two accounts are concerned.
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

/** Which material of its key a cryptographic operation used. */
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
function pick(from: JsonObject | undefined, names: readonly string[]): JsonObject {
  const members = names.map((name) => [name, from?.[name] ?? undefined] as const)
  return Object.fromEntries(members.filter(([, value]) => value !== undefined))
}
const orNull = (members: JsonObject): JsonObject | null =>
  Object.keys(members).length > 0 ? members : null
