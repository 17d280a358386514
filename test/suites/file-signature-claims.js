import { fails } from '../support/host.js'
import { fileSignatures, hashesOf, chunkSize as MiB, signedAt } from '../support/file-signature.js'
import { concat } from '../support/message-format.js'
import { signJws } from '../support/sign.js'
import { inPieces, streamOf } from '../support/sources.js'

const row = (code) => (o) => ({ code, o })
const rejected = row('rejected')
const malformed = row('malformed')
const unsupported = row('unsupported_algorithm')
const mismatch = row('context_mismatch')

/**
 * File signatures that are refused by what they say, before a byte of the file is read.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function fileSignatureClaimsSuite(host) {
  const { test, assert, door, jose } = host
  const { inspect, verifyStream } = door
  const { keysOf, keys, file, small, sign, signed, changed, refused, releasedOf } =
    fileSignatures(host)

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
      await refused(small, bad, 'invalid_argument', { pattern: /text/ })
  })

  test('a list of chunk hashes that is cut, longer, swapped, changed or not canonical is refused before a byte is read', async () => {
    const hashes = await hashesOf(file)
    assert.equal(hashes.length, 4)
    const flipped = (at) => concat(...hashes).map((byte, i) => (i === at ? byte ^ 1 : byte))
    const rows = [
      ...[0, 31, 32, 64, 127].map((at) => rejected({ list: flipped(at) })),
      rejected({ list: concat(hashes[1], hashes[0], hashes[2], hashes[3]) }),
      rejected({ list: concat(hashes[0], hashes[0], hashes[2], hashes[3]) }),
      rejected({ list: new Uint8Array(128) }),
      malformed({ list: concat(...hashes.slice(1)) }),
      malformed({ list: concat(...hashes, hashes[0]) }),
      malformed({ list: concat(...hashes).subarray(1) }),
      malformed({ list: new Uint8Array() }),
      malformed({ line: '.'.repeat(171) }),
      malformed({ claims: { size: -5 }, line: '' }),
      malformed({ line: `${jose.base64url.encode(concat(...hashes)).slice(0, -1)}!` }),
    ]
    // 128 bytes end in a character of which two bits count
    const last = jose.base64url.encode(concat(...hashes)).slice(-1)
    rows.push(
      malformed({
        line:
          jose.base64url.encode(concat(...hashes)).slice(0, -1) +
          String.fromCharCode(last.charCodeAt(0) + 1),
      }),
    )
    for (const { code, o } of rows) {
      const seen = {}
      await refused(streamOf(inPieces(file, MiB), seen), await sign(file, o), code)
      assert.equal(seen.pulled, 0)
      assert.exists(seen.cancelled, 'the source is given up')
    }
  })

  const label = (length, unit = 'x') => unit.repeat(length)
  const payloads = [
    rejected({ digest: 'A'.repeat(43) }),
    rejected({ size: 999 }),
    rejected({ size: MiB }),
    malformed({ size: MiB + 1 }),
    malformed({ size: 0 }),
    malformed({ size: 2 ** 53 }),
    malformed({ size: 2 ** 53 - 1 }),
    malformed({ size: -1 }),
    malformed({ size: 1.5 }),
    malformed({ size: '1000' }),
    unsupported({ v: 2 }),
    unsupported({ v: 0 }),
    unsupported({ v: 2, size: 'in another way' }),
    malformed({ v: '1' }),
    malformed({ v: undefined }),
    malformed({ v: null }),
    malformed({ v: [1] }),
    unsupported({ chunkSize: 524_288 }),
    unsupported({ chunkSize: 0 }),
    malformed({ chunkSize: '1048576' }),
    malformed({ chunkSize: undefined }),
    unsupported({ hash: 'SHA-512' }),
    unsupported({ hash: 'sha-256' }),
    unsupported({ hash: '' }),
    malformed({ hash: 256 }),
    malformed({ hash: undefined }),
    malformed({ digest: undefined }),
    malformed({ digest: 5 }),
    malformed({ iss: undefined }),
    malformed({ iss: {} }),
    malformed({ iat: undefined }),
    malformed({ iat: 'x' }),
    malformed({ iat: 1_800_000_000_000 }),
    malformed({ iat: -1 }),
    malformed({ iat: 1e300 }),
    malformed({ ctx: undefined }),
    malformed({ ctx: [] }),
    malformed({ ctx: { a: 1 } }),
    malformed({ ctx: null }),
    mismatch({ ctx: { a: 'b' } }),
    malformed({ name: label(256) }),
    malformed({ name: 5 }),
    malformed({ name: null }),
    malformed({ name: 'a\ud800' }),
    malformed({ mediaType: label(128) }),
    malformed({ mediaType: {} }),
    malformed({ mediaType: '\udc00' }),
  ]
  for (const { code, o: claims } of payloads) {
    const said = JSON.stringify(claims).slice(0, 60)
    const [[name, value]] = Object.entries(claims)
    const missing = value === undefined ? name : ''
    test(`a file signature that says ${said} ${missing} is ${code}`, async () =>
      refused(small, await sign(small, { claims }), code))
  }

  test('the longest name and media type verify, and members that are not known are left alone', async () => {
    const claims = { name: label(255, 'ü'), mediaType: label(127), later: { more: [1] } }
    const found = await verifyStream(keys, await sign(small, { claims }), small)
    assert.deepEqual([found.name, found.mediaType], [claims.name, claims.mediaType])
    assert.isUndefined(Reflect.get(found, 'later'))
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
      refused(small, await sign(small, { header: { typ } }), 'rejected', { pattern: /typ/ }))
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
    await refused(small, await signed(), 'rejected', { pattern: /expected a file of/ })
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
      await refused(small, named, 'context_mismatch', other && { context: other })
    await refused(small, await sign(small), 'context_mismatch', { context })
    for (const name of ['', 'A.pdf', 'a.pdf ', 'b.pdf'])
      await refused(small, named, 'rejected', { pattern: /"a\.pdf"/, context, name })
    await refused(small, await sign(small), 'rejected', {
      pattern: /without a name/,
      name: 'a.pdf',
    })
    for (const o of [
      { context: 5 },
      { context: { a: 1 } },
      { context: { 'sealdrop:path': '' } },
      { maxAge: -1 },
      { maxAge: NaN },
      { maxAge: 'x' },
    ])
      await refused(small, named, 'invalid_argument', o)
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
