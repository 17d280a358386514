// The uploader by tus under the real core of Uppy: what arrives, what the server is told, and what
// Uppy is told.
import { randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import Uppy from '@uppy/core'
import * as tus from 'tus-js-client'
import { fileRecords } from 'sealdrop/fs'
import { sealForTus } from 'sealdrop/tus'
import { SealedTusUploader } from 'sealdrop/uppy'
import { mutatedBuild } from '../support/mutated-build.mjs'
import { amount } from '../support/soak.mjs'
import { chunkSize, MiB, tusTools } from './tools.mjs'
import { sha256 } from './world.mjs'

/** @type {any} its types lack the storage of URLs in files */
const { FileUrlStorage, Upload } = tus
const length = 6 * MiB + 123_457
const quiet = { debug() {}, warn() {}, error() {} }

/** A file of random bytes, as a page gets it. */
export function fileOf(size, name = 'a claim.pdf') {
  const bytes = randomBytes(size)
  const file = new File([bytes], name, { type: 'application/pdf', lastModified: 1_000 })
  return { file, name, hash: sha256(bytes) }
}

/** Keeps back what is read of a file behind its first bytes, until somebody opens. */
function gateOf(file) {
  let isReading = false
  let open = () => {}
  const opened = new Promise((resolve) => (open = () => resolve(undefined)))
  const slice = file.slice.bind(file)
  Object.assign(file, {
    slice: (...given) => {
      const blob = slice(...given)
      if (given[0] < 2 * MiB) return blob
      const transform = async (chunk, controller) => {
        isReading = true
        await opened
        controller.enqueue(chunk)
      }
      const stream = blob.stream().pipeThrough(new TransformStream({ transform }))
      return Object.assign(blob, { stream: () => stream })
    },
  })
  return { isReading: () => isReading, open }
}

/** What the tests of the uploader share. @param {{ assert: any, world: () => any }} host */
export function uppyTools({ assert, world }) {
  const { place, base, ...tools } = tusTools({ assert, world })
  /** A new Uppy with the uploader. */
  const uppyOf = (o = {}) =>
    new Uppy({ logger: quiet }).use(SealedTusUploader, {
      ...base(),
      Upload,
      chunkSize,
      retryDelays: [0, 0],
      ...o,
    })
  /** Where a page keeps what it needs to go on, and what is kept there. */
  const kept = async () => {
    const { folder, urls } = await place()
    return {
      o: () => ({ records: fileRecords(folder), urlStorage: new FileUrlStorage(urls) }),
      ids: () => readdir(folder).catch(() => []),
      urls: async () =>
        Object.keys(JSON.parse((await readFile(urls, 'utf8').catch(() => '')) || '{}')),
    }
  }
  const add = (uppy, { file, name }) => uppy.addFile({ name, type: file.type, data: file })
  /** What became of the only file. */
  const sent = async (ended) => {
    const { successful, failed } = /** @type {any} */ (await ended)
    assert.deepEqual(
      failed.map(({ error }) => error),
      [],
    )
    return successful[0].response.body
  }
  const whole = async (body, { hash, name }) => tools.arrived(body, body, { hash, name })
  return { ...tools, uppyOf, kept, add, sent, whole, base }
}

/** @param {{ test: any, assert: any, world: () => any }} host */
export function uppySuite({ test, assert, world }) {
  const { patches, posts, fresh, only, until, uppyOf, kept, add, sent, whole, base } = uppyTools({
    assert,
    world,
  })
  const deleted = () => world().front.requests.filter(({ method }) => method === 'DELETE')
  /** Ends each PATCH behind the first ones without an answer. */
  const cutAfter = (count) => (seen) =>
    seen.method === 'PATCH' && patches().indexOf(seen) >= count ? 0 : undefined

  test('files of 0 bytes, of one piece and of more arrive, and the server is told the sealed name only', async () => {
    fresh()
    const uppy = uppyOf()
    const files = [0, 1_000, length].map((size, i) => fileOf(size, `file ${i}.pdf`))
    for (const made of files) add(uppy, made)
    const { successful, failed } = /** @type {any} */ (await uppy.upload())
    assert.deepEqual([successful.length, failed.length], [3, 0])
    for (const [i, made] of files.entries()) {
      const { response, progress } = successful[i]
      const { names } = await whole(response.body, made)
      assert.deepEqual(names, ['sealdrop-name'])
      assert.isUndefined(response.uploadURL, 'nobody can look at it by an address')
      assert.equal(progress.bytesUploaded, response.body.length)
    }
    uppy.destroy()
  })

  test('a name that was given in Uppy is sealed, and none with name: false', async () => {
    for (const [o, name] of /** @type {const} */ ([
      [{}, 'renamed.pdf'],
      [{ name: false }, undefined],
    ])) {
      fresh()
      const uppy = uppyOf(o)
      const made = fileOf(10)
      add(uppy, made)
      uppy.setFileMeta(uppy.getFiles()[0]?.id ?? '', { name: 'renamed.pdf', secret: 'a' })
      await whole(await sent(uppy.upload()), { ...made, name })
      if (!name) assert.notProperty(posts()[0].headers, 'upload-metadata')
      uppy.destroy()
    }
  })

  test('a pause keeps all back, and a resume goes on where the server is', async () => {
    const uppy = uppyOf()
    const made = fileOf(length)
    const id = add(uppy, made)
    fresh({ before: only(3) })
    const ended = uppy.upload()
    await until(() => patches().length === 4)
    assert.isTrue(uppy.pauseResume(id))
    fresh()
    await sleep(300)
    assert.lengthOf(world().front.requests, 0)
    assert.isFalse(uppy.pauseResume(id))
    await whole(await sent(ended), made)
    assert.equal(patches()[0].offset, 3 * chunkSize)
    assert.lengthOf(posts(), 0)
    uppy.destroy()
  })

  test('a piece that was being sealed when it was paused does not leave', async () => {
    const uppy = uppyOf()
    const made = fileOf(length)
    const gate = gateOf(made.file)
    const id = add(uppy, made)
    fresh()
    const ended = uppy.upload()
    await until(gate.isReading)
    uppy.pauseResume(id)
    const before = patches().length
    gate.open()
    await sleep(300)
    assert.lengthOf(patches(), before)
    uppy.pauseResume(id)
    await whole(await sent(ended), made)
    uppy.destroy()
  })

  test('a build that does not keep it back would send it', async () => {
    const text = 'if (!isNow() && request'
    const mutant = await mutatedBuild('uppy/tus-sending.js', text, 'if (false && request')
    try {
      const { TusSending } = await import(new URL('uppy/tus-sending.js', mutant.build).href)
      const { file } = fileOf(length)
      const gate = gateOf(file)
      const { keys, context, endpoint } = base()
      const sealing = await sealForTus(keys, file, { context })
      fresh()
      const sending = new TusSending({ file, sealing, o: { Upload, endpoint, chunkSize } })
      await until(gate.isReading)
      sending.pause()
      const before = patches().length
      gate.open()
      await until(() => patches().length > before)
      await sending.cancel()
      assert.equal((await sending.done.catch((error) => error)).code, 'closed')
    } finally {
      await mutant.close()
    }
  })

  const pauses = amount({ part: 10, whole: 100 })
  test(`${pauses} pauses at moments that are drawn: the file arrives whole, by one message`, async () => {
    const { o, ids, urls } = await kept()
    const uppy = uppyOf({ chunkSize: MiB / 4, ...o() })
    const made = fileOf(length)
    const id = add(uppy, made)
    fresh()
    let isOver = false
    const ended = uppy.upload().finally(() => (isOver = true))
    for (let i = 0; i < pauses && !isOver; i++) {
      await sleep(Math.random() * 20)
      uppy.pauseResume(id)
      if (i % 2) await sleep(Math.random() * 20)
      uppy.pauseResume(id)
    }
    const body = await sent(ended)
    await whole(body, made)
    assert.deepEqual([await ids(), await urls()], [[], []])
    uppy.destroy()
  })

  test('pauseAll and resumeAll reach every file, also one that waits for its turn', async () => {
    const uppy = uppyOf({ filesInFlight: 1 })
    for (const name of ['a.pdf', 'b.pdf']) add(uppy, fileOf(100, name))
    fresh({ before: only(0) })
    const ended = uppy.upload()
    await until(() => patches().length === 1)
    uppy.pauseAll()
    fresh()
    await sleep(200)
    assert.lengthOf(world().front.requests, 0)
    uppy.resumeAll()
    assert.lengthOf(/** @type {any} */ (await ended).successful, 2)
    uppy.destroy()
  })

  test('a file that failed goes on when it is tried again, with the same message', async () => {
    const { o, ids, urls } = await kept()
    const uppy = uppyOf({ ...o(), retryDelays: null })
    const made = fileOf(length)
    const id = add(uppy, made)
    const errors = []
    uppy.on('upload-error', (_, error) => errors.push(error))
    fresh({ before: cutAfter(3) })
    const { failed } = /** @type {any} */ (await uppy.upload())
    assert.lengthOf(failed, 1)
    assert.deepInclude(errors[0], { code: 'output_failed', retryable: true })
    assert.match(errors[0].message, /^tus: failed to upload chunk at offset 3145728$/)
    const [record] = await ids()
    fresh()
    const body = await sent(uppy.retryUpload(id))
    await whole(body, made)
    assert.include(record, body.messageId)
    assert.lengthOf(posts(), 0)
    assert.equal(patches()[0].offset, 3 * chunkSize)
    assert.deepEqual([await ids(), await urls()], [[], []])
    uppy.destroy()
  })

  test('what the server refuses is told with its status, and is not tried again', async () => {
    fresh()
    const uppy = uppyOf({ headers: { 'Tus-Resumable': '0.1.0' } })
    add(uppy, fileOf(10))
    const errors = []
    uppy.on('upload-error', (_, error) => errors.push(error))
    await uppy.upload()
    assert.deepInclude(errors[0], { code: 'output_failed', retryable: false })
    assert.match(
      errors[0].message,
      /^tus: unexpected response while creating upload: found status 4\d\d, /,
    )
    assert.isUndefined(errors[0].cause, 'it would hold the headers')
    assert.lengthOf(world().front.requests, 1)
    uppy.destroy()
  })

  for (const [name, cancel] of Object.entries({
    removeFile: (uppy, id) => uppy.removeFile(id),
    cancelAll: (uppy) => uppy.cancelAll(),
  }))
    test(`${name} in the middle: the server forgets it, and nothing is kept`, async () => {
      const { o, ids, urls } = await kept()
      const uppy = uppyOf(o())
      const id = add(uppy, fileOf(length))
      const errors = []
      uppy.on('upload-error', (_, error) => errors.push(error))
      fresh({ before: only(2) })
      const ended = uppy.upload()
      await until(() => patches().length === 3)
      assert.deepEqual([(await ids()).length, (await urls()).length], [1, 1])
      cancel(uppy, id)
      await ended
      await until(() => deleted().length === 1)
      const [{ url }] = patches()
      assert.deepEqual([await ids(), await urls(), errors], [[], [], []])
      const gone = await world()
        .front.stored(url)
        .then(
          ({ length: left }) => left,
          () => 'gone',
        )
      assert.equal(gone, 'gone')
      uppy.destroy()
    })

  test('clear, of which Uppy tells nobody, ends the upload with its next bytes', async () => {
    const { o, ids } = await kept()
    const uppy = uppyOf(o())
    add(uppy, fileOf(length))
    fresh({ before: ({ method }) => (method === 'PATCH' ? sleep(50) : undefined) })
    const ended = uppy.upload().catch(() => {}) // Uppy's own: it reads files that are gone
    await until(() => patches().length === 2)
    uppy.clear()
    await ended
    await until(() => deleted().length === 1)
    assert.deepEqual(await ids(), [])
    assert.isBelow(patches().length, 6)
    uppy.destroy()
  })

  test('an uploader that is removed ends what is under way; the same file goes on in another one', async () => {
    const { o, ids } = await kept()
    const first = uppyOf(o())
    const made = fileOf(length)
    add(first, made)
    fresh({ before: only(3) })
    const ended = first.upload()
    await until(() => patches().length === 4)
    first.removePlugin(/** @type {any} */ (first.getPlugin('SealedTusUploader')))
    const { failed } = /** @type {any} */ (await ended)
    assert.include(failed[0].error, 'removed')
    assert.lengthOf(deleted(), 0)
    assert.lengthOf(await ids(), 1)
    first.destroy()
    fresh()
    const uppy = uppyOf(o())
    await sleep(100)
    assert.lengthOf(uppy.getFiles(), 0, 'nothing is asked for')
    add(uppy, made)
    await whole(await sent(uppy.upload()), made)
    assert.lengthOf(posts(), 0)
    assert.equal(patches()[0].offset, 3 * chunkSize)
    uppy.destroy()
  })
}
