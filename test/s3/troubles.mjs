// What goes wrong around an upload, and is told by its code: files that vanish or cannot be read, a
// server that lies, a clock that is wrong, records that have no room. Nothing whole is made of it.
import { chmod, mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileSource } from 'sealdrop/fs'
import { unfinishedUploads, uploadSealed, uploadTransport } from 'sealdrop/upload'
import { fails } from '../support/host.js'

const MiB = 2 ** 20
const context = { claim: '7' }
const partLength = 5 * MiB

/** @param {any} host - see uploads.mjs */
export function troublesSuite(host) {
  const { test, assert, world, made, transportOf, fileOf, recordsOf, openedHash } = host
  const begin = (source, o = {}) =>
    uploadSealed(made.keys, source, { context, partLength, inFlight: 1, ...o })

  const codeOf = (upload) => upload.done.then(String, ({ code }) => code)

  test('a folder, and a file that nobody may read, are source_failed before anything is asked', async () => {
    const folder = join(made.folder, 'no file')
    await mkdir(folder)
    await fails(assert, () => fileSource(folder), 'source_failed', /not a file/)
    const { source } = await fileOf(12 * MiB)
    const unreadable = {
      ...source,
      read: async () => {
        throw Object.assign(new Error('EACCES'), { code: 'EACCES' })
      },
    }
    const { path } = await fileOf(12 * MiB)
    const closed = await fileSource(path)
    await chmod(path, 0)
    const isRoot = await open(path).then(
      (handle) => handle.close().then(() => true),
      () => false,
    )
    // whoever runs this as root may read everything
    for (const file of isRoot ? [unreadable] : [unreadable, closed]) {
      const transport = transportOf()
      const upload = async () => (await begin(file, { transport, records: recordsOf() })).done
      // permissions that were taken away have changed its ctime
      await fails(assert, upload, file === closed ? 'source_changed' : 'source_failed')
      assert.deepEqual([transport.seen.parts, transport.seen.ops.includes('complete')], [[], false])
    }
  })

  test('a file that vanishes in the middle is told of, and nothing of it is completed', async () => {
    const { path, source, hash } = await fileOf(28 * MiB)
    const records = recordsOf()
    const gone = `${path}-gone`
    const transport = transportOf({
      sent: async (part, answer, seen) => {
        if (seen.parts.length === 2) await rename(path, gone)
      },
    })
    const first = await begin(source, { transport, records })
    // one that was open in that moment has another ctime then
    assert.include(['source_failed', 'source_changed'], await codeOf(first))
    assert.notInclude(transport.seen.ops, 'complete')
    await fails(assert, () => fileSource(path), 'source_failed', /ENOENT/)
    await rename(gone, path)
    // its ctime is another one: who can say what happened to it meanwhile?
    const again = await begin(await fileSource(path), { transport: transportOf(), records })
    assert.notEqual(again.messageId, first.messageId)
    assert.equal(await openedHash((await again.done).key), hash)
    await rm(path)
  })

  const full = () => Object.assign(new Error('no space left'), { code: 'ENOSPC' })
  for (const verb of ['create', 'append', 'note'])
    test(`records that have no room at ${verb} are output_failed, nothing unrecorded leaves, and it goes on`, async () => {
      const { source, hash } = await fileOf(17 * MiB)
      const kept = recordsOf()
      let times = 0
      const records = {
        ...kept,
        [verb]: async (...given) => {
          if (++times === (verb === 'create' ? 1 : 3)) throw full()
          return kept[verb](...given)
        },
      }
      const transport = transportOf()
      await fails(
        assert,
        async () => (await begin(source, { transport, records })).done,
        'output_failed',
      )
      assert.isBelow(transport.seen.parts.length, 3)
      assert.notInclude(transport.seen.ops, 'complete')
      const next = transportOf()
      const done = await (await begin(source, { transport: next, records })).done
      assert.equal(await openedHash(done.key), hash)
      assert.isAtMost(transport.seen.parts.length + next.seen.parts.length, 4 + 1)
      assert.deepEqual(await unfinishedUploads(kept), [])
    })

  /** Uploads a file in parts while the server answers in another way. */
  const lied = async (on) => {
    const { source } = await fileOf(17 * MiB)
    const transport = transportOf(on)
    return { outcome: await codeOf(await begin(source, { transport })), transport }
  }

  test('a server that signs another part, or swaps two, gets no part into the wrong place', async () => {
    const swapped = await lied({
      asked: (op, answer) =>
        op === 'sign'
          ? { parts: answer.parts.map((one) => ({ ...one, part: one.part + 1 })) }
          : undefined,
    })
    assert.equal(swapped.outcome, 'malformed')
    let before
    const urls = await lied({
      asked: (op, answer) => {
        if (op !== 'sign') return undefined
        const [mine] = answer.parts
        const other = before ?? mine
        before = mine
        return { parts: [{ ...mine, url: other.url, headers: other.headers }] }
      },
    })
    assert.equal(urls.outcome, 'output_failed', 'S3 takes other bytes than were signed from nobody')
    for (const { transport } of [swapped, urls]) assert.notInclude(transport.seen.ops, 'complete')
  })

  test('a server that loses a part is sent it again, and one that goes on losing it is output_failed', async () => {
    /** Says so often that part 2 is not there, and completes nothing then. */
    const losing = async (most) => {
      const { source, hash } = await fileOf(17 * MiB)
      const transport = transportOf()
      const { ask } = transport
      let times = 0
      transport.ask = async (op, ...given) =>
        op === 'complete' && times++ < most ? { done: false, missing: [2] } : ask(op, ...given)
      return { upload: await begin(source, { transport }), hash, parts: transport.seen.parts }
    }
    const once = await losing(1)
    assert.equal(await openedHash((await once.upload.done).key), once.hash)
    assert.deepEqual(once.parts, ['1', '2', '3', '4', '2'])
    const always = await losing(100)
    assert.equal(await codeOf(always.upload), 'output_failed')
    assert.deepEqual(always.parts, ['1', '2', '3', '4', '2', '2', '2'])
  })

  test('a server that lists parts in another order, or parts that are not there, spoils nothing', async () => {
    const cut = async (records, source) => {
      const stop = new AbortController()
      const transport = transportOf({
        sent: (part, answer, seen) => {
          if (seen.parts.length === 2) stop.abort('cut')
        },
      })
      const first = await begin(source, { transport, records, signal: stop.signal })
      await first.done.catch(() => {})
      return first
    }
    const lists = {
      'another order': ({ parts, ...rest }) => ({ ...rest, parts: [...parts].reverse() }),
      'none of them': (answer) => ({ ...answer, parts: [] }),
      'a part that never left': ({ parts, ...rest }) => ({
        ...rest,
        parts: [...parts, { ...parts[0], part: 4 }],
      }),
      'another hash': ({ parts: [one, ...more], ...rest }) => ({
        ...rest,
        parts: [{ ...one, sha256: more[0].sha256 }, ...more],
      }),
    }
    for (const [name, list] of Object.entries(lists)) {
      const { source, hash } = await fileOf(17 * MiB)
      const records = recordsOf()
      const first = await cut(records, source)
      const transport = transportOf({
        asked: (op, answer) => (op === 'list' ? list(answer) : undefined),
      })
      const again = await begin(source, { transport, records })
      const done = await again.done
      assert.equal(await openedHash(done.key), hash, name)
      const isAnew = ['a part that never left', 'another hash'].includes(name)
      assert.equal(done.messageId !== first.messageId, isAnew, name)
      assert.deepEqual(await unfinishedUploads(records), [], name)
    }
  })

  test('a handler whose clock is wrong is told of, and with a right one the file arrives', async () => {
    const { source, hash } = await fileOf(100_000)
    let behind = 86_400_000
    const handler = world().make({ now: () => Date.now() - behind })
    const transport = uploadTransport('https://files.example.com/uploads', {
      headers: { authorization: 'Bearer acme', origin: 'https://app.example.com' },
      fetch: (url, init) => handler(new Request(url, init)),
    })
    const first = await begin(source, { transport })
    const words = /are its credentials or its clock wrong/
    await fails(assert, () => first.done, 'output_failed', words)
    behind = 0
    assert.equal(await openedHash((await (await begin(source, { transport })).done).key), hash)
  })
}
