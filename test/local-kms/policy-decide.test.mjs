// Who gets in, rule by rule. Sources: AWS KMS Developer Guide, IAM User Guide. Grants:
// policy-grants.test.mjs; the words of a denial: policy-denials.test.mjs.
import { describe, test } from 'node:test'
import { assert } from 'chai'
import { decide } from '#dist/local-kms/policy/decide.js'
import { defaultKeyPolicy } from '#dist/local-kms/state/default-key-policy.js'
import { parseKeyPolicy } from '#dist/local-kms/policy/policy-document.js'
import { row } from './helpers.mjs'
import {
  alice,
  allow,
  allowTo,
  away,
  deny,
  denyTo,
  home,
  keyArn,
  keyPolicy,
  question,
  roleArn,
  root,
  rootArn,
  session,
  stranger,
  user,
  userArn,
} from './policies.mjs'

const yes = 'allowed'
const [keyDeny, iamDeny] = ['explicit_deny_resource', 'explicit_deny_identity']
const [keyNo, iamNo] = ['no_resource_allow', 'no_identity_allow']

const standard = parseKeyPolicy(defaultKeyPolicy(home))
const nobodyHere = allowTo(userArn('nobody'), 'kms:ReplicateKey')
const otherKey = keyArn.replace('1234abcd', '9999abcd')
const aliasArn = `arn:aws:kms:us-east-1:${home}:alias/a`
const [me, bob] = [userArn('alice'), userArn('bob')]
const [opener, pathRole] = [roleArn('Opener'), roleArn('service/Opener')]

/** A caller asks, of a key with these statements. */
const asks = (principal, ...statements) => ({ principal, keyPolicy: keyPolicy(...statements) })
/** Alice asks, who has no IAM policy. */
const aliceAsks = (...statements) => asks(alice(), ...statements)
/** A call that is about no key. */
const keyless = (action, principal, resource = '*') => ({
  action: `kms:${action}`,
  resource,
  principal,
  keyPolicy: undefined,
})
/** A statement of a key policy for all but some principals. */
const except = (Effect, AWS) => ({
  Effect,
  NotPrincipal: { AWS },
  Action: 'kms:*',
  Resource: '*',
})
const notAction = (Effect, NotAction) => ({ Effect, Principal: '*', NotAction, Resource: '*' })
const notResource = (NotResource) => ({ Effect: 'Deny', Action: '*', NotResource })
const onlySha256 = {
  Condition: { StringNotEquals: { 'kms:EncryptionAlgorithm': 'RSAES_OAEP_SHA_256' } },
}
const by = (algorithm) => ({ conditions: { 'kms:EncryptionAlgorithm': algorithm } })
const aliases = { Resource: `arn:aws:kms:*:${home}:alias/*` }
const keys = { Resource: `arn:aws:kms:*:${home}:key/*` }

/** By group: what is asked, the question, the answer. */
const rules = {
  'default key policy': [
    row('the root user of the account', { principal: root() }, yes),
    row('a user with an IAM policy', { principal: alice(allow('kms:Decrypt')) }, yes),
    row('a user without any', {}, iamNo),
    row(
      'a user whose IAM policy is for another action',
      { principal: alice(allow('kms:Encrypt')) },
      iamNo,
    ),
    row(
      'a user whose IAM policy is for another key',
      { principal: alice(allow('kms:*', { Resource: otherKey })) },
      iamNo,
    ),
    row('the root user of another account', { principal: root(away) }, keyNo),
    row('a user of another account with an IAM policy', { principal: stranger(allow()) }, keyNo),
  ],
  'a key policy that names nobody who is here': [
    row('the root user', asks(root(), nobodyHere), keyNo),
    row('a user with full IAM access', asks(alice(allow('*')), nobodyHere), keyNo),
    row('a session', asks(session('Opener', 'one', allow('*')), nobodyHere), keyNo),
    row('another account', asks(stranger(allow('*')), nobodyHere), keyNo),
    row(
      'a statement without Action has no effect',
      aliceAsks({ Effect: 'Allow', Principal: '*', Resource: '*' }),
      keyNo,
    ),
    row(
      'a statement without Resource has no effect',
      aliceAsks({ Effect: 'Allow', Principal: '*', Action: 'kms:*' }),
      keyNo,
    ),
    row(
      'a statement for a service',
      asks(alice(allow()), { ...allowTo('*'), Principal: { Service: 'logs.amazonaws.com' } }),
      keyNo,
    ),
  ],
  'a key policy that names the caller': [
    row('a user, without IAM policy', aliceAsks(allowTo(me)), yes),
    row('another user', asks(user('bob', home, allow()), allowTo(me)), keyNo),
    row(
      'the user for another action',
      { ...aliceAsks(allowTo(me, ['kms:Encrypt', 'kms:Decrypt'])), action: 'kms:Sign' },
      keyNo,
    ),
    row('the user in a list', aliceAsks(allowTo([bob, me])), yes),
    row('everybody, same account', aliceAsks(allowTo('*')), yes),
    row('the account by its id, with IAM policy', asks(alice(allow()), allowTo(home)), yes),
    row('the account by its id, without', aliceAsks(allowTo(home)), iamNo),
    row('a role, for its session', asks(session(), allowTo(opener)), yes),
    row(
      'a role with a path, for its session',
      asks({ ...session(), roleArn: pathRole }, allowTo(pathRole)),
      yes,
    ),
    row('another role', asks(session('Sealer'), allowTo(opener)), keyNo),
    row('a session', asks(session(), allowTo(session().arn)), yes),
    row(
      'another session of the role',
      asks(session('Opener', 'two'), allowTo(session().arn)),
      keyNo,
    ),
    row('a user does not name the root user', asks(root(), allowTo(me)), keyNo),
    row('an action in another case', aliceAsks(allowTo(me, 'KMS:decrypt')), yes),
    row('an action with wildcards', aliceAsks(allowTo(me, 'kms:D?cr*')), yes),
    row('the key by its ARN', aliceAsks(allowTo(me, 'kms:*', { Resource: keyArn })), yes),
    row('another key by its ARN', aliceAsks(allowTo(me, 'kms:*', { Resource: otherKey })), keyNo),
  ],
  'an explicit Deny wins': [
    row('in the key policy, over the key policy', aliceAsks(allowTo(me), denyTo(me)), keyDeny),
    row(
      'in the key policy, over IAM',
      asks(alice(allow()), allowTo(rootArn()), denyTo(me, 'kms:Decrypt')),
      keyDeny,
    ),
    row('in IAM, over the key policy', asks(alice(deny('kms:Decrypt')), allowTo(me)), iamDeny),
    row('in IAM, over IAM', { principal: alice(allow(), deny('kms:De*')) }, iamDeny),
    row('for another action it does not', { principal: alice(allow(), deny('kms:Sign')) }, yes),
    row('for the account, against its users', aliceAsks(allowTo(me), denyTo(rootArn())), keyDeny),
    row(
      'for the account, against its root user',
      asks(root(), allowTo(rootArn()), denyTo(home)),
      keyDeny,
    ),
    row(
      'for a role, against its session',
      asks(session(), allowTo(session().arn), denyTo(opener)),
      keyDeny,
    ),
    row(
      'over a grant, in the key policy',
      { ...aliceAsks(denyTo(me)), grants: [grant()] },
      keyDeny,
    ),
    row('over a grant, in IAM', { principal: alice(deny()), grants: [grant()] }, iamDeny),
    row(
      'where its condition holds',
      { ...aliceAsks(allowTo(me), denyTo(me, 'kms:*', onlySha256)), ...by('RSAES_OAEP_SHA_1') },
      keyDeny,
    ),
    row(
      'and not where it does not',
      { ...aliceAsks(allowTo(me), denyTo(me, 'kms:*', onlySha256)), ...by('RSAES_OAEP_SHA_256') },
      yes,
    ),
  ],
  'NotPrincipal, NotAction, NotResource': [
    row(
      'Deny NotPrincipal denies whom it does not list',
      aliceAsks(allowTo(me), except('Deny', bob)),
      keyDeny,
    ),
    row(
      'it spares a user that it lists with its account',
      aliceAsks(allowTo(me), except('Deny', [me, rootArn()])),
      yes,
    ),
    row('but not a user without its account', aliceAsks(allowTo(me), except('Deny', me)), keyDeny),
    row(
      'nor a session without its role',
      asks(session(), allowTo(session().arn), except('Deny', [session().arn, rootArn()])),
      keyDeny,
    ),
    row(
      'a session with its role and its account',
      asks(session(), allowTo(session().arn), except('Deny', [session().arn, opener, home])),
      yes,
    ),
    row('Allow NotPrincipal allows whom it does not list', aliceAsks(except('Allow', bob)), yes),
    row('and not whom it lists', aliceAsks(except('Allow', me)), keyNo),
    row('nor the users of an account that it lists', aliceAsks(except('Allow', home)), keyNo),
    row('Allow NotAction allows other actions', aliceAsks(notAction('Allow', 'kms:Sign')), yes),
    row('and not its own', aliceAsks(notAction('Allow', ['kms:Sign', 'kms:De*'])), keyNo),
    row(
      'Deny NotAction denies other actions',
      { principal: alice(allow(), { Effect: 'Deny', NotAction: 'kms:Encrypt', Resource: '*' }) },
      iamDeny,
    ),
    row('IAM NotResource spares its keys', { principal: alice(allow(), notResource(keyArn)) }, yes),
    row('and denies the others', { principal: alice(allow(), notResource(otherKey)) }, iamDeny),
  ],
  'across accounts': [
    row('account named and IAM policy', asks(stranger(allow()), allowTo(rootArn(away))), yes),
    row(
      'user named and IAM policy',
      asks(stranger(allow('kms:Decrypt', { Resource: keyArn })), allowTo(stranger().arn)),
      yes,
    ),
    row('user named, the side of IAM missing', asks(stranger(), allowTo(stranger().arn)), iamNo),
    row('account named, the side of IAM missing', asks(stranger(), allowTo(away)), iamNo),
    row('the side of the key missing', asks(stranger(allow()), allowTo(rootArn())), keyNo),
    row('both missing', asks(stranger(), allowTo(rootArn())), keyNo),
    row('everybody named, the side of IAM missing', asks(stranger(), allowTo('*')), iamNo),
    row('everybody named and IAM policy', asks(stranger(allow()), allowTo('*')), yes),
    row('account named, its root user', asks(root(away), allowTo(rootArn(away))), yes),
    row(
      'account named, a Deny in IAM',
      asks(stranger(allow(), deny('kms:Decrypt')), allowTo(away)),
      iamDeny,
    ),
    row('a user of the same name at home is another', aliceAsks(allowTo(stranger().arn)), keyNo),
    row(
      'an operation without cross-account use',
      { ...asks(stranger(allow()), allowTo('*')), action: 'kms:DisableKey' },
      keyNo,
    ),
    row(
      'a grant to the user suffices',
      { principal: stranger(), grants: [grant(stranger().arn)] },
      yes,
    ),
    row(
      'a grant to the account needs the IAM policy',
      { principal: stranger(), grants: [grant(rootArn(away))] },
      iamNo,
    ),
    row('and has it', { principal: stranger(allow()), grants: [grant(rootArn(away))] }, yes),
  ],
  'without a key': [
    row('IAM policy', keyless('ListKeys', alice(allow('kms:List*'))), yes),
    row('none', keyless('GenerateRandom', alice()), iamNo),
    row('the root user', keyless('CreateKey', root()), yes),
    row('a Deny', keyless('CreateKey', alice(allow(), deny('kms:CreateKey'))), iamDeny),
    row(
      'an IAM policy for keys is none for everything',
      keyless('CreateKey', alice(allow('kms:*', keys))),
      iamNo,
    ),
    row(
      'an alias of the account',
      keyless('CreateAlias', alice(allow('kms:CreateAlias', aliases)), aliasArn),
      yes,
    ),
    row('an alias of another account', keyless('CreateAlias', stranger(allow()), aliasArn), keyNo),
  ],
}

/** A grant to decrypt. */
function grant(granteePrincipal = me) {
  return { granteePrincipal, issuingAccount: home, operations: ['Decrypt', 'DescribeKey'] }
}

for (const [group, rows] of Object.entries(rules)) {
  describe(group, () => {
    for (const [name, asked, expected] of rows)
      test(`${name}: ${expected}`, () => {
        const decision = decide(question({ keyPolicy: standard, ...asked }))
        assert.strictEqual(decision.allowed ? yes : decision.reason, expected)
      })
  })
}
