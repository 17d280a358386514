import { fails, keySetOf, publicJwk, warmUp } from '../support/host.js'

const header = (jwe) => JSON.parse(atob(jwe.split('.')[0].replace(/-/g, '+').replace(/_/g, '/')))

/**
 * Fields of records and sealers, from the sealing side.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function fieldsSuite({ test, assert, door }) {
  const { importKeySet, inHand, sealFields, createSealer } = door
  const keysOf = (o = {}, ...jwks) =>
    importKeySet(keySetOf(...(jwks.length > 0 ? jwks : [publicJwk('RSA-2048-enc')])), {
      trust: inHand(),
      ...o,
    })

  test('named fields become sealed strings bound to their place; the rest and the record that came stay as they are', async () => {
    const record = {
      name: 'Ada',
      card: { number: '4111', brand: 'V' },
      items: [
        { ssn: '1', ok: 1 },
        { ssn: '2', ok: 2 },
      ],
      tags: ['a', 'b'],
    }
    const before = structuredClone(record)
    // its type says of every member that it may be sealed; which are is what is tested
    const sealed = /** @type {any} */ (
      await sealFields(keysOf(), record, {
        context: { form: 'f' },
        fields: ['card.number', 'items.*.ssn', 'tags.1'],
      })
    )
    assert.deepEqual(record, before)
    assert.equal(sealed.name, 'Ada')
    assert.equal(sealed.card.brand, 'V')
    assert.deepEqual(
      sealed.items.map(({ ok }) => ok),
      [1, 2],
    )
    assert.equal(sealed.tags[0], 'a')
    const places = [
      [sealed.card.number, '/card/number'],
      [sealed.items[0].ssn, '/items/0/ssn'],
      [sealed.items[1].ssn, '/items/1/ssn'],
      [sealed.tags[1], '/tags/1'],
    ]
    for (const [jwe, place] of places)
      assert.deepEqual(header(jwe).ctx, { form: 'f', 'sealdrop:path': place })
    assert.equal(new Set(places.map(([jwe]) => jwe.split('.')[1])).size, 1, 'one data key a record')
    assert.equal(new Set(places.map(([jwe]) => jwe.split('.')[2])).size, 4, 'an IV for each')
  })

  test('what is added to the record while it is sealed does not come out unsealed', async () => {
    const record = { items: [{ ssn: '1' }] }
    const sealing = sealFields(keysOf(), record, { context: {}, fields: ['items.*.ssn'] })
    record.items.push({ ssn: 'late' })
    record.items[0].ssn = 'late'
    const sealed = await sealing
    assert.equal(sealed.items.length, 1)
    assert.notInclude(JSON.stringify(sealed), 'late')
  })

  test('names with slash and tilde are escaped in the place (RFC 6901)', async () => {
    const sealed = await sealFields(keysOf(), { 'a/b~c': 'x' }, { context: {}, fields: ['a/b~c'] })
    assert.equal(header(sealed['a/b~c']).ctx['sealdrop:path'], '/a~1b~0c')
  })

  const misses = [
    ['nothing'],
    ['card.missing'],
    ['card.number.deeper'],
    ['items.*.ssn'],
    ['empty.*'],
    ['__proto__'],
    ['constructor'],
    ['items.length'],
    ['odd.*'],
    ['card.number', 'nothing'],
    [''],
    [],
  ]
  for (const fields of misses) {
    test(`the paths ${JSON.stringify(fields)} match nothing or not everywhere, and nothing is sealed`, async () => {
      const record = {
        card: { number: '4111' },
        items: [{ ssn: 1 }, {}],
        empty: [],
        odd: JSON.parse('{"__proto__":"x"}'),
      }
      await fails(assert, sealFields(keysOf(), record, { context: {}, fields }), 'invalid_argument')
    })
  }

  test('paths that overlap are refused', async () => {
    for (const fields of [
      ['card', 'card.number'],
      ['card.number', 'card.number'],
      ['card.*', 'card.number'],
    ]) {
      await fails(
        assert,
        sealFields(keysOf(), { card: { number: 1 } }, { context: {}, fields }),
        'invalid_argument',
        /two paths/,
      )
    }
    await sealFields(
      keysOf(),
      { a: 1, 'a-b': 2, ab: 3 },
      { context: {}, fields: ['a', 'a-b', 'ab'] },
    )
  })

  test('a sealer reuses one data key, with another IV and message id for each value', async () => {
    const sealer = createSealer(keysOf())
    await warmUp(sealer)
    const jwes = await Promise.all(
      Array.from({ length: 50 }, (_, i) => sealer.seal(i, { context: {} })),
    )
    assert.equal(new Set(jwes.map((jwe) => jwe.split('.')[1])).size, 1)
    assert.equal(new Set(jwes.map((jwe) => jwe.split('.')[2])).size, 50)
    assert.equal(new Set(jwes.map((jwe) => header(jwe).jti)).size, 50)
  })

  test('a sealer on a curve reuses one ephemeral key', async () => {
    const sealer = createSealer(keysOf({}, publicJwk('P-521-enc')))
    const [a, b] = [await sealer.seal(1, { context: {} }), await sealer.seal(2, { context: {} })]
    assert.deepEqual(header(a).epk, header(b).epk)
  })

  test('a sealer takes a new data key after maxValues, after maxAge, and when the selected key changes', async () => {
    let now = Date.UTC(2030, 0, 1)
    const keys = keysOf(
      { now: () => now },
      publicJwk('RSA-2048-enc', { exp: now / 1000 + 5_400 }),
      publicJwk('RSA-3072-enc'),
    )
    const sealer = createSealer(keys, { maxValues: 2 })
    const sealed = async (from) => (await from.seal('x', { context: {} })).split('.')[1]
    const [a, b, c] = [await sealed(sealer), await sealed(sealer), await sealed(sealer)]
    assert.equal(a, b)
    assert.notEqual(b, c)
    const aging = createSealer(keys)
    const first = await sealed(aging)
    now += 3_599_999
    assert.equal(await sealed(aging), first)
    now += 1
    const second = await sealed(aging)
    assert.notEqual(second, first, 'after an hour')
    now += 1_800_000
    assert.notEqual(
      (await sealed(aging)).length,
      second.length,
      'the first key expired, the next one is longer',
    )
  })

  test('a record never spans two data keys of one sealer', async () => {
    const sealer = createSealer(keysOf(), { maxValues: 3 })
    await fails(
      assert,
      sealer.sealFields({ a: 1, b: 2, c: 3, d: 4 }, { context: {}, fields: ['*'] }),
      'too_large',
      /3/,
    )
    await sealer.seal('x', { context: {} })
    const sealed = await sealer.sealFields({ a: 1, b: 2, c: 3 }, { context: {}, fields: ['*'] })
    assert.equal(new Set(Object.values(sealed).map((jwe) => String(jwe).split('.')[1])).size, 1)
  })

  test('limits of a sealer out of range are refused', async () => {
    for (const o of [
      { maxValues: 0 },
      { maxValues: 1.5 },
      { maxValues: 2 ** 20 + 1 },
      { maxAge: 0 },
      { maxAge: Infinity },
    ])
      await fails(assert, () => createSealer(keysOf(), o), 'invalid_argument')
  })
}
