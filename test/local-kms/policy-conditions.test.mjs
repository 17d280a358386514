// Condition operators and policy variables.
import { describe, test } from 'node:test'
import { assert } from 'chai'
import { decide } from '#dist/local-kms/policy/decide.js'
import { parseIdentityPolicy } from '#dist/local-kms/policy/policy-document.js'

const account = '111122223333'
const context = {
  'aws:username': 'alice',
  'aws:PrincipalTag/team': 'pay*',
  'kms:KeySpec': 'RSA_2048',
  'kms:RotationPeriodInDays': '90',
  'kms:MultiRegion': 'true',
  'aws:SourceIp': '10.1.2.3',
  'aws:CurrentTime': '2026-01-15T10:00:00Z',
  'aws:PrincipalArn': `arn:aws:iam::${account}:role/a/Opener`,
  'kms:EncryptionContext:user': 'alice',
  'kms:GrantOperations': ['Decrypt', 'Encrypt'],
  'x:bytes': 'AQID',
  'x:six': '2001:db8::1',
  'x:mapped': '::ffff:10.1.2.3',
  'x:text': 'a$b?c',
}

/**
 * Whether a condition holds in a call.
 *
 * @param {object} Condition
 * @param {{ Version?: string; conditions?: Record<string, string | string[]> }} more
 */
function holds(Condition, { Version = '2012-10-17', conditions = context } = {}) {
  const policies = [
    parseIdentityPolicy(
      { Version, Statement: { Effect: 'Allow', Action: '*', Resource: '*', Condition } },
      'policy',
    ),
  ]
  return decide({
    action: 'kms:ListKeys',
    resource: '*',
    principal: { arn: `arn:aws:iam::${account}:user/alice`, account, kind: 'user', policies },
    conditions,
  }).allowed
}

/**
 * Operator, key, wanted, whether it holds.
 *
 * @type {[string, string, unknown, boolean][]}
 */
const operators = [
  ['StringEquals', 'kms:KeySpec', 'RSA_2048', true],
  ['StringEquals', 'kms:KeySpec', 'rsa_2048', false],
  ['StringEquals', 'kms:KeySpec', 'RSA_*', false],
  ['StringEquals', 'kms:KeySpec', ['ECC_NIST_P256', 'RSA_2048'], true],
  ['StringEquals', 'KMS:keyspec', 'RSA_2048', true],
  ['stringequals', 'kms:KeySpec', 'RSA_2048', true],
  ['StringNotEquals', 'kms:KeySpec', 'RSA_2048', false],
  ['StringNotEquals', 'kms:KeySpec', ['ECC_NIST_P256', 'RSA_2048'], false],
  ['StringNotEquals', 'kms:KeySpec', 'RSA_4096', true],
  ['StringEqualsIgnoreCase', 'kms:KeySpec', 'rsa_2048', true],
  ['StringNotEqualsIgnoreCase', 'kms:KeySpec', 'rsa_2048', false],
  ['StringLike', 'kms:KeySpec', 'RSA_*', true],
  ['StringLike', 'kms:KeySpec', 'RSA_20?8', true],
  ['StringLike', 'kms:KeySpec', 'RSA_?', false],
  ['StringLike', 'kms:KeySpec', 'rsa_*', false],
  ['StringNotLike', 'kms:KeySpec', 'RSA_*', false],
  ['StringLike', 'kms:KeySpec', '*_*8*', true],
  ['NumericEquals', 'kms:RotationPeriodInDays', '90.0', true],
  ['NumericEquals', 'kms:RotationPeriodInDays', 90, true],
  ['NumericNotEquals', 'kms:RotationPeriodInDays', '90', false],
  ['NumericLessThan', 'kms:RotationPeriodInDays', '90', false],
  ['NumericLessThanEquals', 'kms:RotationPeriodInDays', '90', true],
  ['NumericGreaterThan', 'kms:RotationPeriodInDays', '89', true],
  ['NumericGreaterThanEquals', 'kms:RotationPeriodInDays', '91', false],
  ['NumericEquals', 'kms:KeySpec', '90', false],
  ['NumericNotEquals', 'kms:KeySpec', '90', true],
  ['NumericEquals', 'kms:RotationPeriodInDays', '', false],
  ['DateEquals', 'aws:CurrentTime', '2026-01-15T11:00:00+01:00', true],
  ['DateNotEquals', 'aws:CurrentTime', '2026-01-15T10:00:00Z', false],
  ['DateLessThan', 'aws:CurrentTime', '2026-01-16', true],
  ['DateLessThan', 'aws:CurrentTime', '1768471200', false],
  ['DateLessThanEquals', 'aws:CurrentTime', '1768471200', true],
  ['DateGreaterThan', 'aws:CurrentTime', '2025', true],
  ['DateGreaterThanEquals', 'aws:CurrentTime', '2027-01-01T00:00:00Z', false],
  ['DateLessThan', 'aws:CurrentTime', 'tomorrow', false],
  ['Bool', 'kms:MultiRegion', 'true', true],
  ['Bool', 'kms:MultiRegion', true, true],
  ['Bool', 'kms:MultiRegion', 'TRUE', true],
  ['Bool', 'kms:MultiRegion', 'false', false],
  ['Bool', 'kms:KeySpec', 'RSA_2048', false],
  ['Null', 'kms:MultiRegion', 'false', true],
  ['Null', 'kms:MultiRegion', 'true', false],
  ['Null', 'kms:Absent', true, true],
  ['Null', 'kms:Absent', 'false', false],
  ['IpAddress', 'aws:SourceIp', '10.1.0.0/16', true],
  ['IpAddress', 'aws:SourceIp', '10.1.2.3', true],
  ['IpAddress', 'aws:SourceIp', '10.1.2.4', false],
  ['IpAddress', 'aws:SourceIp', '0.0.0.0/0', true],
  ['IpAddress', 'aws:SourceIp', '2001:db8::/32', false],
  ['IpAddress', 'x:six', '2001:db8::/32', true],
  ['IpAddress', 'x:mapped', '10.1.2.0/24', true],
  ['NotIpAddress', 'aws:SourceIp', '10.1.0.0/16', false],
  ['NotIpAddress', 'aws:SourceIp', ['11.0.0.0/8', '2001:db8::/32'], true],
  ['NotIpAddress', 'aws:SourceIp', '0.0.0.0/0', false],
  ['IpAddress', 'aws:SourceIp', '10.1.2.3/33', false],
  ['IpAddress', 'aws:SourceIp', 'everywhere', false],
  ['IpAddress', 'kms:KeySpec', '0.0.0.0/0', false],
  ['ArnEquals', 'aws:PrincipalArn', `arn:aws:iam::${account}:role/*`, true],
  ['ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::*:role/?/Opener', true],
  ['ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::*:user/*', false],
  ['ArnLike', 'aws:PrincipalArn', 'arn:aws:*', false],
  ['ArnLike', 'aws:PrincipalArn', 'arn:*:*:*:*:*', true],
  ['ArnNotEquals', 'aws:PrincipalArn', `arn:aws:iam::${account}:role/a/Opener`, false],
  ['ArnNotLike', 'aws:PrincipalArn', 'arn:aws:iam::*:user/*', true],
  ['ArnLike', 'kms:KeySpec', 'arn:*:*:*:*:*', false],
  ['BinaryEquals', 'x:bytes', 'AQID', true],
  ['BinaryEquals', 'x:bytes', 'AQIE', false],
  // an absent key
  ['StringEquals', 'kms:Absent', 'a', false],
  ['StringNotEquals', 'kms:Absent', 'a', true],
  ['StringEqualsIfExists', 'kms:Absent', 'a', true],
  ['StringEqualsIfExists', 'kms:KeySpec', 'a', false],
  ['BoolIfExists', 'kms:Absent', 'true', true],
  ['NumericLessThan', 'kms:Absent', '1', false],
  ['NotIpAddress', 'kms:Absent', '10.0.0.0/8', true],
  ['ArnLike', 'kms:Absent', 'arn:*:*:*:*:*', false],
  // several values
  ['ForAnyValue:StringEquals', 'kms:GrantOperations', 'Decrypt', true],
  ['ForAnyValue:StringEquals', 'kms:GrantOperations', 'Sign', false],
  ['ForAllValues:StringEquals', 'kms:GrantOperations', ['Decrypt', 'Encrypt', 'Sign'], true],
  ['ForAllValues:StringEquals', 'kms:GrantOperations', 'Decrypt', false],
  ['ForAllValues:StringLike', 'kms:GrantOperations', '*crypt', true],
  ['ForAnyValue:StringNotEquals', 'kms:GrantOperations', 'Decrypt', true],
  ['ForAllValues:StringNotEquals', 'kms:GrantOperations', 'Decrypt', false],
  ['ForAllValues:StringEquals', 'kms:Absent', 'a', true],
  ['ForAnyValue:StringEquals', 'kms:Absent', 'a', false],
  ['ForAnyValue:StringEqualsIfExists', 'kms:Absent', 'a', false],
  ['ForAnyValue:StringNotEquals', 'kms:Absent', 'a', false],
  // variables
  ['StringEquals', 'kms:EncryptionContext:user', '${aws:username}', true],
  ['StringEquals', 'kms:encryptioncontext:USER', '${AWS:Username}', true],
  ['StringLike', 'kms:EncryptionContext:user', '${aws:PrincipalTag/team}', false],
  ['StringEquals', 'kms:EncryptionContext:user', '${aws:userid}', false],
  ['StringNotEquals', 'kms:EncryptionContext:user', '${aws:userid}', true],
  ['StringEquals', 'kms:EncryptionContext:user', "${aws:userid, 'alice'}", true],
  ['StringEquals', 'kms:EncryptionContext:user', "${aws:username, 'bob'}", true],
  ['StringLike', 'x:text', 'a${$}b${?}*', true],
  ['StringLike', 'x:text', 'a${*}b*', false],
  ['StringEquals', 'kms:EncryptionContext:user', '${kms:GrantOperations}', false],
  ['ForAnyValue:StringEquals', 'kms:GrantOperations', '${kms:GrantOperations}', false],
  ['ArnLike', 'aws:PrincipalArn', '${aws:PrincipalArn}', true],
]

describe('condition operators', () => {
  for (const [operator, key, wanted, expected] of operators) {
    test(`${operator} ${key} ${JSON.stringify(wanted)}: ${expected}`, () =>
      assert.strictEqual(holds({ [operator]: { [key]: wanted } }), expected))
  }
})

test('version 2008-10-17 has no variables', () => {
  const condition = { StringEquals: { 'kms:EncryptionContext:user': '${aws:username}' } }
  assert.strictEqual(holds(condition), true)
  assert.strictEqual(holds(condition, { Version: '2008-10-17' }), false)
  assert.strictEqual(
    holds(condition, {
      Version: '2008-10-17',
      conditions: { 'kms:EncryptionContext:user': '${aws:username}' },
    }),
    true,
  )
})

test('every key under every operator has to hold', () => {
  assert.strictEqual(
    holds({
      StringEquals: { 'kms:KeySpec': 'RSA_2048', 'aws:username': 'alice' },
      Bool: { 'kms:MultiRegion': 'true' },
    }),
    true,
  )
  assert.strictEqual(
    holds({ StringEquals: { 'kms:KeySpec': 'RSA_2048', 'aws:username': 'bob' } }),
    false,
  )
  assert.strictEqual(
    holds({ StringEquals: { 'kms:KeySpec': 'RSA_2048' }, Bool: { 'kms:MultiRegion': 'false' } }),
    false,
  )
})

test('a hostile pattern costs little', () => {
  const began = performance.now()
  assert.strictEqual(
    holds(
      { StringLike: { 'x:long': '*a'.repeat(500) + 'b' } },
      { conditions: { 'x:long': 'a'.repeat(4000) } },
    ),
    false,
  )
  assert.ok(performance.now() - began < 2000)
})
