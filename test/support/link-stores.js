/**
 * What every store of links has to do, in whatever medium. `make()` gives two stores over one empty
 * place.
 */
export function linkStoreSuite({ test, assert, fails, name, make }) {
  const day = 86_400_000
  const until = () => new Date(Date.now() + day)
  let made = 0
  const newJti = () => `a-link-of-a-test-${made++}-${Date.now()}`
  const use = (file, attempt = 'first', bytes = 100) => ({ file: `file-${file}`, attempt, bytes })
  const limits = { files: 3, bytes: 1_000, attempts: 16 }
  const reserve = (store, jti, of, most = limits) => store.reserve(jti, of, most, until())
  /** How many files of 100 bytes still fit. */
  const room = async (store, jti, most = limits) => {
    let count = 0
    while (await reserve(store, jti, use(`room-${count}`), most)) count++
    return count
  }

  test(`${name}: a file is counted once, however often it is begun, one after the other or at once`, async (t) => {
    const [one, two] = await make(t)
    const jti = newJti()
    for (let i = 0; i < 15; i++) assert.isTrue(await reserve(one, jti, use('a', `in-turn-${i}`)))
    const atOnce = Array.from({ length: 16 }, (_, i) =>
      reserve(i % 2 ? one : two, jti, use('b', `at-once-${i}`)),
    )
    assert.deepEqual(new Set(await Promise.all(atOnce)), new Set([true]))
    assert.equal(await room(two, jti), 1)
    assert.isTrue(await reserve(two, jti, use('a', 'later')), 'what is counted may be begun again')
  })

  test(`${name}: of one file no more attempts are taken than there may be`, async (t) => {
    const stores = await make(t)
    const [one] = stores
    const jti = newJti()
    const begin = (i) => reserve(stores[i % 2], jti, use('a', `attempt-${i}`))
    const taken = await Promise.all(Array.from({ length: 24 }, (_, i) => begin(i)))
    assert.lengthOf(taken.filter(Boolean), 16)
    const [first, refused] = [taken.indexOf(true), taken.indexOf(false)]
    assert.isTrue(await begin(first), 'the same one again is no other')
    assert.isFalse(await one.keep(jti, use('a', `attempt-${refused}`)), 'it is not remembered')
    await one.release(jti, use('a', `attempt-${first}`))
    assert.isTrue(await begin(refused))
    assert.isFalse(await begin(first))
    assert.equal(await room(one, jti), 2, 'the file was counted once')
  })

  test(`${name}: one attempt of a file is kept, and is not given back while it is`, async (t) => {
    const [one, two] = await make(t)
    const jti = newJti()
    const [x, y] = [use('a', 'x'), use('a', 'y')]
    assert.isFalse(await one.keep(jti, x), 'nothing was begun')
    await reserve(one, jti, x)
    await reserve(one, jti, y)
    const kept = await Promise.all([one.keep(jti, x), two.keep(jti, y)])
    assert.lengthOf(kept.filter(Boolean), 1)
    const [first, other] = kept[0] ? [x, y] : [y, x]
    assert.isTrue(await two.keep(jti, first), 'it is asked again')
    assert.isFalse(await one.keep(jti, other))
    for (const attempt of [other, first, first]) await two.release(jti, attempt)
    await one.unkeep(jti, other)
    await one.unkeep(newJti(), first)
    assert.isTrue(await reserve(one, jti, use('a', 'z')))
    assert.isFalse(await one.keep(jti, use('a', 'z')), 'the first one is kept still')
    await one.release(jti, use('a', 'z'))
    assert.equal(await room(one, jti), 2)
    await two.unkeep(jti, first)
    await two.release(jti, first)
    assert.isTrue(await reserve(one, jti, use('b', 'x')), 'it was given back')
    assert.isTrue(await one.keep(jti, use('b', 'x')))
  })

  test(`${name}: of many files at once no more are taken than the link allows`, async (t) => {
    const stores = await make(t)
    const jti = newJti()
    const atOnce = Array.from({ length: 20 }, (_, i) => reserve(stores[i % 2], jti, use(`f${i}`)))
    const taken = (await Promise.all(atOnce)).filter(Boolean)
    assert.lengthOf(taken, 3)
  })

  test(`${name}: bytes are counted of all files, and a link of others has its own`, async (t) => {
    const [store] = await make(t)
    const [jti, other] = [newJti(), newJti()]
    const most = { ...limits, files: Number.MAX_SAFE_INTEGER, bytes: 2 ** 40 + 100 }
    assert.isFalse(await reserve(store, jti, use('large', 'x', 2 ** 40 + 101), most))
    assert.isTrue(await reserve(store, jti, use('large', 'x', 2 ** 40), most))
    assert.isFalse(await reserve(store, jti, use('b', 'x', 101), most))
    assert.equal(await room(store, jti, most), 1)
    assert.equal(await room(store, other), 3)
  })

  test(`${name}: a file is given back once, and only with the last of its attempts`, async (t) => {
    const [one, two] = await make(t)
    const jti = newJti()
    for (const attempt of ['x', 'y']) await reserve(one, jti, use('a', attempt))
    for (const file of ['b', 'c']) await reserve(one, jti, use(file))
    let others = 0
    const isFull = async () => !(await reserve(two, jti, use(`d${others++}`)))
    for (let i = 0; i < 3; i++) await one.release(jti, use('a', 'x'))
    await one.release(jti, use('a', 'never-begun'))
    await one.release(jti, use('never-begun'))
    await one.release(newJti(), use('a', 'y'))
    assert.isTrue(await isFull(), 'another attempt of it goes on')
    await Promise.all([1, 2, 3, 4].map((i) => (i % 2 ? one : two).release(jti, use('a', 'y'))))
    assert.isFalse(await isFull(), 'it was given back')
    assert.isTrue(await isFull(), 'once')
    await two.release(jti, use('a', 'y'))
    assert.isTrue(await isFull(), 'what comes late gives nothing back')
  })

  test(`${name}: attempts that end at once give the file back once`, async (t) => {
    const stores = await make(t)
    const jti = newJti()
    const attempts = Array.from({ length: 8 }, (_, i) => use('a', `at-once-${i}`))
    for (const one of attempts) await reserve(stores[0], jti, one)
    await Promise.all(attempts.map((one, i) => stores[i % 2].release(jti, one)))
    assert.equal(await room(stores[0], jti), 3)
  })

  test(`${name}: a link that was taken back stays so, and no other is`, async (t) => {
    const [one, two] = await make(t)
    const [jti, other] = [newJti(), newJti()]
    assert.isFalse(await two.isRevoked(jti))
    await one.revoke(jti)
    await one.revoke(jti)
    assert.isTrue(await two.isRevoked(jti))
    assert.isFalse(await two.isRevoked(other))
    for (const wrong of [undefined, '', 'short', 'a b c d e f g h i j k l', {}])
      await fails(assert, one.revoke(wrong), 'invalid_argument', /jti/)
  })
}
