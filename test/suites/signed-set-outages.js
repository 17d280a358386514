import { fails } from '../support/host.js'
import { hour, mapStore, signedSets, start } from '../support/signed-sets.js'

/**
 * Signed key sets: how often a host is asked, and what holds while it is down.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function signedSetOutagesSuite(host) {
  const { test, assert, door } = host
  const { fetchKeySet, signedBy } = door
  const { rootJwk, signedSet, hosted } = signedSets(host)

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
    for (const { answer, code } of [
      { answer: 404, code: 'keys_unreachable' },
      { answer: JSON.stringify({ keys: [] }), code: 'keys_untrusted' },
      { answer: '<html>', code: 'keys_malformed' },
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

  test('a set that is held stays after failures of a store only; every other code drops it, unless it may pass', async () => {
    /** @type {Record<string, import('#dist/doors/index.js').SealdropErrorCode[]>} */
    const codes = {
      held: ['output_failed', 'source_failed'],
      dropped: [
        'keys_untrusted',
        'keys_malformed',
        'keys_expired',
        'conflict',
        'unsupported_runtime',
      ],
      'held, retryable': ['keys_unreachable', 'conflict'],
    }
    for (const [outcome, list] of Object.entries(codes))
      for (const code of list) {
        const retryable = outcome.endsWith('retryable')
        let broken = false
        const real = signedBy([rootJwk()])
        const trust = {
          kind: real.kind,
          accept: async (document, o) => {
            if (broken) throw new door.SealdropError(code, 'made up', { retryable })
            return real.accept(document, o)
          },
        }
        const { state, sealed } = hosted(trust, signedSet())
        await sealed()
        broken = true
        state.at += 2 * hour
        if (outcome.startsWith('held')) await sealed()
        else await fails(assert, sealed(), code, /made up/)
      }
  })

  test('an error of a store that somebody wrote does not drop the set, whatever its code', async () => {
    const store = mapStore()
    const { state, sealed } = hosted(signedBy([rootJwk()], { store }), signedSet())
    await sealed()
    store.put = async () => {
      throw new door.SealdropError('conflict', 'somebody else was quicker')
    }
    state.answer = signedSet({ claims: { ver: 8 } })
    state.at += 2 * hour
    await sealed()
    assert.equal(state.calls, 2)
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
}
