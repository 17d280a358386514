import { fails, outcomeOf } from '../support/host.js'
import { sealerOf as sealerFor, sealingKeys } from '../support/file-sealers.js'
import { chunkDigestOf, pattern, same, settle } from '../support/sealed-files.js'

/**
 * What a file sealer does besides: it fails and goes on, is aborted, digests, and tells.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function fileSealerWorkSuite({ test, assert, door }) {
  const { inspect } = door
  const keys = sealingKeys(door, 'P-256-enc')
  const sealerOf = (content, o) => sealerFor(door, content, { keys, ...o })

  test('what fails once succeeds on the next call, with the same bytes', async () => {
    const { sealer, source, expected } = await sealerOf(pattern(1_000), { frameLength: 100 })
    await sealer.slice(0, 600)
    const whole = () => sealer.slice(0, expected.length)
    source.held.during = async () => {
      throw new Error('the network is down')
    }
    const error = await fails(assert, whole, 'source_failed')
    assert.isTrue(error.retryable)
    source.held.during = undefined
    assert.isTrue(same(await whole(), expected))
    const read = source.read
    source.read = async (start, end) => (await read(start, end)).subarray(1)
    await fails(assert, whole, 'source_failed')
    source.read = read
    assert.isTrue(same(await whole(), expected))
    await sealer.close()
  })

  test('an aborted slice rejects with its reason at every point, releases nothing, and can be asked again', async () => {
    const { sealer, source, records, expected } = await sealerOf(pattern(1_000), {
      frameLength: 100,
    })
    const whole = (signal) => sealer.slice(0, expected.length, { signal })
    assert.equal(await outcomeOf(whole(AbortSignal.abort('before'))), 'before')
    const points = {
      'while the source is read': source.held,
      'before the record is written': records.control,
    }
    for (const [point, where] of Object.entries(points)) {
      const abort = new AbortController()
      const hook = where === source.held ? 'during' : 'before'
      where[hook] = async () => {
        abort.abort(point)
      }
      assert.equal(await outcomeOf(whole(abort.signal)), point)
      where[hook] = undefined
    }
    assert.isTrue(same(await whole(), expected))
    await sealer.close()
  })

  test('an abort ends a slice whose source does not answer', async () => {
    const { sealer, source, expected } = await sealerOf(pattern(1_000), { frameLength: 100 })
    const abort = new AbortController()
    let answer
    source.held.during = () =>
      new Promise((resolve) => {
        answer = resolve
      })
    const slicing = sealer.slice(0, 900, { signal: abort.signal }).then(
      () => 'released',
      (reason) => reason,
    )
    while (!answer) await settle()
    abort.abort('enough')
    assert.equal(
      await Promise.race([
        slicing,
        settle()
          .then(settle)
          .then(() => 'still waiting'),
      ]),
      'enough',
    )
    source.held.during = undefined
    answer()
    assert.isTrue(same(await sealer.slice(0, expected.length), expected))
    await sealer.close()
  })

  for (const size of [0, 700, 1_048_576 - 400, 2_600_000]) {
    test(`the digest of ${size} bytes is that of inspect, with aligned slices, with others, and without any`, async () => {
      const content = pattern(size)
      const rows = {
        none: () => [],
        whole: (end) => [[0, end]],
        aligned: (end) => [
          [0, Math.min(end, 1_048_576)],
          [Math.min(end, 1_048_576), end],
        ],
        'not aligned': (end) => [
          [5, end],
          [0, 5],
        ],
        parts: (end) => [
          [(end / 2) | 0, end],
          [0, (end / 2) | 0],
        ],
      }
      for (const [name, of] of Object.entries(rows)) {
        const { sealer, expected } = await sealerOf(content, { frameLength: 100_000 })
        for (const [start, end] of of(sealer.length)) await sealer.slice(start, end)
        const digest = await sealer.digest()
        assert.equal(digest, await chunkDigestOf(expected), name)
        assert.equal(digest, (await inspect(expected)).digest, name)
        assert.equal(await sealer.digest(), digest, name)
        await sealer.close()
      }
    })
  }

  test('a digest can be aborted, and asked again', async () => {
    const { sealer, expected } = await sealerOf(pattern(2_000_000))
    assert.equal(
      await sealer.digest({ signal: AbortSignal.abort('no') }).catch((reason) => reason),
      'no',
    )
    assert.equal(await sealer.digest(), await chunkDigestOf(expected))
    await sealer.close()
  })

  test('progress counts plaintext once, ends at the whole, and a listener that throws harms nothing', async () => {
    const told = []
    const { sealer, expected } = await sealerOf(pattern(950), {
      frameLength: 100,
      onProgress: (p) => {
        told.push(p)
        throw new Error('theirs')
      },
    })
    for (const [start, end] of [
      [0, 500],
      [0, 500],
      [400, 800],
      [0, expected.length],
    ])
      await sealer.slice(start, end)
    assert.isAtLeast(told.length, 3)
    assert.isTrue(
      told.every(
        ({ done, total }, i) => total === 950 && done <= 950 && done >= (told[i - 1]?.done ?? 0),
      ),
      JSON.stringify(told),
    )
    assert.equal(told.at(-1).done, 950)
    await sealer.close()
  })

  test('a closed sealer answers nothing more, and closing again is nothing', async () => {
    const { sealer } = await sealerOf(pattern(100))
    await sealer.close()
    await sealer.close()
    await fails(assert, () => sealer.slice(0, 5), 'closed')
    await fails(assert, () => sealer.digest(), 'closed')
  })
}
