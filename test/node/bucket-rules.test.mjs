// bucketPolicy, bucketCors and bucketLifecycle of sealdrop/s3. `npm run test:s3` applies what
// versitygw takes of them.
import test from 'node:test'
import { assert } from 'chai'
import { bucketCors, bucketLifecycle, bucketPolicy } from 'sealdrop/s3'
import { fails } from '../support/host.js'
import { wrong } from '../support/types.mjs'

const bucket = 'uploads'
const prefix = 'inbox/'

/** The statement of a policy with this name. */
const statement = ({ Statement }, sid) => Statement.find(({ Sid }) => Sid === sid)

test('the role of the handler may do what the verbs ask, below the prefix only', () => {
  const { iamPolicy } = bucketPolicy({ bucket, prefix })
  assert.deepEqual(
    iamPolicy.Statement.map(({ Effect, Resource }) => [Effect, Resource]),
    [
      ['Allow', 'arn:aws:s3:::uploads/inbox/*'],
      ['Allow', 'arn:aws:s3:::uploads/receipts/*'],
      ['Allow', 'arn:aws:s3:::uploads'],
    ],
  )
  const { Action } = statement(iamPolicy, 'Upload')
  assert.includeMembers(Action, ['s3:ListMultipartUploadParts', 's3:PutObjectTagging'])
  assert.notMatch(JSON.stringify(iamPolicy), /Delete|"s3:\*"|"\*"/)
  assert.deepEqual(statement(iamPolicy, 'Look').Condition, {
    StringLike: { 's3:prefix': ['inbox/*', 'receipts/*'] },
  })
})

test('a bucket under SSE-KMS needs two operations on its key, and on no other', () => {
  const kmsKey = 'arn:aws-cn:kms:cn-north-1:111122223333:key/1'
  const arn = 'arn:aws-cn:s3:::uploads'
  const { iamPolicy } = bucketPolicy({ bucket: arn, prefix, kmsKey, receipts: 'answers/' })
  const { Action, Resource } = statement(iamPolicy, 'Encrypt')
  assert.deepEqual([Action, Resource], [['kms:GenerateDataKey', 'kms:Decrypt'], kmsKey])
  assert.equal(statement(iamPolicy, 'Receipts').Resource, `${arn}/answers/*`)
  const { iamPolicy: without } = bucketPolicy({ bucket, prefix })
  assert.notInclude(JSON.stringify(without), 'kms:')
})

test('the bucket refuses plain http, old URLs and replacing, to everybody', () => {
  const { bucketPolicy: policy } = bucketPolicy({ bucket, prefix })
  for (const { Effect, Principal } of policy.Statement)
    assert.deepEqual([Effect, Principal], ['Deny', '*'])
  assert.sameMembers(
    policy.Statement.map(({ Sid }) => Sid),
    ['OnlyOverTls', 'UrlsOf15Minutes', 'NothingIsReplaced'],
  )
})

test('pages of the origins may PUT, and what nobody completes ends after 8 days', () => {
  const [rule] = bucketCors({ origins: ['https://a.example'] }).CORSRules
  assert.deepEqual([rule?.AllowedOrigins, rule?.AllowedMethods], [['https://a.example'], ['PUT']])
  const [sweep] = bucketLifecycle({ prefix }).Rules
  assert.deepEqual(sweep?.Filter, { Prefix: prefix })
  assert.equal(sweep?.AbortIncompleteMultipartUpload.DaysAfterInitiation, 8)
})

test('what is no bucket, prefix, key or origin is refused', async () => {
  const policies = [
    { bucket: 'Uploads', prefix },
    { bucket: 'arn:aws:s3:::uploads/*', prefix },
    { bucket, prefix: 'inbox' },
    { bucket, prefix: '' },
    { bucket, prefix: '../' },
    { bucket, prefix, kmsKey: 'alias/a' },
    { bucket, prefix, kmsKey: 'arn:aws:kms:*:111122223333:key/1' },
  ]
  for (const o of policies) await fails(assert, () => bucketPolicy(o), 'invalid_argument')
  for (const origins of [[], ['*'], ['https://a.example/'], 'https://a.example', [null]])
    await fails(assert, () => bucketCors(wrong({ origins })), 'invalid_argument')
  for (const other of ['inbox', '', '/', 'a//'])
    await fails(assert, () => bucketLifecycle({ prefix: other }), 'invalid_argument')
})
