// What no other test noticed when a line behind sealed files was changed: records and files on a
// disk.
import test from 'node:test'
import {
  mkdir,
  mkdtemp,
  open,
  readFile,
  readdir,
  readlink,
  rm,
  rmdir,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from 'chai'
import * as jose from 'jose'
import { createFileSealer, importKeySet, inHand } from 'sealdrop'
import { fileRecords } from 'sealdrop/fs'
import { httpSource } from 'sealdrop/kms'
import { writeFileWhole } from '#dist/files/write-file.js'
import { decompressPoint } from '#dist/kms/open/decompress-point.js'
import { openFile } from '#dist/kms/open/open-file.js'
import { fails, keySetOf, publicJwk } from '../support/host.js'
import { writeMessage } from '../support/message-writer.js'
import * as rooms from '../support/rooms.js'
import { arnOf, decompress, openerOver } from '../support/seal-with-jose.js'
import { chunkDigestOf, mutableSource, pattern, settle } from '../support/sealed-files.js'

const root = await mkdtemp(join(tmpdir(), 'sealdrop-mutants-'))
test.after(() => rm(root, { recursive: true }))
const keys = importKeySet(keySetOf(publicJwk('P-256-enc')), { trust: inHand() })
let folders = 0
const begin = async () => {
  const folder = join(root, `folder-${++folders}`)
  const records = fileRecords(folder)
  const source = mutableSource(pattern(10_000))
  const sealer = await createFileSealer(keys, source, { context: {}, frameLength: 1_000, records })
  return {
    folder,
    records,
    source,
    sealer,
    id: sealer.messageId,
    log: join(folder, `${sealer.messageId}.sealdrop`),
  }
}
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

/** Handles of this process on a file; on Linux only. */
const handlesOn = async (path) => {
  if (process.platform !== 'linux') return 0
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  )
  return links.filter((link) => link === path).length
}

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
    () => async () => {
      throw Object.assign(new Error('disk'), { code: 'EIO' })
    },
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
  await fails(assert, () => records.append(id, [[0, tag(0)]]), 'conflict')
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
  const folder = join(root, `folder-${++folders}`)
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
      chunks.length > 0 ? controller.enqueue(chunks.shift()) : controller.close()
    },
  })
const newOutput = async () => {
  const folder = join(root, `out-${++folders}`)
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
  for (const name of ['write', 'sync']) {
    await patched(
      name,
      () => async () => {
        throw Object.assign(new Error('full'), { code: 'ENOSPC' })
      },
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

/**
 * A source whose server is a function of the range; `left` counts the bodies that were cancelled.
 */
function servedBy(answer) {
  const seen = { left: 0, asked: [] }
  const bodyOf = (bytes, rest = 200) =>
    new ReadableStream(
      {
        pull(controller) {
          if (rest-- > 0) controller.enqueue(bytes)
          else controller.close()
        },
        cancel() {
          seen.left++
        },
      },
      { highWaterMark: 0 },
    )
  const fetch = async (url, { headers, ...rest }) => {
    seen.asked.push({ headers, ...rest })
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(headers.range).map(Number)
    const {
      status = 206,
      bytes = pattern(1_000).subarray(start, end + 1),
      body = bodyOf(bytes),
      ...found
    } = answer({ start, end, first: seen.asked.length === 1 })
    return new Response(body, {
      status,
      headers: { etag: '"v1"', 'content-range': `bytes ${start}-${end}/1000`, ...found },
    })
  }
  return { seen, open: (o) => httpSource('https://files.example/sealed', { fetch, ...o }) }
}

test('no answer that is not wanted is left running', async () => {
  const rows = [
    ['source_failed', () => ({ status: 200 })],
    ['source_failed', () => ({ status: 503 })],
    ['source_changed', () => ({ status: 412 })],
    ['source_changed', () => ({ etag: '"v2"' })],
    ['source_failed', () => ({ 'content-range': 'bytes 5-9/1000' })],
    ['source_changed', () => ({ 'content-range': 'bytes 10-99/1001' })],
    ['source_failed', () => ({})], // it gives more and more
  ]
  for (const [code, then] of rows) {
    const { seen, open } = servedBy((o) => (o.first ? {} : then(o)))
    const source = await open()
    assert.equal(seen.left, 1, 'the first answer says enough by its head')
    const error = await fails(assert, () => source.read(10, 100), code)
    assert.equal(
      error.retryable,
      code === 'source_failed' && !/status 200/.test(error.message),
      error.message,
    )
    await settle()
    assert.equal(seen.left, 2, error.message)
  }
  const other = await servedBy((o) =>
    o.first ? {} : { body: pattern(90), 'content-range': 'bytes 5-94/1000' },
  ).open()
  await fails(assert, () => other.read(10, 100), 'source_failed', /with others/)
  const { seen, open } = servedBy(() => ({ status: 404 }))
  await fails(assert, open, 'source_failed')
  assert.equal(seen.left, 1)
})

test('what a server calls not satisfiable is an empty file only when it says so', async () => {
  for (const [range, size] of [
    ['bytes */0', 0],
    ['bytes */1000', undefined],
    ['bytes */', undefined],
    ['bytes */99999999999999999999', undefined],
  ]) {
    const { open } = servedBy(() => ({ status: 416, body: null, 'content-range': range }))
    if (size === undefined) await fails(assert, open, 'source_failed')
    else assert.equal((await open()).size, size)
  }
  const { open } = servedBy(() => ({
    body: 'x',
    'content-range': 'bytes 0-0/99999999999999999999',
  }))
  await fails(assert, open, 'source_failed')
})

test("every request asks for the bytes as they are, for its version and for its range, whatever the caller's headers say", async () => {
  const { seen, open } = servedBy(({ start, end }) => ({
    body: pattern(1_000).slice(start, end + 1),
  }))
  const source = await open({
    headers: {
      authorization: 'Bearer x',
      range: 'bytes=0-999',
      'accept-encoding': 'gzip',
      'if-match': '"v0"',
    },
  })
  assert.deepEqual(await source.read(10, 20), pattern(20).slice(10))
  assert.equal(await source.version(), '"v1"')
  assert.deepEqual(
    seen.asked.map(({ headers, redirect }) => [
      headers.range,
      headers['accept-encoding'],
      redirect,
    ]),
    [
      ['bytes=0-0', 'identity', 'manual'],
      ['bytes=10-19', 'identity', 'manual'],
    ],
  )
  assert.equal(seen.asked[1].headers['if-match'], '"v1"')
})

test('points of every curve are decompressed as another library does, and no others', () => {
  for (const [crv, name, coordinate] of [
    ['P-256', 'P-256-enc', 32],
    ['P-384', 'P-384-enc', 48],
    ['P-521', 'P-521-enc', 66],
  ]) {
    const { x, y } = publicJwk(name)
    const [xs, ys] = [x, y].map((text) => Buffer.from(text, 'base64url'))
    for (const parity of [0, 1]) {
      const point = Buffer.concat([Buffer.from([2 + parity]), xs])
      const found = new Uint8Array(decompressPoint(crv, point))
      assert.deepEqual(found, decompress(crv, point))
      assert.equal(found.length, 1 + 2 * coordinate)
      if (parity === (ys.at(-1) & 1))
        assert.isTrue(Buffer.from(found.subarray(1 + coordinate)).equals(ys))
    }
    for (const wrong of [
      new Uint8Array([2, ...Array(coordinate).fill(255)]),
      new Uint8Array(coordinate + 1),
      new Uint8Array(5),
    ])
      assert.throws(() => decompressPoint(crv, wrong))
  }
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
  const real = crypto.subtle.digest
  crypto.subtle.digest = async (...args) => {
    const hash = await real.apply(crypto.subtle, args)
    await settle()
    return hash
  }
  try {
    const opened = await openFile(streams, join(folder, 'sealed'), path, { context: {} })
    assert.deepEqual([opened.length, opened.digest], [message.length, await chunkDigestOf(message)])
  } finally {
    delete crypto.subtle.digest
  }
  assert.isTrue((await readFile(path)).equals(pattern(7_000_000)))
})

const line = /\{"holder":"[^"]*","frames".*\n/
const damages = {
  'a line of which only zeros came behind its beginning': (text) =>
    text.replace(line, '{"holder":"ab\0\0\0\0'),
  'a cut line that began as no line does': (text) => text.replace(line, '{"folder":"ab'),
  'two tags for one frame': (text) =>
    text.replace(
      line,
      (all) =>
        `${all}\n${all.replace(/\[\[0,"./, (start) => `${start.slice(0, -1)}${start.endsWith('A') ? 'B' : 'A'}`)}`,
    ),
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
