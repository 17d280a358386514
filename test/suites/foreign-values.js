import { fails, publicJwk } from '../support/host.js'
import { openerOf } from '../support/seal-with-jose.js'
import { authlibValues } from '../vectors/authlib-values.js'

const context = { form: 'claim' }

/**
 * Values as libraries write them that take RFC 7518 less strictly than we do.
 *
 * @param {import('../support/host.js').Host} host
 */
export function foreignValuesSuite(host) {
  const { test, assert, door, jose } = host
  /** @param {string} value */
  const epkOf = (value) => /** @type {any} */ (jose.decodeProtectedHeader(value)).epk
  const withEpk = (value, change) => {
    const [text, ...rest] = value.split('.')
    const header = JSON.parse(new TextDecoder().decode(jose.base64url.decode(text)))
    const epk = { ...header.epk, ...change(header.epk) }
    return [jose.base64url.encode(JSON.stringify({ ...header, epk })), ...rest].join('.')
  }
  const bytesOf = (text) => jose.base64url.decode(text)

  test('the values of Authlib are all there, with the coordinates that they say', () => {
    assert.equal(authlibValues.length, 20)
    const lengths = { 'P-256': 32, 'P-384': 48, 'P-521': 66 }
    for (const { value, short } of authlibValues) {
      const epk = epkOf(value)
      for (const name of ['x', 'y'])
        assert.equal(bytesOf(epk[name]).length < lengths[epk.crv], short.includes(name))
    }
  })

  for (const { name, alg, short, value } of authlibValues)
    test(`a value that Authlib sealed to ${name} with ${alg} opens, its epk ${short ? `short in ${short}` : 'of full length'}`, async () => {
      const { opener, calls } = await openerOf(host, [name])
      const opened = await opener.open(value, { context })
      assert.deepEqual(opened.json(), { a: 1 })
      assert.equal(calls.length, 1)
    })

  test('a coordinate of epk that is empty, longer, no base64url or padded off its curve asks no key', async () => {
    for (const { name, value } of authlibValues) {
      const { opener, calls } = await openerOf(host, [name])
      /** @type {((epk: any) => object)[]} */
      const changes = [
        ({ x }) => ({ x: '', y: x }),
        () => ({ y: '' }),
        ({ x }) => ({
          x: jose.base64url.encode(new Uint8Array([...new Uint8Array(66), ...bytesOf(x)])),
        }),
        ({ y }) => ({ y: `${y}=` }),
        ({ x }) => ({ x: jose.base64url.encode(bytesOf(x).slice(1)) }),
        ({ x }) => ({ x: jose.base64url.encode(bytesOf(x).slice(0, -1)) }),
        () => ({ x: 'AQ', y: 'AQ' }),
        () => ({ x: 'AA', y: 'AA' }),
        () => ({ x: 5 }),
        () => ({ x: undefined }),
      ]
      for (const change of changes)
        await fails(assert, opener.open(withEpk(value, change), { context }), 'malformed')
      assert.equal(calls.length, 0)
    }
  })

  test('a value whose header was changed to the padded coordinate is rejected: its bytes are authenticated', async () => {
    const [{ name, value }] = authlibValues.filter(({ short }) => short === 'x')
    const { opener } = await openerOf(host, [name])
    const epk = epkOf(value)
    const x = jose.base64url.encode(new Uint8Array([0, ...bytesOf(epk.x)]))
    assert.equal(bytesOf(x).length, 32)
    const changed = withEpk(value, () => ({ x }))
    await fails(assert, opener.open(changed, { context }), 'rejected')
  })

  test('a key of a set whose coordinate is short is passed over', async () => {
    const jwk = publicJwk('P-521-enc')
    for (const name of ['x', 'y'])
      for (const text of [
        jwk[name].slice(0, -2),
        jose.base64url.encode(bytesOf(jwk[name]).slice(1)),
      ]) {
        const keys = door.importKeySet(
          { keys: [{ ...jwk, [name]: text }] },
          { trust: door.inHand() },
        )
        await fails(assert, door.seal(keys, 'x', { context }), 'no_usable_key', /expected 66 bytes/)
      }
  })
}
