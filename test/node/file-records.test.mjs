// fileRecords: what is in the folder, what damage does, and what is deleted when.
import test from 'node:test'
import {
  mkdir,
  readFile,
  readdir,
  stat,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { assert } from 'chai'
import { restoreFileSealer } from 'sealdrop'
import { fileRecords } from 'sealdrop/fs'
import { patched } from '../support/file-handles.mjs'
import { fails } from '../support/host.js'
import { content, keys, lines, recordFolders } from '../support/record-folders.mjs'
import { readMessage, same } from '../support/sealed-files.js'
import { present } from '../support/types.mjs'

const { root, source, newFolder, begin, restore } = await recordFolders(test)

test('a record is a file of mode 0600 in a folder of mode 0700, by path and by URL, and is gone when it was done', async () => {
  for (const as of [(path) => path, pathToFileURL]) {
    const folder = join(newFolder(), 'deep')
    const { sealer, log } = await begin(as(folder))
    assert.deepEqual(await readdir(folder), [`${sealer.messageId}.sealdrop`])
    assert.equal((await stat(log)).mode & 0o777, 0o600)
    assert.equal((await stat(folder)).mode & 0o777, 0o700)
    await sealer.slice(0, sealer.length)
    await sealer.close({ done: true })
    assert.deepEqual(await readdir(folder), [])
  }
})

test('a slice resolves when its tags are in the file and synced', async () => {
  const { sealer, log } = await begin()
  const done = []
  /** Replaces a method by one that says when it is done. */
  const told = (name, what, work) =>
    patched(
      name,
      (real) =>
        async function (...args) {
          const result = await real.apply(this, args)
          done.push(what)
          return result
        },
      work,
    )
  const slice = async () => {
    await sealer.slice(0, 3_000)
    done.push('slice')
  }
  await told('appendFile', 'append', () =>
    told('datasync', 'sync', () => told('sync', 'sync', slice)),
  )
  assert.deepEqual(done, ['append', 'sync', 'slice'])
  const { frames } = JSON.parse(present((await lines(log)).at(-2)))
  assert.deepEqual(
    frames.map(([first, tags]) => [first, Buffer.from(tags, 'base64url').length / 16]),
    [[0, 3]],
  )
  await sealer.close()
})

test('slices side by side keep their record in one file', async () => {
  const first = await begin()
  const { sealer } = first
  const places = Array.from({ length: 8 }, (_, i) => [
    i * 1_200,
    Math.min(sealer.length - 1, i * 1_200 + 2_000),
  ])
  const pieces = await Promise.all(places.map(([start, end]) => sealer.slice(start, end)))
  await sealer.close()
  const again = await restore(first)
  for (const [i, [start, end]] of places.entries())
    assert.isTrue(same(await again.slice(start, end), pieces[i]))
  await again.slice(0, again.length)
  await again.close()
})

test('a torn last line is dropped, wherever it was torn, and the rest restored', async () => {
  const first = await begin()
  await first.sealer.slice(0, 3_000)
  const { length } = await readFile(first.log)
  await first.sealer.slice(3_000, 7_000)
  await first.sealer.close()
  const whole = await readFile(first.log)
  for (let cut = length; cut < whole.length; cut += 7) {
    await writeFile(first.log, whole.subarray(0, cut))
    const again = await restore(first)
    const message = await again.slice(0, again.length)
    const { key } = JSON.parse(whole.toString().split('\n')[1]).start
    assert.deepEqual(
      await readMessage(message, new Uint8Array(Buffer.from(key, 'base64url'))),
      content,
    )
    const entries = (await lines(first.log))
      .filter((line, i, all) => line && all[i + 1] === '')
      .map((line) => JSON.parse(line))
    assert.isAbove(entries.length, 2)
    await writeFile(first.log, whole) // close() deletes what is complete
    await again.close()
    await writeFile(first.log, whole)
  }
})

/** @type {Record<string, (text: string) => string>} */
const damages = {
  'a middle line that is no JSON': (text) => text.replace('"frames"', '"frames'),
  'a middle line that was cut': (text) => text.replace(/("frames".{9}).*\n/, '$1\n'),
  'a tag that is not base64url': (text) => text.replace(/("frames":\[\[\d,")./, '$1*'),
  'a tag of another length': (text) => text.replace(/("frames":\[\[\d,")..../, '$1'),
  'frames that are no list': (text) => text.replace(/"frames":.*\n/, '"frames":5}\n'),
  'a number of no frame': (text) => text.replace(/"frames":\[\[\d/, '"frames":[[77'),
  'a first line of another kind': (text) => text.replace('"start"', '"begin"'),
  'a header that is not base64url': (text) => text.replace('"header":"', '"header":"*'),
  'a key that was cut': (text) => text.replace(/"key":"..../, '"key":"'),
  'no key': (text) => text.replace(/"key":"[^"]*"/, '"none":0'),
  'zeros in its middle': (text) =>
    text.replace(/\{"holder":"[^"]*","frames".*\n/, (line) => '\0'.repeat(line.length)),
  'an empty file': () => '',
}
for (const [name, damage] of Object.entries(damages)) {
  test(`a record with ${name} is malformed`, async () => {
    const first = await begin()
    await first.sealer.slice(0, 3_000)
    await first.sealer.slice(3_000, 4_000)
    await first.sealer.close()
    const text = await readFile(first.log, 'utf8')
    const damaged = damage(text)
    assert.notEqual(damaged, text)
    await writeFile(first.log, damaged)
    await fails(assert, () => restore(first), 'malformed')
  })
}

test("a frame's tag is added and never another one behind it, also after a takeover", async () => {
  const folder = newFolder()
  const id = 'A'.repeat(43)
  const start = { v: 1, created: Date.now(), header: new Uint8Array(5), key: new Uint8Array(32) }
  const records = fileRecords(folder)
  await records.create(id, start)
  const tag = new Uint8Array(16).fill(1)
  const other = new Uint8Array(16).fill(2)
  await records.append(id, [[0, tag]])
  await records.append(id, [[0, tag]])
  await fails(assert, () => records.append(id, [[0, other]]), 'source_changed', /another tag/)
  const next = fileRecords(folder)
  await next.load(id)
  const both = /** @type {const} */ ([
    [1, other],
    [0, other],
  ])
  await fails(assert, () => next.append(id, both), 'source_changed')
  await next.append(id, [[1, tag]])
  const left = present(await fileRecords(folder).load(id))
  assert.deepEqual(
    [...left.tags],
    [
      [0, tag],
      [1, tag],
    ],
  )
})

test('an id that is no id names no file outside of the folder', async () => {
  const folder = newFolder()
  await mkdir(folder, { mode: 0o700 })
  const outside = join(root, 'outside.sealdrop')
  await writeFile(outside, '{"start":{}}\n')
  const records = fileRecords(folder)
  for (const id of [
    '../outside',
    '..',
    '',
    '/etc/passwd',
    `${'../'.repeat(13)}outs`,
    `${'A'.repeat(42)}/`,
    `${'A'.repeat(43)}\n`,
    'A'.repeat(44),
    `${'A'.repeat(42)}\0`,
  ]) {
    assert.isUndefined(await records.load(id))
    await records.remove(id)
    await fails(
      assert,
      () => records.create(id, { header: new Uint8Array(), key: new Uint8Array(32) }),
      ['output_failed', 'invalid_argument'],
    )
    await fails(assert, () => records.append(id, [[0, new Uint8Array(16)]]), [
      'output_failed',
      'conflict',
      'invalid_argument',
    ])
    await fails(assert, () => restoreFileSealer(keys, records, id, source), 'expired')
  }
  assert.equal(await readFile(outside, 'utf8'), '{"start":{}}\n')
  assert.deepEqual(await readdir(folder), [])
})

test('a folder that cannot be, and a full disk, are output_failed, and nothing is released', async () => {
  const file = join(root, 'a-file')
  await writeFile(file, '')
  await fails(assert, () => begin(join(file, 'below')), 'output_failed', /ENOTDIR|EEXIST/)
  await fails(assert, () => begin(file), 'output_failed')
  if (process.platform !== 'linux') return
  const { sealer, log } = await begin()
  const kept = await readFile(log)
  await unlink(log)
  await symlink('/dev/full', log)
  await fails(assert, () => sealer.slice(0, 2_000), 'output_failed', /ENOSPC/)
  await unlink(log)
  await writeFile(log, kept)
  assert.equal((await sealer.slice(0, 2_000)).length, 2_000, 'with space again it goes on')
  await sealer.close()
})

test('an append that a full disk tore can be repeated, and the record is whole', async () => {
  const first = await begin()
  const { sealer, log } = first
  await sealer.slice(0, 2_000)
  await patched(
    'appendFile',
    (real) =>
      async function (bytes) {
        await real.call(this, bytes.subarray(0, 20))
        throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
      },
    () => fails(assert, () => sealer.slice(2_000, 4_000), 'output_failed', /ENOSPC/),
  )
  const piece = await sealer.slice(2_000, 4_000)
  await sealer.close()
  assert.isAbove((await readFile(log)).length, 0)
  const again = await restore(first)
  assert.isTrue(same(await again.slice(2_000, 4_000), piece))
  await again.close()
})

test('logs older than 7 days are deleted when a new one is made, and nothing else is', async () => {
  const { folder, sealer, log } = await begin()
  const { log: young, sealer: other } = await begin(folder)
  await sealer.close()
  const strange = join(folder, 'notes.txt')
  await writeFile(strange, 'mine')
  const old = new Date(Date.now() - 604_800_000 - 60_000)
  for (const path of [log, strange]) await utimes(path, old, old)
  await utimes(
    young,
    new Date(Date.now() - 604_800_000 + 60_000),
    new Date(Date.now() - 604_800_000 + 60_000),
  )
  const { log: newest } = await begin(folder)
  assert.sameMembers(
    (await readdir(folder)).map((name) => join(folder, name)),
    [young, newest, strange],
  )
  assert.equal((await other.slice(0, 5_000)).length, 5_000)
  await other.close()
})

test('a record that is older than 7 days by its own words is not restored, and that deletes nothing', async () => {
  const first = await begin()
  await first.sealer.close()
  const text = await readFile(first.log, 'utf8')
  await writeFile(first.log, text.replace(/"created":\d+/, `"created":${Date.now() - 604_800_001}`))
  await fails(assert, () => restore(first), 'expired')
  assert.deepEqual(await readdir(first.folder), [`${first.id}.sealdrop`])
})
