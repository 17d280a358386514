// The lockout check, the words of a denial, and which operations may be used across accounts.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { assert } from 'chai'
import { checkLockout, crossAccountActions, deniedMessage } from '#dist/local-kms/policy/decide.js'
import { defaultKeyPolicy } from '#dist/local-kms/state/default-key-policy.js'
import { parseKeyPolicy } from '#dist/local-kms/policy/policy-document.js'
import { assertFault, row } from './helpers.mjs'
import {
  alice,
  allow,
  allowTo,
  away,
  denyTo,
  home,
  keyArn,
  keyPolicy,
  question,
  root,
  session,
  userArn,
} from './policies.mjs'

describe('the lockout check', () => {
  const standard = parseKeyPolicy(defaultKeyPolicy(home))
  const me = userArn('alice')
  const putKeyPolicy = allow('kms:PutKeyPolicy')
  /** What it does, who the author is, the policy, whether it locks out. */
  const rows = [
    row('passes the default policy by the root user', root(), standard, false),
    row('passes a policy that names its author', alice(), keyPolicy(allowTo(me)), false),
    row(
      'passes the default policy by a user whose IAM policy allows PutKeyPolicy',
      alice(putKeyPolicy),
      standard,
      false,
    ),
    row('refuses the default policy by a user without IAM policy', alice(), standard, true),
    row(
      'refuses a policy that names somebody else',
      alice(allow()),
      keyPolicy(allowTo(userArn('bob'))),
      true,
    ),
    row(
      'refuses a policy that names its author for another action',
      alice(),
      keyPolicy(allowTo(me, 'kms:Decrypt')),
      true,
    ),
    row(
      'refuses a policy that denies its author',
      alice(),
      keyPolicy(allowTo(me), denyTo(me, 'kms:Put*')),
      true,
    ),
  ]
  for (const [name, principal, policy, locked] of rows) {
    test(name, () => {
      const check = () => checkLockout(question({ principal, keyPolicy: policy }))
      if (locked)
        assertFault(
          check,
          'MalformedPolicyDocumentException',
          'The new key policy will not allow you to update the key policy in the future.',
        )
      else assert.doesNotThrow(check)
    })
  }
})

test('denials are worded as AWS words them', () => {
  const principal = session('R', 's')
  const about = { principal, action: 'kms:Decrypt', resource: keyArn, keyAccount: home }
  const caller =
    `User: arn:aws:sts::${home}:assumed-role/R/s is not authorized to perform: ` + 'kms:Decrypt'
  const elsewhere =
    'because the resource does not exist in this Region, no resource-based policies allow ' +
    'access, or a resource-based policy explicitly denies access'
  const start = `${caller} on resource: ${keyArn}`
  const noIdentity = `${start} because no identity-based policy allows the kms:Decrypt action`
  assert.strictEqual(
    deniedMessage({ ...about, reason: 'no_resource_allow' }),
    `${start} because no resource-based policy allows the kms:Decrypt action`,
  )
  assert.strictEqual(deniedMessage({ ...about, reason: 'no_identity_allow' }), noIdentity)
  assert.strictEqual(
    deniedMessage({ ...about, reason: 'explicit_deny_resource' }),
    `${start} with an explicit deny in a resource-based policy`,
  )
  assert.strictEqual(
    deniedMessage({ ...about, reason: 'explicit_deny_identity' }),
    `${start} with an explicit deny in an identity-based policy`,
  )
  for (const denied of [
    { ...about, reason: /** @type {const} */ ('no_resource_allow'), keyAccount: away },
    { ...about, reason: /** @type {const} */ ('explicit_deny_resource'), keyAccount: away },
  ]) {
    assert.strictEqual(deniedMessage(denied), `${caller} on this resource ${elsewhere}`)
    assert.strictEqual(
      deniedMessage({ ...denied, byCiphertext: true }),
      `${caller} on the resource associated with this ciphertext ${elsewhere}`,
    )
  }
  assert.strictEqual(
    deniedMessage({ ...about, reason: 'no_identity_allow', keyAccount: away }),
    noIdentity,
  )
})

test('operations with cross-account use are those of the API reference', () => {
  const folder = join(
    dirname(fileURLToPath(import.meta.resolve('@aws-sdk/client-kms'))),
    '../dist-types/commands',
  )
  const documented = readdirSync(folder)
    .filter((file) => file.endsWith('Command.d.ts'))
    .flatMap((file) => {
      const [, use] =
        /Cross-account use<\/b>: *(Yes|No)/.exec(
          readFileSync(join(folder, file), 'utf8').replace(/\s*\n\s*\*\s*/g, ' '),
        ) ?? []
      return use === 'Yes' ? [`kms:${file.replace('Command.d.ts', '')}`] : []
    })
  assert.ok(documented.length > 15)
  const actions = documented.flatMap((action) =>
    action === 'kms:ReEncrypt' ? ['kms:ReEncryptFrom', 'kms:ReEncryptTo'] : [action],
  )
  assert.sameMembers([...crossAccountActions], actions)
})
