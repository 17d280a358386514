// Who gets in, rule by rule, and which AccessDeniedException the others get. Sources: AWS KMS
// Developer Guide, IAM User Guide.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { assert } from 'chai'
import { defaultKeyPolicy } from 'sealdrop/dist/local-kms/policy/default-key-policy.js'
import {
  checkLockout,
  crossAccountActions,
  decide,
  decideRetire,
  deniedMessage,
} from 'sealdrop/dist/local-kms/policy/decide.js'
import { parseIdentityPolicy, parseKeyPolicy } from 'sealdrop/dist/local-kms/policy/document.js'
import { assertThrows } from './helpers.mjs'

const [home, away] = ['111122223333', '444455556666']
const key = `arn:aws:kms:us-east-1:${home}:key/1234abcd-12ab-34cd-56ef-1234567890ab`
const root = (account = home) => ({
  arn: `arn:aws:iam::${account}:root`,
  account,
  kind: 'root',
  policies: [],
})
const iam = (...statements) => [
  parseIdentityPolicy({ Version: '2012-10-17', Statement: statements }, 'policy'),
]
const can = (action = 'kms:*', more = {}) => ({
  Effect: 'Allow',
  Action: action,
  Resource: '*',
  ...more,
})
const cannot = (action = 'kms:*', more = {}) => ({
  Effect: 'Deny',
  Action: action,
  Resource: '*',
  ...more,
})
const user = (name = 'alice', account = home, ...statements) => ({
  arn: `arn:aws:iam::${account}:user/${name}`,
  account,
  kind: 'user',
  policies: statements.length ? iam(...statements) : [],
})
const session = (role = 'Opener', name = 'one', ...statements) => ({
  arn: `arn:aws:sts::${home}:assumed-role/${role}/${name}`,
  account: home,
  kind: 'assumed-role',
  policies: statements.length ? iam(...statements) : [],
})
const keyPolicy = (...statements) =>
  parseKeyPolicy(JSON.stringify({ Version: '2012-10-17', Statement: statements }))
const to = (AWS, more = {}) => ({
  Effect: 'Allow',
  Principal: AWS === '*' ? '*' : { AWS },
  Action: 'kms:*',
  Resource: '*',
  ...more,
})
const against = (AWS, more = {}) => ({ ...to(AWS, more), Effect: 'Deny' })
const rootArn = (account = home) => `arn:aws:iam::${account}:root`
const alice = user().arn
const standard = parseKeyPolicy(defaultKeyPolicy(home))
const unusable = keyPolicy(to(user('nobody').arn, { Action: 'kms:ReplicateKey' }))
const grant = (more = {}) => ({
  granteePrincipal: alice,
  issuingAccount: home,
  operations: ['Decrypt', 'DescribeKey'],
  ...more,
})

const yes = 'allowed'
const [keyDeny, iamDeny, keyNo, iamNo] = [
  'explicit_deny_resource',
  'explicit_deny_identity',
  'no_resource_allow',
  'no_identity_allow',
]
const ask = (question) => ({
  action: 'kms:Decrypt',
  resource: key,
  keyAccount: home,
  conditions: {},
  keyPolicy: standard,
  principal: user(),
  ...question,
})
const answer = (question) => {
  const decision = decide(ask(question))
  return decision.allowed ? yes : decision.reason
}

const rules = {
  'default key policy': {
    'the root user of the account': [{ principal: root() }, yes],
    'a user with an IAM policy': [{ principal: user('alice', home, can('kms:Decrypt')) }, yes],
    'a user without any': [{}, iamNo],
    'a user whose IAM policy is for another action': [
      { principal: user('alice', home, can('kms:Encrypt')) },
      iamNo,
    ],
    'a user whose IAM policy is for another key': [
      {
        principal: user(
          'alice',
          home,
          can('kms:*', { Resource: key.replace('1234abcd', '9999abcd') }),
        ),
      },
      iamNo,
    ],
    'the root user of another account': [{ principal: root(away) }, keyNo],
    'a user of another account with an IAM policy': [
      { principal: user('alice', away, can()) },
      keyNo,
    ],
  },
  'a key policy that names nobody who is here': {
    'the root user': [{ principal: root(), keyPolicy: unusable }, keyNo],
    'a user with full IAM access': [
      { principal: user('alice', home, can('*')), keyPolicy: unusable },
      keyNo,
    ],
    'a session': [{ principal: session('Opener', 'one', can('*')), keyPolicy: unusable }, keyNo],
    'another account': [{ principal: user('alice', away, can('*')), keyPolicy: unusable }, keyNo],
    'a statement without Action has no effect': [
      {
        principal: user(),
        keyPolicy: keyPolicy({ Effect: 'Allow', Principal: '*', Resource: '*' }),
      },
      keyNo,
    ],
    'a statement without Resource has no effect': [
      {
        principal: user(),
        keyPolicy: keyPolicy({ Effect: 'Allow', Principal: '*', Action: 'kms:*' }),
      },
      keyNo,
    ],
    'a statement for a service': [
      {
        principal: user('alice', home, can()),
        keyPolicy: keyPolicy({ ...to('*'), Principal: { Service: 'logs.amazonaws.com' } }),
      },
      keyNo,
    ],
  },
  'a key policy that names the caller': {
    'a user, without IAM policy': [{ keyPolicy: keyPolicy(to(alice)) }, yes],
    'another user': [
      { principal: user('bob', home, can()), keyPolicy: keyPolicy(to(alice)) },
      keyNo,
    ],
    'the user for another action': [
      {
        action: 'kms:Sign',
        keyPolicy: keyPolicy(to(alice, { Action: ['kms:Encrypt', 'kms:Decrypt'] })),
      },
      keyNo,
    ],
    'the user in a list': [{ keyPolicy: keyPolicy(to([user('bob').arn, alice])) }, yes],
    'everybody, same account': [{ keyPolicy: keyPolicy(to('*')) }, yes],
    'the account by its id, with IAM policy': [
      { principal: user('alice', home, can()), keyPolicy: keyPolicy(to(home)) },
      yes,
    ],
    'the account by its id, without': [{ keyPolicy: keyPolicy(to(home)) }, iamNo],
    'a role, for its session': [
      { principal: session(), keyPolicy: keyPolicy(to(`arn:aws:iam::${home}:role/Opener`)) },
      yes,
    ],
    'a role with a path, for its session': [
      {
        principal: { ...session(), roleArn: `arn:aws:iam::${home}:role/service/Opener` },
        keyPolicy: keyPolicy(to(`arn:aws:iam::${home}:role/service/Opener`)),
      },
      yes,
    ],
    'another role': [
      {
        principal: session('Sealer'),
        keyPolicy: keyPolicy(to(`arn:aws:iam::${home}:role/Opener`)),
      },
      keyNo,
    ],
    'a session': [{ principal: session(), keyPolicy: keyPolicy(to(session().arn)) }, yes],
    'another session of the role': [
      { principal: session('Opener', 'two'), keyPolicy: keyPolicy(to(session().arn)) },
      keyNo,
    ],
    'a user does not name the root user': [
      { principal: root(), keyPolicy: keyPolicy(to(alice)) },
      keyNo,
    ],
    'an action in another case': [
      { keyPolicy: keyPolicy(to(alice, { Action: 'KMS:decrypt' })) },
      yes,
    ],
    'an action with wildcards': [{ keyPolicy: keyPolicy(to(alice, { Action: 'kms:D?cr*' })) }, yes],
    'the key by its ARN': [{ keyPolicy: keyPolicy(to(alice, { Resource: key })) }, yes],
    'another key by its ARN': [
      { keyPolicy: keyPolicy(to(alice, { Resource: key.replace('1234abcd', '9999abcd') })) },
      keyNo,
    ],
  },
  'an explicit Deny wins': {
    'in the key policy, over the key policy': [
      { keyPolicy: keyPolicy(to(alice), against(alice)) },
      keyDeny,
    ],
    'in the key policy, over IAM': [
      {
        principal: user('alice', home, can()),
        keyPolicy: keyPolicy(to(rootArn()), against(alice, { Action: 'kms:Decrypt' })),
      },
      keyDeny,
    ],
    'in IAM, over the key policy': [
      { principal: user('alice', home, cannot('kms:Decrypt')), keyPolicy: keyPolicy(to(alice)) },
      iamDeny,
    ],
    'in IAM, over IAM': [{ principal: user('alice', home, can(), cannot('kms:De*')) }, iamDeny],
    'for another action it does not': [
      { principal: user('alice', home, can(), cannot('kms:Sign')) },
      yes,
    ],
    'for the account, against its users': [
      { keyPolicy: keyPolicy(to(alice), against(rootArn())) },
      keyDeny,
    ],
    'for the account, against its root user': [
      { principal: root(), keyPolicy: keyPolicy(to(rootArn()), against(home)) },
      keyDeny,
    ],
    'for a role, against its session': [
      {
        principal: session(),
        keyPolicy: keyPolicy(to(session().arn), against(`arn:aws:iam::${home}:role/Opener`)),
      },
      keyDeny,
    ],
    'over a grant, in the key policy': [
      { keyPolicy: keyPolicy(against(alice)), grants: [grant()] },
      keyDeny,
    ],
    'over a grant, in IAM': [
      { principal: user('alice', home, cannot()), grants: [grant()] },
      iamDeny,
    ],
    'where its condition holds': [
      {
        conditions: { 'kms:EncryptionAlgorithm': 'RSAES_OAEP_SHA_1' },
        keyPolicy: keyPolicy(
          to(alice),
          against(alice, {
            Condition: { StringNotEquals: { 'kms:EncryptionAlgorithm': 'RSAES_OAEP_SHA_256' } },
          }),
        ),
      },
      keyDeny,
    ],
    'and not where it does not': [
      {
        conditions: { 'kms:EncryptionAlgorithm': 'RSAES_OAEP_SHA_256' },
        keyPolicy: keyPolicy(
          to(alice),
          against(alice, {
            Condition: { StringNotEquals: { 'kms:EncryptionAlgorithm': 'RSAES_OAEP_SHA_256' } },
          }),
        ),
      },
      yes,
    ],
  },
  'NotPrincipal, NotAction, NotResource': {
    'Deny NotPrincipal denies whom it does not list': [
      {
        keyPolicy: keyPolicy(to(alice), {
          Effect: 'Deny',
          NotPrincipal: { AWS: user('bob').arn },
          Action: 'kms:*',
          Resource: '*',
        }),
      },
      keyDeny,
    ],
    'it spares a user that it lists with its account': [
      {
        keyPolicy: keyPolicy(to(alice), {
          Effect: 'Deny',
          NotPrincipal: { AWS: [alice, rootArn()] },
          Action: 'kms:*',
          Resource: '*',
        }),
      },
      yes,
    ],
    'but not a user without its account': [
      {
        keyPolicy: keyPolicy(to(alice), {
          Effect: 'Deny',
          NotPrincipal: { AWS: alice },
          Action: 'kms:*',
          Resource: '*',
        }),
      },
      keyDeny,
    ],
    'nor a session without its role': [
      {
        principal: session(),
        keyPolicy: keyPolicy(to(session().arn), {
          Effect: 'Deny',
          NotPrincipal: { AWS: [session().arn, rootArn()] },
          Action: 'kms:*',
          Resource: '*',
        }),
      },
      keyDeny,
    ],
    'a session with its role and its account': [
      {
        principal: session(),
        keyPolicy: keyPolicy(to(session().arn), {
          Effect: 'Deny',
          NotPrincipal: { AWS: [session().arn, `arn:aws:iam::${home}:role/Opener`, home] },
          Action: 'kms:*',
          Resource: '*',
        }),
      },
      yes,
    ],
    'Allow NotPrincipal allows whom it does not list': [
      {
        keyPolicy: keyPolicy({
          Effect: 'Allow',
          NotPrincipal: { AWS: user('bob').arn },
          Action: 'kms:*',
          Resource: '*',
        }),
      },
      yes,
    ],
    'and not whom it lists': [
      {
        keyPolicy: keyPolicy({
          Effect: 'Allow',
          NotPrincipal: { AWS: alice },
          Action: 'kms:*',
          Resource: '*',
        }),
      },
      keyNo,
    ],
    'nor the users of an account that it lists': [
      {
        keyPolicy: keyPolicy({
          Effect: 'Allow',
          NotPrincipal: { AWS: home },
          Action: 'kms:*',
          Resource: '*',
        }),
      },
      keyNo,
    ],
    'Allow NotAction allows other actions': [
      {
        keyPolicy: keyPolicy({
          Effect: 'Allow',
          Principal: '*',
          NotAction: 'kms:Sign',
          Resource: '*',
        }),
      },
      yes,
    ],
    'and not its own': [
      {
        keyPolicy: keyPolicy({
          Effect: 'Allow',
          Principal: '*',
          NotAction: ['kms:Sign', 'kms:De*'],
          Resource: '*',
        }),
      },
      keyNo,
    ],
    'Deny NotAction denies other actions': [
      {
        principal: user('alice', home, can(), {
          Effect: 'Deny',
          NotAction: 'kms:Encrypt',
          Resource: '*',
        }),
      },
      iamDeny,
    ],
    'IAM NotResource spares its keys': [
      { principal: user('alice', home, can(), { Effect: 'Deny', Action: '*', NotResource: key }) },
      yes,
    ],
    'and denies the others': [
      {
        principal: user('alice', home, can(), {
          Effect: 'Deny',
          Action: '*',
          NotResource: key.replace('1234abcd', '9999abcd'),
        }),
      },
      iamDeny,
    ],
  },
  'across accounts': {
    'account named and IAM policy': [
      { principal: user('alice', away, can()), keyPolicy: keyPolicy(to(rootArn(away))) },
      yes,
    ],
    'user named and IAM policy': [
      {
        principal: user('alice', away, can('kms:Decrypt', { Resource: key })),
        keyPolicy: keyPolicy(to(user('alice', away).arn)),
      },
      yes,
    ],
    'user named, the side of IAM missing': [
      { principal: user('alice', away), keyPolicy: keyPolicy(to(user('alice', away).arn)) },
      iamNo,
    ],
    'account named, the side of IAM missing': [
      { principal: user('alice', away), keyPolicy: keyPolicy(to(away)) },
      iamNo,
    ],
    'the side of the key missing': [
      { principal: user('alice', away, can()), keyPolicy: keyPolicy(to(rootArn())) },
      keyNo,
    ],
    'both missing': [
      { principal: user('alice', away), keyPolicy: keyPolicy(to(rootArn())) },
      keyNo,
    ],
    'everybody named, the side of IAM missing': [
      { principal: user('alice', away), keyPolicy: keyPolicy(to('*')) },
      iamNo,
    ],
    'everybody named and IAM policy': [
      { principal: user('alice', away, can()), keyPolicy: keyPolicy(to('*')) },
      yes,
    ],
    'account named, its root user': [
      { principal: root(away), keyPolicy: keyPolicy(to(rootArn(away))) },
      yes,
    ],
    'account named, a Deny in IAM': [
      {
        principal: user('alice', away, can(), cannot('kms:Decrypt')),
        keyPolicy: keyPolicy(to(away)),
      },
      iamDeny,
    ],
    'a user of the same name at home is another': [
      { keyPolicy: keyPolicy(to(user('alice', away).arn)) },
      keyNo,
    ],
    'an operation without cross-account use': [
      {
        action: 'kms:DisableKey',
        principal: user('alice', away, can()),
        keyPolicy: keyPolicy(to('*')),
      },
      keyNo,
    ],
    'a grant to the user suffices': [
      {
        principal: user('alice', away),
        grants: [grant({ granteePrincipal: user('alice', away).arn })],
      },
      yes,
    ],
    'a grant to the account needs the IAM policy': [
      { principal: user('alice', away), grants: [grant({ granteePrincipal: rootArn(away) })] },
      iamNo,
    ],
    'and has it': [
      {
        principal: user('alice', away, can()),
        grants: [grant({ granteePrincipal: rootArn(away) })],
      },
      yes,
    ],
  },
  'without a key': {
    'IAM policy': [
      {
        action: 'kms:ListKeys',
        resource: '*',
        keyPolicy: undefined,
        principal: user('alice', home, can('kms:List*')),
      },
      yes,
    ],
    none: [{ action: 'kms:GenerateRandom', resource: '*', keyPolicy: undefined }, iamNo],
    'the root user': [
      { action: 'kms:CreateKey', resource: '*', keyPolicy: undefined, principal: root() },
      yes,
    ],
    'a Deny': [
      {
        action: 'kms:CreateKey',
        resource: '*',
        keyPolicy: undefined,
        principal: user('alice', home, can(), cannot('kms:CreateKey')),
      },
      iamDeny,
    ],
    'an IAM policy for keys is none for everything': [
      {
        action: 'kms:CreateKey',
        resource: '*',
        keyPolicy: undefined,
        principal: user('alice', home, can('kms:*', { Resource: `arn:aws:kms:*:${home}:key/*` })),
      },
      iamNo,
    ],
    'an alias of the account': [
      {
        action: 'kms:CreateAlias',
        resource: `arn:aws:kms:us-east-1:${home}:alias/a`,
        keyPolicy: undefined,
        principal: user(
          'alice',
          home,
          can('kms:CreateAlias', { Resource: `arn:aws:kms:*:${home}:alias/*` }),
        ),
      },
      yes,
    ],
    'an alias of another account': [
      {
        action: 'kms:CreateAlias',
        resource: `arn:aws:kms:us-east-1:${home}:alias/a`,
        keyPolicy: undefined,
        principal: user('alice', away, can()),
      },
      keyNo,
    ],
  },
  'a grant': {
    'lets its grantee in': [{ grants: [grant()] }, yes],
    'also where the key policy names nobody': [{ keyPolicy: unusable, grants: [grant()] }, yes],
    'not for another operation': [{ action: 'kms:Encrypt', grants: [grant()] }, iamNo],
    'not for another user': [
      { principal: user('bob'), keyPolicy: unusable, grants: [grant()] },
      keyNo,
    ],
    'a session through its role': [
      {
        principal: session(),
        grants: [grant({ granteePrincipal: `arn:aws:iam::${home}:role/Opener` })],
      },
      yes,
    ],
    'a session by its own name': [
      { principal: session(), grants: [grant({ granteePrincipal: session().arn })] },
      yes,
    ],
    'another session not': [
      {
        principal: session('Opener', 'two'),
        keyPolicy: unusable,
        grants: [grant({ granteePrincipal: session().arn })],
      },
      keyNo,
    ],
    'retired or revoked is no grant': [{ keyPolicy: unusable, grants: [] }, keyNo],
    'for ReEncrypt names the side': [
      {
        action: 'kms:ReEncryptTo',
        keyPolicy: unusable,
        grants: [grant({ operations: ['ReEncryptFrom'] })],
      },
      keyNo,
    ],
    'with equality: the same context': [
      {
        encryptionContext: { a: '1', b: '2' },
        grants: [grant({ constraints: { EncryptionContextEquals: { b: '2', a: '1' } } })],
      },
      yes,
    ],
    'with equality: more context': [
      {
        encryptionContext: { a: '1', b: '2' },
        keyPolicy: unusable,
        grants: [grant({ constraints: { EncryptionContextEquals: { a: '1' } } })],
      },
      keyNo,
    ],
    'with equality: less context': [
      {
        encryptionContext: { a: '1' },
        keyPolicy: unusable,
        grants: [grant({ constraints: { EncryptionContextEquals: { a: '1', b: '2' } } })],
      },
      keyNo,
    ],
    'with equality: none': [
      {
        keyPolicy: unusable,
        grants: [grant({ constraints: { EncryptionContextEquals: { a: '1' } } })],
      },
      keyNo,
    ],
    'with a subset: more context': [
      {
        encryptionContext: { a: '1', b: '2' },
        grants: [grant({ constraints: { EncryptionContextSubset: { a: '1' } } })],
      },
      yes,
    ],
    'with a subset: another value': [
      {
        encryptionContext: { a: '2' },
        keyPolicy: unusable,
        grants: [grant({ constraints: { EncryptionContextSubset: { a: '1' } } })],
      },
      keyNo,
    ],
    'with a subset: the value in another case': [
      {
        encryptionContext: { a: 'X' },
        keyPolicy: unusable,
        grants: [grant({ constraints: { EncryptionContextSubset: { a: 'x' } } })],
      },
      keyNo,
    ],
    'with a subset: the key in another case': [
      {
        encryptionContext: { A: 'x' },
        grants: [grant({ constraints: { EncryptionContextSubset: { a: 'x' } } })],
      },
      yes,
    ],
    'with constraints, which DescribeKey is not subject to': [
      {
        action: 'kms:DescribeKey',
        grants: [grant({ constraints: { EncryptionContextEquals: { a: '1' } } })],
      },
      yes,
    ],
    'for calls on behalf of a resource: a direct call': [
      {
        action: 'kms:DescribeKey',
        keyPolicy: unusable,
        grants: [grant({ constraints: { SourceArn: 'arn:aws:s3:::bucket' } })],
      },
      keyNo,
    ],
    'for CreateGrant: fewer operations': [
      {
        action: 'kms:CreateGrant',
        child: { operations: ['Decrypt'] },
        grants: [grant({ operations: ['Decrypt', 'Encrypt', 'CreateGrant'] })],
      },
      yes,
    ],
    'for CreateGrant: another operation': [
      {
        action: 'kms:CreateGrant',
        keyPolicy: unusable,
        child: { operations: ['Sign'] },
        grants: [grant({ operations: ['Decrypt', 'CreateGrant'] })],
      },
      keyNo,
    ],
    'for CreateGrant: a constraint left out': [
      {
        action: 'kms:CreateGrant',
        keyPolicy: unusable,
        child: { operations: ['Decrypt'] },
        grants: [
          grant({
            operations: ['Decrypt', 'CreateGrant'],
            constraints: { EncryptionContextSubset: { a: '1' } },
          }),
        ],
      },
      keyNo,
    ],
    'for CreateGrant: a subset grown': [
      {
        action: 'kms:CreateGrant',
        child: {
          operations: ['Decrypt'],
          constraints: { EncryptionContextSubset: { a: '1', b: '2' } },
        },
        grants: [
          grant({
            operations: ['Decrypt', 'CreateGrant'],
            constraints: { EncryptionContextSubset: { a: '1' } },
          }),
        ],
      },
      yes,
    ],
    'for CreateGrant: a subset made equality': [
      {
        action: 'kms:CreateGrant',
        child: { operations: ['Decrypt'], constraints: { EncryptionContextEquals: { a: '1' } } },
        grants: [
          grant({
            operations: ['Decrypt', 'CreateGrant'],
            constraints: { EncryptionContextSubset: { a: '1' } },
          }),
        ],
      },
      yes,
    ],
    'for CreateGrant: equality made a subset': [
      {
        action: 'kms:CreateGrant',
        keyPolicy: unusable,
        child: { operations: ['Decrypt'], constraints: { EncryptionContextSubset: { a: '1' } } },
        grants: [
          grant({
            operations: ['Decrypt', 'CreateGrant'],
            constraints: { EncryptionContextEquals: { a: '1' } },
          }),
        ],
      },
      keyNo,
    ],
  },
}

for (const [group, rows] of Object.entries(rules)) {
  describe(group, () => {
    for (const [name, [question, expected]] of Object.entries(rows))
      test(`${name}: ${expected}`, () => assert.strictEqual(answer(question), expected))
  })
}

const retired = grant({
  retiringPrincipal: user('closer').arn,
  issuingAccount: home,
  operations: ['Decrypt'],
})
const retire = {
  'its retiring principal': [user('closer'), retired, yes],
  'its retiring principal, denied by IAM': [
    user('closer', home, cannot('kms:RetireGrant')),
    retired,
    iamDeny,
  ],
  'its grantee, without the operation': [user(), retired, iamNo],
  'its grantee, with the operation': [user(), { ...retired, operations: ['RetireGrant'] }, yes],
  'the root user of the account that made it': [root(), retired, yes],
  'a user of that account with kms:RetireGrant': [
    user('bob', home, can('kms:RetireGrant')),
    retired,
    yes,
  ],
  'a user of that account without': [user('bob'), retired, iamNo],
  'a user of another account with kms:RetireGrant': [user('bob', away, can()), retired, keyNo],
  'a retiring principal in another account': [
    user('closer', away),
    { ...retired, retiringPrincipal: user('closer', away).arn },
    yes,
  ],
  'the root user of a retiring account': [
    root(away),
    { ...retired, retiringPrincipal: rootArn(away) },
    yes,
  ],
}
describe('a grant is retired by', () => {
  for (const [name, [principal, of, expected]] of Object.entries(retire)) {
    test(`${name}: ${expected}`, () => {
      const decision = decideRetire(ask({ principal }), of)
      assert.strictEqual(decision.allowed ? yes : decision.reason, expected)
    })
  }
})

describe('the lockout check', () => {
  const refused = {
    name: 'MalformedPolicyDocumentException',
    text: 'The new key policy will not allow you to update the key policy in the future.',
  }
  const rows = {
    'passes the default policy by the root user': [root(), standard, false],
    'passes a policy that names its author': [user(), keyPolicy(to(alice)), false],
    'passes the default policy by a user whose IAM policy allows PutKeyPolicy': [
      user('alice', home, can('kms:PutKeyPolicy')),
      standard,
      false,
    ],
    'refuses the default policy by a user without IAM policy': [user(), standard, true],
    'refuses a policy that names somebody else': [
      user('alice', home, can()),
      keyPolicy(to(user('bob').arn)),
      true,
    ],
    'refuses a policy that names its author for another action': [
      user(),
      keyPolicy(to(alice, { Action: 'kms:Decrypt' })),
      true,
    ],
    'refuses a policy that denies its author': [
      user(),
      keyPolicy(to(alice), against(alice, { Action: 'kms:Put*' })),
      true,
    ],
  }
  for (const [name, [principal, policy, locked]] of Object.entries(rows)) {
    test(name, () => {
      const check = () => checkLockout(ask({ principal, keyPolicy: policy }))
      if (locked) assertThrows(check, refused)
      else assert.doesNotThrow(check)
    })
  }
})

test('denials are worded as AWS words them', () => {
  const principal = session('R', 's')
  const say = (more) =>
    deniedMessage({ principal, action: 'kms:Decrypt', resource: key, keyAccount: home, ...more })
  const start = `User: arn:aws:sts::${home}:assumed-role/R/s is not authorized to perform: kms:Decrypt on resource: ${key}`
  assert.strictEqual(
    say({ reason: keyNo }),
    `${start} because no resource-based policy allows the kms:Decrypt action`,
  )
  assert.strictEqual(
    say({ reason: iamNo }),
    `${start} because no identity-based policy allows the kms:Decrypt action`,
  )
  assert.strictEqual(
    say({ reason: keyDeny }),
    `${start} with an explicit deny in a resource-based policy`,
  )
  assert.strictEqual(
    say({ reason: iamDeny }),
    `${start} with an explicit deny in an identity-based policy`,
  )
  const elsewhere =
    'because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access'
  for (const reason of [keyNo, keyDeny]) {
    assert.strictEqual(
      say({ reason, keyAccount: away }),
      `User: ${principal.arn} is not authorized to perform: kms:Decrypt on this resource ${elsewhere}`,
    )
    assert.strictEqual(
      say({ reason, keyAccount: away, byCiphertext: true }),
      `User: ${principal.arn} is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext ${elsewhere}`,
    )
  }
  assert.strictEqual(
    say({ reason: iamNo, keyAccount: away }),
    `${start} because no identity-based policy allows the kms:Decrypt action`,
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
  assert.deepEqual([...crossAccountActions].sort(), actions.sort())
})
