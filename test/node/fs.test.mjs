// Files as sources: their ranges, their versions, and what is refused.
import test from 'node:test'
import { mkdtemp, open, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { assert } from 'chai'
import { fileRecords, fileSets, fileSource } from 'sealdrop/fs'
import { fileInventory } from 'sealdrop/kms'
import { fails } from '../support/host.js'
import { wrong } from '../support/types.mjs'

const folder = await mkdtemp(join(tmpdir(), 'sealdrop-'))
test.after(() => rm(folder, { recursive: true }))
const path = join(folder, 'file')
const content = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251)
await writeFile(path, content)

test('a file gives its size and any range, by path and by URL', async () => {
  for (const where of [path, pathToFileURL(path)]) {
    const source = await fileSource(where)
    assert.equal(source.size, content.length)
    for (const [start, end] of [
      [0, 0],
      [0, 1],
      [5, 70_000],
      [99_999, 100_000],
      [0, 100_000],
      [100_000, 100_000],
    ])
      assert.deepEqual(await source.read(start, end), content.slice(start, end))
  }
})

test('memory that is handed in is filled from its start and answered; what is too short is refused before anything is written', async () => {
  const source = await fileSource(path)
  const into = new Uint8Array(1_000)
  const bytes = await source.read(5, 705, { into })
  assert.deepEqual(bytes, content.slice(5, 705))
  assert.equal(bytes.buffer, into.buffer)
  assert.deepEqual(into.subarray(700), new Uint8Array(300))
  await fails(assert, source.read(0, 1_001, { into }), 'invalid_argument', /1001 bytes, found 1000/)
  assert.deepEqual(into.subarray(0, 700), content.slice(5, 705))
})

test('ranges beyond 4 GiB of a sparse file are read where they are', async () => {
  const large = join(folder, 'large')
  const handle = await open(large, 'w')
  await handle.write(content, 0, 100, 6 * 2 ** 30 - 100)
  await handle.close()
  const source = await fileSource(large)
  assert.equal(source.size, 6 * 2 ** 30)
  assert.deepEqual(
    await source.read(source.size - 101, source.size),
    Uint8Array.from([0, ...content.subarray(0, 100)]),
  )
})

test('ranges outside of the file, an aborted signal, and what is no file are refused', async () => {
  const source = await fileSource(path)
  for (const [start, end] of [
    [-1, 5],
    [5, 4],
    [0, 100_001],
    [0.5, 1],
    [0, NaN],
  ])
    await fails(assert, source.read(start, end), 'invalid_argument', /range/)
  assert.equal(await source.read(0, 1, { signal: AbortSignal.abort('why') }).catch((e) => e), 'why')
  await fails(assert, fileSource(join(folder, 'nowhere')), 'source_failed', /ENOENT/)
  await fails(assert, fileSource(folder), 'source_failed', /not a file/)
  for (const where of [new URL('https://x.example/y'), '', 5, undefined]) {
    await fails(
      assert,
      fileSource(wrong(where)),
      'invalid_argument',
      /fileSource: expected a path or a file: URL/,
    )
    for (const store of [fileSets, fileRecords, fileInventory])
      await fails(
        assert,
        async () => store(wrong(where)),
        'invalid_argument',
        /expected the path of a folder or a file: URL/,
      )
  }
})

test('the version changes with the content, and a file that is cut is source_changed', async () => {
  const other = join(folder, 'other')
  await writeFile(other, content)
  const source = await fileSource(other)
  const version = await source.version?.()
  assert.isString(version)
  assert.equal(await source.version?.(), version)
  await utimes(other, new Date(0), new Date(0))
  assert.notEqual(await source.version?.(), version)
  await fails(assert, source.read(0, 20), 'source_changed', /written to/)
  await truncate(other, 10)
  await fails(assert, source.read(0, 20), 'source_changed')
  await rm(other)
  await fails(assert, source.read(0, 20), 'source_failed', /ENOENT/)
})

test('a file that is written to while it is read is source_changed', async () => {
  const busy = join(folder, 'busy')
  await writeFile(busy, new Uint8Array(64 * 2 ** 20))
  const source = await fileSource(busy)
  const handle = await open(busy, 'r+')
  const reading = source.read(0, source.size).then(
    () => 'read',
    ({ code }) => code,
  )
  let more = true
  const read = reading.then(() => {
    more = false
  })
  while (more) await handle.write(new Uint8Array([1]), 0, 1, source.size - 1)
  await read
  await handle.close()
  assert.equal(await reading, 'source_changed')
})
