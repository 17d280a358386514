import { encryptionKeys, fails, keysInHand, wrapKeys } from '../support/host.js'
import { arnOf, openerOf, sealWithJose } from '../support/seal-with-jose.js'

/**
 * Opening behind the private-operation port: what opens, for whom, and until when.
 *
 * @param {import('../support/host.js').Host} host
 */
export function openSuite(host) {
  const { test, assert, door, jose } = host
  const { seal } = door
  const keysOf = (...names) => keysInHand(door, ...names)
  const context = { form: 'claim' }
  const over = (names, o) => openerOf(host, names, o)

  for (const name of encryptionKeys) {
    test(`what jose seals to ${name} opens with one private operation`, async () => {
      const { opener, calls } = await over([name])
      const algs = Object.keys(wrapKeys).filter((alg) => wrapKeys[alg].includes(name))
      assert.isNotEmpty(algs)
      for (const alg of algs) {
        const jwe = await sealWithJose(jose, name, '{"a":1}', {
          alg,
          cty: 'json',
          ctx: context,
          iat: 1_700_000_000,
          jti: 'id',
        })
        const opened = await opener.open(jwe, { context })
        assert.deepEqual(opened.json(), { a: 1 })
        assert.equal(opened.messageId, 'id')
        assert.equal(opened.sealedAt.getTime(), 1_700_000_000_000)
        assert.equal(opened.key.arn, arnOf(name))
        assert.deepEqual({ ...opened.context }, context)
      }
      assert.equal(calls.length, algs.length)
      assert.isTrue(calls.every(({ arn }) => arn === arnOf(name)))
    })

    test(`what we seal to ${name} opens to the value, its type and its context`, async () => {
      const { opener } = await over([name])
      const keys = keysOf(name)
      assert.deepEqual(
        (await opener.open(await seal(keys, { x: [1] }, { context }), { context })).json(),
        { x: [1] },
      )
      const text = await opener.open(await seal(keys, 'ü', { context }), { context })
      assert.equal(text.text(), 'ü')
      await fails(assert, () => text.json(), 'invalid_argument', /\.text\(\)/)
      const bytes = await opener.open(await seal(keys, new Uint8Array([1, 2]), { context }), {
        context,
      })
      assert.deepEqual([...bytes.bytes], [1, 2])
      await fails(assert, () => bytes.text(), 'invalid_argument', /\.bytes/)
    })
  }

  test('apu and apv of a sender are honoured (RFC 7518 §4.6.2)', async () => {
    const { opener } = await over(['P-384-enc'])
    for (const alg of ['ECDH-ES', 'ECDH-ES+A256KW']) {
      const jwe = await sealWithJose(jose, 'P-384-enc', 'x', {
        alg,
        cty: 'text/plain; charset=UTF-8',
        apu: new Uint8Array([1, 2, 3]),
        apv: new TextEncoder().encode('Bob'),
      })
      assert.equal((await opener.open(jwe, { context: {} })).text(), 'x')
    }
  })

  test('another context, none, or a function that does not say true is context_mismatch before the key is asked', async () => {
    const { opener, calls } = await over(['P-256-enc'])
    const jwe = await seal(keysOf('P-256-enc'), 'x', { context: { a: '1', b: '2' } })
    for (const wrong of [
      {},
      { a: '1' },
      { a: '1', b: '3' },
      { a: '1', b: '2', c: '3' },
      { a: '1', B: '2' },
      () => false,
      () => undefined,
      () => 1,
    ])
      await fails(assert, opener.open(jwe, { context: wrong }), 'context_mismatch')
    for (const bad of [undefined, null, 5, [], { a: 1 }, { 'sealdrop:path': '/a' }])
      await fails(assert, opener.open(jwe, { context: bad }), 'invalid_argument')
    await fails(assert, opener.open(jwe), 'invalid_argument')
    assert.equal(calls.length, 0)
    assert.equal((await opener.open(jwe, { context: { b: '2', a: '1' } })).text(), 'x')
    assert.equal((await opener.open(jwe, { context: (found) => found.a === '1' })).text(), 'x')
    assert.equal(
      (
        await opener.open(await seal(keysOf('P-256-enc'), 'y', { context: {} }), { context: {} })
      ).text(),
      'y',
    )
  })

  test('a value older than maxAge, from the future, or without a time is expired before the key is asked', async () => {
    const now = 1_800_000_000_000
    const { opener, calls } = await over(['P-256-enc'], { now: () => now, maxAge: 60_000 })
    const at = (iat) => sealWithJose(jose, 'P-256-enc', 'x', iat === undefined ? {} : { iat })
    for (const iat of [now / 1000 - 61, now / 1000 + 61, undefined])
      await fails(assert, opener.open(await at(iat), { context: {} }), 'expired')
    await fails(
      assert,
      opener.open(await at(now / 1000 - 31), { context: {}, maxAge: 30_000 }),
      'expired',
    )
    assert.equal(calls.length, 0)
    for (const iat of [now / 1000 - 60, now / 1000 + 60])
      await opener.open(await at(iat), { context: {} })
  })

  test('a value from the future is taken within the tolerance of the opener, and maxAge stays as it is', async () => {
    const now = 1_800_000_000_000
    const at = (seconds) => sealWithJose(jose, 'P-256-enc', 'x', { iat: now / 1000 + seconds })
    for (const [tolerance, within] of [
      [600_000, 600],
      [0, 0],
    ]) {
      const { opener, calls } = await over(['P-256-enc'], {
        now: () => now,
        maxAge: 60_000,
        tolerance,
      })
      for (const seconds of [within + 1, -61])
        await fails(assert, opener.open(await at(seconds), { context: {} }), 'expired')
      assert.equal(calls.length, 0)
      for (const seconds of [within, -60]) await opener.open(await at(seconds), { context: {} })
    }
  })

  test('a context function that is async decides nothing, and its failure ends nothing', async () => {
    const { opener } = await over(['P-256-enc'])
    const jwe = await seal(keysOf('P-256-enc'), 'x', { context: {} })
    await fails(assert, opener.open(jwe, { context: async () => true }), 'context_mismatch')
    await fails(
      assert,
      opener.open(jwe, {
        context: async () => {
          throw new Error('x')
        },
      }),
      'context_mismatch',
    )
  })

  test('content of a foreign sender that is not what its cty says is malformed when it is read', async () => {
    const { opener } = await over(['P-256-enc'])
    const text = await opener.open(
      await sealWithJose(jose, 'P-256-enc', new Uint8Array([255]), {
        cty: 'text/plain;charset=utf-8',
      }),
      { context: {} },
    )
    await fails(assert, () => text.text(), 'malformed')
    for (const json of ['{"a":1,"a":2}', '{"__proto__":{}}', '{', 'NaN']) {
      const opened = await opener.open(
        await sealWithJose(jose, 'P-256-enc', json, { cty: 'application/json' }),
        { context: {} },
      )
      await fails(assert, () => opened.json(), 'malformed')
    }
  })
}
