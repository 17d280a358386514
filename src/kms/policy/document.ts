import { utf8 } from '../../bytes/text.js'
import { ensure } from '../../errors/guard.js'

/** Operator, condition key, values. */
export type Condition = Readonly<
  Record<string, Readonly<Record<string, string | readonly string[]>>>
>

export interface PolicyStatement {
  readonly Sid?: string
  readonly Effect: 'Allow' | 'Deny'
  /** In a key policy; an IAM policy is attached to its principal. */
  readonly Principal?: '*' | { readonly AWS: string | readonly string[] }
  readonly Action: string | readonly string[]
  /** `*` in a key policy: the key that has it, so that its successor can have it too. */
  readonly Resource: unknown
  readonly Condition?: Condition
}

/** A policy as AWS takes it: `JSON.stringify` it. */
export interface PolicyDocument {
  readonly Version: '2012-10-17'
  readonly Statement: readonly PolicyStatement[]
}

/** Developer guide, "Resource quotas": key policy document size. */
const maxKeyPolicyBytes = 32_768

/** @throws SealdropError `too_large` for what KMS does not take as a key policy */
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
