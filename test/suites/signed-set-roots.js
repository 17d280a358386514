import { fails, publicJwk } from '../support/host.js'
import { signJws } from '../support/sign.js'
import { hour, keyNames, mapStore, roots, signedSets, start } from '../support/signed-sets.js'
import { keyPairs } from '../vectors/keys.js'
import { wrong } from '../support/types.mjs'

/**
 * Signed key sets: whose signature is believed, for how long, and the ways a host may be wrong.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function signedSetRootsSuite(host) {
  const { test, assert, door, jose, mlDsa } = host
  const { importKeySet, inspect, kvSets, pinned, seal, signedBy, verify } = door
  const { rootJwk, thumbprint, signedSet, hosted, refused } = signedSets(host)

  for (const alg of Object.keys(roots)) {
    test(`a set that a root signed with ${alg} is believed, sealed to, and says so`, async () => {
      const { state, keys, sealed } = hosted(
        signedBy([rootJwk(alg)], { providers: [mlDsa()] }),
        signedSet({ alg }),
      )
      assert.equal(
        jose.decodeProtectedHeader(await sealed()).kid,
        await thumbprint(publicJwk(keyNames[0])),
      )
      assert.equal(state.accept, 'application/jwk-set+jwt')
      assert.equal(keys.trust, 'signed')
      assert.equal((await keys.list()).length, 2)
    })
  }

  test('a signed set in hand, as text, is believed in the same way', async () => {
    const keys = importKeySet(await signedSet(), { trust: signedBy([rootJwk()]), now: () => start })
    assert.match(await seal(keys, 'x', { context: {} }), /^ey/)
    await fails(
      assert,
      seal(
        importKeySet(await signedSet(), {
          trust: signedBy([rootJwk()]),
          now: () => start + 25 * hour,
        }),
        'x',
        { context: {} },
      ),
      'keys_expired',
    )
  })

  test('what a message was signed with is looked up in it, and the proof says signed', async () => {
    const document = await signedSet({ keys: [publicJwk('P-384-sig', { alg: 'ES384' })] })
    const { keys } = hosted(signedBy([rootJwk()]), document)
    const jws = await new jose.CompactSign(new TextEncoder().encode('hello'))
      .setProtectedHeader({ alg: 'ES384', kid: await thumbprint(publicJwk('P-384-sig')) })
      .sign(await jose.importJWK(keyPairs['P-384-sig'], 'ES384'))
    assert.equal((await verify(keys, jws)).trust, 'signed')
  })

  test('a root by its older name EdDSA signs, and one of a curve that KMS has and WebCrypto has not is refused by name', async () => {
    assert.match(
      await hosted(
        signedBy([{ ...rootJwk('Ed25519'), alg: 'EdDSA' }]),
        signedSet({ alg: 'Ed25519' }),
      ).sealed(),
      /^ey/,
    )
    assert.match(
      await hosted(
        signedBy([rootJwk('Ed25519')]),
        signedSet({ alg: 'Ed25519', header: { alg: 'EdDSA' } }),
      ).sealed(),
      /^ey/,
    )
    for (const [alg, name] of [
      ['Ed25519', 'ED25519_SHA_512'],
      ['ES256', 'ECDSA_SHA_256'],
      ['ES256', 'EdDSA'],
    ])
      await refused(
        signedBy([rootJwk(alg)]),
        signJws(
          alg,
          { alg: name, typ: 'jwk-set+jwt', kid: await thumbprint(publicJwk(roots[alg])) },
          '{}',
          keyPairs[roots[alg]],
        ),
        'keys_untrusted',
        /is signed with/,
      )
    for (const name of ['P-256-sig', 'Ed25519-sig', 'ML-DSA-65-sig'])
      await fails(assert, () => signedBy([keyPairs[name]]), 'invalid_argument', /private key/)
    await fails(
      assert,
      () => signedBy([wrong({ kty: 'EC', crv: 'secp256k1', x: 'AA', y: 'AA' })]),
      'unsupported_algorithm',
      /secp256k1/,
    )
  })

  test('an RSA root without alg signs PS256, and no other', async () => {
    const { alg, ...bare } = rootJwk('PS256')
    assert.match(await hosted(signedBy([bare]), signedSet({ alg })).sealed(), /^ey/)
    await refused(
      signedBy([bare]),
      signedSet({ alg, header: { alg: 'RS256' } }),
      'keys_untrusted',
      /"RS256".*PS256/,
    )
  })

  const claims = (members) => () => signedSet({ claims: members })
  const header = (members) => () => signedSet({ header: members })
  const receipts = (members) => () => signedSet({ by: 'P-384-sig', header: members })
  const unsigned = async () => JSON.stringify({ keys: keyNames.map((name) => publicJwk(name)) })
  const stripped = async () => (await signedSet()).replace(/[^.]+$/, '')
  const algNone = async () => {
    const [, payload] = (await signedSet()).split('.')
    return `${btoa('{"alg":"none","typ":"jwk-set+jwt"}').replace(/=/g, '')}.${payload}.AA`
  }
  const swapped = async () => {
    const [head, , signature] = (await signedSet()).split('.')
    const [, other] = (await signedSet({ keys: [publicJwk('P-384-enc')] })).split('.')
    return `${head}.${other}.${signature}`
  }
  const newKeys = () => jose.generateKeyPair('ES256', { extractable: true })
  const forged = async () =>
    new jose.CompactSign(new TextEncoder().encode('{}'))
      .setProtectedHeader({ alg: 'ES256', typ: 'jwk-set+jwt', kid: await thumbprint(rootJwk()) })
      .sign((await newKeys()).privateKey)
  const withItsKey = async () =>
    signedSet({ header: { jwk: await jose.exportJWK((await newKeys()).publicKey) } })
  const withPrivateKey = () => signedSet({ keys: [keyPairs['P-256-enc']] })
  const signedLater = (hours) => () => signedSet({ at: start + hours * hour })
  const eightDays = { exp: start / 1000 + 7 * 86_400 + 1 }

  const untrusted = (document, pattern) => ({ document, code: 'keys_untrusted', pattern })
  const malformed = (document, pattern) => ({ document, code: 'keys_malformed', pattern })
  const expired = (document, pattern) => ({ document, code: 'keys_expired', pattern })
  /** What the host serves, how it is refused. Each of them is another attack or mistake. */
  const attacks = {
    'a set without a signature': untrusted(unsigned, /not signed/),
    'a set whose signature is gone': untrusted(stripped, /does not verify/),
    'a set whose algorithm says none': untrusted(algNone, /none of the roots/),
    'a swapped key': untrusted(swapped, /does not verify/),
    'a set that another root signed': untrusted(
      () => signedSet({ alg: 'ES384' }),
      /none of the roots/,
    ),
    'a set that a signer of receipts signed': untrusted(
      receipts({ alg: 'ES384', kid: undefined }),
      /none of the roots/,
    ),
    'a set that a signer of receipts signed in the name of the root': untrusted(
      receipts({ alg: 'ES384' }),
      /"ES384".*ES256/,
    ),
    'a forged set in the name of the root, with its algorithm': untrusted(
      forged,
      /does not verify/,
    ),
    'a receipt': untrusted(
      header({ typ: 'sealdrop-receipt+jwt' }),
      /"sealdrop-receipt\+jwt", expected jwk-set\+jwt/,
    ),
    'a set whose type is in other letters': untrusted(
      header({ typ: 'JWK-Set+JWT' }),
      /expected jwk-set\+jwt/,
    ),
    'a set without type': untrusted(header({ typ: undefined }), /"none"/),
    'a set that brings its own key': malformed(withItsKey, /jwk is refused/),
    'the set of another tenant': untrusted(
      claims({ sub: 'other' }),
      /named "other", expected "default"/,
    ),
    'a set that is frozen': expired(
      signedLater(-25),
      /expired at .*this clock says 2030-03-17T17:46:40.000Z/,
    ),
    'a set of the future': expired(signedLater(25), /signed at .*this clock says/),
    'a set that lives longer than 7 days': untrusted(claims(eightDays), /7 days/),
    text: malformed(async () => 'a.b.c', /signed key set/),
    'two parts': malformed(async () => 'e30.e30', /3 parts/),
    'a set with a private key': malformed(withPrivateKey, /private member/),
    ...Object.fromEntries(
      ['iss', 'sub', 'ver', 'iat', 'exp', 'keys'].map((name) => [
        `a set without ${name}`,
        malformed(claims({ [name]: undefined }), new RegExp(name)),
      ]),
    ),
    'a counter that is no whole number': malformed(claims({ ver: 1.5 }), /ver/),
    'a time that is text': malformed(claims({ exp: '2030-01-01' }), /exp/),
  }
  for (const [what, { document, code, pattern }] of Object.entries(attacks))
    test(`${what} is ${code}, and nothing is sealed`, async () => {
      await refused(signedBy([rootJwk()]), document(), code, pattern)
    })

  test('where an issuer is expected, another one is refused', async () => {
    assert.match(
      await hosted(
        signedBy([rootJwk()], { issuer: 'https://claims.example' }),
        signedSet(),
      ).sealed(),
      /^ey/,
    )
    await refused(
      signedBy([rootJwk()], { issuer: 'https://other.example' }),
      signedSet(),
      'keys_untrusted',
      /"https:\/\/claims.example", expected "https:\/\/other.example"/,
    )
  })

  test('options that are changed after signedBy was called change nothing', async () => {
    const o = { issuer: 'https://claims.example', name: 'default' }
    const trust = signedBy([rootJwk()], o)
    o.issuer = 'https://mallory.example'
    const other = signedSet({ claims: { iss: 'https://mallory.example' } })
    await refused(trust, other, 'keys_untrusted', /is issued by/)
    await hosted(trust, signedSet()).sealed()
  })

  test('one root may sign several sets, each believed under its own name', async () => {
    const document = await signedSet({ claims: { sub: 'partners' } })
    assert.match(
      await hosted(signedBy([rootJwk()], { name: 'partners' }), document).sealed(),
      /^ey/,
    )
    await refused(signedBy([rootJwk()]), document, 'keys_untrusted', /named "partners"/)
  })

  test('clocks may differ by a minute at the end and by a day at the beginning', async () => {
    const document = await signedSet()
    for (const { at, code } of [
      { at: 24 * hour + 59_999, code: undefined },
      { at: 24 * hour + 60_000, code: 'keys_expired' },
      { at: -24 * hour, code: undefined },
      { at: -24 * hour - 1_000, code: 'keys_expired' },
    ]) {
      const { state, sealed } = hosted(signedBy([rootJwk()]), document)
      state.at = start + at
      if (code) await fails(assert, sealed(), code)
      else assert.match(await sealed(), /^ey/, `${at}`)
    }
  })

  test('a root is replaced: pages have both, then the publisher switches, then pages have the new one', async () => {
    const store = mapStore()
    const [before, after] = [rootJwk('ES256'), rootJwk('ES384')]
    const both = signedBy([before, after], { store })
    await hosted(both, signedSet({ claims: { ver: 10 } })).sealed()
    await hosted(both, signedSet({ alg: 'ES384', claims: { ver: 11 } })).sealed()
    await refused(
      signedBy([after], { store }),
      signedSet({ claims: { ver: 12 } }),
      'keys_untrusted',
      /none of the roots/,
    )
    const old = hosted(
      signedBy([after], { store }),
      signedSet({ alg: 'ES384', claims: { ver: 10 } }),
    )
    old.state.at += 25 * hour
    await fails(assert, old.sealed(), 'keys_rolled_back')
    const behind = hosted(
      signedBy([before, after], { store }),
      signedSet({ claims: { ver: 10 }, at: start + hour, keys: [publicJwk('P-521-enc')] }),
    )
    assert.equal(
      jose.decodeProtectedHeader(await behind.sealed()).kid,
      await thumbprint(publicJwk(keyNames[0])),
      'the old root cannot go back behind the new one',
    )
  })

  const bad = {
    'no roots': [[]],
    'roots that are no list': [rootJwk()],
    'a root that is no key': [['x']],
    'a private key': [[keyPairs['P-256-sig']]],
    'a key to seal to': [[publicJwk('P-256-enc')]],
    'an unknown algorithm': [[{ ...rootJwk(), alg: 'HS256' }], 'unsupported_algorithm'],
    'an algorithm of another curve': [[{ ...rootJwk(), alg: 'ES384' }], 'unsupported_algorithm'],
    'a point that is short': [[{ ...rootJwk(), x: 'AAAA' }], 'keys_malformed'],
  }
  for (const [what, [given, code = 'invalid_argument']] of Object.entries(bad))
    test(`signedBy with ${what} is ${code}, before anything is fetched`, async () => {
      await fails(assert, () => signedBy(given), code)
    })

  test('a set that ends in a line break is believed, and inspected', async () => {
    const document = `${await signedSet()}\n`
    await hosted(signedBy([rootJwk()]), document).sealed()
    assert.equal((await inspect(document)).kind, 'key-set')
  })

  test('kvSets without a binding, and a store that is none, are invalid_argument; pins take no signed set', async () => {
    for (const store of [null, {}, { get: async () => undefined }, door.indexedDbSets])
      await fails(
        assert,
        () => signedBy([rootJwk()], { store: wrong(store) }),
        'invalid_argument',
        /store/,
      )
    for (const namespace of [undefined, {}, { get: 1, put: 1 }])
      await fails(assert, () => kvSets(wrong(namespace)), 'invalid_argument', /KV/)
    await refused(pinned([await thumbprint(publicJwk(keyNames[0]))]), signedSet(), 'keys_malformed')
  })

  test('inspect tells what keys a signed set lists, and verifies nothing', async () => {
    const document = await signedSet({ keys: [publicJwk('P-256-enc', { kid: 'one' })] })
    assert.deepEqual(await inspect(document), { kind: 'key-set', recipients: ['one'] })
  })
}
