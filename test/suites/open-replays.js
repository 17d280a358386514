import { fails, keysInHand } from '../support/host.js'
import { openerOf, sealWithJose } from '../support/seal-with-jose.js'

/**
 * A store of message ids: each value opens once, and for as long as it is taken.
 *
 * @param {import('../support/host.js').Host} host
 */
export function openReplaysSuite(host) {
  const { test, assert, door, jose } = host
  const { seal } = door
  const keysOf = (...names) => keysInHand(door, ...names)
  const over = (names, o) => openerOf(host, names, o)

  test('a replay is refused: before the key is asked where the store can say so, after it otherwise', async () => {
    const jwe = await seal(keysOf('P-256-enc'), 'x', { context: {} })
    for (const looksAhead of [true, false]) {
      const claimed = new Map()
      const replay = {
        claim: async (id, until) => !claimed.has(id) && Boolean(claimed.set(id, until)),
        ...(looksAhead && { seen: async (id) => claimed.has(id) }),
      }
      const { opener, calls, events } = await over(['P-256-enc'], { replay, maxAge: 60_000 })
      const broken = jwe.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A'))
      await fails(assert, opener.open(broken, { context: {} }), 'rejected')
      assert.equal(claimed.size, 0, 'what does not open claims nothing')
      await opener.open(jwe, { context: {} })
      await fails(assert, opener.open(jwe, { context: {} }), 'replayed')
      assert.equal(calls.length, looksAhead ? 2 : 3)
      assert.deepEqual(
        events.map(({ event }) => event),
        ['failed', 'opened', 'failed'],
      )
      assert.isAbove([...claimed.values()][0].getTime(), Date.now() + 60_000)
    }
  })

  test('an id is kept until no opener within the tolerance takes the value, and a minute longer', async () => {
    const iat = 1_900_000_000
    for (const tolerance of [undefined, 0, 86_400_000]) {
      const kept = tolerance ?? 60_000
      const untils = []
      const { opener } = await over(['P-256-enc'], {
        replay: { claim: async (_id, until) => untils.push(until.getTime()) > 0 },
        maxAge: 30_000,
        tolerance,
        now: () => iat * 1000,
      })
      const jwe = await sealWithJose(jose, 'P-256-enc', 'x', { iat })
      await opener.open(jwe, { context: {}, maxAge: 1 })
      assert.deepEqual(untils, [iat * 1000 + 30_000 + kept + 60_000])
    }
  })

  test('nobody can have a value refused as a replay by sealing another with its message id', async () => {
    const claimed = new Set()
    const { opener } = await over(['P-256-enc'], {
      replay: { claim: async (id) => !claimed.has(id) && Boolean(claimed.add(id)) },
      maxAge: 60_000,
    })
    const iat = Math.floor(Date.now() / 1000)
    const [genuine, evil] = await Promise.all(
      ['genuine', 'evil'].map((text) =>
        sealWithJose(jose, 'P-256-enc', text, { iat, jti: 'same' }),
      ),
    )
    await opener.open(evil, { context: {} })
    assert.equal(
      new TextDecoder().decode((await opener.open(genuine, { context: {} })).bytes),
      'genuine',
    )
  })

  test('with a replay store no call takes values older than the opener does', async () => {
    let now = Date.now()
    const { opener } = await over(['P-256-enc'], {
      replay: { claim: async () => true },
      maxAge: 60_000,
      now: () => now,
    })
    const jwe = await seal(keysOf('P-256-enc'), 'x', { context: {} })
    await opener.open(jwe, { context: {}, maxAge: 3_600_000 })
    now += 600_000
    await fails(assert, opener.open(jwe, { context: {}, maxAge: 3_600_000 }), 'expired')
  })

  test('an id is claimed for as long as any call of the opener would take the value, also by a call that would take it shorter', async () => {
    let now = Date.now()
    const claimed = new Map()
    const replay = {
      claim: async (id, until) =>
        !(claimed.get(id) > now) && Boolean(claimed.set(id, until.getTime())),
    }
    const { opener } = await over(['P-256-enc'], { replay, maxAge: 3_600_000, now: () => now })
    const jwe = await seal(keysOf('P-256-enc'), 'x', { context: {} })
    await opener.open(jwe, { context: {}, maxAge: 60_000 })
    now += 130_000
    await fails(assert, opener.open(jwe, { context: {} }), 'replayed')
  })
}
