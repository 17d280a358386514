import { fails, publicJwk } from '../support/host.js'
import { chunkDigestOf, concat, toBase64url, utf8 } from '../support/message-format.js'
import { parseHeader } from '../support/message-reader.js'
import { writeMessage } from '../support/message-writer.js'
import { privateOperations } from '../support/private-operations.js'
import { arnOf, decompress, openerOver, plainCache } from '../support/seal-with-jose.js'
import { same, settle } from '../support/sealed-files.js'
import {
  byteSource,
  collect,
  inPieces,
  pattern,
  streamJwk,
  streamKeys,
  streamOf,
} from '../support/sources.js'

const context = {}
const frameLength = 16

/**
 * What no other suite noticed when a line of sealing or opening streams was changed: a test for
 * each such line.
 */
export function streamMutantsSuite(host) {
  const { test, assert, door, rooms } = host
  const { sealStream, fetchKeySet, overHttps } = door
  const keys = streamKeys(door, 'P-256-enc')
  const sealing = (source, o) => sealStream(keys, source, { context, frameLength, ...o })
  const outcome = (work) =>
    work.then(
      () => 'done',
      (error) => error?.code ?? error,
    )

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
        outcome(sealStream(far, pattern(5), { context, signal: fetching.signal })),
        settle()
          .then(settle)
          .then(settle)
          .then(() => 'waits'),
      ]),
      'enough',
    )
    const stop = new AbortController()
    assert.equal(
      await outcome(
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

  /** Replaces how crypto.subtle hashes while the work runs. */
  const hashing = async (how, work) => {
    const real = crypto.subtle.digest
    crypto.subtle.digest = (...args) => how(() => real.apply(crypto.subtle, args))
    try {
      return await work()
    } finally {
      delete crypto.subtle.digest
    }
  }

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
    const real = crypto.subtle.encrypt
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
    crypto.subtle.encrypt = busy
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
      delete crypto.subtle.encrypt
    }
    assert.equal(crypto.subtle.encrypt, real)
  })

  test('inspect ends with an abort, tells its source, and hashes what it saw', async () => {
    const { inspect } = door
    const message = await collect(
      (await sealing(pattern(4_000_000), { frameLength: 1_000_000 })).readable,
    )
    const slow = await hashing(
      async (hash) => {
        const found = await hash()
        await settle()
        return found
      },
      () => inspect(streamOf(inPieces(message, 300_000))),
    )
    assert.deepEqual([slow.length, slow.digest], [message.length, await chunkDigestOf(message)])
    for (const text of ['{"keys":[]}', 'a.b.c', 'a.b.c.d.e'])
      assert.equal(await outcome(inspect(text, { signal: AbortSignal.abort('before') })), 'before')
    const seen = {}
    const error = await fails(
      assert,
      inspect(streamOf(inPieces(new Uint8Array(9_000), 3_000), seen)),
      'unsupported_algorithm',
    )
    assert.equal(seen.cancelled.reason, error)
    const stop = new AbortController()
    const hanging = new ReadableStream(
      {
        pull: () => new Promise(() => {}),
        cancel(reason) {
          seen.told = reason
        },
      },
      { highWaterMark: 0 },
    )
    const inspecting = outcome(inspect(hanging, { signal: stop.signal }))
    await settle()
    stop.abort('enough')
    assert.equal(
      await Promise.race([
        inspecting,
        settle()
          .then(settle)
          .then(() => 'waits'),
      ]),
      'enough',
    )
    assert.equal(seen.told, 'enough')
  })

  test('inspect takes no header without a kid, and no context that is none', async () => {
    const jwe = (header) =>
      `${toBase64url(utf8(JSON.stringify({ alg: 'ECDH-ES', enc: 'A256GCM', ...header })))}..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA`
    const { recipients, context: found } = await door.inspect(jwe({ kid: 'k', ctx: { a: 'b' } }))
    assert.deepEqual([recipients, { ...found }], [['k'], { a: 'b' }])
    for (const header of [
      {},
      { kid: 5 },
      { kid: null },
      { kid: 'k', ctx: { a: 1 } },
      { kid: 'k', ctx: 'a' },
      { kid: 'k', ctx: null },
      { kid: 'k', ctx: [] },
    ])
      await fails(assert, door.inspect(jwe(header)), 'malformed')
    assert.notProperty(await door.inspect(jwe({ kid: 'k' })), 'messageId')
    const text = JSON.stringify({ keys: [streamJwk('P-256-enc', { kid: 'k' })] })
    assert.deepEqual(await door.inspect(` \n${text}`), { kind: 'key-set', recipients: ['k'] })
    const { message } = await writeMessage({
      wrong: {
        dataKeys: (keys) => [
          ...keys,
          [utf8('aws-kms-rsa'), new Uint8Array([255]), new Uint8Array(3)],
          [utf8('aws-kms'), new Uint8Array([1]), new Uint8Array(3)],
        ],
      },
    })
    assert.deepEqual((await door.inspect(message)).recipients.slice(1), ['aws-kms-rsa', 'aws-kms'])
    const jws = (header) =>
      `${toBase64url(utf8(JSON.stringify({ alg: 'ES256', ...header })))}.AAAA.${toBase64url(new Uint8Array(64))}`
    assert.deepEqual((await door.inspect(jws({ kid: 'k' }))).recipients, ['k'])
    assert.deepEqual((await door.inspect(jws({}))).recipients, [])
    await fails(assert, door.inspect('a.b.c.d'), 'malformed')
  })

  if (rooms?.sealFrame) {
    test('the last sequence number is for a final frame alone', async () => {
      const key = await crypto.subtle.importKey('raw', new Uint8Array(32), 'AES-GCM', false, [
        'encrypt',
      ])
      const seal = (index, final) =>
        outcome(
          rooms.sealFrame({ id: new Uint8Array(32), key }, { index, bytes: pattern(3), final }),
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
  }

  if (!rooms) return
  const over = (names, o) =>
    openerOver(host, Object.fromEntries([names].flat().map((name) => [arnOf(name), name])), o)
  const opened = async (streams, message, o) =>
    collect((await streams.openStream(message, { context, ...o })).readable)
  const ranged = async (streams, source, start, end, o) =>
    collect((await streams.openRange(source, start, end, { context, ...o })).readable)

  test('a message that was cut anywhere says so, and one that was added to says that, streamed and as a range', async () => {
    const { streams } = await over('P-256-enc', { cache: plainCache() })
    for (const [length, frameLength] of [
      [20, 8],
      [24, 8],
      [29, 8],
      [0, 8],
      [20, 100],
      [120, 100],
    ]) {
      const { message, header } = await writeMessage({
        context,
        plaintext: pattern(length),
        frameLength,
      })
      for (let end = header.length; end < message.length; end++)
        await fails(assert, opened(streams, message.slice(0, end)), 'malformed', /it was cut/)
      for (const more of [[0], [0, 0, 0], pattern(40)]) {
        await fails(
          assert,
          opened(streams, concat(message, more)),
          'malformed',
          /bytes follow the final frame/,
        )
        await fails(assert, ranged(streams, new Blob([concat(message, more)]), 0, 1), [
          'malformed',
          'rejected',
        ])
      }
    }
  })

  test('a data key for an RSA key names no other kind of key, even by its ARN', async () => {
    const { message } = await writeMessage({
      recipients: [{ name: 'RSA-2048-enc', arn: arnOf('P-256-enc') }],
      context,
    })
    const { streams, calls } = await over('P-256-enc')
    assert.equal(await outcome(streams.openStream(message, { context })), 'key_not_found')
    assert.equal(calls.length, 0)
  })

  test('a source may use its memory again while a message is opened', async () => {
    const size = 1_500_000
    for (const length of [2 * size - 9, 3 * size, 3 * size - 3]) {
      const { message } = await writeMessage({
        context,
        plaintext: pattern(length),
        frameLength: size,
      })
      const memory = new Uint8Array(4_000_000)
      const reusing = byteSource(message, {
        read: async (start, end) => {
          memory.fill(0xee)
          memory.set(message.subarray(start, end))
          return memory.subarray(0, end - start)
        },
      })
      const { streams } = await over('P-256-enc')
      assert.isTrue(same(await opened(streams, reusing), pattern(length)))
      assert.isTrue(
        same(
          await ranged(streams, reusing, 5, length - 5),
          pattern(length).subarray(5, length - 5),
        ),
      )
    }
  })

  test('a frame in the middle that is marked as the final one is malformed in a range', async () => {
    const { streams } = await over('P-256-enc')
    const { message } = await writeMessage({
      context,
      plaintext: pattern(40),
      frameLength: 12,
      wrong: {
        frames: (list) =>
          list.map((frame, i) =>
            i === 1 ? { ...frame, final: true, plaintext: pattern(4), length: 4 } : frame,
          ),
      },
    })
    await fails(
      assert,
      ranged(streams, new Blob([message]), 12, 24),
      'malformed',
      /marked as the final one/,
    )
  })

  test('an empty range reads the header and the final frame alone', async () => {
    const { streams } = await over('P-256-enc')
    const { message, header } = await writeMessage({
      context,
      plaintext: pattern(400),
      frameLength: 100,
    })
    const reads = []
    const source = byteSource(message, {
      read: async (start, end) => (reads.push(start), message.subarray(start, end)),
    })
    assert.equal((await ranged(streams, source, 150, 150)).length, 0)
    assert.deepEqual(reads, [0, header.length + 3 * 132])
  })

  test('a range reads no more than the longest header at first, and leaves its stream when it has found the header', async () => {
    const { streams } = await over('P-256-enc')
    const { message } = await writeMessage({
      context,
      plaintext: pattern(100_000),
      frameLength: 1_000,
    })
    let cancelled = 0
    const pieces = []
    const streamed = (start, end) => {
      const rest = inPieces(message.subarray(start, end), 500)
      pieces.push(end - start)
      return new ReadableStream(
        {
          pull(c) {
            rest.length > 0 ? c.enqueue(rest.shift()) : c.close()
          },
          cancel() {
            cancelled++
          },
        },
        { highWaterMark: 0 },
      )
    }
    const source = {
      size: message.length,
      lastModified: 5,
      stream: () => streamed(0, message.length),
      slice: (start, end) => ({ stream: () => streamed(start, end) }),
    }
    assert.deepEqual(await ranged(streams, source, 10, 20), pattern(20).slice(10))
    assert.equal(cancelled, 1)
    assert.equal(pieces[0], 92 + 16_384)
  })

  test('an opening that fails tells its source why, and one that was aborted before reads nothing', async () => {
    const { message } = await writeMessage({
      context: { form: 'claim' },
      plaintext: pattern(5_000),
      frameLength: 1_000,
    })
    const { streams, calls } = await over('P-256-enc')
    const seen = {}
    const error = await fails(
      assert,
      streams.openStream(streamOf(inPieces(message, 300), seen), { context }),
      'context_mismatch',
    )
    assert.equal(seen.cancelled.reason, error)
    const other = {}
    assert.equal(
      await outcome(
        streams.openStream(streamOf([message], other), {
          context,
          signal: AbortSignal.abort('before'),
        }),
      ),
      'before',
    )
    await settle()
    assert.deepEqual([other.pulled, other.cancelled.reason, calls.length], [0, 'before', 0])
  })

  test('who watches a message sees all of its bytes in order, and is waited for', async () => {
    const { streams } = await over('P-256-enc')
    const { message } = await writeMessage({
      context,
      plaintext: pattern(9_000),
      frameLength: 1_000,
    })
    const seen = []
    let ahead = 0
    const { readable } = await streams.openStream(
      streamOf(inPieces(message, 700)),
      { context },
      async (bytes) => {
        assert.equal(++ahead, 1, 'one after the other')
        await settle()
        ahead--
        seen.push(bytes.slice())
      },
    )
    assert.deepEqual(await collect(readable), pattern(9_000))
    assert.deepEqual(concat(...seen), message)
  })

  test('frames before one that fails are handed out, whatever is in flight behind them', async () => {
    const { streams } = await over('P-256-enc')
    const { message } = await writeMessage({
      context,
      plaintext: pattern(40),
      frameLength: 8,
      wrong: {
        frames: (list) => list.map((frame, i) => (i === 3 ? { ...frame, sequence: 9 } : frame)),
      },
    })
    const released = []
    await fails(
      assert,
      streams.openStream(message, { context }).then(({ readable }) => collect(readable, released)),
      'malformed',
    )
    assert.deepEqual(concat(...released), pattern(24))
  })

  test('a range of a file whose length no message has asks no key', async () => {
    const { streams, calls } = await over('P-256-enc')
    const { message, header } = await writeMessage({
      context,
      plaintext: pattern(24),
      frameLength: 8,
    })
    for (const length of [header.length, header.length + 39, message.length - 1])
      await fails(
        assert,
        streams.openRange(new Blob([message.slice(0, length)]), 0, 1, { context }),
        ['malformed', 'rejected'],
      )
    assert.equal(calls.length, 1, 'one could be the length of a message')
  })

  test('where every key fails, the first failure is told', async () => {
    const names = ['P-256-enc', 'P-384-enc']
    const { message } = await writeMessage({ recipients: names, context })
    const failing = async (arn) => {
      throw new door.SealdropError(
        arn === arnOf(names[0]) ? 'kms_denied' : 'kms_unavailable',
        'down',
      )
    }
    const { streams, calls } = await over(names, { answer: { agree: failing } })
    await fails(assert, streams.openStream(message, { context }), 'kms_denied')
    assert.equal(calls.length, 2)
  })

  test('no chunk of a stream is empty, and an empty plaintext is no chunk', async () => {
    const { streams } = await over('P-256-enc', { cache: plainCache() })
    for (const [length, emptyFinal, count] of [
      [0, false, 0],
      [8, false, 1],
      [8, true, 1],
      [9, false, 2],
    ]) {
      const { message } = await writeMessage({
        context,
        plaintext: pattern(length),
        frameLength: 8,
        emptyFinal,
      })
      for (const open of [
        () => streams.openStream(message, { context }),
        () => streams.openRange(new Blob([message]), 0, Infinity, { context }),
      ]) {
        const released = []
        await collect((await open()).readable, released)
        assert.equal(released.length, count)
      }
    }
    const empty = []
    await collect((await sealing(pattern(0))).readable, empty)
    assert.isTrue(empty.every((chunk) => chunk.length > 0))
  })

  test('a stream that ended, failed or was cancelled leaves no listener on its signal', async () => {
    const { signal } = new AbortController()
    let listeners = 0
    for (const [name, by] of [
      ['addEventListener', 1],
      ['removeEventListener', -1],
    ]) {
      const real = signal[name]
      signal[name] = (...args) => {
        listeners += by
        return real.apply(signal, args)
      }
    }
    const { streams } = await over('P-256-enc')
    const { message } = await writeMessage({ context, plaintext: pattern(40), frameLength: 8 })
    const ways = {
      end: (readable) => collect(readable),
      cancel: (readable) => readable.cancel('enough'),
    }
    for (const [name, way] of Object.entries(ways)) {
      for (const start of [
        () => sealing(pattern(100), { signal }),
        () => streams.openStream(message, { context, signal }),
      ]) {
        const { readable, digest } = await start()
        digest?.catch(() => {})
        assert.isAbove(listeners, 0)
        await way(readable)
        await settle()
        assert.equal(listeners, 0, name)
      }
    }
    for (const start of [
      () =>
        sealing(
          byteSource(pattern(5), {
            read: async () => {
              throw new Error('disk')
            },
          }),
          { signal },
        ),
      () => streams.openStream(message.slice(0, -1), { context, signal }),
    ]) {
      const { readable } = await start()
      assert.include(['source_failed', 'malformed'], await outcome(collect(readable)))
      assert.equal(listeners, 0)
    }
  })

  test('a body has the one layout of its length, or none', () => {
    for (let frameLength = 1; frameLength <= 70; frameLength++) {
      const known = new Map()
      for (let length = 0; length < 300; length++) {
        known.set(rooms.messageLength(0, length, frameLength), [
          {
            regular: Math.max(0, Math.ceil(length / frameLength) - 1),
            final: length - Math.max(0, Math.ceil(length / frameLength) - 1) * frameLength,
          },
        ])
        if (length > 0 && length % frameLength === 0)
          known.set(length + (length / frameLength) * 32 + 40, [
            ...(known.get(length + (length / frameLength) * 32 + 40) ?? []),
            { regular: length / frameLength, final: 0 },
          ])
      }
      for (let body = 0; body < 340; body++) {
        const found = rooms.layoutOf(body, frameLength)
        if (!known.has(body)) assert.isUndefined(found, `${body} bytes of ${frameLength}`)
        else assert.deepInclude(known.get(body), found, `${body} bytes of ${frameLength}`)
      }
    }
    const most = 2 ** 32 - 1
    assert.deepEqual(rooms.layoutOf((most - 1) * 33 + 40, 1), { regular: most - 1, final: 0 })
    assert.isUndefined(rooms.layoutOf(most * 33 + 40, 1))
  })

  test('a header of exactly 16 KiB opens and not a byte more, and so does a frame length of exactly 16 MiB', async () => {
    const { streams, calls } = await over('P-256-enc', { cache: plainCache() })
    const room = 16_384 - (2 + 8 + 2 + 75 + 2 + 112) - 2 - 2 - 1 - 2
    for (const more of [0, 1]) {
      const { message, header } = await writeMessage({
        context: { a: 'x'.repeat(room + more) },
        plaintext: pattern(3),
      })
      assert.equal(header.length, 92 + 16_384 + more)
      for (const work of [
        () => opened(streams, message, { context: () => true }),
        () => ranged(streams, new Blob([message]), 0, 3, { context: () => true }),
      ]) {
        if (more === 0) assert.deepEqual(await work(), pattern(3))
        else await fails(assert, work, 'too_large', /16384/)
      }
    }
    assert.equal(calls.length, 1)
    const { message } = await writeMessage({
      context,
      plaintext: pattern(3),
      frameLength: 16_777_216,
    })
    assert.deepEqual(await opened(streams, message), pattern(3))
  })

  test('a data key that does not unwrap is replaced by none that anybody could know', async () => {
    const zeros = new Uint8Array(32)
    const wrong = (bytes) => bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte))
    for (const recipient of [
      { name: 'RSA-2048-enc', payload: () => new Uint8Array(80) },
      { name: 'RSA-2048-enc', payload: (digest) => digest },
      { name: 'P-256-enc', ciphertext: wrong },
    ]) {
      const { message } = await writeMessage({
        recipients: [recipient],
        context,
        plaintext: pattern(9),
        dataKey: zeros,
      })
      const { streams, calls } = await over(recipient.name)
      await fails(assert, opened(streams, message), 'rejected')
      assert.equal(calls.length, 1)
    }
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

  test('an ARN behind other text is none, and only ids that begin with mrk- are of several Regions', async () => {
    const { message } = await writeMessage({
      recipients: [{ name: 'RSA-2048-enc', arn: `x${arnOf('RSA-2048-enc')}` }],
      context,
    })
    const { streams } = await over('RSA-2048-enc')
    await fails(assert, streams.openStream(message, { context }), 'malformed', /ARN/)
    const { message: far } = await writeMessage({
      recipients: [{ name: 'RSA-2048-enc', arn: arnOf('a-mrk-1', 'eu-west-1') }],
      context,
    })
    const { streams: near, calls } = await openerOver(host, {
      [arnOf('a-mrk-1', 'us-east-1')]: 'RSA-2048-enc',
    })
    assert.equal(await outcome(near.openStream(far, { context })), 'key_not_found')
    assert.equal(calls.length, 0)
  })

  test('the private operation is given the signal of its caller', async () => {
    for (const name of ['RSA-2048-enc', 'P-256-enc']) {
      const { message } = await writeMessage({ recipients: [name], context })
      const { use, ...jwk } = publicJwk(name)
      const { signal } = new AbortController()
      const seen = []
      const operation = async (arn, bytes, given) => {
        seen.push(given)
        return new Uint8Array(32)
      }
      const keysOf = { find: async () => [{ arn: arnOf(name), jwk, info: { thumbprint: name } }] }
      const opener = new rooms.StreamOpener({
        keys: keysOf,
        operations: { decrypt: operation, agree: operation },
        cache: rooms.noCache,
        now: Date.now,
        decompress,
      })
      await fails(assert, opener.openStream(message, { context, signal }), 'rejected')
      assert.lengthOf(seen, 1)
      assert.equal(seen[0], signal)
    }
  })

  test('a token is valid from its first millisecond to before its last, by one tolerance, for its audience alone', () => {
    const now = 1_700_000_000_000
    const at = (ms) => (now + ms) / 1_000
    const check = (claims, o = {}) => {
      try {
        rooms.checkClaims(
          { iss: 'us', aud: 'you', ...claims },
          { issuer: 'us', audience: 'you', tolerance: 5_000, now, ...o },
        )
        return 'valid'
      } catch ({ code }) {
        return code
      }
    }
    const rows = [
      ['valid', { exp: at(-4_000) }],
      ['expired', { exp: at(-5_000) }],
      ['expired', { exp: at(-6_000) }],
      ['valid', { exp: at(9_000), nbf: at(5_000) }],
      ['expired', { exp: at(9_000), nbf: at(6_000) }],
      ['valid', { iat: at(-15_000) }, 10_000],
      ['expired', { iat: at(-16_000) }, 10_000],
      ['valid', { iat: at(5_000) }, 10_000],
      ['rejected', { iat: at(6_000) }, 10_000],
      ['rejected', { exp: at(9_000), aud: 'not you' }],
      ['rejected', { exp: at(9_000), aud: ['not you'] }],
      ['rejected', { exp: at(9_000), aud: { includes: 'you' } }],
      ['valid', { exp: at(9_000), aud: ['him', 'you'] }],
    ]
    for (const [expected, claims, maxAge] of rows)
      assert.equal(check(claims, { maxAge }), expected, JSON.stringify(claims))
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
