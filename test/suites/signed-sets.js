import { fails, publicJwk } from '../support/host.js'
import { hour, keyNames, mapStore, signedSets, start } from '../support/signed-sets.js'

/**
 * Signed key sets: what is remembered of them, so that no host serves an older one.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function signedSetsSuite(host) {
  const { test, assert, door, jose } = host
  const { kvSets, signedBy } = door
  const { rootJwk, thumbprint, signedSet, hosted } = signedSets(host)

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
    assert.equal(/** @type {Error} */ (error.cause).message, 'no store')
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
    const real = globalThis.setTimeout
    const asked = []
    // this clock goes faster: an option for it would cost bytes in every page
    const fast = (work, milliseconds) => {
      if (milliseconds < 4_000) return real(work, milliseconds)
      asked.push(milliseconds)
      return real(work, milliseconds / 100)
    }
    const store = { get: () => new Promise(() => {}), put: async () => {} }
    globalThis.setTimeout = /** @type {typeof setTimeout} */ (/** @type {unknown} */ (fast))
    try {
      await fails(
        assert,
        hosted(signedBy([rootJwk()], { store }), signedSet()).sealed(),
        'output_failed',
        /did not answer/,
      )
    } finally {
      globalThis.setTimeout = real
    }
    assert.include(asked, 5_000)
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
        assert.equal(
          jose.decodeJwt([...store.entries.values()][0]).ver,
          8,
          `${slow} ${order.join()}`,
        )
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
}
