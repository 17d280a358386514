import { fails, keysInHand } from '../support/host.js'
import { openerOf, sealWithJose } from '../support/seal-with-jose.js'

/**
 * Records of which some fields are sealed: they open together or not at all.
 *
 * @param {import('../support/host.js').Host} host
 */
export function openFieldsSuite(host) {
  const { test, assert, door, jose } = host
  const { seal, sealFields } = door
  const keysOf = (...names) => keysInHand(door, ...names)
  const over = (names, o) => openerOf(host, names, o)
  const context = { form: 'claim' }

  const fields = ['card.number', 'items.*.ssn']
  const record = {
    card: { number: '4111', cvc: 123 },
    items: [{ ssn: { a: 1 } }, { ssn: new Uint8Array([9]) }],
  }
  /** @returns {Promise<any>} its type says of every member that it may be sealed */
  const sealedRecord = () => sealFields(keysOf('RSA-2048-enc'), record, { context, fields })

  test('fields of a record open with one operation, each to the value and type it had', async () => {
    const { opener, calls, events } = await over(['RSA-2048-enc'])
    const opened = await opener.openFields(await sealedRecord(), { context, fields })
    assert.deepEqual(opened, record)
    assert.equal(calls.length, 1)
    assert.deepEqual(
      events.map(({ event, kmsCalls }) => [event, kmsCalls]),
      [
        ['opened', 1],
        ['opened', 0],
        ['opened', 0],
      ],
    )
    assert.notInclude(JSON.stringify(events), '4111')
  })

  test('a field that is missing, plaintext, swapped, from another record or another context does not open', async () => {
    const { opener, calls } = await over(['RSA-2048-enc'])
    const sealed = await sealedRecord()
    const open = (changed, o = {}) => opener.openFields(changed, { context, fields, ...o })
    await fails(assert, open({ ...sealed, card: {} }), 'rejected')
    await fails(assert, open({ ...sealed, items: [] }), 'rejected')
    await fails(assert, open({ ...sealed, card: { number: '4111' } }), 'rejected')
    await fails(assert, open({ ...sealed, card: { number: 4111 } }), 'rejected')
    await fails(assert, open({ ...sealed, items: [...sealed.items].reverse() }), 'context_mismatch')
    await fails(assert, open(sealed, { context: { form: 'other' }, fields }), 'context_mismatch')
    await fails(assert, opener.open(sealed.card.number, { context }), 'context_mismatch')
    await fails(
      assert,
      opener.open(sealed.card.number, { context: () => true }),
      'context_mismatch',
    )
    const whole = await seal(keysOf('RSA-2048-enc'), '4111', { context })
    await fails(assert, open({ ...sealed, card: { number: whole } }), 'context_mismatch')
    assert.equal(calls.length, 0)
    assert.deepEqual(
      await open(sealed, {
        context: (found) => found.form === 'claim' && Object.keys(found).length === 1,
        fields,
      }),
      record,
    )
  })

  test('a record that fails half-way claims no message id, so that it can be opened again', async () => {
    const claimed = new Set()
    const replay = { claim: async (id) => !claimed.has(id) && Boolean(claimed.add(id)) }
    const { opener } = await over(['RSA-2048-enc'], { replay, maxAge: 60_000 })
    const sealed = await sealedRecord()
    const broken = {
      ...sealed,
      items: [
        sealed.items[0],
        { ssn: sealed.items[1].ssn.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A')) },
      ],
    }
    await fails(assert, opener.openFields(broken, { context, fields }), 'rejected')
    assert.equal(claimed.size, 0)
    await opener.openFields(sealed, { context, fields })
    assert.equal(claimed.size, 3)
  })

  test('fields under more data keys than a record can have are refused before the key is asked', async () => {
    const { opener, calls } = await over(['P-256-enc'])
    const parts = await Promise.all(
      Array.from({ length: 9 }, () =>
        sealFields(keysOf('P-256-enc'), { a: Array(9).fill(1) }, { context: {}, fields: ['a.*'] }),
      ),
    )
    const mixed = { a: parts.map(({ a }, i) => a[i]) }
    await fails(
      assert,
      opener.openFields(mixed, { context: {}, fields: ['a.*'] }),
      'too_large',
      /9 data keys/,
    )
    assert.equal(calls.length, 0)
    assert.deepEqual(
      await opener.openFields({ a: mixed.a.slice(0, 8) }, { context: {}, fields: ['a.*'] }),
      { a: Array(8).fill(1) },
    )
    assert.equal(calls.length, 8)
  })

  test('a record with a field that is not what its cty says claims nothing and is told as failed', async () => {
    const claimed = new Set()
    const { opener, events } = await over(['P-256-enc'], {
      replay: { claim: async (id) => Boolean(claimed.add(id)) },
      maxAge: 60_000,
    })
    const jwe = await sealWithJose(jose, 'P-256-enc', '{bad', {
      cty: 'json',
      iat: Math.floor(Date.now() / 1000),
      ctx: { 'sealdrop:path': '/a' },
    })
    await fails(assert, opener.openFields({ a: jwe }, { context: {}, fields: ['a'] }), 'malformed')
    assert.equal(claimed.size, 0)
    assert.deepEqual(
      events.map(({ event }) => event),
      ['failed'],
    )
  })
}
