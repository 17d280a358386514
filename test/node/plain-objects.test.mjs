// What is plain and what is an instance of a class, across realms, and for what is signed.
import assert from 'node:assert/strict'
import { parse } from 'node:querystring'
import { test } from 'node:test'
import { createContext, runInContext } from 'node:vm'
import * as door from 'sealdrop'
import { createSigner } from 'sealdrop/kms'
import { fails, keysInHand } from '../support/host.js'

const keys = keysInHand(door, 'P-256-enc')
const context = {}
/** What JavaScript makes in a realm of its own. @returns {any} */
const elsewhere = (text) => runInContext(text, createContext())
const refused = (work) => fails(assert, work, 'invalid_argument', /a class without members/)

test('an object of another realm is plain where it is plain there', async () => {
  for (const text of ['({})', '[]', '[{}]', 'Object.create(null)', '({ a: {} })'])
    assert.equal(typeof (await door.seal(keys, elsewhere(text), { context })), 'string', text)
  for (const text of ['new (class { #a = 1 })()', '[new (class {})()]', 'Object.create({ a: 1 })'])
    await refused(door.seal(keys, elsewhere(text), { context }))
})
test('the empty query of a URL is sealed: Node makes it without a constructor', async () => {
  await door.seal(keys, { query: parse('') }, { context })
})
test('a record of another realm is sealed as JSON shows it, into objects of this one', async () => {
  const record = elsewhere(`
    class Person { iban = 'DE02'; hash = 'no'; toJSON(name) { return { iban: this.iban, name } } }
    ({ people: [new Person()], at: new Date(0) })`)
  const fields = ['people.*.iban']
  const sealed = /** @type {any} */ (await door.sealFields(keys, record, { context, fields }))
  assert.deepEqual(sealed[door.sealedPlaces], ['/people/0/iban'])
  const { iban } = sealed.people[0]
  assert.equal(JSON.stringify(sealed), JSON.stringify(record).replace('DE02', iban))
  for (const object of [sealed, sealed.people[0]])
    assert.equal(Object.getPrototypeOf(object), Object.prototype)
})
test('an instance of which JSON shows nothing is not signed, nor are claims with one', async () => {
  const signer = createSigner({
    key: 'alias/receipts',
    kms: () => {
      throw new Error('there is no KMS here')
    },
  })
  class Money {
    #cents = 1
    get cents() {
      return this.#cents
    }
  }
  await refused(signer.sign(new Money()))
  await refused(signer.sign({ total: [new Money()] }))
  const claims = { total: new Money() }
  await refused(signer.signJwt(claims, { expiresIn: 1_000 }))
})
