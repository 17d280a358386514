import { KmsFault } from '../wire/fault.js'
import { flag, keyId, keyPolicyText, limit, marker } from '../wire/members.js'
import { keyPolicy } from './decision.js'
import { changing, operation, type Operation } from './operation.js'
import { findKeyItself } from './resolve.js'

const only = 'default'
const policyName = { type: 'string', min: 1, max: 128, pattern: /^[\w]+$/ } as const

/**
 * The operations on the policy of a key, which has one policy with the name "default".
 *
 * It can be read and changed in every state of the key.
 */
export const policyOperations: Readonly<Record<string, Operation>> = {
  PutKeyPolicy: changing(
    {
      KeyId: keyId,
      PolicyName: policyName,
      Policy: { ...keyPolicyText, required: true },
      BypassPolicyLockoutSafetyCheck: flag,
    },
    async (call, { KeyId, PolicyName = only, Policy, BypassPolicyLockoutSafetyCheck }) => {
      const key = findKeyItself(call, KeyId)
      if (PolicyName !== only)
        throw new KmsFault('UnsupportedOperationException', 'Only default policy is supported')
      await call.ring.saveKey({
        ...key,
        policy: keyPolicy(call, Policy, BypassPolicyLockoutSafetyCheck, key),
      })
      return undefined
    },
  ),

  GetKeyPolicy: operation(
    { KeyId: keyId, PolicyName: policyName },
    (call, { KeyId, PolicyName = only }) => {
      const { policy } = findKeyItself(call, KeyId)
      if (PolicyName !== only) throw new KmsFault('NotFoundException', 'No such policy exists')
      return { Policy: policy, PolicyName }
    },
  ),

  ListKeyPolicies: operation(
    { KeyId: keyId, Limit: limit(1000), Marker: marker },
    (call, { KeyId, Marker }) => {
      findKeyItself(call, KeyId)
      if (Marker !== undefined)
        // one name never fills a page
        throw new KmsFault('InvalidMarkerException', 'The marker is not valid.')
      return { PolicyNames: [only], Truncated: false }
    },
  ),
}
