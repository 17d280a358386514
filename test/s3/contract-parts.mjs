// What a URL binds: a part goes through exactly as it was signed, and no other way.
import { PutBucketCorsCommand, PutBucketPolicyCommand, UploadPartCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { bucketCors, bucketPolicy } from 'sealdrop/s3'
import { ask, compositeOf, MiB, put, sealedBytes, cut, sent } from './messages.mjs'
import { origins } from './world.mjs'

const flipped = (data) => {
  const other = Uint8Array.from(data)
  other[other.length >> 1] ^= 1
  return other
}
const withHeaders = (signed, more) => ({ ...signed, headers: { ...signed.headers, ...more } })
const base64 = (sha256) => Buffer.from(sha256, 'base64url').toString('base64')

/** Each changes one thing of what was signed. @type {Record<string, [change: Function, status: number, code?: string]>} */
const mutations = {
  byte: [(signed, data) => put(signed, flipped(data)), 400, 'BadDigest'],
  length: [(signed, data) => put(signed, data.subarray(1)), 403, 'SignatureDoesNotMatch'],
  checksum: [
    (signed, data, other) =>
      put(withHeaders(signed, { 'x-amz-checksum-sha256': base64(other) }), data),
    403,
    'SignatureDoesNotMatch',
  ],
  key: [
    ({ url, headers }, data) => put({ url: url.replace(/([\w-])\?/, 'x$1?'), headers }, data),
    403,
    'SignatureDoesNotMatch',
  ],
}

/** @param {{ test: typeof import('node:test').test, assert: Chai.AssertStatic, world: () => any }} o */
export function partsContract({ test, assert, world }) {
  test('five mutations of 20 parts are refused, each beside the unchanged part, which is taken', async () => {
    const { handler, upload } = world()
    const { session, parts } = await upload(96 * MiB, { members: { partLength: 5 * MiB } })
    assert.lengthOf(parts, 20)
    const signs = parts.map(({ asked }) => asked)
    const { parts: signed } = await ask(handler, 'sign', { session, parts: signs })
    const bits = Buffer.from(session, 'base64url')
    for (const [index, { data, asked }] of parts.entries()) {
      for (const [name, [change, status, code]] of Object.entries(mutations)) {
        const other = parts[(index + 1) % 20].asked.sha256
        const answer = await change(signed[index], data, other)
        assert.deepEqual(answer, { status, code }, `${name} of part ${index + 1}`)
      }
      const changed = Uint8Array.from(bits)
      changed[30 + index * 5] ^= 1
      const foreign = Buffer.from(changed).toString('base64url')
      const refused = await ask(handler, 'sign', { session: foreign, parts: [asked] })
      assert.deepEqual([refused.status, refused.code], [403, 'rejected'])
      assert.equal((await put(signed[index], data)).status, 200, `part ${index + 1}`)
    }
    const { parts: listed } = await ask(handler, 'list', { session })
    assert.deepEqual(listed, signs)
    const done = await ask(handler, 'complete', { session, sha256: compositeOf(parts) })
    assert.isTrue(done.done)
  })

  test('the control: a URL as the presigner makes it by itself takes another byte and another length', async () => {
    const { s3, bucket } = world()
    const { bytes } = await sealedBytes(100)
    const [{ asked }] = cut(bytes)
    const command = new UploadPartCommand({
      Bucket: bucket,
      Key: 'inbox/x',
      UploadId: 'none',
      PartNumber: 1,
      ChecksumSHA256: base64(asked.sha256),
    })
    const url = new URL(await getSignedUrl(s3, command))
    assert.notInclude(url.searchParams.get('X-Amz-SignedHeaders'), 'checksum')
    // it gets past signature and checksum, to the upload that is not there
    for (const data of [bytes, flipped(bytes), bytes.subarray(1)]) {
      const answer = await put({ url: `${url}`, headers: {} }, data)
      assert.deepEqual(answer, { status: 404, code: 'NoSuchUpload' })
    }
  })

  test('a URL ends after 15 minutes, and never later than its session', async () => {
    const { handler, make, upload } = world()
    const { session, parts } = await upload(100)
    const at = (minutes) => make({ now: () => Date.now() + minutes * 60_000 })
    const [old] = await sent(at(-16), session, parts)
    assert.deepEqual(old, { status: 403, code: 'AccessDenied' })
    const week = 7 * 24 * 60
    const last = await ask(at(week - 1), 'sign', { session, parts: [parts[0].asked] })
    const left = Number(new URL(last.parts[0].url).searchParams.get('X-Amz-Expires'))
    assert.isAtMost(left, 60)
    const [good] = await sent(handler, session, parts)
    assert.equal(good.status, 200)
  })

  test('one PUT: another content type or no condition is refused, and the second one is 412', async () => {
    const { handler, upload } = world()
    const { session, parts } = await upload(100)
    const { parts: signed } = await ask(handler, 'sign', { session, parts: [parts[0].asked] })
    const [{ url, headers }] = signed
    assert.equal(headers['if-none-match'], '*')
    const { 'if-none-match': _condition, ...without } = headers
    const wrong = [without, { ...headers, 'content-type': 'text/html' }]
    for (const other of wrong) {
      const answer = await put({ url, headers: other }, parts[0].data)
      assert.deepEqual(answer, { status: 403, code: 'SignatureDoesNotMatch' })
    }
    assert.equal((await put({ url, headers }, flipped(parts[0].data))).code, 'BadDigest')
    assert.equal((await put({ url, headers }, parts[0].data)).status, 200)
    const again = await put({ url, headers }, parts[0].data)
    assert.deepEqual(again, { status: 412, code: 'PreconditionFailed' })
  })

  test('the bucket answers the preflight of a part from a listed origin, and of no other', async () => {
    const { s3, bucket, handler, upload } = world()
    const CORSConfiguration = bucketCors({ origins })
    await s3.send(new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration }))
    // it knows no condition of S3's own
    const { bucketPolicy: policy } = bucketPolicy({ bucket, prefix: 'inbox/' })
    const Statement = policy.Statement.filter(({ Sid }) => Sid === 'OnlyOverTls')
    const Policy = JSON.stringify({ ...policy, Statement })
    await s3.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }))
    const { session, parts } = await upload(100)
    const { parts: signed } = await ask(handler, 'sign', { session, parts: [parts[0].asked] })
    const preflight = (origin, more = {}) =>
      fetch(signed[0].url, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'PUT',
          'access-control-request-headers': Object.keys(signed[0].headers).join(),
          ...more,
        },
      })
    const { status, headers } = await preflight(origins[0])
    assert.equal(status, 200)
    assert.equal(headers.get('access-control-allow-origin'), origins[0])
    assert.equal((await preflight('https://evil.example')).status, 403)
    const method = { 'access-control-request-method': 'DELETE' }
    assert.equal((await preflight(origins[0], method)).status, 403)
    const sending = await fetch(signed[0].url, {
      method: 'PUT',
      headers: { ...signed[0].headers, origin: origins[0] },
      body: parts[0].data,
    })
    const exposed = sending.headers.get('access-control-expose-headers')?.toLowerCase()
    assert.include(exposed, 'retry-after')
  })
}
