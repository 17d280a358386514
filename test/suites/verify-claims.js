import { fails, outcomeOf, signatureKeys } from '../support/host.js'
import { signers } from '../support/signature-keys.js'
import { wrong } from '../support/types.mjs'

/**
 * JWT and receipts: what they must say, and when.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function verifyClaimsSuite(host) {
  const { test, assert, door } = host
  const { verifyJwt, verifyReceipt } = door
  const algs = Object.keys(signatureKeys)
  const { keysOf, signed, flip } = signers(host, [host.mlDsa()])
  const jwt = async (alg, claims, header = {}) =>
    signed(alg, JSON.stringify(claims), { typ: 'JWT', ...header })
  const issuer = 'https://issuer.example'
  const audience = 'me'
  const now = 1_800_000_000
  const good = { iss: issuer, aud: audience, iat: now, exp: now + 60, scope: 'a' }
  const at = { now: () => now * 1000 }
  for (const alg of algs) {
    test(`a JWT with ${alg} verifies with its claims`, async () => {
      const { claims, key } = await verifyJwt(keysOf(alg, {}, at), await jwt(alg, good), {
        issuer,
        audience,
      })
      assert.deepEqual({ ...claims }, good)
      assert.equal(key.alg, alg)
    })
  }

  /** @type {[string, object, object?][]} */
  const claimRows = [
    ['rejected', { iss: 'other' }],
    ['rejected', { iss: undefined }],
    ['rejected', { aud: 'other' }],
    ['rejected', { aud: ['other'] }],
    ['rejected', { aud: undefined }],
    ['rejected', { exp: undefined }],
    ['rejected', { exp: 'soon' }],
    ['rejected', { nbf: '1' }],
    ['expired', { exp: now - 61 }],
    ['expired', { nbf: now + 61 }],
    ['expired', { iat: now - 121, exp: undefined }, { maxAge: 60_000 }],
    ['expired', { iat: now - 61 }, { maxAge: 60_000, tolerance: 0 }],
    ['expired', { exp: now - 1 }, { tolerance: 0 }],
    ['rejected', {}, { typ: 'at+jwt' }],
    ['rejected', { iat: undefined }, { maxAge: 60_000 }],
    ['rejected', { iat: now + 61 }, { maxAge: 60_000 }],
    ['rejected', { iat: now + 61, exp: now + 3_600 }],
    ['rejected', { iat: now + 1 }, { tolerance: 0 }],
    ['rejected', { iat: now + 315_360_000, exp: now + 315_360_060 }],
    ['rejected', { sub: 7 }],
    ['rejected', { sub: 'x' }, { subject: 'y' }],
    ['rejected', {}, { subject: 'y' }],
    ['rejected', { jti: {} }],
    ['rejected', { iat: '1' }],
    ['rejected', { iat: now * 1000 }],
    ['rejected', { exp: -1 }],
    ['rejected', { iss: [issuer] }],
  ]
  for (const [code, claims, o = {}] of claimRows) {
    test(`a JWT with ${JSON.stringify(claims)} under ${JSON.stringify(o)} is ${code}`, async () =>
      fails(
        assert,
        verifyJwt(keysOf('ES256', {}, at), await jwt('ES256', { ...good, ...claims }), {
          issuer,
          audience,
          ...o,
        }),
        code,
      ))
  }

  test('a JWT within the tolerance, with several audiences, or without exp but with maxAge verifies', async () => {
    for (const [claims, o] of [
      [{ exp: now - 59 }],
      [{ nbf: now + 59 }],
      [{ iat: now + 59 }],
      [{ iat: now + 600, exp: now + 900 }, { tolerance: 600_000 }],
      [{ iat: undefined }],
      [{ aud: ['x', audience] }],
      [{ exp: undefined }, { maxAge: 60_000 }],
      [{ sub: 'y' }, { subject: 'y' }],
    ]) {
      await verifyJwt(keysOf('ES256', {}, at), await jwt('ES256', { ...good, ...claims }), {
        issuer,
        audience,
        ...o,
      })
    }
  })

  /** @type {[expected: string, claims: object, o: object][]} */
  const severalRows = [
    ['done', {}, { issuer: ['https://other.example', issuer] }],
    ['done', {}, { audience: ['other', audience] }],
    ['done', { aud: ['x', audience] }, { issuer: [issuer], audience: [audience, 'other'] }],
    ['done', { aud: undefined }, { audience: null }],
    ['rejected', { iss: [issuer] }, { issuer: [issuer] }],
    ['rejected', { iss: undefined }, { issuer: [issuer, 'other'] }],
    ['rejected', {}, { issuer: ['https://other.example', 'other'] }],
    ['rejected', { aud: 'x' }, { audience: ['other', audience] }],
    ['rejected', { aud: [[audience]] }, { audience: [audience] }],
    ['rejected', { aud: [] }, { audience: [audience] }],
    ['rejected', { aud: undefined }, { audience: [audience] }],
    ['rejected', { aud: null }, { audience: [audience] }],
    ...[audience, [], [audience], '', null, 0, {}].map(
      (aud) => /** @type {[string, object, object]} */ (['rejected', { aud }, { audience: null }]),
    ),
    ...[undefined, '', [], [''], [audience, ''], [null], [[audience]], 7, {}].flatMap((other) =>
      ['issuer', 'audience'].map(
        (name) =>
          /** @type {[string, object, object]} */ (['invalid_argument', {}, { [name]: other }]),
      ),
    ),
    ['invalid_argument', {}, { issuer: null }],
  ]
  test('one of several issuers and audiences is enough, and a token without aud is taken by null alone', async () => {
    for (const [expected, claims, o] of severalRows) {
      const token = await jwt('ES256', { ...good, ...claims })
      const verifying = verifyJwt(keysOf('ES256', {}, at), token, { issuer, audience, ...o })
      assert.equal(await outcomeOf(verifying), expected, JSON.stringify([claims, o]))
    }
  })

  test('names that a caller changes while a token is verified do not count', async () => {
    const names = [audience]
    const verifying = verifyJwt(keysOf('ES256', {}, at), await jwt('ES256', good), {
      issuer,
      audience: names,
    })
    names[0] = 'other'
    await verifying
  })

  test('a JWT has no cty, and no typ but JWT unless the caller names it', async () => {
    const expected = { issuer, audience }
    const verified = async (header, o = {}) =>
      verifyJwt(keysOf('ES256', {}, at), await jwt('ES256', good, header), { ...expected, ...o })
    for (const typ of [undefined, 'JWT', 'jwt', 'application/jwt', 'application/JWT'])
      await verified({ typ })
    for (const typ of ['at+jwt', 'application/AT+jwt']) await verified({ typ }, { typ: 'at+jwt' })
    for (const typ of ['at+jwt', 'JOSE', 'dpop+jwt', '', ' JWT', 'text/jwt', 'JWT+x'])
      await fails(assert, verified({ typ }), 'rejected', /expected a JWT/)
    for (const cty of ['json', 'JWT', 'octet-stream', 'text/plain;charset=utf-8', ''])
      for (const [typ, o] of [['JWT'], [undefined], ['at+jwt', { typ: 'at+jwt' }]])
        await fails(assert, verified({ typ, cty }, o), 'rejected', /without cty/)
    await fails(assert, verified({ typ: undefined }, { typ: 'JWT' }), 'rejected', /typ/)
  })

  test('a JWT with duplicate claims, of a reserved type, or without an expected issuer is refused', async () => {
    const keys = keysOf('ES256', {}, at)
    await fails(
      assert,
      verifyJwt(keys, await signed('ES256', `{"iss":"a",${JSON.stringify(good).slice(1)}`), {
        issuer,
        audience,
      }),
      'malformed',
      /duplicate/,
    )
    await fails(
      assert,
      verifyJwt(keys, await signed('ES256', '[]'), { issuer, audience }),
      'malformed',
    )
    for (const typ of [
      'sealdrop-receipt+jwt',
      'application/jwk-set+jwt',
      'jwk-set-history+jwt',
      'sealdrop-file+jwt',
    ])
      await fails(
        assert,
        verifyJwt(keys, await jwt('ES256', good, { typ }), { issuer, audience }),
        'rejected',
        /expected a JWT/,
      )
    for (const o of [
      undefined,
      {},
      { issuer },
      { audience },
      { issuer: '', audience },
      { issuer, audience, maxAge: NaN },
      { issuer, audience, tolerance: -1 },
    ])
      await fails(assert, verifyJwt(keys, await jwt('ES256', good), wrong(o)), 'invalid_argument')
  })

  const sent = { messageId: 'm1', digest: 'd1' }
  const receipt = {
    iss: 'urn:x',
    iat: now,
    jti: 'j',
    messageId: 'm1',
    digest: 'd1',
    length: 5,
    ctx: {},
    stage: 'opened',
  }
  const receiptOf = (claims, header) =>
    signed('ES256', JSON.stringify({ ...receipt, ...claims }), {
      typ: 'sealdrop-receipt+jwt',
      ...header,
    })

  test('a receipt verifies for exactly what was sent', async () => {
    const found = await verifyReceipt(keysOf('ES256'), await receiptOf(), { sent })
    assert.equal(found.receivedAt.getTime(), now * 1000)
    assert.equal(found.key.alg, 'ES256')
  })

  /** @type {[string, object, object?][]} */
  const receiptRows = [
    ['rejected', { messageId: 'm2' }],
    ['rejected', { digest: 'd2' }],
    ['rejected', {}, { typ: 'JWT' }],
    ['rejected', {}, { typ: undefined }],
    ['malformed', { stage: 'lost' }],
    ['malformed', { length: -0.5 }],
    ['malformed', { messageId: undefined }],
    ['malformed', { iat: 'x' }],
    ['malformed', { iat: now * 1000 }],
    ['malformed', { ctx: { a: 1 } }],
    ['malformed', { key: 5 }],
  ]
  for (const [code, claims, header] of receiptRows) {
    test(`a receipt with ${JSON.stringify(claims)} ${JSON.stringify(header ?? '')} is ${code}`, async () =>
      fails(
        assert,
        verifyReceipt(keysOf('ES256'), await receiptOf(claims, header), { sent }),
        code,
      ))
  }

  test('a receipt with any bit of its signature flipped, or without what was sent, is refused', async () => {
    const jws = await receiptOf()
    for (let byte = 0; byte < 64; byte++)
      await fails(assert, verifyReceipt(keysOf('ES256'), flip(jws, 2, byte), { sent }), 'rejected')
    await fails(assert, verifyReceipt(keysOf('ES256'), flip(jws, 1, 10), { sent }), 'rejected')
    for (const o of [undefined, {}, { sent: {} }])
      await fails(assert, verifyReceipt(keysOf('ES256'), jws, wrong(o)), 'invalid_argument')
  })
}
