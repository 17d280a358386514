import { fails, keysInHand } from '../support/host.js'
import { openerOf } from '../support/seal-with-jose.js'

/**
 * Fields that may be absent, from both sides.
 *
 * @param {import('../support/host.js').Host} host
 */
export function optionalFieldsSuite(host) {
  const { test, assert, door } = host
  const { sealFields, sealedPlaces } = door
  const context = { form: 'claim' }
  /** @returns {Promise<any>} its type says of every member that it may be sealed */
  const sealed = (record, ...fields) =>
    sealFields(keysInHand(door, 'P-256-enc'), record, { context, fields })
  const items = [{ ssn: '1' }, {}, { ssn: null }]

  /** @type {readonly [record: object, paths: string, places: string][]} */
  const found = [
    [{ items }, 'items.*.ssn?', '/items/0/ssn /items/2/ssn'],
    [{ items: [] }, 'items.*?.ssn', ''],
    [{ items: {} }, 'items.*?', ''],
    [{}, 'items?.*.ssn', ''],
    [{ items: [{ ssn: '1' }] }, 'items?.*?.ssn?', '/items/0/ssn'],
    [{ ssn: undefined }, 'ssn?', ''],
    [{ a: 1, b: 2 }, '*?', '/a /b'],
    [{ b: 1 }, 'a? b', '/b'],
    [{ iban: 'DE02' }, 'ibn?', ''],
    [{ 'ssn?': 1, ssn: 2 }, 'ssn??', '/ssn?'],
    [{ 'ssn?': 1, ssn: 2 }, 'ssn??? ssn', '/ssn? /ssn'],
    [{ ssn: 2 }, 'ssn???', ''],
    [{ 'ssn??': 1 }, 'ssn????', '/ssn??'],
    [{ '*?': 1, b: 2 }, '*??', '/*?'],
    [{ '?': 1 }, '??', '/?'],
    [{ 'a?b': 1 }, 'a?b', '/a?b'],
    [{ '': 1 }, '?', '/'],
    [{}, '__proto__?', ''],
  ]
  for (const [record, paths, places] of found)
    test(`the paths ${paths} of ${JSON.stringify(record)} seal ${places || 'nothing'}, and open`, async () => {
      const fields = paths.split(' ')
      const answer = await sealed(record, ...fields)
      assert.deepEqual(answer[sealedPlaces], places.split(' ').filter(Boolean))
      const { opener, calls } = await openerOf(host, ['P-256-enc'])
      assert.deepEqual(await opener.openFields(answer, { context, fields }), record)
      assert.equal(calls.length, places ? 1 : 0)
    })

  /** @type {readonly [record: object, path: string][]} */
  const misses = [
    [{}, 'person.ssn?'],
    [{ person: null }, 'person.ssn?'],
    [{ person: 'text' }, 'person.ssn?'],
    [{ person: new Uint8Array(3) }, 'person.*?'],
    [{ person: new Date(0) }, 'person.ssn?'],
    [{ items: [] }, 'items.*.ssn?'],
    [{ items: [{}] }, 'items.*?.ssn'],
    [{ person: {} }, 'person?.ssn'],
    [{ ssn: 1 }, 'ssn??'],
    [{ 'ssn?': 1 }, 'ssn'],
    [JSON.parse('{"__proto__":1}'), '__proto__?'],
    [JSON.parse('{"__proto__":1}'), '*?'],
  ]
  for (const [record, path] of misses)
    test(`the path ${path} is not in ${JSON.stringify(record)}, on neither side`, async () => {
      await fails(assert, sealed(record, path), 'invalid_argument', /not in the record/)
      const { opener, calls } = await openerOf(host, ['P-256-enc'])
      await fails(assert, opener.openFields(record, { context, fields: [path] }), 'rejected')
      assert.equal(calls.length, 0)
    })

  test('a field that may be absent opens when it was removed, and never as plaintext or at another place', async () => {
    const fields = ['items.*?.ssn?']
    const answer = await sealed({ items: [{ ssn: '1' }, { ssn: '2' }] }, ...fields)
    const { opener } = await openerOf(host, ['P-256-enc'])
    const open = (changed) => opener.openFields({ items: changed }, { context, fields })
    const [first, second] = answer.items
    assert.deepEqual(await open([first, {}]), { items: [{ ssn: '1' }, {}] })
    assert.deepEqual(await open([]), { items: [] })
    for (const plain of ['1', 1, null, '', true, { ssn: '1' }, [first.ssn]])
      await fails(assert, open([{ ssn: plain }]), 'rejected')
    await fails(assert, open([second]), 'context_mismatch')
    await fails(assert, open('text'), 'rejected')
  })

  test('the list of what was sealed is in no copy, comparison or JSON of the answer', async () => {
    const answer = await sealed({ a: 1, b: 2 }, 'a')
    assert.deepEqual(Object.keys(answer), ['a', 'b'])
    assert.isUndefined({ ...answer }[sealedPlaces])
    assert.isUndefined(structuredClone(answer)[sealedPlaces])
    assert.equal(sealedPlaces, Symbol.for('sealdrop.sealedPlaces'))
  })

  test('what opens is a plain copy of what JSON shows of the record', async () => {
    const answer = await sealed({ a: 1 }, 'a')
    class Row {
      a = answer.a
      passwordHash = 'not for clients'
      toJSON() {
        return { a: this.a }
      }
    }
    const row = new Row()
    const { opener } = await openerOf(host, ['P-256-enc'])
    const opened = await opener.openFields(row, { context, fields: ['a'] })
    assert.equal(JSON.stringify(opened), '{"a":1}')
    assert.equal(Object.getPrototypeOf(opened), Object.prototype)
    assert.equal(row.a, answer.a)
  })
}
