// Principals of two accounts against one local KMS, with the policies that keyPolicy writes. An
// evaluator that we did not write gets the same questions.
import { runSimulation } from '@cloud-copilot/iam-simulate'
import * as aws from '@aws-sdk/client-kms'
import { startLocalKms } from 'sealdrop/local-kms'

/** @type {Record<string, any>} */
const commands = { ...aws }

export const own = '111122223333'
export const partner = '444455556666'
export const allKeys = `arn:aws:kms:us-east-1:${own}:key/*`
export const roleArn = (name, account = own) => `arn:aws:iam::${account}:role/${name}`
const sessionArn = (name, account) => `arn:aws:sts::${account}:assumed-role/${name}/session`

/**
 * @param roles name to `{ account, policies }`, or policies; `as.Name` is what reaches KMS as that
 * role: `config` for our verbs, `send('Sign', {…})` for single calls
 */
export async function policyWorld(t, roles, o = {}) {
  const entries = Object.entries(roles).map(([name, role]) => [
    name,
    { account: own, ...(Array.isArray(role) ? { policies: role } : role) },
  ])
  const principals = entries.map(([name, { account, policies }]) => ({
    arn: sessionArn(name, account),
    accessKeyId: `LOCAL${name}`,
    secretAccessKey: `${name}-secret`,
    policies,
  }))
  const local = await startLocalKms({
    credentials: JSON.stringify({ account: own, principals }),
    ...o,
  })
  t.after(() => local.close())
  const as = Object.fromEntries(
    entries.map(([name]) => {
      const config = {
        ...local.clientConfig,
        maxAttempts: 1,
        credentials: { accessKeyId: `LOCAL${name}`, secretAccessKey: `${name}-secret` },
      }
      const client = new aws.KMSClient(config)
      t.after(() => client.destroy())
      return [
        name,
        {
          config,
          send: (operation, input = {}) => client.send(new commands[`${operation}Command`](input)),
        },
      ]
    }),
  )
  return { local, as }
}

/**
 * Whether the local KMS lets a call in: true for an answer, false for AccessDeniedException.
 * Anything else fails the test.
 */
export const letsIn = (call) =>
  call.then(
    () => true,
    (error) => {
      if (error.name !== 'AccessDeniedException') throw error
      return false
    },
  )

/**
 * Whether the other evaluator lets the call in. A policy or context that it does not take is an
 * error.
 */
export async function simulated({ role, account, iam, keyPolicy, action, resource, context = {} }) {
  const found = await runSimulation(
    {
      request: {
        principal: sessionArn(role, account),
        action: `kms:${action}`,
        resource: { resource, accountId: own },
        contextVariables: { 'kms:CallerAccount': account, ...context },
      },
      identityPolicies: iam.map((policy, i) => ({ name: `p${i}`, policy })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(keyPolicy && { resourcePolicy: keyPolicy }),
    },
    {},
  )
  if (found.resultType === 'error') throw new Error(JSON.stringify(found.errors))
  return found.overallResult === 'Allowed'
}
