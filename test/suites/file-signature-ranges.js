import { partOf } from '../support/bits.js'
import { fails, keySetOf, publicJwk } from '../support/host.js'
import { chunkSize, claimsOf, fileOf, hashesOf, signFile } from '../support/file-signature.js'
import { generator } from '../support/generator.mjs'
import { concat, same } from '../support/message-format.js'
import { signJws } from '../support/sign.js'
import { byteSource, collect, fileKinds, streamOf } from '../support/sources.js'

const MiB = chunkSize
const size = 3 * MiB + 5

/**
 * Parts of signed files: the public door only.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function fileSignatureRangesSuite(host) {
  const { test, assert, door, jose } = host
  const { importKeySet, inHand, verifyRange } = door
  const keys = importKeySet(keySetOf(publicJwk('P-256-sig', { alg: 'ES256' })), { trust: inHand() })
  const file = fileOf(size)
  let made
  const signature = async () =>
    (made ??= await signFile(jose, file, { claims: { name: 'n', ctx: { a: 'b' } } }))
  const o = { name: 'n', context: { a: 'b' } }
  const range = async (source, start, end, more) =>
    verifyRange(keys, await signature(), source, start, end, { ...o, ...more })

  /** A byte source that notes what is read of it. */
  function noted(bytes) {
    const reads = []
    return {
      reads,
      ...byteSource(bytes, {
        read: async (start, end) => {
          reads.push([start, end])
          return bytes.subarray(start, end)
        },
      }),
    }
  }

  const edges = [0, 1, MiB - 1, MiB, MiB + 1, 2 * MiB, 3 * MiB, 3 * MiB + 4, size]
  for (const [kind, sourceOf] of Object.entries(fileKinds)) {
    test(`every range of a ${kind} between edges of chunks is the slice`, async () => {
      const all = edges.flatMap((start, i) => edges.slice(i).map((end) => [start, end]))
      assert.lengthOf(all, 45)
      for (const [start, end] of partOf(host, all, 4)) {
        const source = sourceOf(file, 99_991)
        const { readable, length, name, context } = await range(source, start, end)
        const place = `${start} to ${end}`
        assert.isTrue(same(await collect(readable), file.subarray(start, end)), place)
        assert.deepEqual([length, name, context], [end - start, 'n', { a: 'b' }])
      }
    })
  }

  test('any range is the slice, and of the file only the chunks that it touches are read', async () => {
    const { below } = generator(7)
    for (let run = 0; run < 40; run++) {
      const start = below(size + 1)
      const end = below(3) === 0 ? start + below(100) : start + below(size)
      const source = noted(file)
      const { readable, length } = await range(source, start, end)
      assert.deepEqual(source.reads, [], 'nothing is read before readable is')
      const part = file.slice(start, end)
      assert.equal(length, part.length)
      assert.isTrue(same(await collect(readable), part), `${start} to ${end}`)
      const to = Math.min(end, size)
      const [first, behind] = [
        Math.floor(start / MiB) * MiB,
        Math.min(size, Math.ceil(to / MiB) * MiB),
      ]
      const total = source.reads.reduce((sum, [from, until]) => {
        assert.isTrue(
          from >= first && until <= behind,
          `${from} to ${until} for ${start} to ${end}`,
        )
        return sum + until - from
      }, 0)
      assert.equal(total, start < to ? behind - first : 0)
    }
  })

  test('a range that ends behind the file ends with it', async () => {
    for (const [start, end] of [
      [0, Infinity],
      [5, size + 1],
      [size - 1, Infinity],
      [size, Infinity],
      [size + 7, size + 9],
      [Number.MAX_SAFE_INTEGER, Infinity],
    ]) {
      const { readable, length } = await range(
        file.length ? new Blob([file]) : undefined,
        start,
        end,
      )
      assert.equal(length, Math.max(0, size - start))
      assert.isTrue(same(await collect(readable), file.subarray(start)))
    }
    const empty = await verifyRange(
      keys,
      await signFile(jose, new Uint8Array()),
      new Blob([]),
      0,
      Infinity,
    )
    assert.deepEqual([empty.length, (await collect(empty.readable)).length], [0, 0])
  })

  test('a changed byte is found in the chunks of the range, and does not matter outside of them', async () => {
    for (const at of [0, MiB, 3 * MiB + 4]) {
      const bytes = file.slice()
      bytes[at] ^= 1
      const chunk = Math.floor(at / MiB)
      for (const [start, end] of [
        [0, size],
        [0, 1],
        [MiB - 1, MiB],
        [MiB - 1, MiB + 1],
        [MiB + 9, 2 * MiB],
        [MiB + 9, 3 * MiB + 1],
        [2 * MiB, size],
        [size - 1, size],
      ]) {
        const released = []
        const { readable } = await range(byteSource(bytes), start, end)
        const reading = collect(readable, released)
        const touched = chunk >= Math.floor(start / MiB) && chunk < Math.ceil(end / MiB)
        if (touched) await fails(assert, reading, 'rejected', new RegExp(`chunk ${chunk + 1},`))
        else await reading
        assert.isTrue(
          same(
            concat(...released),
            file.subarray(start, touched ? Math.max(start, chunk * MiB) : end),
          ),
          `${at} in ${start} to ${end}`,
        )
      }
    }
  })

  test('a source of another size, a range that is none, and a stream are refused before anything is read', async () => {
    for (const length of [0, size - 1, size + 1]) {
      const source = noted(new Uint8Array(length))
      await fails(assert, range(source, 0, 1), 'rejected', /file of/)
      assert.deepEqual(source.reads, [])
    }
    for (const [start, end] of [
      [-1, 2],
      [2, 1],
      [0.5, 2],
      [0, 1.5],
      [NaN, 2],
      [0, NaN],
      [0, undefined],
      [undefined, 2],
      [Infinity, Infinity],
      ['0', '2'],
      [0, -1],
    ])
      await fails(assert, range(new Blob([file]), start, end), 'invalid_argument', /range/)
    for (const source of [file, streamOf([file]), undefined, 'text', {}])
      await fails(assert, range(source, 0, 1), 'invalid_argument')
  })

  test('what verifyStream refuses, verifyRange refuses too', async () => {
    const blob = new Blob([file])
    await fails(assert, range(blob, 0, 1, { context: {} }), 'context_mismatch')
    await fails(assert, range(blob, 0, 1, { name: 'm' }), 'rejected')
    await fails(assert, range(blob, 0, 1, { maxAge: 1 }), 'expired')
    await fails(assert, verifyRange(keys, `${await signature()}A`, blob, 0, 1, o), 'malformed')
    await fails(
      assert,
      verifyRange(keys, await signFile(jose, file, { list: new Uint8Array(128) }), blob, 0, 1),
      'rejected',
    )
    const reason = new Error('stop')
    assert.equal(
      await range(blob, 0, 1, { signal: AbortSignal.abort(reason) }).catch((error) => error),
      reason,
    )
  })

  test('onProgress counts the range, and aborting and cancelling end its reading', async () => {
    const told = []
    const { readable } = await range(new Blob([file]), MiB - 1, 2 * MiB + 1, {
      onProgress: (p) => told.push(p),
    })
    await collect(readable)
    assert.deepEqual(
      told,
      [1, MiB + 1, MiB + 2].map((done) => ({ done, total: MiB + 2 })),
    )
    const stop = new AbortController()
    const reason = new Error('enough')
    const waiting = {
      size,
      read: (_start, _end, { signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    }
    const aborted = (await range(waiting, 0, size, { signal: stop.signal })).readable.getReader()
    const read = aborted.read()
    stop.abort(reason)
    assert.equal(await read.catch((error) => error), reason)
  })

  test('a range within 200 GiB needs no more than its chunk', async () => {
    const count = 204_800
    const chunk = fileOf(MiB)
    const [hash] = await hashesOf(chunk)
    const list = new Uint8Array(count * 32)
    for (let i = 0; i < count; i++) list.set(hash, i * 32)
    const claims = await claimsOf(jose, count * MiB, list)
    const head = { alg: 'ES256', typ: 'sealdrop-file+jwt' }
    const jws = await signJws('ES256', head, JSON.stringify(claims))
    const long = `${jws}\n${jose.base64url.encode(list)}`
    const source = {
      size: count * MiB,
      read: async (start, end) =>
        concat(chunk, chunk).subarray(start % MiB, (start % MiB) + end - start),
    }
    const at = 180_000 * MiB + 17
    const { readable } = await verifyRange(keys, long, source, at, at + 5)
    assert.deepEqual(await collect(readable), chunk.slice(17, 22))
  })
}
