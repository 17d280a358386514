import { fails, keySetOf, publicJwk } from '../support/host.js'
import { hour, mapStore, signedSets, start } from '../support/signed-sets.js'

const minute = 60_000
const year = 365 * 24 * hour

/**
 * Clocks that were put right: what came under the wrong time is not taken for fresh after that.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function clocksSuite(host) {
  const { test, assert, door } = host
  const { createSealer, fetchKeySet, importKeySet, inHand, overHttps, pinned, signedBy } = door
  const { rootJwk, thumbprint, signedSet, hosted } = signedSets(host)
  const document = keySetOf(publicJwk('P-256-enc'))

  /** A key set whose host serves `state.answer`, at a time that the test says. */
  const served = (trust) => {
    /** @type {{ at: number, calls: number, answer: () => Response }} */
    const state = {
      at: start,
      calls: 0,
      answer: () => new Response(document, { headers: { 'cache-control': 'max-age=300' } }),
    }
    const keys = fetchKeySet('https://keys.example/', {
      trust,
      now: () => state.at,
      fetch: async () => {
        state.calls++
        return state.answer()
      },
    })
    return { state, keys }
  }
  const down = () => {
    throw new TypeError('down')
  }

  for (const ahead of [1_000, hour, 10 * year]) {
    test(`a set that was loaded while the clock was ${ahead} ms ahead is loaded again, and then fresh for as long as any`, async () => {
      const pins = [await thumbprint(publicJwk('P-256-enc'))]
      for (const trust of [overHttps(), pinned(pins)]) {
        const { state, keys } = served(trust)
        state.at = start + ahead
        await keys.ready()
        state.at = start
        await keys.ready()
        assert.equal(state.calls, 2)
        state.at += 5 * minute - 1
        await keys.ready()
        assert.equal(state.calls, 2, 'it is fresh')
        state.at += 1
        await keys.ready()
        assert.equal(state.calls, 3)
      }
    })
  }

  test('a set that was loaded while the clock was behind is loaded again', async () => {
    const { state, keys } = served(overHttps())
    state.at = start - 10 * year
    await keys.ready()
    state.at = start
    await keys.ready()
    assert.equal(state.calls, 2)
    state.answer = down
    state.at += 10 * year
    await fails(assert, keys.ready(), 'keys_unreachable')
  })

  test('where the host is down since the clock was put right, a set is used for 24 hours more, and no longer', async () => {
    const { state, keys } = served(overHttps())
    state.at = start + 10 * year
    await keys.ready()
    state.answer = down
    state.at = start
    await keys.ready()
    assert.equal(state.calls, 2)
    await keys.ready()
    assert.equal(state.calls, 2, 'the host is asked every 30 s')
    state.at += 30_000
    await keys.ready()
    assert.equal(state.calls, 3)
    state.at = start + 24 * hour - 1
    await keys.ready()
    state.at = start + 24 * hour
    await fails(assert, keys.ready(), 'keys_unreachable')
  })

  test('a clock that is put back again and again makes no set live longer than it would', async () => {
    const { state, keys } = served(overHttps())
    await keys.ready()
    state.answer = down
    for (let i = 0; i < 3; i++) {
      state.at += 23 * hour
      await keys.ready()
      state.at -= hour
      await keys.ready()
      if (state.at - start > 24 * hour) assert.fail(`used after ${state.at - start} ms`)
      state.at = start
    }
    state.at = start + 25 * hour
    await fails(assert, keys.ready(), 'keys_unreachable')
  })

  test('a key that a set lacks is looked for at once, although the last try was in the future', async () => {
    const { state, keys } = served(overHttps())
    state.answer = () => new Response(keySetOf(publicJwk('P-256-sig')))
    state.at = start + 10 * year
    const unknown = host.jose.base64url.encode('{"alg":"ES256","kid":"other"}')
    const look = () => door.verify(keys, `${unknown}.e30.${'A'.repeat(86)}`)
    await fails(assert, look(), 'key_not_found')
    const before = state.calls
    state.at = start
    await fails(assert, look(), 'key_not_found')
    assert.isAbove(state.calls, before)
  })

  test('a signed set lives by its own exp, and one of the future is not used when the clock is right', async () => {
    const trust = () => signedBy([rootJwk()], { store: mapStore() })
    const genuine = hosted(trust(), signedSet())
    genuine.state.at = start + 20 * hour
    await genuine.sealed()
    genuine.state.answer = new TypeError('down')
    genuine.state.at = start
    await genuine.sealed()
    const future = hosted(trust(), signedSet({ at: start + 10 * year }))
    future.state.at = start + 10 * year
    await future.sealed()
    future.state.at = start
    await fails(assert, future.sealed(), 'keys_expired')
    await fails(assert, future.sealed(), 'keys_expired')
  })

  test('keys in hand are used whatever the clock says', async () => {
    let at = start + 10 * year
    const keys = importKeySet(publicJwk('P-256-enc'), { trust: inHand(), now: () => at })
    for (at of [start + 10 * year, start, start - 10 * year, start + year])
      assert.equal((await keys.list()).length, 1)
  })

  test('a data key of a sealer lives for maxAge, and not for longer because it was made in the future', async () => {
    let at = start + 10 * year
    const sealer = createSealer(
      importKeySet(publicJwk('P-256-enc'), { trust: inHand(), now: () => at }),
    )
    const dataKey = async () => (await sealer.seal('x', { context: {} })).split('.')[1]
    const first = await dataKey()
    at = start
    const second = await dataKey()
    assert.notEqual(second, first)
    at = start + hour - 1
    assert.equal(await dataKey(), second)
    at = start + hour
    assert.notEqual(await dataKey(), second)
  })
}
