import { fails, keysInHand } from '../support/host.js'

/** An entity as an ORM makes it: its `toJSON` hides a member, and it has more than JSON shows. */
class Person {
  #secret = 'private'
  iban = 'DE02'
  passwordHash = 'not for clients'
  /** @type {string[]} the names by which `toJSON` was asked */
  asked = []
  get secret() {
    return this.#secret
  }
  toJSON(name) {
    this.asked.push(name)
    const { iban } = this
    return { iban, hidden: undefined }
  }
}

/**
 * What a record means is what JSON shows of it, and what comes back shows the same.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function fieldsAsJsonSuite({ test, assert, door }) {
  const { sealFields, seal, sealedPlaces } = door
  const keys = () => keysInHand(door, 'P-256-enc')
  /** @returns {Promise<any>} its type says of every member that it may be sealed */
  const sealed = (record, ...fields) => sealFields(keys(), record, { context: {}, fields })
  /** JSON of a record in which the values at these places are gone. */
  const without = (record, places) => {
    const copy = JSON.parse(JSON.stringify(record))
    for (const place of places) {
      const names = place.split('/').slice(1)
      const last = names.pop()
      names.reduce((at, name) => at[name], copy)[last] = 'gone'
    }
    return JSON.stringify(copy)
  }

  class Leaf {
    constructor() {
      this.a = 1
      Object.defineProperty(this, 'hidden', { value: 'hidden' })
    }
    get inherited() {
      return 'inherited'
    }
  }
  const made = new Date(0)
  /** @type {Record<string, () => readonly [record: any, ...paths: string[]]>} */
  const records = {
    'an instance with toJSON': () => [new Person(), 'iban'],
    'one inside another': () => [{ who: new Person(), made }, 'who.iban'],
    'some in a list': () => [{ all: [new Person(), { iban: 1, at: made }] }, 'all.*.iban'],
    'two fields of one': () => [{ at: { a: 1, b: 2, c: made } }, 'at.a', 'at.b'],
    'a list at the top': () => [[{ a: 1, made }, { a: 2 }], '0.a'],
    'what is inherited or not enumerable': () => [{ leaf: new Leaf() }, 'leaf.a'],
    'own getters': () => [
      {
        get at() {
          return { a: 1, made }
        },
      },
      'at.a',
    ],
    'a toJSON of its own': () => {
      const own = { a: 'plain', toJSON: () => ({ ...own, b: 2 }) }
      return [own, 'a']
    },
    'a toJSON that answers itself': () => [
      Object.assign(
        Object.create({
          toJSON() {
            return this
          },
        }),
        { a: 1 },
      ),
      'a',
    ],
    'a toJSON that is no function': () => [{ a: 1, toJSON: 'text' }, 'a'],
    'members that JSON leaves out': () => [
      { a: 1, u: undefined, f: () => 1, [Symbol('s')]: 1 },
      'a',
    ],
    'a list with toJSON': () => [
      { all: Object.assign([1], { toJSON: () => ({ a: 1 }) }) },
      'all.a',
    ],
    'no prototype': () => [Object.assign(Object.create(null), { a: 1, b: { c: 2 } }), 'a'],
    'an own __proto__ beside': () => [JSON.parse('{"a":1,"__proto__":{"b":2}}'), 'a'],
    'one object at two places': () => {
      const same = { a: 1 }
      return [{ x: same, y: same }, 'x.a']
    },
  }
  for (const [what, make] of Object.entries(records))
    test(`JSON of a record with ${what} is that of the sealed one, but for what was sealed`, async () => {
      const [record, ...paths] = make()
      const answer = await sealed(record, ...paths)
      const places = answer[sealedPlaces]
      assert.isNotEmpty(places)
      assert.equal(without(answer, places), without(record, places))
      assert.notInclude(JSON.stringify(answer), 'plain')
    })

  test('toJSON is asked once, by the name that JSON.stringify gives, also that of a sealed value', async () => {
    const asked = []
    const noting = (shown) => ({
      toJSON(name) {
        asked.push(name)
        return shown
      },
    })
    const record = noting({ list: [noting({ due: noting('2030'), paid: noting([1]) })] })
    await sealed(record, 'list.0.due', 'list.*.paid')
    assert.deepEqual(asked, ['', '0', 'due', 'paid'])
    asked.length = 0
    await seal(keys(), noting({ a: noting(1) }), { context: {} })
    assert.deepEqual(asked, ['', 'a'])
  })

  test('a getter is asked once, so that what is checked is what is sealed', async () => {
    let asked = 0
    const record = {
      get at() {
        return { ssn: ++asked }
      },
    }
    const answer = await sealed(record, 'at.ssn')
    assert.equal(asked, 1)
    assert.match(answer.at.ssn, /^[\w-]+\./)
  })

  test('what comes back is plain on the way to a field, and what lies beside is handed on', async () => {
    const at = new Date()
    const beside = new Map([['a', 1]])
    const person = new Person()
    const record = Object.assign(new Leaf(), { person, at, beside })
    const answer = await sealed(record, 'person.iban')
    for (const object of [answer, answer.person])
      assert.equal(Object.getPrototypeOf(object), Object.prototype)
    assert.deepEqual(Object.keys(answer), ['a', 'person', 'at', 'beside'])
    assert.isFalse('hidden' in answer || 'inherited' in answer || 'secret' in answer.person)
    assert.equal(answer.at, at)
    assert.equal(answer.beside, beside)
    assert.equal(record.person, person)
    assert.equal(person.iban, 'DE02')
    assert.equal(person.passwordHash, 'not for clients')
  })

  class Money {
    #cents = 4_200
    get cents() {
      return this.#cents
    }
  }
  class Priced {
    toJSON() {
      return new Money()
    }
  }
  const nothing = {
    'with private members': new Money(),
    'inside an object': { amount: new Money() },
    'in a list': [[new Money()]],
    'that a toJSON answers': new Priced(),
    'with inherited members only': Object.create({ a: 1 }),
    'with members that are not enumerable': Object.defineProperty(new Money(), 'a', { value: 1 }),
  }
  for (const [what, value] of Object.entries(nothing))
    test(`an instance ${what}, of which JSON shows nothing, is refused`, async () => {
      const refused = (work) => fails(assert, work, 'invalid_argument', /a class without members/)
      await refused(seal(keys(), value, { context: {} }))
      await refused(sealed({ at: { value } }, 'at.value'))
    })
  test('an instance of which JSON shows nothing has no way to a field, also to one that may be absent', async () => {
    for (const at of [new Money(), new Map([['iban', 1]]), new Set(['x'])])
      for (const path of ['at.iban?', 'at.*?'])
        await fails(assert, sealed({ at }, path), 'invalid_argument', /not in the record/)
  })
  test('an empty object without a class is sealed', async () => {
    const empty = [{}, Object.create(null), Object.create(Object.create(null)), [], { a: {} }]
    for (const value of empty) await seal(keys(), value, { context: {} })
    const [shown] = [Object.assign(new Money(), { shown: 1 })]
    await seal(keys(), shown, { context: {} })
  })
}
