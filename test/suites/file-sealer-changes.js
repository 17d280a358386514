import fc from 'fast-check'
import { fails, reasonOf } from '../support/host.js'
import { sealingKeys } from '../support/file-sealers.js'
import { createLedger, watchEncrypt } from '../support/ledger.js'
import {
  freed,
  headerOf,
  hex,
  joined,
  memoryRecords,
  mutableSource,
  pattern,
  readMessage,
  same,
  settle,
} from '../support/sealed-files.js'
import { replaceSubtle } from '../support/subtle.js'

/**
 * design.md, "Sealing a frame twice": however a file changes under a sealer, no key and IV ever
 * seal two plaintexts in bytes that left.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function fileSealerChangesSuite({ test, assert, door, whole: doesAll = false }) {
  const { createFileSealer, restoreFileSealer, SealdropError } = door
  const keys = sealingKeys(door, 'P-256-enc')
  const size = 1_000
  const frameLength = 100

  /** A sealer under a ledger: every slice that is answered is entered. */
  async function watched({ versioned = false, recorded = true, Source = mutableSource } = {}) {
    const source = Source(pattern(size), { versioned })
    const ledger = createLedger()
    const store = memoryRecords(new Map(), () => new SealdropError('conflict', 'another holds it'))
    let message
    // without records the key is seen when the sealer is made, and the sealer is then told of none
    const raws = []
    const seeing =
      (real) =>
      (format, raw, ...rest) => {
        if (format === 'raw' && raw.length === 32) raws.push(raw.slice())
        return real(format, raw, ...rest)
      }
    const restore = recorded ? () => {} : replaceSubtle('importKey', seeing)
    let sealer
    try {
      sealer = await createFileSealer(keys, source, {
        context: {},
        frameLength,
        ...(recorded && { records: store }),
      })
    } finally {
      restore()
    }
    const header = await sealer.slice(
      0,
      headerOf(await sealer.slice(0, Math.min(700, sealer.length))).length,
    )
    const rawKey = recorded
      ? store.logs.get(sealer.messageId).start.key
      : await keyBehind(header, raws)
    message = { header, rawKey, size }
    const world = {
      source,
      ledger,
      message,
      sealer,
      store,
      at: (frame, byte = 0) => header.length + frame * (frameLength + 32) + 16 + byte,
      async slice(start, end, o) {
        const bytes = await world.sealer.slice(start, end, o)
        await ledger.released(message, start, bytes)
        return bytes
      },
      async crash() {
        const left = world.store.crashed()
        await world.sealer.close()
        await freed(sealer.messageId)
        world.store = left
      },
      async restore() {
        world.sealer = await restoreFileSealer(keys, world.store, sealer.messageId, source)
      },
    }
    await world.slice(0, 700)
    return world
  }
  /** Which of the keys authenticates the header. */
  async function keyBehind(header, raws) {
    for (const raw of raws) {
      const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt'])
      const tag = new Uint8Array(
        await crypto.subtle.encrypt(
          { name: 'AES-GCM', iv: new Uint8Array(12), additionalData: header.subarray(0, -16) },
          key,
          new Uint8Array(),
        ),
      )
      if (same(tag, header.subarray(-16))) return raw
    }
    throw new Error('no key was seen')
  }
  /** @type {{ recorded: boolean, versioned?: boolean }[]} */
  const kinds = [
    { recorded: true },
    { recorded: false },
    { recorded: true, versioned: true },
    { recorded: false, versioned: true },
  ]
  const named = ({ versioned = false, recorded }) =>
    `${versioned ? 'with' : 'without'} a version and ${recorded ? 'with' : 'without'} a record`

  for (const kind of kinds) {
    test(`a file changed between two slices is source_changed, for good, ${named(kind)}`, async () => {
      const world = await watched(kind)
      const { source, at } = world
      await world.slice(at(2), at(4))
      source.held.bytes[210] ^= 1 // size and time stay; only the bytes tell
      if (kind.versioned) source.held.version++
      await fails(assert, () => world.slice(at(2), at(4)), 'source_changed')
      source.held.bytes[210] ^= 1
      source.held.version = 0
      for (const [start, end] of [
        [at(2), at(4)],
        [at(8), at(9)],
        [0, 10],
      ])
        await fails(assert, () => world.slice(start, end), 'source_changed')
      await fails(assert, () => world.sealer.digest(), 'source_changed')
      await world.sealer.close()
      await settle()
      if (kind.recorded) assert.equal(world.store.logs.size, 0, 'the record is of no use any more')
      world.ledger.check(assert)
    })

    test(`a file changed inside a part that was cut in mid-transfer is source_changed when the rest of the frame is asked, ${named(kind)}`, async () => {
      for (const changed of [650, 699]) {
        // before the cut, and behind it: where bytes of the frame never left
        const world = await watched(kind)
        const { source, at } = world
        await world.slice(at(5), at(6, 60))
        source.held.bytes[changed] ^= 0x80
        if (kind.versioned) source.held.version++
        await fails(assert, () => world.slice(at(6, 60), at(7)), 'source_changed')
        await fails(assert, () => world.slice(at(6, 0), at(7)), 'source_changed')
        world.ledger.check(assert, { again: false })
      }
    })

    test(`a byte changed before any of its frame left is sealed as it is then, and once, ${named({ ...kind, versioned: false })}`, async () => {
      const world = await watched({ ...kind, versioned: false })
      world.source.held.bytes[950] ^= 1
      const message = await world.slice(0, world.sealer.length)
      assert.deepEqual(await readMessage(message, world.message.rawKey), world.source.held.bytes)
      world.source.held.bytes[950] ^= 1
      await fails(assert, () => world.slice(0, world.sealer.length), 'source_changed')
      world.ledger.check(assert)
    })
  }

  for (const versioned of [false, true]) {
    test(`a file changed between record and restore is source_changed at restore or at the first frame that left before, ${versioned ? 'with' : 'without'} a version`, async () => {
      const world = await watched({ versioned })
      const { source, at } = world
      await world.slice(at(3), at(6, 60))
      await world.crash()
      source.held.bytes[655] ^= 1
      if (versioned) {
        source.held.version++
        await fails(assert, () => world.restore(), 'source_changed')
      } else {
        await world.restore()
        await world.slice(at(3), at(5))
        await fails(assert, () => world.slice(at(6, 60), at(7)), 'source_changed')
      }
      world.ledger.check(assert, { again: !versioned })
    })
  }

  test('a file changed while one slice reads it is never sealed from two states of a frame that left', async () => {
    const world = await watched({ versioned: true })
    const { source, at } = world
    source.held.during = async () => {
      source.held.bytes[305] ^= 1
      source.held.version++
    }
    await fails(assert, () => world.slice(at(3), at(5)), 'source_changed')
    world.ledger.check(assert, { again: false })
  })

  test('of parallel slices over a file that changes between their reads none is released with another plaintext', async () => {
    let fatal = 0
    for (let round = 0; round < 20; round++) {
      const world = await watched()
      const { source, at } = world
      source.held.during = async () => {
        // each read sees another file
        const state = source.held.bytes.slice()
        state[850 + round] = source.held.reads
        if (round % 3 === 0) await settle()
        return state
      }
      if (round % 2) world.store.control.after = settle
      const done = await Promise.allSettled(
        Array.from({ length: 5 }, (_, i) => world.slice(at(8, i), at(9, 20 + i))),
      )
      for (const reason of done.map(reasonOf))
        if (reason) assert.equal(reason.code, 'source_changed')
      assert.isAtMost(
        done.filter(({ status }) => status === 'fulfilled').length,
        1,
        'each slice read another plaintext of frame 8',
      )
      if (done.some(({ status }) => status === 'rejected')) fatal++
      world.ledger.check(assert, { again: false })
    }
    assert.isAbove(fatal, 10)
  })

  test('behind every tag in a record stands one plaintext, as crypto.subtle saw it', async () => {
    const watch = watchEncrypt()
    try {
      const world = await watched()
      const { source, at, store } = world
      await Promise.all([
        world.slice(at(0), at(4)),
        world.slice(at(2), at(8)),
        world.slice(at(0), world.sealer.length),
      ])
      source.held.bytes[5] ^= 1
      await fails(assert, () => world.slice(at(0), at(1)), 'source_changed')
      const id = headerOf(world.message.header).id
      const tags = new Map()
      for (const [index, tag] of store.control.appends.flat())
        tags.set(index, [...(tags.get(index) ?? []), hex(tag)])
      assert.equal(tags.size, 10)
      for (const [index, list] of tags) {
        const hashes = watch.behind(id, index, list)
        assert.equal(new Set(hashes).size, 1, `frame ${index}`)
        assert.isDefined(hashes[0], `frame ${index}`)
      }
      assert.isAbove(
        [...watch.seen.values()].filter((plaintexts) => plaintexts.size > 1).length,
        0,
        'the changed frame was sealed, and dropped',
      )
      world.ledger.check(assert)
    } finally {
      watch.restore()
    }
  })

  const place = fc.double({ min: 0, max: 1, noNaN: true })
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('slice'),
        parts: fc.array(fc.tuple(place, place), { minLength: 1, maxLength: 3 }),
        abort: fc.boolean(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('change'),
        at: fc.nat(size - 1),
        by: fc.integer({ min: 1, max: 255 }),
        back: fc.boolean(),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('change during'),
        at: fc.nat(size - 1),
        parts: fc.array(fc.tuple(place, place), { minLength: 2, maxLength: 3 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('crash'),
        within: fc.option(fc.tuple(place, place)),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('failing append'),
        when: fc.constantFrom('before', 'after'),
        part: fc.tuple(place, place),
      }),
    },
  )
  test('whatever is sliced, changed, crashed and restored in whatever order, the ledger holds and what is complete opens', async () => {
    const seen = { released: 0, refused: 0, whole: 0, restored: 0 }
    await fc.assert(
      fc.asyncProperty(
        fc.boolean(),
        fc.array(step, { minLength: 2, maxLength: 12 }),
        async (versioned, steps) => {
          const world = await watched({ versioned })
          const { held } = world.source
          const range = (pair) =>
            pair.map((share) => Math.round(share * world.sealer.length)).sort((a, b) => a - b)
          const tried = async (work) => {
            try {
              await work
              seen.released++
            } catch (caught) {
              if (caught === 'abort') return
              const error = /** @type {import('#dist/doors/index.js').SealdropError} */ (caught)
              seen.refused++
              assert.include(
                ['source_changed', 'output_failed', 'expired', 'closed'],
                error.code,
                error.stack,
              )
            }
          }
          for (const one of steps) {
            if (one.kind === 'slice') {
              const abort = new AbortController()
              const working = one.parts.map((pair) =>
                tried(world.slice(...range(pair), { signal: abort.signal })),
              )
              if (one.abort) abort.abort('abort')
              await Promise.all(working)
            } else if (one.kind === 'change') {
              held.bytes[one.at] ^= one.by
              held.version++
              if (one.back) {
                held.bytes[one.at] ^= one.by
                held.version--
              }
            } else if (one.kind === 'change during') {
              held.during = async () => {
                held.bytes = held.bytes.slice()
                held.bytes[one.at] ^= 1
                return held.bytes
              }
              await Promise.all(one.parts.map((pair) => tried(world.slice(...range(pair)))))
              held.during = undefined
            } else if (one.kind === 'failing append') {
              world.store.control[one.when] = async () => {
                throw new SealdropError('output_failed', 'disk full')
              }
              await tried(world.slice(...range(one.part)))
              world.store.control[one.when] = undefined
            } else {
              const within = one.within && tried(world.slice(...range(one.within)))
              await world.crash()
              await within
              await tried(
                world.restore().then(() => {
                  seen.restored++
                }),
              )
            }
          }
          const whole = await world.slice(0, world.sealer.length).catch(() => undefined)
          if (whole) {
            seen.whole++
            assert.deepEqual(await readMessage(joined(whole), world.message.rawKey), held.bytes)
          }
          world.ledger.check(assert, { again: false })
          await world.sealer.close()
        },
      ),
      { numRuns: doesAll ? 150 : 75 },
    )
    for (const [name, count] of Object.entries(seen)) assert.isAbove(count, doesAll ? 10 : 5, name)
  })
}
