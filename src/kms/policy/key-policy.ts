import { ensure } from '../../errors/guard.js'
import type { PolicyDocument } from './document.js'
import type { PolicyRole } from './roles.js'
import { writeRole } from './write-role.js'

export interface KeyPolicyOptions {
  readonly role: PolicyRole
  /**
   * ARN of a key, `arn:aws:kms:REGION:ACCOUNT:key/*` for all keys of an account in a Region, or ARN
   * of an alias: what the IAM policy is for. A key policy is for the key that has it, and for those
   * that rotation makes of it when they are given the same; principals of other accounts, whose IAM
   * policy has to allow too, then take `key/*`. An alias is looked at in each call
   * (kms:ResourceAliases): a retired key has lost it, and whoever may move it decides who uses
   * which key.
   */
  readonly key: string
  /**
   * ARNs of roles and users, or accounts, by number or root ARN: then IAM policies there decide
   * who.
   */
  readonly principals: readonly string[]
  /**
   * Lets IAM policies of the key's account allow anything, as the default key policy does. Default:
   * false.
   */
  readonly accountRoot?: boolean
  /**
   * JOSE names of the algorithms that an opener or a signer uses, or of the keys that an
   * administrator makes; a publisher has none. Default: all, but of signers PS256, ES256, ES384 and
   * ES512, which `createSigner` uses unless it is told otherwise.
   */
  readonly algs?: readonly string[]
}

export interface Policies {
  /** The role's part of the key policy: see {@link joinPolicies}. */
  readonly keyPolicy: PolicyDocument
  /** For the role's principals, in their accounts. */
  readonly iamPolicy: PolicyDocument
}

/**
 * Writes what a role needs and nothing else, as its part of a key policy and as an IAM policy;
 * nobody is asked.
 * - opener: the public key; Decrypt or DeriveSharedSecret by its algorithms
 * - signer: the public key; Sign by its algorithms, of digests. A root's signer is its publisher
 * - publisher: the public key and the state
 * - administrator: what `applyRotation`, `retireKey`, `deleteKey` and `restoreKey` call.
 *   Cryptography and grants are denied, whatever else allows them; who may change the policy can
 *   take that out, and CloudTrail shows it
 *
 * No key is deleted in less than 30 days, whoever asks. In the key's account the key policy
 * suffices, except for making and listing keys and for aliases, which need the IAM policy; from
 * another account both are needed. KMS takes a key policy only when its principals exist.
 *
 * @throws SealdropError `invalid_argument` naming the member; an administrator of another account,
 *   since KMS lets nobody manage a key from there; `too_large` for a key policy over 32,768 bytes
 * @see AWS KMS Developer Guide, "Key policies", "Allowing users in other accounts to use a KMS
 *   key", "Condition keys"
 */
export function keyPolicy(o: KeyPolicyOptions): Policies {
  ensure(o, 'invalid_argument', 'keyPolicy: expected { role, key, principals }')
  const written = writeRole(o, 'principals')
  return { keyPolicy: written.keyPolicy, iamPolicy: written.iamPolicy }
}
