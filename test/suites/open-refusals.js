import { fails, keysInHand, publicJwk } from '../support/host.js'
import { arnOf, openerOf } from '../support/seal-with-jose.js'

/**
 * Values that must not open: what public bytes refuse, and the one error of all the rest.
 *
 * @param {import('../support/host.js').Host} host
 */
export function openRefusalsSuite(host) {
  const { test, assert, door, jose } = host
  const { seal } = door
  const keysOf = (...names) => keysInHand(door, ...names)
  const over = (names, o) => openerOf(host, names, o)

  test('an RSA data key of another length than 32 bytes is rejected, though the content would open under it', async () => {
    const { opener, calls } = await over(['RSA-2048-enc'])
    const header = JSON.stringify({
      alg: 'RSA-OAEP-256',
      enc: 'A256GCM',
      kid: await jose.calculateJwkThumbprint(publicJwk('RSA-2048-enc')),
    })
    const text = jose.base64url.encode(header)
    const rsa = await crypto.subtle.importKey(
      'jwk',
      { ...publicJwk('RSA-2048-enc'), use: undefined },
      { name: 'RSA-OAEP', hash: 'SHA-256' },
      false,
      ['encrypt'],
    )
    const sealedUnder = async (raw) => {
      const aes = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt'])
      const iv = new Uint8Array(12)
      const sealed = new Uint8Array(
        await crypto.subtle.encrypt(
          { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(text) },
          aes,
          new Uint8Array(5),
        ),
      )
      const parts = [
        new Uint8Array(await crypto.subtle.encrypt('RSA-OAEP', rsa, raw)),
        iv,
        sealed.subarray(0, -16),
        sealed.subarray(-16),
      ]
      return [text, ...parts.map((bytes) => jose.base64url.encode(bytes))].join('.')
    }
    await fails(
      assert,
      opener.open(await sealedUnder(new Uint8Array(16).fill(7)), { context: {} }),
      'rejected',
    )
    assert.equal(
      (await opener.open(await sealedUnder(new Uint8Array(32).fill(7)), { context: {} })).bytes
        .length,
      5,
    )
    assert.equal(calls.length, 2)
  })

  const malformedHeaders = {
    zip: 'DEF',
    jku: 'https://evil.example',
    x5u: 'https://evil.example',
    jwk: {},
    x5c: [],
    crit: ['exp'],
    b64: true,
    ctx: { a: 1 },
    iat: 'now',
    jti: 5,
    apu: 'A',
    apv: 'B'.repeat(1400),
    epk: 'x',
  }
  for (const [member, value] of Object.entries(malformedHeaders)) {
    test(`a header with ${member} ${JSON.stringify(value).slice(0, 20)} is malformed and the key is not asked`, async () => {
      const { opener, calls } = await over(['RSA-2048-enc'])
      const [head, ...rest] = (await seal(keysOf('RSA-2048-enc'), 'x', { context: {} })).split('.')
      const changed = {
        ...JSON.parse(jose.base64url.decode(head).reduce((s, c) => s + String.fromCharCode(c), '')),
        [member]: value,
      }
      await fails(
        assert,
        opener.open([jose.base64url.encode(JSON.stringify(changed)), ...rest].join('.'), {
          context: () => true,
        }),
        'malformed',
      )
      assert.equal(calls.length, 0)
    })
  }

  test('every other class A failure is its own code and asks no key', async () => {
    const { opener, calls } = await over(['RSA-2048-enc', 'P-256-enc'])
    const rsa = await seal(keysOf('RSA-2048-enc'), 'x', { context: {} })
    const ec = await seal(keysOf('P-256-enc'), 'x', { context: {} })
    const withHeader = (jwe, change) => {
      const [head, ...rest] = jwe.split('.')
      const text = change(new TextDecoder().decode(jose.base64url.decode(head)))
      return [jose.base64url.encode(text), ...rest].join('.')
    }
    const member = (jwe, name, value) =>
      withHeader(jwe, (text) => JSON.stringify({ ...JSON.parse(text), [name]: value }))
    const part = (jwe, index, bytes) =>
      jwe
        .split('.')
        .map((old, i) => (i === index ? jose.base64url.encode(new Uint8Array(bytes)) : old))
        .join('.')
    const { use, ...otherCurve } = publicJwk('P-384-enc')
    assert.equal(use, 'enc')
    const epk = JSON.parse(new TextDecoder().decode(jose.base64url.decode(ec.split('.')[0]))).epk
    const rows = [
      ['malformed', ''],
      ['malformed', 'a.b.c'],
      ['malformed', 'a.b.c.d.e.f'],
      ['malformed', `${rsa}=`],
      ['invalid_argument', 5],
      ['invalid_argument', undefined],
      ['too_large', `${'A'.repeat(1_500_000)}....`],
      ['too_large', `${btoa(' '.repeat(17_000)).replace(/=/g, '')}.A.A.A.A`],
      ['malformed', withHeader(rsa, (text) => text.replace('{', '{"alg":"RSA-OAEP-256",'))],
      ['malformed', withHeader(rsa, () => '[]')],
      ['malformed', withHeader(rsa, (text) => text.slice(1))],
      ['malformed', member(rsa, 'kid', undefined)],
      ['malformed', member(rsa, 'alg', 5)],
      ['key_not_found', member(rsa, 'kid', 'other')],
      ['key_not_found', member(rsa, 'kid', arnOf('RSA-2048-enc'))],
      ...[
        'RSA-OAEP',
        'RSA1_5',
        'dir',
        'A256KW',
        'PBES2-HS256+A128KW',
        'none',
        'ECDH-ES+A128KW',
        'constructor',
      ].map((alg) => ['unsupported_algorithm', member(rsa, 'alg', alg)]),
      ...['A128GCM', 'A256CBC-HS512', ''].map((enc) => [
        'unsupported_algorithm',
        member(rsa, 'enc', enc),
      ]),
      ['unsupported_algorithm', member(rsa, 'alg', 'ECDH-ES+A256KW')],
      ['unsupported_algorithm', member(ec, 'alg', 'RSA-OAEP-256')],
      ['malformed', part(rsa, 1, Array(255))],
      ['malformed', part(rsa, 1, [])],
      ['malformed', part(ec, 1, Array(39))],
      ['malformed', part(ec, 1, Array(32))],
      ['malformed', member(ec, 'alg', 'ECDH-ES')],
      ['malformed', part(rsa, 2, Array(11))],
      ['malformed', part(rsa, 2, Array(16))],
      ['malformed', part(rsa, 4, Array(15))],
      ['malformed', part(rsa, 4, Array(12))],
      ['malformed', member(ec, 'epk', undefined)],
      ['malformed', member(ec, 'epk', { ...epk, d: epk.x })],
      ['malformed', member(ec, 'epk', { ...epk, crv: 'P-384' })],
      ['malformed', member(ec, 'epk', otherCurve)],
      ['too_large', part(ec, 3, Array(1_048_577))],
      ['malformed', member(ec, 'epk', { ...epk, kty: 'RSA' })],
      ['malformed', member(ec, 'epk', { ...epk, x: epk.y, y: epk.x })],
      ['malformed', member(ec, 'epk', { ...epk, x: epk.x.slice(0, 40) })],
      ['malformed', member(ec, 'epk', { ...epk, x: `AA${epk.x}` })],
      ['malformed', member(ec, 'epk', { ...epk, x: 'A'.repeat(43), y: 'A'.repeat(43) })],
    ]
    for (const [code, jwe] of rows)
      await fails(assert, opener.open(jwe, { context: () => true }), code)
    assert.equal(calls.length, 0)
  })

  test('an RSA ciphertext that is not below the modulus is malformed and asks no key; the largest one below it is rejected', async () => {
    for (const name of ['RSA-2048-enc', 'RSA-4096-enc']) {
      const { opener, calls } = await over([name])
      const parts = (await seal(keysOf(name), 'x', { context: {} })).split('.')
      const n = jose.base64url.decode(publicJwk(name).n)
      const opened = (bytes) =>
        opener.open(parts.with(1, jose.base64url.encode(bytes)).join('.'), { context: {} })
      const highest = new Uint8Array(n.length).fill(0xff)
      const above = Uint8Array.from(n, (byte, i) => (i === n.length - 1 ? byte + 1 : byte))
      for (const bytes of [n, above, highest])
        await fails(assert, opened(bytes), 'malformed', /below the modulus/)
      assert.equal(calls.length, 0)
      const below = Uint8Array.from(n, (byte, i) => (i === n.length - 1 ? byte - 1 : byte))
      await fails(assert, opened(below), 'rejected')
      assert.equal(calls.length, 1)
    }
  })

  test('class B failures are one error: same code, same message, no cause, one private operation', async () => {
    const names = ['RSA-2048-enc', 'P-256-enc']
    const errors = []
    const raw80 = { decrypt: async () => new Uint8Array(80) }
    const wrong = { decrypt: async () => new Uint8Array(32), agree: async () => new Uint8Array(32) }
    const refusedByKms = { decrypt: async () => undefined }
    for (const name of names) {
      const jwe = await seal(keysOf(name), 'x', { context: {} })
      const parts = jwe.split('.')
      const other = (part) => `${part.slice(0, 5)}${part[5] === 'A' ? 'B' : 'A'}${part.slice(6)}`
      const flipped = (index) => parts.with(index, other(parts[index])).join('.')
      const ofRsa = [
        { text: jwe, answer: raw80 },
        { text: jwe, answer: refusedByKms },
      ]
      for (const { text, answer } of [
        { text: flipped(1) },
        { text: flipped(2) },
        { text: flipped(4) },
        { text: jwe, answer: wrong },
        ...(name.startsWith('RSA') ? ofRsa : []),
      ]) {
        const { opener, calls } = await over([name], { answer })
        errors.push(await fails(assert, opener.open(text, { context: {} }), 'rejected'))
        assert.equal(calls.length, 1)
      }
    }
    assert.equal(new Set(errors.map(({ message }) => message)).size, 1)
    assert.isTrue(
      errors.every(
        (error) => error.cause === undefined && !error.retryable && !Object.hasOwn(error, 'cause'),
      ),
    )
  })
}
