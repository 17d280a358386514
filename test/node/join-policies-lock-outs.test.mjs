// joinPolicies refuses a Deny that locks out everybody, and an Allow to everybody. What the local
// KMS decides by a joined policy says whether it is right.
import test, { describe } from 'node:test'
import { assert } from 'chai'
import fc from 'fast-check'
import { isSealdropError } from 'sealdrop'
import { joinPolicies, keyPolicy } from 'sealdrop/kms'
import { decide } from '#dist/local-kms/policy/decide.js'
import { parseIdentityPolicy, parseKeyPolicy } from '#dist/local-kms/policy/policy-document.js'
import { fails } from '../support/host.js'
import {
  administrator,
  alias,
  key,
  opener,
  own,
  partner,
  roleArn as role,
} from '../support/policy-arns.mjs'
import { deny, policyOf } from '../support/key-policies.mjs'

const root = `arn:aws:iam::${own}:root`
const admin = role('Admin')
const isOwn = { StringEquals: { 'kms:CallerAccount': own } }
const withDeny = (Action, Principal, more = {}) =>
  joinPolicies([administrator, policyOf({ ...deny(Action, Principal), ...more })])

describe('a Deny', () => {
  const actions = ['kms:PutKeyPolicy', 'KMS:putkeypolicy', '*', 'kms:*', 'kms:Put*', 'kms:*Policy']
  const everybody = ['*', { AWS: '*' }, { AWS: ['*'] }, { AWS: [role('Other'), admin] }]
  const principals = [...everybody, { AWS: admin }, { AWS: root }, { AWS: own }]
  const more = ['kms:P?tKeyPolic?', 'kms:**y*', ['kms:Sign', 'kms:*KeyPolicy']]
  for (const principal of principals)
    for (const action of [...actions, ...more])
      test(`${JSON.stringify(action)} to ${JSON.stringify(principal)} lets nobody change the policy`, async () => {
        const refused = async (o) => {
          await fails(
            assert,
            async () => withDeny(action, principal, o),
            'invalid_argument',
            /nobody/,
          )
        }
        await refused({})
        await refused({ Condition: {} })
        await refused({ Condition: { StringEquals: {} } })
        await refused({ Resource: ['arn:aws:s3:::b', key] })
        await refused({ Resource: 'arn:aws:k*' })
        await refused({ Resource: undefined, NotResource: 'arn:aws:s3:::b' })
      })
  /** @type {[string, unknown, object][]} */
  const harmless = [
    ['kms:PutKeyPolicy', '*', { Condition: { StringNotEquals: { 'aws:PrincipalArn': admin } } }],
    ['kms:PutKeyPolicy', { AWS: [role('Other'), partner] }, {}],
    ['kms:PutKeyPolicy', { AWS: role('Admi') }, {}],
    ['kms:PutKeyPolicy', { Service: 'x.amazonaws.com' }, {}],
    ['kms:PutKeyPolicies', '*', {}],
    ['kms:PutKeyPolic', '*', {}],
    ['kms:CreateGrant', '*', {}],
    ['kms:Put.*', '*', {}],
    ['s3:*', '*', {}],
    ['kms:*', '*', { Resource: 'arn:aws:s3:::b*' }],
    ['kms:*', '*', { Resource: alias }],
    ['kms:*', '*', { Resource: undefined }],
    ['kms:*', { AWS: admin }, { Condition: { Bool: { 'aws:SecureTransport': 'false' } } }],
  ]
  for (const [action, principal, o] of harmless)
    test(`${action} to ${JSON.stringify(principal)} with ${JSON.stringify(o)} is taken`, () => {
      assert.isNotEmpty(withDeny(action, principal, o).Statement)
    })
  test('to a role is to its sessions too, and one administrator of two is enough', async () => {
    const session = `arn:aws:sts::${own}:assumed-role/Admin/ann`
    const put = (AWS) => policyOf({ ...deny('kms:PutKeyPolicy', { AWS }), Effect: 'Allow' })
    const none = policyOf(deny('kms:Put*', { AWS: role('path/Admin') }))
    const refused = () => joinPolicies([put(session), none])
    await fails(assert, async () => refused(), 'invalid_argument', /nobody/)
    assert.isNotEmpty(joinPolicies([put(session), put(role('Other')), none]).Statement)
  })
  test('by a pattern takes away what another part allows to the same role', async () => {
    const parts = [administrator, keyPolicy(opener).keyPolicy]
    const [AWS] = opener.principals
    await fails(
      assert,
      async () => joinPolicies([...parts, policyOf(deny('kms:Decr*', { AWS }))]),
      'invalid_argument',
      /OpenerDecrypt allows .*Opener what another denies/,
    )
    assert.isNotEmpty(joinPolicies([...parts, policyOf(deny('kms:Encr*', { AWS }))]).Statement)
  })
})

describe('an Allow to everybody', () => {
  for (const Principal of ['*', { AWS: '*' }, { AWS: [partner, '*'] }, { Federated: '*' }])
    test(`${JSON.stringify(Principal)} passes only with a condition`, async () => {
      const allow = (more) => {
        const open = { ...deny('kms:Decrypt', Principal), Effect: 'Allow', Sid: 'Open', ...more }
        return joinPolicies([administrator, policyOf(open)])
      }
      for (const more of [{}, { Condition: {} }, { Condition: { StringEquals: {} } }])
        await fails(
          assert,
          async () => allow(more),
          'invalid_argument',
          /Open allows kms:Decrypt to everybody; name the principals, or give it a condition/,
        )
      assert.isNotEmpty(allow({ Condition: isOwn }).Statement)
    })
})

test('any statements: where they are joined, the local KMS lets somebody change the policy', () => {
  const full = parseIdentityPolicy(
    policyOf({ Effect: 'Allow', Action: '*', Resource: '*' }),
    'policy',
  )
  const caller = (name) => ({
    arn: `arn:aws:sts::${own}:assumed-role/${name}/s`,
    roleArn: role(name),
    account: own,
    kind: /** @type {const} */ ('assumed-role'),
    policies: [full],
  })
  const callers = ['Admin', 'Other', 'Third'].map(caller)
  const action = fc.constantFrom('*', 'kms:*', 'kms:Put*', 'kms:?utKeyPolicy', 'kms:Sign', 's3:*')
  const principal = fc.constantFrom('*', root, own, admin, role('Other'))
  const statement = fc.record({
    Effect: fc.constantFrom('Allow', 'Deny'),
    Principal: fc.oneof(
      fc.constant('*'),
      fc.record({ AWS: fc.array(principal, { minLength: 1 }) }),
    ),
    Action: fc.array(action, { minLength: 1, maxLength: 3 }),
    Resource: fc.constantFrom('*', key, 'arn:aws:s3:::b'),
  })
  const found = { joined: 0, refused: 0 }
  fc.assert(
    fc.property(fc.array(statement, { minLength: 1, maxLength: 3 }), (statements) => {
      const canChange = (policy) =>
        callers.some(
          (who) =>
            decide({
              action: 'kms:PutKeyPolicy',
              resource: key,
              principal: who,
              keyPolicy: parseKeyPolicy(JSON.stringify(policy)),
              keyAccount: own,
              conditions: {},
            }).allowed,
        )
      const policy = policyOf(...statements, {
        ...deny('kms:*', { AWS: [admin, own] }),
        Effect: 'Allow',
      })
      let joined
      try {
        joined = joinPolicies([policy])
      } catch (error) {
        if (!isSealdropError(error)) throw error
        assert.equal(error.code, 'invalid_argument', error.message)
        if (/nobody/.test(error.message)) assert.isFalse(canChange(policy))
        found.refused++
        return
      }
      assert.isTrue(canChange(joined))
      found.joined++
    }),
    { numRuns: 2_000 },
  )
  assert.isAbove(found.joined, 100)
  assert.isAbove(found.refused, 100)
})

test('a pattern of many stars and single signs is compared in no time', () => {
  const denied = { ...deny(`kms:${'*?'.repeat(20)}z`, { AWS: admin }), Sid: 'Stars' }
  const allowed = { ...deny('kms:*', { AWS: admin }), Effect: 'Allow' }
  const joined = joinPolicies([policyOf(allowed, denied)])
  assert.lengthOf(joined.Statement, 2)
})
