// What no other test noticed when a line behind sealed files was changed: records and files on a
// disk.
import test from 'node:test'
import {
  mkdir,
  readFile,
  readdir,
  rmdir,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { assert } from 'chai'
import * as jose from 'jose'
import { fileRecords } from 'sealdrop/fs'
import { writeFileWhole } from '#dist/files/write-file.js'
import { openFile } from '#dist/kms/open/open-file.js'
import { failing, handlesOn, patched } from '../support/file-handles.mjs'
import { fails } from '../support/host.js'
import { writeMessage } from '../support/message-writer.js'
import { recordFolders } from '../support/record-folders.mjs'
import * as rooms from '../support/rooms.js'
import { arnOf, openerOver } from '../support/seal-with-jose.js'
import { chunkDigestOf, pattern, settle } from '../support/sealed-files.js'

const { root, newFolder, begin } = await recordFolders(test)
const tag = (byte) => new Uint8Array(16).fill(byte)
const outcome = (work) =>
  work.then(
    () => 'done',
    (error) => error.code ?? error,
  )

test('a slice waits until its line is synced, and fails when that fails', async () => {
  const { sealer } = await begin()
  let sync
  await patched(
    'datasync',
    () => () =>
      new Promise((resolve, reject) => {
        sync = { resolve, reject }
      }),
    async () => {
      const slicing = outcome(sealer.slice(0, 3_000))
      while (!sync) await settle()
      assert.equal(
        await Promise.race([
          slicing,
          settle()
            .then(settle)
            .then(() => 'waits'),
        ]),
        'waits',
      )
      sync.reject(Object.assign(new Error('disk'), { code: 'EIO' }))
      assert.equal(await slicing, 'output_failed')
    },
  )
  assert.equal((await sealer.slice(0, 3_000)).length, 3_000)
  await sealer.close()
})

test('every handle is closed, also where its work fails, and a line reads no more of the log than is new', async () => {
  const { folder, records, id, log } = await begin()
  const sizes = []
  await patched(
    'read',
    (real) =>
      async function (buffer, ...rest) {
        sizes.push(buffer.length)
        return real.call(this, buffer, ...rest)
      },
    async () => {
      for (let i = 0; i < 30; i++) await records.append(id, [[i, tag(i)]])
      assert.equal(sizes.length, 30)
      assert.isBelow(Math.max(...sizes), 2 * Math.min(...sizes))
    },
  )
  assert.equal(await handlesOn(log), 0)
  await fileRecords(folder).load(id)
  await patched(
    'datasync',
    () => failing('EIO'),
    () => fails(assert, () => records.append(id, [[1, tag(1)]]), 'output_failed'),
  )
  assert.equal(await handlesOn(log), 0)
})

test('no verb but create makes a log, and create takes no log that is there', async () => {
  const { folder, records, id, log } = await begin()
  const text = await readFile(log, 'utf8')
  const start = { header: new Uint8Array(5), key: new Uint8Array(32) }
  await fails(assert, () => records.create(id, start), 'output_failed', /EEXIST/)
  await fails(assert, () => fileRecords(folder).append(id, [[0, tag(0)]]), 'conflict')
  assert.equal(await readFile(log, 'utf8'), text, 'who holds no record writes nothing to it')
  await unlink(log)
  await fails(assert, () => records.append(id, [[0, tag(0)]]), 'expired', /gone/)
  assert.isUndefined(await records.load(id))
  await records.remove(id)
  assert.deepEqual(await readdir(folder), [])
})

test('remove leaves the record of who took it over, and says when it cannot remove its own', async () => {
  const { folder, records, id, log } = await begin()
  const newer = fileRecords(folder)
  await newer.load(id)
  await records.remove(id)
  assert.deepEqual(await readdir(folder), [`${id}.sealdrop`])
  const text = await readFile(log)
  await unlink(log)
  await mkdir(log)
  await fails(assert, () => newer.remove(id), 'output_failed')
  await rmdir(log)
  await writeFile(log, text)
  await newer.load(id)
  await newer.remove(id)
  assert.deepEqual(await readdir(folder), [])
})

test('the folder of a new record is synced, so that its name survives a power failure', async () => {
  const synced = []
  await patched(
    'sync',
    (real) =>
      async function () {
        synced.push((await this.stat()).isDirectory())
        return real.call(this)
      },
    begin,
  )
  assert.include(synced, true)
})

test('what cannot be looked at or deleted in a folder keeps no record from being made', async () => {
  const folder = newFolder()
  await mkdir(join(folder, `${'A'.repeat(43)}.sealdrop`), { recursive: true })
  const old = new Date(Date.now() - 700_000_000)
  await utimes(join(folder, `${'A'.repeat(43)}.sealdrop`), old, old)
  await symlink(join(folder, 'nowhere'), join(folder, `${'B'.repeat(43)}.sealdrop`))
  await fileRecords(folder).create('C'.repeat(43), {
    header: new Uint8Array(5),
    key: new Uint8Array(32),
  })
  assert.lengthOf(await readdir(folder), 3)
})

const chunksOf = (...chunks) =>
  new ReadableStream({
    pull(controller) {
      if (chunks.length > 0) controller.enqueue(chunks.shift())
      else controller.close()
    },
  })
const newOutput = async () => {
  const folder = newFolder()
  await mkdir(folder)
  return { folder, path: join(folder, 'out') }
}

test('a file is synced before it takes its name, and its folder after that', async () => {
  const { folder, path } = await newOutput()
  const done = []
  await patched(
    'sync',
    (real) =>
      async function () {
        const isFolder = (await this.stat()).isDirectory()
        done.push([isFolder ? 'folder' : 'file', (await readdir(folder)).includes('out')])
        return real.call(this)
      },
    () => writeFileWhole(path, chunksOf(pattern(10))),
  )
  assert.deepEqual(done, [
    ['file', false],
    ['folder', true],
  ])
  assert.equal(await handlesOn(path), 0)
  assert.equal(await handlesOn(folder), 0)
  await patched(
    'sync',
    (real) =>
      async function () {
        if ((await this.stat()).isDirectory())
          throw Object.assign(new Error('no'), { code: 'EINVAL' })
        return real.call(this)
      },
    () => writeFileWhole(path, chunksOf(pattern(11))),
  )
  assert.equal((await readFile(path)).length, 11, 'not every system can sync a folder')
})

test('a system that writes less than it was asked is asked again, and one that fails is output_failed', async () => {
  const { folder, path } = await newOutput()
  await patched(
    'write',
    (real) =>
      function (bytes, at) {
        return real.call(this, bytes, at, Math.min(7, bytes.length - at))
      },
    () => writeFileWhole(path, chunksOf(pattern(50), pattern(20))),
  )
  assert.deepEqual(
    new Uint8Array(await readFile(path)),
    new Uint8Array([...pattern(50), ...pattern(20)]),
  )
  for (const name of /** @type {const} */ (['write', 'sync'])) {
    await patched(
      name,
      () => failing('ENOSPC'),
      () =>
        fails(assert, () => writeFileWhole(path, chunksOf(pattern(5))), 'output_failed', /ENOSPC/),
    )
    assert.deepEqual(await readdir(folder), ['out'])
  }
  assert.equal((await readFile(path)).length, 70)
})

test('a file that cannot be made cancels the stream that was to fill it', async () => {
  let cancelled
  const stream = new ReadableStream({
    cancel(reason) {
      cancelled = reason
    },
  })
  const error = await fails(
    assert,
    () => writeFileWhole(join(root, 'no', 'out'), stream),
    'output_failed',
  )
  assert.equal(cancelled, error.cause)
})

test('the digest of an opened file is right though hashing takes long', async () => {
  const { folder, path } = await newOutput()
  const { message } = await writeMessage({
    context: {},
    plaintext: pattern(7_000_000),
    frameLength: 1_500_000,
  })
  await writeFile(join(folder, 'sealed'), message)
  const { streams } = await openerOver({ rooms, jose }, { [arnOf('P-256-enc')]: 'P-256-enc' })
  const real = crypto.subtle.digest.bind(crypto.subtle)
  crypto.subtle.digest = async (...args) => {
    const hash = await real(...args)
    await settle()
    return hash
  }
  try {
    const opened = await openFile(streams, join(folder, 'sealed'), path, { context: {} })
    assert.deepEqual([opened.length, opened.digest], [message.length, await chunkDigestOf(message)])
  } finally {
    Reflect.deleteProperty(crypto.subtle, 'digest')
  }
  assert.isTrue((await readFile(path)).equals(pattern(7_000_000)))
})

const line = /\{"holder":"[^"]*","frames".*\n/
const anotherTag = (start) => `${start.slice(0, -1)}${start.endsWith('A') ? 'B' : 'A'}`
/** @type {Record<string, (text: string) => string>} */
const damages = {
  'a line of which only zeros came behind its beginning': (text) =>
    text.replace(line, '{"holder":"ab\0\0\0\0'),
  'a cut line that began as no line does': (text) => text.replace(line, '{"folder":"ab'),
  'two tags for one frame': (text) =>
    text.replace(line, (all) => `${all}\n${all.replace(/\[\[0,"./, anotherTag)}`),
  'a header that is not base64url': (text) => text.replace('"header":"', '"header":"*'),
  'a key that is not base64url': (text) => text.replace('"key":"', '"key":"*'),
  'a tag that is not base64url': (text) => text.replace('[[0,"', '[[0,"*'),
}
for (const [name, damage] of Object.entries(damages)) {
  test(`a log with ${name} is malformed`, async () => {
    const { folder, sealer, log, id } = await begin()
    await sealer.slice(0, 2_000)
    await sealer.slice(2_000, 3_000)
    await sealer.close()
    const text = await readFile(log, 'latin1')
    const damaged = damage(text)
    assert.notEqual(damaged, text)
    await writeFile(log, damaged, 'latin1')
    await fails(assert, () => fileRecords(folder).load(id), 'malformed')
  })
}
