// fileRecords: lines of an earlier build, notes, and how old a log may become.
import test from 'node:test'
import { spawnSync } from 'node:child_process'
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { assert } from 'chai'
import { fileRecords } from 'sealdrop/fs'
import { fails } from '../support/host.js'
import { daysOff } from '../support/days-off.js'
import { lines, recordFolders } from '../support/record-folders.mjs'
import { same } from '../support/sealed-files.js'
import { present } from '../support/types.mjs'

const { source, begin, newFolder, restore } = await recordFolders(test)
const week = 604_800_000
/** Makes a log look as if nobody had written to it for so long, in milliseconds. */
const aged = (log, age) => {
  const then = new Date(Date.now() - age)
  return utimes(log, then, then)
}
const tagsOf = (...values) =>
  new Uint8Array(values.flatMap((value) => Array.from({ length: 16 }, () => value)))

test('a log that the build before wrote, with a tag for each frame, is read and goes on', async () => {
  const first = await begin()
  const whole = await first.sealer.slice(0, first.sealer.length - 1)
  await first.sealer.close()
  const [, start] = await lines(first.log)
  const { holder, by, ...rest } = JSON.parse(start)
  assert.equal(by, `${hostname()} ${process.pid}`)
  const header = Buffer.from(rest.start.header, 'base64url').length
  const tag = (index) => {
    const end = header + (index + 1) * 1_032
    return Buffer.from(whole.subarray(end - 16, end)).toString('base64url')
  }
  const frames = [0, 1, 4].map((index) => [index, tag(index)])
  const text = [
    { holder, ...rest },
    { holder, frames },
  ]
    .map((line) => `\n${JSON.stringify(line)}\n`)
    .join('')
  await writeFile(first.log, text)
  const again = await restore(first)
  assert.isTrue(same(await again.slice(0, 9_000), whole.subarray(0, 9_000)))
  await again.close()
  await writeFile(first.log, text)
  source.held.bytes[4_500] ^= 1
  const other = await restore(first)
  await fails(assert, () => other.slice(header + 4_200, header + 4_300), 'source_changed')
  source.held.bytes[4_500] ^= 1
  await other.close()
})

test('an append is one line of its runs, and one frame with two tags anywhere is malformed', async () => {
  const { sealer, records, id, log, folder } = await begin()
  await records.append(id, [
    [0, tagsOf(1, 2, 3)],
    [6, tagsOf(7)],
  ])
  const [line] = (await lines(log)).filter((text) => text.includes('frames'))
  assert.deepEqual(
    JSON.parse(present(line)).frames.map(([first, tags]) => [first, tags.length]),
    [
      [0, 64],
      [6, 22],
    ],
  )
  await records.append(id, [[1, tagsOf(2, 3, 4)]])
  for (const runs of /** @type {[number, Uint8Array][][]} */ ([
    [[2, tagsOf(9)]],
    [[5, tagsOf(6, 8)]],
    [[0, tagsOf(1, 1)]],
  ]))
    await fails(assert, () => records.append(id, runs), 'source_changed')
  const loaded = present(await fileRecords(folder).load(id))
  assert.deepEqual(
    [...loaded.tags].map(([index, [value]]) => [index, value]),
    [
      [0, 1],
      [1, 2],
      [2, 3],
      [6, 7],
      [3, 4],
    ],
  )
  await sealer.close()
  const text = await readFile(log, 'utf8')
  const { holder } = JSON.parse(present((await lines(log)).findLast((each) => each)))
  for (const runs of [
    [[0, Buffer.from(tagsOf(1, 9)).toString('base64url')]],
    [[0, Buffer.from(tagsOf(1)).subarray(1).toString('base64url')]],
  ]) {
    await writeFile(log, `${text}\n${JSON.stringify({ holder, frames: runs })}\n`)
    await fails(assert, () => fileRecords(folder).load(id), 'malformed')
  }
})

test('notes are kept beside the tags, one of the same name takes the place of the one before', async () => {
  const folder = newFolder()
  const { records, id, sealer } = await begin(folder)
  const part = {
    length: 8,
    last: false,
    sha256: new Uint8Array([0, 255, 9]),
    none: new Uint8Array(),
    text: 'AP8J',
    '["AP8J"]': '["AP8J"]',
    __proto__x: 'x',
  }
  await records.note?.(id, 'part 1', part)
  await records.note?.(id, 'upload', { name: 'Zo\u00EB \u{1F4C4}\n\0', time: 5 })
  await sealer.slice(0, 3_000)
  await records.note?.(id, 'upload', { name: 'Zo\u00EB \u{1F4C4}\n\0', time: 6 })
  const other = await begin(folder)
  await other.records.note?.(other.id, 'upload', { name: 'b' })
  await begin(folder)
  const next = fileRecords(folder)
  assert.deepEqual(
    new Map(present(await next.list?.('upload'))),
    new Map([
      [id, { name: 'Zo\u00EB \u{1F4C4}\n\0', time: 6 }],
      [other.id, { name: 'b' }],
    ]),
  )
  assert.deepEqual(await next.list?.('nothing'), [])
  assert.deepEqual(await fileRecords(newFolder()).list?.('upload'), [])
  await sealer.slice(3_000, 6_000) // listing took nothing over
  const loaded = present(await next.load(id))
  assert.deepEqual(Object.fromEntries(present(loaded.notes)), {
    'part 1': part,
    upload: { name: 'Zo\u00EB \u{1F4C4}\n\0', time: 6 },
  })
  await fails(assert, () => records.note?.(id, 'part 1', {}), 'conflict')
  assert.deepEqual(new Map(present(await next.load(id)).notes).get('part 1'), part)
  await next.remove(id)
  await fails(assert, () => next.note?.(id, 'part 1', {}), 'conflict')
  assert.equal(present(await next.list?.('upload')).length, 1)
  await writeFile(other.log, 'damaged')
  assert.deepEqual(await next.list?.('upload'), [])
  await other.sealer.close()
})

test('a log that a sealer holds is not deleted for its age, with the clock ahead or behind', async () => {
  const first = await begin()
  await first.sealer.slice(0, 3_000)
  for (const days of [8, -8])
    await daysOff(days, async () => (await begin(first.folder, first.records)).sealer.close())
  assert.equal((await first.sealer.slice(3_000, 6_000)).length, 3_000)
  await first.sealer.close()
  await daysOff(8, () => fails(assert, () => restore(first), 'expired'))
  const again = await restore(first)
  assert.equal((await again.slice(0, 6_000)).length, 6_000)
  await again.close()
})

test('a log from the future is refused, kept by that, and deleted some day', async () => {
  const first = await daysOff(3_650, () => begin())
  await first.sealer.close()
  await fails(assert, () => restore(first), 'expired')
  assert.include(await readdir(first.folder), `${first.id}.sealdrop`)
  await aged(first.log, -3_650 * 86_400_000)
  const next = await begin(first.folder)
  assert.deepEqual(await readdir(first.folder), [`${next.id}.sealdrop`])
  await next.sealer.close()
})

test('a log of another process that runs is left to it, and goes once that process ended', async () => {
  const first = await begin()
  await first.sealer.close()
  const text = await readFile(first.log, 'utf8')
  const writtenBy = async (by) => {
    await writeFile(first.log, text.replace(/"by":"[^"]*"/g, `"by":"${by}"`))
    await aged(first.log, week + 60_000)
    await (await begin(first.folder)).sealer.close()
    return (await readdir(first.folder)).includes(`${first.id}.sealdrop`)
  }
  assert.isTrue(await writtenBy(`${hostname()} ${process.ppid}`))
  const { pid } = spawnSync(process.execPath, ['--version'])
  assert.isFalse(await writtenBy(`${hostname()} ${pid}`))
  assert.isFalse(await writtenBy(`another-host ${process.ppid}`))
  assert.isFalse(await writtenBy('no process'))
  await writeFile(first.log, 'damaged')
  await aged(first.log, week + 60_000)
  await (await begin(first.folder)).sealer.close()
  assert.notInclude(await readdir(first.folder), `${first.id}.sealdrop`)
})
