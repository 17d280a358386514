// The demo's S3 as a folder: what a restart, a kill and a request that breaks off leave, what the disk
// does wrong, and what is refused at its door. What it answers as an S3 is held to the table of
// test/s3/.
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { PutObjectCommand, S3, UploadPartCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { assert } from 'chai'
import { startS3 } from '../../demo/s3/server.mjs'
import { refusalOf } from './refusal.mjs'

const MiB = 2 ** 20
const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
const Bucket = 'bucket'
const hashOf = (data) => createHash('sha256').update(data).digest('base64')
const script = fileURLToPath(new URL('../../demo/s3/start.mjs', import.meta.url))
/** @type {string[]} */
const lines = []
/** @type {string} */
let dir
/** @type {Awaited<ReturnType<typeof startS3>>} */
let server
/** @type {S3} */
let s3

async function start() {
  server = await startS3({ dir, credentials, log: (line) => lines.push(line) })
  s3 = new S3({ ...server.config, maxAttempts: 1 })
}
async function stop() {
  s3.destroy()
  await server.close()
}
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sealdrop-s3-'))
  await start()
  await s3.createBucket({ Bucket })
})
after(async () => {
  await stop()
  await rm(dir, { recursive: true })
})

const pathOf = (file) => join(dir, Bucket, 'bytes', file)
const bytesIn = () => readdir(join(dir, Bucket, 'bytes'))
const told = (work) => work.catch((error) => `${error.$metadata?.httpStatusCode} ${error.name}`)
const textOf = async (Key) => {
  const { Body } = await s3.getObject({ Bucket, Key })
  return (await Body?.transformToString()) ?? ''
}

/** The same S3 in a process of its own. */
async function startProcess(t, command, ...args) {
  const env = {
    ...process.env,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  }
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data')
  return { child, config: JSON.parse(line) }
}

/** An upload of two parts, of which so many were sent. */
async function uploadOf(Key, bodies) {
  const { UploadId } = await s3.createMultipartUpload({ Bucket, Key, ChecksumAlgorithm: 'SHA256' })
  const at = { Bucket, Key, UploadId }
  const Parts = []
  for (const Body of bodies) {
    const part = { PartNumber: Parts.length + 1, ChecksumSHA256: hashOf(Body) }
    const { ETag } = await s3.uploadPart({ ...at, ...part, Body })
    Parts.push({ ...part, ETag })
  }
  return { at, Parts }
}

/** Announces a body, sends a part of it, and breaks off. */
async function breaksOff(path, headers, body) {
  const { port } = server
  const sending = request({ host: '127.0.0.1', port, method: 'PUT', path, headers })
  const ended = new Promise((resolve) => sending.on('error', () => {}).once('close', resolve))
  sending.write(body)
  setTimeout(() => sending.destroy(), 150)
  await ended
}

test('what arrived outlives a restart: objects, parts, tags, and the rules for pages', async () => {
  const AllowedOrigins = ['https://a.example']
  const rules = { CORSRules: [{ AllowedOrigins, AllowedMethods: ['PUT'] }] }
  await s3.putBucketCors({ Bucket, CORSConfiguration: rules })
  await s3.putObject({ Bucket, Key: 'kept/ä', Body: 'text', Tagging: 'a=b' })
  const first = randomBytes(5 * MiB)
  const { at, Parts } = await uploadOf('kept/parts', [first, Buffer.from('end')])
  await stop()
  await start()
  assert.equal(await textOf('kept/ä'), 'text')
  const { TagSet } = await s3.getObjectTagging({ Bucket, Key: 'kept/ä' })
  assert.deepEqual(TagSet, [{ Key: 'a', Value: 'b' }])
  const listed = await s3.listParts(at)
  assert.deepEqual(
    listed.Parts?.map(({ PartNumber, ETag }) => [PartNumber, ETag]),
    Parts.map(({ PartNumber, ETag }) => [PartNumber, ETag]),
  )
  await s3.completeMultipartUpload({ ...at, MultipartUpload: { Parts } })
  const headers = { origin: AllowedOrigins[0], 'access-control-request-method': 'PUT' }
  const answer = await fetch(`${server.url}/${Bucket}/x`, { method: 'OPTIONS', headers })
  assert.equal(answer.status, 200)
  await stop()
  await start()
  const whole = Buffer.from(await textOf('kept/parts'), 'utf8')
  assert.equal(whole.subarray(-3).toString(), 'end')
  await s3.deleteObject({ Bucket, Key: 'kept/parts' })
  await s3.deleteObject({ Bucket, Key: 'kept/ä' })
  assert.deepEqual(await bytesIn(), [])
})

test('a body that breaks off, or is another one, leaves nothing and replaces nothing', async () => {
  await s3.putObject({ Bucket, Key: 'k', Body: 'before' })
  const url = new URL(await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key: 'k' })))
  await breaksOff(url.pathname + url.search, { 'content-length': MiB }, Buffer.alloc(1000))
  for (let i = 0; i < 100 && (await bytesIn()).length > 1; i++)
    await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(await textOf('k'), 'before')
  const wrong = { Bucket, Key: 'k', Body: 'after', ChecksumSHA256: hashOf('other') }
  assert.equal(await told(s3.putObject(wrong)), '400 BadDigest')
  assert.equal(await textOf('k'), 'before')
  assert.lengthOf(await bytesIn(), 1)
  await s3.putObject({ Bucket, Key: 'k', Body: 'after' })
  assert.equal(await textOf('k'), 'after')
  assert.lengthOf(await bytesIn(), 1, 'the bytes of what was replaced are gone')
})

test('what a crash left is cleared away at the next start, and nothing else', async () => {
  const { at, Parts } = await uploadOf('crash', [Buffer.from('only')])
  await s3.completeMultipartUpload({ ...at, MultipartUpload: { Parts } })
  const kept = await bytesIn()
  // an object was made, and the upload that it came from was not forgotten any more
  const left = join(dir, Bucket, 'uploads', 'f'.repeat(32))
  await mkdir(left)
  const upload = { key: 'crash', id: 'f'.repeat(32), headers: {}, tags: [], initiated: 1 }
  await writeFile(join(left, 'upload.json'), JSON.stringify(upload))
  const objects = await readdir(join(dir, Bucket, 'objects'))
  const stored = await Promise.all(
    objects.map(async (name) =>
      JSON.parse(await readFile(join(dir, Bucket, 'objects', name), 'utf8')),
    ),
  )
  const [part] = stored.find(({ key }) => key === 'crash').files
  await writeFile(join(left, '1.json'), JSON.stringify({ ...part, etag: 'x', modified: 1 }))
  await writeFile(join(dir, Bucket, 'bytes', '0'.repeat(32)), 'nobody names it')
  await writeFile(join(dir, Bucket, 'objects', 'x.json.12345678.new'), '{"key":"ha')
  await stop()
  await start()
  assert.deepEqual(await bytesIn(), kept)
  assert.equal(await textOf('crash'), 'only')
  const { Uploads = [] } = await s3.listMultipartUploads({ Bucket })
  assert.deepEqual(Uploads, [])
  const { Contents = [] } = await s3.listObjectsV2({ Bucket })
  assert.deepEqual(
    Contents.map(({ Key }) => Key),
    ['crash', 'k'],
  )
})

test('two that write one key at once: with a condition one of them wins, and none is half', async () => {
  const bodies = Array.from({ length: 8 }, (_, i) => String(i).repeat(100_000))
  const put = (Body) => s3.putObject({ Bucket, Key: 'race', Body, IfNoneMatch: '*' })
  const outcomes = await Promise.all(bodies.map((Body) => told(put(Body))))
  const won = outcomes.flatMap((outcome, i) => (typeof outcome === 'string' ? [] : [i]))
  assert.lengthOf(won, 1)
  assert.equal(outcomes.filter((one) => one === '412 PreconditionFailed').length, 7)
  assert.equal(await textOf('race'), bodies[won[0]])
  const sizes = await Promise.all((await bytesIn()).map(async (file) => stat(pathOf(file))))
  assert.lengthOf(
    sizes.filter(({ size }) => size === 100_000),
    1,
    'bytes of those that lost are gone',
  )
})

test('what is read while another one takes its place is the old one or the new one, whole', async () => {
  const at = { Bucket, Key: 'turns' }
  const parts = ['a', 'b'].map((letter) => letter.repeat(16 * MiB))
  const { UploadId } = await s3.createMultipartUpload(at)
  const Parts = []
  for (const [i, Body] of parts.entries()) {
    const { ETag } = await s3.uploadPart({ ...at, UploadId, PartNumber: i + 1, Body })
    Parts.push({ PartNumber: i + 1, ETag })
  }
  await s3.completeMultipartUpload({ ...at, UploadId, MultipartUpload: { Parts } })
  const held = await s3.getObject(at)
  await s3.putObject({ ...at, Body: 'new' })
  const text = await held.Body?.transformToString()
  assert.isTrue(text === parts.join(''), 'its second part is another file, which is opened late')
  assert.equal(await textOf('turns'), 'new')
  const left = async () => {
    const sizes = await Promise.all((await bytesIn()).map(async (file) => stat(pathOf(file))))
    return sizes.filter(({ size }) => size === 16 * MiB).length
  }
  // the answer ends a moment before the server is done with it
  while ((await left()) > 0) await new Promise((resolve) => setTimeout(resolve, 10))
})

test('a process that is killed in the middle of a part leaves the parts before it, and no bytes of it', async (t) => {
  const own = await mkdtemp(join(tmpdir(), 'sealdrop-s3-killed-'))
  t.after(() => rm(own, { recursive: true }))
  const first = await startProcess(t, process.execPath, script, own)
  const client = new S3({ ...first.config, maxAttempts: 1 })
  await client.createBucket({ Bucket })
  const { UploadId } = await client.createMultipartUpload({ Bucket, Key: 'k' })
  const at = { Bucket, Key: 'k', UploadId }
  const { ETag } = await client.uploadPart({ ...at, PartNumber: 1, Body: 'arrived' })
  const part = new UploadPartCommand({ ...at, PartNumber: 2 })
  const { port, pathname, search } = new URL(await getSignedUrl(client, part))
  const headers = { 'content-length': MiB }
  const asked = { host: '127.0.0.1', port, method: 'PUT', path: pathname + search, headers }
  const sending = request(asked).on('error', () => {})
  sending.write(Buffer.alloc(100_000))
  const inBytes = () => readdir(join(own, Bucket, 'bytes'))
  while ((await inBytes()).length < 2) await new Promise((resolve) => setTimeout(resolve, 10))
  const gone = once(first.child, 'exit')
  first.child.kill('SIGKILL')
  await gone
  client.destroy()
  const second = await startS3({ dir: own, credentials })
  const again = new S3({ ...second.config, maxAttempts: 1 })
  assert.lengthOf(await inBytes(), 1)
  const { Parts } = await again.listParts(at)
  assert.deepEqual(
    Parts?.map((one) => one.PartNumber),
    [1],
  )
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
  await again.completeMultipartUpload({ ...at, MultipartUpload })
  const { Body } = await again.getObject({ Bucket, Key: 'k' })
  assert.equal(await Body?.transformToString(), 'arrived')
  again.destroy()
  await second.close()
})

test('what the disk does wrong is told by its code and without a path', async (t) => {
  const own = await mkdtemp(join(tmpdir(), 'sealdrop-s3-full-'))
  t.after(() => rm(own, { recursive: true }))
  const limited = ['-c', 'ulimit -f 64 && exec "$0" "$@"', process.execPath, script, own]
  const { config } = await startProcess(t, 'sh', ...limited)
  const client = new S3({ ...config, maxAttempts: 1 })
  t.after(() => client.destroy())
  await client.createBucket({ Bucket })
  const put = { Bucket, Key: 'k', Body: Buffer.alloc(100_000) }
  const full = await refusalOf(client.putObject(put))
  assert.deepEqual([full.name, full.message], ['SlowDown', 'Please reduce your request rate.'])
  assert.deepEqual(await readdir(join(own, Bucket, 'bytes')), [])
  await client.putObject({ ...put, Body: 'small' })
  await rm(join(own, Bucket, 'bytes'), { recursive: true })
  const lost = await refusalOf(client.putObject(put))
  assert.equal(lost.name, 'InternalError')
  assert.notInclude(lost.message, own)
})

test('bytes that the disk lost break the answer off at once', async () => {
  await s3.putObject({ Bucket, Key: 'cut', Body: 'x'.repeat(5_000) })
  for (const file of await bytesIn())
    if ((await stat(pathOf(file))).size === 5_000) await truncate(pathOf(file), 4_000)
  const { Body } = await s3.getObject({ Bucket, Key: 'cut' })
  const began = performance.now()
  await refusalOf(/** @type {Promise<string>} */ (Body?.transformToString()))
  assert.isBelow(performance.now() - began, 5_000)
  await s3.deleteObject({ Bucket, Key: 'cut' })
})

test('an object whose facts the disk lost is left out and told of, and the others stay', async () => {
  await s3.putObject({ Bucket, Key: 'lost', Body: 'lost' })
  await s3.putObject({ Bucket, Key: 'stays', Body: 'stays' })
  const name = `${createHash('sha256').update('lost').digest('hex')}.json`
  const bytes = await bytesIn()
  await stop()
  await writeFile(join(dir, Bucket, 'objects', name), '')
  await start()
  assert.match(lines.at(-1) ?? '', /1 objects are not whole and left out/)
  assert.equal(await told(s3.headObject({ Bucket, Key: 'lost' })), '404 NotFound')
  assert.equal(await textOf('stays'), 'stays')
  assert.sameMembers(await bytesIn(), bytes, 'nobody knows which of them were its own')
  await s3.putObject({ Bucket, Key: 'lost', Body: 'again' })
  assert.equal(await textOf('lost'), 'again')
})

test('folders and files that were not made here are left alone', async () => {
  const foreign = {
    'project.git/objects/ab/cdef': 'a git object',
    'project.git/bytes/notes.txt': 'notes',
    'site/uploads/2024/photo.jpg': 'a photo',
    [`${Bucket}/bytes/notes.txt`]: 'of somebody',
    [`${Bucket}/objects/notes`]: 'of somebody',
    [`${Bucket}/uploads/2024/photo.jpg`]: 'of somebody',
  }
  for (const [path, text] of Object.entries(foreign)) {
    await mkdir(dirname(join(dir, path)), { recursive: true })
    await writeFile(join(dir, path), text)
  }
  await stop()
  await start()
  await s3.listMultipartUploads({ Bucket })
  await s3.listObjectsV2({ Bucket })
  assert.equal(await told(s3.listObjectsV2({ Bucket: 'project.git' })), '404 NoSuchBucket')
  assert.equal(await told(s3.createBucket({ Bucket: 'site' })), '409 BucketAlreadyExists')
  for (const [path, text] of Object.entries(foreign))
    assert.equal(await readFile(join(dir, path), 'utf8'), text)
})

test('what is not here is refused and not done by halves', async () => {
  const put = { Bucket, Key: 'no', Body: 'x' }
  /** @type {Record<string, [work: () => Promise<unknown>, expected: string]>} */
  const rows = {
    'a key of KMS': [
      () => s3.putObject({ ...put, ServerSideEncryption: 'aws:kms' }),
      '501 NotImplemented',
    ],
    'a canned ACL': [() => s3.putObject({ ...put, ACL: 'public-read' }), '501 NotImplemented'],
    'another checksum': [
      () => s3.createMultipartUpload({ Bucket, Key: 'no', ChecksumAlgorithm: 'CRC64NVME' }),
      '501 NotImplemented',
    ],
    'a version': [() => s3.getObject({ Bucket, Key: 'k', VersionId: '1' }), '501 NotImplemented'],
    'a copy': [
      () => s3.copyObject({ Bucket, Key: 'no', CopySource: `${Bucket}/k` }),
      '501 NotImplemented',
    ],
    'a lifecycle': [() => s3.getBucketLifecycleConfiguration({ Bucket }), '501 NotImplemented'],
    'a key of 1,025 bytes': [
      () => s3.putObject({ ...put, Key: 'k'.repeat(1025) }),
      '400 KeyTooLongError',
    ],
    'a bucket of the folder above': [
      () => s3.createBucket({ Bucket: '..' }),
      '400 InvalidBucketName',
    ],
  }
  for (const [name, [work, expected]] of Object.entries(rows))
    assert.equal(await told(work()), expected, name)
  const foreign = new S3({
    ...server.config,
    credentials: { ...credentials, secretAccessKey: 'c' },
  })
  assert.equal(await told(foreign.listObjectsV2({ Bucket })), '403 SignatureDoesNotMatch')
  foreign.destroy()
  const late = new S3({ ...server.config, systemClockOffset: -16 * 60_000, maxAttempts: 1 })
  assert.equal(await told(late.listObjectsV2({ Bucket })), '403 RequestTimeTooSkewed')
  late.destroy()
})

test('a name that somebody pointed at this machine is not answered', async () => {
  const { port } = server
  const headers = { host: `evil.example:${port}`, origin: 'https://evil.example' }
  const asking = request({
    host: '127.0.0.1',
    port,
    method: 'OPTIONS',
    path: `/${Bucket}/k`,
    headers,
  })
  asking.end()
  const [answer] = await once(asking, 'response')
  assert.equal(answer.statusCode, 421)
  answer.resume()
})
