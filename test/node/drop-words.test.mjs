// What `<sealdrop-drop>` says: the tables of texts, and numbers in the language of the page.
import test from 'node:test'
import { assert } from 'chai'
import { languageOf } from '#dist/drop/format.js'
import { Rate } from '#dist/drop/rate.js'
import { readSettings } from '#dist/drop/settings.js'
import { importKeySet, inHand } from 'sealdrop'
import { de, en } from 'sealdrop/drop'
import { publicJwk } from '../support/host.js'
import { wrong as mistyped } from '../support/types.mjs'

/** Every text with its path, and the places in it. */
const textsOf = (table, path = '') =>
  Object.entries(table).flatMap(([name, value]) =>
    typeof value === 'string'
      ? [`${path}${name} ${(value.match(/\{\w+\}/g) ?? []).sort().join()}`]
      : textsOf(value, `${path}${name}.`),
  )

test('German has every text that English has, with the same places', () => {
  assert.isAbove(textsOf(en).length, 60)
  assert.sameMembers(textsOf(de), textsOf(en))
})

test('numbers and words are of one language', () => {
  const tables = { en, de }
  const austrian = languageOf('de-AT', tables)
  assert.equal(austrian.texts, de)
  assert.equal(austrian.tag, 'de-AT')
  assert.equal(languageOf('de', tables).formats.size(2_200_000), '2,2 MB')
  for (const lang of ['', 'fr', 'not a tag', 'en'])
    assert.equal(languageOf(lang, tables).formats.size(2_200_000), '2.2 MB', lang)
})

test('speed and time left come from the last seconds', () => {
  const rate = new Rate()
  assert.isUndefined(rate.speed)
  rate.add(0, 0)
  rate.add(1000, 2_000_000)
  assert.equal(rate.speed, 2_000_000)
  assert.equal(rate.left(6_000_000), 2)
})

test('nothing is believed by default, and not in two ways', () => {
  const pins = 'tCcJB9PbNFtcJJ5m-aUnPWgykK0CCcIZcoXvNPr4pdc'
  const whole = { endpoint: 'https://a.example/u', keys: 'https://a.example/k', context: '{}' }
  const without = { records: null }
  const wrong = {
    'pins, roots: expected one of them': [{}, { pins, roots: '[{}]' }],
    'pins, roots: a key set has its own trust': [
      { keys: {}, pins },
      { keys: [{}], roots: [{}] },
    ],
    'endpoint: expected': [{ pins, endpoint: undefined }],
    'keys: expected': [undefined, '', []].map((keys) => ({ pins, keys })),
    'context: expected': ['[', '[]', undefined].map((context) => ({ pins, context })),
    'context "a": expected a string': [{ pins, context: '{"a":1}' }],
    'context name "sealdrop:path" is reserved': [{ pins, context: '{"sealdrop:path":"/"}' }],
    'roots: expected JSON': [{ roots: '{' }],
  }
  for (const [message, all] of Object.entries(wrong))
    for (const given of all) {
      const { error } = mistyped(readSettings(mistyped({ ...whole, ...without, ...given })))
      assert.equal(error?.code, 'invalid_argument', message)
      assert.include(error?.message, message)
    }
  assert.notProperty(readSettings({ ...whole, ...without, pins }), 'error')
})

test('trust comes from pins, from roots, or with a key set', () => {
  const whole = { endpoint: 'https://a.example/u', keys: 'https://a.example/k', records: null }
  const jwk = publicJwk('P-256-sig')
  const trusts = (given) =>
    mistyped(readSettings({ ...whole, context: {}, ...given })).keys.map(({ trust }) => trust)
  const pin = 'tCcJB9PbNFtcJJ5m-aUnPWgykK0CCcIZcoXvNPr4pdc'
  assert.deepEqual(trusts({ pins: ` ${pin}\n${pin} ` }), ['pinned'])
  assert.deepEqual(trusts({ pins: [{ thumbprint: pin, use: 'enc' }] }), ['pinned'])
  for (const roots of [JSON.stringify(jwk), JSON.stringify([jwk]), [jwk]])
    assert.deepEqual(trusts({ roots, setName: 'claims' }), ['signed'])
  const set = importKeySet(jwk, { trust: inHand() })
  assert.deepEqual(trusts({ keys: set }), ['in-hand'])
  assert.deepEqual(trusts({ keys: [set, set] }), ['in-hand', 'in-hand'])
})

test('a link brings its context, and what the page says goes before it', () => {
  const whole = { endpoint: 'https://a.example/u', keys: 'https://a.example/k', records: null }
  const pins = 'tCcJB9PbNFtcJJ5m-aUnPWgykK0CCcIZcoXvNPr4pdc'
  const link = mistyped({ token: 'a.b.c', context: { claim: '7' } })
  const contextOf = (given) => mistyped(readSettings({ ...whole, pins, ...given })).context
  assert.deepEqual(contextOf({ link }), { claim: '7' })
  assert.deepEqual(contextOf({ link, context: '{"claim":"8"}' }), { claim: '8' })
})
