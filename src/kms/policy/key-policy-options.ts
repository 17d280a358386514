import type { PolicyDocument } from './document.js'
import type { PolicyRole } from './roles.js'

/** Who may do what with which key. */
export interface KeyPolicyOptions {
  /** What the principals do with the key. */
  readonly role: PolicyRole
  /**
   * ARN of a key, of all keys of an account in a Region, or of an alias.
   *
   * - It says what the IAM policy is for. A key policy is for the key that has it.
   * - All keys are `arn:aws:kms:REGION:ACCOUNT:key/*`. Principals of other accounts take it where
   *   keys rotate, since their IAM policy must allow the next key too.
   * - An alias is looked at in each call (kms:ResourceAliases). A retired key has lost it, and
   *   whoever may move it decides who uses which key.
   */
  readonly key: string
  /**
   * ARNs of roles and users, or accounts.
   *
   * - An account is its number or its root ARN. IAM policies there decide who.
   */
  readonly principals: readonly string[]
  /**
   * Lets IAM policies of the key's account allow anything. Default: false.
   *
   * - The default key policy of KMS does so.
   */
  readonly accountRoot?: boolean
  /**
   * JOSE names of the algorithms that an opener or a signer uses. Default of an opener: all.
   *
   * - Default of a signer: what `createSigner` uses by itself with each kind of key. That is PS256,
   *   ES256, ES384, ES512, Ed25519, ML-DSA-44, ML-DSA-65 and ML-DSA-87.
   * - Of an administrator they say which keys may be made. A publisher has none.
   */
  readonly algs?: readonly string[]
}

/** What a role needs, for both places in which AWS looks. */
export interface Policies {
  /** The role's part of the key policy: see {@link joinPolicies}. */
  readonly keyPolicy: PolicyDocument
  /** The IAM policy of the role's principals, in their accounts. */
  readonly iamPolicy: PolicyDocument
}
