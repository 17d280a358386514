import { isJsonObject } from '../../formats/json.js'
import type { CallFacts } from './call-facts.js'
import { roleArnOf, type Caller } from './principals.js'
import { text, texts } from './request-values.js'
import type { ConditionValues } from './variables.js'

/** Values of keys that end in a name of their own: `aws:RequestTag/team`. */
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
export function globals({
  action,
  request,
  key,
  principal,
  now,
  region,
  sourceIp,
  secureTransport,
  userAgent,
}: CallFacts): ConditionValues {
  const tags = Array.isArray(request['Tags'])
    ? request['Tags']
        .filter(isJsonObject)
        .flatMap(({ TagKey, TagValue }) =>
          typeof TagKey === 'string' ? [[TagKey, text(TagValue) ?? ''] as const] : [],
        )
    : []
  const tagged = ['kms:CreateKey', 'kms:TagResource', 'kms:ReplicateKey'].includes(action)
    ? tags
    : []
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
    'aws:TagKeys':
      action === 'kms:UntagResource' ? texts(request['TagKeys']) : tagged.map(([name]) => name),
    'aws:userid': userId(principal),
    'aws:username': principal.kind === 'user' ? principal.arn.split('/').at(-1) : undefined,
    ...named('aws:PrincipalTag/', Object.entries(principal.tags ?? {})),
    ...named('aws:RequestTag/', tagged),
    ...named('aws:ResourceTag/', Object.entries(key?.tags ?? {})),
  }
}

/**
 * The service's ids are its own; here the name stands in their place, so that `role:session` keeps
 * its shape.
 */
function userId({ kind, account, arn }: Caller): string {
  const names = arn.split('/')
  return kind === 'root'
    ? account
    : kind === 'user'
      ? String(names.at(-1))
      : `${names[1]}:${names[2]}`
}
