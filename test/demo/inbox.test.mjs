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
const begin = (Key) => s3.createMultipartUpload({ Bucket, Key })
const keysOf = async (Prefix) => {
  const { Contents = [] } = await s3.listObjectsV2({ Bucket, Prefix })
  return Contents.map(({ Key = '' }) => Key)
}
/**
 * Makes an upload so many hours older.
 *
 * @param {{ UploadId?: string }} upload
 */
async function age({ UploadId = '' }, hours) {
  const path = join(dir, Bucket, 'uploads', UploadId, 'upload.json')
  const upload = JSON.parse(await readFile(path, 'utf8'))
  await writeFile(path, JSON.stringify({ ...upload, initiated: Date.now() - hours * 3_600_000 }))
}
const arriving = async () => (await s3.listMultipartUploads({ Bucket })).Uploads?.length ?? 0

test('incomplete files are bounded: the next one waits, what was begun an hour ago gives way, what is old goes', async () => {
  const { makeRoom } = inboxOf({ maxArriving: 2 })
  await makeRoom(10)
  const first = await begin('inbox/a')
  const second = await begin('inbox/b')
  const busy = await refusalOf(makeRoom(10))
  assert.deepEqual([busy.code, busy.retryable], ['output_failed', true])
  await age(first, 2)
  await makeRoom(10)
  assert.equal(await arriving(), 1)
  await age(second, 24 * 8)
  await inboxOf({ maxArriving: 9 }).makeRoom(10)
  assert.equal(await arriving(), 0)
})

test('a disk that would be full is told before anything is sent', async () => {
  const { makeRoom } = inboxOf()
  const full = await refusalOf(makeRoom(2 ** 60))
  assert.equal(full.code, 'too_large')
  assert.notInclude(full.message, dir)
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

test('a bucket that was named is not kept small, and nothing of it is removed', async () => {
  const { arrived, makeRoom, catchUp } = inboxOf({ isOwn: false, maxKept: 0, maxArriving: 0 })
  const Key = `inbox/${'4'.repeat(22)}`
  await s3.putObject({ Bucket, Key, Body: 'sealed' })
  await makeRoom(2 ** 60)
  await catchUp()
  await arrived(Key)
  assert.include(await keysOf('inbox/'), Key)
})

test('what is no sealed file gets no receipt and is not kept; a store that fails keeps it', async () => {
  const failing = (code) => ({
    examine: async () => {
      throw Object.assign(new Error(code), { code })
    },
  })
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
  const { arrived, lines } = inboxOf({ companion: { receiveFile } })
  const Key = `inbox/${'6'.repeat(22)}`
  await s3.putObject({ Bucket, Key, Body: 'sealed' })
  await arrived(Key)
  assert.notInclude(await keysOf('receipts/'), `receipts/${Key}`)
  for (let i = 0; i < 2; i++) await arrived(Key)
  assert.include(await keysOf('receipts/'), `receipts/${Key}`)
  assert.deepEqual([times, lines.length], [2, 2])
})
