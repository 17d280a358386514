import { fails, publicJwk } from '../support/host.js'
import { hour, mapStore, signedSets, start } from '../support/signed-sets.js'

/**
 * @typedef {{
 *   swaps: number
 *   get: (id: string) => Promise<string | undefined>
 *   put: (id: string, set: string) => Promise<void>
 *   swap: (id: string, set: string, held: string | undefined) => Promise<string | undefined>
 * }} ComparingStore
 */

/**
 * Stores of signed sets that several pages or processes share.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function setStoresSuite(host) {
  const { test, assert, door, jose } = host
  const { signedBy } = door
  const { rootJwk, thumbprint, signedSet, hosted } = signedSets(host)

  /** A store that compares, over entries that several of them share. `wait` delays a swap. */
  function comparing(entries = new Map(), wait = Promise.resolve()) {
    /** @type {ComparingStore} */
    const store = {
      swaps: 0,
      get: async (id) => entries.get(id),
      put: async () => assert.fail('put, beside swap'),
      swap: async (id, set, held) => {
        store.swaps++
        await wait
        if (entries.get(id) === held) entries.set(id, set)
        return entries.get(id)
      },
    }
    return store
  }
  const verOf = (entries) => jose.decodeJwt([...entries.values()][0]).ver
  const kidOf = async ({ sealed }) => jose.decodeProtectedHeader(await sealed()).kid
  const newer = { claims: { ver: 8 }, keys: [publicJwk('P-384-enc')] }

  test('the slower write of an older set replaces no newer one, and the page that wrote it uses the newer one at once', async () => {
    const entries = new Map()
    /** @type {(value?: unknown) => void} */
    let go = () => {}
    const slow = new Promise((resolve) => {
      go = resolve
    })
    const trust = signedBy([rootJwk()], { store: comparing(entries, /** @type {any} */ (slow)) })
    const older = hosted(trust, signedSet())
    const first = kidOf(older)
    while (older.state.calls === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    const quick = hosted(signedBy([rootJwk()], { store: comparing(entries) }), signedSet(newer))
    assert.equal(await kidOf(quick), await thumbprint(publicJwk('P-384-enc')))
    go()
    assert.equal(await first, await thumbprint(publicJwk('P-384-enc')))
    assert.equal(verOf(entries), 8)
    const anew = hosted(signedBy([rootJwk()], { store: comparing(entries) }), signedSet())
    assert.equal(await kidOf(anew), await thumbprint(publicJwk('P-384-enc')))
  })

  test('a newer set that another page put there and that is over is not used, and refuses the older one', async () => {
    const entries = new Map()
    const store = comparing(entries)
    const kept = await signedSet({ claims: { ver: 8, exp: (start - hour) / 1000 } })
    const { swap } = store
    store.swap = async (id, set, held) => {
      entries.set(id, kept)
      return swap(id, set, held)
    }
    await fails(
      assert,
      hosted(signedBy([rootJwk()], { store }), signedSet()).sealed(),
      'keys_rolled_back',
      /ver 7.*ver 8/,
    )
    assert.equal(verOf(entries), 8)
  })

  test('what a store answers to a swap counts only when it verifies, and is replaced where it does not', async () => {
    const forged = [
      await signedSet({ alg: 'ES384', claims: { ver: 99 } }),
      await signedSet({ claims: { ver: 99, sub: 'other' } }),
      'no set',
      '',
      await signedSet({ claims: { ver: 6 } }),
    ]
    for (const found of forged) {
      const entries = new Map()
      const store = comparing(entries)
      const { swap } = store
      let first = true
      store.swap = async (id, set, held) => {
        if (first) entries.set(id, found)
        first = false
        return swap(id, set, held)
      }
      const { sealed } = hosted(signedBy([rootJwk()], { store }), signedSet())
      await sealed()
      assert.equal(verOf(entries), 7)
      assert.equal(store.swaps, 2)
    }
  })

  test('a set that the store has is not written again, and one that went is', async () => {
    const entries = new Map()
    const store = comparing(entries)
    const { state, sealed } = hosted(signedBy([rootJwk()], { store }), signedSet())
    await sealed()
    state.at += 600_000
    await sealed()
    assert.equal(store.swaps, 1)
    entries.clear()
    state.at += 600_000
    await sealed()
    assert.equal(store.swaps, 2)
    assert.equal(verOf(entries), 7)
  })

  test('a store that never takes a set does not hold a page up, nor does one that fails', async () => {
    for (const swap of [
      async () => 'another one',
      async () => undefined,
      async () => {
        throw new Error('no access')
      },
      () => {
        throw new Error('no access')
      },
    ]) {
      const store = { ...mapStore(), swap }
      await hosted(signedBy([rootJwk()], { store }), signedSet()).sealed()
      assert.equal(store.puts, 0)
    }
  })

  test('of many pages that load sets at once, the newest stays in the store', async () => {
    const entries = new Map()
    const pause = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 10))
    const sets = await Promise.all(
      Array.from({ length: 12 }, (_, i) => signedSet({ claims: { ver: 10 + ((i * 5) % 12) } })),
    )
    await Promise.all(
      sets.map(async (set) => {
        const store = comparing(entries)
        const { swap } = store
        store.swap = async (id, next, held) => {
          await pause()
          const has = await swap(id, next, held)
          await pause()
          return has
        }
        await hosted(signedBy([rootJwk()], { store }), set).sealed()
      }),
    )
    assert.equal(verOf(entries), 21)
  })

  test('different names and issuers never meet in one store, and what has no slash keeps its id', async () => {
    const texts = ['a', 'b', 'a/b', 'b/a', '/', '//', '', 'a/', '/b', '["a', 'b"]', '%2F', 'a%2Fb']
    const rows = texts.flatMap((name) =>
      [undefined, ...texts].map((issuer) => ({ name, ...(issuer !== undefined && { issuer }) })),
    )
    const root = await thumbprint(rootJwk())
    /** The ids that a trust looks for. @param {object} o */
    const idOf = async (o) => {
      /** @type {string[]} */
      const ids = []
      const store = {
        get: async (id) => {
          ids.push(id)
          return undefined
        },
        put: async () => {},
      }
      await signedBy([rootJwk()], { ...o, store }).recall?.({ now: start })
      assert.equal(ids.length, 1)
      return ids[0]
    }
    const all = [
      ...rows,
      ...rows.map((row) => ({ ...row, history: true })),
      { name: 'history', history: true },
      { name: 'history' },
    ]
    const ids = await Promise.all(all.map(idOf))
    assert.equal(new Set(ids).size, all.length)
    const plain = rows.filter(({ name, issuer = '' }) => !`${name}${issuer}`.includes('/'))
    assert.isAbove(plain.length, 20)
    for (const row of plain)
      assert.equal(await idOf(row), [root, ...Object.values(row)].join('/'), JSON.stringify(row))
    assert.equal(await idOf({}), `${root}/default`)
    assert.equal(await idOf({ history: true }), `history/${root}/history`)
  })
}
