import { fails, reasonOf } from '../support/host.js'
import { recordedSealers, sealingKeys } from '../support/file-sealers.js'
import { messageKeys, toBase64url } from '../support/message-format.js'
import { writeMessage } from '../support/message-writer.js'
import {
  chunkDigestOf,
  mutableSource,
  pattern,
  readMessage,
  same,
  settle,
} from '../support/sealed-files.js'

/**
 * How another file sealer goes on with a record.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function fileSealerRestoresSuite({ test, assert, door }) {
  const { inspect, restoreFileSealer } = door
  const { keys, content, logOf, begin, crash } = recordedSealers(door)

  test('after a crash at every point another sealer goes on, and the whole opens', async () => {
    const step = 230
    for (let cut = 0; cut <= 1_700; cut += step) {
      const first = await begin()
      const pieces = []
      for (let at = 0; at < cut && at < first.sealer.length; at += step)
        pieces.push(await first.sealer.slice(at, Math.min(first.sealer.length, at + step)))
      const left = await crash(first)
      const sealer = await restoreFileSealer(keys, left, first.sealer.messageId, first.source)
      assert.equal(sealer.length, first.expected.length)
      assert.equal(sealer.messageId, first.sealer.messageId)
      for (let at = pieces.length * step; at < sealer.length; at += step)
        pieces.push(await sealer.slice(at, Math.min(sealer.length, at + step)))
      const message = new Uint8Array(pieces.flatMap((piece) => [...piece]))
      assert.deepEqual(await readMessage(message, first.start.key), content, `after ${cut} bytes`)
      assert.equal(await sealer.digest(), await chunkDigestOf(first.expected))
      await sealer.close({ done: true })
      assert.equal(left.logs.size, 0)
    }
  })

  test('a crash within an append, before or after it was durable, loses nothing that left', async () => {
    for (const point of ['before', 'after']) {
      const first = await begin()
      const released = await first.sealer.slice(0, 600)
      let reached
      first.store.control[point] = () => {
        reached = true
        return new Promise((resolve) => {
          first.store.control.go = resolve
        })
      }
      first.sealer.slice(600, 1_200).catch(() => {})
      while (!reached) await settle()
      const left = await crash(first)
      const sealer = await restoreFileSealer(keys, left, first.sealer.messageId, first.source)
      assert.isTrue(same(await sealer.slice(0, 600), released), point)
      assert.isTrue(same(await sealer.slice(0, sealer.length), first.expected), point)
      await sealer.close()
    }
  })

  test('a record can be restored right after its sealer was closed, again and again', async () => {
    const first = await begin()
    await first.sealer.close()
    for (let i = 0; i < 20; i++) {
      const sealer = await restoreFileSealer(
        keys,
        first.store,
        first.sealer.messageId,
        first.source,
      )
      assert.isTrue(
        same(await sealer.slice(i * 50, i * 50 + 60), first.expected.subarray(i * 50, i * 50 + 60)),
      )
      await sealer.close()
    }
  })

  const other = sealingKeys(door, 'P-384-enc')
  const keysAreOthers = (start, use) => {
    use.keys = other
  }
  const idIs = (id) => (start, use) => {
    use.id = id
  }
  const fileIs = (bytes, versioned) => (start, use) => {
    use.source = mutableSource(bytes, { versioned })
  }
  const without = (member) => (start) => {
    delete start[member]
  }
  const changed = (member, change) => (start) => {
    start[member] = change(start[member])
  }
  const flipped = (at) => (bytes) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
  const expired = (change) => ({ code: 'expired', change })
  const unusable = (change) => ({ code: 'no_usable_key', change })
  const sourceChanged = (change) => ({ code: 'source_changed', change })
  const malformed = (change) => ({ code: 'malformed', change })
  /** What becomes of a record, or of what it is restored with, and how that is refused. */
  const refused = {
    'an unknown id': expired(idIs('A'.repeat(43))),
    'another kind of id': expired(idIs('../../etc/passwd')),
    'a record older than 7 days': expired(changed('created', () => Date.now() - 604_800_001)),
    'a record without a time': expired(without('created')),
    'a key that is no longer published': unusable(keysAreOthers),
    'one of several keys that is no longer published': unusable(
      changed('recipients', (found) => [...found, 'gone']),
    ),
    'a file of another size': sourceChanged(fileIs(pattern(999), true)),
    'a file of another version': sourceChanged((start, use) => {
      use.source.held.version++
    }),
    'a file that has no version now': sourceChanged(fileIs(content, false)),
    'a header with a flipped bit': malformed(changed('header', flipped(60))),
    'a header of another message id': malformed(changed('header', flipped(3))),
    'a header that is cut': malformed(changed('header', (header) => header.slice(0, -1))),
    'no header': malformed(without('header')),
    'another key': malformed(changed('key', flipped(0))),
    'a key that is cut': malformed(changed('key', (key) => key.slice(1))),
    'no key': malformed(without('key')),
    'no recipients': malformed(without('recipients')),
    'an empty list of recipients': malformed(changed('recipients', () => [])),
    'another version of the record': malformed(changed('v', () => 2)),
  }
  for (const [name, { code, change }] of Object.entries(refused)) {
    test(`${name} is not restored: ${code}`, async () => {
      const first = await begin({ source: mutableSource(content, { versioned: true }) })
      await first.sealer.slice(0, 500)
      const left = await crash(first)
      const use = { id: first.sealer.messageId, keys, source: first.source }
      change(logOf(left, first.sealer).start, use)
      await fails(assert, () => restoreFileSealer(use.keys, left, use.id, use.source), code)
      assert.equal(left.logs.size, 1, 'a restore that is refused deletes nothing')
      if (use.id === first.sealer.messageId && code === 'no_usable_key' && use.keys === other)
        await (await restoreFileSealer(keys, left, use.id, first.source)).close()
    })
  }

  test('a record of nearly 7 days is restored', async () => {
    const first = await begin()
    const left = await crash(first)
    logOf(left, first.sealer).start.created = Date.now() - 604_800_000 + 60_000
    await (await restoreFileSealer(keys, left, first.sealer.messageId, first.source)).close()
  })

  test('while one holds a record it is conflict for another, and free after close, after source_changed and after a failed restore', async () => {
    const { store, sealer, source } = await begin()
    const restore = () => restoreFileSealer(keys, store, sealer.messageId, source)
    await fails(assert, restore, 'conflict')
    await sealer.slice(0, 500)
    await sealer.close()
    const [a, b] = await Promise.allSettled([restore(), restore()])
    assert.sameMembers([a.status, b.status], ['fulfilled', 'rejected'])
    assert.equal((reasonOf(a) ?? reasonOf(b)).code, 'conflict')
    for (const one of [a, b]) if (one.status === 'fulfilled') await one.value.close()
    await fails(
      assert,
      () => restoreFileSealer(other, store, sealer.messageId, source),
      'no_usable_key',
    )
    const again = await restore()
    source.held.bytes[0] ^= 1
    await fails(assert, () => again.slice(0, 500), 'source_changed')
    await settle()
    await fails(assert, restore, 'expired')
  })

  test('an upload that an earlier build began under an empty name or value goes on', async () => {
    /** @type {Record<string, string>[]} */
    const contexts = [{ '': 'a' }, { a: '' }]
    for (const context of contexts) {
      const first = await begin()
      const left = await crash(first)
      const { header, id, dataKey } = await writeMessage({ context, frameLength: 100 })
      const { key } = await messageKeys(dataKey, id)
      const messageId = toBase64url(id)
      left.logs.set(messageId, { start: { ...first.start, header, key }, lines: [] })
      const sealer = await restoreFileSealer(keys, left, messageId, first.source)
      const message = await sealer.slice(0, sealer.length)
      assert.deepEqual({ ...(await inspect(message)).context }, context)
      assert.deepEqual(await readMessage(message, key), content)
      await sealer.close()
    }
  })

  test('after a restore only what never left may be another, and what left may not', async () => {
    const first = await begin()
    await first.sealer.slice(0, first.expected.length - 200)
    const left = await crash(first)
    assert.isAbove(logOf(left, first.sealer).lines.length, 0)
    const sealer = await restoreFileSealer(keys, left, first.sealer.messageId, first.source)
    const held = first.source.held.bytes
    held[950] ^= 1 // of the last frame, which never left
    assert.equal((await sealer.slice(0, first.expected.length)).length, first.expected.length)
    held[0] ^= 1
    await fails(assert, () => sealer.slice(0, first.expected.length), 'source_changed')
  })
}
