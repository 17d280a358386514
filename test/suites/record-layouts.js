// indexedDbRecords, in hosts that load a page: rows of an older build, rows of this one, notes, and
// how many there may be.
import { fails } from '../support/host.js'
import { deleted, dump, replacing } from '../support/indexed-db.js'
import { databaseSealers } from '../support/database-sealers.js'
import { headerOf, same } from '../support/sealed-files.js'
import { present } from '../support/types.mjs'

/** @param {import('../support/host.js').DoorHost} host */
export function recordLayoutsSuite({ test, assert, door }) {
  const { begin, restore, newName, source } = databaseSealers(door)
  const { indexedDbRecords } = door
  const tagsOf = (...values) =>
    new Uint8Array(values.flatMap((value) => Array.from({ length: 16 }, () => value)))

  /** A sealer that was closed, whose record has the rows of the build before: one for each tag. */
  async function begunBefore(frames) {
    const first = await begin()
    const { sealer, name } = first
    const whole = await sealer.slice(0, sealer.length - 1)
    await sealer.close()
    const { entries, close } = await dump(name)
    close()
    const id = sealer.messageId
    const { value } = present(entries.find(({ key }) => key === id))
    await deleted(name)
    await indexedDbRecords(name).load(id) // makes the stores
    const empty = await dump(name)
    await empty.put('records', id, value)
    const { length: header, frameLength } = headerOf(whole)
    for (const index of frames) {
      const end = header + (index + 1) * (frameLength + 32)
      await empty.put('tags', [id, index], whole.slice(end - 16, end))
    }
    empty.close()
    return { ...first, whole }
  }

  test('a record that the build before wrote is read with its tags, and goes on', async () => {
    const first = await begunBefore([0, 1, 2, 5])
    const { whole } = first
    const again = await restore(first)
    assert.isTrue(same(await again.slice(0, 12_000), whole.subarray(0, 12_000)))
    assert.isTrue(same(await again.slice(20_000, 40_000), whole.subarray(20_000, 40_000)))
    await again.close()
    const last = await restore(first)
    assert.isTrue(same(await last.slice(0, 50_000), whole.subarray(0, 50_000)))
    await last.close()
  })

  test('another content at a frame that the build before let out is source_changed', async () => {
    for (const start of [0, 6_000, 26_000]) {
      const first = await begunBefore([0, 1, 2, 5])
      const other = await restore({ ...first, source: source(new Uint8Array(50_000).fill(9)) })
      await fails(assert, () => other.slice(start, start + 1_000), 'source_changed')
      await other.close()
    }
  })

  test('a record that the build before wrote and a frame in it with two tags is malformed', async () => {
    const first = await begunBefore([0, 1])
    const records = indexedDbRecords(first.name)
    await records.load(first.sealer.messageId)
    await records.append(first.sealer.messageId, [[1, tagsOf(7)]])
    await fails(assert, () => restore(first), 'malformed')
  })

  test('the build before reads no row of this one as a tag: none has a frame for its key', async () => {
    const first = await begin()
    await first.sealer.slice(0, 9_000)
    await first.records.note?.(first.sealer.messageId, 'a', {})
    const { entries } = await dump(first.name)
    const rows = entries.filter(({ store }) => store === 'tags')
    assert.isAtLeast(rows.length, 2)
    for (const { key } of rows) {
      // it reads what lies from [id] to [id, []], and its second part has to be the frame
      assert.equal(indexedDB.cmp(key, [first.sealer.messageId]), 1)
      assert.equal(indexedDB.cmp(key, [first.sealer.messageId, []]), -1)
      assert.isString(key[1])
    }
    await first.sealer.close()
  })

  test('an append is one row, of no more memory than its tags have', async () => {
    const { name, sealer, records } = await begin()
    const memory = tagsOf(...Array.from({ length: 4_096 }, (_, i) => i % 256))
    const id = sealer.messageId
    await records.append(id, [
      [0, memory.subarray(0, 48)],
      [5, memory.subarray(80, 96)],
    ])
    const { entries, close } = await dump(name)
    close()
    const rows = entries.filter(({ store }) => store === 'tags')
    assert.equal(rows.length, 1)
    assert.deepEqual(
      rows[0]?.value.map(([index, tags]) => [index, tags.length, tags.buffer.byteLength]),
      [
        [0, 48, 48],
        [5, 16, 16],
      ],
    )
    const { tags } = present(await indexedDbRecords(name).load(id))
    assert.deepEqual([...tags], rows[0]?.value)
    await sealer.close()
  })

  test('an append that was kept although its write failed can be repeated', async () => {
    const name = newName()
    const store = indexedDbRecords(name)
    let failures = 1
    const records = {
      ...store,
      append: async (id, frames) => {
        await store.append(id, frames)
        if (failures-- > 0) throw new Error('the answer was lost')
      },
    }
    const first = await begin(name, source(), records)
    await fails(assert, () => first.sealer.slice(0, 20_000), 'output_failed')
    const piece = await first.sealer.slice(0, 20_000)
    await first.sealer.close()
    const { entries, close } = await dump(name)
    close()
    assert.equal(entries.filter(({ store: where }) => where === 'tags').length, 2)
    const again = await restore(first)
    assert.isTrue(same(await again.slice(0, 20_000), piece))
    await again.close()
  })

  test('one frame with two tags is malformed, wherever it is, and with the same one twice is not', async () => {
    for (const [runs, code] of /** @type {const} */ ([
      [[[1, tagsOf(2)]], undefined],
      [[[0, tagsOf(1, 2, 3, 4, 5)]], undefined],
      [[[1, tagsOf(3)]], 'malformed'],
      [[[2, tagsOf(3, 4, 6)]], 'malformed'],
      [[[0, tagsOf(9)]], 'malformed'],
    ])) {
      const { sealer, name, records } = await begin()
      await records.append(sealer.messageId, [[0, tagsOf(1, 2, 3, 4, 5)]])
      await records.append(sealer.messageId, runs)
      await sealer.close()
      const again = () => restore({ sealer, name, source: source() })
      if (code) await fails(assert, again, code)
      else await (await again()).close()
    }
  })

  test('notes are kept beside the tags, one of the same name takes the place of the one before', async () => {
    const first = await begin()
    const id = first.sealer.messageId
    const note = (...args) => first.records.note?.(.../** @type {[any, any, any]} */ (args))
    const part = { length: 8, sha256: new Uint8Array([0, 255, 9]), text: '_wk', last: false }
    await note(id, 'part 1', part)
    await note(id, 'upload', { name: 'Zo\u00EB \u{1F4C4}', time: 5 })
    await note(id, 'upload', { name: 'Zo\u00EB \u{1F4C4}', time: 6 })
    await first.sealer.slice(0, 7_000)
    const other = await begin(first.name)
    await other.records.note?.(other.sealer.messageId, 'upload', { name: 'b' })
    await begin(first.name)
    const next = indexedDbRecords(first.name)
    const list = present(await next.list?.('upload'))
    assert.deepEqual(
      new Map(list),
      new Map([
        [id, { name: 'Zo\u00EB \u{1F4C4}', time: 6 }],
        [other.sealer.messageId, { name: 'b' }],
      ]),
    )
    assert.deepEqual(await next.list?.('nothing'), [])
    await first.sealer.slice(7_000, 14_000) // listing took nothing over
    const loaded = present(await next.load(id))
    assert.deepEqual(Object.fromEntries(present(loaded.notes)), {
      'part 1': part,
      upload: { name: 'Zo\u00EB \u{1F4C4}', time: 6 },
    })
    await fails(assert, () => note(id, 'part 1', {}), 'conflict')
    await next.remove(id)
    assert.equal(present(await next.list?.('upload')).length, 1)
    const { entries, close } = await dump(first.name)
    close()
    assert.isFalse(entries.some(({ key }) => key === id || key[0] === id))
    await other.sealer.close()
  })

  test('a note is durable before it resolves, and none is kept beside a record that is gone', async () => {
    const first = await begin()
    const order = []
    const noting = (self, args, call) => {
      const [, , options] = args
      const transaction = call()
      order.push(options?.durability)
      transaction.addEventListener('complete', () => order.push('complete'))
      return transaction
    }
    await replacing(IDBDatabase.prototype, 'transaction', noting, async () => {
      await first.records.note?.(first.sealer.messageId, 'a', {})
      order.push('resolved')
    })
    assert.deepEqual(order, ['strict', 'complete', 'resolved'])
    await first.records.remove(first.sealer.messageId)
    await fails(assert, () => first.records.note?.(first.sealer.messageId, 'a', {}), 'expired')
    await first.sealer.close()
  })
}
