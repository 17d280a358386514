import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import { acrossRestarts, assertFaults, clientOf, raw, row } from './helpers.mjs'
import * as say from './messages.mjs'
import { refusedAs } from './messages.mjs'
import { allowTo, policyText, rootArn } from './policies.mjs'

/** @type {import('sealdrop/local-kms').LocalKms} */
let local
/** @type {import('./types.d.ts').Client} */
let kms
before(async () => {
  local = await startLocalKms()
  kms = clientOf(local)
})
after(() => local.close())

const policy = (Sid) => policyText({ Sid, ...allowTo(rootArn()) })
const spec = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }
const make = async (more = {}) => (await kms('CreateKey', { ...spec, ...more })).KeyMetadata.Arn

test('a key has the default policy of its account, in the text of the service', async () => {
  const { Policy, PolicyName } = await kms('GetKeyPolicy', { KeyId: await make() })
  assert.strictEqual(PolicyName, 'default')
  assert.ok(Policy.startsWith('{\n  "Version" : "2012-10-17",\n'))
  assert.deepEqual(JSON.parse(Policy), {
    Version: '2012-10-17',
    Id: 'key-default-1',
    Statement: [
      {
        Sid: 'Enable IAM User Permissions',
        Effect: 'Allow',
        Principal: { AWS: rootArn() },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  })
})

test("the policy of CreateKey is the key's policy until PutKeyPolicy gives it another, also after a restart", async () => {
  await acrossRestarts(
    {},
    async (one) => {
      const client = clientOf(one)
      const { KeyId } = (await client('CreateKey', { ...spec, Policy: policy('first') }))
        .KeyMetadata
      assert.strictEqual(
        (await client('GetKeyPolicy', { KeyId, PolicyName: 'default' })).Policy,
        policy('first'),
      )
      const { status, text } = await raw(one, {
        operation: 'PutKeyPolicy',
        body: {
          KeyId,
          PolicyName: 'default',
          Policy: policy('second é'),
          BypassPolicyLockoutSafetyCheck: true,
        },
      })
      assert.deepEqual([status, text], [200, ''])
      return KeyId
    },
    async (two, KeyId) =>
      assert.strictEqual(
        (await clientOf(two)('GetKeyPolicy', { KeyId })).Policy,
        policy('second é'),
      ),
  )
})

test('a key has one policy, which is named default', async () => {
  const KeyId = await make()
  assert.deepEqual(
    (await raw(local, { operation: 'ListKeyPolicies', body: { KeyId, Limit: 1 } })).json(),
    { PolicyNames: ['default'], Truncated: false },
  )
})

test('policies can be read and changed while a key is disabled and while it is to be deleted', async () => {
  const KeyId = await make()
  for (const operation of ['DisableKey', 'ScheduleKeyDeletion']) {
    await kms(operation, { KeyId })
    await kms('PutKeyPolicy', { KeyId, Policy: policy(operation) })
    assert.strictEqual((await kms('GetKeyPolicy', { KeyId })).Policy, policy(operation))
  }
})

test('what is no policy is refused, and the policy stays', async () => {
  const KeyId = await make({ Policy: policy('mine') })
  const long = policy('x'.repeat(32_768))
  const wrong = [
    ['{', 'MalformedPolicyDocumentException'],
    ['[]', 'MalformedPolicyDocumentException'],
    ['"text"', 'MalformedPolicyDocumentException'],
    [long, 'LimitExceededException'],
    ['', 'ValidationException'],
    ['{"Id":"日本"}', 'ValidationException'],
    ['{"Id":"\u0000"}', 'ValidationException'],
    [`{"Id":"${'x'.repeat(131_072)}"}`, 'ValidationException'],
  ]
  const keys = (await kms('ListKeys')).Keys.length
  for (const [Policy, name] of wrong) {
    for (const [operation, body] of [row('PutKeyPolicy', { KeyId }), row('CreateKey', spec)]) {
      const { status, json } = await raw(local, { operation, body: { ...body, Policy } })
      assert.deepEqual([status, json().__type], [400, name], `${operation} ${Policy.slice(0, 60)}`)
    }
  }
  const other = { PolicyName: 'other' }
  await assertFaults(local, [
    ...refusedAs('NotFoundException', [
      ['GetKeyPolicy', { KeyId, ...other }, 'No such policy exists'],
    ]),
    ...refusedAs('UnsupportedOperationException', [
      [
        'PutKeyPolicy',
        { KeyId, ...other, Policy: policy('x') },
        'Only default policy is supported',
      ],
    ]),
    ...refusedAs('ValidationException', [
      ['PutKeyPolicy', { KeyId }, say.isNull('policy')],
      [
        'GetKeyPolicy',
        { KeyId, PolicyName: 'a b' },
        say.patterned('policyName', 'a b', '^[\\w]+$'),
      ],
    ]),
    ...refusedAs('InvalidMarkerException', [
      ['ListKeyPolicies', { KeyId, Marker: 'x' }, 'The marker is not valid.'],
    ]),
    ...refusedAs('InvalidArnException', [
      ['GetKeyPolicy', { KeyId: 'alias/x' }, say.noAliases],
      ['ListKeyPolicies', { KeyId: 'alias/x' }, say.noAliases],
    ]),
  ])
  assert.strictEqual((await kms('GetKeyPolicy', { KeyId })).Policy, policy('mine'))
  assert.strictEqual((await kms('ListKeys')).Keys.length, keys)
})
