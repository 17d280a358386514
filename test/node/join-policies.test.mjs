// joinPolicies: one key policy of several parts, which somebody can change.
import test, { describe } from 'node:test'
import { assert } from 'chai'
import fc from 'fast-check'
import { joinPolicies, keyPolicy } from 'sealdrop/kms'
import { parseKeyPolicy } from '#dist/local-kms/policy/policy-document.js'
import { fails } from '../support/host.js'
import {
  administrator,
  alias,
  key,
  opener as good,
  own,
  partner,
  roleArn as role,
} from '../support/policy-arns.mjs'
import { wrong } from '../support/types.mjs'

/** @import { PolicyRole } from 'sealdrop/kms' */

const join = (...policies) => joinPolicies(policies)
const principalsOf = (statement) => statement.Principal.AWS

describe('joined', () => {
  test('two parts with one Sid keep both under two, what is there twice stands once', () => {
    const far = keyPolicy({ ...good, principals: [partner] }).keyPolicy
    const joined = join(administrator, keyPolicy(good).keyPolicy, far, far, {
      Version: '2012-10-17',
      Statement: {
        Sid: 'OpenerRead2',
        Effect: 'Allow',
        Principal: { AWS: own },
        Action: 'kms:DescribeKey',
        Resource: '*',
      },
    })
    const sids = joined.Statement.map(({ Sid }) => Sid)
    assert.deepEqual(sids, [
      'AdministratorManage',
      'AdministratorScheduleDeletion',
      'AdministratorNoCryptography',
      'DeletionTakes30Days',
      'OpenerRead',
      'OpenerDecrypt',
      'OpenerAgree',
      'OpenerRead2',
      'OpenerDecrypt2',
      'OpenerAgree2',
      'OpenerRead22',
    ])
    assert.equal(parseKeyPolicy(JSON.stringify(joined)).statements.length, sids.length)
  })
  for (const bad of [undefined, [], {}, 'x'])
    test(`${JSON.stringify(bad)} is no list of key policies`, async () => {
      await fails(
        assert,
        async () => joinPolicies(wrong(bad)),
        'invalid_argument',
        /policies: expected at least one/,
      )
    })
  /** @type {[unknown, RegExp][]} */
  const noPolicies = [
    [null, /policies\[1\]: expected a key policy, found null/],
    [{}, /policies\[1\]\.Statement\[0\]: expected an object/],
    [
      { Statement: [{ Effect: 'Allow', Principal: '*' }] },
      /Statement\[0\]: expected an object with Effect and Action/,
    ],
    [{ Statement: [{ Effect: 'allow', Principal: '*', Action: 'kms:*' }] }, /Effect/],
    [keyPolicy(good).iamPolicy, /Statement\[0\]\.Principal: .*an IAM policy is attached/],
    [
      {
        Statement: [{ Effect: 'Deny', NotPrincipal: { AWS: own }, Action: 'kms:*', Resource: '*' }],
      },
      /Principal/,
    ],
  ]
  for (const [bad, pattern] of noPolicies)
    test(`${JSON.stringify(bad).slice(0, 80)} is no key policy`, async () => {
      await fails(assert, async () => join(administrator, bad), 'invalid_argument', pattern)
    })
  const put = (more = {}) => ({
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: role('Other') },
        Action: ['kms:PutKeyPolicy'],
        Resource: '*',
        ...more,
      },
    ],
  })
  /** @type {Record<string, object[]>} */
  const unchangeable = {
    'openers only': [keyPolicy(good).keyPolicy],
    'a condition': [put({ Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } })],
    'a Deny': [put({ Effect: 'Deny' })],
    'nobody named': [put({ Principal: { Service: 'x.amazonaws.com' } })],
    'no statement': [{ Statement: [] }],
    'no resource': [put({ Resource: undefined })],
    'another resource': [put({ Resource: alias })],
    'a principal that is a pattern': [put({ Principal: { AWS: role('*') } })],
    'every user of another service': [put({ Principal: { Federated: 'x.example' } })],
  }
  for (const [what, parts] of Object.entries(unchangeable)) {
    test(`a policy that nobody could change is refused: ${what}`, async () => {
      await fails(
        assert,
        async () => join(...parts),
        'invalid_argument',
        /nobody could change the key policy; add an administrator, or accountRoot/,
      )
    })
  }
  test('an administrator, accountRoot or a statement of your own can change it', () => {
    for (const parts of [
      [administrator],
      [keyPolicy({ ...good, accountRoot: true }).keyPolicy],
      [put()],
      [put({ Action: 'kms:Put*' })],
      [put({ Action: 'KMS:*policy', Resource: key })],
      [put({ Principal: { AWS: own } })],
      [put({ Condition: {} })],
    ])
      assert.isNotEmpty(join(keyPolicy(good).keyPolicy, ...parts).Statement)
  })
  test('who manages a key does not open or sign with it: the Deny would win without a word', async () => {
    await fails(
      assert,
      async () =>
        join(
          administrator,
          keyPolicy({ ...good, principals: [role('Opener'), role('Admin')] }).keyPolicy,
        ),
      'invalid_argument',
      /OpenerDecrypt allows arn:aws:iam::111122223333:role\/Admin what AdministratorNoCryptography denies/,
    )
  })
  test('over 32,768 bytes is too_large, also where the parts are not', async () => {
    const part = (n) =>
      keyPolicy({ ...good, principals: Array.from({ length: 150 }, (_, i) => role(`R${n}x${i}`)) })
        .keyPolicy
    await fails(assert, async () => join(administrator, part(1), part(2)), 'too_large', /32768/)
  })
  test('any roles and principals: it parses, Sids are unique, and each principal of each part is there', () => {
    /** @type {PolicyRole[]} */
    const roles = ['publisher', 'opener', 'signer']
    const part = fc.record({
      role: fc.constantFrom(...roles),
      principals: fc.uniqueArray(
        fc.oneof(
          fc.constantFrom(own, partner),
          fc.stringMatching(/^[A-Za-z0-9+=,.@_-]{1,64}$/).map((name) => role(`p/${name}`)),
        ),
        { minLength: 1, maxLength: 5 },
      ),
      accountRoot: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const joined = join(administrator, ...parts.map((o) => keyPolicy({ ...o, key }).keyPolicy))
        const { statements: parsed } = parseKeyPolicy(JSON.stringify(joined))
        assert.equal(new Set(parsed.map(({ sid }) => sid)).size, joined.Statement.length)
        const named = new Set(joined.Statement.flatMap(principalsOf))
        for (const principal of parts.flatMap(({ principals }) => principals))
          assert.isTrue(
            named.has(/^\d/.test(principal) ? `arn:aws:iam::${principal}:root` : principal),
            principal,
          )
      }),
      { numRuns: 200 },
    )
  })
})
