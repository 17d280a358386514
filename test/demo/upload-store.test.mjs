// Where the companion keeps files, without a server: bounds on what is incomplete, and what the
// disk does wrong.
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { createUploads } from '../../demo/uploads.mjs'
import { refusalOf } from './refusal.mjs'

/** @type {string} */
let dir

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sealdrop-upload-store-'))
})
after(() => rm(dir, { recursive: true }))

const anId = () => randomBytes(32).toString('base64url')

test('incomplete files are bounded: the next one waits, what was left for an hour gives way, what is old goes', async () => {
  const folder = join(dir, 'bounded')
  const limits = { dir: folder, maxLength: 100, maxArriving: 2, maxKept: 1 }
  const uploads = createUploads(limits)
  const ids = [anId(), anId(), anId()]
  const age = (id, hours) =>
    utimes(join(folder, id, 'arrived'), new Date(), new Date(Date.now() - hours * 3_600_000))
  await Promise.all([uploads.begin(ids[0], 10), uploads.begin(ids[0], 10)])
  await uploads.begin(ids[1], 10)
  assert.strictEqual((await refusalOf(uploads.begin(ids[2], 10))).code, 'busy')
  assert.strictEqual((await refusalOf(uploads.begin(anId(), 101))).code, 'too_large')
  await age(ids[0], 2)
  const again = createUploads(limits)
  await again.begin(ids[2], 10)
  assert.strictEqual((await refusalOf(again.state(ids[0]))).code, 'not_found')
  await age(ids[1], 24 * 8)
  await age(ids[2], 24 * 8)
  const later = createUploads(limits)
  for (const id of [anId(), anId()]) {
    await later.begin(id, 10)
    await later.put(id, 0, 10, [new Uint8Array(10)])
    await later.finish(id, async () => ({ any: 'facts' }))
  }
  assert.strictEqual((await readdir(folder)).length, 1, 'of whole files the newest are kept')
})

test('what the disk does wrong is told without its paths', async () => {
  const file = join(dir, 'no-folder')
  await writeFile(file, '')
  const { code, message } = await refusalOf(createUploads({ dir: file }).begin(anId(), 10))
  assert.strictEqual(code, 'storage_failed')
  assert.match(message, /EEXIST|ENOTDIR/)
  const uploads = createUploads({ dir: join(dir, 'lost') })
  const id = anId()
  await uploads.begin(id, 10)
  await rm(join(dir, 'lost', id), { recursive: true })
  assert.strictEqual(
    (await refusalOf(uploads.put(id, 0, 10, [new Uint8Array(10)]))).code,
    'not_found',
  )
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
    code: 'ENOSPC',
    syscall: 'write',
  })
  const next = anId()
  await uploads.begin(next, 10)
  const failing = new ReadableStream({ pull: (controller) => controller.error(full) })
  assert.strictEqual((await refusalOf(uploads.put(next, 0, 10, failing))).code, 'no_space')
})
