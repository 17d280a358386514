// A page may have put something of its own in the place of crypto.subtle, which waits before it
// hands on what it was given. Memory that is read into must not be used again until it answered.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import {
  createFileSealer,
  importKeySet,
  inHand,
  sealStream,
  verifyRange,
  verifyStream,
} from 'sealdrop'
import { fileSource } from 'sealdrop/fs'
import { createOpener, createPublisher, createSigner } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { chunkDigestOf, pattern, same, streamBytes } from '../support/sealed-files.js'

const context = { order: '7' }
const frameLength = 70_000
const content = pattern(5_000_001)

/** Operations that wait for some turns, each for another number of them, before they begin. */
function withLateSubtle(ms = 0) {
  const { subtle } = crypto
  let calls = 0
  const late = new Proxy(subtle, {
    get: (target, name) => {
      const work = Reflect.get(target, name)
      if (typeof work !== 'function') return work
      return async (/** @type {unknown[]} */ ...given) => {
        if (ms > 0) await sleep(ms)
        else for (let i = 0; i < 1 + (calls++ % 7); i++) await turn()
        return Reflect.apply(work, target, given)
      }
    },
  })
  Object.defineProperty(globalThis.crypto, 'subtle', { value: late, configurable: true })
  return () => Reflect.deleteProperty(globalThis.crypto, 'subtle')
}

/**
 * With such operations.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @param {number} [ms] how long each of them waits, instead of some turns
 */
async function lately(work, ms) {
  const restore = withLateSubtle(ms)
  try {
    return await work()
  } finally {
    restore()
  }
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
function* cut(bytes, size = 33_333) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size)
}

/** A byte source with memory of its own, which each read fills anew. */
const selfish = (/** @type {Uint8Array} */ bytes) => {
  const memory = new Uint8Array(bytes.length)
  return {
    size: bytes.length,
    read: async (/** @type {number} */ start, /** @type {number} */ end) => {
      memory.fill(0)
      memory.set(bytes.subarray(start, end))
      return memory.subarray(0, end - start)
    },
  }
}

/** @type {string} */
let folder
/** @type {Awaited<ReturnType<typeof startLocalKms>>} */
let local
/** @type {import('sealdrop').KeySet} */
let keys
/** @type {import('sealdrop/kms').Opener} */
let opener
/** @type {import('sealdrop/kms').Signer} */
let signer

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'late-'))
  local = await startLocalKms({
    keys: [
      { alias: 'alias/claims', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
      { alias: 'alias/files', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
    ],
  })
  const kms = local.clientConfig
  const names = ['alias/claims', 'alias/files']
  const publisher = createPublisher({ kms, keys: names.map((key) => ({ key })) })
  keys = importKeySet((await publisher.documents()).jwks, { trust: inHand() })
  opener = createOpener({ kms, keys: ['alias/claims'] })
  signer = createSigner({ kms, key: 'alias/files' })
})
after(async () => {
  await Promise.all([opener.close(), signer.close()])
  await local.close()
  await rm(folder, { recursive: true })
})

let files = 0
/**
 * The kinds of sources, each made of bytes.
 *
 * @type {Record<string, (bytes: Uint8Array<ArrayBuffer>) => Promise<import('sealdrop').StreamSource>>}
 */
const sources = {
  'a Blob': async (bytes) => new Blob([bytes]),
  bytes: async (bytes) => bytes,
  'a byte source with memory of its own': async (bytes) => selfish(bytes),
  'a file': async (bytes) => {
    const path = join(folder, `${files++}`)
    await writeFile(path, bytes)
    return fileSource(path)
  },
  'an async iterable': async (bytes) =>
    (async function* () {
      yield* cut(bytes)
    })(),
  'a stream': async (bytes) => {
    const chunks = cut(bytes)
    return new ReadableStream({
      pull(controller) {
        const { value } = chunks.next()
        if (value) controller.enqueue(value)
        else controller.close()
      },
    })
  },
  'a byte stream': async (bytes) => {
    const chunks = cut(bytes)
    return new ReadableStream({
      type: 'bytes',
      pull(controller) {
        const { value } = chunks.next()
        if (value) controller.enqueue(value)
        else controller.close()
        if (!value) controller.byobRequest?.respond(0)
      },
    })
  },
}
const isFile = (/** @type {string} */ kind) => /Blob|source|file/.test(kind)

test('the operations of this file really are late', async () => {
  const bytes = new Uint8Array(32)
  const [changed, zeros] = await lately(async () => {
    const hash = crypto.subtle.digest('SHA-256', bytes)
    bytes.fill(1)
    return [await hash, await crypto.subtle.digest('SHA-256', new Uint8Array(32))]
  })
  assert.ok(!same(new Uint8Array(changed), new Uint8Array(zeros)), 'it hashed what came later')
})

for (const [kind, make] of Object.entries(sources)) {
  for (const framesInFlight of [1, 4, 16])
    test(`${kind} is sealed as it is, with ${framesInFlight} frames in flight`, async () => {
      const source = await make(content)
      const [sealed, digest] = await lately(async () => {
        const stream = await sealStream(keys, source, { context, frameLength, framesInFlight })
        return [await streamBytes(stream.readable), await stream.digest]
      })
      assert.equal(digest, await chunkDigestOf(sealed))
      const opened = await opener.openStream(new Blob([sealed]), { context })
      assert.ok(same(await streamBytes(opened.readable), content))
    })

  for (const [frame, framesInFlight, whole] of /** @type {const} */ ([
    [524_288, 16, 24],
    [2_097_152, 4, 6],
  ]))
    test(`${kind} is sealed as it is in frames of ${frame} bytes, the last of which is short`, async () => {
      const long = new Uint8Array(randomBytes(frame * whole + 1_000))
      const source = await make(long)
      const sealed = await lately(async () => {
        const o = { context, frameLength: frame, framesInFlight, digest: false }
        return streamBytes((await sealStream(keys, source, o)).readable)
      }, 30)
      const opened = await opener.openStream(new Blob([sealed]), { context })
      assert.ok(same(await streamBytes(opened.readable), long))
    })

  test(`${kind} that is sealed is opened to what it was, with its digest`, async () => {
    const { readable } = await sealStream(keys, content, { context, frameLength })
    const sealed = await streamBytes(readable)
    const source = await make(sealed)
    const [opened, digest] = await lately(async () => {
      const stream = await opener.openStream(source, { context, digest: true })
      return [await streamBytes(stream.readable), await stream.digest]
    })
    assert.ok(same(opened, content))
    assert.equal(digest, await chunkDigestOf(sealed))
  })

  test(`${kind} is verified to what was signed`, async () => {
    const signature = await signer.signFile(new Blob([content]))
    const source = await make(content)
    const verified = await lately(async () => {
      const { readable } = await verifyStream(keys, signature, source)
      return streamBytes(readable)
    })
    assert.ok(same(verified, content))
  })

  if (!isFile(kind)) continue

  test(`${kind} is sealed in pieces, opened in a range, signed, and verified in a range`, async () => {
    const file = /** @type {Blob} */ (await make(content))
    const message = await lately(async () => {
      const sealer = await createFileSealer(keys, file, { context, frameLength })
      const half = Math.floor(sealer.length / 2)
      // not side by side, since one of these sources has its memory once
      const parts = [await sealer.slice(0, half), await sealer.slice(half, sealer.length)]
      await sealer.close()
      return new Uint8Array(await new Blob(parts).arrayBuffer())
    })
    const sealed = /** @type {Blob} */ (await make(message))
    const part = await lately(async () => {
      const { readable } = await opener.openRange(sealed, 100, 3_000_100, { context })
      return streamBytes(readable)
    })
    assert.ok(same(part, content.subarray(100, 3_000_100)))
    const range = await lately(async () => {
      const signature = await signer.signFile(file)
      const { readable } = await verifyRange(keys, signature, file, 100, 3_000_100)
      return streamBytes(readable)
    })
    assert.ok(same(range, content.subarray(100, 3_000_100)))
  })
}
