import { fails } from '../support/host.js'
import {
  chunkDigestOf,
  freed,
  headerOf,
  memoryRecords,
  mutableSource,
  pattern,
  readMessage,
  same,
  settle,
  writeMessage,
} from '../support/sealed-files.js'
import { sealingKeys } from './file-sealer.js'

/** What a file sealer keeps, when, and how another goes on with it. */
export function fileSealerRecordsSuite({ test, assert, door }) {
  const { createFileSealer, restoreFileSealer, SealdropError } = door
  const context = { form: 'claim' }
  const keys = sealingKeys(door, 'P-256-enc')
  const content = pattern(1_000)
  const records = () =>
    memoryRecords(new Map(), () => new SealdropError('conflict', 'another holds it'))
  const logOf = (store, { messageId }) => store.logs.get(messageId)
  const begin = async (o = {}) => {
    const store = o.records ?? records()
    const source = o.source ?? mutableSource(content)
    const sealer = await createFileSealer(o.keys ?? keys, source, {
      context,
      frameLength: 100,
      records: store,
      ...o.options,
    })
    const { start } = logOf(store, sealer)
    return {
      store,
      source,
      sealer,
      start,
      expected: await writeMessage(start.header, start.key, content),
    }
  }
  /** As after a crash: what was durable, and nobody who holds it. */
  const crash = async ({ store, sealer }) => {
    const left = store.crashed()
    store.control.go?.()
    await sealer.close()
    await freed(sealer.messageId)
    return left
  }
  const settled = (work) => {
    const state = { now: 'waiting' }
    work.then(
      () => {
        state.now = 'released'
      },
      () => {
        state.now = 'failed'
      },
    )
    return state
  }

  test('a record begins with the version, the size, the header, the key and the recipients, and is there before the sealer is', async () => {
    const before = Date.now()
    const source = mutableSource(content, { versioned: true })
    const { start, sealer, expected } = await begin({ source })
    assert.hasAllKeys(start, ['v', 'created', 'size', 'version', 'header', 'key', 'recipients'])
    assert.deepInclude({ ...start }, { v: 1, size: 1_000, version: 'v0' })
    assert.isTrue(start.created >= before && start.created <= Date.now())
    assert.isTrue(same(start.header, expected.subarray(0, headerOf(expected).length)))
    assert.deepEqual(
      start.recipients,
      (await keys.list()).map(({ thumbprint }) => thumbprint),
    )
    await sealer.close()
    const failing = records()
    failing.control.creating = async () => {
      throw new SealdropError('output_failed', 'full')
    }
    await fails(assert, () => begin({ records: failing }), 'output_failed')
  })

  test('no byte leaves before the append of its frames resolved, whoever else asks for them', async () => {
    const { store, sealer, expected } = await begin()
    const { length } = headerOf(expected)
    const waiting = []
    store.control.after = () =>
      new Promise((resolve) => {
        waiting.push(resolve)
      })
    const first = sealer.slice(length, length + 250)
    const second = sealer.slice(length + 140, length + 150)
    const third = sealer.slice(0, length)
    const states = [first, second].map(settled)
    assert.isTrue(same(await third, expected.subarray(0, length)), 'the header needs no frame')
    while (store.control.appends.flat().length < 2) await settle()
    for (let i = 0; i < 5; i++) await settle()
    assert.deepEqual(
      states.map(({ now }) => now),
      ['waiting', 'waiting'],
    )
    assert.sameMembers(
      store.control.appends.flat().map(([index]) => index),
      [0, 1],
      'each frame is written once',
    )
    for (const go of waiting) go()
    assert.isTrue(same(await first, expected.subarray(length, length + 250)))
    assert.isTrue(same(await second, expected.subarray(length + 140, length + 150)))
    await sealer.close()
  })

  test('the tags in the record are those of the frames, each written once', async () => {
    const { store, sealer, start, expected } = await begin()
    await Promise.all(
      [
        [0, 700],
        [300, 900],
        [0, expected.length],
        [100, 200],
      ].map(([from, to]) => sealer.slice(from, to)),
    )
    const { length } = headerOf(start.header)
    const written = store.control.appends.flat()
    assert.sameMembers(
      written.map(([index]) => index),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    )
    for (const [index, tag] of written) {
      const end = index === 9 ? expected.length : length + (index + 1) * 132
      assert.deepEqual([...tag], [...expected.subarray(end - 16, end)], `frame ${index}`)
    }
    await sealer.close()
  })

  test('an append that fails rejects every slice that needs it and releases nothing; asked again they succeed', async () => {
    for (const point of ['before', 'after']) {
      const { store, sealer, expected } = await begin()
      store.control[point] = async () => {
        throw new SealdropError('output_failed', 'disk full')
      }
      const asked = [
        [0, 500],
        [400, 600],
        [450, 460],
      ]
      const failed = await Promise.allSettled(asked.map(([from, to]) => sealer.slice(from, to)))
      assert.deepEqual(
        failed.map(({ reason }) => reason?.code),
        ['output_failed', 'output_failed', 'output_failed'],
        point,
      )
      store.control[point] = undefined
      for (const [from, to] of [...asked, [0, expected.length]])
        assert.isTrue(same(await sealer.slice(from, to), expected.subarray(from, to)), point)
      await sealer.close()
    }
  })

  test('a record that another took over ends the sealer with conflict, and it stays there', async () => {
    const { store, sealer } = await begin()
    await sealer.slice(0, 500)
    store.control.before = async () => {
      throw new SealdropError('conflict', 'another holds it')
    }
    await fails(assert, () => sealer.slice(0, 900), 'conflict')
    store.control.before = undefined
    await fails(assert, () => sealer.slice(0, 500), 'conflict')
    await sealer.close()
    assert.isDefined(logOf(store, sealer), "the record is the other one's")
  })

  test('close deletes the record when everything was handed out, and keeps it otherwise', async () => {
    const rows = {
      nothing: [[], true],
      half: [[[0, 700]], true],
      'all at once': [[[0, Infinity]], false],
      'all in parts': [
        [
          [600, Infinity],
          [0, 700],
        ],
        false,
      ],
    }
    for (const [name, [parts, kept]] of Object.entries(rows)) {
      const { store, sealer } = await begin()
      for (const [from, to] of parts) await sealer.slice(from, Math.min(to, sealer.length))
      await sealer.close()
      assert.equal(store.logs.has(sealer.messageId), kept, name)
    }
  })

  test('close keeps the record while bytes of a frame were not handed out yet', async () => {
    const { store, sealer } = await begin()
    await sealer.slice(0, sealer.length - 50) // within the final frame
    await sealer.close()
    assert.isTrue(
      store.logs.has(sealer.messageId),
      'the last 50 bytes never left, so the upload cannot be complete',
    )
  })

  test('close keeps the record while the append of the last frames is under way, since their slice then fails', async () => {
    const { store, sealer } = await begin()
    let go
    store.control.after = () =>
      new Promise((resolve) => {
        go = resolve
      })
    const slicing = sealer.slice(0, sealer.length)
    slicing.catch(() => {})
    while (!go) await settle()
    const closing = sealer.close()
    go()
    await closing
    await fails(assert, slicing, 'closed')
    assert.isTrue(store.logs.has(sealer.messageId), 'nothing was handed out')
  })

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
      await sealer.close()
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
  const refused = {
    'an unknown id': ['expired', (start, use) => (use.id = 'A'.repeat(43))],
    'another kind of id': ['expired', (start, use) => (use.id = '../../etc/passwd')],
    'a record older than 7 days': [
      'expired',
      (start) => {
        start.created = Date.now() - 604_800_001
      },
    ],
    'a record without a time': [
      'expired',
      (start) => {
        delete start.created
      },
    ],
    'a key that is no longer published': ['no_usable_key', (start, use) => (use.keys = other)],
    'one of several keys that is no longer published': [
      'no_usable_key',
      (start) => start.recipients.push('gone'),
    ],
    'a file of another size': [
      'source_changed',
      (start, use) => (use.source = mutableSource(pattern(999), { versioned: true })),
    ],
    'a file of another version': [
      'source_changed',
      (start, use) => {
        use.source.held.version++
      },
    ],
    'a file that has no version now': [
      'source_changed',
      (start, use) => (use.source = mutableSource(content)),
    ],
    'a header with a flipped bit': [
      'malformed',
      (start) => {
        start.header = start.header.slice()
        start.header[60] ^= 1
      },
    ],
    'a header of another message id': [
      'malformed',
      (start) => {
        start.header = start.header.slice()
        start.header[3] ^= 1
      },
    ],
    'a header that is cut': [
      'malformed',
      (start) => {
        start.header = start.header.slice(0, -1)
      },
    ],
    'no header': [
      'malformed',
      (start) => {
        delete start.header
      },
    ],
    'another key': [
      'malformed',
      (start) => {
        start.key = start.key.slice()
        start.key[0] ^= 1
      },
    ],
    'a key that is cut': [
      'malformed',
      (start) => {
        start.key = start.key.slice(1)
      },
    ],
    'no key': [
      'malformed',
      (start) => {
        delete start.key
      },
    ],
    'no recipients': [
      'malformed',
      (start) => {
        delete start.recipients
      },
    ],
    'an empty list of recipients': [
      'malformed',
      (start) => {
        start.recipients = []
      },
    ],
    'another version of the record': [
      'malformed',
      (start) => {
        start.v = 2
      },
    ],
  }
  for (const [name, [code, change]] of Object.entries(refused)) {
    test(`${name} is not restored: ${code}`, async () => {
      const first = await begin({ source: mutableSource(content, { versioned: true }) })
      await first.sealer.slice(0, 500)
      const left = await crash(first)
      const use = { id: first.sealer.messageId, keys, source: first.source }
      change(logOf(left, first.sealer).start, use)
      await fails(assert, () => restoreFileSealer(use.keys, left, use.id, use.source), code)
      if (/older|time/.test(name)) assert.equal(left.logs.size, 0, 'the old record is removed')
      else assert.equal(left.logs.size, 1)
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
    assert.equal((a.reason ?? b.reason).code, 'conflict')
    await (a.value ?? b.value).close()
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
