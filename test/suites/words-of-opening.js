import { fails, keysInHand } from '../support/host.js'
import { openerOf } from '../support/seal-with-jose.js'
import { wrong } from '../support/types.mjs'

/**
 * What an opener says of what is handed to it by mistake.
 *
 * @param {import('../support/host.js').Host} host
 */
export function wordsOfOpeningSuite(host) {
  const { test, assert, door } = host
  const name = 'RSA-2048-enc'
  const context = { form: 'claim', customer: 'hidden-42' }
  const opening = async () => (await openerOf(host, [name])).opener
  const sealed = () => door.seal(keysInHand(door, name), 'hidden', { context })

  test('a promise that a sender did not await is told as one', async () => {
    const opener = await opening()
    const promise = sealed()
    for (const [value, code] of [
      ['[object Promise]', 'malformed'],
      [JSON.stringify(promise), 'malformed'],
      [promise, 'invalid_argument'],
      [JSON.parse(JSON.stringify({ body: promise })).body, 'invalid_argument'],
    ])
      await fails(assert, opener.open(wrong(value), { context }), code, /must await seal/)
    const error = await fails(assert, opener.open('x', { context }), 'malformed')
    assert.notMatch(error.message, /await/)
  })

  test('a file given to open is told as one', async () => {
    const opener = await opening()
    const bytes = new Uint8Array([2, 4, 0x78, 65])
    const given = [bytes, bytes.buffer, new Blob([bytes]), new Blob([bytes]).stream()]
    for (const value of given)
      await fails(assert, opener.open(wrong(value), { context }), 'invalid_argument', /openStream/)
    for (const value of [String.fromCharCode(...bytes), btoa(String.fromCharCode(...bytes))])
      await fails(assert, opener.open(value, { context }), 'malformed', /openStream/)
  })

  test('a value, or a path, given to openStream or openRange is told as one', async () => {
    const { streams } = await openerOf(host, [name])
    const text = await sealed()
    const isValue = /text of a sealed value or a token: open/
    const blob = new Blob([text])
    await fails(assert, streams.openStream(blob, { context }), 'unsupported_algorithm', isValue)
    const range = streams.openRange(blob, 0, 1, { context })
    await fails(assert, range, 'unsupported_algorithm', isValue)
    const given = [text, 'report.sealed', new URL('file:///report.sealed')]
    for (const source of given) {
      const isPath = /fileSource\(path\).*open takes/
      const whole = streams.openStream(wrong(source), { context })
      await fails(assert, whole, 'invalid_argument', isPath)
      const part = streams.openRange(wrong(source), 0, 1, { context })
      await fails(assert, part, 'invalid_argument', isPath)
    }
  })

  test('a context says which members differ, and never a value', async () => {
    const opener = await opening()
    const text = await sealed()
    const others = /** @type {const} */ ([
      [{ form: 'claim' }, /in "customer"$/],
      [{ form: 'claim', customer: '43' }, /in "customer"$/],
      [{ ...context, extra: '1' }, /in "extra"$/],
      [{ form: 'x', customer: '43' }, /in "form","customer"$/],
      [{ ...context, toString: '1' }, /in "toString"$/],
      [{}, /in "form","customer"$/],
    ])
    for (const [expected, why] of others) {
      const opened = opener.open(text, { context: expected })
      const { message } = await fails(assert, opened, 'context_mismatch', why)
      assert.notMatch(message, /hidden|42|43|claim/)
    }
    const decided = opener.open(text, { context: () => false })
    await fails(assert, decided, 'context_mismatch', /did not say true/)
  })

  test('openFields says which field is not sealed, or not of this place', async () => {
    const opener = await opening()
    const fields = ['items.*.ssn']
    const record = { items: [{ ssn: 'hidden' }, { ssn: 'hidden' }] }
    const good = await door.sealFields(keysInHand(door, name), record, { context, fields })
    const [first, second] = good.items
    const open = (items) => opener.openFields({ items }, { context, fields })
    const isPlain = /"\/items\/1\/ssn" is not sealed: plaintext/
    for (const ssn of ['hidden', 7, null]) {
      const { message } = await fails(assert, open([first, { ssn }]), 'rejected', isPlain)
      assert.notInclude(message, 'hidden')
    }
    const lost = JSON.parse(JSON.stringify({ ssn: sealed() }))
    await fails(assert, open([first, lost]), 'rejected', /items\/1\/ssn" .*must await seal/)
    const misplaced = /"\/items\/0\/ssn": .*another place.*"sealdrop:path"/
    await fails(assert, open([second, second]), 'context_mismatch', misplaced)
    await fails(assert, open([{ ssn: 'a.b.c.d.e' }, second]), 'malformed', /"\/items\/0\/ssn": JWE/)
  })
}
