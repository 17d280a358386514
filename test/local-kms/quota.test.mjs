// The quota of the local KMS: by kind, account, Region and second, seen by the AWS client and in the
// trail.
import test from 'node:test'
import { assert } from 'chai'
import {
  GenerateRandomCommand,
  GetPublicKeyCommand,
  KMSClient,
  SignCommand,
} from '@aws-sdk/client-kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { Quotas } from '#dist/local-kms/injected/quotas.js'
import { assertRejects } from './helpers.mjs'
import { wrong } from '../support/types.mjs'

const signing = { usage: 'SIGN_VERIFY' }
const keys = [
  { alias: 'ecc', spec: 'ECC_NIST_P256', ...signing },
  { alias: 'other', spec: 'ECC_NIST_P384', ...signing },
]

/** Waits until a second of the machine has just begun, so that what follows stands in one. */
const secondBegins = () =>
  new Promise((resolve) => setTimeout(resolve, 1_005 - (Date.now() % 1_000)))

/** @param {string} KeyId */
const sign = (KeyId, SigningAlgorithm = 'ECDSA_SHA_256') =>
  new SignCommand({ KeyId, Message: Buffer.from('a'), SigningAlgorithm: wrong(SigningAlgorithm) })

test('more than a quota in a second is ThrottlingException; the next second, other kinds and other Regions are free', async () => {
  const trail = []
  const local = await startLocalKms({
    keys,
    regions: ['eu-west-1'],
    quota: { ecc: 5, symmetric: 2 },
    onCall: (entry) => trail.push(entry),
  })
  const once = { ...local.clientConfig, maxAttempts: 1 }
  const client = new KMSClient(once)
  const elsewhere = new KMSClient({ ...once, region: 'eu-west-1' })
  await client.send(sign('alias/ecc'))
  await secondBegins()
  trail.length = 0
  const answers = await Promise.allSettled([
    ...Array.from({ length: 5 }, () => client.send(sign('alias/ecc'))),
    ...Array.from({ length: 5 }, () => client.send(sign('alias/other', 'ECDSA_SHA_384'))),
  ])
  const refused = answers.filter(({ status }) => status === 'rejected')
  assert.lengthOf(refused, 5, 'all keys of a kind share its quota')
  for (const { reason } of refused.map((one) => wrong(one))) {
    assert.equal(reason.name, 'ThrottlingException')
    assert.equal(reason.$metadata.httpStatusCode, 400)
    assert.match(reason.message, /^You have exceeded the rate at which you may call KMS\./)
  }
  await client.send(new GetPublicKeyCommand({ KeyId: 'alias/ecc' }))
  await client.send(new GenerateRandomCommand({ NumberOfBytes: 1 }))
  await client.send(new GenerateRandomCommand({ NumberOfBytes: 1 }))
  await elsewhere.send(new GenerateRandomCommand({ NumberOfBytes: 1 }))
  const throttled = trail.filter(({ errorCode }) => errorCode === 'ThrottlingException')
  assert.lengthOf(throttled, 5, 'the trail has what was refused')
  await secondBegins()
  await client.send(sign('alias/ecc'))
  await local.close()
})

test('a second begins anew, and what was refused does not count', () => {
  let now = 10_000
  const quotas = new Quotas({ symmetric: 2 }, () => now)
  const call = wrong({ operation: 'GenerateRandom', account: '1', ring: { region: 'a' } })
  const throttles = () => {
    try {
      quotas.count(call)
      return false
    } catch {
      return true
    }
  }
  const seen = [0, 0, 0, 0].map(throttles)
  now = 10_999
  seen.push(throttles())
  now = 11_000
  seen.push(...[0, 0, 0].map(throttles))
  assert.deepEqual(seen, [false, false, true, true, true, false, false, true])
})

test('a quota that is none is invalid_argument', async () => {
  for (const quota of [null, 5, { rsa: 0 }, { rsa: 1.5 }, { ecc: '5' }, { dsa: 5 }])
    await assertRejects(startLocalKms({ quota: wrong(quota) }), { code: 'invalid_argument' })
})
