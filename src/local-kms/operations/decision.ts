import { isJsonObject, type JsonObject } from '../../formats/json.js'
import type { CallFacts, KeyFacts } from '../policy/call-facts.js'
import { conditionsOf, encryptionContextOf } from '../policy/condition-keys.js'
import {
  checkLockout,
  decide,
  decideRetire,
  deniedMessage,
  type Question,
} from '../policy/decide.js'
import { parseKeyPolicy, type PolicyDocument } from '../policy/document.js'
import type { Grant as PolicyGrant, GrantConstraints } from '../policy/grants.js'
import type { Grant, Key } from '../state/model.js'
import { KmsFault } from '../wire/fault.js'
import type { Call, Subject } from './call.js'

/**
 * Whether the caller may do it, by key policy, IAM policies and grants.
 *
 * @throws KmsFault AccessDeniedException
 */
export function decideCall(call: Call, permission: string, about: About): void {
  const { subject } = about
  const question = questionOf(call, permission, about)
  const decision = subject?.grant
    ? decideRetire(question, toPolicy(subject.grant))
    : decide(question)
  if (!decision.allowed)
    throw new KmsFault(
      'AccessDeniedException',
      deniedMessage({
        ...question,
        reason: decision.reason,
        byCiphertext: subject !== undefined && subject.asked === undefined,
      }),
    )
}

/** What a permission is asked for. */
export interface About {
  readonly subject?: Subject
  /** An ARN that is not a key's: an alias. */
  readonly resource?: string
}

/**
 * A key policy that a request brings, as it is kept.
 *
 * @param bypass - BypassPolicyLockoutSafetyCheck: the caller need not be able to change the policy
 *   again
 * @param key - absent while the key is still to be made
 * @throws KmsFault LimitExceededException, MalformedPolicyDocumentException
 */
export function keyPolicy(
  call: Call,
  text: string,
  bypass: boolean | undefined,
  key?: Key,
): string {
  const parsed = parseKeyPolicy(text)
  if (bypass) return text
  const resource = call.ring.arn(key?.account ?? call.account, `key/${key?.id ?? 'new'}`)
  const conditions = conditionsOf(
    factsOf(call, 'kms:PutKeyPolicy', key && { ring: call.ring, key }),
  )
  checkLockout({
    resource,
    principal: call.caller.principal,
    conditions,
    keyPolicy: parsed,
    keyAccount: key?.account ?? call.account,
  })
  return text
}

function questionOf(call: Call, permission: string, about: About): Question {
  const { subject, resource = '*' } = about
  const action = `kms:${permission}`
  const facts = factsOf(call, action, subject)
  const base = {
    action,
    principal: call.caller.principal,
    conditions: conditionsOf(facts),
    encryptionContext: encryptionContextOf(facts),
    ...child(call),
  }
  if (!subject) return { ...base, resource, ...accountOf(resource) }
  const { ring, key } = subject
  return {
    ...base,
    resource: ring.keyArn(key),
    keyPolicy: policyOf(key),
    keyAccount: key.account,
    grants: key.grants
      .filter(({ constraints }) => constraints?.SourceArn === undefined)
      .map(toPolicy),
  } // who calls for a service's resource is not known here
}

/** Of an alias or a principal: the account in its ARN. */
const accountOf = (resource: string): Pick<Question, 'keyAccount'> =>
  resource.startsWith('arn:') ? { keyAccount: String(resource.split(':')[4]) } : {}

/** What CreateGrant would make, which a grant that allows CreateGrant compares. */
function child({ operation, body }: Call): Pick<Question, 'child'> {
  const { Operations } = body
  if (operation !== 'CreateGrant' || !Array.isArray(Operations)) return {}
  return {
    child: {
      operations: Operations.filter((name): name is string => typeof name === 'string'),
      constraints: constraintsOf(body) as GrantConstraints,
    },
  }
}

/** The constraints that are stored: null is absent, and what is unknown is nothing. */
function constraintsOf({ Constraints }: JsonObject): JsonObject {
  const given = isJsonObject(Constraints) ? Constraints : {}
  return Object.fromEntries(
    ['EncryptionContextEquals', 'EncryptionContextSubset', 'SourceArn']
      .filter((name) => given[name] !== undefined && given[name] !== null)
      .map((name) => [name, given[name]]),
  )
}

function factsOf(call: Call, action: string, subject: Subject | undefined): CallFacts {
  const { sourceIp, userAgent } = call.origin
  return {
    action,
    request:
      'Constraints' in call.body
        ? { ...call.body, Constraints: constraintsOf(call.body) }
        : call.body,
    ...(subject && { key: keyFacts(subject, call.now()) }),
    principal: call.caller.principal,
    now: call.now(),
    region: (subject?.ring ?? call.ring).region,
    secureTransport: false,
    ...(sourceIp !== undefined && { sourceIp }),
    ...(userAgent !== undefined && { userAgent }),
    ...sameKey(call),
    ...(subject?.grant?.constraints && {
      grantConstraints: subject.grant.constraints as JsonObject,
    }),
  }
}

/** Of ReEncrypt, once it has found its source, whatever name its destination has. */
function sameKey({
  operation,
  ring,
  account,
  resources: [source],
  body: { DestinationKeyId },
}: Call & { readonly resources: Iterable<string> }): Pick<CallFacts, 'sameKey'> {
  if (operation !== 'ReEncrypt' || source === undefined) return {}
  const destination = ring.keyNamed(account, String(DestinationKeyId))
  return { sameKey: destination !== undefined && ring.keyArn(destination) === source }
}

function keyFacts({ ring, key }: Subject, now: number): KeyFacts {
  const { account, spec, usage, origin, primaryRegion, tags } = key
  return {
    account,
    spec,
    usage,
    origin,
    tags,
    multiRegion: primaryRegion !== undefined,
    ...(primaryRegion !== undefined && {
      multiRegionKeyType: primaryRegion === ring.region ? 'PRIMARY' : 'REPLICA',
    }),
    trailingDaysWithoutUse: Math.floor(
      (now - (ring.lastUsage(key)?.time ?? key.created)) / 86_400_000,
    ),
    aliases: ring.aliases.filter(({ keyId }) => keyId === key.id).map(({ name }) => name),
  }
}

/** Parsed once for each version of a key's record. */
const policies = new WeakMap<Key, PolicyDocument>()

function policyOf(key: Key): PolicyDocument {
  const policy = policies.get(key) ?? parseKeyPolicy(key.policy)
  policies.set(key, policy)
  return policy
}

const toPolicy = ({ grantee, retiring, issuer, operations, constraints }: Grant): PolicyGrant => ({
  granteePrincipal: grantee,
  issuingAccount: issuer,
  operations,
  ...(retiring !== undefined && { retiringPrincipal: retiring }),
  ...(constraints && { constraints }),
})
