import { fails, keySetOf, offsetView, publicJwk } from '../support/host.js'
import { keyPairs } from '../vectors/keys.js'
import { wrong } from '../support/types.mjs'

const base64 = (bytes) => btoa(String.fromCharCode(...bytes))

/** DER that begins so, and then has so many bytes. */
const der = (head, length) =>
  new Uint8Array([
    ...head.match(/../g).map((octet) => parseInt(octet, 16)),
    ...new Uint8Array(length).fill(7),
  ])

async function spki(name) {
  const jwk = publicJwk(name)
  const algorithm =
    jwk.kty === 'RSA'
      ? { name: 'RSA-OAEP', hash: 'SHA-256' }
      : { name: 'ECDH', namedCurve: jwk.crv }
  const key = await crypto.subtle.importKey(
    'jwk',
    { ...jwk, use: undefined },
    algorithm,
    true,
    jwk.kty === 'RSA' ? ['encrypt'] : [],
  )
  return new Uint8Array(await crypto.subtle.exportKey('spki', key))
}

/**
 * What can be imported, what is believed, which key is chosen.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function keySetsSuite({ test, assert, door, jose }) {
  const { importKeySet, fetchKeySet, inHand, overHttps, pinned, seal } = door
  const rsa = publicJwk('RSA-2048-enc')
  const ec = publicJwk('P-256-enc')
  const header = async (keys) => jose.decodeProtectedHeader(await seal(keys, 'x', { context: {} }))
  const thumbprint = (jwk) => jose.calculateJwkThumbprint(jwk)

  test('every form that people have in hand gives the same key', async () => {
    for (const name of ['RSA-2048-enc', 'RSA-4096-enc', 'P-256-enc', 'P-384-enc', 'P-521-enc']) {
      const jwk = publicJwk(name)
      const bytes = await spki(name)
      const lines = base64(bytes).replace(/(.{64})/g, '$1\n')
      const pem = `-----BEGIN PUBLIC KEY-----\n${lines}\n-----END PUBLIC KEY-----\n`
      const answer = {
        KeyId: 'arn:aws:kms:eu-central-1:111122223333:key/1',
        PublicKey: base64(bytes),
        KeySpec: '-',
        KeyUsage: jwk.kty === 'RSA' ? 'ENCRYPT_DECRYPT' : 'KEY_AGREEMENT',
      }
      const sources = {
        'a JWK Set as text': keySetOf(jwk),
        'a JWK Set': { keys: [jwk] },
        'a JWK': jwk,
        'a JWK as text': JSON.stringify(jwk),
        'SPKI PEM': pem,
        'PEM with CRLF': pem.replace(/\n/g, '\r\n'),
        'SPKI DER': bytes,
        'DER in a view': offsetView(bytes),
        'base64 of DER': base64(bytes),
        'PEM as bytes': new TextEncoder().encode(pem),
        'GetPublicKey of the CLI': JSON.stringify(answer),
        'GetPublicKey of an SDK': { ...answer, PublicKey: bytes },
      }
      for (const [what, source] of Object.entries(sources)) {
        const [info] = await importKeySet(source, { trust: inHand(), use: 'enc' }).list()
        assert.equal(info.thumbprint, await thumbprint(jwk), `${what} of ${name}`)
        assert.equal(info.use, 'enc')
        if (what.startsWith('GetPublicKey')) assert.equal(info.arn, answer.KeyId)
      }
    }
  })

  test('a thumbprint is that of RFC 7638 §3.1', async () => {
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw'
    const keys = importKeySet(
      { kty: 'RSA', n, e: 'AQAB', alg: 'RS256', kid: '2011-04-29' },
      { trust: inHand() },
    )
    assert.equal((await keys.list())[0].thumbprint, 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
  })

  test('a bare key that does not say what it is for needs `use`, an RSA signing key also `alg`', async () => {
    const ecDer = await spki('P-256-enc')
    await fails(assert, () => importKeySet(ecDer, { trust: inHand() }), 'invalid_argument', /use/)
    const rsaDer = await spki('RSA-2048-enc')
    await fails(
      assert,
      () => importKeySet(rsaDer, { trust: inHand(), use: 'sig' }),
      'invalid_argument',
      /alg/,
    )
    const [info] = await importKeySet(rsaDer, { trust: inHand(), use: 'sig', alg: 'RS384' }).list()
    assert.equal(info.alg, 'RS384')
    await fails(
      assert,
      () =>
        importKeySet(
          { PublicKey: rsaDer, KeyUsage: 'ENCRYPT_DECRYPT' },
          { trust: inHand(), use: 'sig' },
        ),
      'invalid_argument',
      /ENCRYPT_DECRYPT/,
    )
    const [signing] = await importKeySet(
      { PublicKey: rsaDer, KeyUsage: 'SIGN_VERIFY' },
      { trust: inHand() },
    ).list()
    assert.equal(signing.alg, 'PS256')
  })

  /** @type {Record<string, [unknown, string, RegExp?]>} */
  const wrongSources = {
    'a private key': [
      '-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----',
      'keys_malformed',
      /PRIVATE KEY/,
    ],
    'a certificate': [
      '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
      'keys_malformed',
      /CERTIFICATE/,
    ],
    'a number': [5, 'invalid_argument', /number/],
    'an object with none of the members': [{ foo: 1 }, 'keys_malformed', /keys, kty, PublicKey/],
    'other text': ['hello', 'keys_malformed', /other text/],
    'cut DER': [new Uint8Array([0x30, 0x10, 0x30]), 'keys_malformed', /SPKI/],
    'an X25519 key': [der('302a300506032b656e032100', 32), 'unsupported_algorithm', /2b656e/],
    'a secp256k1 key': [
      der('3056301006072a8648ce3d020106052b8104000a03420004', 64),
      'unsupported_algorithm',
      /secp256k1, which WebCrypto has not/,
    ],
    'an SM2 key': [
      der('3059301306072a8648ce3d020106082a811ccf5501822d03420004', 64),
      'unsupported_algorithm',
      /SM2, which WebCrypto has not/,
    ],
    'an Ed25519 key with parameters': [der('302c300706032b65700500032100', 32), 'keys_malformed'],
    'an Ed25519 key of 31 bytes': [
      der('3029300506032b6570032000', 31),
      'keys_malformed',
      /32 bytes/,
    ],
    'an ML-DSA-44 key of another length': [
      der('30820133300b0609608648016503040311038201220000', 288),
      'keys_malformed',
      /1312 bytes/,
    ],
    'a symmetric KMS key': [
      {
        PublicKey: 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=',
        KeyUsage: 'GENERATE_VERIFY_MAC',
      },
      'unsupported_algorithm',
    ],
  }
  for (const [what, [source, code, message]] of Object.entries(wrongSources)) {
    test(`${what} is refused as a key set`, () =>
      fails(
        assert,
        () => importKeySet(wrong(source), { trust: inHand(), use: 'enc' }),
        code,
        message,
      ))
  }

  const offCurve = { ...ec, y: ec.x }
  /** @type {Record<string, [string, string, RegExp?]>} */
  const badSets = {
    'no keys array': ['{"keys":{}}', 'keys_malformed', /keys: expected an array/],
    'a duplicate member': ['{"keys":[],"keys":[]}', 'keys_malformed', /duplicate/],
    __proto__: ['{"keys":[],"__proto__":1}', 'keys_malformed'],
    'nested 40 deep': [
      `{"keys":[],"x":${'['.repeat(40)}${']'.repeat(40)}}`,
      'keys_malformed',
      /nested/,
    ],
    '33 keys': [keySetOf(...Array(33).fill(rsa)), 'keys_malformed', /32/],
    'a private RSA member': [
      keySetOf({ ...rsa, d: keyPairs['RSA-2048-enc'].d }),
      'keys_malformed',
      /private member d/,
    ],
    'a private member beside a good key': [
      keySetOf(ec, { ...rsa, qi: 'AA' }),
      'keys_malformed',
      /keys\[1\].*private member qi/,
    ],
    'a symmetric key': [keySetOf({ kty: 'oct', k: 'AAAA' }), 'keys_malformed', /private member k/],
    'a key that is no object': ['{"keys":[5]}', 'keys_malformed', /keys\[0\]/],
    'no key': [keySetOf(), 'no_usable_key', /empty/],
    'RSA of 1024 bits only': [
      keySetOf({ kty: 'RSA', n: rsa.n.slice(0, 172), e: 'AQAB', use: 'enc' }),
      'no_usable_key',
      /256 or 384 or 512 bytes/,
    ],
    'RSA with exponent 3': [keySetOf({ ...rsa, e: 'Aw' }), 'no_usable_key', /"RSA exponent 3"/],
    'RSA with exponent 65,537 after a zero byte': [
      keySetOf({ ...rsa, e: 'AAEAAQ' }),
      'no_usable_key',
      /"RSA exponent 0,1,0,1"/,
    ],
    'RSA with an exponent that is an object': [
      keySetOf({ ...rsa, e: {} }),
      'no_usable_key',
      /"RSA exponent Object"/,
    ],
    'a coordinate too long': [keySetOf({ ...ec, x: `AA${ec.x}` }), 'no_usable_key', /x/],
    'an unknown curve': [keySetOf({ ...ec, crv: 'secp256k1' }), 'no_usable_key', /secp256k1/],
    'a curve that is an object': [keySetOf({ ...ec, crv: {} }), 'no_usable_key', /"EC Object"/],
    'a signing key to seal to': [
      keySetOf(publicJwk('Ed25519-sig', { use: 'enc' })),
      'no_usable_key',
      /alg/,
    ],
    'a curve from Object.prototype': [
      keySetOf({ ...ec, crv: 'constructor' }),
      'no_usable_key',
      /constructor/,
    ],
    'RSA-OAEP with SHA-1': [keySetOf({ ...rsa, alg: 'RSA-OAEP' }), 'no_usable_key', /RSA-OAEP-256/],
    'a wrong type of member': [keySetOf({ ...rsa, exp: 'tomorrow' }), 'no_usable_key', /exp/],
    'a key without use and alg': [keySetOf({ ...rsa, use: undefined }), 'no_usable_key', /use/],
    'an off-curve point': [keySetOf(offCurve), 'no_usable_key', /off its curve/],
    'a date that no calendar has': [keySetOf({ ...rsa, nbf: 1e18 }), 'no_usable_key', /nbf/],
    'only signing keys': [keySetOf(publicJwk('P-256-sig')), 'no_usable_key', /signs/],
  }
  for (const [what, [document, code, message]] of Object.entries(badSets)) {
    test(`a key set with ${what} seals nothing`, () =>
      fails(
        assert,
        async () => seal(importKeySet(document, { trust: inHand() }), 'x', { context: {} }),
        code,
        message,
      ))
  }

  test('a key off its curve, too short, or with an impossible date beside a good one is passed over', async () => {
    for (const bad of [offCurve, { ...rsa, n: rsa.n.slice(0, 172) }, { ...ec, exp: -1e300 }]) {
      const keys = importKeySet(keySetOf(bad, publicJwk('RSA-3072-enc')), { trust: inHand() })
      assert.equal((await header(keys)).kid, await thumbprint(publicJwk('RSA-3072-enc')))
    }
  })

  for (const name of ['Ed25519-sig', 'ML-DSA-44-sig', 'ML-DSA-65-sig', 'ML-DSA-87-sig']) {
    test(`${name} is a signing key, whoever gives it without use and alg`, async () => {
      const { use: _use, ...jwk } = publicJwk(name)
      const [key] = await importKeySet(jwk, { trust: inHand() }).list()
      assert.deepEqual(
        [key.use, key.alg, key.thumbprint],
        ['sig', name.slice(0, -4), await thumbprint(jwk)],
      )
      await fails(
        assert,
        seal(importKeySet(jwk, { trust: inHand() }), 'x', { context: {} }),
        'no_usable_key',
        /signs/,
      )
    })
  }

  test('a key of an unknown kind beside a good one does no harm', async () => {
    const keys = importKeySet(keySetOf({ kty: 'AKP', alg: 'ML-DSA-44', pub: 'AA' }, rsa), {
      trust: inHand(),
    })
    assert.equal((await header(keys)).alg, 'RSA-OAEP-256')
    assert.equal((await keys.list()).length, 1)
  })

  test('trust is required, and inHand is not for fetched sets', async () => {
    await fails(assert, () => importKeySet(rsa, wrong({})), 'invalid_argument', /trust/)
    await fails(assert, () => wrong(importKeySet)(rsa), 'invalid_argument', /trust/)
    await fails(
      assert,
      () => wrong(fetchKeySet)('https://example.com/k'),
      'invalid_argument',
      /trust/,
    )
    await fails(
      assert,
      () => fetchKeySet('https://example.com/k', { trust: inHand() }),
      'invalid_argument',
      /importKeySet/,
    )
    await fails(assert, seal(wrong({}), 'x', { context: {} }), 'invalid_argument', /fetchKeySet/)
    assert.equal(importKeySet(rsa, { trust: inHand() }).trust, 'in-hand')
    assert.equal(fetchKeySet('https://example.com/k', { trust: overHttps() }).trust, 'https')
  })

  for (const url of [
    'http://example.com/keys',
    'ftp://example.com/',
    'https://user:pw@example.com/',
    'file:///etc/passwd',
    'http://127.0.0.1.evil.example/',
  ]) {
    test(`${url} is refused as the address of a key set`, () =>
      fails(assert, () => fetchKeySet(url, { trust: overHttps() }), 'invalid_argument', /url/))
  }

  test('only pinned keys are believed, and the order of the pins decides', async () => {
    const [a, b] = [await thumbprint(rsa), await thumbprint(ec)]
    const set = keySetOf(publicJwk('RSA-3072-enc'), rsa, ec)
    assert.equal((await header(importKeySet(set, { trust: pinned([b, a]) }))).kid, b)
    assert.equal((await header(importKeySet(set, { trust: pinned([a, b]) }))).kid, a)
    assert.equal((await importKeySet(set, { trust: pinned([a]) }).list()).length, 1)
    assert.equal(importKeySet(set, { trust: pinned([a]) }).trust, 'pinned')
  })

  test('a pinned key that is absent is keys_untrusted, one of two pins is enough', async () => {
    const [a, b] = [await thumbprint(rsa), await thumbprint(ec)]
    await fails(
      assert,
      importKeySet(keySetOf(ec), { trust: pinned([a]) }).ready(),
      'keys_untrusted',
      /pinned/,
    )
    assert.equal((await header(importKeySet(keySetOf(ec), { trust: pinned([a, b]) }))).kid, b)
  })

  test('use and ARN of a pin stand over what the set says', async () => {
    const a = await thumbprint(ec)
    const arn = 'arn:aws:kms:us-east-1:111122223333:key/pinned'
    const set = keySetOf({ ...ec, use: 'sig', alg: 'ES256', kms_arn: 'arn:forged' })
    const [info] = await importKeySet(set, {
      trust: pinned([{ thumbprint: a, use: 'enc', arn }]),
    }).list()
    assert.deepEqual([info.use, info.arn, info.alg], ['enc', arn, 'ECDH-ES+A256KW'])
  })

  test('no key borrows the ARN of another pin', async () => {
    const [a, b] = [await thumbprint(rsa), await thumbprint(ec)]
    const [info] = await importKeySet(keySetOf({ ...ec, kms_arn: 'arn:a' }), {
      trust: pinned([{ thumbprint: a, arn: 'arn:a' }, b]),
    }).list()
    assert.isUndefined(info.arn)
    const [own] = await importKeySet(keySetOf({ ...ec, kms_arn: 'arn:b' }), {
      trust: pinned([{ thumbprint: a, arn: 'arn:a' }, b]),
    }).list()
    assert.equal(own.arn, 'arn:b')
  })

  test('a pin that is no thumbprint is refused', async () => {
    for (const pins of [[], ['x'], [{}], [5], ['A'.repeat(42)], [null], undefined])
      await fails(assert, () => pinned(wrong(pins)), 'invalid_argument', /pinned/)
  })

  test('dates decide which key is valid now, and the error says why each was passed over', async () => {
    const at = 1_900_000_000
    const future = publicJwk('RSA-2048-enc', { kid: 'next', nbf: at + 60 })
    const past = publicJwk('RSA-3072-enc', { kid: 'old', exp: at })
    const set = keySetOf(future, past, { ...ec, kid: 'now', nbf: at, exp: at + 1 })
    const keysAt = (seconds, document = set) =>
      importKeySet(document, { trust: inHand(), now: () => seconds * 1000 })
    assert.equal((await header(keysAt(at))).kid, await thumbprint(ec))
    assert.equal((await header(keysAt(at + 61))).kid, await thumbprint(future))
    const error = await fails(
      assert,
      async () =>
        seal(keysAt(at, keySetOf(future, past, publicJwk('P-256-sig', { kid: 's' }))), 'x', {
          context: {},
        }),
      'no_usable_key',
    )
    for (const part of [/"next": not valid before 2030/, /"old": expired at 2030/, /"s": signs/])
      assert.match(error.message, part)
    await fails(assert, async () => seal(keysAt(at + 30), 'x', { context: {} }), 'no_usable_key')
  })

  test('prefer chooses by algorithm, thumbprint or ARN, and falls back to the order', async () => {
    const set = keySetOf(rsa, { ...ec, kms_arn: 'arn:x' })
    const chosen = async (prefer) =>
      (await header(importKeySet(set, { trust: inHand(), prefer }))).alg
    assert.equal(await chosen([]), 'RSA-OAEP-256')
    for (const name of ['ECDH-ES+A256KW', await thumbprint(ec), 'arn:x'])
      assert.equal(await chosen(['unknown', name]), 'ECDH-ES+A256KW')
    assert.equal(await chosen(['unknown']), 'RSA-OAEP-256')
  })
}
