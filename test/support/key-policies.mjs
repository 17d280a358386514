// Key policies that tests put on keys of the local KMS.
import { PutKeyPolicyCommand } from '@aws-sdk/client-kms'

/** A policy of these statements. */
export const policyOf = (...Statement) => ({ Version: '2012-10-17', Statement })
/** The statement by which IAM policies of an account decide who may do what. */
export const accountDecides = (account) => ({
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${account}:root` },
  Action: 'kms:*',
  Resource: '*',
})
/** Forbids an action to somebody. */
export const deny = (Action, Principal) => ({ Effect: 'Deny', Principal, Action, Resource: '*' })

/** Gives a key its policy. */
export const putPolicy = (client, KeyId, policy) =>
  client.send(
    new PutKeyPolicyCommand({ KeyId, PolicyName: 'default', Policy: JSON.stringify(policy) }),
  )
