// Facts of a call, from which a record of the trail is made.

/** @import { TrailFacts } from '#dist/local-kms/trail/trail-record.js' */

export const id = '1234abcd-12ab-34cd-56ef-1234567890ab'
export const arn = `arn:aws:kms:us-west-2:111122223333:key/${id}`
export const other = 'arn:aws:kms:us-west-2:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321'
export const alias = 'arn:aws:kms:us-west-2:111122223333:alias/my_alias'
export const material = '123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0'
export const secret = Buffer.from('never in a log').toString('base64')
export const alice = {
  arn: 'arn:aws:iam::111122223333:user/Alice',
  account: '111122223333',
  accessKeyId: 'EXAMPLE_KEY_ID',
}
/**
 * A Decrypt by Alice, with some of its facts changed.
 *
 * @param {Partial<TrailFacts>} more
 * @returns {TrailFacts}
 */
export const facts = (more) => ({
  operation: 'Decrypt',
  region: 'us-west-2',
  time: Date.UTC(2022, 10, 24, 18, 57, 43, 987),
  caller: alice,
  sourceIPAddress: '127.0.0.1',
  userAgent: 'aws-sdk-js/3',
  requestId: '22345126-30d5-4b28-98b9-9153da559963',
  eventId: 'abcde202-ba1a-467c-b4ba-f729d45ae521',
  body: { KeyId: arn, CiphertextBlob: secret },
  answer: undefined,
  resources: [arn],
  fault: undefined,
  ...more,
})
export const resource = (ARN) => ({ accountId: '111122223333', type: 'AWS::KMS::Key', ARN })
