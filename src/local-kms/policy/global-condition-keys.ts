import { isJsonObject } from '../../formats/json.js'
import type { CallFacts } from './call-facts.js'
import { roleArnOf, type Caller } from './principals.js'
import { text, texts } from './request-values.js'
import type { ConditionValues } from './variables.js'

/** The values of condition keys that end in a name of their own: `aws:RequestTag/team`. */
export const named = (
  prefix: string,
  entries: readonly (readonly [string, string])[],
): ConditionValues => Object.fromEntries(entries.map(([name, value]) => [prefix + name, value]))

const principalTypes: Readonly<Record<Caller['kind'], string>> = {
  root: 'Account',
  user: 'User',
  'assumed-role': 'AssumedRole',
}

/** IAM User Guide, "Global condition context keys": those that a local caller has. */
export function globals(call: CallFacts): ConditionValues {
  const { key, principal, now } = call
  const tagged = tagsOf(call)
  const time = new Date(now).toISOString().replace(/\.\d+/, '')
  return {
    'aws:CurrentTime': time,
    'aws:EpochTime': String(Math.floor(now / 1000)),
    'aws:PrincipalAccount': principal.account,
    'aws:PrincipalArn': roleArnOf(principal) ?? principal.arn,
    'aws:PrincipalIsAWSService': 'false',
    'aws:PrincipalType': principalTypes[principal.kind],
    'aws:RequestedRegion': call.region,
    'aws:SecureTransport': String(call.secureTransport),
    'aws:SourceIp': call.sourceIp,
    'aws:UserAgent': call.userAgent,
    'aws:ViaAWSService': 'false',
    'aws:ResourceAccount': key?.account,
    'aws:TagKeys': tagKeysOf(call),
    'aws:userid': userId(principal),
    'aws:username': principal.kind === 'user' ? principal.arn.split('/').at(-1) : undefined,
    ...named('aws:PrincipalTag/', Object.entries(principal.tags ?? {})),
    ...named('aws:RequestTag/', tagged),
    ...named('aws:ResourceTag/', Object.entries(key?.tags ?? {})),
  }
}

const tagging = ['kms:CreateKey', 'kms:TagResource', 'kms:ReplicateKey']

/** The tags that a request gives to a key. */
function tagsOf({ action, request }: CallFacts): readonly (readonly [string, string])[] {
  const { Tags } = request
  if (!tagging.includes(action) || !Array.isArray(Tags)) return []
  return Tags.filter(isJsonObject).flatMap(({ TagKey, TagValue }) => {
    return typeof TagKey === 'string' ? [[TagKey, text(TagValue) ?? ''] as const] : []
  })
}

/** The names of the tags that a request gives or takes. */
function tagKeysOf(call: CallFacts): readonly string[] {
  if (call.action === 'kms:UntagResource') return texts(call.request['TagKeys'])
  return tagsOf(call).map(([name]) => name)
}

/**
 * The value of `aws:userid`.
 *
 * Ids of AWS are its own. A name stands in their place, so that `role:session` keeps its form.
 */
function userId({ kind, account, arn }: Caller): string {
  const names = arn.split('/')
  if (kind === 'root') return account
  return kind === 'user' ? String(names.at(-1)) : `${names[1]}:${names[2]}`
}
