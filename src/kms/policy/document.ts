import { utf8 } from '../../bytes/text.js'
import { ensure } from '../../errors/guard.js'

/** Conditions of a statement: by operator, then by condition key, the values. */
export type Condition = Readonly<
  Record<string, Readonly<Record<string, string | readonly string[]>>>
>

/** One statement of a policy. */
export interface PolicyStatement {
  /** Its name, which no other statement of the policy has. */
  readonly Sid?: string
  /** Whether it allows or denies. */
  readonly Effect: 'Allow' | 'Deny'
  /** Whom a key policy means. An IAM policy has none, since it is attached to its principal. */
  readonly Principal?: '*' | { readonly AWS: string | readonly string[] }
  /** What may be called, or must not be: `kms:Decrypt`. */
  readonly Action: string | readonly string[]
  /**
   * What the call is about.
   *
   * - In a key policy it is `*`, the key that has the policy. So the next key can have it too.
   */
  readonly Resource: unknown
  /** When the statement counts. */
  readonly Condition?: Condition
}

/** A policy as AWS takes it: `JSON.stringify` it. */
export interface PolicyDocument {
  /** The version of the policy language. */
  readonly Version: '2012-10-17'
  /** What is allowed and denied. */
  readonly Statement: readonly PolicyStatement[]
}

/** The most bytes of a key policy (developer guide, "Resource quotas"). */
const maxKeyPolicyBytes = 32_768

/**
 * Makes a key policy.
 *
 * @throws SealdropError `too_large` for a longer one than KMS takes
 */
export function keyPolicyDocument(statements: readonly PolicyStatement[]): PolicyDocument {
  const document = policyDocument(statements)
  const { length } = utf8(JSON.stringify(document))
  ensure(
    length <= maxKeyPolicyBytes,
    'too_large',
    `the key policy has ${length} bytes, KMS takes ${maxKeyPolicyBytes}: name an account instead of its roles, and let its IAM policies say who`,
  )
  return document
}

export const policyDocument = (statements: readonly PolicyStatement[]): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: statements,
})
