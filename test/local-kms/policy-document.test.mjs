// What KMS and the credentials file refuse, and where they say it is.
import { describe, test } from 'node:test'
import { assert } from 'chai'
import { defaultCredentials, parseCredentials } from '#dist/local-kms/policy/credentials.js'
import { defaultKeyPolicy } from '#dist/local-kms/state/default-key-policy.js'
import { parseIdentityPolicy, parseKeyPolicy } from '#dist/local-kms/policy/policy-document.js'
import { assertThrows, row, thrown } from './helpers.mjs'

const statement = {
  Effect: 'Allow',
  Principal: { AWS: 'arn:aws:iam::111122223333:root' },
  Action: 'kms:*',
  Resource: '*',
}
const policy = (more = {}, rest = {}) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ ...statement, ...more }], ...rest })
const aws = (AWS) => policy({ Principal: { AWS } })
const condition = (Condition) => policy({ Condition })
const principals = 'Policy contains a statement with one or more invalid principals.'
const none = 'Policy contains a statement with no principal.'
const overly = (what) =>
  'OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition ' +
  `key matches requests without the specified ${what} or with an unspecified ${what}. ` +
  'To fix, remove ForAllValues.'

const taken = {
  'the default': defaultKeyPolicy('111122223333'),
  'the default of another partition': defaultKeyPolicy('111122223333', 'aws-us-gov'),
  'one statement without a list': JSON.stringify({ Version: '2012-10-17', Statement: statement }),
  'no version': JSON.stringify({ Statement: statement }),
  'an Id and a Sid with spaces': policy({ Sid: 'Enable IAM policies' }, { Id: 'key-default-1' }),
  everybody: policy({ Principal: '*' }),
  'everybody under AWS': aws('*'),
  'an account id': aws('111122223333'),
  'a user with a path': aws('arn:aws:iam::111122223333:user/a/b/c'),
  'a role': aws('arn:aws:iam::111122223333:role/R'),
  'a session': aws('arn:aws:sts::111122223333:assumed-role/R/s@x'),
  'a federated user': aws('arn:aws:sts::111122223333:federated-user/u'),
  'a service': policy({ Principal: { Service: ['logs.eu-west-1.amazonaws.com'] } }),
  'a federation': policy({ Principal: { Federated: 'cognito-identity.amazonaws.com' } }),
  'no Action, which has no effect': policy({ Action: undefined }),
  'no Resource, which has no effect': policy({ Resource: undefined }),
  'numbers and booleans in conditions': condition({
    Bool: { 'kms:MultiRegion': true },
    NumericLessThan: { 'kms:RotationPeriodInDays': 90 },
  }),
  'exactly 32 KiB': policy({ Sid: 'x'.repeat(32_768 - policy({ Sid: '' }).length) }),
}
const refused = {
  'no JSON': ['{', 'policy: expected JSON'],
  'a list': ['[]', 'policy: expected a JSON object'],
  'a member that is there twice': [
    '{"Version":"2012-10-17","Version":"2012-10-17"}',
    'policy: a duplicate member, or one named __proto__',
  ],
  'another version': [
    policy({}, { Version: '2020-01-01' }),
    'Version: expected 2012-10-17 or 2008-10-17',
  ],
  'an unknown element': [
    policy({}, { Statements: [] }),
    'policy: there is no element "Statements"',
  ],
  'no statement': [policy({}, { Statement: [] }), 'Statement: expected at least one statement'],
  'an Id that is no string': [policy({}, { Id: 1 }), 'Id: expected a string'],
  'a statement that is no object': [
    policy({}, { Statement: ['x'] }),
    'Statement[0]: expected an object',
  ],
  'an unknown element of a statement': [
    policy({ Actions: '*' }),
    'Statement[0]: there is no element "Actions"',
  ],
  'no Effect': [policy({ Effect: undefined }), 'Statement[0].Effect: expected Allow or Deny'],
  'an Effect in another case': [
    policy({ Effect: 'allow' }),
    'Statement[0].Effect: expected Allow or Deny',
  ],
  'two equal Sids': [
    policy(
      {},
      {
        Statement: [
          { ...statement, Sid: 'a' },
          { ...statement, Sid: 'a' },
        ],
      },
    ),
    'Statement IDs (SID) in a single policy must be unique.',
  ],
  'Principal and NotPrincipal': [
    policy({ NotPrincipal: '*' }),
    'Statement[0]: Principal and NotPrincipal exclude each other',
  ],
  'Action and NotAction': [
    policy({ NotAction: 'kms:*' }),
    'Statement[0]: Action and NotAction exclude each other',
  ],
  'Resource and NotResource': [
    policy({ NotResource: '*' }),
    'Statement[0]: Resource and NotResource exclude each other',
  ],
  'no principal': [policy({ Principal: undefined }), none],
  'an empty principal': [policy({ Principal: {} }), none],
  'a user with a wildcard': [aws('arn:aws:iam::111122223333:user/*'), principals],
  'a group': [aws('arn:aws:iam::111122223333:group/g'), principals],
  'an id of something deleted': [aws('AIDACKCEVSQ6C2EXAMPLE'), principals],
  'an ARN without iam': [aws('arn:aws::111122223333:root'), principals],
  'an account id that is too short': [aws('11112222333'), principals],
  'a service that is everybody': [policy({ Principal: { Service: '*' } }), principals],
  'a bare string': [
    policy({ Principal: 'arn:aws:iam::111122223333:root' }),
    'Statement[0].Principal: expected an object',
  ],
  'a kind that is not known': [
    policy({ Principal: { CanonicalUser: 'x' } }),
    'Statement[0].Principal: there is no element "CanonicalUser"',
  ],
  'an empty list': [aws([]), 'Statement[0].Principal.AWS: expected a string or a list of strings'],
  'an action without a service': [
    policy({ Action: 'Decrypt' }),
    'Statement[0].Action[0]: expected * or a service and an action',
  ],
  'a resource that is no ARN': [
    policy({ Resource: ['*', 'alias/a'] }),
    'Statement[0].Resource[1]: expected * or an ARN',
  ],
  'an action that is a number': [
    policy({ Action: [1] }),
    'Statement[0].Action: expected a string or a list of strings',
  ],
  'an operator that does not exist': [
    condition({ StringMatches: { 'kms:KeySpec': 'x' } }),
    'Statement[0].Condition: there is no condition operator "StringMatches"',
  ],
  NullIfExists: [
    condition({ NullIfExists: { 'kms:KeySpec': 'true' } }),
    'Statement[0].Condition: there is no condition operator "NullIfExists"',
  ],
  'a member of every object as operator': [
    condition({ toString: { 'kms:KeySpec': 'x' } }),
    'Statement[0].Condition: there is no condition operator "toString"',
  ],
  'a condition key without a service': [
    condition({ StringEquals: { KeySpec: 'x' } }),
    'Statement[0].Condition.StringEquals: "KeySpec" is no condition key',
  ],
  'a condition without values': [
    condition({ StringEquals: { 'kms:KeySpec': [] } }),
    'Statement[0].Condition.StringEquals.kms:KeySpec: expected a string or a list of strings',
  ],
  'a condition of objects': [
    condition({ StringEquals: { 'kms:KeySpec': {} } }),
    'Statement[0].Condition.StringEquals.kms:KeySpec: expected a string or a list of strings',
  ],
  'ForAllValues over an encryption context': [
    condition({ 'ForAllValues:StringEquals': { 'kms:EncryptionContext:a': '1' } }),
    overly('encryption context'),
  ],
  'ForAllValues over a request tag': [
    condition({ 'ForAllValues:StringLike': { 'aws:RequestTag/a': '1' } }),
    overly('tag'),
  ],
  'a character beyond Latin-1': [
    policy({ Sid: 'キー' }),
    'The key policy has characters outside of Basic Latin and Latin-1 Supplement.',
  ],
  nothing: ['', 'The key policy has characters outside of Basic Latin and Latin-1 Supplement.'],
}

describe('a key policy', () => {
  for (const [name, text] of Object.entries(taken))
    test(`takes ${name}`, () => assert.ok(parseKeyPolicy(text).statements.length > 0))
  for (const [name, [text, message]] of Object.entries(refused))
    test(`refuses ${name}`, () =>
      assertThrows(() => parseKeyPolicy(text), {
        name: 'MalformedPolicyDocumentException',
        text: message,
      }))
  test('is at most 32 KiB', () =>
    assertThrows(
      () => parseKeyPolicy(policy({ Sid: 'x'.repeat(32_769 - policy({ Sid: '' }).length) })),
      { name: 'LimitExceededException' },
    ))
  test('is not slow to refuse what is deeply nested', () =>
    assertThrows(() => parseKeyPolicy('{"a":'.repeat(5000)), {
      name: 'MalformedPolicyDocumentException',
    }))
})

describe('an IAM policy', () => {
  const { Principal, ...own } = statement
  const rows = {
    'a principal': row({ ...own, Principal }, 'Policy document should not specify a principal.'),
    'no action': row({ ...own, Action: undefined }, 'Statement[0]: expected Action and Resource'),
    'no resource': row(
      { ...own, Resource: undefined },
      'Statement[0]: expected Action and Resource',
    ),
  }
  for (const [name, [bad, message]] of Object.entries(rows))
    test(`refuses ${name}`, () =>
      assertThrows(() => parseIdentityPolicy({ Version: '2012-10-17', Statement: [bad] }, 'here'), {
        code: 'malformed',
        message: `here: ${message}`,
      }))
  test('may be JSON text', () =>
    assert.strictEqual(
      parseIdentityPolicy(JSON.stringify({ Statement: own }), 'here').statements.length,
      1,
    ))
})

const entry = {
  arn: 'arn:aws:iam::111122223333:user/sealer',
  accessKeyId: 'LOCALSEALER',
  secretAccessKey: 'sealer-secret',
  policies: [
    { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'kms:Encrypt', Resource: '*' } },
  ],
}
const sessionEntry = {
  arn: 'arn:aws:sts::444455556666:assumed-role/Opener/session-1',
  roleArn: 'arn:aws:iam::444455556666:role/service/Opener',
  accessKeyId: 'LOCALOPENER',
  secretAccessKey: 'opener-secret',
  sessionToken: 'opener-token',
  tags: { team: 'payments' },
}
const file = (more = {}, rest = {}) =>
  JSON.stringify({ account: '111122223333', principals: [{ ...entry, ...more }], ...rest })
const first = 'credentials: principals[0]'

describe('a credentials file', () => {
  test('gives each access key its principal', () => {
    const { account, list } = parseCredentials(
      JSON.stringify({
        account: '111122223333',
        principals: [
          entry,
          sessionEntry,
          { arn: 'arn:aws:iam::444455556666:root', accessKeyId: 'LOCALROOT', secretAccessKey: 's' },
        ],
      }),
    )
    assert.strictEqual(account, '111122223333')
    assert.deepEqual(
      list.map(({ accessKeyId, sessionToken, principal: { policies, ...principal } }) => [
        accessKeyId,
        sessionToken,
        policies.length,
        principal,
      ]),
      [
        ['LOCALSEALER', undefined, 1, { arn: entry.arn, account: '111122223333', kind: 'user' }],
        [
          'LOCALOPENER',
          'opener-token',
          0,
          {
            arn: sessionEntry.arn,
            account: '444455556666',
            kind: 'assumed-role',
            roleArn: sessionEntry.roleArn,
            tags: Object.assign(Object.create(null), { team: 'payments' }),
          },
        ],
        [
          'LOCALROOT',
          undefined,
          0,
          { arn: 'arn:aws:iam::444455556666:root', account: '444455556666', kind: 'root' },
        ],
      ],
    )
  })
  test('may begin with a byte order mark, as some editors write it', () =>
    assert.deepEqual(parseCredentials(`\ufeff${file()}`), parseCredentials(file())))
  test('is not needed: one account, its root user', () => {
    assert.deepEqual(defaultCredentials, {
      account: '111122223333',
      list: [
        {
          accessKeyId: 'LOCALKMSLOCALKMS',
          secretAccessKey: 'sealdrop-local-kms',
          principal: {
            arn: 'arn:aws:iam::111122223333:root',
            account: '111122223333',
            kind: 'root',
            policies: [],
          },
        },
      ],
    })
  })
  const rows = {
    'no JSON': ['x', 'credentials: expected JSON'],
    'an unknown member': [
      file({}, { users: [] }),
      'credentials: there is no member "users"; expected account, principals',
    ],
    'an account that is a number': [
      file({}, { account: 111122223333 }),
      'credentials: account: expected a string of 12 digits, found number',
    ],
    'no principals': [
      file({}, { principals: [] }),
      'credentials: principals: expected at least one, found Array',
    ],
    'a principal that is no object': [
      file({}, { principals: ['x'] }),
      `${first}: expected an object, found string`,
    ],
    'an unknown member of a principal': [
      file({ policy: {} }),
      `${first}: there is no member "policy"; expected arn, roleArn, accessKeyId, ` +
        'secretAccessKey, sessionToken, tags, policies, viaService',
    ],
    'an ARN of a role': [
      file({ arn: 'arn:aws:iam::111122223333:role/R' }),
      `${first}.arn: expected the ARN of a root user, a user or an assumed role session, ` +
        'found another string',
    ],
    'no access key': [
      file({ accessKeyId: undefined }),
      `${first}.accessKeyId: expected 4 to 128 letters, digits, _ or -, found undefined`,
    ],
    'a secret with a space': [
      file({ secretAccessKey: 'a b' }),
      `${first}.secretAccessKey: expected 1 to 256 printable characters without spaces, ` +
        'found another string',
    ],
    'an empty token': [
      file({ sessionToken: '' }),
      `${first}.sessionToken: expected 1 to 4096 printable characters without spaces, ` +
        'found another string',
    ],
    'policies of a root user': [
      file({ arn: 'arn:aws:iam::111122223333:root' }),
      `${first}.policies: a root user has full access in its account and takes no policies`,
    ],
    'policies that are no list': [
      file({ policies: {} }),
      `${first}.policies: expected an array, found Object`,
    ],
    'a bad policy': [
      file({
        policies: [
          entry.policies[0],
          { Statement: { ...entry.policies[0].Statement, Effect: 'Maybe' } },
        ],
      }),
      `${first}.policies[1]: Statement[0].Effect: expected Allow or Deny`,
    ],
    'a role of a user': [
      file({ roleArn: 'arn:aws:iam::111122223333:role/R' }),
      `${first}.roleArn: expected the role of the session in arn`,
    ],
    'another role than the session has': [
      file({ ...sessionEntry, roleArn: 'arn:aws:iam::444455556666:role/Other' }),
      `${first}.roleArn: expected the role of the session in arn`,
    ],
    'tags that are no strings': [
      file({ tags: { a: 1 } }),
      `${first}.tags: expected an object of strings`,
    ],
    'an access key that is there twice': [
      file({}, { principals: [entry, entry] }),
      'credentials: principals[1].accessKeyId: "LOCALSEALER" is there twice',
    ],
  }
  for (const [name, [text, message]] of Object.entries(rows))
    test(`with ${name} is refused, naming the place`, () =>
      assertThrows(() => parseCredentials(text), { code: 'malformed', message }))
  test('never shows a secret', () =>
    assert.notInclude(
      thrown(() => parseCredentials(file({ secretAccessKey: 'top secret' }))).message,
      'top secret',
    ))
})
