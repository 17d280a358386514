// What every S3 answers to the bare requests that uploads are made of: each row is asked of an S3
// that we did not write, and of the demo's own.
import { createHash, randomUUID } from 'node:crypto'
import { PutObjectCommand, S3, UploadPartCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { MiB } from './messages.mjs'

const hashOf = (data) => createHash('sha256').update(data).digest('base64')
const first = Buffer.alloc(5 * MiB, 1)
const last = Buffer.from('last')
const origin = 'https://pages.example'
const rule = {
  AllowedOrigins: [origin],
  AllowedMethods: ['PUT'],
  AllowedHeaders: ['x-amz-*', 'if-none-match'],
  ExposeHeaders: ['retry-after'],
  MaxAgeSeconds: 60,
}

/** @param {{ test: typeof import('node:test').test, assert: Chai.AssertStatic, world: () => any }} o */
export function storeContract({ test, assert, world }) {
  /** @type {any} */
  let client
  const send = (name, input) => {
    client ??= new S3(world().config)
    const verb = `${name[0].toLowerCase()}${name.slice(1)}`
    return client[verb]({ Bucket: world().bucket, ...input })
  }
  /** What came, or the status and the code of what was refused. */
  const told = (work) => work.catch((error) => `${error.$metadata?.httpStatusCode} ${error.name}`)
  const uploadPart = (at, PartNumber, Body, o = {}) =>
    send('UploadPart', { ...at, PartNumber, Body, ChecksumSHA256: hashOf(Body), ...o })
  /** An upload with these parts, and how its end is asked for. */
  async function begun(bodies) {
    const Key = `bare/${randomUUID()}`
    const sums = { ChecksumAlgorithm: 'SHA256', ChecksumType: 'COMPOSITE' }
    const { UploadId } = await send('CreateMultipartUpload', { Key, ...sums })
    const at = { Key, UploadId }
    const parts = []
    for (const body of bodies) {
      const { ETag } = await uploadPart(at, parts.length + 1, body)
      parts.push({ PartNumber: parts.length + 1, ETag, ChecksumSHA256: hashOf(body) })
    }
    const complete = (Parts, o = {}) =>
      send('CompleteMultipartUpload', { ...at, MultipartUpload: { Parts }, ...o })
    return { at, parts, complete }
  }
  const composite = (parts) =>
    hashOf(Buffer.concat(parts.map((part) => Buffer.from(part.ChecksumSHA256, 'base64'))))

  test('bare parts: a wrong number, checksum, upload or key is refused, and none is kept', async () => {
    const { at } = await begun([])
    const rows = {
      'no checksum': [1, { ChecksumSHA256: undefined }, '400 InvalidRequest'],
      'part 0': [0, {}, '400 InvalidArgument'],
      'part 10,001': [10_001, {}, '400 InvalidArgument'],
      'another checksum': [1, { ChecksumSHA256: hashOf('other') }, '400 BadDigest'],
      'another upload': [1, { UploadId: 'f7dc3f0a' }, '404 NoSuchUpload'],
      'another key': [1, { Key: 'bare/other' }, '404 NoSuchUpload'],
      'another bucket': [1, { Bucket: 'no-such-bucket' }, '404 NoSuchBucket'],
    }
    for (const [name, [number, o, expected]] of Object.entries(rows))
      assert.equal(await told(uploadPart(at, number, last, o)), expected, name)
    assert.deepEqual((await send('ListParts', at)).Parts ?? [], [])
  })

  test('bare parts: they are listed by pages, and the last one of a number counts', async () => {
    const { at } = await begun([last, first, last])
    await uploadPart(at, 1, first)
    const { IsTruncated, NextPartNumberMarker, Parts, ...page } = await send('ListParts', {
      ...at,
      MaxParts: 2,
    })
    const seen = (parts) =>
      parts.map(({ PartNumber, Size, ChecksumSHA256 }) => [PartNumber, Size, ChecksumSHA256])
    assert.deepEqual([IsTruncated, NextPartNumberMarker], [true, '2'])
    assert.deepEqual(
      [page.ChecksumAlgorithm, page.ChecksumType, page.MaxParts],
      ['SHA256', 'COMPOSITE', 2],
    )
    const row = (number) => [number, first.length, hashOf(first)]
    assert.deepEqual(seen(Parts), [row(1), row(2)])
    const rest = await send('ListParts', { ...at, PartNumberMarker: NextPartNumberMarker })
    assert.deepEqual(
      [seen(rest.Parts), rest.IsTruncated],
      [[[3, last.length, hashOf(last)]], false],
    )
    await send('AbortMultipartUpload', at)
    for (const name of ['ListParts', 'AbortMultipartUpload'])
      assert.equal(await told(send(name, at)), '404 NoSuchUpload')
  })

  test('bare Complete: every list and every condition that is wrong is refused by its code', async () => {
    const { at, parts, complete } = await begun([first, last, last])
    const [one, two, three] = parts
    const zeros = '"00000000000000000000000000000000"'
    const rows = {
      'a small part in the middle': [[one, two, three], {}, '400 EntityTooSmall'],
      'a part twice': [[one, one], {}, '400 InvalidPartOrder'],
      'no part': [[], {}, '400 MalformedXML'],
      'a part that is not there': [[one, { ...two, PartNumber: 7 }], {}, '400 InvalidPart'],
      'another ETag': [[one, { ...two, ETag: zeros }], {}, '400 InvalidPart'],
      'no ETag': [[one, { ...two, ETag: undefined }], {}, '400 MalformedXML'],
      'another checksum of a part': [
        [one, { ...two, ChecksumSHA256: hashOf('x') }],
        {},
        '400 InvalidPart',
      ],
      'no checksum of a part': [
        [one, { ...two, ChecksumSHA256: undefined }],
        {},
        '400 InvalidRequest',
      ],
      'another composite': [[one, two], { ChecksumSHA256: `${hashOf('x')}-2` }, '400 BadDigest'],
      'another number of parts': [
        [one, two],
        { ChecksumSHA256: `${composite([one, two])}-3` },
        '400 BadDigest',
      ],
      'another size': [[one, two], { MpuObjectSize: 5 }, '400 InvalidRequest'],
      'a condition that is not there': [[one, two], { IfNoneMatch: '"x"' }, '501 NotImplemented'],
    }
    for (const [name, [list, o, expected]] of Object.entries(rows))
      assert.equal(await told(complete(list, o)), expected, name)
    assert.equal(await told(send('HeadObject', { Key: at.Key })), '404 NotFound')
    const sum = `${composite([one, two])}-2`
    const sums = { ChecksumSHA256: sum, ChecksumType: 'COMPOSITE', IfNoneMatch: '*' }
    const size = first.length + last.length
    const done = await complete([one, two], { ...sums, MpuObjectSize: size })
    assert.deepEqual([done.ChecksumSHA256, done.ChecksumType], [sum, 'COMPOSITE'])
    assert.match(done.ETag, /^"[0-9a-f]{32}-2"$/)
    assert.equal((await complete([one, two])).ETag, done.ETag, 'an answer that was lost')
    const head = await send('HeadObject', { Key: at.Key, ChecksumMode: 'ENABLED' })
    assert.deepEqual(
      [head.ContentLength, head.ETag, head.ChecksumSHA256, head.ChecksumType, head.VersionId],
      [size, done.ETag, sum, 'COMPOSITE', undefined],
    )
    assert.isUndefined((await send('HeadObject', { Key: at.Key })).ChecksumSHA256)
    const again = await begun([last])
    const other = { ...again.at, Key: at.Key }
    assert.equal(await told(send('ListParts', other)), '404 NoSuchUpload', 'of another key')
  })

  test('bare Complete: against an abort, another Complete, or a part sent again, no object is unreadable', async () => {
    const again = ({ at }) => uploadPart(at, 1, last)
    const rivals = {
      'an abort': ({ at }) => send('AbortMultipartUpload', at),
      'the same part again': again,
      'another Complete': ({ complete, parts }) => complete(parts),
      'all of them': (upload) =>
        Promise.allSettled(Object.values(rivals).map((rival, i) => i < 3 && rival(upload))),
    }
    for (const [name, rival] of Object.entries(rivals))
      for (let round = 0; round < 8; round++) {
        const upload = await begun([last])
        const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))
        const complete = wait(round % 4).then(() =>
          upload.complete(upload.parts, { IfNoneMatch: '*' }),
        )
        const [done] = await Promise.allSettled([
          complete,
          wait((round >> 2) * 2).then(() => rival(upload)),
        ])
        const { Key } = upload.at
        const head = await told(send('HeadObject', { Key }))
        if (done.status === 'fulfilled') assert.equal(head.ContentLength, last.length, name)
        if (head === '404 NotFound') continue
        const { Body } = await send('GetObject', { Key })
        assert.equal(await Body.transformToString(), 'last', `${name}, round ${round}`)
      }
  })

  test('bare objects: what was said of them is answered, by ranges and under a condition', async () => {
    const Key = `bare/${randomUUID()} ü+&`
    const described = {
      ContentType: 'text/plain',
      ContentDisposition: 'attachment',
      Metadata: { 'sealdrop-name': 'abc' },
    }
    const put = { Key, Body: 'abcdef', ChecksumSHA256: hashOf('abcdef'), Tagging: 'x=y%20z' }
    const { ETag } = await send('PutObject', { ...put, ...described })
    const head = await send('HeadObject', { Key, ChecksumMode: 'ENABLED' })
    for (const [name, value] of Object.entries(described)) assert.deepEqual(head[name], value)
    assert.deepEqual(
      [head.ETag, head.ChecksumSHA256, head.ChecksumType, head.TagCount],
      [ETag, hashOf('abcdef'), 'FULL_OBJECT', 1],
    )
    const ranges = {
      'bytes=1-2': [206, 'bc', 'bytes 1-2/6'],
      'bytes=4-99': [206, 'ef', 'bytes 4-5/6'],
      'bytes=-2': [206, 'ef', 'bytes 4-5/6'],
      'bytes=3-': [206, 'def', 'bytes 3-5/6'],
      'lines=1-2': [200, 'abcdef', undefined],
    }
    for (const [Range, expected] of Object.entries(ranges)) {
      const { $metadata, Body, ContentRange } = await send('GetObject', {
        Key,
        Range,
        IfMatch: ETag,
      })
      const text = await Body.transformToString()
      assert.deepEqual([$metadata.httpStatusCode, text, ContentRange], expected, Range)
    }
    assert.equal(await told(send('GetObject', { Key, Range: 'bytes=6-' })), '416 InvalidRange')
    assert.equal(await told(send('GetObject', { Key, IfMatch: '"x"' })), '412 PreconditionFailed')
    assert.equal(await told(send('GetObject', { Key: 'none' })), '404 NoSuchKey')
    assert.equal(
      await told(send('PutObject', { ...put, IfNoneMatch: '*' })),
      '412 PreconditionFailed',
    )
    const tag = { Key: 'a<b', Value: 'c' }
    assert.equal(
      await told(send('PutObjectTagging', { Key, Tagging: { TagSet: [tag] } })),
      '400 InvalidTag',
    )
    await send('PutObjectTagging', { Key, Tagging: { TagSet: [{ ...tag, Key: 'a b' }] } })
    assert.deepEqual((await send('GetObjectTagging', { Key })).TagSet, [{ Key: 'a b', Value: 'c' }])
    await send('DeleteObject', { Key })
    assert.equal(await told(send('GetObject', { Key })), '404 NoSuchKey')
    assert.equal((await send('DeleteObject', { Key })).$metadata.httpStatusCode, 204)
  })

  test('bare objects: they are listed by prefix, and by pages', async () => {
    const Prefix = `listed ${randomUUID()}/`
    const names = ['B', 'a', 'b', 'ü'].map((name) => `${Prefix}${name}`)
    for (const Key of names) await send('PutObject', { Key, Body: 'x' })
    const page = await send('ListObjectsV2', { Prefix, MaxKeys: 3 })
    assert.deepEqual([page.KeyCount, page.IsTruncated], [3, true])
    const rest = await send('ListObjectsV2', {
      Prefix,
      ContinuationToken: page.NextContinuationToken,
    })
    assert.deepEqual([rest.KeyCount, rest.IsTruncated], [1, false])
    const all = [...page.Contents, ...rest.Contents]
    assert.deepEqual(
      all.map(({ Key, Size }) => [Key, Size]),
      names.map((Key) => [Key, 1]),
    )
    const { bucket: Bucket } = world()
    assert.equal(await told(send('CreateBucket', { Bucket })), '409 BucketAlreadyOwnedByYou')
  })

  test('bare answers to pages: the headers by which they are read, also of what is refused', async () => {
    const Bucket = `bare-${randomUUID().slice(0, 8)}`
    await send('CreateBucket', { Bucket })
    await send('PutBucketCors', { Bucket, CORSConfiguration: { CORSRules: [rule] } })
    const sum = { 'x-amz-checksum-sha256': hashOf('x') }
    const signed = new Set(['host', 'content-length', ...Object.keys(sum)])
    const urlOf = (o = {}, more = {}) => {
      const input = { Bucket, Key: 'k', ContentLength: 1, ChecksumSHA256: hashOf('x'), ...o }
      const { s3 } = world()
      const headers = { signableHeaders: signed, unhoistableHeaders: signed }
      return getSignedUrl(s3, new PutObjectCommand(input), { ...headers, ...more })
    }
    const url = await urlOf()
    const old = await urlOf({}, { signingDate: new Date(Date.now() - 3_600_000), expiresIn: 60 })
    const part = { Bucket, Key: 'k', UploadId: 'f7dc3f0a', PartNumber: 1 }
    const nowhere = await getSignedUrl(world().s3, new UploadPartCommand(part))
    const rows = {
      'the bytes that were signed': [url, {}, '200 '],
      'other bytes': [url, { body: 'y' }, '400 BadDigest'],
      'another key': [url.replace('/k?', '/l?'), {}, '403 SignatureDoesNotMatch'],
      'a header that was not signed': [url, { 'x-amz-meta-a': 'b' }, '403 AccessDenied'],
      'a URL that ended': [old, {}, '403 AccessDenied'],
      'an upload that is not there': [
        nowhere,
        { 'x-amz-checksum-sha256': undefined },
        '404 NoSuchUpload',
      ],
      'no signature': [url.split('?')[0], {}, '403 AccessDenied'],
    }
    for (const [name, [to, { body = 'x', ...more }, expected]] of Object.entries(rows))
      for (const page of [origin, 'https://others.example']) {
        const given = Object.entries({ ...sum, ...more }).filter(([, value]) => value !== undefined)
        const headers = { ...Object.fromEntries(given), origin: page }
        const answer = await fetch(to, { method: 'PUT', headers, body })
        const [, code = ''] = /<Code>(\w+)/.exec(await answer.text()) ?? []
        assert.equal(`${answer.status} ${code}`, expected, name)
        if (code === '') assert.equal(answer.headers.get('content-length'), '0', name)
        const allowed = answer.headers.get('access-control-allow-origin')
        assert.equal(allowed, page === origin ? origin : null, name)
        const exposed = answer.headers.get('access-control-expose-headers') ?? ''
        assert.equal(exposed.includes('retry-after'), page === origin, name)
      }
    const asks = { origin, 'access-control-request-method': 'PUT' }
    const preflights = {
      'as the page asks': [
        { 'access-control-request-headers': 'X-Amz-Checksum-Sha256,if-none-match' },
        200,
      ],
      'another header': [{ 'access-control-request-headers': 'authorization' }, 403],
      'another method': [{ 'access-control-request-method': 'POST' }, 403],
      'another origin': [{ origin: 'https://others.example' }, 403],
      'a method that is none': [{ 'access-control-request-method': 'PATCH' }, 400],
    }
    for (const [name, [more, status]] of Object.entries(preflights)) {
      const answer = await fetch(url, { method: 'OPTIONS', headers: { ...asks, ...more } })
      assert.equal(answer.status, status, name)
      const allowed = answer.headers.get('access-control-allow-headers')
      if (status !== 200) assert.isNull(answer.headers.get('access-control-allow-origin'), name)
      else assert.equal(allowed?.toLowerCase(), 'x-amz-checksum-sha256, if-none-match')
    }
  })
}
