import { isJsonObject, isText, type JsonObject } from '../../formats/json.js'

/** One call of KMS, as a record of CloudTrail tells it. */
export interface AuditedCall {
  /** The same in every copy of the record. */
  readonly id: string
  /** The ARN of the key, or how the call named it; empty where it is about no key. */
  readonly key: string
  /** The ARN of the role or user, the name of a service or account, or `KMS by itself`. */
  readonly principal: string
  readonly operation: string
  /** `ok`, `dry run`, or the name of the error. */
  readonly outcome: string
  /** ISO 8601. */
  readonly time: string
}

/** Who rotates and deletes keys by itself, which CloudTrail writes down too. */
export const kmsItself = 'KMS by itself'

const keyType = /:kms:[\w-]*:\d*:key\//
const text = (value: unknown): string | undefined =>
  isText(value) && value !== '' ? value : undefined
const members = (value: unknown): JsonObject => (isJsonObject(value) ? value : {})

/** What a record says. Undefined: it is of another service. */
export function callOf(record: JsonObject): readonly AuditedCall[] | undefined {
  if (record.eventSource !== 'kms.amazonaws.com') return undefined
  const call = {
    id: text(record.sharedEventID) ?? text(record.eventID) ?? '',
    principal:
      record.eventType === 'AwsServiceEvent'
        ? kmsItself
        : principalOf(members(record.userIdentity)),
    operation: text(record.eventName) ?? 'unknown',
    outcome: outcomeOf(record),
    time: text(record.eventTime) ?? '',
  }
  return keysOf(record).map((key) => ({ ...call, key }))
}

/** KMS answers a dry run that it would have done by an error of this name. */
function outcomeOf({ errorCode }: JsonObject): string {
  const error = text(errorCode)
  return error === 'DryRunOperationException' ? 'dry run' : (error ?? 'ok')
}

/**
 * Who called: of a session the role, since sessions come and go.
 *
 * @see CloudTrail user guide, "userIdentity element"
 */
function principalOf(identity: JsonObject): string {
  const { sessionIssuer } = members(identity.sessionContext)
  return (
    text(members(sessionIssuer).arn) ??
    text(identity.arn) ??
    text(identity.invokedBy) ??
    text(identity.accountId) ??
    text(identity.type) ??
    'unknown'
  )
}

/** The keys that a call was about. One that failed may name them as it was asked only. */
function keysOf(record: JsonObject): readonly string[] {
  const resources = Array.isArray(record.resources) ? record.resources : []
  const arns = resources.flatMap((one) => text(members(one).ARN) ?? [])
  const keys = arns.filter((arn) => keyType.test(arn))
  if (keys.length > 0) return [...new Set(keys)]
  const asked = text(members(record.requestParameters).keyId)
  return [arns[0] ?? asked ?? '']
}
