import { fails, keysInHand, keySetOf, publicJwk } from '../support/host.js'
import { kmsNames, rawSign, signJws, text, toDer } from '../support/sign.js'

/**
 * What a terminal would obey, or a reader of a log be misled by: ESC, C1, line ends, directions,
 * and a lone surrogate.
 */
export const hidden = '\x1b[31m\x9b2J\x00\x7f\r\n\u2028\u202e\u2066\ufeff\u{e0041}'
export const isHidden = /[\p{C}\p{Zl}\p{Zp}]/u
const refusals =
  'invalid_argument malformed unsupported_algorithm rejected key_not_found keys_malformed keys_unreachable no_usable_key'.split(
    ' ',
  )
/** The same in a JWS or a JWE, which has no lone surrogate. */
const strange = `x${hidden}y`

/**
 * Texts that come from outside: what is hidden in them, lone surrogates, depth.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function textsSuite({ test, assert, door }) {
  const { fetchKeySet, importKeySet, inHand, inspect, seal, sealFields } = door
  const { pinned, verify, verifyJwt, verifySignature } = door
  const keys = keysInHand(door, 'P-256-sig', 'P-256-enc')
  const alg = 'ES256'
  const kid = undefined
  const context = {}
  const imported = (jwk) => importKeySet(keySetOf(jwk), { trust: inHand() })

  /** @type {Record<string, () => unknown>} */
  const named = {
    'kid of a token': async () => verify(keys, await signJws(alg, { alg, kid: strange }, 'x')),
    'alg of a token': async () => verify(keys, await signJws(alg, { alg: strange, kid }, 'x')),
    'typ of a token': async () =>
      verify(keys, await signJws(alg, { alg, typ: strange }, 'x'), { typ: 'a' }),
    'an expected typ': async () =>
      verify(keys, await signJws(alg, { alg, typ: 'a' }, 'x'), { typ: strange }),
    'a kid in a set': () => imported({ ...publicJwk('P-256-enc'), kid: strange, x: 'A' }).list(),
    'a member in a set': () => imported({ ...publicJwk('P-256-enc'), d: strange }).list(),
    'a type in a set': () => imported({ kty: strange, kid: strange }).list(),
    'a key in PEM': () =>
      importKeySet(`-----BEGIN ${strange}-----\nAAAA\n-----END ${strange}-----`, {
        trust: inHand(),
      }).list(),
    'an address': () =>
      fetchKeySet(`https://keys.invalid/${encodeURIComponent(strange)}`, {
        trust: pinned(['A'.repeat(43)]),
        fetch: async () => new Response(strange, { status: 404, statusText: 'x' }),
      }).ready(),
    'a failure of fetch': () =>
      fetchKeySet('https://keys.invalid/', {
        trust: pinned(['A'.repeat(43)]),
        fetch: () => Promise.reject(new TypeError(strange)),
      }).ready(),
    'a name in a context': () => seal(keys, 'x', { context: { [`sealdrop:${strange}`]: 'x' } }),
    'a member of a value': () => seal(keys, { [strange]: NaN }, { context }),
    'a path of a field': () => sealFields(keys, { a: 1 }, { context, fields: [strange] }),
    'the name of an algorithm': () =>
      verifySignature(keys, {
        message: 'x',
        signature: new Uint8Array(64),
        algorithm: strange,
      }),
  }
  for (const [what, work] of Object.entries(named))
    test(`no message shows what is hidden in ${what}`, async () => {
      const error = await fails(assert, work, refusals)
      assert.notMatch(error.message, isHidden)
    })

  test('a message that is text with a lone surrogate does not verify as another text', async () => {
    const message = 'a\ufffdb'
    const signature = toDer(await rawSign(alg, text.encode(message)))
    const check = (said) =>
      verifySignature(keys, { message: said, signature, algorithm: kmsNames[alg] })
    assert.equal((await check(message)).key.alg, alg)
    for (const lone of ['a\ud800b', 'a\udfffb'])
      await fails(assert, check(lone), 'invalid_argument', /message: a lone surrogate/)
  })

  // as JSON has them: no UTF-8 can carry one
  const lone = ['"\\ud800"', '{"a":"x\\uDFFFy"}', '[{"\\udc00":1}]', '"\\udc00\\ud800"']
  for (const json of lone)
    test(`the JSON ${json} that was signed, or claimed, has a lone surrogate and is malformed`, async () => {
      const header = { alg, kid, cty: 'json' }
      const verified = await verify(keys, await signJws(alg, header, json))
      await fails(assert, () => verified.json(), 'malformed', /lone surrogate/)
      const claims = `{"iss":"i","aud":"a","exp":9e9,"x":${json}}`
      const jwt = await signJws(alg, { alg, typ: 'JWT' }, claims)
      const expected = { issuer: 'i', audience: 'a' }
      await fails(assert, verifyJwt(keys, jwt, expected), 'malformed', /lone surrogate/)
      await fails(assert, verify(keys, await signJws(alg, { alg, x: '\ud800' }, 'x')), 'malformed')
    })
  test('pairs of surrogates, escaped or not, come through', async () => {
    const json = '["\\ud83d\\ude00","😀","\\\\ud800","\\u0041"]'
    const verified = await verify(keys, await signJws(alg, { alg, cty: 'json' }, json))
    assert.deepEqual(verified.json(), ['😀', '😀', '\\ud800', 'A'])
  })
  test('neither the name of a field nor what is inspected has a lone surrogate', async () => {
    const fields = ['*']
    await fails(
      assert,
      sealFields(keys, { 'a\ud800': 1 }, { context, fields }),
      'invalid_argument',
      /a name has a lone surrogate/,
    )
    const sealed = await seal(keys, 'x', { context })
    assert.equal((await inspect(sealed)).kind, 'value')
    await fails(assert, inspect(`${sealed.slice(0, -2)}\ud800`), 'malformed', /lone surrogate/)
  })
  test('a key set with a lone surrogate is malformed, as text and as an object', async () => {
    const jwk = { ...publicJwk('P-256-enc'), x5t: '\ud800' }
    const made = async (source) => importKeySet(source, { trust: inHand() }).list()
    await fails(assert, made({ keys: [jwk] }), 'keys_malformed', /lone surrogate/)
    await fails(assert, made(keySetOf(jwk)), 'keys_malformed', /lone surrogate/)
    const raw = keySetOf(jwk).replace('\\ud800', '\ud800')
    await fails(assert, made(raw), 'keys_malformed', /lone surrogate/)
  })

  const nested = (depth) => '['.repeat(depth) + ']'.repeat(depth)
  test('what is sealed, signed or verified is nested 1,000 levels at most', async () => {
    for (const depth of [1_000, 1_001]) {
      const good = depth === 1_000
      const value = seal(keys, JSON.parse(nested(depth)), { context })
      await (good ? value : fails(assert, value, 'invalid_argument', /1,000 levels/))
      const jws = await signJws(alg, { alg, cty: 'json' }, nested(depth))
      const verified = await verify(keys, jws)
      if (good) assert.equal(JSON.stringify(verified.json()), nested(depth))
      else await fails(assert, () => verified.json(), 'malformed', /deeper than 1000/)
    }
  })
}
