// A file that is another one when its upload goes on.
import { randomUUID } from 'node:crypto'
import { appendFile, copyFile, readFile, rename, truncate, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { importKeySet, inHand } from 'sealdrop'
import { fileRecords, fileSource } from 'sealdrop/fs'
import { unfinishedUploads, uploadSealed, uploadTransport } from 'sealdrop/upload'
import { generator } from '../../support/generator.mjs'
import { fails } from '../../support/host.js'
import { amount, givenSeed, seedLine } from '../../support/soak.mjs'
import { mutatedBuild } from '../../support/mutated-build.mjs'
import { pointedRecords } from '../page/watch.js'
import { context } from '../page-world.mjs'
import { rewrite } from './copies.mjs'
import { nodeLives } from './lives.mjs'

const MiB = 2 ** 20
const partLength = 5 * MiB
const places = amount({ part: 12, whole: 50 })

/** @param {{ test: any, assert: any, made: any, fresh: () => void, fileOf: any, hashOf: any }} host */
export function changesSuite({ test, assert, made, fresh, fileOf, hashOf }) {
  /** What is whole at the bucket, and what was begun there. */
  const there = async () => [await made.world.objects(), await made.world.begun()]
  const send = (source, records, o = {}) => {
    const { jwks, handler, site } = made.world
    const headers = { authorization: 'Bearer acme', origin: site }
    const transport = uploadTransport(handler, { headers })
    const keys = importKeySet(jwks, { trust: inHand() })
    return uploadSealed(keys, source, { context, transport, records, partLength, ...o })
  }
  /** An upload that was cut when the row of its part `at` was there: all up to it is recorded. */
  const cutAt = async (at, source) => {
    const kept = fileRecords(join(made.world.folder, `records-${randomUUID()}`))
    const cut = new AbortController()
    let rows = 0
    const records = pointedRecords(kept, async (point) => {
      if (point === 'the part has its row' && ++rows === at) cut.abort('cut')
    })
    fresh()
    const upload = await send(source, records, { inFlight: 1, signal: cut.signal })
    assert.equal(await upload.done.catch((reason) => reason), 'cut')
    const [{ key }] = made.world.store.puts
    return { records: kept, key, messageId: upload.messageId }
  }

  test(`a file that is changed at each of ${places} places, size and time put back, never completes`, async (t) => {
    const seed = givenSeed()
    t.diagnostic(seedLine(seed))
    const { below } = generator(seed)
    const before = await there()
    for (let i = 0; i < places; i++) {
      const { path } = await fileOf(9 * MiB)
      const source = await fileSource(path)
      // ctime cannot be put back: this is a file system without it
      const version = async () => 'always the same'
      const { records, messageId } = await cutAt(2, { ...source, version })
      const place = below(9 * MiB)
      const [byte] = (await readFile(path)).subarray(place)
      await rewrite(path, place, Buffer.from([byte ^ (1 << below(8))]))
      fresh()
      const again = await send({ ...(await fileSource(path)), version }, records)
      assert.equal(again.messageId, messageId)
      await fails(assert, () => again.done, 'source_changed', undefined, `byte ${place}`)
      assert.deepEqual(await unfinishedUploads(records), [])
    }
    assert.deepEqual(await there(), before)
  })

  const changes = {
    'another time': (path) => utimes(path, 1, 1),
    'a byte more': (path) => appendFile(path, '.'),
    'a byte less': (path) => truncate(path, 12 * MiB - 1),
    'the same content in another file': async (path) => {
      await copyFile(path, `${path}-copy`)
      await rename(`${path}-copy`, path)
    },
  }
  for (const [name, change] of Object.entries(changes))
    test(`a file of ${name}: no byte leaves under the key that it was begun with`, async () => {
      const { path } = await fileOf(12 * MiB)
      const { records, key, messageId } = await cutAt(2, await fileSource(path))
      await change(path)
      fresh()
      const again = await send(await fileSource(path), records)
      assert.notEqual(again.messageId, messageId)
      const done = await again.done
      assert.notInclude(
        made.world.store.puts.map((put) => put.key),
        key,
      )
      assert.equal((await made.world.opened(done.key)).hash, await hashOf(path))
    })

  test('a file that is written to while it is sent: what was not sealed by then never leaves', async () => {
    const { path } = await fileOf(40 * MiB)
    const before = await there()
    fresh()
    const { store } = made.world
    store.before = async () => {
      if (store.puts.length === 2) await appendFile(path, '.')
    }
    const records = fileRecords(join(made.world.folder, `records-${randomUUID()}`))
    const upload = await send(await fileSource(path), records, { inFlight: 1 })
    await fails(assert, () => upload.done, 'source_changed')
    // one part is sealed ahead
    assert.isAtMost(store.puts.length, 3)
    assert.deepEqual(await unfinishedUploads(records), [])
    assert.deepEqual(await there(), before)
  })

  const builds = {
    'nothing of it leaves': undefined,
    'without the comparison of tags it leaves, and the ledger sees it': [
      'stream/frame-ledger.js',
      'else if (!equal(known, tag))',
      'else if (false)',
    ],
  }
  for (const [name, mutation] of Object.entries(builds))
    test(`a process was killed, and its file is another one, size and time put back: ${name}`, async (t) => {
      const { world } = made
      const mutated = mutation && (await mutatedBuild(.../** @type {const} */ (mutation)))
      if (mutated) world.pages.build = mutated.build
      const before = await there()
      try {
        const file = await fileOf(26 * MiB)
        const lives = nodeLives(world)
        const o = { partLength, inFlight: 3, version: 'always the same' }
        fresh()
        let life
        world.store.before = async () => {
          if (world.store.puts.length < 4) return
          void life.end()
          await new Promise(() => {})
        }
        life = await lives.begin(file, o)
        await life.over
        world.store.before = undefined
        const all = await readFile(file.path)
        await rewrite(
          file.path,
          0,
          all.map((byte) => byte ^ 1),
        )
        const outcome = await (await lives.begin(file, o)).over
        const { puts } = world.store
        const left = puts.map(({ key, part }) => `${key} ${part}`)
        const contents = puts.map(({ key, part, sum }) => `${key} ${part} ${sum}`)
        const changed = new Set(contents).size - new Set(left).size
        const twice = world.ledger.twice()
        for (const one of twice) world.ledger.entries.delete(one)
        t.diagnostic(`${twice.length} frames were sealed from two contents, ${changed} parts left`)
        if (mutated) {
          assert.isAbove(twice.length, 0)
          assert.isAbove(changed, 0)
          return
        }
        assert.equal(outcome.code, 'source_changed')
        assert.equal(changed, 0)
        // these frames were sealed to be compared, and their bytes were dropped
        assert.isAtMost(twice.length, 18)
        assert.deepEqual(await there(), before)
      } finally {
        world.pages.build = made.build
        await mutated?.close()
      }
    })
}
