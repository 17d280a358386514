import { isJsonObject, type JsonObject } from '../../formats/json.js'
import type { Credential } from '../policy/credentials.js'
import type { CallFacts, KeyFacts } from '../policy/call-facts.js'
import { conditionsOf, encryptionContextOf } from '../policy/condition-keys.js'
import {
  checkLockout,
  decide,
  decideRetire,
  deniedMessage,
  type Question,
} from '../policy/decide.js'
import { parseKeyPolicy, type PolicyDocument } from '../policy/policy-document.js'
import type { Grant as PolicyGrant, GrantConstraints } from '../policy/grant-rules.js'
import type { Keyring } from '../state/keyring.js'
import type { Grant, Key } from '../state/key-model.js'
import { KmsFault } from '../wire/fault.js'

/** What a decision has to know of a call. */
export interface Asking {
  readonly ring: Keyring
  readonly caller: Credential
  readonly account: string
  readonly origin: {
    readonly sourceIp?: string | undefined
    readonly userAgent?: string | undefined
  }
  readonly operation: string
  readonly body: JsonObject
  /** The ARNs that the call is about so far, in their order. */
  readonly resources: Iterable<string>
  now(): number
}

/** What a permission is asked for: a key, as the request named it. */
export interface Subject {
  readonly ring: Keyring
  readonly key: Key
  /** The KeyId of the request. Absent where a ciphertext, a token or an alias led to the key. */
  readonly asked?: string | undefined
  /**
   * The grant that RetireGrant is about; absent where the key has no such grant.
   *
   * The grant decides who may retire it, and not the key.
   */
  readonly grant?: Grant | undefined
}

/** What a permission is asked for. */
export interface About {
  readonly subject?: Subject
  /** An ARN that is not a key's: an alias. */
  readonly resource?: string
}

/**
 * Whether the caller may do it, by key policy, IAM policies and grants.
 *
 * @throws KmsFault AccessDeniedException
 */
export function decideCall(call: Asking, permission: string, about: About): void {
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

/**
 * Checks a key policy that a request brings, and answers it as it is kept.
 *
 * @param bypass - BypassPolicyLockoutSafetyCheck: lets callers lock themselves out of the policy
 * @param key - absent while the key is still to be made
 * @throws KmsFault LimitExceededException, MalformedPolicyDocumentException
 */
export function keyPolicy(
  call: Asking,
  text: string,
  bypass: boolean | undefined,
  key?: Key,
): string {
  const parsed = parseKeyPolicy(text)
  if (bypass) return text
  const keyAccount = key?.account ?? call.account
  const subject = key && { ring: call.ring, key }
  checkLockout({
    resource: call.ring.arn(keyAccount, `key/${key?.id ?? 'new'}`),
    principal: call.caller.principal,
    conditions: conditionsOf(factsOf(call, 'kms:PutKeyPolicy', subject)),
    keyPolicy: parsed,
    keyAccount,
  })
  return text
}

function questionOf(call: Asking, permission: string, about: About): Question {
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
  // nobody here calls on behalf of a resource of a service
  const grants = key.grants.filter(({ constraints }) => constraints?.SourceArn === undefined)
  return {
    ...base,
    resource: ring.keyArn(key),
    keyPolicy: policyOf(key),
    keyAccount: key.account,
    grants: grants.map(toPolicy),
  }
}

/** The account in the ARN of an alias or a principal. */
const accountOf = (resource: string): Pick<Question, 'keyAccount'> =>
  resource.startsWith('arn:') ? { keyAccount: String(resource.split(':')[4]) } : {}

/** The grant that CreateGrant would make: a grant that allows CreateGrant is compared with it. */
function child({ operation, body }: Asking): Pick<Question, 'child'> {
  const { Operations } = body
  if (operation !== 'CreateGrant' || !Array.isArray(Operations)) return {}
  return {
    child: {
      operations: Operations.filter((name): name is string => typeof name === 'string'),
      constraints: constraintsOf(body) as GrantConstraints,
    },
  }
}

/** The constraints that are stored. What is null or unknown is left out. */
function constraintsOf({ Constraints }: JsonObject): JsonObject {
  const given = isJsonObject(Constraints) ? Constraints : {}
  return Object.fromEntries(
    ['EncryptionContextEquals', 'EncryptionContextSubset', 'SourceArn']
      .filter((name) => given[name] !== undefined && given[name] !== null)
      .map((name) => [name, given[name]]),
  )
}

function factsOf(call: Asking, action: string, subject: Subject | undefined): CallFacts {
  const { sourceIp, userAgent } = call.origin
  const { body } = call
  const request = 'Constraints' in body ? { ...body, Constraints: constraintsOf(body) } : body
  const grantConstraints = subject?.grant?.constraints as JsonObject | undefined
  return {
    action,
    request,
    ...(subject && { key: keyFacts(subject, call.now()) }),
    principal: call.caller.principal,
    now: call.now(),
    region: (subject?.ring ?? call.ring).region,
    secureTransport: false,
    ...(sourceIp !== undefined && { sourceIp }),
    ...(userAgent !== undefined && { userAgent }),
    ...sameKey(call),
    ...(grantConstraints && { grantConstraints }),
  }
}

/** Whether source and destination of ReEncrypt are one key, once the source was found. */
function sameKey(call: Asking): Pick<CallFacts, 'sameKey'> {
  const { operation, ring, account, body } = call
  const [source] = call.resources
  if (operation !== 'ReEncrypt' || source === undefined) return {}
  const destination = ring.keyNamed(account, String(body['DestinationKeyId']))
  return { sameKey: destination !== undefined && ring.keyArn(destination) === source }
}

function keyFacts({ ring, key }: Subject, now: number): KeyFacts {
  const { account, spec, usage, origin, primaryRegion, tags } = key
  const lastUse = ring.lastUsage(key)?.time ?? key.created
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
    trailingDaysWithoutUse: Math.floor((now - lastUse) / 86_400_000),
    aliases: ring.aliasesOf(key),
  }
}

/** Key policies, which are parsed once for each version of a key's record. */
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
