import { fails } from '../support/host.js'
import { recordedSealers } from '../support/file-sealers.js'
import { headerOf, mutableSource, pattern } from '../support/sealed-files.js'
import { replaceSubtle } from '../support/subtle.js'

/**
 * One file, one content: old parts and new ones of a file that was rewritten are never joined, and
 * what of a record cannot be is refused.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function fileSealerResumesSuite({ test, assert, door }) {
  const { restoreFileSealer } = door
  const { keys, logOf, begin, crash } = recordedSealers(door)
  const frames = 60
  const content = pattern(frames * 100)
  /** A sealer of so many frames, of which the first ones left; then a crash. */
  const resumable = async (left = 40) => {
    const source = mutableSource(content)
    const first = await begin({ source })
    const headerLength = headerOf(first.start.header).length
    const at = (frame) => headerLength + frame * 132
    if (left > 0) await first.sealer.slice(0, at(left))
    const store = await crash(first)
    const id = first.sealer.messageId
    const restore = () => restoreFileSealer(keys, store, id, source)
    return { source, store, at, id, restore, log: logOf(store, first.sealer) }
  }
  /** Counts the frames that are sealed while the work runs. */
  const sealedFrames = async (work) => {
    let count = 0
    const restored = replaceSubtle('encrypt', (real) => (algorithm, key, data) => {
      count++
      return real(algorithm, key, data)
    })
    try {
      await work()
    } finally {
      restored()
    }
    return count
  }

  test('before the first new frame of a restored record its first, its last and 16 random frames are looked at, once', async () => {
    const { at, restore } = await resumable()
    const sealer = await restore()
    const known = await sealedFrames(() => sealer.slice(at(3), at(5)))
    assert.equal(known, 2, 'frames that left need no look at others')
    const fresh = await sealedFrames(() => sealer.slice(at(40), at(41)))
    assert.isAbove(fresh, 3, 'two ends and random ones, beside the new one')
    assert.isAtMost(fresh, 19)
    assert.equal(await sealedFrames(() => sealer.slice(at(41), at(42))), 1)
    await sealer.close()
    const unrecorded = await resumable(0)
    const other = await unrecorded.restore()
    assert.equal(await sealedFrames(() => other.slice(at(0), at(1))), 1)
    await other.close()
  })

  for (const [name, frame] of /** @type {const} */ ([
    ['first', 0],
    ['last recorded', 39],
  ]))
    test(`a file whose ${name} frame was rewritten gives no new byte, and the record goes`, async () => {
      const { source, store, at, restore } = await resumable()
      source.held.bytes[frame * 100 + 50] ^= 1
      const sealer = await restore()
      await fails(assert, () => sealer.slice(at(40), at(41)), 'source_changed')
      await fails(assert, () => sealer.slice(at(5), at(6)), 'source_changed')
      await sealer.close()
      assert.equal(store.logs.size, 0)
    })

  test('a file that was rewritten anywhere in what left is found by recheck, at every frame', async () => {
    for (let frame = 0; frame < frames; frame += 1) {
      const { source, at, restore } = await resumable()
      source.held.bytes[frame * 100 + (frame % 100)] ^= 0x80
      const sealer = await restore()
      const whole = async () => {
        await sealer.slice(at(40), sealer.length)
        await sealer.recheck()
      }
      if (frame < 40) await fails(assert, whole, 'source_changed')
      else await whole()
      await sealer.close()
    }
  })

  test('recheck seals what this sealer did not seal, and both ends, and hands out nothing', async () => {
    const { at, restore, store } = await resumable()
    const sealer = await restore()
    await sealer.slice(at(10), sealer.length)
    const before = store.control.appends.length
    const count = await sealedFrames(() => sealer.recheck())
    assert.isAtLeast(count, 2)
    assert.isAtMost(count, 12)
    assert.equal(store.control.appends.length, before)
    assert.equal(await sealedFrames(() => sealer.recheck()), 2, 'the ends alone')
    await sealer.close()
    await fails(assert, () => sealer.recheck(), 'closed')
  })

  test('recheck ends with its signal, and goes on after a source that failed', async () => {
    const { source, restore } = await resumable()
    const sealer = await restore()
    const abort = new AbortController()
    abort.abort('enough')
    assert.equal(await sealer.recheck({ signal: abort.signal }).catch((error) => error), 'enough')
    source.held.during = async () => {
      throw new door.SealdropError('source_failed', 'unplugged')
    }
    await fails(assert, () => sealer.recheck(), 'source_failed')
    source.held.during = undefined
    await sealer.recheck()
    await sealer.close()
  })

  test('a look at the file that failed is made again', async () => {
    const { source, at, restore } = await resumable()
    const sealer = await restore()
    source.held.during = async () => {
      throw new door.SealdropError('source_failed', 'unplugged')
    }
    await fails(assert, () => sealer.slice(at(40), at(41)), 'source_failed')
    source.held.during = undefined
    source.held.bytes[0] ^= 1
    await fails(assert, () => sealer.slice(at(40), at(41)), 'source_changed')
  })

  test('side by side slices of a restored file wait for one look at it', async () => {
    const { source, at, restore } = await resumable()
    source.held.bytes[0] ^= 1
    const sealer = await restore()
    const asked = [40, 45, 50].map((frame) =>
      fails(assert, () => sealer.slice(at(frame), at(frame + 1)), 'source_changed'),
    )
    await Promise.all(asked)
  })

  test('a record is deleted by close({ done: true }) alone, also when all was handed out', async () => {
    for (const [options, kept] of /** @type {const} */ ([
      [undefined, true],
      [{}, true],
      [{ done: false }, true],
      [{ done: true }, false],
    ])) {
      const { store, sealer } = await begin()
      await sealer.slice(0, sealer.length)
      await sealer.close(options)
      assert.equal(store.logs.has(sealer.messageId), kept)
      await sealer.close({ done: true })
      assert.equal(store.logs.has(sealer.messageId), kept, 'what was let go of is not ours')
    }
    const { sealer } = await begin()
    await fails(assert, () => sealer.close(/** @type {any} */ ({ done: 1 })), 'invalid_argument')
    await fails(assert, () => sealer.close(/** @type {any} */ ({ dome: true })), 'invalid_argument')
    await sealer.close()
  })

  /** What a store may answer as tags. */
  const tag = (seed) => pattern(16, seed)
  const refused = {
    'two tags of one frame': [
      [0, tag(1)],
      [0, tag(2)],
    ],
    'two tags of one frame within runs': [
      [0, pattern(48)],
      [2, tag(9)],
    ],
    'a frame behind the last one': [[60, tag(1)]],
    'a run that ends behind the last one': [[59, pattern(32)]],
    'a negative index': [[-1, tag(1)]],
    'an index that is text': [['0', tag(1)]],
    'half a tag': [[0, pattern(24)]],
    'a note in the place of a tag': [['part 0', tag(1)]],
  }
  for (const [name, runs] of Object.entries(refused))
    test(`a record with ${name} is malformed`, async () => {
      const { store, restore } = await resumable()
      const { load } = store
      Object.assign(store, { load: async (id) => ({ ...(await load(id)), tags: runs }) })
      await fails(assert, restore, 'malformed')
      assert.equal(store.logs.size, 1, 'nothing is deleted')
    })

  test('tags are read from runs of any length, in any order, and also twice', async () => {
    const { source, store, at, id, log, restore } = await resumable()
    const { load } = store
    Object.assign(store, {
      load: async (name) => {
        const { start, tags } = await load(name)
        const all = new Uint8Array([...tags.values()].flatMap((one) => [...one]))
        const runs = [
          [30, all.slice(30 * 16, 40 * 16)],
          [0, all.slice(0, 31 * 16)],
          [7, all.slice(7 * 16, 8 * 16)],
        ]
        return { start, tags: runs }
      },
    })
    for (const frame of [0, 7, 30, 39]) {
      const sealer = await restore()
      source.held.bytes[frame * 100] ^= 1
      await fails(assert, () => sealer.slice(at(frame), at(frame + 1)), 'source_changed')
      source.held.bytes[frame * 100] ^= 1
      await sealer.close()
      store.logs.set(id, log) // a sealer that ended took it away
    }
  })

  test('frames that follow each other are appended as one run', async () => {
    const appended = []
    const first = await begin({ source: mutableSource(content) })
    const { append } = first.store
    Object.assign(first.store, {
      append: async (id, runs) => {
        appended.push(runs.map(([index, tags]) => [index, tags.length / 16]))
        return append(id, runs)
      },
    })
    const { sealer } = first
    const headerLength = headerOf(first.start.header).length
    await sealer.slice(headerLength + 20 * 132, headerLength + 25 * 132)
    await sealer.slice(headerLength + 10 * 132, headerLength + 30 * 132)
    assert.deepEqual(appended, [
      [[20, 5]],
      [
        [10, 10],
        [25, 5],
      ],
    ])
    await sealer.close()
  })
}
