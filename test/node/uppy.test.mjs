// The uploader for Uppy under the real core: what arrives, what Uppy is told, and what it says.
import test from 'node:test'
import Uppy from '@uppy/core'
import { assert } from 'chai'
import { sealedLength, sealStream } from 'sealdrop'
import { unfinishedUploads } from 'sealdrop/upload'
import { fails } from '../support/host.js'
import { context, fileOf, MiB, partLength, until, worldOfTests } from '../support/uppy-world.mjs'

const world = await worldOfTests()

/** The only file of Uppy. */
const only = (uppy) => uppy.getFiles()[0]
/** Keeps parts back until the answer is called; whoever pauses or cancels goes. */
function keepBack(from = 1) {
  let letGo = () => {}
  const open = new Promise((resolve) => {
    letGo = () => resolve(undefined)
  })
  world.sent.before = ({ part }, signal) =>
    part < from
      ? undefined
      : Promise.race([
          open,
          new Promise((_, reject) => {
            signal?.addEventListener('abort', () => reject(signal.reason))
          }),
        ])
  return letGo
}

test('files of 0 bytes, of one part and of several arrive with their names', async () => {
  const uppy = world.uppyOf({ partLength })
  const made = [0, 1_000, 12 * MiB].map((length, i) => fileOf(length, `file ${i}.pdf`))
  uppy.addFiles(made.map(({ file }) => ({ name: file.name, type: file.type, data: file })))
  const { successful, failed } = /** @type {any} */ (await uppy.upload())
  assert.deepEqual([successful.length, failed.length], [3, 0])
  for (const [i, { hash }] of made.entries()) {
    const { response, progress } = successful[i]
    const { hash: found, name } = await world.opened(response.body.key)
    assert.equal(found, hash)
    assert.deepEqual(name, { name: `file ${i}.pdf`, type: 'application/pdf' })
    assert.isTrue(progress.uploadComplete)
    assert.isUndefined(response.uploadURL, 'nobody can look at it by an address')
  }
  uppy.destroy()
})

test('a name that was given in Uppy is sealed, and none with name: false', async () => {
  for (const [o, expected] of [
    [{}, { name: 'renamed.pdf', type: 'application/pdf' }],
    [{ name: false }, undefined],
  ]) {
    const uppy = world.uppyOf(o)
    uppy.addFile({ name: 'a.pdf', type: 'application/pdf', data: fileOf(10).file })
    uppy.setFileMeta(only(uppy).id, { name: 'renamed.pdf' })
    const { successful } = /** @type {any} */ (await uppy.upload())
    assert.deepEqual((await world.opened(successful[0].response.body.key)).name, expected)
    uppy.destroy()
  }
})

test('the context is asked for each file', async () => {
  const asked = []
  const uppy = world.uppyOf({
    context: (file) => {
      asked.push([file.name, file.size])
      return context
    },
  })
  uppy.addFile({ name: 'a.pdf', data: fileOf(10).file })
  assert.lengthOf(/** @type {any} */ (await uppy.upload()).successful, 1)
  assert.deepEqual(asked, [['a.pdf', 10]])
  uppy.destroy()
})

test('a pause stops the parts, and a resume goes on with what is missing', async () => {
  const uppy = world.uppyOf({ partLength })
  const { file, hash } = fileOf(22 * MiB)
  uppy.addFile({ name: file.name, data: file })
  const letGo = keepBack(2)
  const ended = uppy.upload()
  await until(() => world.sent.parts.length >= 4 && world.sent.stored.includes(1))
  assert.isTrue(uppy.pauseResume(only(uppy).id))
  letGo()
  const sent = world.sent.parts.length
  await new Promise((resolve) => {
    setTimeout(resolve, 300)
  })
  assert.equal(world.sent.parts.length, sent, 'nothing is sent while it is paused')
  world.sent.before = undefined
  assert.isFalse(uppy.pauseResume(only(uppy).id))
  const { successful } = /** @type {any} */ (await ended)
  assert.equal((await world.opened(successful[0].response.body.key)).hash, hash)
  assert.equal(world.sent.parts.filter((part) => part === 1).length, 1, 'part 1 was there')
  uppy.destroy()
})

test('pauseAll and resumeAll reach every file, also one that waits for its turn', async () => {
  const uppy = world.uppyOf({ filesInFlight: 1 })
  for (const name of ['a.pdf', 'b.pdf']) uppy.addFile({ name, data: fileOf(100, name).file })
  const letGo = keepBack()
  const ended = uppy.upload()
  await until(() => world.sent.parts.length === 1)
  uppy.pauseAll()
  letGo()
  world.forget()
  await new Promise((resolve) => {
    setTimeout(resolve, 200)
  })
  assert.lengthOf(world.sent.parts, 0)
  uppy.resumeAll()
  assert.lengthOf(/** @type {any} */ (await ended).successful, 2)
  uppy.destroy()
})

test('a file that failed goes on when it is tried again, and is sealed once', async () => {
  const records = world.records()
  const uppy = world.uppyOf({ partLength, records })
  const { file, hash } = fileOf(22 * MiB)
  uppy.addFile({ name: file.name, data: file })
  world.sent.before = ({ part }) => part === 4 && Promise.reject(new Error('made up for a test'))
  const { failed } = /** @type {any} */ (await uppy.upload())
  assert.include(failed[0].error, 'made up')
  const [{ messageId }] = await unfinishedUploads(records)
  world.forget()
  const { successful } = /** @type {any} */ (await uppy.retryUpload(failed[0].id))
  const { body } = successful[0].response
  assert.equal(body.messageId, messageId, 'the same message, and no sealed file sealed again')
  assert.notInclude(world.sent.ops, 'begin')
  assert.equal((await world.opened(body.key)).hash, hash)
  assert.deepEqual(await unfinishedUploads(records), [])
  uppy.destroy()
})

for (const [name, cancel] of Object.entries({
  removeFile: (uppy) => uppy.removeFile(only(uppy).id),
  cancelAll: (uppy) => uppy.cancelAll(),
  clear: (uppy) => uppy.clear(),
}))
  test(`${name} in the middle ends the upload, its parts and its record`, async () => {
    const records = world.records()
    const uppy = world.uppyOf({ partLength, records })
    const { file } = fileOf(22 * MiB)
    uppy.addFile({ name: file.name, data: file })
    const letGo = keepBack(2)
    const errors = []
    uppy.on('upload-error', (_, error) => errors.push(error))
    const ended = uppy.upload()
    await until(() => world.sent.parts.length >= 3)
    cancel(uppy)
    letGo()
    await ended.catch((error) => assert.equal(name, 'clear', error)) // Uppy's own: it reads files that are gone
    await until(() => world.sent.ops.includes('abort'), 'the handler is told')
    assert.notInclude(world.sent.ops, 'complete')
    assert.deepEqual(await unfinishedUploads(records), [])
    assert.deepEqual(errors, [], 'to cancel is no failure')
    uppy.destroy()
  })

test('a file that is removed while it waits for its turn is never begun', async () => {
  const uppy = world.uppyOf({ filesInFlight: 1 })
  for (const name of ['a.pdf', 'b.pdf']) uppy.addFile({ name, data: fileOf(100, name).file })
  const letGo = keepBack()
  const ended = uppy.upload()
  await until(() => world.sent.parts.length === 1)
  uppy.removeFile(uppy.getFiles()[1].id)
  letGo()
  assert.lengthOf(/** @type {any} */ (await ended).successful, 1)
  assert.equal(world.sent.ops.filter((op) => op === 'begin').length, 1)
  uppy.destroy()
})

test('a file that cannot be sealed is not sent, and says why', async () => {
  const rows = {
    'keys that cannot be fetched': {
      keys: {
        keys: () => Promise.reject(new Error('no keys')),
      },
    },
    'a context that nobody can bind': { context: () => ({ claim: 7 }) },
  }
  for (const [name, o] of Object.entries(rows)) {
    const uppy = world.uppyOf(/** @type {any} */ (o))
    uppy.addFile({ name: 'a.pdf', data: fileOf(10).file })
    const { failed, successful } = /** @type {any} */ (await uppy.upload())
    assert.deepEqual([failed.length, successful.length], [1, 0], name)
    assert.isNotEmpty(failed[0].error, name)
    assert.deepEqual([world.sent.ops, world.sent.parts], [[], []], name)
    uppy.destroy()
  }
})

test('a remote file is refused: Companion would hold it as it is', async () => {
  const uppy = world.uppyOf()
  const remote = { companionUrl: 'https://c.example', requestClientId: 'a', url: '/a' }
  uppy.addFile(/** @type {any} */ ({ name: 'a.pdf', isRemote: true, remote, data: { size: 10 } }))
  const { failed } = /** @type {any} */ (await uppy.upload())
  assert.include(failed[0].error, 'Companion')
  assert.deepEqual(world.sent.ops, [])
  uppy.destroy()
})

test('an uploader that is removed ends what is under way, and keeps its record', async () => {
  const records = world.records()
  const uppy = world.uppyOf({ partLength, records })
  const { file } = fileOf(22 * MiB)
  uppy.addFile({ name: file.name, data: file })
  keepBack(2)
  const ended = uppy.upload()
  await until(() => world.sent.parts.length >= 3)
  uppy.removePlugin(/** @type {any} */ (uppy.getPlugin('SealedUploader')))
  const { failed } = /** @type {any} */ (await ended)
  assert.include(failed[0].error, 'removed')
  assert.notInclude(world.sent.ops, 'abort')
  assert.lengthOf(await unfinishedUploads(records), 1)
  uppy.destroy()
})

test('a listener that throws makes of a file that arrived none that failed, and stops no other', async () => {
  for (const [event, o, expected] of /** @type {const} */ ([
    ['upload-success', {}, [2, 0]],
    ['upload-error', { context: () => ({ claim: 7 }) }, [0, 2]],
  ])) {
    const uppy = world.uppyOf(/** @type {any} */ (o))
    for (const name of ['a.pdf', 'b.pdf']) uppy.addFile({ name, data: fileOf(10, name).file })
    const errors = []
    uppy.on('upload-error', (_, error) => errors.push(error))
    uppy.on(event, () => {
      throw new Error('made up for a test')
    })
    const { successful, failed } = /** @type {any} */ (await uppy.upload())
    assert.deepEqual([successful.length, failed.length], expected, event)
    assert.lengthOf(errors, expected[1], event)
    uppy.destroy()
  }
})

test('whatever a context function throws is an error of its file', async () => {
  for (const thrown of ['a text', undefined, null]) {
    const uppy = world.uppyOf({
      context: () => {
        throw thrown
      },
    })
    uppy.addFile({ name: 'a.pdf', data: fileOf(10).file })
    const { failed } = /** @type {any} */ (await uppy.upload())
    assert.include(failed[0]?.error, String(thrown))
    uppy.destroy()
  }
})

test('options that change later are checked as the first were; those of Uppy are passed over', async () => {
  const uppy = world.uppyOf()
  const plugin = /** @type {any} */ (uppy.getPlugin('SealedUploader'))
  const rows = [{ nme: false }, { name: 'a' }, { filesInFlight: 9 }, { keys: null }, { context: 7 }]
  for (const o of rows) await fails(assert, async () => plugin.setOptions(o), 'invalid_argument')
  uppy.setOptions({ locale: { strings: {}, pluralize: () => 0 }, meta: { a: 'b' } })
  plugin.setOptions({ name: false, filesInFlight: 1 })
  for (const name of ['a.pdf', 'b.pdf']) uppy.addFile({ name, data: fileOf(100, name).file })
  const letGo = keepBack()
  const ended = uppy.upload()
  await until(() => world.sent.parts.length === 1)
  assert.equal(world.sent.ops.filter((op) => op === 'begin').length, 1, 'one at a time')
  letGo()
  const { successful } = /** @type {any} */ (await ended)
  assert.isUndefined((await world.opened(successful[1].response.body.key)).name)
  uppy.destroy()
})

test('an option that is wrong is refused at once', async () => {
  const rows = [
    { names: 1 },
    { name: 'a' },
    { filesInFlight: 9 },
    { keys: 'a' },
    { context: { claim: 7 } },
  ]
  for (const o of rows)
    await fails(assert, async () => world.uppyOf(/** @type {any} */ (o)), 'invalid_argument')
})

for (const [name, again] of /** @type {const} */ ([
  ['is refused', false],
  ['seals it twice where it was told to', true],
]))
  test(`why it is no preprocessor: on a retry one gets what it sealed before, and ${name}`, async () => {
    const { keys } = world.options
    const uppy = new Uppy({ logger: { debug() {}, warn() {}, error() {} } })
    const sizes = []
    uppy.addPreProcessor(async ([id = '']) => {
      const { data } = /** @type {any} */ (uppy.getFile(id))
      const o = { context, length: data.size, again }
      const { readable } = await sealStream(keys, data.stream(), o)
      uppy.setFileState(id, { data: await new Response(readable).blob() })
    })
    uppy.addUploader(async ([id = '']) => {
      const file = uppy.getFile(id)
      sizes.push(file.data?.size)
      if (sizes.length === 1) uppy.emit('upload-error', file, new Error('made up for a test'))
    })
    uppy.addFile({ name: 'a.pdf', data: fileOf(1_000).file })
    await uppy.upload()
    const retried = uppy.retryAll()
    if (again) await retried
    else await fails(assert, () => retried, 'invalid_argument', /twice/)
    const [once, twice] = sizes
    assert.equal(once, await sealedLength(keys, 1_000, { context }))
    assert.equal(twice, again ? await sealedLength(keys, once, { context }) : undefined)
    uppy.destroy()
  })
