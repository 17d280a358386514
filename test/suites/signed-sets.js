import { fails, publicJwk } from '../support/host.js'
import { signJws } from '../support/sign.js'
import { keyPairs } from '../vectors/keys.js'

const hour = 3_600_000
const start = 1_900_000_000_000
/** Root key of each algorithm that a root may have. */
const roots = {
  ES256: 'P-256-sig',
  ES384: 'P-384-sig',
  ES512: 'P-521-sig',
  PS256: 'RSA-2048-sig',
  RS512: 'RSA-3072-sig',
  Ed25519: 'Ed25519-sig',
  'ML-DSA-65': 'ML-DSA-65-sig',
}
const keyNames = ['RSA-2048-enc', 'P-256-enc']

/** A store that is a map, and counts. */
export function mapStore(entries = new Map()) {
  return {
    entries,
    gets: 0,
    puts: 0,
    async get(id) {
      this.gets++
      return entries.get(id)
    },
    async put(id, set) {
      this.puts++
      entries.set(id, set)
    },
  }
}

/**
 * Signed key sets: what is believed, for how long, and each of the ways in which a host may be
 * wrong. Sets are signed by jose.
 */
export function signedSetsSuite({ test, assert, door, jose, mlDsa }) {
  const { fetchKeySet, importKeySet, inspect, kvSets, pinned, seal, signedBy, verify } = door
  const rootJwk = (alg = 'ES256') => ({ ...publicJwk(roots[alg]), alg })
  const thumbprint = (jwk) => jose.calculateJwkThumbprint(jwk)

  /** A set as the publisher signs it; claims and header members set to undefined are left out. */
  async function signedSet({
    alg = 'ES256',
    by = roots[alg],
    claims = {},
    header = {},
    keys = keyNames.map((name) => publicJwk(name)),
    at = start,
  } = {}) {
    const all = {
      iss: 'https://claims.example',
      sub: 'default',
      ver: 7,
      iat: at / 1000,
      exp: (at + 24 * hour) / 1000,
      keys,
      ...claims,
    }
    const full = {
      alg,
      typ: 'jwk-set+jwt',
      kid: await thumbprint(publicJwk(roots[alg])),
      ...header,
    }
    const present = (object) =>
      Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
    if (alg.startsWith('ML'))
      // jose has it in few hosts
      return signJws(alg, present(full), JSON.stringify(present(all)), keyPairs[by])
    return new jose.CompactSign(new TextEncoder().encode(JSON.stringify(present(all))))
      .setProtectedHeader(present(full))
      .sign(await jose.importJWK(keyPairs[by], full.alg))
  }

  /**
   * A key set whose host answers what `state.answer` is: a document, an error to throw, or a
   * status.
   */
  function hosted(trust, answer, o = {}) {
    const state = { calls: 0, at: start, answer, accept: undefined }
    const keys = fetchKeySet('https://keys.example/', {
      trust,
      now: () => state.at,
      ...o,
      fetch: async (_url, { headers }) => {
        state.calls++
        state.accept = headers.accept
        const found = await state.answer
        if (found instanceof Error) throw found
        return typeof found === 'number' ? new Response('', { status: found }) : new Response(found)
      },
    })
    return { state, keys, sealed: () => seal(keys, 'x', { context: {} }) }
  }
  const refused = async (trust, document, code, pattern) => {
    const { sealed } = hosted(trust, document)
    return fails(assert, sealed(), code, pattern)
  }

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
      () => signedBy([{ kty: 'EC', crv: 'secp256k1', x: 'AA', y: 'AA' }]),
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

  /** What the host serves, how it is refused. Each of them is another attack or mistake. */
  const attacks = {
    'a set without a signature': [
      async () => JSON.stringify({ keys: keyNames.map((name) => publicJwk(name)) }),
      'keys_untrusted',
      /not signed/,
    ],
    'a set whose signature is gone': [
      async () => (await signedSet()).replace(/[^.]+$/, ''),
      'keys_untrusted',
      /does not verify/,
    ],
    'a set whose algorithm says none': [
      async () => {
        const [, payload] = (await signedSet()).split('.')
        return `${btoa('{"alg":"none","typ":"jwk-set+jwt"}').replace(/=/g, '')}.${payload}.AA`
      },
      'keys_untrusted',
      /none of the roots/,
    ],
    'a swapped key': [
      async () => {
        const [head, , signature] = (await signedSet()).split('.')
        const [, other] = (await signedSet({ keys: [publicJwk('P-384-enc')] })).split('.')
        return `${head}.${other}.${signature}`
      },
      'keys_untrusted',
      /does not verify/,
    ],
    'a set that another root signed': [
      () => signedSet({ alg: 'ES384' }),
      'keys_untrusted',
      /none of the roots/,
    ],
    'a set that a signer of receipts signed': [
      () => signedSet({ by: 'P-384-sig', header: { alg: 'ES384', kid: undefined } }),
      'keys_untrusted',
      /none of the roots/,
    ],
    'a set that a signer of receipts signed in the name of the root': [
      () => signedSet({ by: 'P-384-sig', header: { alg: 'ES384' } }),
      'keys_untrusted',
      /"ES384".*ES256/,
    ],
    'a forged set in the name of the root, with its algorithm': [
      async () => {
        const { privateKey } = await jose.generateKeyPair('ES256', { extractable: true })
        const forged = new jose.CompactSign(new TextEncoder().encode('{}')).setProtectedHeader({
          alg: 'ES256',
          typ: 'jwk-set+jwt',
          kid: await thumbprint(rootJwk()),
        })
        return forged.sign(privateKey)
      },
      'keys_untrusted',
      /does not verify/,
    ],
    'a receipt': [
      () => signedSet({ header: { typ: 'sealdrop-receipt+jwt' } }),
      'keys_untrusted',
      /"sealdrop-receipt\+jwt", expected jwk-set\+jwt/,
    ],
    'a set whose type is in other letters': [
      () => signedSet({ header: { typ: 'JWK-Set+JWT' } }),
      'keys_untrusted',
      /expected jwk-set\+jwt/,
    ],
    'a set without type': [
      () => signedSet({ header: { typ: undefined } }),
      'keys_untrusted',
      /"none"/,
    ],
    'a set that brings its own key': [
      async () => {
        const jwk = await jose.exportJWK(
          (await jose.generateKeyPair('ES256', { extractable: true })).publicKey,
        )
        return signedSet({ header: { jwk } })
      },
      'keys_malformed',
      /jwk is refused/,
    ],
    'the set of another tenant': [
      () => signedSet({ claims: { sub: 'other' } }),
      'keys_untrusted',
      /named "other", expected "default"/,
    ],
    'a set that is frozen': [
      () => signedSet({ at: start - 25 * hour }),
      'keys_expired',
      /expired at .*this clock says 2030-03-17T17:46:40.000Z/,
    ],
    'a set of the future': [
      () => signedSet({ at: start + 25 * hour }),
      'keys_expired',
      /signed at .*this clock says/,
    ],
    'a set that lives longer than 7 days': [
      () => signedSet({ claims: { exp: start / 1000 + 7 * 86_400 + 1 } }),
      'keys_untrusted',
      /7 days/,
    ],
    text: [async () => 'a.b.c', 'keys_malformed', /signed key set/],
    'two parts': [async () => 'e30.e30', 'keys_malformed', /3 parts/],
    'a set with a private key': [
      () => signedSet({ keys: [keyPairs['P-256-enc']] }),
      'keys_malformed',
      /private member/,
    ],
    ...Object.fromEntries(
      ['iss', 'sub', 'ver', 'iat', 'exp', 'keys'].map((name) => [
        `a set without ${name}`,
        [() => signedSet({ claims: { [name]: undefined } }), 'keys_malformed', new RegExp(name)],
      ]),
    ),
    'a counter that is no whole number': [
      () => signedSet({ claims: { ver: 1.5 } }),
      'keys_malformed',
      /ver/,
    ],
    'a time that is text': [
      () => signedSet({ claims: { exp: '2030-01-01' } }),
      'keys_malformed',
      /exp/,
    ],
  }
  for (const [what, [document, code, pattern]] of Object.entries(attacks))
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
    for (const [at, code] of [
      [24 * hour + 59_999, undefined],
      [24 * hour + 60_000, 'keys_expired'],
      [-24 * hour, undefined],
      [-24 * hour - 1_000, 'keys_expired'],
    ]) {
      const { state, sealed } = hosted(signedBy([rootJwk()]), document)
      state.at = start + at
      if (code) await fails(assert, sealed(), code)
      else assert.match(await sealed(), /^ey/, `${at}`)
    }
  })

  const rolledBack = {
    'in memory': () => undefined,
    'by a store that a new page finds': () => mapStore(),
    'by a Workers KV namespace': () => {
      const map = new Map()
      return kvSets({
        get: async (key) => map.get(key) ?? null,
        put: async (key, value) => {
          map.set(key, value)
        },
      })
    },
  }
  for (const [how, makeStore] of Object.entries(rolledBack)) {
    test(`a set that is older than one seen is ignored, and the newer kept while it lives: remembered ${how}`, async () => {
      const store = makeStore()
      let trust = signedBy([rootJwk()], { store })
      const newer = await signedSet({ claims: { ver: 8 }, keys: [publicJwk('P-384-enc')] })
      const older = await signedSet({ at: start + 12 * hour })
      const kid = async ({ sealed }) => jose.decodeProtectedHeader(await sealed()).kid
      assert.equal(await kid(hosted(trust, newer)), await thumbprint(publicJwk('P-384-enc')))
      if (store) trust = signedBy([rootJwk()], { store })
      const replayed = hosted(trust, older)
      replayed.state.at += 13 * hour
      assert.equal(await kid(replayed), await thumbprint(publicJwk('P-384-enc')))
      replayed.state.at = start + 25 * hour
      await fails(assert, replayed.sealed(), 'keys_rolled_back', /ver 7.*ver 8/)
      replayed.state.answer = signedSet({ at: start + 25 * hour, claims: { ver: 8 } })
      assert.equal(await kid(replayed), await thumbprint(publicJwk(keyNames[0])))
    })
  }

  test('without any memory a replay within its time is believed: exp is the time of revocation', async () => {
    const older = await signedSet()
    assert.match(await hosted(signedBy([rootJwk()]), older).sealed(), /^ey/)
  })

  test('what stands in a store is believed only with its signature, its name and its time', async () => {
    const id = `${await thumbprint(rootJwk())}/default`
    const forged = [
      await signedSet({ alg: 'ES384', claims: { ver: 99 } }),
      await signedSet({ claims: { ver: 99, sub: 'other' } }),
      'no set',
      JSON.stringify({ keys: [publicJwk('P-521-enc')] }),
    ]
    for (const kept of forged) {
      const store = mapStore(new Map([[id, kept]]))
      assert.equal(
        jose.decodeProtectedHeader(
          await hosted(signedBy([rootJwk()], { store }), signedSet()).sealed(),
        ).kid,
        await thumbprint(publicJwk(keyNames[0])),
      )
      assert.equal(
        jose.decodeJwt(store.entries.get(id)).ver,
        7,
        'what was served and verified takes its place',
      )
    }
    const down = hosted(
      signedBy([rootJwk()], { store: mapStore(new Map([[id, forged[3]]])) }),
      new TypeError('down'),
    )
    await fails(assert, down.sealed(), 'keys_unreachable')
  })

  test('sets of two names and of two roots do not meet in one store', async () => {
    const store = mapStore()
    await hosted(
      signedBy([rootJwk()], { store, name: 'a' }),
      signedSet({ claims: { sub: 'a', ver: 90 } }),
    ).sealed()
    await hosted(
      signedBy([rootJwk()], { store, name: 'b' }),
      signedSet({ claims: { sub: 'b', ver: 2 } }),
    ).sealed()
    await hosted(
      signedBy([rootJwk('ES384')], { store, name: 'a' }),
      signedSet({ alg: 'ES384', claims: { sub: 'a', ver: 1 } }),
    ).sealed()
    assert.equal(store.entries.size, 3)
  })

  test('a store that cannot be read is an error where nothing is remembered, and forgiven where something is', async () => {
    const store = mapStore()
    const real = store.get
    store.get = async () => {
      throw new Error('no store')
    }
    const { state, sealed } = hosted(signedBy([rootJwk()], { store }), signedSet())
    const error = await fails(assert, sealed(), 'output_failed', /store of key sets/)
    assert.isTrue(error.retryable)
    assert.equal(error.cause.message, 'no store')
    store.get = real
    await sealed()
    store.get = async () => {
      throw new Error('no store')
    }
    state.at += 600_000
    await sealed()
    state.answer = signedSet({ claims: { ver: 6 } })
    state.at += 600_000
    await sealed()
  })

  test('a store that throws at once fails as one whose promise rejects', async () => {
    const store = mapStore()
    const real = store.get
    store.get = () => {
      throw new Error('no access')
    }
    const { sealed } = hosted(signedBy([rootJwk()], { store }), signedSet())
    assert.isTrue((await fails(assert, sealed(), 'output_failed', /store of key sets/)).retryable)
    store.get = real
    store.put = () => {
      throw new Error('full')
    }
    await sealed()
    assert.equal(store.entries.size, 0)
  })

  test('a store that cannot be written now is written at the next load, also where nothing new came', async () => {
    const store = mapStore()
    const real = store.put
    store.put = async () => {
      throw new Error('one write a second')
    }
    const { state, sealed } = hosted(signedBy([rootJwk()], { store }), signedSet())
    await sealed()
    assert.equal(store.entries.size, 0)
    store.put = real
    state.at += 600_000
    await sealed()
    assert.equal(store.entries.size, 1)
    state.at += 600_000
    await sealed()
    assert.equal(store.puts, 1, 'what it has is not written again')
  })

  test('a store that fails for good is an error at first, and what is held goes on being used', async () => {
    const store = mapStore()
    const real = store.put
    const full = async () => {
      throw new door.SealdropError('output_failed', 'full')
    }
    store.put = full
    const { state, sealed } = hosted(signedBy([rootJwk()], { store }), signedSet())
    await fails(assert, sealed(), 'output_failed', /full/)
    await fails(assert, sealed(), 'output_failed', /full/)
    store.put = real
    await sealed()
    store.put = full
    state.answer = signedSet({ claims: { ver: 8 } })
    state.at += 600_000
    for (let i = 0; i < 2; i++) await sealed()
  })

  test('a store that does not answer is given up after 5 s', async () => {
    const { timeout } = AbortSignal
    const asked = []
    const store = {
      get() {
        // from here on the clock goes faster: an option for it would cost bytes in every page
        AbortSignal.timeout = (milliseconds) => {
          asked.push(milliseconds)
          return timeout.call(AbortSignal, milliseconds / 100)
        }
        return new Promise(() => {})
      },
      put: async () => {},
    }
    try {
      await fails(
        assert,
        hosted(signedBy([rootJwk()], { store }), signedSet()).sealed(),
        'output_failed',
        /did not answer/,
      )
    } finally {
      AbortSignal.timeout = timeout
    }
    assert.deepEqual(asked, [5_000])
  })

  test('of two sets that are loaded at once the newer is remembered and kept, whichever ends last', async () => {
    for (const slow of ['get', 'put']) {
      for (const order of [
        [7, 8],
        [8, 7],
      ]) {
        const store = mapStore()
        const real = store[slow]
        let calls = 0
        store[slow] = async (...args) => {
          const late = slow === 'put' ? jose.decodeJwt(args[1]).ver === 7 : calls++ === 0
          await new Promise((resolve) => setTimeout(resolve, late ? 40 : 5))
          return real.apply(store, args)
        }
        const trust = signedBy([rootJwk()], { store })
        await Promise.all(
          order.map((ver) => hosted(trust, signedSet({ claims: { ver } })).sealed()),
        )
        assert.equal(jose.decodeJwt([...store.entries.values()][0]).ver, 8, `${slow} ${order}`)
        const replayed = hosted(trust, signedSet({ keys: [publicJwk('P-521-enc')] }))
        assert.equal(
          jose.decodeProtectedHeader(await replayed.sealed()).kid,
          await thumbprint(publicJwk(keyNames[0])),
        )
      }
    }
  })

  test('an older signature of the same counter, which has expired, is ignored while a newer one lives', async () => {
    const trust = signedBy([rootJwk()])
    await hosted(trust, signedSet({ at: start + 12 * hour })).sealed()
    const { state, sealed } = hosted(trust, signedSet())
    state.at = start + 25 * hour
    await sealed()
    state.at = start + 37 * hour
    await fails(assert, sealed(), 'keys_expired')
  })

  test('sets of two issuers do not meet in one store', async () => {
    const store = mapStore()
    await hosted(
      signedBy([rootJwk()], { store, issuer: 'https://claims.example' }),
      signedSet({ claims: { ver: 100 } }),
    ).sealed()
    await hosted(
      signedBy([rootJwk()], { store, issuer: 'b' }),
      signedSet({ claims: { ver: 1, iss: 'b' } }),
    ).sealed()
    const old = hosted(
      signedBy([rootJwk()], { store, issuer: 'https://claims.example' }),
      signedSet({ claims: { ver: 5 }, keys: [publicJwk('P-521-enc')] }),
    )
    assert.equal(
      jose.decodeProtectedHeader(await old.sealed()).kid,
      await thumbprint(publicJwk(keyNames[0])),
    )
  })

  test('refresh throws while the host is down, though a set is kept', async () => {
    const store = mapStore()
    await hosted(signedBy([rootJwk()], { store }), signedSet()).sealed()
    await fails(
      assert,
      hosted(signedBy([rootJwk()], { store }), new TypeError('down')).keys.refresh(),
      'keys_unreachable',
    )
  })

  test('a browser may not answer from its cache, which may have a set that expired', async () => {
    let seen
    const keys = fetchKeySet('https://keys.example/', {
      trust: signedBy([rootJwk()]),
      now: () => start,
      fetch: async (_url, init) => {
        seen = init.cache
        return new Response(await signedSet())
      },
    })
    await keys.ready()
    assert.equal(seen, 'credentials' in Request.prototype ? 'no-cache' : undefined)
  })

  test('a set that ends in a line break is believed, and inspected', async () => {
    const document = `${await signedSet()}\n`
    await hosted(signedBy([rootJwk()]), document).sealed()
    assert.equal((await inspect(document)).kind, 'key-set')
  })

  test('while the host is down a signed set is served until it expires, not for a day more', async () => {
    const { state, sealed } = hosted(
      signedBy([rootJwk()]),
      signedSet({ claims: { exp: (start + 2 * hour) / 1000 } }),
    )
    await sealed()
    state.answer = new TypeError('down')
    state.at = start + 2 * hour + 59_999
    await sealed()
    const { calls } = state
    await sealed()
    assert.equal(state.calls, calls, 'asked at most every 30 s')
    state.at += 1
    await fails(assert, sealed(), 'keys_unreachable')
  })

  test('a page that is opened while the host is down takes the set that was kept, until it expires', async () => {
    const store = mapStore()
    await hosted(signedBy([rootJwk()], { store }), signedSet()).sealed()
    for (const answer of [new TypeError('down'), 503, 429]) {
      const { state, sealed } = hosted(signedBy([rootJwk()], { store }), answer)
      state.at = start + 23 * hour
      await sealed()
      await sealed()
      assert.equal(state.calls, 1, `${answer}`)
      state.at += 30_000
      await sealed()
      assert.equal(state.calls, 2, `${answer}`)
      state.at = start + 25 * hour
      await fails(assert, sealed(), 'keys_unreachable')
    }
    for (const [answer, code] of [
      [404, 'keys_unreachable'],
      [JSON.stringify({ keys: [] }), 'keys_untrusted'],
      ['<html>', 'keys_malformed'],
    ])
      await fails(assert, hosted(signedBy([rootJwk()], { store }), answer).sealed(), code)
    const broken = {
      get: async () => {
        throw new Error('no store')
      },
      put: async () => {},
    }
    await fails(
      assert,
      hosted(signedBy([rootJwk()], { store: broken }), new TypeError('down')).sealed(),
      'keys_unreachable',
    )
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

  test('a thousand callers cause one request', async () => {
    const { state, sealed } = hosted(signedBy([rootJwk()]), signedSet())
    await Promise.all(Array.from({ length: 1_000 }, sealed))
    assert.equal(state.calls, 'WebSocketPair' in globalThis ? 1_000 : 1)
    state.at += 600_000
    state.answer = new TypeError('down')
    await Promise.all(Array.from({ length: 1_000 }, sealed))
    assert.isAtMost(
      state.calls,
      'WebSocketPair' in globalThis ? 1_001 : 2,
      'nor when the set is no longer fresh and the host is down',
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

  test('kvSets without a binding, and a store that is none, are invalid_argument; pins take no signed set', async () => {
    for (const store of [null, {}, { get: async () => undefined }, door.indexedDbSets])
      await fails(assert, () => signedBy([rootJwk()], { store }), 'invalid_argument', /store/)
    for (const namespace of [undefined, {}, { get: 1, put: 1 }])
      await fails(assert, () => kvSets(namespace), 'invalid_argument', /KV/)
    await refused(pinned([await thumbprint(publicJwk(keyNames[0]))]), signedSet(), 'keys_malformed')
  })

  test('inspect tells what keys a signed set lists, and verifies nothing', async () => {
    const document = await signedSet({ keys: [publicJwk('P-256-enc', { kid: 'one' })] })
    assert.deepEqual(await inspect(document), { kind: 'key-set', recipients: ['one'] })
  })
}
