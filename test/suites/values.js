import { keyPairs } from '../vectors/keys.js'
import {
  encryptionKeys,
  fails,
  keySetOf,
  offsetView,
  publicJwk,
  randomBytes,
} from '../support/host.js'
import { be } from '../support/message-format.js'

/**
 * What we seal, jose opens: every kind of value to every kind of key.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function valuesSuite({ test, assert, door, jose }) {
  const { importKeySet, inHand, seal, inspect } = door
  const keysOf = (...names) =>
    importKeySet(keySetOf(...names.map((name) => publicJwk(name))), { trust: inHand() })
  const open = async (jwe, name) => {
    const { kty, ...rest } = keyPairs[name]
    const alg = kty === 'RSA' ? 'RSA-OAEP-256' : 'ECDH-ES+A256KW'
    const { plaintext, protectedHeader } = await jose.compactDecrypt(
      jwe,
      await jose.importJWK({ kty, ...rest, alg }, alg),
    )
    return { bytes: plaintext, text: new TextDecoder().decode(plaintext), header: protectedHeader }
  }

  const json = [
    { a: [1, 'ü', null, true] },
    [],
    {},
    0,
    -1.5,
    true,
    false,
    null,
    { käse: '\u{1f9c0}' },
    { at: new Date(0) },
    { none: undefined, some: 1 },
    Object.assign(Object.create(null), { bare: 1 }),
  ]
  for (const name of encryptionKeys) {
    test(`every kind of value sealed to ${name} is opened by jose`, async () => {
      const keys = keysOf(name)
      for (const value of json) {
        const { text, header } = await open(await seal(keys, value, { context: {} }), name)
        assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)))
        assert.equal(header.cty, 'json')
        assert.equal(
          text.length === new TextEncoder().encode(text).length ? text.length % 64 : 0,
          0,
          'JSON is padded to 64',
        )
      }
      for (const value of ['', 'plain', 'äöü \u{1f512}', 'x'.repeat(10_000)]) {
        const { text, header } = await open(await seal(keys, value, { context: {} }), name)
        assert.equal(text, value)
        assert.equal(header.cty, 'text/plain;charset=utf-8')
      }
      for (const bytes of [new Uint8Array(), randomBytes(1), randomBytes(4_097)]) {
        for (const value of [bytes, offsetView(bytes), bytes.slice().buffer]) {
          const opened = await open(await seal(keys, value, { context: {} }), name)
          assert.deepEqual([...opened.bytes], [...bytes])
          assert.notProperty(opened.header, 'cty')
        }
      }
    })
  }

  test('the header holds exactly what the profile names, with the context and the RFC 7638 thumbprint', async () => {
    const before = Math.floor(Date.now() / 1000)
    for (const name of ['RSA-2048-enc', 'P-384-enc']) {
      const jwe = await seal(keysOf(name), 'x', { context: { form: 'claim', schlüssel: 'wert' } })
      const { header } = await open(jwe, name)
      const rsa = name.startsWith('RSA')
      assert.sameMembers(Object.keys(header), [
        'alg',
        'enc',
        'kid',
        'cty',
        'iat',
        'jti',
        'ctx',
        ...(rsa ? [] : ['epk']),
      ])
      assert.equal(header.alg, rsa ? 'RSA-OAEP-256' : 'ECDH-ES+A256KW')
      assert.equal(header.enc, 'A256GCM')
      assert.equal(header.kid, await jose.calculateJwkThumbprint(publicJwk(name)))
      assert.deepEqual(header.ctx, { form: 'claim', schlüssel: 'wert' })
      assert.isAtLeast(header.iat, before)
      assert.isAtMost(header.iat, Date.now() / 1000)
      assert.match(header.jti, /^[\w-]{22}$/)
    }
  })

  test('two seals of one value share no message id, key, IV or ciphertext', async () => {
    const keys = keysOf('RSA-2048-enc')
    const [a, b] = await Promise.all([
      seal(keys, 'same', { context: {} }),
      seal(keys, 'same', { context: {} }),
    ])
    a.split('.').forEach((part, i) => assert.notEqual(part, b.split('.')[i]))
  })

  test('a value of 1 MiB seals and opens, one byte more is too_large', async () => {
    const keys = keysOf('P-256-enc')
    const bytes = new Uint8Array(1_048_576).fill(7)
    const opened = await open(await seal(keys, bytes, { context: {} }), 'P-256-enc')
    assert.equal(opened.bytes.length, bytes.length)
    await fails(
      assert,
      seal(keys, new Uint8Array(1_048_577), { context: {} }),
      'too_large',
      /1048577/,
    )
  })

  const form = new FormData()
  form.append('a', '1') // an empty one is {} in Bun, where it has a toJSON
  const cycle = {}
  cycle.self = cycle
  const refused = {
    undefined: undefined,
    NaN: NaN,
    'Infinity inside': { a: [Infinity] },
    BigInt: 1n,
    'a function': () => 1,
    'a symbol': Symbol('s'),
    'a Map': new Map([[1, 2]]),
    'a Set inside': { s: new Set() },
    'a cycle': cycle,
    'undefined in an array': [undefined],
    'bytes inside JSON': { b: new Uint8Array(2) },
    'another view': new Float64Array(2),
    'a lone surrogate': '\ud800',
    'a lone surrogate inside': { a: ['\udc00x'] },
    'a lone surrogate in a name': { '\ud800': 1 },
    'an invalid Date': new Date(NaN),
    'an invalid Date inside': { at: new Date(NaN) },
    'an array with a hole': Object.assign([], { 0: 1, 2: 2 }),
    '20,000 levels deep': JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`),
    'an own __proto__': JSON.parse('{"__proto__": 1}'),
    'a RegExp': /x/,
    'an Error': new Error('x'),
    'a Promise': Promise.resolve(1),
    'a Blob': new Blob(['x']),
    FormData: form,
  }
  for (const [what, value] of Object.entries(refused)) {
    test(`a value that is ${what} is refused instead of sealed as something else`, async () => {
      await fails(assert, seal(keysOf('P-256-enc'), value, { context: {} }), 'invalid_argument')
    })
  }

  const contexts = {
    'a Map': new Map([['a', 'b']]),
    Headers: new Headers({ a: 'b' }),
    URLSearchParams: new URLSearchParams('a=b'),
    'a Promise': Promise.resolve({ a: 'b' }),
    'a Date': new Date(),
    'a URL': new URL('https://a.example'),
    missing: undefined,
    null: null,
    'an array': [],
    text: 'x',
    'a number inside': { a: 1 },
    'reserved by us': { 'sealdrop:path': '/a' },
    'reserved by AWS': { 'aws-crypto-public-key': 'a' },
    'a lone surrogate': { a: '\ud800' },
    __proto__: JSON.parse('{"__proto__":"x"}'),
  }
  for (const [what, context] of Object.entries(contexts)) {
    test(`a context that is ${what} is refused`, async () => {
      await fails(
        assert,
        seal(keysOf('P-256-enc'), 'x', { context }),
        'invalid_argument',
        /context/,
      )
    })
  }

  test('a context that makes the header larger than 16 KiB is too_large on writing', async () => {
    await seal(keysOf('P-256-enc'), 'x', { context: { a: 'x'.repeat(15_000) } })
    await fails(
      assert,
      seal(keysOf('P-256-enc'), 'x', { context: { a: 'x'.repeat(16_400) } }),
      'too_large',
      /context/,
    )
  })

  test('inspect shows what everyone can read: context, recipient, message id, length and chunk digest', async () => {
    const jwe = await seal(keysOf('RSA-2048-enc'), 'secret', { context: { form: 'a' } })
    const seen = await inspect(jwe)
    assert.equal(seen.kind, 'value')
    assert.deepEqual({ ...seen.context }, { form: 'a' })
    assert.deepEqual(seen.recipients, [
      await jose.calculateJwkThumbprint(publicJwk('RSA-2048-enc')),
    ])
    assert.equal(seen.length, jwe.length)
    const sha = async (bytes) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
    const text = new TextEncoder()
    const head = [...text.encode('sealdrop-chunks-v1'), ...be(jwe.length, 8), ...be(1_048_576, 4)]
    const digest = await sha(new Uint8Array([...head, ...(await sha(text.encode(jwe)))]))
    assert.equal(seen.digest, jose.base64url.encode(digest))
    assert.equal((await inspect(keySetOf(publicJwk('P-256-enc', { kid: 'k' })))).recipients[0], 'k')
  })

  test('what the caller does to its context after the call changes nothing', async () => {
    const keys = keysOf('P-256-enc')
    const context = { id: '' }
    const sealed = ['1', '2', '3'].map((id) =>
      seal(keys, id, Object.assign({ context }, { context: Object.assign(context, { id }) })),
    )
    for (const [i, jwe] of (await Promise.all(sealed)).entries())
      assert.deepEqual((await open(jwe, 'P-256-enc')).header.ctx, { id: String(i + 1) })
  })

  test('an aborted signal rejects with its reason', async () => {
    const reason = new Error('enough')
    const error = await seal(keysOf('P-256-enc'), 'x', {
      context: {},
      signal: AbortSignal.abort(reason),
    }).then(
      () => undefined,
      (e) => e,
    )
    assert.equal(error, reason)
  })
}
