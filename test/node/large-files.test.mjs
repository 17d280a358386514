// Files beyond 4 GiB: every position right, and memory constant. Sparse files, nothing of their
// size is stored. `npm run test:soak` seals and opens 6 GiB from end to end; `npm test` does so
// with 768 MiB, which is enough for memory, and reads and seals ranges of 6 GiB, which are
// positions beyond 4 GiB.
import test from 'node:test'
import { createHash } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from 'chai'
import * as jose from 'jose'
import { createFileSealer, importKeySet, inHand, sealStream } from 'sealdrop'
import { fileSource } from 'sealdrop/fs'
import { keySetOf, publicJwk } from '../support/host.js'
import * as rooms from '../support/rooms.js'
import { amount } from '../support/soak.mjs'
import { arnOf, openerOver } from '../support/seal-with-jose.js'
import { headerOf, pattern, same, streamBytes } from '../support/sealed-files.js'

const GiB = 2 ** 30
const MiB = 2 ** 20
const folder = await mkdtemp(join(tmpdir(), 'sealdrop-large-'))
test.after(() => rm(folder, { recursive: true }))

/** A file of six such units and a bit: zeros, and some marks. */
async function sparseFile(name, unit) {
  const size = 6 * unit + 12_345
  /** @type {[place: number, bytes: Uint8Array][]} */
  const marks = [
    [0, pattern(10, 1)],
    [4 * unit - 5, pattern(10, 2)],
    [5 * unit, pattern(1_000, 3)],
    [size - 7, pattern(7, 4)],
  ]
  const path = join(folder, name)
  const handle = await open(path, 'w')
  await handle.truncate(size)
  for (const [place, bytes] of marks) await handle.write(bytes, 0, bytes.length, place)
  await handle.close()
  return { path, size, marks }
}

const context = {}
const keys = importKeySet(keySetOf(publicJwk('P-256-enc')), { trust: inHand() })
const { streams } = await openerOver({ rooms, jose }, { [arnOf('P-256-enc')]: 'P-256-enc' })
const zeros = Buffer.alloc(MiB)

/** What must be at this place of the file. */
function expected({ marks }, at, length) {
  const bytes = new Uint8Array(length)
  let marked = false
  for (const [place, mark] of marks) {
    const from = Math.max(place, at)
    const to = Math.min(place + mark.length, at + length)
    if (from >= to) continue
    marked = true
    bytes.set(mark.subarray(from - place, to - place), from - at)
  }
  return { bytes, marked }
}

/** Whether a chunk of the opened stream is what the file holds there. */
function right(file, chunk, at) {
  const { bytes, marked } = expected(file, at, chunk.length)
  if (marked) return same(chunk, bytes)
  for (let i = 0; i < chunk.length; i += MiB) {
    const part = chunk.subarray(i, i + MiB)
    if (zeros.compare(part, 0, part.length, 0, part.length) !== 0) return false
  }
  return true
}

const unit = amount({ part: 128 * MiB, whole: GiB })
test(`${(6 * unit) / MiB} MiB of a sparse file are sealed and opened in constant memory, every byte at its place`, async (t) => {
  const file = await sparseFile('whole', unit)
  globalThis.gc?.()
  const start = process.memoryUsage().rss
  let peak = start
  const sampling = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss)
  }, 20)
  try {
    const began = performance.now()
    const { readable, length, digest } = await sealStream(keys, await fileSource(file.path), {
      context,
    })
    let ciphertext = 0
    const counted = readable.pipeThrough(
      new TransformStream(
        {
          transform(chunk, controller) {
            ciphertext += chunk.length
            controller.enqueue(chunk)
          },
        },
        { highWaterMark: 1 },
        { highWaterMark: 0 },
      ),
    )
    const opened = await streams.openStream(counted, { context })
    let at = 0
    for await (const chunk of opened.readable) {
      if (!right(file, chunk, at)) assert.fail(`other bytes from ${at} on`)
      at += chunk.length
      peak = Math.max(peak, process.memoryUsage().rss)
    }
    assert.equal(at, file.size)
    assert.equal(ciphertext, length)
    assert.match(await digest, /^[\w-]{43}$/)
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    const [before, most] = [start, peak].map((bytes) => (bytes / MiB).toFixed(0))
    t.diagnostic(`${seconds} s, RSS ${before} MiB at the start, at most ${most} MiB`)
  } finally {
    clearInterval(sampling)
  }
  assert.isBelow(peak - start, 200 * MiB)
})

test('slices and ranges beyond 4 GiB agree: a sealed file of 6 GiB that nobody stored opens anywhere', async () => {
  const file = await sparseFile('ranges', GiB)
  const { size, marks } = file
  const sealer = await createFileSealer(keys, await fileSource(file.path), { context })
  const sealed = { size: sealer.length, read: (start, end, o) => sealer.slice(start, end, o) }
  let tried = 0
  for (const [place, mark] of marks) {
    for (const [from, to] of [
      [place, place + mark.length],
      [Math.max(0, place - 600_000), Math.min(size, place + 600_000)],
    ]) {
      tried++
      const opened = await streams.openRange(sealed, from, to, { context })
      assert.equal(opened.length, to - from)
      assert.isTrue(
        same(await streamBytes(opened.readable), expected(file, from, to - from).bytes),
        `${from} to ${to}`,
      )
    }
  }
  assert.equal(tried, 8)
  const whole = await streams.openRange(sealed, size - 10, Infinity, { context })
  assert.equal(whole.length, 10)
  const { length, frameLength } = headerOf(await sealer.slice(0, 1_000))
  const frame = Math.floor((5 * GiB) / frameLength)
  const [a, b] = [
    length + frame * (frameLength + 32) - 100,
    length + frame * (frameLength + 32) + 5_000,
  ]
  const hash = (bytes) => createHash('sha256').update(bytes).digest('hex')
  assert.equal(
    hash(await sealer.slice(a, b)),
    hash(Buffer.concat([await sealer.slice(a, a + 99), await sealer.slice(a + 99, b)])),
  )
  await sealer.close()
})
