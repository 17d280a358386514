// Builders of policies, principals and questions for the tests of who gets in.
import { parseIdentityPolicy, parseKeyPolicy } from '#dist/local-kms/policy/policy-document.js'

/** @import { Question, PolicyPrincipal } from '#dist/local-kms/policy/decide.js' */

export const [home, away] = ['111122223333', '444455556666']
export const keyArn = `arn:aws:kms:us-east-1:${home}:key/1234abcd-12ab-34cd-56ef-1234567890ab`
export const rootArn = (account = home) => `arn:aws:iam::${account}:root`
export const userArn = (name, account = home) => `arn:aws:iam::${account}:user/${name}`
export const roleArn = (name, account = home) => `arn:aws:iam::${account}:role/${name}`

export const policyOf = (...Statement) => ({ Version: '2012-10-17', Statement })
export const policyText = (...statements) => JSON.stringify(policyOf(...statements))

/**
 * A statement of an IAM policy.
 *
 * @param {string | string[]} Action
 */
export const allow = (Action = 'kms:*', more = {}) => ({
  Effect: 'Allow',
  Action,
  Resource: '*',
  ...more,
})
export const deny = (Action = 'kms:*', more = {}) => ({ ...allow(Action, more), Effect: 'Deny' })

/**
 * A statement of a key policy, for one or more principals or for everybody.
 *
 * @param {string | string[]} AWS
 * @param {string | string[]} Action
 */
export const allowTo = (AWS, Action = 'kms:*', more = {}) => ({
  Effect: 'Allow',
  Principal: AWS === '*' ? '*' : { AWS },
  Action,
  Resource: '*',
  ...more,
})
export const denyTo = (AWS, Action = 'kms:*', more = {}) => ({
  ...allowTo(AWS, Action, more),
  Effect: 'Deny',
})

export const keyPolicy = (...statements) => parseKeyPolicy(policyText(...statements))
const identityPolicies = (statements) =>
  statements.length > 0 ? [parseIdentityPolicy(policyOf(...statements), 'policy')] : []

/** @returns {PolicyPrincipal} */
export const root = (account = home) => ({
  arn: rootArn(account),
  account,
  kind: 'root',
  policies: [],
})

/**
 * A user with the statements of its IAM policy.
 *
 * @returns {PolicyPrincipal}
 */
export const user = (name, account = home, ...statements) => ({
  arn: userArn(name, account),
  account,
  kind: 'user',
  policies: identityPolicies(statements),
})

/**
 * A session of a role, with the statements of the role's IAM policy.
 *
 * @returns {PolicyPrincipal}
 */
export const session = (role = 'Opener', name = 'one', ...statements) => ({
  arn: `arn:aws:sts::${home}:assumed-role/${role}/${name}`,
  account: home,
  kind: 'assumed-role',
  policies: identityPolicies(statements),
})

/** Alice at home, with the statements of her IAM policy. */
export const alice = (...statements) => user('alice', home, ...statements)
/** A user of the same name in another account. */
export const stranger = (...statements) => user('alice', away, ...statements)

/**
 * May this caller decrypt with the key at home?
 *
 * @param {Partial<Question>} more
 * @returns {Question}
 */
export const question = (more) => ({
  action: 'kms:Decrypt',
  resource: keyArn,
  keyAccount: home,
  conditions: {},
  principal: alice(),
  ...more,
})
