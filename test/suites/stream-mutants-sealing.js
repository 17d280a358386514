import { fails, outcomeOf } from '../support/host.js'
import { chunkDigestOf } from '../support/message-format.js'
import { parseHeader } from '../support/message-reader.js'
import { privateOperations } from '../support/private-operations.js'
import { arnOf } from '../support/seal-with-jose.js'
import { settle } from '../support/sealed-files.js'
import { hashing, replaceSubtle } from '../support/subtle.js'
import { byteSource, collect, inPieces, pattern, streamKeys, streamOf } from '../support/sources.js'

const context = {}
const frameLength = 16

/**
 * What no other suite noticed when a line of sealing streams was changed: a test for each such
 * line.
 *
 * @param {import('../support/host.js').Host} host
 */
export function streamMutantsSealingSuite(host) {
  const { test, assert, door, rooms } = host
  const { sealStream, fetchKeySet, overHttps } = door
  const keys = streamKeys(door, 'P-256-enc')
  const sealing = (source, o) => sealStream(keys, source, { context, frameLength, ...o })

  test('a stream that does not end where it was announced to is left there, and not read on', async () => {
    let pieces = 0
    const endless = async function* () {
      for (; pieces < 100; pieces++) yield pattern(10)
    }
    const sealed = await sealing(endless(), { length: 32 })
    await fails(assert, collect(sealed.readable), 'source_failed', /32 bytes/)
    assert.isBelow(pieces, 10)
  })

  test('the version of a source is asked twice, however many frames it has', async () => {
    let asked = 0
    const { readable } = await sealing(
      byteSource(pattern(200), { version: async () => `${asked++ && 0}` }),
    )
    await collect(readable)
    assert.equal(asked, 2)
  })

  test('an abort while the key set is fetched, or behind the header, ends the sealing', async () => {
    const fetching = new AbortController()
    const far = fetchKeySet('https://keys.example/keys.json', {
      trust: overHttps(),
      fetch: async () => {
        fetching.abort('enough')
        return new Promise(() => {})
      },
    })
    assert.equal(
      await Promise.race([
        outcomeOf(sealStream(far, pattern(5), { context, signal: fetching.signal })),
        settle()
          .then(settle)
          .then(settle)
          .then(() => 'waits'),
      ]),
      'enough',
    )
    const stop = new AbortController()
    assert.equal(
      await outcomeOf(
        sealing(
          byteSource(pattern(5), {
            version: async () => {
              stop.abort('enough')
              return ''
            },
          }),
          { signal: stop.signal },
        ),
      ),
      'enough',
    )
  })

  test('the digest is right though hashing takes long, and at most three chunks are hashed at once', async () => {
    let now = 0
    let most = 0
    const slowly = async (hash) => {
      most = Math.max(most, ++now)
      try {
        return await hash()
      } finally {
        await settle()
        now--
      }
    }
    const { message, digest } = await hashing(slowly, async () => {
      const sealed = await sealing(pattern(7_000_000), { frameLength: 1_500_000 })
      return { message: await collect(sealed.readable), digest: await sealed.digest }
    })
    assert.equal(digest, await chunkDigestOf(message))
    assert.isAtMost(most, 3)
    const theirs = new Error('no hash')
    const failing = await hashing(
      async (hash) => {
        await hash()
        throw theirs
      },
      async () => {
        const sealed = await sealing(pattern(1_100_000), { frameLength: 2_000_000 })
        await collect(sealed.readable)
        await settle() // nobody asks for the digest yet, and that ends no process
        return sealed
      },
    )
    assert.equal(await failing.digest.catch((error) => error), theirs)
  })

  test('the digest of exactly one chunk, and of a byte less and more, is right', async () => {
    const around = await door.sealedLength(keys, 0, { context, frameLength: 2_000_000 })
    for (const length of [1_048_575, 1_048_576, 1_048_577, 2_097_152]) {
      const sealed = await sealing(pattern(length - around), { frameLength: 3_000_000 })
      const message = await collect(sealed.readable)
      assert.equal(message.length, length)
      assert.equal(await sealed.digest, await chunkDigestOf(message))
      assert.equal((await door.inspect(message)).digest, await chunkDigestOf(message))
    }
  })

  test('a reader that cancels without a reason ends the digest with closed', async () => {
    const { readable, digest } = await sealing(pattern(100))
    await readable.cancel()
    await fails(assert, digest, 'closed')
  })

  test('a Blob that cannot be read is source_changed for good, and a version that cannot be asked is source_failed', async () => {
    const broken = () =>
      new ReadableStream({
        pull(controller) {
          controller.error(new DOMException('gone', 'NotReadableError'))
        },
      })
    const error = await fails(
      assert,
      sealing({ size: 5, lastModified: 1, stream: broken, slice: () => ({ stream: broken }) }).then(
        ({ readable }) => collect(readable),
      ),
      'source_changed',
    )
    assert.isFalse(error.retryable)
    const theirs = new Error('disk')
    const failed = await fails(
      assert,
      sealing(
        byteSource(pattern(5), {
          version: async () => {
            throw theirs
          },
        }),
      ),
      'source_failed',
    )
    assert.deepEqual([failed.cause, failed.retryable], [theirs, true])
  })

  test('behind the header nothing is read before it is asked for', async () => {
    const seen = {}
    const { readable } = await sealing(streamOf(inPieces(pattern(100), 10), seen))
    const reader = readable.getReader()
    await reader.read()
    await settle()
    assert.equal(seen.pulled, 0)
    await reader.read()
    assert.isAbove(seen.pulled, 0)
    await reader.cancel()
  })

  test('others run while frames are sealed, though WebCrypto answers at once', async () => {
    const real = Reflect.get(crypto.subtle, 'encrypt')
    const busy = async (algorithm, key, data) => {
      for (const end = performance.now() + 3; performance.now() < end;);
      return new ArrayBuffer(data.length + 16)
    }
    const sealer = await door.createFileSealer(keys, byteSource(pattern(800)), {
      context,
      frameLength,
    })
    const { readable } = await sealing(byteSource(pattern(800)), { digest: false })
    const works = [() => sealer.slice(0, sealer.length), () => collect(readable)]
    const restore = replaceSubtle('encrypt', () => busy)
    try {
      for (const work of works) {
        let ran = 0
        const timer = setInterval(() => {
          ran++
        }, 1)
        await work()
        clearInterval(timer)
        assert.isAbove(ran, 3)
      }
    } finally {
      restore()
    }
    assert.equal(Reflect.get(crypto.subtle, 'encrypt'), real)
  })

  test('the last sequence number is for a final frame alone', async () => {
    const key = await crypto.subtle.importKey('raw', new Uint8Array(32), 'AES-GCM', false, [
      'encrypt',
    ])
    const header = new Uint8Array()
    const seal = (index, final) =>
      outcomeOf(
        rooms.sealFrame(
          { header, id: new Uint8Array(32), key },
          { index, bytes: pattern(3), final },
        ),
      )
    const last = 2 ** 32 - 2
    assert.deepEqual(
      await Promise.all([
        seal(last, true),
        seal(last, false),
        seal(last - 1, false),
        seal(last - 1, true),
        seal(last + 1, true),
      ]),
      ['done', 'too_large', 'done', 'done', 'too_large'],
    )
  })

  test('no two messages have a salt, an ephemeral key or a wrapped data key in common', async () => {
    const dataKeys = await Promise.all(
      [1, 2].map(
        async () => parseHeader(await collect((await sealing(pattern(5))).readable)).dataKeys[0],
      ),
    )
    const [a, b] = dataKeys
    for (const [from, to] of [
      [0, 32],
      [32, 64],
      [64, 112],
    ])
      assert.notDeepEqual(a.ciphertext.slice(from, to), b.ciphertext.slice(from, to))
    assert.notDeepEqual(a.info.slice(42), b.info.slice(42))
    assert.deepEqual(a.info.slice(0, 38), b.info.slice(0, 38))
  })

  test('every message has a data key of its own', async () => {
    const name = 'RSA-2048-enc'
    const { decrypt } = privateOperations({ [arnOf(name)]: name })
    const rsa = streamKeys(door, name)
    const messages = [
      ...(await Promise.all(
        [1, 2].map(async () => collect((await sealStream(rsa, pattern(5), { context })).readable)),
      )),
      ...(await Promise.all(
        [1, 2].map(async () => {
          const sealer = await door.createFileSealer(rsa, byteSource(pattern(5)), { context })
          return sealer.slice(0, sealer.length)
        }),
      )),
    ]
    const found = await Promise.all(
      messages.map(async (message) => {
        const { id, dataKeys } = parseHeader(message)
        return [id, (await decrypt(arnOf(name), dataKeys[0].ciphertext)).slice(48)]
      }),
    )
    for (const which of [0, 1])
      assert.equal(
        new Set([String(new Uint8Array(32)), ...found.map((pair) => String(pair[which]))]).size,
        5,
      )
  })
}
