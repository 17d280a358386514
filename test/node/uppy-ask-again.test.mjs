// What the uploader asks for again after a reload: rows without content, until the file is chosen.
import test from 'node:test'
import { assert } from 'chai'
import { unfinishedUploads } from 'sealdrop/upload'
import { fileOf, MiB, partLength, until, worldOfTests } from '../support/uppy-world.mjs'

const world = await worldOfTests()

/** Sends two parts of a file, and goes away as a page does that is reloaded. */
async function interrupted(records, o = {}) {
  const uppy = world.uppyOf({ partLength, records, ...o })
  const made = fileOf(22 * MiB)
  uppy.addFile({ name: made.file.name, type: made.file.type, data: made.file })
  world.sent.before = ({ part }, signal) =>
    part > 2 &&
    new Promise((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason))
    })
  const ended = uppy.upload()
  await until(() => world.sent.parts.length >= 5)
  uppy.removePlugin(/** @type {any} */ (uppy.getPlugin('SealedUploader')))
  await ended
  world.forget()
  return made
}
const rows = (uppy) => uppy.getFiles().filter(({ isGhost }) => isGhost)
/** A page that was loaded again, with what it asks for. */
async function reloaded(records, o = {}, expected = 1) {
  const uppy = world.uppyOf({ partLength, records, ...o })
  if (expected > 0) await until(() => rows(uppy).length === expected)
  else
    await new Promise((resolve) => {
      setTimeout(resolve, 300)
    })
  assert.lengthOf(rows(uppy), expected)
  return uppy
}

test('the row goes when the same file is chosen, and the upload goes on', async () => {
  const records = world.records()
  const { file, hash } = await interrupted(records)
  const [{ messageId }] = await unfinishedUploads(records)
  const uppy = await reloaded(records)
  const [row] = rows(uppy)
  assert.deepEqual([row?.name, row?.size], ['report.pdf', 22 * MiB])
  assert.exists(uppy.getState().recoveredState)
  uppy.addFile({ name: 'other.pdf', data: fileOf(10, 'other.pdf').file })
  assert.lengthOf(rows(uppy), 1, 'another file changes nothing')
  uppy.addFile({ name: file.name, type: file.type, data: file })
  assert.deepEqual([rows(uppy).length, uppy.getState().recoveredState], [0, null])
  const { successful } = /** @type {any} */ (await uppy.upload())
  const { body } = successful.find(({ name }) => name === file.name).response
  assert.equal(body.messageId, messageId)
  assert.equal((await world.opened(body.key)).hash, hash)
  assert.notInclude(world.sent.parts.slice(1), 2, 'what was there is not sent again')
  assert.deepEqual(await unfinishedUploads(records), [])
  uppy.destroy()
})

test('a row that is removed ends its upload; a page that goes away ends none', async () => {
  const records = world.records()
  await interrupted(records)
  const first = await reloaded(records)
  first.destroy()
  assert.lengthOf(await unfinishedUploads(records), 1)
  const uppy = await reloaded(records)
  uppy.removeFile(rows(uppy)[0]?.id ?? '')
  assert.isNull(uppy.getState().recoveredState)
  await until(() => world.sent.ops.includes('abort'))
  for (let i = 0; i < 100 && (await unfinishedUploads(records)).length > 0; i++)
    await new Promise((resolve) => {
      setTimeout(resolve, 10)
    })
  assert.deepEqual(await unfinishedUploads(records), [])
  uppy.destroy()
})

test('a row cannot be sent: it fails, and says to choose the file', async () => {
  const records = world.records()
  await interrupted(records)
  const uppy = await reloaded(records)
  const { failed, successful } = /** @type {any} */ (await uppy.upload())
  assert.deepEqual([failed.length, successful.length], [1, 0])
  assert.include(failed[0].error, 'choose the file again')
  assert.deepEqual(world.sent.ops, [])
  uppy.destroy()
})

test('without a name a row is known by size and time', async () => {
  const records = world.records()
  const { file } = await interrupted(records, { name: false })
  const uppy = await reloaded(records, { name: false })
  assert.equal(rows(uppy)[0]?.name, 'unnamed')
  uppy.addFile({ name: file.name, data: file })
  assert.lengthOf(rows(uppy), 0)
  uppy.destroy()
})

test('what cannot go on here is not asked for', async () => {
  const records = world.records()
  await interrupted(records)
  const { transport } = world.options
  for (const o of [
    { resume: false },
    { context: { claim: '8' } },
    { transport: { ...transport, url: 'https://other.example.com/' } },
    { link: { token: 'a.b.c' } },
  ])
    (await reloaded(records, o, 0)).destroy()
  const uppy = await reloaded(records, { context: () => world.options.context })
  uppy.destroy()
})

test('a row is there once, whoever adds the file before the records are read', async () => {
  const records = world.records()
  const { file } = await interrupted(records)
  const uppy = world.uppyOf({ partLength, records })
  uppy.addFile({ name: file.name, data: file })
  await new Promise((resolve) => {
    setTimeout(resolve, 300)
  })
  assert.deepEqual([uppy.getFiles().length, rows(uppy).length], [1, 0])
  assert.isNull(uppy.getState().recoveredState)
  uppy.destroy()
})

test('an uploader that is removed takes its rows along, and leaves their records', async () => {
  const records = world.records()
  await interrupted(records)
  const uppy = await reloaded(records)
  uppy.removePlugin(/** @type {any} */ (uppy.getPlugin('SealedUploader')))
  assert.deepEqual([rows(uppy), uppy.getState().recoveredState], [[], null])
  const early = world.uppyOf({ partLength, records })
  early.removePlugin(/** @type {any} */ (early.getPlugin('SealedUploader')))
  await new Promise((resolve) => {
    setTimeout(resolve, 300)
  })
  assert.deepEqual([rows(early), early.getState().recoveredState], [[], null])
  assert.lengthOf(await unfinishedUploads(records), 1)
})
