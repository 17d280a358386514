import { fails, offsetView } from '../support/host.js'

/**
 * The pure formats, byte by byte.
 *
 * @param {import('../support/host.js').Host} host
 */
export function formatsSuite({ test, assert, rooms }) {
  const { ecdsaFromDer, fromBase64url, toBase64url, parseJson } = rooms
  const hex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16))

  test('base64url round-trips every length, also from a view, and takes the canonical form only', () => {
    for (let length = 0; length < 70; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 255)
      const text = toBase64url(offsetView(bytes))
      assert.deepEqual(fromBase64url(text), bytes)
    }
    assert.equal(toBase64url(new Uint8Array([251, 255, 254])), '-__-')
    for (const wrong of [
      'A',
      'AAAAA',
      'AA==',
      'A+/A',
      'AA ',
      ' AA',
      'A\nA',
      'AB',
      'AAB',
      'ä',
      'AA.',
    ])
      assert.isUndefined(fromBase64url(wrong), JSON.stringify(wrong))
  })

  test('every non-canonical last character is refused', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    for (const [start, count] of [
      ['A', 4],
      ['AA', 16],
    ]) {
      assert.equal(Array.from(alphabet).filter((last) => fromBase64url(start + last)).length, count)
    }
  })

  test('a large byte string encodes without running out of stack', () => {
    const bytes = new Uint8Array(1_000_003).fill(5)
    assert.equal(fromBase64url(toBase64url(bytes))?.length, bytes.length)
  })

  test('ECDSA DER becomes r and s of full length', () => {
    const raw = ecdsaFromDer(hex('3006020101020102'), 32)
    assert.equal(raw.length, 64)
    assert.deepEqual([raw[31], raw[63]], [1, 2])
    assert.deepEqual([...ecdsaFromDer(offsetView(hex('300702020080020102')), 2)], [0, 128, 0, 2])
  })

  const wrongDer = {
    empty: '',
    'another tag': '3106020101020102',
    'an inner tag': '3006030101020102',
    'a cut length': '30',
    'cut content': '300602010102',
    'bytes behind': '300602010102010200',
    'bytes behind s': '30080201010201020000',
    'a padded integer': '300702020001020102',
    'a negative integer': '3006020181020102',
    'an empty integer': '30050200020102',
    'an integer too long':
      '30270221010000000000000000000000000000000000000000000000000000000000000000020102',
    'an indefinite length': '308002010102010200',
    'a length that is not minimal': '308106020101020102',
    'a length of three octets': '3083000006020101020102',
    'one integer': '3003020101',
    'three integers': '3009020101020102020103',
  }
  for (const [what, text] of Object.entries(wrongDer))
    test(`DER with ${what} is malformed`, () =>
      fails(assert, () => ecdsaFromDer(hex(text), 32), 'malformed'))

  test('JSON with duplicate members anywhere, __proto__ in any spelling, or too deep is refused, and never quoted', async () => {
    /** @type {import('#dist/formats/json.js').JsonRules} */
    const rules = { code: 'malformed', field: 'x', depth: 4 }
    for (const good of [
      '{"a":{"a":1},"b":{"a":1}}',
      '[{"a":1},{"a":1}]',
      '{"a":"{\\"a\\":1,\\"a\\":2}"}',
      '"a:"',
      '{"a":":","b":"__proto__"}',
      '[[[[]]]]',
    ])
      assert.deepEqual(parseJson(good, rules), JSON.parse(good))
    for (const bad of [
      '{"a":1,"a":2}',
      '{"a":1,"\\u0061":2}',
      '{"x":{"a":1,"b":[],"a":2}}',
      '{"__proto__":1}',
      '{"\\u005f_proto__":1}',
      '[[[[[]]]]]',
      '{"secret',
      'secret',
    ]) {
      const error = await fails(assert, () => parseJson(bad, rules), 'malformed')
      assert.notInclude(error.message, 'secret')
    }
  })

  test('a long text of quotes and escapes is scanned in linear time', () => {
    const text = JSON.stringify({ a: '"\\'.repeat(200_000) })
    const { a } = /** @type {{ a: string }} */ (parseJson(text, { code: 'malformed', field: 'x' }))
    assert.equal(a.length, 400_000)
  })

  test('a body has the one layout of its length, or none', () => {
    for (let frameLength = 1; frameLength <= 70; frameLength++) {
      const known = new Map()
      for (let length = 0; length < 300; length++) {
        known.set(rooms.messageLength(0, length, frameLength), [
          {
            regular: Math.max(0, Math.ceil(length / frameLength) - 1),
            final: length - Math.max(0, Math.ceil(length / frameLength) - 1) * frameLength,
          },
        ])
        if (length > 0 && length % frameLength === 0)
          known.set(length + (length / frameLength) * 32 + 40, [
            ...(known.get(length + (length / frameLength) * 32 + 40) ?? []),
            { regular: length / frameLength, final: 0 },
          ])
      }
      for (let body = 0; body < 340; body++) {
        const found = rooms.layoutOf(body, frameLength)
        if (!known.has(body)) assert.isUndefined(found, `${body} bytes of ${frameLength}`)
        else assert.deepInclude(known.get(body), found, `${body} bytes of ${frameLength}`)
      }
    }
    const most = 2 ** 32 - 1
    assert.deepEqual(rooms.layoutOf((most - 1) * 33 + 40, 1), { regular: most - 1, final: 0 })
    assert.isUndefined(rooms.layoutOf(most * 33 + 40, 1))
  })

  test('a token is valid from its first millisecond to before its last, by one tolerance, for its audience alone', () => {
    const now = 1_700_000_000_000
    const at = (ms) => (now + ms) / 1_000
    const check = (claims, o = {}) => {
      try {
        rooms.checkClaims(
          { iss: 'us', aud: 'you', ...claims },
          { issuers: ['us'], audiences: ['you'], tolerance: 5_000, now, ...o },
        )
        return 'valid'
      } catch (error) {
        return /** @type {{ code: string }} */ (error).code
      }
    }
    const rows = [
      ['valid', { exp: at(-4_000) }],
      ['expired', { exp: at(-5_000) }],
      ['expired', { exp: at(-6_000) }],
      ['valid', { exp: at(9_000), nbf: at(5_000) }],
      ['expired', { exp: at(9_000), nbf: at(6_000) }],
      ['valid', { iat: at(-15_000) }, 10_000],
      ['expired', { iat: at(-16_000) }, 10_000],
      ['valid', { iat: at(5_000) }, 10_000],
      ['rejected', { iat: at(6_000) }, 10_000],
      ['rejected', { exp: at(9_000), aud: 'not you' }],
      ['rejected', { exp: at(9_000), aud: ['not you'] }],
      ['rejected', { exp: at(9_000), aud: { includes: 'you' } }],
      ['valid', { exp: at(9_000), aud: ['him', 'you'] }],
    ]
    for (const [expected, claims, maxAge] of rows)
      assert.equal(check(claims, { maxAge }), expected, JSON.stringify(claims))
  })
}
