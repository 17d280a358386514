// Uploads by tus-js-client to a server of tus, from end to end.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { fileRecords, fileSource } from 'sealdrop/fs'
import { found, tracesOf } from '../support/plaintext.mjs'
import { chunkSize, memory, MiB, prepared, tusTools } from './tools.mjs'
import { context } from './world.mjs'

const length = 6 * MiB + 123_457
const sender = fileURLToPath(new URL('sender.mjs', import.meta.url))

/** @param {{ test: any, assert: any, world: () => any }} host */
export function uploadsSuite({ test, assert, world }) {
  const { patches, posts, fresh, place, base, only, until, arrived } = tusTools({
    assert,
    world,
  })

  test('files of 0 bytes, of one chunk and of more arrive as they were, with their sealed name', async () => {
    for (const size of [0, 1, chunkSize, length]) {
      fresh()
      const { path, hash } = await world().file(size)
      const made = await prepared(await fileSource(path), { ...base(), name: 'a claim.bin' })
      const told = await made.sent()
      assert.equal(told.messageId, made.sealing.messageId)
      const { names } = await arrived(made.upload, told, { hash, name: 'a claim.bin' })
      assert.deepEqual(names, ['sealdrop-name'])
      assert.lengthOf(patches(), Math.ceil(told.length / chunkSize))
      for (const { headers } of patches()) assert.isString(headers['content-length'])
    }
  })

  test('without a name there is no metadata, and without records no URL is stored', async () => {
    fresh()
    const { urls } = await place()
    const { bytes, hash } = await world().file(5)
    const file = new File([bytes], 'secret.txt')
    const { upload, sent } = await prepared(file, { ...base(), urls, name: false })
    await arrived(upload, await sent(), { hash, name: undefined })
    assert.notProperty(posts()[0].headers, 'upload-metadata')
    assert.isUndefined(await stat(urls).catch(() => undefined), 'nobody could go on')
  })

  test('abort and start go on in one session, and nothing that arrived is sent again', async () => {
    const { bytes, hash } = await world().file(length)
    fresh({ before: only(3) })
    const { upload, sent } = await prepared(memory(bytes), { ...base(), name: 'a' })
    void sent()
    await until(() => patches().length === 4)
    await upload.abort()
    fresh()
    await arrived(upload, await sent(), { hash, name: 'a' })
    assert.equal(patches()[0].offset, 3 * chunkSize)
  })

  test('a process that is killed in the middle: another one goes on, and keeps nothing', async () => {
    const { path, hash } = await world().file(length)
    const { folder, urls } = await place()
    const { jwks, front } = world()
    const o = { path, folder, urls, jwks, context, endpoint: front.endpoint }
    const run = () =>
      spawn(process.execPath, ['--no-warnings', sender], {
        env: { ...process.env, SENDER: JSON.stringify(o) },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
    fresh({ before: only(3) })
    const first = run()
    await until(() => patches().length === 4)
    first.kill('SIGKILL')
    await once(first, 'exit')
    fresh()
    const second = run()
    const [[line], [status]] = await Promise.all([
      once(second.stdout, 'data'),
      once(second, 'exit'),
    ])
    assert.equal(status, 0)
    const told = JSON.parse(line)
    await arrived(told, told, { hash, name: 'claim.bin' })
    assert.lengthOf(posts(), 0)
    assert.equal(patches()[0].offset, 3 * chunkSize)
    assert.deepEqual(await readdir(folder), [])
    assert.deepEqual(JSON.parse(await readFile(urls, 'utf8')), {})
  })

  test('a chunk of which the server kept a part: the rest goes on in the middle of a frame', async () => {
    const { bytes, hash } = await world().file(length)
    const cuts = [1_000, 300_001]
    const before = ({ method, offset }) =>
      method === 'PATCH' && offset > chunkSize ? cuts.shift() : undefined
    fresh({ before })
    const { upload, sent } = await prepared(memory(bytes), { ...base(), name: 'a' })
    await arrived(upload, await sent(), { hash, name: 'a' })
    assert.isTrue(patches().some(({ offset }) => offset % chunkSize !== 0))
  })

  test('a server that has all of it, of which the answer was lost: finish tells what left', async () => {
    const { bytes, hash } = await world().file(length)
    const { folder, urls } = await place()
    const o = { records: fileRecords(folder), urls, name: 'a' }
    const lastIsLost = ({ method, body, offset }, headers) => {
      if (method === 'PATCH' && offset + body.length > length)
        headers['upload-offset'] = 'lost on its way'
    }
    fresh({ after: lastIsLost })
    const first = await prepared(memory(bytes), { ...base(), ...o, given: { retryDelays: null } })
    assert.match(String(await first.sent().catch((error) => error)), /invalid or missing offset/)
    await first.stop()
    fresh()
    const second = await prepared(memory(bytes), { ...base(), ...o })
    await arrived(second.upload, await second.sent(), { hash, name: 'a' })
    assert.lengthOf(patches(), 0)
    assert.deepEqual(await readdir(folder), [])
  })

  test('what is kept in the middle has neither name nor content, nor has what was sent', async () => {
    const [content, name] = ['canary-of-content-7d1', 'canary-of-name-7d1']
    const { bytes, path } = await world().file(length, { content, name })
    const { folder, urls } = await place()
    const kept = async () => {
      const files = (await readdir(folder)).map((file) => `${folder}/${file}`)
      const stored = (await readdir(world().front.directory)).map(
        (file) => `${world().front.directory}/${file}`,
      )
      const texts = await Promise.all([urls, ...files, ...stored].map((file) => readFile(file)))
      const { requests } = world().front
      const heads = requests.map(({ method, url, headers }) =>
        Buffer.from(`${method} ${url} ${JSON.stringify(headers)}`),
      )
      return [...texts, ...heads, ...requests.map(({ body }) => body)].map((b) =>
        b.toString('latin1'),
      )
    }
    const places = async (text) =>
      (await kept()).filter((one) => found(one, tracesOf(text)).length > 0).length
    const file = new File([bytes], name)
    const o = { ...base(), records: fileRecords(folder), urls }
    fresh({ before: only(2) })
    const { sent, stop, options, urlStorage } = await prepared(file, o)
    void sent()
    await until(() => patches().length === 3)
    assert.isAbove((await kept()).length, 6)
    assert.equal((await places(content)) + (await places(name)), 0)
    // the control: what is planted is found
    await urlStorage?.addUpload('planted', /** @type {any} */ ({ metadata: { name, content } }))
    assert.deepEqual([await places(content), await places(name)], [1, 1])
    const metadata = Buffer.from(name).toString('base64')
    await fetch(o.endpoint, {
      method: 'POST',
      headers: {
        'tus-resumable': '1.0.0',
        'upload-length': '1',
        'upload-metadata': `name ${metadata}`,
      },
    })
    assert.isAbove(await places(name), 2, 'in the request and on the disk of the server')
    assert.notInclude(JSON.stringify(options), path)
    await stop()
    fresh()
  })
}
