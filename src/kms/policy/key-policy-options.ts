import type { PolicyDocument } from './document.js'
import type { PolicyRole } from './roles.js'

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
