import { fails, keySetOf, publicJwk, signatureKeys } from '../support/host.js'
import {
  chunkSize,
  claimsOf,
  fileOf,
  hashesOf,
  signedAt,
  signFile,
} from '../support/file-signature.js'
import { concat, same } from '../support/message-format.js'
import { signJws } from '../support/sign.js'
import {
  byteSource,
  byteStreamOf,
  collect,
  inPieces,
  iterate,
  refillingSource,
  sourceKinds,
  streamOf,
} from '../support/sources.js'

const MiB = chunkSize
const sizes = [0, 1, MiB - 1, MiB, MiB + 1, 3 * MiB]
const size = 3 * MiB + 5
const settled = () => new Promise((resolve) => setTimeout(resolve, 20))

/** Files verified as they come, against signatures that jose made: the public door only. */
export function fileSignaturesSuite(host) {
  const { test, assert, door, jose, mlDsa } = host
  const { importKeySet, inHand, inspect, verifyStream } = door
  const keysOf = (alg = 'ES256', extra = {}, o = {}) =>
    importKeySet(keySetOf(publicJwk(signatureKeys[alg], { alg, ...extra })), {
      trust: inHand(),
      providers: [mlDsa()],
      ...o,
    })
  const keys = keysOf()
  const sign = (bytes, o) => signFile(jose, bytes, o)
  const file = fileOf(size)
  const small = fileOf(1_000)
  const signatures = {}
  /** Of `file` and of `small`, made once. */
  const signed = async (bytes = file) =>
    (signatures[bytes.length] ??= await sign(bytes, {
      claims: { name: 'report.bin', mediaType: 'application/x-report' },
    }))
  const changed = (at, bytes = file) => {
    const other = bytes.slice()
    other[at] ^= 1
    return other
  }
  const refused = async (bytes, signature, code, pattern, o) =>
    fails(assert, verifyStream(keys, signature, bytes, o), code, pattern)

  /** What a source gives until it fails, which it must. */
  async function releasedOf(source, code, pattern, signature) {
    const released = []
    const { readable } = await verifyStream(keys, signature ?? (await signed()), source)
    const error = await fails(assert, collect(readable, released), code, pattern)
    return { bytes: concat(...released), error }
  }

  /** The kinds of which only the end tells the size, and those that know it. */
  const unsized = {
    'default stream': (bytes) => streamOf(inPieces(bytes, 65_537)),
    'byte stream': (bytes) => byteStreamOf(inPieces(bytes, 300_001)),
    'async iterable': (bytes) => iterate(inPieces(bytes, 100_000, 0, 1, 1_999_999)),
  }
  const sized = {
    Blob: (bytes) => new Blob([bytes]),
    'byte source': (bytes) => byteSource(bytes),
    bytes: (bytes) => bytes,
  }

  for (const [kind, sourceOf] of Object.entries(sourceKinds)) {
    test(`a signed file of any size verifies from a ${kind}, in pieces that are the consumer's own`, async () => {
      for (const length of sizes) {
        const bytes = fileOf(length)
        const before = bytes.slice()
        const signature = await signed(bytes)
        const found = await verifyStream(keys, signature, sourceOf(bytes, 99_991, 0, 70_001))
        assert.equal(found.length, length)
        const released = []
        for await (const piece of iterateStream(found.readable)) {
          assert.isAtMost(piece.length, 524_288, 'Chromium is slow with more')
          assert.isTrue(piece.buffer instanceof ArrayBuffer)
          released.push(piece.slice())
          piece.fill(0xff)
        }
        assert.isTrue(same(concat(...released), before), `${length} bytes`)
        assert.isTrue(same(bytes, before), 'the source is as it was')
      }
    })
  }

  for (const alg of Object.keys(signatureKeys)) {
    test(`a file signature by ${alg} verifies, and not after a change of what was signed`, async () => {
      const list = concat(...(await hashesOf(small)))
      const claims = {
        ...(await claimsOf(jose, small.length, list)),
        name: 'n',
        mediaType: 'm/n',
        ctx: { a: 'b' },
      }
      const write = async (said) =>
        `${await signJws(alg, { alg, typ: 'application/SEALDROP-file+jwt' }, JSON.stringify(said))}\n${jose.base64url.encode(list)}`
      const { readable, length, key, ...found } = await verifyStream(
        keysOf(alg),
        await write(claims),
        small,
        { name: 'n', context: { a: 'b' } },
      )
      assert.deepEqual(found, {
        trust: 'in-hand',
        name: 'n',
        mediaType: 'm/n',
        context: { a: 'b' },
        signedAt: new Date(signedAt * 1000),
        digest: claims.digest,
      })
      assert.equal(key.alg, alg)
      assert.equal(length, small.length)
      assert.isTrue(same(await collect(readable), small))
      const [, payload] = (await write({ ...claims, name: 'other' })).split('.')
      const [head, , signature] = (await write(claims)).split('.')
      await fails(
        assert,
        verifyStream(keysOf(alg), `${head}.${payload}.${signature}`, small, {
          context: { a: 'b' },
        }),
        'rejected',
        /signature/,
      )
    })
  }

  test('what was not signed is not answered', async () => {
    const { name, mediaType, context } = await verifyStream(keys, await sign(small), small)
    assert.deepEqual(
      { name, mediaType, context },
      { name: undefined, mediaType: undefined, context: {} },
    )
  })

  for (const [kind, sourceOf] of Object.entries({ ...sized, ...unsized })) {
    test(`a ${kind} with any byte changed gives the chunks before that one, and nothing else`, async () => {
      for (const at of [0, 1, MiB - 1, MiB, 2 * MiB - 1, 2 * MiB, 3 * MiB - 1, 3 * MiB, size - 1]) {
        const chunk = Math.floor(at / MiB)
        const { bytes } = await releasedOf(
          sourceOf(changed(at)),
          'rejected',
          new RegExp(
            `chunk ${chunk + 1}, bytes ${chunk * MiB} to ${Math.min(size, (chunk + 1) * MiB) - 1},`,
          ),
        )
        assert.equal(bytes.length, chunk * MiB)
        assert.isTrue(same(bytes, file.subarray(0, bytes.length)))
      }
    })

    test(`a ${kind} whose chunks are swapped or repeated gives those before them only`, async () => {
      const chunk = (i) => file.subarray(i * MiB, Math.min(size, (i + 1) * MiB))
      for (const [order, before] of [
        [[1, 0, 2], 0],
        [[0, 2, 1], 1],
        [[0, 1, 1], 2],
        [[0, 0, 2], 1],
      ]) {
        const { bytes } = await releasedOf(
          sourceOf(concat(...order.map(chunk), chunk(3))),
          'rejected',
          new RegExp(`chunk ${before + 1},`),
        )
        assert.isTrue(same(bytes, file.subarray(0, before * MiB)))
      }
    })
  }

  const lengths = [
    [0, 0],
    [1, 0],
    [MiB - 1, 0],
    [MiB, 1],
    [MiB + 1, 1],
    [3 * MiB - 1, 2],
    [3 * MiB, 3],
    [size - 1, 3],
    [size + 1, 3],
    [size + MiB, 3],
    [size + 2 * MiB, 3],
  ]
  for (const [kind, sourceOf] of Object.entries(unsized)) {
    test(`a ${kind} that is cut or longer gives the chunks that are whole, and of a longer one not the last`, async () => {
      for (const [length, before] of lengths) {
        const { bytes } = await releasedOf(
          sourceOf(concat(file, file).subarray(0, length)),
          'rejected',
          new RegExp(`${size} bytes.*found ${length > size ? 'more' : length}$`),
        )
        assert.isTrue(same(bytes, file.subarray(0, before * MiB)), `${length} bytes`)
      }
      for (const whole of [0, MiB]) {
        const bytes = file.subarray(0, whole)
        assert.equal(
          (
            await releasedOf(
              sourceOf(file.subarray(0, whole + 1)),
              'rejected',
              /found more/,
              await signed(bytes),
            )
          ).bytes.length,
          0,
        )
      }
    })
  }

  for (const [kind, sourceOf] of Object.entries(sized)) {
    test(`a ${kind} of another size is rejected before anything is read`, async () => {
      for (const [length] of lengths) {
        let reads = 0
        const source = sourceOf(concat(file, file).subarray(0, length))
        if (kind === 'byte source')
          source.read = async () => {
            reads++
          }
        await refused(
          source,
          await signed(),
          'rejected',
          new RegExp(`${size} bytes.*found ${length}$`),
        )
        assert.equal(reads, 0)
      }
    })
  }

  test('a source that fills the same memory again, as a Buffer of Node whose slice copies nothing, verifies to the end', async () => {
    const source = refillingSource(file)
    const again = async function* () {
      for (let at = 0; at < size; at += 700_001) yield source.read(at, Math.min(size, at + 700_001))
    }
    for (const one of [source, again()])
      assert.isTrue(
        same(await collect((await verifyStream(keys, await signed(), one)).readable), file),
      )
  })

  test('a signature is text of two lines, with a line end or none', async () => {
    for (const bytes of [file, small, new Uint8Array()]) {
      const [jws, list] = (await signed(bytes)).split('\n')
      for (const good of [
        `${jws}\n${list}`,
        `${jws}\n${list}\n`,
        `${jws}\n${list}\r\n`,
        `${jws}\r\n${list}\r\n`,
      ])
        assert.equal((await verifyStream(keys, good, bytes)).length, bytes.length)
      for (const bad of [
        '',
        '\n',
        jws,
        `${jws}${list}`,
        `${jws}\r${list}`,
        ` ${jws}\n${list}`,
        `${jws} \n${list}`,
        `${jws}\n ${list}`,
        `${jws}\n${list} `,
        `${jws}\n\n${list}x`,
        `\n${jws}\n${list}`,
        `${jws}\n${list}\n\n`,
        `${jws}\n${list}\n${list}A`,
        `${jws}\n${list}=`,
        `${jws}.\n${list}`,
        `${list}\n${jws}`,
      ])
        await refused(bytes, bad, 'malformed')
    }
    for (const bad of [undefined, null, 5, {}, new Uint8Array(3), ['a', 'b']])
      await refused(small, bad, 'invalid_argument', /text/)
  })

  test('a list of chunk hashes that is cut, longer, swapped, changed or not canonical is refused before a byte is read', async () => {
    const hashes = await hashesOf(file)
    assert.equal(hashes.length, 4)
    const flipped = (at) => concat(...hashes).map((byte, i) => (i === at ? byte ^ 1 : byte))
    const rows = [
      ...[0, 31, 32, 64, 127].map((at) => ['rejected', { list: flipped(at) }]),
      ['rejected', { list: concat(hashes[1], hashes[0], hashes[2], hashes[3]) }],
      ['rejected', { list: concat(hashes[0], hashes[0], hashes[2], hashes[3]) }],
      ['rejected', { list: new Uint8Array(128) }],
      ['malformed', { list: concat(...hashes.slice(1)) }],
      ['malformed', { list: concat(...hashes, hashes[0]) }],
      ['malformed', { list: concat(...hashes).subarray(1) }],
      ['malformed', { list: new Uint8Array() }],
      ['malformed', { line: '.'.repeat(171) }],
      ['malformed', { claims: { size: -5 }, line: '' }],
      ['malformed', { line: `${jose.base64url.encode(concat(...hashes)).slice(0, -1)}!` }],
    ]
    // 128 bytes end in a character of which two bits count
    const last = jose.base64url.encode(concat(...hashes)).at(-1)
    rows.push([
      'malformed',
      {
        line:
          jose.base64url.encode(concat(...hashes)).slice(0, -1) +
          String.fromCharCode(last.charCodeAt(0) + 1),
      },
    ])
    for (const [code, o] of rows) {
      const seen = {}
      await refused(streamOf(inPieces(file, MiB), seen), await sign(file, o), code)
      assert.equal(seen.pulled, 0)
      assert.exists(seen.cancelled, 'the source is given up')
    }
  })

  const label = (length, unit = 'x') => unit.repeat(length)
  const payloads = [
    ['rejected', { digest: 'A'.repeat(43) }],
    ['rejected', { size: 999 }],
    ['rejected', { size: MiB }],
    ['malformed', { size: MiB + 1 }],
    ['malformed', { size: 0 }],
    ['malformed', { size: 2 ** 53 }],
    ['malformed', { size: 2 ** 53 - 1 }],
    ['malformed', { size: -1 }],
    ['malformed', { size: 1.5 }],
    ['malformed', { size: '1000' }],
    ['unsupported_algorithm', { v: 2 }],
    ['unsupported_algorithm', { v: 0 }],
    ['unsupported_algorithm', { v: 2, size: 'in another way' }],
    ['malformed', { v: '1' }],
    ['malformed', { v: undefined }],
    ['malformed', { v: null }],
    ['malformed', { v: [1] }],
    ['unsupported_algorithm', { chunkSize: 524_288 }],
    ['unsupported_algorithm', { chunkSize: 0 }],
    ['malformed', { chunkSize: '1048576' }],
    ['malformed', { chunkSize: undefined }],
    ['unsupported_algorithm', { hash: 'SHA-512' }],
    ['unsupported_algorithm', { hash: 'sha-256' }],
    ['unsupported_algorithm', { hash: '' }],
    ['malformed', { hash: 256 }],
    ['malformed', { hash: undefined }],
    ['malformed', { digest: undefined }],
    ['malformed', { digest: 5 }],
    ['malformed', { iss: undefined }],
    ['malformed', { iss: {} }],
    ['malformed', { iat: undefined }],
    ['malformed', { iat: 'x' }],
    ['malformed', { iat: -1 }],
    ['malformed', { iat: 1e300 }],
    ['malformed', { ctx: undefined }],
    ['malformed', { ctx: [] }],
    ['malformed', { ctx: { a: 1 } }],
    ['malformed', { ctx: null }],
    ['context_mismatch', { ctx: { a: 'b' } }],
    ['malformed', { name: label(256) }],
    ['malformed', { name: 5 }],
    ['malformed', { name: null }],
    ['malformed', { name: 'a\ud800' }],
    ['malformed', { mediaType: label(128) }],
    ['malformed', { mediaType: {} }],
    ['malformed', { mediaType: '\udc00' }],
  ]
  for (const [code, claims] of payloads) {
    test(`a file signature that says ${JSON.stringify(claims).slice(0, 60)} ${Object.values(claims)[0] === undefined ? Object.keys(claims)[0] : ''} is ${code}`, async () =>
      refused(small, await sign(small, { claims }), code))
  }

  test('the longest name and media type verify, and members that are not known are left alone', async () => {
    const claims = { name: label(255, 'ü'), mediaType: label(127), later: { more: [1] } }
    const { name, mediaType, later } = await verifyStream(
      keys,
      await sign(small, { claims }),
      small,
    )
    assert.deepEqual([name, mediaType, later], [claims.name, claims.mediaType, undefined])
  })

  test('a payload that is no JSON object, or has a member twice, is malformed', async () => {
    for (const payload of [
      '',
      '[]',
      '1',
      '{',
      '{"v":1,"v":1}',
      '{"__proto__":{}}',
      new Uint8Array([0xff, 0x7b]),
    ])
      await refused(small, await sign(small, { payload }), 'malformed')
  })

  for (const typ of [
    undefined,
    'JWT',
    'sealdrop-receipt+jwt',
    'jwk-set+jwt',
    'sealdrop-file',
    'sealdrop-file+jwt/x',
  ]) {
    test(`a JWS of the type ${typ} is no file signature`, async () =>
      refused(small, await sign(small, { header: { typ } }), 'rejected', /typ/))
  }

  test('the signature of another key, under another key, or with a changed bit is refused', async () => {
    const signature = await signed(small)
    await refused(small, await sign(small, { header: { kid: 'other' } }), 'key_not_found')
    await fails(assert, verifyStream(keysOf('ES384'), signature, small), 'key_not_found')
    await refused(small, await sign(small, { alg: 'ES384', key: 'P-384-sig' }), 'key_not_found')
    const otherKey = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
      'sign',
    ])
    const { x, y } = await crypto.subtle.exportKey('jwk', otherKey.privateKey)
    await fails(
      assert,
      verifyStream(keysOf('ES256', { x, y }), signature, small),
      'rejected',
      /signature/,
    )
    for (const part of [0, 1, 2]) {
      const [jws, list] = signature.split('\n')
      const segments = jws.split('.')
      const bytes = jose.base64url.decode(segments[part])
      bytes[part === 2 ? 5 : bytes.length - 3] ^= 1
      segments[part] = jose.base64url.encode(bytes)
      await refused(small, `${segments.join('.')}\n${list}`, ['rejected', 'malformed'])
    }
  })

  test('the signature of another file, of the same size too, gives nothing of this one', async () => {
    await refused(small, await signed(), 'rejected', /expected a file of/)
    const { bytes } = await releasedOf(
      small,
      'rejected',
      /chunk 1, bytes 0 to 999,/,
      await sign(changed(999, small)),
    )
    assert.equal(bytes.length, 0)
  })

  test('name and context are exact: a signature with a context is refused by whoever does not name it', async () => {
    const named = await sign(small, {
      claims: { name: 'a.pdf', ctx: { for: 'partner', edition: '2' } },
    })
    const context = { edition: '2', for: 'partner' }
    await verifyStream(keys, named, small, { context })
    await verifyStream(keys, named, small, { context, name: 'a.pdf' })
    for (const other of [
      undefined,
      {},
      { for: 'partner' },
      { ...context, more: '' },
      { ...context, edition: '1' },
    ])
      await refused(small, named, 'context_mismatch', undefined, {
        ...(other && { context: other }),
      })
    await refused(small, await sign(small), 'context_mismatch', undefined, { context })
    for (const name of ['', 'A.pdf', 'a.pdf ', 'b.pdf'])
      await refused(small, named, 'rejected', /"a\.pdf"/, { context, name })
    await refused(small, await sign(small), 'rejected', /without a name/, { name: 'a.pdf' })
    for (const o of [
      { context: 5 },
      { context: { a: 1 } },
      { context: { 'sealdrop:path': '' } },
      { maxAge: -1 },
      { maxAge: NaN },
      { maxAge: 'x' },
    ])
      await refused(small, named, 'invalid_argument', undefined, o)
  })

  test('maxAge counts from signing, and the dates of a key count when it signed', async () => {
    const at = (ms) => keysOf('ES256', {}, { now: () => signedAt * 1000 + ms })
    const signature = await signed(small)
    for (const [age, maxAge] of [
      [5_000, 5_000],
      [0, 0],
      [-60_000, 0],
      [1e12, undefined],
      [-1e9, undefined],
      [1e12, Infinity],
    ])
      await verifyStream(at(age), signature, small, { maxAge })
    for (const [age, maxAge] of [
      [5_001, 5_000],
      [1, 0],
      [-60_001, 5_000],
    ])
      await fails(assert, verifyStream(at(age), signature, small, { maxAge }), 'expired', /maxAge/)
    for (const [nbf, exp] of [
      [signedAt, signedAt + 1],
      [signedAt + 60, signedAt + 61],
      [signedAt - 100, signedAt - 59],
    ])
      await verifyStream(keysOf('ES256', { nbf, exp }), signature, small)
    for (const [nbf, exp] of [
      [signedAt + 61, signedAt + 1_000],
      [0, signedAt - 60],
    ])
      await fails(
        assert,
        verifyStream(keysOf('ES256', { nbf, exp }), signature, small),
        'expired',
        /key/,
      )
  })

  test('what is no source, or one that somebody else reads, is invalid_argument', async () => {
    const locked = streamOf([small])
    locked.getReader()
    for (const source of [undefined, null, 'text', 5, {}, [small], new ArrayBuffer(3), locked])
      await refused(source, await signed(small), 'invalid_argument')
    const words = await verifyStream(keys, await signed(small), iterate(['text']))
    await fails(assert, collect(words.readable), 'invalid_argument', /Uint8Array/)
  })

  test('nothing is read before readable is, then a few chunks ahead; a cancel and a failure reach the source with their reason', async () => {
    const seen = {}
    const many = fileOf(12 * MiB)
    const cancelled = await verifyStream(
      keys,
      await signed(many),
      streamOf(inPieces(many, MiB), seen),
    )
    await settled()
    assert.equal(seen.pulled, 0)
    const reader = cancelled.readable.getReader()
    assert.isTrue(same((await reader.read()).value, many.subarray(0, 524_288)))
    await settled()
    assert.isAtMost(seen.pulled, 6)
    const reason = new Error('enough')
    await reader.cancel(reason)
    await settled()
    assert.equal(seen.cancelled.reason, reason)
    const failed = {}
    const { error } = await releasedOf(
      streamOf(inPieces(changed(0, many), 65_536), failed),
      'rejected',
      undefined,
      await signed(many),
    )
    assert.equal(failed.cancelled.reason, error)
  })

  test('aborting ends the call before, and the reading later, with the signal’s reason, and gives the source up', async () => {
    const reason = new Error('changed my mind')
    const many = fileOf(12 * MiB)
    const signature = await signed(many)
    const early = {}
    for (const work of [
      () =>
        verifyStream(keys, signature, streamOf([file], early), {
          signal: AbortSignal.abort(reason),
        }),
      () => {
        const stop = new AbortController()
        const work = verifyStream(keys, signature, streamOf([file], early), { signal: stop.signal })
        stop.abort(reason)
        return work
      },
    ]) {
      assert.equal(await work().catch((error) => error), reason)
      assert.equal(early.cancelled.reason, reason)
      assert.equal(early.pulled, 0)
    }
    const seen = {}
    const stop = new AbortController()
    const { readable } = await verifyStream(keys, signature, streamOf(inPieces(many, MiB), seen), {
      signal: stop.signal,
    })
    const reader = readable.getReader()
    await reader.read()
    stop.abort(reason)
    assert.equal(await reader.read().catch((error) => error), reason)
    assert.equal(seen.cancelled.reason, reason)
  })

  test('a source that fails gives the chunks before, then source_failed with its own error as the cause', async () => {
    const broken = new Error('cable')
    const failing = async function* () {
      yield file.subarray(0, 2 * MiB + 5)
      throw broken
    }
    const { bytes, error } = await releasedOf(failing(), 'source_failed')
    assert.isTrue(same(bytes, file.subarray(0, 2 * MiB)))
    assert.equal(error.cause, broken)
    assert.isTrue(error.retryable)
    await releasedOf(
      byteSource(file, { read: async (start, end) => file.subarray(start, end - 1) }),
      'source_failed',
    )
  })

  test('onProgress is told of what was handed out, up to all of it, and its own failure changes nothing', async () => {
    const told = []
    const { readable } = await verifyStream(keys, await signed(), new Blob([file]), {
      onProgress: (p) => {
        told.push(p)
        throw new Error('theirs')
      },
    })
    assert.equal((await collect(readable)).length, size)
    assert.deepEqual(
      told,
      [1, 2, 3].map((n) => ({ done: n * MiB, total: size })).concat({ done: size, total: size }),
    )
  })

  test('inspect tells a file signature by its key, and refuses other text of two lines', async () => {
    for (const bytes of [file, new Uint8Array()]) {
      const signature = await sign(bytes, { header: { kid: 'k1' } })
      for (const text of [
        signature,
        `${signature}\n`,
        signature.replace('\n', '\r\n'),
        ` ${signature}\n`,
      ])
        assert.deepEqual(await inspect(text), { kind: 'jws', recipients: ['k1'] })
    }
    const [jws, list] = (await signed()).split('\n')
    const token = await signJws('ES256', { alg: 'ES256', typ: 'JWT' }, '{}')
    for (const text of [
      `${jws}\n${list}\n${list}`,
      `${jws}\n${list}A`,
      `${token}\n${list}`,
      await sign(file, { header: { typ: 'JWT' } }),
      `${token}\n${token}`,
      `${jws}\n.`,
    ])
      await fails(assert, inspect(text), 'malformed')
  })
}

async function* iterateStream(readable) {
  const reader = readable.getReader()
  for (let step; !(step = await reader.read()).done;) yield step.value
}
