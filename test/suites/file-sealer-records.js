import { fails, reasonOf } from '../support/host.js'
import { recordedSealers } from '../support/file-sealers.js'
import { headerOf, mutableSource, same, settle } from '../support/sealed-files.js'

/**
 * What a file sealer keeps, and when.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function fileSealerRecordsSuite({ test, assert, door }) {
  const { SealdropError } = door
  const { keys, content, records, logOf, begin } = recordedSealers(door)
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
        failed.map((result) => reasonOf(result)?.code),
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
}
