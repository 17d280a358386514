// The uploader by tus at moments that are easy to miss, and servers that say what is not so.
import { setTimeout as sleep } from 'node:timers/promises'
import { chunkSize, MiB, tusTools } from './tools.mjs'
import { fileOf, uppyTools } from './uppy.mjs'

const length = 3 * MiB + 123_457

/** @param {{ test: any, assert: any, world: () => any }} host */
export function uppyMomentsSuite({ test, assert, world }) {
  const { fresh, until, uppyOf, kept, add, sent, whole } = uppyTools({ assert, world })
  const { patches, posts, only } = tusTools({ assert, world })
  const deleted = () => world().front.requests.filter(({ method }) => method === 'DELETE')
  /** Says something else in the answers to a method. */
  const says = (wanted, said) => ({
    after: ({ method }, headers) => {
      if (method === wanted) Object.assign(headers, said)
    },
  })
  const errorsOf = (uppy) => {
    const errors = /** @type {any[]} */ ([])
    uppy.on('upload-error', (_, error) => errors.push(error))
    return errors
  }

  test('pauses one right after the other do not forget where the server has the file', async () => {
    const uppy = uppyOf()
    const made = fileOf(length)
    const id = add(uppy, made)
    fresh({ before: only(2) })
    const ended = uppy.upload()
    await until(() => patches().length === 3)
    fresh()
    for (let i = 0; i < 6; i++) uppy.pauseResume(id)
    await whole(await sent(ended), made)
    assert.lengthOf(posts(), 0)
    assert.equal(patches()[0].offset, 2 * chunkSize)
    uppy.destroy()
  })

  test('paused, or removed, before it has begun: nothing is sent', async () => {
    for (const isRemoved of [false, true]) {
      let open = () => {}
      const opened = new Promise((resolve) => (open = () => resolve(undefined)))
      const { o, ids } = await kept()
      const { records, ...other } = o()
      const list = (note) => opened.then(() => records.list?.(note))
      const uppy = uppyOf({ ...other, records: { ...records, list } })
      const made = fileOf(1_000)
      const id = add(uppy, made)
      fresh()
      const ended = uppy.upload()
      await sleep(50)
      if (isRemoved) uppy.removeFile(id)
      else uppy.pauseResume(id)
      open()
      await sleep(200)
      assert.lengthOf(world().front.requests, 0)
      if (!isRemoved) {
        uppy.pauseResume(id)
        await whole(await sent(ended), made)
      }
      await ended
      assert.deepEqual(await ids(), [])
      uppy.destroy()
    }
  })

  test('a file that is removed while the end is compared goes from the server too', async () => {
    const { o, ids, urls } = await kept()
    const first = uppyOf(o())
    const made = fileOf(length)
    add(first, made)
    const end = () => first.removePlugin(/** @type {any} */ (first.getPlugin('SealedTusUploader')))
    // its last piece arrived, and nobody heard the answer
    fresh({ after: ({ offset }) => offset === 3 * chunkSize && end() })
    await first.upload()
    const { url } = patches()[0]
    first.destroy()
    const { file } = made
    let isReading = false
    const slice = file.slice.bind(file)
    Object.assign(file, {
      slice: (...given) => {
        isReading = true
        const blob = slice(...given)
        const transform = async (chunk, controller) => {
          await sleep(100)
          controller.enqueue(chunk)
        }
        const stream = blob.stream().pipeThrough(new TransformStream({ transform }))
        return Object.assign(blob, { stream: () => stream })
      },
    })
    const uppy = uppyOf(o())
    const arrived = /** @type {unknown[]} */ ([])
    uppy.on('upload-success', (file_) => arrived.push(file_))
    const id = add(uppy, made)
    fresh()
    const ended = uppy.upload()
    await until(() => isReading)
    assert.lengthOf(patches(), 0, 'the server has it all')
    uppy.removeFile(id)
    await ended
    assert.lengthOf(deleted(), 1)
    assert.deepEqual([arrived, await ids(), await urls()], [[], [], []])
    const gone = await world()
      .front.stored(url)
      .catch(() => 'gone')
    assert.equal(gone, 'gone')
    uppy.destroy()
  })

  test('a server that names an address without TLS gets nothing there', async () => {
    fresh(says('POST', { location: 'http://files.example.com/files/1' }))
    const { o, urls } = await kept()
    const asked = /** @type {string[]} */ ([])
    const onBeforeRequest = (request) => void asked.push(request.getURL())
    const uppy = uppyOf({ ...o(), onBeforeRequest })
    const errors = errorsOf(uppy)
    const id = add(uppy, fileOf(10))
    await uppy.upload()
    assert.deepInclude(errors[0], { code: 'invalid_argument', retryable: false })
    assert.match(errors[0].message, /^url: expected https.* found http:\/\/files.example.com$/)
    assert.deepEqual(asked, [world().front.endpoint], 'nobody adds a token to it either')
    assert.deepEqual(await urls(), [])
    fresh()
    await sent(uppy.retryUpload(id))
    uppy.destroy()
  })

  test('a server that has more than the whole file: conflict, and the file begins anew', async () => {
    const { o, ids } = await kept()
    const uppy = uppyOf(o())
    const errors = errorsOf(uppy)
    const made = fileOf(1_000)
    const id = add(uppy, made)
    fresh(says('PATCH', { 'upload-offset': '9999999' }))
    await uppy.upload()
    assert.equal(errors[0].code, 'conflict')
    assert.deepEqual(await ids(), [])
    fresh()
    await whole(await sent(uppy.retryUpload(id)), made)
    uppy.destroy()
  })

  test('an address that the server forgot: the file is sent anew, and no address stays', async () => {
    const { o, ids, urls } = await kept()
    const uppy = uppyOf({ ...o(), retryDelays: null })
    const made = fileOf(length)
    const id = add(uppy, made)
    fresh({ before: (seen) => (patches().indexOf(seen) >= 2 ? 0 : undefined) })
    await uppy.upload()
    const address = new URL(patches()[0].url, world().front.endpoint)
    fresh()
    await fetch(address, { method: 'DELETE', headers: { 'tus-resumable': '1.0.0' } })
    await whole(await sent(uppy.retryUpload(id)), made)
    assert.lengthOf(posts(), 1)
    assert.deepEqual([await ids(), await urls()], [[], []])
    uppy.destroy()
  })

  test('two addresses of one file, as a pause can leave them: none stays', async () => {
    const { o, urls } = await kept()
    const uppy = uppyOf(o())
    const made = fileOf(length)
    const id = add(uppy, made)
    fresh({ before: only(2) })
    const ended = uppy.upload()
    await until(() => patches().length === 3)
    uppy.pauseResume(id)
    const { urlStorage } = o()
    const [key] = await urls()
    const [stored] = await urlStorage.findAllUploads()
    await urlStorage.addUpload(key.split('::')[1], stored)
    assert.lengthOf(await urls(), 2)
    fresh()
    uppy.pauseResume(id)
    await whole(await sent(ended), made)
    assert.deepEqual(await urls(), [])
    uppy.destroy()
  })

  test('files that are as long as whole pieces, and of one byte, arrive', async () => {
    fresh()
    const one = uppyOf()
    const tiny = fileOf(1)
    add(one, tiny)
    const body = await sent(one.upload())
    await whole(body, tiny)
    one.destroy()
    for (const size of [body.length, (body.length + 1) / 2, body.length + 1]) {
      const uppy = uppyOf({ chunkSize: Math.ceil(size) })
      const made = fileOf(1)
      add(uppy, made)
      await whole(await sent(uppy.upload()), made)
      uppy.destroy()
    }
    const two = uppyOf({ chunkSize: 64 })
    const made = fileOf(1 + (64 - (body.length % 64)))
    add(two, made)
    const exact = await sent(two.upload())
    await whole(exact, made)
    assert.equal(exact.length % 64, 0)
    two.destroy()
  })

  test('one file in two rows arrives twice, or says that it is under way', async () => {
    const { o, ids } = await kept()
    const uppy = uppyOf(o())
    const errors = errorsOf(uppy)
    const made = fileOf(length)
    const rows = ['a', 'b'].map((relativePath) =>
      uppy.addFile({ name: made.name, data: made.file, meta: { relativePath } }),
    )
    assert.lengthOf(new Set(rows), 2)
    fresh()
    const { successful, failed } = /** @type {any} */ (await uppy.upload())
    for (const { response } of successful) await whole(response.body, made)
    for (const { code } of errors) assert.equal(code, 'conflict')
    assert.equal(successful.length + failed.length, 2)
    assert.isAtLeast(successful.length, 1)
    if (failed.length > 0) await whole(await sent(uppy.retryUpload(failed[0].id)), made)
    assert.deepEqual(await ids(), [])
    uppy.destroy()
  })
}
