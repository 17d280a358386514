/**
 * What every store of replays and every store of work has to do, in whatever medium. `make()` gives
 * two stores over one place.
 */
let made = 0
const newId = () => `an-id-of-a-test-${made++}-${Date.now()}`
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))
const inAnHour = () => new Date(Date.now() + 3_600_000)
/** Longer than a test. */
const long = 60_000
/** Milliseconds of a lease that a test lets end, and those after which it has. */
const short = 100
const ended = () => pause(3 * short)

export function replayStoreSuite({ test, assert, fails, name, make }) {
  test(`${name}: an id is claimed once, one after the other or at once`, async (t) => {
    const stores = await make(t)
    const [one, two] = stores
    const id = newId()
    assert.isFalse(await two.seen(id))
    const atOnce = Array.from({ length: 30 }, (_, i) => stores[i % 2].claim(id, inAnHour()))
    assert.lengthOf((await Promise.all(atOnce)).filter(Boolean), 1)
    assert.isFalse(await one.claim(id, inAnHour()))
    assert.isTrue(await two.seen(id))
    assert.isTrue(await two.claim(newId(), inAnHour()), 'another id')
  })

  test(`${name}: an id may be claimed again after its time, and not before`, async (t) => {
    const [one, two] = await make(t)
    const id = newId()
    assert.isTrue(await one.claim(id, new Date(Date.now() + 5 * short)))
    assert.isFalse(await two.claim(id, inAnHour()))
    await pause(7 * short)
    assert.isFalse(await two.seen(id))
    assert.isTrue(await two.claim(id, inAnHour()))
    await ended()
    assert.isFalse(await one.claim(id, inAnHour()))
  })

  test(`${name}: what is no id or no time is refused`, async (t) => {
    const [store] = await make(t)
    for (const id of ['', 'with space', 'ü', 'x'.repeat(257), undefined, 7])
      await fails(assert, store.claim(id, inAnHour()), 'invalid_argument', /id/)
    for (const until of [undefined, 'tomorrow', new Date(NaN)])
      await fails(assert, store.claim(newId(), until), 'invalid_argument', /until/)
  })
}

export function workStoreSuite({ test, assert, fails, name, make }) {
  const begun = async (store, id, lease = long) => {
    const { state, token } = await store.begin(id, lease)
    assert.equal(state, 'new', id)
    assert.equal(token.id, id)
    return token
  }
  const state = async (store, id) => (await store.begin(id, long)).state

  test(`${name}: one lease holds at a time, one after the other or at once`, async (t) => {
    const stores = await make(t)
    const id = newId()
    const atOnce = Array.from({ length: 30 }, (_, i) => stores[i % 2].begin(id, long))
    const states = (await Promise.all(atOnce)).map(({ state: found }) => found)
    assert.lengthOf(
      states.filter((found) => found === 'new'),
      1,
    )
    assert.lengthOf(
      states.filter((found) => found === 'busy'),
      29,
    )
    await begun(stores[0], newId())
  })

  test(`${name}: what is done stays done until its time, for every store`, async (t) => {
    const [one, two] = await make(t)
    const id = newId()
    const token = await begun(one, id)
    assert.isTrue(await two.done([token], new Date(Date.now() + 5 * short)))
    assert.equal(await state(one, id), 'done')
    assert.isTrue(await one.done([token], new Date(Date.now() + 5 * short)), 'an answer was lost')
    assert.isFalse(await one.extend([token], long), 'there is no lease any more')
    await one.release(token)
    assert.equal(await state(two, id), 'done', 'and nothing to give back')
    await pause(7 * short)
    const again = await begun(two, id)
    assert.isAbove(again.fence, token.fence)
  })

  test(`${name}: a lease that ended is taken by another worker, and the first one is overtaken`, async (t) => {
    const [one, two] = await make(t)
    const id = newId()
    const first = await begun(one, id, short)
    await ended()
    const second = await begun(two, id)
    assert.isAbove(second.fence, first.fence)
    assert.isFalse(await one.done([first], inAnHour()))
    assert.isFalse(await one.extend([first], long))
    await one.release(first)
    assert.equal(await state(one, id), 'busy', 'an overtaken one gives nothing back')
    assert.isTrue(await two.done([second], inAnHour()))
    assert.isFalse(await one.done([first], inAnHour()))
    assert.equal(await state(one, id), 'done')
  })

  test(`${name}: a lease that ended and was not taken may still be set done`, async (t) => {
    const [one, two] = await make(t)
    const id = newId()
    const token = await begun(one, id, short)
    await ended()
    assert.isTrue(await two.done([token], inAnHour()))
    assert.equal(await state(one, id), 'done')
  })

  test(`${name}: a lease is made longer while it is the newest`, async (t) => {
    const [one, two] = await make(t)
    const [a, b] = [await begun(one, newId(), short), await begun(one, newId(), short)]
    assert.isTrue(await one.extend([a, b], long))
    await ended()
    assert.equal(await state(two, a.id), 'busy')
    assert.equal(await state(two, b.id), 'busy')
  })

  test(`${name}: one that is given back begins at once, and its old token is overtaken`, async (t) => {
    const [one, two] = await make(t)
    const id = newId()
    const first = await begun(one, id)
    await one.release(first)
    assert.isFalse(await one.done([first], inAnHour()), 'it is given back')
    const second = await begun(two, id)
    assert.isAbove(second.fence, first.fence)
    await one.release(first)
    assert.equal(await state(one, id), 'busy')
  })

  test(`${name}: several are set done in one write, all or none`, async (t) => {
    const [one, two] = await make(t)
    const [a, b, c] = await Promise.all(
      [newId(), newId(), newId()].map((id) => begun(one, id, short)),
    )
    await ended()
    const taken = await begun(two, b.id)
    assert.isFalse(await one.done([a, b, c], inAnHour()))
    assert.isFalse(await one.extend([a, b], long))
    assert.equal(await state(two, a.id), 'new', 'nothing of it was set')
    assert.isTrue(await one.done([taken, c], inAnHour()))
    assert.deepEqual([await state(two, b.id), await state(two, c.id)], ['done', 'done'])
  })

  test(`${name}: what is no id, no lease or no token is refused`, async (t) => {
    const [store] = await make(t)
    for (const id of ['', 'with space', 'x'.repeat(257), undefined])
      await fails(assert, store.begin(id, long), 'invalid_argument', /id/)
    for (const lease of [0, 0.5, -1, 86_400_001, '60000', undefined])
      await fails(assert, store.begin(newId(), lease), 'invalid_argument', /lease/)
    const token = await begun(store, newId())
    const wrong = [[], [token, token], [{ id: token.id }], [undefined], token, undefined]
    for (const tokens of wrong)
      await fails(assert, store.done(tokens, inAnHour()), 'invalid_argument', /token|id/)
    await fails(assert, store.done([token], 'tomorrow'), 'invalid_argument', /until/)
    assert.isTrue(await store.done([token], inAnHour()), 'nothing of it changed anything')
  })
}
