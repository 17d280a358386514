// indexedDbRecords in real Chromium: what is in the database, and several tabs over one record.
import { assert } from 'chai'
import {
  createFileSealer,
  importKeySet,
  indexedDbRecords,
  inHand,
  restoreFileSealer,
  SealdropError,
} from '#dist/doors/index.js'
import { fails, keySetOf, publicJwk } from '../support/host.js'
import { dump, replacing, withoutLocks } from '../support/indexed-db.js'
import {
  hex,
  memoryRecords,
  mutableSource,
  pattern,
  readMessage,
  same,
} from '../support/sealed-files.js'
import { present } from '../support/types.mjs'

const keys = importKeySet(keySetOf(publicJwk('P-256-enc')), { trust: inHand() })
const content = pattern(50_000)
const file = () => new File([content], 'scan.pdf', { lastModified: 1_700_000_000_000 })
/** A database that no other page of this origin has. */
const newName = () => `test ${crypto.randomUUID()}`
/**
 * A sealer and its record.
 *
 * @param {string} [name] of the database
 * @param {Blob | import('#dist/doors/index.js').ByteSource} [source]
 */
const begin = async (name = newName(), source = file()) => {
  const records = indexedDbRecords(name)
  const sealer = await createFileSealer(keys, source, {
    context: {},
    frameLength: 5_000,
    records,
  })
  return { name, records, sealer, source }
}
/** The frames whose tags are in a database. */
const framesIn = ({ entries }) =>
  entries
    .filter(({ store }) => store === 'tags')
    .flatMap(({ value }) => value)
    .flatMap(([first, tags]) => Array.from({ length: tags.length / 16 }, (_, i) => first + i))
const restore = ({ name, sealer, source }, records = indexedDbRecords(name)) =>
  restoreFileSealer(keys, records, sealer.messageId, source)

test('a File is sealed with its record, and the record is gone when it was done', async () => {
  const { name, sealer } = await begin()
  const half = await sealer.slice(0, 20_000)
  const before = await dump(name)
  assert.isTrue(
    before.entries.some(({ store, key }) => store === 'records' && key === sealer.messageId),
  )
  assert.sameMembers(framesIn(before), [0, 1, 2, 3])
  const message = new Uint8Array([...half, ...(await sealer.slice(20_000, sealer.length))])
  assert.equal(message.length, sealer.length)
  await sealer.close({ done: true })
  assert.deepEqual((await dump(name)).entries, [])
})

test('the data key is kept as a CryptoKey that cannot be exported, and its bytes are nowhere in the database', async () => {
  const name = newName()
  const store = indexedDbRecords(name)
  let raw = new Uint8Array()
  const sealer = await createFileSealer(keys, file(), {
    context: {},
    frameLength: 5_000,
    records: {
      ...store,
      create: (id, start) => {
        raw = /** @type {{ key: Uint8Array<ArrayBuffer> }} */ (start).key.slice()
        return store.create(id, start)
      },
    },
  })
  const message = await sealer.slice(0, sealer.length)
  assert.deepEqual(await readMessage(message, raw), content, 'these are the bytes of the key')
  const { entries } = await dump(name)
  let seen = 0
  /** @type {string[]} */
  const found = []
  const walk = async (value, path) => {
    seen++
    if (value instanceof CryptoKey) {
      found.push(path)
      assert.isFalse(value.extractable)
      assert.equal(value.algorithm.name, 'AES-GCM')
      for (const format of /** @type {const} */ (['raw', 'jwk']))
        assert.equal(
          await crypto.subtle.exportKey(format, value).then(
            () => 'exported',
            (error) => error.name,
          ),
          'InvalidAccessError',
        )
      return
    }
    if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
      const buffer = value instanceof ArrayBuffer ? value : value.buffer
      assert.notInclude(hex(new Uint8Array(buffer)), hex(raw), path)
    } else if (value && typeof value === 'object')
      for (const [key, inner] of Object.entries(value)) await walk(inner, `${path}.${key}`)
    else assert.notInclude(`${value}`, btoa(String.fromCharCode(...raw)).slice(0, 30), path)
  }
  for (const { store: where, key, value } of entries) await walk({ key, value }, where)
  assert.deepEqual(found, ['records.value.start.key'])
  assert.isAbove(seen, 20)
  await sealer.close()
})

test('every transaction that writes asks for strict durability', async () => {
  const asked = []
  const noting = (self, args, call) => {
    const [, mode, options] = args
    asked.push([mode, options?.durability])
    return call()
  }
  await replacing(IDBDatabase.prototype, 'transaction', noting, async () => {
    const { sealer } = await begin()
    await sealer.slice(0, 30_000)
    await sealer.close()
  })
  assert.isAtLeast(asked.length, 2)
  assert.isTrue(
    asked
      .filter(([mode]) => mode === 'readwrite')
      .every(([, durability]) => durability === 'strict'),
    JSON.stringify(asked),
  )
})

test('after a reload the file goes on where it was, also when chosen again, and the parts make one message', async () => {
  const first = await begin()
  const pieces = [await first.sealer.slice(0, 17_000)]
  await first.sealer.close()
  const sealer = await restore({ ...first, source: file() })
  assert.equal(sealer.messageId, first.sealer.messageId)
  assert.isTrue(same(await sealer.slice(0, 17_000), pieces[0]))
  pieces.push(await sealer.slice(17_000, sealer.length))
  assert.equal(await sealer.digest().then((digest) => digest.length), 43)
  const whole = await sealer.slice(0, sealer.length)
  assert.isTrue(same(whole, new Uint8Array(pieces.flatMap((piece) => [...piece]))))
  await sealer.close({ done: true })
  await fails(assert, () => restore(first), 'expired')
})

test('another file is source_changed: of another time, of another size, or of other bytes at what left before', async () => {
  for (const other of [
    new File([content], 'a', { lastModified: 5 }),
    new File([content.slice(1)], 'a', { lastModified: 1_700_000_000_000 }),
    new Blob([content]),
  ]) {
    const first = await begin()
    await first.sealer.close()
    await fails(assert, () => restore({ ...first, source: other }), 'source_changed')
  }
  const first = await begin()
  await first.sealer.slice(0, 12_000)
  await first.sealer.close()
  const bytes = content.slice()
  bytes[11_900] ^= 1 // of the frame that was cut
  const sealer = await restore({
    ...first,
    source: new File([bytes], 'scan.pdf', { lastModified: 1_700_000_000_000 }),
  })
  await fails(assert, () => sealer.slice(12_000, 20_000), 'source_changed')
})

test('slices side by side are all recorded', async () => {
  const first = await begin()
  const places = Array.from({ length: 8 }, (_, i) => [i * 5_000, i * 5_000 + 7_000])
  const pieces = await Promise.all(places.map(([start, end]) => first.sealer.slice(start, end)))
  await first.sealer.close()
  assert.equal(new Set(framesIn(await dump(first.name))).size, 9)
  const sealer = await restore(first)
  for (const [i, [start, end]] of places.entries())
    assert.isTrue(same(await sealer.slice(start, end), pieces[i]))
  await sealer.close()
})

test('while one tab holds a record another is refused with conflict, and the first goes on; a closed one is free at once', async () => {
  const first = await begin()
  await first.sealer.slice(0, 10_000)
  await fails(assert, () => restore(first), 'conflict')
  await fails(assert, () => restore(first, first.records), 'conflict')
  await first.sealer.slice(10_000, 20_000)
  await first.sealer.close()
  for (let i = 0; i < 20; i++) await (await restore(first)).close()
})

test('another page of the origin is refused as well', async () => {
  const frame = document.createElement('iframe')
  frame.srcdoc = '<!doctype html>'
  document.body.append(frame)
  await new Promise((resolve) => {
    frame.onload = resolve
  })
  const first = await begin()
  const { locks } = present(frame.contentWindow).navigator
  const { held } = await locks.query()
  assert.isTrue(present(held).some(({ name }) => name?.includes(first.sealer.messageId)))
  await first.sealer.close()
  let letGo
  /** @type {Promise<unknown> | undefined} */
  let asked
  await new Promise((resolve) => {
    asked = locks.request(`sealdrop ${first.sealer.messageId}`, () => {
      resolve(undefined)
      return new Promise((go) => {
        letGo = go
      })
    })
  })
  await fails(assert, () => restore(first), 'conflict')
  letGo()
  await asked
  await (await restore(first)).close()
  frame.remove()
})

test('without Web Locks who comes later takes over: the older gets conflict at its next append and releases nothing', async () => {
  await withoutLocks(async () => {
    const first = await begin()
    const before = await first.sealer.slice(0, 10_000)
    const second = await restore(first)
    await fails(assert, () => first.sealer.slice(10_000, 20_000), 'conflict')
    await fails(assert, () => first.sealer.slice(0, 10_000), 'conflict')
    assert.isTrue(same(await second.slice(0, 10_000), before))
    await second.slice(0, 30_000)
    await first.sealer.close()
    await second.slice(0, 40_000)
    assert.sameMembers(framesIn(await dump(first.name)), [0, 1, 2, 3, 4, 5, 6, 7])
    await second.close()
  })
})

test('an older holder that finds its file changed leaves the record to who took it over', async () => {
  await withoutLocks(async () => {
    const source = mutableSource(content)
    const first = await begin(newName(), source)
    await first.sealer.slice(0, 10_000)
    const second = await restore({ ...first, source: mutableSource(content) })
    await second.slice(0, 15_000)
    source.held.bytes[0] ^= 1
    await fails(assert, () => first.sealer.slice(0, 5_000), ['source_changed', 'conflict'])
    await new Promise((resolve) => {
      setTimeout(resolve, 50)
    })
    assert.equal((await second.slice(0, 40_000)).length, 40_000)
    await second.close()
  })
})

test('records older than 7 days are deleted when a new one is made, and not restored before, which deletes nothing', async () => {
  const name = newName()
  const old = await begin(name)
  const young = await begin(name)
  await Promise.all([old, young].map(({ sealer }) => sealer.slice(0, 10_000)))
  await Promise.all([old, young].map(({ sealer }) => sealer.close()))
  const { entries, put, close } = await dump(name)
  const entry = present(entries.find(({ key }) => key === old.sealer.messageId))
  const age = (created) =>
    put('records', old.sealer.messageId, {
      ...entry.value,
      start: { ...entry.value.start, created },
    })
  await age(Date.now() - 604_800_001)
  close()
  const newest = await begin(name)
  const left = await dump(name)
  assert.sameMembers(
    left.entries.filter(({ store }) => store === 'records').map(({ key }) => key),
    [young.sealer.messageId, newest.sealer.messageId],
  )
  assert.isTrue(
    left.entries
      .filter(({ store }) => store === 'tags')
      .every(({ key }) => key[0] === young.sealer.messageId),
  )
  assert.isAbove(left.entries.filter(({ store }) => store === 'tags').length, 0)
  await left.put('records', young.sealer.messageId, {
    ...entry.value,
    start: { ...entry.value.start, created: Date.now() - 604_800_001 },
  })
  left.close()
  await fails(assert, () => restore(young), 'expired')
  const keysOf = (found) => found.entries.map(({ key }) => key)
  assert.deepEqual(keysOf(await dump(name)), keysOf(left))
  await newest.sealer.close()
})

test('a database that fails once is asked again', async () => {
  const name = newName()
  const records = indexedDbRecords(name)
  const failing = () => {
    throw new DOMException('private window', 'SecurityError')
  }
  await replacing(IDBFactory.prototype, 'open', failing, () =>
    fails(assert, () => createFileSealer(keys, file(), { context: {}, records }), 'output_failed'),
  )
  const sealer = await createFileSealer(keys, file(), { context: {}, records })
  assert.equal((await sealer.slice(0, 1_000)).length, 1_000)
  await sealer.close()
})

test('a connection that the browser closed is opened again', async () => {
  const first = await begin()
  await first.sealer.slice(0, 10_000)
  let connection
  const noting = (self, args, call) => {
    connection = self
    return call()
  }
  await replacing(IDBDatabase.prototype, 'transaction', noting, () => first.sealer.slice(0, 20_000))
  connection.close() // as after storage was cleared or lost; `close` events come with it
  connection.onclose?.(new Event('close'))
  connection.dispatchEvent(new Event('close'))
  assert.equal((await first.sealer.slice(0, 30_000)).length, 30_000)
  await first.sealer.close()
})

test('a write that the browser aborts is output_failed, releases nothing, and can be repeated', async () => {
  const first = await begin()
  await first.sealer.slice(0, 1_000)
  const aborting = (store, args, call) => {
    const request = call()
    request.addEventListener('success', () => {
      try {
        store.transaction.abort()
      } catch {
        /* it was */
      }
    })
    return request
  }
  await replacing(IDBObjectStore.prototype, 'put', aborting, () =>
    fails(assert, () => first.sealer.slice(0, 20_000), 'output_failed'),
  )
  const piece = await first.sealer.slice(0, 20_000)
  await first.sealer.close()
  const sealer = await restore(first)
  assert.isTrue(same(await sealer.slice(0, 20_000), piece))
  await sealer.close()
})

test('records of another kind beside it are not confused: a SealdropError of a store is handed on as it is', async () => {
  const store = memoryRecords()
  store.control.before = async () => {
    throw new SealdropError('output_failed', 'theirs', { retryable: true })
  }
  const sealer = await createFileSealer(keys, file(), { context: {}, records: store })
  const error = await fails(assert, () => sealer.slice(0, 2_000), 'output_failed', /theirs/)
  assert.isTrue(error.retryable)
  await sealer.close()
})
