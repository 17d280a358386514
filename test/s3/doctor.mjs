// bucketDoctor: a bucket that is as it should be, and each thing that it finds.
import { randomUUID } from 'node:crypto'
import {
  CreateBucketCommand,
  ListMultipartUploadsCommand,
  PutBucketCorsCommand,
} from '@aws-sdk/client-s3'
import { bucketCors, bucketDoctor } from 'sealdrop/s3'
import { fails } from '../support/host.js'
import { wrong } from '../support/types.mjs'
import { origins } from './world.mjs'

/** @param {{ test: typeof import('node:test').test, assert: Chai.AssertStatic, world: () => any }} o */
export function doctorSuite({ test, assert, world }) {
  /** A bucket of its own, with or without the rule for pages. */
  async function patient(rules) {
    const { CORSRules } = rules ?? bucketCors({ origins })
    const { s3 } = world()
    const bucket = `doctor-${randomUUID().slice(0, 8)}`
    await s3.send(new CreateBucketCommand({ Bucket: bucket }))
    const CORSConfiguration = { CORSRules }
    if (CORSRules.length > 0)
      await s3.send(new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration }))
    return { s3, bucket, prefix: 'inbox/', origins }
  }
  const bad = (findings) => findings.filter(({ ok }) => !ok).map(({ check }) => check)

  test('a bucket that is as it should be passes every check, and nothing stays in it', async () => {
    const o = await patient()
    const findings = await bucketDoctor(o)
    assert.deepEqual(bad(findings), [], JSON.stringify(findings))
    assert.lengthOf(findings, 9)
    const { Uploads = [] } = await o.s3.send(new ListMultipartUploadsCommand({ Bucket: o.bucket }))
    assert.lengthOf(Uploads, 0)
  })

  test('a bucket without the rule for pages, and one that lets any page send', async () => {
    const closed = await bucketDoctor(await patient({ CORSRules: [] }))
    assert.deepEqual(bad(closed), ['bucket: pages of the origins may send'])
    const [rule] = bucketCors({ origins }).CORSRules
    const open = await bucketDoctor(
      await patient({ CORSRules: [{ ...rule, AllowedOrigins: ['*'] }] }),
    )
    assert.include(bad(open), 'bucket: no other page may send')
  })

  test('a store that takes another checksum or another length is not ok, and warned of if told so', async () => {
    const o = await patient()
    // a store that looks at neither
    const blind = async (url, init) =>
      init.method === 'PUT' ? new Response(null, { status: 200 }) : fetch(url, init)
    const findings = await bucketDoctor({ ...o, fetch: blind })
    assert.deepEqual(bad(findings), [
      'bucket: a part of another length is refused',
      'bucket: a part with another checksum is refused',
      'bucket: parts are listed with their checksums',
    ])
    const told = await bucketDoctor({ ...o, fetch: blind, unchecked: true })
    const [checksum] = told.filter(({ check }) => check.endsWith('another checksum is refused'))
    assert.isTrue(checksum?.ok)
    assert.match(checksum?.advice ?? '', /does not look at the checksum/)
  })

  test('a bucket that is not there, and options that are none', async () => {
    const o = await patient()
    const nowhere = await bucketDoctor({ ...o, bucket: 'no-such-bucket' })
    assert.include(bad(nowhere), 'bucket: an upload begins')
    assert.match(nowhere.at(-1)?.advice ?? '', /NoSuchBucket/)
    await fails(assert, bucketDoctor(wrong({ ...o, prefix: '' })), 'invalid_argument')
    await fails(assert, bucketDoctor(wrong({ ...o, unchecked: 1 })), 'invalid_argument')
  })
}
