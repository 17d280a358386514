// A record of the trail as a whole, what never stands in one, who called, and how a call failed.
// The guide's examples: trail-examples.test.mjs.
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { assert } from 'chai'
import { serviceOperations } from '#dist/local-kms/service-operations.js'
import { trailRecord } from '#dist/local-kms/trail/trail-record.js'
import { row } from './helpers.mjs'
import { alice, arn, facts, resource, secret } from './trail-facts.mjs'

/** @import { TrailCaller } from '#dist/local-kms/trail/trail-record.js' */

test('a failed Decrypt is the whole example of the guide, member by member and in its order', () => {
  const record = trailRecord(
    facts({
      body: {
        CiphertextBlob: secret,
        KeyId: arn,
        EncryptionContext: { Department: 'Engineering', Project: 'Alpha' },
      },
      fault: {
        name: 'IncorrectKeyException',
        text: 'The key ID in the request does not identify a CMK that can perform this operation.',
      },
    }),
  )
  const {
    userIdentity: { principalId, ...identity },
    ...rest
  } = record
  assert.match(principalId, /^[0-9A-F]{20}$/)
  assert.deepEqual(identity, {
    type: 'IAMUser',
    arn: 'arn:aws:iam::111122223333:user/Alice',
    accountId: '111122223333',
    accessKeyId: 'EXAMPLE_KEY_ID',
    userName: 'Alice',
  })
  assert.deepEqual(rest, {
    eventVersion: '1.11',
    eventTime: '2022-11-24T18:57:43Z',
    eventSource: 'kms.amazonaws.com',
    eventName: 'Decrypt',
    awsRegion: 'us-west-2',
    sourceIPAddress: '127.0.0.1',
    userAgent: 'aws-sdk-js/3',
    errorCode: 'IncorrectKeyException',
    errorMessage:
      'The key ID in the request does not identify a CMK that can perform this operation.',
    requestParameters: {
      encryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      keyId: arn,
      encryptionContext: { Department: 'Engineering', Project: 'Alpha' },
    },
    responseElements: null,
    requestID: '22345126-30d5-4b28-98b9-9153da559963',
    eventID: 'abcde202-ba1a-467c-b4ba-f729d45ae521',
    readOnly: true,
    resources: [resource(arn)],
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: '111122223333',
    eventCategory: 'Management',
  })
  assert.deepEqual(Object.keys(record), [
    'eventVersion',
    'userIdentity',
    'eventTime',
    'eventSource',
    'eventName',
    'awsRegion',
    'sourceIPAddress',
    'userAgent',
    'errorCode',
    'errorMessage',
    'requestParameters',
    'responseElements',
    'requestID',
    'eventID',
    'readOnly',
    'resources',
    'eventType',
    'managementEvent',
    'recipientAccountId',
    'eventCategory',
  ])
})

// What never stands in a record

const model = readFileSync(
  new URL(
    '../../node_modules/@aws-sdk/client-kms/dist-types/models/models_0.d.ts',
    import.meta.url,
  ),
  'utf8',
).replace(/\/\*\*[\s\S]*?\*\//g, '')
const blobMembers = [
  ...new Set([...model.matchAll(/^\s+(\w+)\??: Uint8Array/gm)].map(([, name]) => name)),
]
const interfaces = [
  ...model.matchAll(/export interface (\w+)(Request|Response) \{([\s\S]*?)\n\}/g),
].map(([, operation, kind, text]) => ({
  operation,
  kind,
  members: [...text.matchAll(/^\s+(\w+)\??:/gm)].map(([, name]) => name),
}))
const never = [
  ...blobMembers,
  'GrantToken',
  'GrantTokens',
  'Recipient',
  'CloudHsmClusterId',
  'KeyStorePassword',
  'XksProxyAuthenticationCredential',
]

test('no blob, token or recipient of the model is shown, wherever it stands and whatever it holds', () => {
  assert.ok(blobMembers.length > 12, `${blobMembers.join()}`)
  for (const operation of [...serviceOperations.keys(), 'Unheard', undefined]) {
    for (const hide of [
      (name) => ({ [name]: 'SECRET' }),
      (name) => ({ Tags: [{ [name]: 'SECRET' }] }),
      (name) => ({ Constraints: { [name]: 'SECRET', PrimaryKey: { [name]: 'SECRET' } } }),
      (name) => ({ KeyMetadata: { [name]: ['SECRET'] } }),
    ]) {
      const body = Object.assign({}, ...never.map(hide))
      const line = JSON.stringify(
        trailRecord(facts({ operation, body, answer: body, resources: [] })),
      )
      assert.ok(!line.includes('SECRET'), line)
    }
  }
})

/** A value that a member of a request may have. */
function fitting(name) {
  if (name.endsWith('Context')) return { a: 'b' }
  if (name === 'ValidTo') return 0
  return name === 'Tags' || name === 'Constraints' ? [] : 'x'
}

test('every other member of every request of the model is shown, except where CloudTrail shows none', () => {
  let seen = 0
  const requests = interfaces.filter(
    ({ operation, kind }) =>
      kind === 'Request' && serviceOperations.has(operation) && !/CustomKeyStore/.test(operation),
  )
  for (const { operation, kind, members } of requests) {
    const body = Object.fromEntries(members.map((name) => [name, fitting(name)]))
    const { requestParameters } = trailRecord(facts({ operation, body, resources: [] }))
    if (serviceOperations.get(operation)?.hidden) {
      assert.strictEqual(requestParameters, null)
      continue
    }
    const shown = Object.keys(requestParameters ?? {})
    for (const name of members.filter((one) => !never.includes(one))) {
      seen++
      const inCamelCase = `${name[0].toLowerCase()}${name.slice(1)}`
      assert.include(shown, inCamelCase, `${kind} ${operation}.${name}`)
    }
    assert.deepEqual(
      shown.filter((name) => never.some((hidden) => hidden.toLowerCase() === name.toLowerCase())),
      [],
      operation,
    )
  }
  assert.ok(seen > 120, `${seen}`)
})

test('members of another type than they should have are left out, and nothing throws', () => {
  const nested = [[], [[]], [null], {}, { a: { b: 1 } }, [{ TagKey: { deep: 1 } }]]
  const hostile = [null, 7, 'text', true, ...nested, 1e300, -1e300, NaN]
  const names = [
    'KeyId',
    'Tags',
    'Constraints',
    'EncryptionContext',
    'ValidTo',
    'Operations',
    'EncryptionAlgorithm',
  ]
  for (const operation of serviceOperations.keys()) {
    for (const value of hostile) {
      const body = Object.fromEntries(names.map((name) => [name, value]))
      const answer = { KeyMetadata: value, KeyId: value, DeletionDate: value }
      JSON.stringify(trailRecord(facts({ operation, body, answer })))
    }
  }
  const shownOf = (more) => trailRecord(facts(more)).requestParameters
  const body = {
    KeyId: { Plaintext: secret },
    EncryptionContext: { a: 1 },
    ValidTo: 'soon',
    Operations: [{}],
    Tags: 'x',
  }
  assert.deepEqual(shownOf({ operation: 'ImportKeyMaterial', body }), null)
  const encryptionAlgorithm = 'SYMMETRIC_DEFAULT'
  assert.strictEqual(shownOf({ body: undefined })?.encryptionAlgorithm, encryptionAlgorithm)
  assert.strictEqual(
    shownOf({ body: { EncryptionAlgorithm: null } })?.encryptionAlgorithm,
    encryptionAlgorithm,
    'null means absent',
  )
})

// Who called, and how it failed

const [here, there] = ['111122223333', '444455556666']
/** @returns {TrailCaller} */
const callerOf = (caller, account, more = {}) => ({
  arn: caller,
  account,
  accessKeyId: 'K',
  ...more,
})
/** The issuer of a session: its role. */
const issuedBy = (role) => ({
  sessionContext: {
    sessionIssuer: {
      type: 'Role',
      principalId: '#',
      arn: role,
      accountId: there,
      userName: 'Opener',
    },
  },
})
const roleOf = { roleArn: `arn:aws-cn:iam::${there}:role/service/Opener` }

/** Caller; of its userIdentity without the hashes: type, principalId, what more there is. */
const callers = [
  row(callerOf(`arn:aws:iam::${here}:root`, here), 'Root', here, {}),
  row(callerOf(`arn:aws:iam::${here}:user/team/Bob`, here), 'IAMUser', '#', { userName: 'Bob' }),
  row(
    callerOf(`arn:aws:sts::${there}:assumed-role/Opener/session-1`, there),
    'AssumedRole',
    '#:session-1',
    issuedBy(`arn:aws:iam::${there}:role/Opener`),
  ),
  row(
    callerOf(`arn:aws-cn:sts::${there}:assumed-role/Opener/s`, there, roleOf),
    'AssumedRole',
    '#:s',
    issuedBy(`arn:aws-cn:iam::${there}:role/service/Opener`),
  ),
]
for (const [caller, type, principalId, more] of callers) {
  test(`the identity of ${caller.roleArn ?? caller.arn}`, () => {
    const record = trailRecord(facts({ caller }))
    assert.deepEqual(
      JSON.parse(JSON.stringify(record.userIdentity).replace(/[0-9A-F]{20}/g, '#')),
      { type, principalId, arn: caller.arn, accountId: caller.account, accessKeyId: 'K', ...more },
    )
    assert.strictEqual(record.recipientAccountId, caller.account)
  })
}

test('ids of principals are the same in every record, and differ between principals', () => {
  const idOf = (name) =>
    trailRecord(facts({ caller: { ...alice, arn: `arn:aws:iam::111122223333:user/${name}` } }))
      .userIdentity.principalId
  assert.strictEqual(idOf('Alice'), idOf('Alice'))
  assert.notStrictEqual(idOf('Alice'), idOf('Bob'))
})

test("a refused call has CloudTrail's name of the error, its message where it has one, and no responseElements", () => {
  const denied = trailRecord(
    facts({
      operation: 'EnableKey',
      fault: { name: 'AccessDeniedException', text: 'User: x is not authorized' },
    }),
  )
  assert.deepEqual(
    [denied.errorCode, denied.errorMessage, denied.responseElements],
    ['AccessDenied', 'User: x is not authorized', null],
  )
  const silent = trailRecord(
    facts({ fault: { name: 'InvalidCiphertextException', text: undefined } }),
  )
  assert.strictEqual(silent.errorCode, 'InvalidCiphertextException')
  assert.ok(!('errorMessage' in silent))
})

test('a call of nobody, of nothing, without a user agent, is recorded too', () => {
  const record = trailRecord(
    facts({
      operation: undefined,
      caller: undefined,
      userAgent: undefined,
      body: undefined,
      resources: [],
      fault: { name: 'MissingAuthenticationTokenException', text: 'Missing Authentication Token' },
    }),
  )
  assert.deepEqual(
    [
      record.eventName,
      record.userIdentity,
      record.userAgent,
      record.requestParameters,
      record.recipientAccountId,
      record.resources,
    ],
    ['Unknown', { type: 'Unknown' }, '-', null, '', []],
  )
})
