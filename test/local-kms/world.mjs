// Principals of two accounts against one local KMS, over the wire with real signatures.
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import { clientOf, failure } from './helpers.mjs'
import {
  allow,
  allowTo,
  away,
  deny,
  home,
  policyOf,
  policyText,
  rootArn,
  userArn,
} from './policies.mjs'

/** @import { Client } from './types.d.ts' */

const user = (account, name, ...policies) => ({
  arn: userArn(name, account),
  accessKeyId: `LOCAL${name.toUpperCase()}`,
  secretAccessKey: `${name}-secret`,
  policies,
})
export const rootUser = {
  arn: rootArn(),
  accessKeyId: 'LOCALROOT',
  secretAccessKey: 'root-secret',
}
const principals = {
  root: rootUser,
  nobody: user(home, 'nobody'),
  opener: user(home, 'opener', policyOf(allow(['kms:Decrypt', 'kms:DescribeKey']))),
  denied: user(home, 'denied', policyOf(allow(['kms:*'])), policyOf(deny('kms:Decrypt'))),
  role: {
    arn: `arn:aws:sts::${home}:assumed-role/Companion/session-1`,
    accessKeyId: 'LOCALROLE',
    secretAccessKey: 'role-secret',
    sessionToken: 'role-token',
  },
  partner: user(
    away,
    'partner',
    policyOf(allow(['kms:Encrypt', 'kms:Decrypt', 'kms:Sign', 'kms:DisableKey'])),
  ),
  stranger: user(away, 'stranger'),
  lister: user(away, 'lister', policyOf(allow(['kms:ListRetirableGrants']))),
}

/**
 * The client of a principal, by its access key.
 *
 * @param {import('./types.d.ts').Server} local
 * @param {{ accessKeyId: string; secretAccessKey: string; sessionToken?: string }} principal
 */
export function clientAs(local, { accessKeyId, secretAccessKey, sessionToken }) {
  const credentials = { accessKeyId, secretAccessKey, sessionToken }
  return clientOf({ clientConfig: { ...local.clientConfig, credentials } })
}

/**
 * The statement by which the root user, and no IAM policy, administers a key: without its condition
 * it would hand over to IAM policies.
 */
export const administrator = allowTo(
  rootArn(),
  [
    'kms:Put*',
    'kms:Get*',
    'kms:Describe*',
    'kms:ScheduleKeyDeletion',
    'kms:CreateGrant',
    'kms:RevokeGrant',
    'kms:ListGrants',
    'kms:CreateAlias',
    'kms:Encrypt',
  ],
  { Condition: { ArnEquals: { 'aws:PrincipalArn': rootArn() } } },
)

export const rsa = { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' }
export const signing = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }
export const OAEP = { EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }
/** One secret letter. */
export const Plaintext = Buffer.from('x')

/**
 * A server with these principals: `as.opener('Decrypt', {...})` calls as one of them, `keyWith`
 * makes a key whose policy has these statements, `sealed` the input that opens a secret.
 */
export async function startWorld() {
  const list = Object.values(principals)
  const local = await startLocalKms({
    credentials: JSON.stringify({ account: home, principals: list }),
  })
  const as = /** @type {Record<keyof typeof principals, Client>} */ (
    Object.fromEntries(
      Object.entries(principals).map(([name, principal]) => [name, clientAs(local, principal)]),
    )
  )
  const keyWith = async (input, ...statements) => {
    const Policy = statements.length > 0 ? policyText(...statements) : undefined
    return (await as.root('CreateKey', { ...input, Policy })).KeyMetadata.Arn
  }
  const sealed = async (KeyId, more = OAEP) => {
    const { CiphertextBlob } = await as.root('Encrypt', { KeyId, Plaintext, ...more })
    return { KeyId, CiphertextBlob, ...more }
  }
  return { local, as, keyWith, sealed }
}

/** Checks that a call is refused with AccessDeniedException, for this reason. */
export async function denied(call, because) {
  const e = await failure(call)
  assert.strictEqual(e.name, 'AccessDeniedException', `${e.name}: ${e.message}`)
  assert.match(e.message, because)
}
export const noIdentity = /because no identity-based policy allows the kms:\w+ action$/
export const noResource = /because no resource-based policy allows the kms:\w+ action$/
export const keyDeny = /with an explicit deny in a resource-based policy$/
export const identityDeny = /with an explicit deny in an identity-based policy$/
export const elsewhere =
  /because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access$/
