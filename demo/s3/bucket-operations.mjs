// What S3 does with buckets.
import { receiveText } from './bodies.mjs'
import { readCors } from './cors.mjs'
import { ensure } from './fault.mjs'

export async function putCors({ bucket, body, expected }) {
  await bucket.set({ cors: readCors(await receiveText(body(), expected)) })
  return {}
}

/** A policy is kept, and asked by nobody: whoever has this S3's only key may do all. */
export async function putPolicy({ bucket, body, expected }) {
  const policy = await receiveText(body(), expected)
  const isObject = (() => {
    try {
      return policy.startsWith('{') && typeof JSON.parse(policy) === 'object'
    } catch {
      return false
    }
  })()
  ensure(isObject, 'MalformedPolicy')
  await bucket.set({ policy })
  return { status: 204 }
}

/** A page of objects; the token is the last key of the page before. */
export async function listObjects({ bucket, params }) {
  const prefix = params.get('prefix') ?? ''
  const given = params.get('continuation-token')
  const after = given ? Buffer.from(given, 'base64url').toString() : params.get('start-after')
  const most = Math.min(1_000, Number(params.get('max-keys') ?? 1_000))
  ensure(Number.isInteger(most) && most >= 0, 'InvalidArgument')
  ensure(!params.has('delimiter'), 'NotImplemented')
  const all = (await bucket.objects()).filter(({ key }) => key.startsWith(prefix))
  const from = all.findIndex(({ key }) => key === after)
  const rest = from < 0 ? all.filter(({ key }) => !after || key > after) : all.slice(from + 1)
  const shown = rest.slice(0, most)
  const isMore = rest.length > shown.length
  const next = isMore && Buffer.from(shown.at(-1)?.key ?? '').toString('base64url')
  const answer = {
    Name: bucket.name,
    Prefix: prefix,
    MaxKeys: most,
    KeyCount: shown.length,
    IsTruncated: isMore,
    ...(next && { NextContinuationToken: next }),
    Contents: shown.map(({ key, modified, etag, size, checksum, type }) => ({
      Key: key,
      LastModified: new Date(modified).toISOString(),
      ETag: `"${etag}"`,
      ...(checksum && { ChecksumAlgorithm: checksum.algorithm, ChecksumType: type }),
      Size: size,
      StorageClass: 'STANDARD',
    })),
  }
  return { xml: ['ListBucketResult', answer] }
}
