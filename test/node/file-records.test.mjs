// fileRecords: what is in the folder, what damage does, and two processes over one record.
import test from 'node:test'
import { spawn } from 'node:child_process'
import {
  mkdir,
  mkdtemp,
  open,
  readFile,
  readdir,
  rm,
  stat,
  symlink,
  truncate,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { assert } from 'chai'
import { createFileSealer, importKeySet, inHand, restoreFileSealer } from 'sealdrop'
import { fileRecords, fileSource } from 'sealdrop/fs'
import { fails, keySetOf, publicJwk } from '../support/host.js'
import { createLedger } from '../support/ledger.js'
import { mutableSource, pattern, readMessage, same } from '../support/sealed-files.js'

const root = await mkdtemp(join(tmpdir(), 'sealdrop-records-'))
test.after(() => rm(root, { recursive: true }))
const keys = importKeySet(keySetOf(publicJwk('P-256-enc')), { trust: inHand() })
const content = pattern(10_000)
const source = mutableSource(content)
let folders = 0
const newFolder = () => join(root, `folder-${++folders}`)
const begin = async (folder = newFolder(), o = {}) => {
  const sealer = await createFileSealer(keys, source, {
    context: {},
    frameLength: 1_000,
    records: fileRecords(folder),
    ...o,
  })
  return {
    folder,
    sealer,
    log: join(
      folder instanceof URL ? fileURLToPath(folder) : folder,
      `${sealer.messageId}.sealdrop`,
    ),
  }
}
const restore = ({ folder, sealer }) =>
  restoreFileSealer(keys, fileRecords(folder), sealer.messageId, source)
const lines = async (path) => (await readFile(path, 'utf8')).split('\n')
const FileHandle = Object.getPrototypeOf(
  await open(root, 'r').then(async (handle) => {
    await handle.close()
    return handle
  }),
)

/** Replaces a method of every file handle while the work runs. */
async function patched(name, make, work) {
  const real = FileHandle[name]
  FileHandle[name] = make(real)
  try {
    return await work()
  } finally {
    FileHandle[name] = real
  }
}

test('a record is a file of mode 0600 in a folder of mode 0700, by path and by URL, and is gone when all was handed out', async () => {
  for (const as of [(path) => path, pathToFileURL]) {
    const folder = join(newFolder(), 'deep')
    const { sealer, log } = await begin(as(folder))
    assert.deepEqual(await readdir(folder), [`${sealer.messageId}.sealdrop`])
    assert.equal((await stat(log)).mode & 0o777, 0o600)
    assert.equal((await stat(folder)).mode & 0o777, 0o700)
    await sealer.slice(0, sealer.length)
    await sealer.close()
    assert.deepEqual(await readdir(folder), [])
  }
})

test('a slice resolves when its tags are in the file and synced', async () => {
  const { sealer, log } = await begin()
  const done = []
  await patched(
    'appendFile',
    (real) =>
      async function (...args) {
        const result = await real.apply(this, args)
        done.push('append')
        return result
      },
    () =>
      patched(
        'datasync',
        (real) =>
          async function () {
            await real.call(this)
            done.push('sync')
          },
        () =>
          patched(
            'sync',
            (real) =>
              async function () {
                await real.call(this)
                done.push('sync')
              },
            async () => {
              await sealer.slice(0, 3_000)
              done.push('slice')
            },
          ),
      ),
  )
  assert.deepEqual(done, ['append', 'sync', 'slice'])
  const { frames } = JSON.parse((await lines(log)).at(-2))
  assert.sameMembers(
    frames.map(([index]) => index),
    [0, 1, 2],
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
  await fails(assert, () => sealer.slice(0, 5_000), 'conflict')
  assert.equal((await other.slice(0, 5_000)).length, 5_000)
  await other.close()
})

test('a record that is older than 7 days by its own words is not restored and is removed', async () => {
  const first = await begin()
  await first.sealer.close()
  const text = await readFile(first.log, 'utf8')
  await writeFile(first.log, text.replace(/"created":\d+/, `"created":${Date.now() - 604_800_001}`))
  await fails(assert, () => restore(first), 'expired')
  assert.deepEqual(await readdir(first.folder), [])
})

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
    if (had) delete had.locks
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
    const { tags } = await fileRecords(older.folder).load(older.sealer.messageId)
    assert.deepEqual([...tags.keys()], [])
  }))

/** The slicer as a process; `lines` collects what it said. */
async function slicer(o, until) {
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
        if (until(said)) resolve()
      })
      .on('close', resolve),
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
  const { child, said, gone } = await slicer({ folder, file }, (lines) => lines.length > 3)
  const { id } = said[0]
  let other
  do {
    // who comes while a line is written is refused too, and tries again
    other = await slicer({ folder, file, id, hold: true }, (lines) => lines.length > 0)
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
    const { child, said, gone } = await slicer({ folder, file, id }, (lines) => lines.length > 0)
    assert.isUndefined(said[0].code, `${said[0].code} ${said[0].message}`)
    id ??= said[0].id
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 60))
    child.kill('SIGKILL')
    await gone
    assert.isTrue(
      said.every(({ code }) => code === undefined),
      JSON.stringify(said.at(-1)),
    )
    released.push(...said.filter(({ sha }) => sha))
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
  await sealer.close()
  assert.deepEqual(await readdir(folder), [])
})

test('a file that is changed while nobody runs, size and time kept, is source_changed at what left before the kill', async () => {
  const folder = newFolder()
  const file = join(root, 'changed')
  const time = new Date(1_700_000_000_000)
  await writeFile(file, pattern(3_000_000))
  await utimes(file, time, time)
  const { child, said, gone } = await slicer({ folder, file }, (lines) => lines.length > 2)
  child.kill('SIGKILL')
  await gone
  const [{ id }, { start, end }] = said
  const handle = await open(file, 'r+')
  const place = Math.max(0, start - 500)
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, place)
  await handle.write(Buffer.from([buffer[0] ^ 1]), 0, 1, place)
  await handle.close()
  await utimes(file, time, time)
  const sealer = await restoreFileSealer(keys, fileRecords(folder), id, await fileSource(file))
  await fails(assert, () => sealer.slice(start, end), 'source_changed')
  await sealer.close()
})

test('a process ends by itself though a sealer was not closed', async () => {
  const folder = newFolder()
  const code = `import { createFileSealer, importKeySet, inHand } from 'sealdrop'
    import { fileRecords, fileSource } from 'sealdrop/fs'
    const keys = importKeySet(${JSON.stringify(keySetOf(publicJwk('P-256-enc')))}, { trust: inHand() })
    const sealer = await createFileSealer(keys, new Blob(['x']), { context: {}, records: fileRecords(${JSON.stringify(folder)}) })
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
    `the older one ${outcome.older}, the newer one knows frames ${known}`,
  )
})
