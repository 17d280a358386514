// Whom grants let in, and who retires one.
import { describe, test } from 'node:test'
import { assert } from 'chai'
import { decide, decideRetire } from '#dist/local-kms/policy/decide.js'
import { defaultKeyPolicy } from '#dist/local-kms/state/default-key-policy.js'
import { parseKeyPolicy } from '#dist/local-kms/policy/policy-document.js'
import { row } from './helpers.mjs'
import {
  alice,
  allow,
  allowTo,
  away,
  deny,
  home,
  keyPolicy,
  question,
  roleArn,
  root,
  rootArn,
  session,
  user,
  userArn,
} from './policies.mjs'

const yes = 'allowed'
const [iamDeny, keyNo] = ['explicit_deny_identity', 'no_resource_allow']
const iamNo = 'no_identity_allow'

const standard = parseKeyPolicy(defaultKeyPolicy(home))
const unusable = keyPolicy(allowTo(userArn('nobody'), 'kms:ReplicateKey'))
const grant = (more = {}) => ({
  granteePrincipal: userArn('alice'),
  issuingAccount: home,
  operations: ['Decrypt', 'DescribeKey'],
  ...more,
})

/** Alice asks with a grant, of a key whose policy lets nobody in. */
const only = (one, more = {}) => ({ keyPolicy: unusable, grants: [grant(one)], ...more })
/** The same of a key that would also let in whoever has an IAM policy. */
const also = (one, more = {}) => ({ grants: [grant(one)], ...more })
const equals = (context) => ({ EncryptionContextEquals: context })
const subset = (context) => ({ EncryptionContextSubset: context })
const encryptionContext = { a: '1', b: '2' }
const describing = { action: 'kms:DescribeKey' }
/** What CreateGrant would make. */
const child = (operation, constraints) => ({
  action: 'kms:CreateGrant',
  child: { operations: [operation], ...(constraints && { constraints }) },
})
const creator = (constraints) => ({ operations: ['Decrypt', 'CreateGrant'], constraints })

/** What is asked, the question, the answer. */
const rules = [
  row('lets its grantee in', also({}), yes),
  row('also where the key policy names nobody', only({}), yes),
  row('not for another operation', also({}, { action: 'kms:Encrypt' }), iamNo),
  row('not for another user', only({}, { principal: user('bob') }), keyNo),
  row(
    'a session through its role',
    also({ granteePrincipal: roleArn('Opener') }, { principal: session() }),
    yes,
  ),
  row(
    'a session by its own name',
    also({ granteePrincipal: session().arn }, { principal: session() }),
    yes,
  ),
  row(
    'another session not',
    only({ granteePrincipal: session().arn }, { principal: session('Opener', 'two') }),
    keyNo,
  ),
  row('retired or revoked is no grant', { keyPolicy: unusable, grants: [] }, keyNo),
  row(
    'for ReEncrypt names the side',
    only({ operations: ['ReEncryptFrom'] }, { action: 'kms:ReEncryptTo' }),
    keyNo,
  ),
  row(
    'with equality: the same context',
    also({ constraints: equals({ b: '2', a: '1' }) }, { encryptionContext }),
    yes,
  ),
  row(
    'with equality: more context',
    only({ constraints: equals({ a: '1' }) }, { encryptionContext }),
    keyNo,
  ),
  row(
    'with equality: less context',
    only({ constraints: equals({ a: '1', b: '2' }) }, { encryptionContext: { a: '1' } }),
    keyNo,
  ),
  row('with equality: none', only({ constraints: equals({ a: '1' }) }), keyNo),
  row(
    'with a subset: more context',
    also({ constraints: subset({ a: '1' }) }, { encryptionContext }),
    yes,
  ),
  row(
    'with a subset: another value',
    only({ constraints: subset({ a: '1' }) }, { encryptionContext: { a: '2' } }),
    keyNo,
  ),
  row(
    'with a subset: the value in another case',
    only({ constraints: subset({ a: 'x' }) }, { encryptionContext: { a: 'X' } }),
    keyNo,
  ),
  row(
    'with a subset: the key in another case',
    also({ constraints: subset({ a: 'x' }) }, { encryptionContext: { A: 'x' } }),
    yes,
  ),
  row(
    'with constraints, which DescribeKey is not subject to',
    also({ constraints: equals({ a: '1' }) }, describing),
    yes,
  ),
  row(
    'for calls on behalf of a resource: a direct call',
    only({ constraints: { SourceArn: 'arn:aws:s3:::bucket' } }, describing),
    keyNo,
  ),
  row(
    'for CreateGrant: fewer operations',
    also({ operations: ['Decrypt', 'Encrypt', 'CreateGrant'] }, child('Decrypt')),
    yes,
  ),
  row(
    'for CreateGrant: another operation',
    only({ operations: ['Decrypt', 'CreateGrant'] }, child('Sign')),
    keyNo,
  ),
  row(
    'for CreateGrant: a constraint left out',
    only(creator(subset({ a: '1' })), child('Decrypt')),
    keyNo,
  ),
  row(
    'for CreateGrant: a subset grown',
    also(creator(subset({ a: '1' })), child('Decrypt', subset({ a: '1', b: '2' }))),
    yes,
  ),
  row(
    'for CreateGrant: a subset made equality',
    also(creator(subset({ a: '1' })), child('Decrypt', equals({ a: '1' }))),
    yes,
  ),
  row(
    'for CreateGrant: equality made a subset',
    only(creator(equals({ a: '1' })), child('Decrypt', subset({ a: '1' }))),
    keyNo,
  ),
]
describe('a grant', () => {
  for (const [name, asked, expected] of rules)
    test(`${name}: ${expected}`, () => {
      const decision = decide(question({ keyPolicy: standard, ...asked }))
      assert.strictEqual(decision.allowed ? yes : decision.reason, expected)
    })
})

const closer = userArn('closer')
const retired = grant({ retiringPrincipal: closer, operations: ['Decrypt'] })
const retirableBy = (retiringPrincipal) => ({ ...retired, retiringPrincipal })
const mayRetire = allow('kms:RetireGrant')

/** Who asks, as whom, for which grant; the answer. */
const retire = [
  row('its retiring principal', user('closer'), retired, yes),
  row(
    'its retiring principal, denied by IAM',
    user('closer', home, deny('kms:RetireGrant')),
    retired,
    iamDeny,
  ),
  row('its grantee, without the operation', alice(), retired, iamNo),
  row('its grantee, with the operation', alice(), { ...retired, operations: ['RetireGrant'] }, yes),
  row('the root user of the account that made it', root(), retired, yes),
  row('a user of that account with kms:RetireGrant', user('bob', home, mayRetire), retired, yes),
  row('a user of that account without', user('bob'), retired, iamNo),
  row('a user of another account with kms:RetireGrant', user('bob', away, allow()), retired, keyNo),
  row(
    'a retiring principal in another account',
    user('closer', away),
    retirableBy(userArn('closer', away)),
    yes,
  ),
  row('the root user of a retiring account', root(away), retirableBy(rootArn(away)), yes),
]
describe('a grant is retired by', () => {
  for (const [name, principal, of, expected] of retire) {
    test(`${name}: ${expected}`, () => {
      const decision = decideRetire(question({ keyPolicy: standard, principal }), of)
      assert.strictEqual(decision.allowed ? yes : decision.reason, expected)
    })
  }
})
