// fileRecords: several holders of one record, in this process and in others, also killed ones.
import test from 'node:test'
import { spawn } from 'node:child_process'
import { open, readdir, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { assert } from 'chai'
import { restoreFileSealer } from 'sealdrop'
import { fileRecords, fileSource } from 'sealdrop/fs'
import { patched } from '../support/file-handles.mjs'
import { fails, keySetOf, publicJwk } from '../support/host.js'
import { createLedger } from '../support/ledger.js'
import { content, keys, lines, recordFolders } from '../support/record-folders.mjs'
import { pattern, readMessage } from '../support/sealed-files.js'
import { present } from '../support/types.mjs'

const { root, source, newFolder, begin, restore } = await recordFolders(test)

/**
 * Several sealers over one record in this process, each as if in its own: without Web Locks, which
 * Node has from 24 on.
 */
async function asProcesses(work) {
  const had = globalThis.navigator
  if (had?.locks) Object.defineProperty(had, 'locks', { value: undefined, configurable: true })
  try {
    return await work()
  } finally {
    if (had) Reflect.deleteProperty(had, 'locks')
  }
}

test('an older holder that is refused does not end the one that took over', () =>
  asProcesses(async () => {
    const older = await begin()
    await older.sealer.slice(0, 2_000)
    const newer = await restore(older)
    await fails(assert, () => older.sealer.slice(2_000, 5_000), 'conflict')
    assert.equal((await newer.slice(2_000, 8_000)).length, 6_000)
    await newer.close()
  }))

test('a line that an older holder wrote too late never replaces what the newer one released: ledger', () =>
  asProcesses(async () => {
    const older = await begin()
    const ledger = createLedger()
    const { start } = JSON.parse((await lines(older.log))[1])
    const message = {
      header: new Uint8Array(Buffer.from(start.header, 'base64url')),
      rawKey: new Uint8Array(Buffer.from(start.key, 'base64url')),
      size: content.length,
    }
    const released = async (sealer, from, to) =>
      ledger.released(message, from, await sealer.slice(from, to))
    const [from, to] = [message.header.length + 4 * 1_032, message.header.length + 5 * 1_032]
    await released(older.sealer, 0, 2_000)
    const newer = await restore(older)
    source.held.bytes[4_500] ^= 1
    await released(newer, from, to)
    source.held.bytes[4_500] ^= 1
    await fails(assert, () => older.sealer.slice(from, to), 'conflict')
    await newer.close()
    // the file is again as the refused one saw it
    const third = await restore(older).catch(({ code }) => code)
    if (typeof third !== 'string')
      await released(third, from, to).catch(({ code }) => assert.equal(code, 'source_changed'))
    ledger.check(assert, { again: false })
  }))

test('frames that an older holder was refused are not taken for released', () =>
  asProcesses(async () => {
    const older = await begin()
    const newer = await restore(older)
    await fails(assert, () => older.sealer.slice(2_000, 5_000), 'conflict')
    await newer.close()
    const { tags } = present(await fileRecords(older.folder).load(older.sealer.messageId))
    assert.deepEqual([...tags], [])
  }))

/** The slicer as a process, which has said enough lines when this returns. */
async function slicer(o, enough) {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('../support/slicer.mjs', import.meta.url)), JSON.stringify(o)],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const said = []
  const gone = new Promise((resolve) => child.on('close', resolve))
  const ready = new Promise((resolve) =>
    createInterface({ input: child.stdout })
      .on('line', (line) => {
        said.push(JSON.parse(line))
        if (said.length >= enough) resolve(undefined)
      })
      .on('close', () => resolve(undefined)),
  )
  await ready
  return { child, said, gone }
}
const sha = async (bytes) =>
  Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex')

test('of two processes the one that held the record before gets conflict at its next append, and releases nothing', async () => {
  const folder = newFolder()
  const file = join(root, 'two')
  await writeFile(file, '')
  // frames enough that the older one always has something new to write
  await truncate(file, 400_000_000)
  const { child, said, gone } = await slicer({ folder, file }, 4)
  const { id } = said[0]
  let other
  do {
    // who comes while a line is written is refused too, and tries again
    other = await slicer({ folder, file, id, hold: true }, 1)
    assert.isTrue(
      other.said[0].id === id || other.said[0].code === 'conflict',
      JSON.stringify(other.said[0]),
    )
  } while (other.said[0].code)
  await gone // it ends by itself
  assert.equal(said.at(-1).code, 'conflict')
  assert.isFalse(child.killed)
  other.child.stdin.end()
  while (other.said.length < 5 && other.child.exitCode === null)
    await new Promise((resolve) => {
      setTimeout(resolve, 5)
    })
  other.child.kill('SIGKILL')
  await other.gone
  assert.isAbove(other.said.length, 1)
  assert.isTrue(
    other.said.every(({ code }) => code === undefined),
    JSON.stringify(other.said.at(-1)),
  )
})

test('after kill -9 at many moments everything that left is sealed to the same bytes by the next process', async () => {
  const folder = newFolder()
  const file = join(root, 'killed')
  await writeFile(file, pattern(3_000_000, 5))
  const released = []
  let id
  for (let kill = 0; kill < 30; kill++) {
    // some are killed while they restore, and some after they released something
    const { child, said, gone } = await slicer({ folder, file, id }, kill % 2 ? 4 : 1)
    assert.isUndefined(said[0].code, `${said[0].code} ${said[0].message}`)
    id ??= said[0].id
    await new Promise((resolve) => {
      setTimeout(resolve, Math.random() * 60)
    })
    child.kill('SIGKILL')
    await gone
    assert.isTrue(
      said.every(({ code }) => code === undefined),
      JSON.stringify(said.at(-1)),
    )
    released.push(...said.filter((line) => line.sha))
  }
  assert.isAbove(released.length, 30)
  const sealer = await restoreFileSealer(keys, fileRecords(folder), id, await fileSource(file))
  for (const { start, end, sha: expected } of released)
    assert.equal(await sha(await sealer.slice(start, end)), expected, `${start} to ${end}`)
  const { start } = JSON.parse((await lines(join(folder, `${id}.sealdrop`)))[1])
  const message = await sealer.slice(0, sealer.length)
  assert.deepEqual(
    await readMessage(message, new Uint8Array(Buffer.from(start.key, 'base64url'))),
    pattern(3_000_000, 5),
  )
  await sealer.close({ done: true })
  assert.deepEqual(await readdir(folder), [])
})

test('a file that is changed while nobody runs, size and time put back, is source_changed when it is restored', async () => {
  const folder = newFolder()
  const file = join(root, 'changed')
  const time = new Date(1_700_000_000_000)
  await writeFile(file, pattern(3_000_000))
  await utimes(file, time, time)
  const { child, said, gone } = await slicer({ folder, file }, 3)
  child.kill('SIGKILL')
  await gone
  const [{ id }, { start, end }] = said
  const handle = await open(file, 'r+')
  const place = Math.max(0, start - 500)
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, place)
  await handle.write(Buffer.from([buffer[0] ^ 1]), 0, 1, place)
  await handle.close()
  await utimes(file, time, time)
  const again = await fileSource(file)
  const restored = (other) => restoreFileSealer(keys, fileRecords(folder), id, other)
  await fails(assert, () => restored(again), 'source_changed')
  // a file system whose times nobody can trust: the bytes tell
  const { version } = JSON.parse((await lines(join(folder, `${id}.sealdrop`)))[1]).start
  const sealer = await restored({ ...again, version: async () => version })
  await fails(assert, () => sealer.slice(start, end), 'source_changed')
  await sealer.close()
})

test('a process ends by itself though a sealer was not closed', async () => {
  const folder = newFolder()
  const code = `
    import { createFileSealer, importKeySet, inHand } from 'sealdrop'
    import { fileRecords, fileSource } from 'sealdrop/fs'
    const set = ${JSON.stringify(keySetOf(publicJwk('P-256-enc')))}
    const sealer = await createFileSealer(
      importKeySet(set, { trust: inHand() }),
      new Blob(['x']),
      { context: {}, records: fileRecords(${JSON.stringify(folder)}) },
    )
    await sealer.slice(0, 20)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: 'inherit',
  })
  const patience = setTimeout(() => child.kill('SIGKILL'), 20_000)
  const [status, signal] = await new Promise((resolve) =>
    child.on('exit', (...how) => resolve(how)),
  )
  clearTimeout(patience)
  assert.deepEqual([status, signal], [0, null])
})

test('a record is never cut while its holder writes a line: what the older one released stays known to the newer', async () => {
  const first = await begin()
  const records = fileRecords(first.folder)
  await first.sealer.slice(0, 2_000)
  // the older holder's line is seen half written by the newer one's read, is finished and checked,
  // and only then the newer one goes on
  let seenHalf
  let finish
  const half = new Promise((resolve) => {
    seenHalf = resolve
  })
  const finished = new Promise((resolve) => {
    finish = resolve
  })
  let appends = 0
  let slicing
  const outcome = await patched(
    'appendFile',
    (real) =>
      async function (bytes) {
        if (appends++ > 0) return real.call(this, bytes)
        await real.call(this, bytes.subarray(0, 30))
        seenHalf()
        await finished
        await real.call(this, bytes.subarray(30))
      },
    () =>
      patched(
        'truncate',
        (real) =>
          async function (length) {
            finish()
            await slicing
            return real.call(this, length)
          },
        async () => {
          slicing = first.sealer.slice(2_000, 5_000).then(
            () => 'released',
            ({ code }) => code,
          )
          await half
          const loading = records
            .load(first.sealer.messageId)
            .catch(({ code }) => code)
            .finally(finish)
          const [older, newer] = await Promise.all([slicing, loading])
          return { older, newer }
        },
      ),
  )
  const known = typeof outcome.newer === 'string' ? [] : [...outcome.newer.tags.keys()]
  assert.isTrue(
    outcome.older === 'conflict' ||
      outcome.newer === 'conflict' ||
      [2, 3, 4].every((index) => known.includes(index)),
    `the older one ${outcome.older}, the newer one knows frames ${known.join()}`,
  )
})
