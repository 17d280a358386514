import { isJsonObject, type JsonObject } from '../../formats/json.js'
import { conditionsOf, encryptionContextOf, type CallFacts, type KeyFacts } from '../policy/condition-keys.js'
import { checkLockout, decide, decideRetire, deniedMessage, type Question } from '../policy/decide.js'
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
export function decideCall(call: Call, permission: string, { subject, resource, grant, sameKey }: About): void {
  const question = questionOf(call, permission, { ...(subject && { subject }), ...(resource !== undefined && { resource }), ...(grant && { grant }), ...(sameKey !== undefined && { sameKey }) })
  const decision = grant ? decideRetire(question, toPolicy(grant)) : decide(question)
  if (!decision.allowed) throw new KmsFault('AccessDeniedException', deniedMessage({ ...question, reason: decision.reason, byCiphertext: subject !== undefined && subject.asked === undefined }))
}

/** What a permission is asked for. */
export interface About {
  readonly subject?: Subject
  /** An ARN that is not a key's: an alias. */
  readonly resource?: string
  /** RetireGrant is decided by the grant. */
  readonly grant?: Grant
  /** Of ReEncrypt. */
  readonly sameKey?: boolean
}

/**
 * Checks a key policy that the caller wants to give a key.
 *
 * @param key - absent while the key is still to be made
 * @throws KmsFault MalformedPolicyDocumentException, also where the caller could not change the policy again and does not say that this is meant
 */
export function checkNewPolicy(call: Call, text: string, key: Key | undefined, bypassLockout: boolean): void {
  const keyPolicy = parseKeyPolicy(text)
  if (bypassLockout) return
  const resource = key ? call.ring.keyArn(key) : call.ring.arn(call.account, 'key/00000000-0000-4000-8000-000000000000')
  const conditions = conditionsOf(factsOf(call, 'kms:PutKeyPolicy', key && { ring: call.ring, key }))
  checkLockout({ resource, principal: call.caller.principal, conditions, keyPolicy, keyAccount: key?.account ?? call.account })
}

function questionOf(call: Call, permission: string, about: About): Question {
  const { subject, resource = '*' } = about
  const action = `kms:${permission}`
  const facts = factsOf(call, action, subject, about)
  const base = { action, principal: call.caller.principal, conditions: conditionsOf(facts), encryptionContext: encryptionContextOf(facts), ...child(call) }
  if (!subject) return { ...base, resource }
  const { ring, key } = subject
  return { ...base, resource: ring.keyArn(key), keyPolicy: policyOf(key), keyAccount: key.account, grants: key.grants.map(toPolicy) }
}

/** What CreateGrant would make, which a grant that allows CreateGrant compares. */
function child({ operation, body: { Operations, Constraints } }: Call): Pick<Question, 'child'> {
  if (operation !== 'CreateGrant' || !Array.isArray(Operations)) return {}
  return { child: { operations: Operations.filter((name): name is string => typeof name === 'string'), ...(isJsonObject(Constraints) && { constraints: Constraints as GrantConstraints }) } }
}

function factsOf(call: Call, action: string, subject: Subject | undefined, { grant, sameKey }: About = {}): CallFacts {
  const { sourceIp, userAgent } = call.origin
  return {
    action,
    request: call.body,
    ...(subject && { key: keyFacts(subject) }),
    principal: call.caller.principal,
    now: call.now(),
    region: call.ring.region,
    secureTransport: false,
    ...(sourceIp !== undefined && { sourceIp }),
    ...(userAgent !== undefined && { userAgent }),
    ...(sameKey !== undefined && { sameKey }),
    ...(grant?.constraints && { grantConstraints: grant.constraints as JsonObject }),
  }
}

function keyFacts({ ring, key }: Subject): KeyFacts {
  const { account, spec, usage, origin, primaryRegion, tags } = key
  return {
    account, spec, usage, origin, tags,
    multiRegion: primaryRegion !== undefined,
    ...(primaryRegion !== undefined && { multiRegionKeyType: primaryRegion === ring.region ? 'PRIMARY' : 'REPLICA' }),
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
  granteePrincipal: grantee, issuingAccount: issuer, operations,
  ...(retiring !== undefined && { retiringPrincipal: retiring }),
  ...(constraints && { constraints }),
})
