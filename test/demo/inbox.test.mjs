// What keeps the demo's own bucket small, without a page: bounds on what is incomplete, on what is
// kept, and on the disk.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { S3 } from '@aws-sdk/client-s3'
import { assert } from 'chai'
import { createInbox } from '../../demo/inbox.mjs'
import { startS3 } from '../../demo/s3/server.mjs'
import { refusalOf } from './refusal.mjs'

const Bucket = 'demo'
/** @type {string} */
let dir
/** @type {Awaited<ReturnType<typeof startS3>>} */
let server
/** @type {S3} */
let s3

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sealdrop-inbox-'))
  server = await startS3({ dir })
  s3 = new S3(server.config)
  await s3.createBucket({ Bucket })
})
after(async () => {
  s3.destroy()
  await server.close()
  await rm(dir, { recursive: true })
})

/**
 * An inbox of a company that signs whatever arrives.
 *
 * @param {any} [o] - limits, and what the company does
 */
function inboxOf({ isOwn = true, companion = {}, ...limits } = {}) {
  const signs = {
    examine: async () => ({}),
    receiveFile: async () => ({ receipt: 'a receipt' }),
    ...companion,
  }
  const lines = []
  const log = (line) => lines.push(line)
  const bucket = /** @type {any} */ ({ s3, bucket: Bucket, isOwn })
  return {
    lines,
    ...createInbox({ bucket, companion: /** @type {any} */ (signs), dir, limits, log, rest: 0 }),
  }
}
const failing = (code) => ({
  examine: async () => {
    throw Object.assign(new Error(code), { code })
  },
})
const begin = (Key) => s3.createMultipartUpload({ Bucket, Key })
let attempts = 0
const upload = (key, length = 10) => ({ key, length, attempt: String(attempts++) })
const keysOf = async (Prefix) => {
  const { Contents = [] } = await s3.listObjectsV2({ Bucket, Prefix })
  return Contents.map(({ Key = '' }) => Key)
}
/**
 * Makes an upload, or a part of it, so many hours older.
 *
 * @param {{ UploadId?: string }} upload
 */
async function age({ UploadId = '' }, hours, name = 'upload', field = 'initiated') {
  const path = join(dir, Bucket, 'uploads', UploadId, `${name}.json`)
  const known = JSON.parse(await readFile(path, 'utf8'))
  await writeFile(path, JSON.stringify({ ...known, [field]: Date.now() - hours * 3_600_000 }))
}
const arriving = async () => (await s3.listMultipartUploads({ Bucket })).Uploads?.length ?? 0

test('incomplete files are bounded: the next one waits, what nobody touched for an hour gives way, what is old goes', async () => {
  const first = await begin('inbox/a')
  const second = await begin('inbox/b')
  const next = () => inboxOf({ maxArriving: 2 }).reserve(upload('inbox/c'))
  const busy = await refusalOf(next())
  assert.deepEqual([busy.code, busy.retryable], ['output_failed', true])
  await age(first, 2)
  const { Key, UploadId } = first
  await s3.uploadPart({ Bucket, Key, UploadId, PartNumber: 1, Body: 'just now' })
  assert.equal((await refusalOf(next())).code, 'output_failed', 'a part of it arrived just now')
  await age(first, 1.5, '1', 'modified')
  await next()
  assert.equal(await arriving(), 1)
  await age(second, 24 * 8)
  await inboxOf({ maxArriving: 9 }).reserve(upload('inbox/d'))
  assert.equal(await arriving(), 0)
})

test('what is begun at once is counted at once, before S3 lists it', async () => {
  const { reserve, release, aborted } = inboxOf({ maxArriving: 2 })
  const uploads = Array.from({ length: 20 }, (_, i) => upload(`inbox/r${i}`))
  const outcomes = await Promise.allSettled(
    uploads.map(async (one) => {
      await reserve(one)
      return one
    }),
  )
  const begun = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  assert.lengthOf(begun, 2)
  const [first, second] = begun
  release(first)
  await reserve(upload('inbox/released'))
  await s3.putObject({ Bucket, Key: second.key, Body: 'sealed' })
  await reserve(upload('inbox/whole'))
  assert.equal((await refusalOf(reserve(upload('inbox/x')))).code, 'output_failed')
  aborted('inbox/whole')
  await reserve(upload('inbox/x'))
  await s3.deleteObject({ Bucket, Key: second.key })
})

test('a disk that would be full is told before anything is sent', async () => {
  const full = await refusalOf(inboxOf().reserve(upload('inbox/a', 2 ** 60)))
  assert.equal(full.code, 'too_large')
  assert.notInclude(full.message, dir)
})

test('files of one PUT that nobody completes are bounded too', async () => {
  for (let i = 0; i < 5; i++) await s3.putObject({ Bucket, Key: `inbox/p${i}`, Body: 'sealed' })
  await inboxOf({ maxKept: 2 }).reserve(upload('inbox/a'))
  assert.lengthOf(await keysOf('inbox/'), 2)
  for (const Key of await keysOf('inbox/')) await s3.deleteObject({ Bucket, Key })
})

test('only what was found to be as announced gets a receipt, also after a restart', async () => {
  const [Key, other] = ['7', '8'].map((name) => `inbox/${name.repeat(22)}`)
  for (const one of [Key, other]) await s3.putObject({ Bucket, Key: one, Body: 'sealed' })
  const { asked, arrived } = inboxOf()
  for (const one of [Key, other]) await asked(one)
  assert.deepEqual(await keysOf('receipts/'), [])
  await arrived(Key)
  await s3.deleteObject({ Bucket, Key: `receipts/${Key}` })
  const again = inboxOf()
  await again.catchUp()
  await again.asked(other)
  assert.deepEqual(await keysOf('receipts/'), [`receipts/${Key}`])
  for (const one of [Key, other, `receipts/${Key}`]) await s3.deleteObject({ Bucket, Key: one })
})

test('whole files are kept until newer ones take their place, each with its receipt', async () => {
  const { arrived, lines } = inboxOf({ maxKept: 2 })
  const names = ['1', '2', '3'].map((name) => `inbox/${name.repeat(22)}`)
  for (const Key of names) {
    await s3.putObject({ Bucket, Key, Body: 'sealed' })
    await new Promise((resolve) => setTimeout(resolve, 5))
    await Promise.all([arrived(Key), arrived(Key)])
  }
  assert.deepEqual(await keysOf('inbox/'), names.slice(1))
  assert.deepEqual(
    await keysOf('receipts/'),
    names.slice(1).map((name) => `receipts/${name}`),
  )
  assert.lengthOf(lines, 3, 'each was read once')
})

test('of a bucket that was named nothing is removed or marked, and only receipts are written', async () => {
  const o = { isOwn: false, maxKept: 0, maxArriving: 0 }
  const { arrived, reserve, catchUp } = inboxOf(o)
  const Key = `inbox/${'4'.repeat(22)}`
  await s3.putObject({ Bucket, Key, Body: 'sealed', Tagging: 'a=b' })
  const found = await s3.headObject({ Bucket, Key })
  await reserve(upload(Key, 2 ** 60))
  await catchUp()
  await inboxOf({ ...o, companion: failing('malformed') }).arrived(Key)
  assert.include(await keysOf('inbox/'), Key)
  await arrived(Key)
  const later = await s3.headObject({ Bucket, Key })
  assert.deepEqual([later.ETag, later.TagCount], [found.ETag, 1])
  assert.include(await keysOf('receipts/'), `receipts/${Key}`)
})

test('what is no sealed file gets no receipt and is not kept; a store that fails keeps it', async () => {
  const Key = `inbox/${'5'.repeat(22)}`
  await s3.putObject({ Bucket, Key, Body: 'no sealed file' })
  await inboxOf({ companion: failing('source_failed') }).arrived(Key)
  assert.include(await keysOf('inbox/'), Key)
  await inboxOf({ companion: failing('malformed') }).arrived(Key)
  assert.notInclude(await keysOf('inbox/'), Key)
  assert.notInclude(await keysOf('receipts/'), `receipts/${Key}`)
  assert.isNotEmpty(await readdir(join(dir, Bucket, 'objects')))
})

test('a receipt that could not be signed is signed once somebody asks for it again', async () => {
  let times = 0
  const receiveFile = async () => {
    if (times++ === 0) throw Object.assign(new Error('busy'), { code: 'kms_unavailable' })
    return { receipt: 'a receipt' }
  }
  const { arrived, asked, lines } = inboxOf({ companion: { receiveFile } })
  const Key = `inbox/${'6'.repeat(22)}`
  await s3.putObject({ Bucket, Key, Body: 'sealed' })
  await arrived(Key)
  assert.notInclude(await keysOf('receipts/'), `receipts/${Key}`)
  for (let i = 0; i < 2; i++) await asked(Key)
  assert.include(await keysOf('receipts/'), `receipts/${Key}`)
  assert.deepEqual([times, lines.length], [2, 2])
})
