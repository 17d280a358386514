import { fails, keysInHand } from '../support/host.js'
import { openerOf, sealWithJose } from '../support/seal-with-jose.js'
import { hidden, isHidden } from './texts.js'

/**
 * JSON and ids of whoever sealed something, which anybody can.
 *
 * @param {import('../support/host.js').Host} host
 */
export function openTextsSuite(host) {
  const { test, assert, door, jose } = host
  const context = {}
  const name = 'P-256-enc'
  const byJose = (json, header = {}) =>
    sealWithJose(jose, name, json, { cty: 'json', ctx: context, ...header })
  const inField = (json) => byJose(json, { ctx: { 'sealdrop:path': '/a' } })
  const nested = (depth, end = '') => '['.repeat(depth) + end + ']'.repeat(depth)
  const deepest = `${'{"a":'.repeat(999)}[]${'}'.repeat(999)}`

  test('JSON of 1,000 levels opens, as it is sealed', async () => {
    const { opener } = await openerOf(host, [name])
    for (const json of [nested(1_000), nested(1_000, '"[[[{{{"'), deepest]) {
      const value = JSON.parse(json)
      const ours = await door.seal(keysInHand(door, name), value, { context })
      for (const sealed of [ours, await byJose(json)])
        assert.equal(JSON.stringify((await opener.open(sealed, { context })).json()), json)
      const record = await opener.openFields({ a: await inField(json) }, { context, fields: ['a'] })
      assert.equal(JSON.stringify(record.a), json)
    }
  })
  /** @type {Record<string, [json: string, why: RegExp]>} */
  const refused = {
    '1,001 levels': [nested(1_001), /nested deeper than 1000/],
    '1,001 levels of objects': [`{"a":${deepest}}`, /nested deeper than 1000/],
    '200,000 levels': [nested(200_000), /nested deeper than 1000|expected JSON/],
    'a lone surrogate': ['{"a":["\\ud800"]}', /a lone surrogate/],
    'a lone surrogate in a name': ['{"\\udc00":1}', /a lone surrogate/],
  }
  for (const [what, [json, why]] of Object.entries(refused))
    test(`JSON with ${what} that somebody sealed is malformed, as a value and as a field`, async () => {
      const { opener } = await openerOf(host, [name])
      const opened = await opener.open(await byJose(json), { context })
      await fails(assert, () => opened.json(), 'malformed', why)
      const record = { a: await inField(json) }
      await fails(assert, opener.openFields(record, { context, fields: ['a'] }), 'malformed', why)
    })

  test('what is hidden in the id of a message comes into no event and no message', async () => {
    const { opener, events } = await openerOf(host, [name])
    const strange = `x${hidden}y`
    const opened = await opener.open(await byJose('1', { jti: strange }), { context })
    assert.equal(opened.messageId, strange)
    const [event] = events
    assert.match(event.messageId, /^x\?\[31m\?2J\?+y$/)
    for (const header of [{ kid: strange }, { alg: 'ECDH-ES', ctx: { [strange]: strange } }]) {
      const sealed = await byJose('1', header)
      const error = await fails(assert, opener.open(sealed, { context }), [
        'key_not_found',
        'context_mismatch',
      ])
      assert.notMatch(error.message, isHidden)
    }
  })
}
