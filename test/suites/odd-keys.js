import { fails, keySetOf, publicJwk } from '../support/host.js'
import { receipts, seconds, start, year } from '../support/receipts.js'
import { rawSign, text } from '../support/sign.js'
import { signers } from '../support/signature-keys.js'
import { keyPairs } from '../vectors/keys.js'

/** The y coordinates of Ed25519's points of order 1, 2, 4 and 8, in every encoding. */
const smallOrders = [
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  '00'.repeat(32),
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
]
const bytesOf = (hex) => Uint8Array.from(hex.match(/../g), (octet) => parseInt(octet, 16))

/**
 * Keys that are none, and odd rows beside good ones.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function oddKeysSuite(host) {
  const { test, assert, door, jose } = host
  const { importKeySet, inHand, pinned, seal, sealStream, signedBy, verify, verifySignature } = door
  const { encode } = jose.base64url
  const { signed } = signers(host)
  const { receiptOf, fileOf, historyOf, later, revoked } = receipts(host)
  const context = {}
  const keysOf = (...jwks) => importKeySet(keySetOf(...jwks), { trust: inHand(), now: () => start })
  const sealedTo = async (...jwks) =>
    jose.decodeProtectedHeader(await seal(keysOf(...jwks), 'x', { context })).kid
  const good = publicJwk('P-384-enc')

  /** The same key with a modulus that is even. */
  const evenModulus = (name) => {
    const jwk = publicJwk(name, { alg: name.endsWith('sig') ? 'PS256' : 'RSA-OAEP-256' })
    const n = jose.base64url.decode(jwk.n)
    n[n.length - 1] &= 0xfe
    return { ...jwk, n: encode(n) }
  }
  const smallOrder = smallOrders.flatMap((hex) =>
    [0, 0x80].map((sign) => {
      const bytes = bytesOf(hex)
      bytes[31] |= sign
      return { kty: 'OKP', crv: 'Ed25519', x: encode(bytes), use: 'sig' }
    }),
  )
  const none = [
    ...['RSA-2048-enc', 'RSA-3072-enc', 'RSA-4096-enc', 'RSA-2048-sig'].map(evenModulus),
    ...smallOrder,
  ]

  test('an RSA key with an even modulus, and an Ed25519 point of small order, are passed over with a reason', async () => {
    for (const bad of none) {
      await fails(assert, keysOf(bad).ready(), 'no_usable_key', /member [nx]: .*usable key/)
      await fails(assert, sealedTo(bad), 'no_usable_key', /usable key/)
      assert.equal(await sealedTo(bad, good), await jose.calculateJwkThumbprint(good))
      assert.lengthOf(await keysOf(bad, good).list(), 1)
    }
  })

  test('a type that spells a row of the table is no key', async () => {
    const { n } = publicJwk('RSA-2048-sig')
    const { x, y } = publicJwk('P-256-sig')
    const rows = [
      { kty: 'RSA exponent 1,0,1', n, use: 'sig', alg: 'PS256' },
      { kty: 'RSA exponent', crv: '1,0,1', n, use: 'sig', alg: 'PS256' },
      { kty: 'EC P-256', x, y, use: 'sig', alg: 'ES256' },
      { crv: 'EC P-256', x, y, use: 'sig', alg: 'ES256' },
      { kty: ['EC'], crv: 'P-256', x, y, use: 'sig', alg: 'ES256' },
    ]
    for (const row of rows) await fails(assert, keysOf(row).list(), 'no_usable_key', /not a key of/)
  })

  test('a pinned key is found beside rows that are no keys', async () => {
    const pin = await jose.calculateJwkThumbprint(good)
    const trust = pinned([pin])
    const rows = [...none, { kty: 'XX' }, {}, { ...good, x: 'AA' }]
    for (const bad of rows)
      for (const jwks of [
        [bad, good],
        [good, bad],
      ]) {
        const [found] = await importKeySet(keySetOf(...jwks), { trust, now: () => start }).list()
        assert.equal(found?.thumbprint, pin)
      }
  })

  test('they are no roots, and verify nothing', async () => {
    for (const bad of none.filter(({ use }) => use === 'sig')) {
      await fails(assert, () => signedBy([bad]), 'keys_malformed', /usable key/)
      const alg = bad.kty === 'RSA' ? 'PS256' : 'Ed25519'
      const jws = `${encode(JSON.stringify({ alg }))}.${encode('x')}.${encode(new Uint8Array(64))}`
      await fails(assert, verify(keysOf(bad, good), jws), 'key_not_found')
    }
  })

  test('points whose order is large are keys', async () => {
    const points = Array.from({ length: 20 }, (_, i) => encode(new Uint8Array(32).fill(i + 2)))
    const jwks = points.map((x) => ({ kty: 'OKP', crv: 'Ed25519', x, use: 'sig' }))
    assert.lengthOf(await keysOf(publicJwk('Ed25519-sig'), ...jwks).list(), 21)
  })

  const kid = '2026'
  const es = publicJwk('P-256-sig', { alg: 'ES256' })
  const rsa = publicJwk('RSA-2048-sig')
  const both = [
    { ...rsa, alg: 'RS256' },
    { ...rsa, alg: 'PS256' },
  ]

  test('one kid of keys of several kinds: the alg of the token decides', async () => {
    const keys = keysOf({ ...es, kid }, { ...rsa, alg: 'RS256', kid }, { ...good, kid })
    assert.lengthOf(await keys.list(), 3)
    for (const alg of ['ES256', 'RS256'])
      assert.equal((await verify(keys, await signed(alg, 'x', { kid }))).key.alg, alg)
    await fails(assert, verify(keys, await signed('PS256', 'x', { kid })), 'key_not_found')
    assert.match(await seal(keys, 'x', { context }), /^ey/)
    assert.equal(
      await sealedTo({ ...es, kid }, { ...good, kid }),
      await jose.calculateJwkThumbprint(good),
    )
  })

  test('one kid of two keys for one algorithm decides nothing, and neither does none', async () => {
    const other = { ...publicJwk('P-256-enc'), use: 'sig', alg: 'ES256' }
    const keys = keysOf({ ...es, kid }, { ...other, kid })
    for (const name of [kid, undefined])
      await fails(assert, verify(keys, await signed('ES256', 'x', { kid: name })), 'key_not_found')
    await verify(keys, await signed('ES256', 'x'))
  })

  test('one RSA key for two algorithms verifies both, by a kid that both have, by two, and by none', async () => {
    for (const [first, second] of [
      [{}, {}],
      [{ kid }, { kid }],
      [{ kid: 'a' }, { kid: 'b' }],
    ]) {
      const keys = keysOf({ ...both[0], ...first }, { ...both[1], ...second })
      assert.lengthOf(await keys.list(), 2)
      for (const alg of ['RS256', 'PS256']) {
        assert.equal((await verify(keys, await signed(alg, 'x'))).key.alg, alg)
        assert.equal((await verify(keys, await signed(alg, 'x', { kid: undefined }))).key.alg, alg)
        const message = text.encode('x')
        const signature = await rawSign(alg, message, keyPairs['RSA-2048-sig'])
        await verifySignature(keys, { message, signature, algorithm: alg })
      }
      await fails(assert, verify(keys, await signed('RS512', 'x')), ['rejected', 'key_not_found'])
    }
  })

  test('a row that is there twice, also under another name, is one key', async () => {
    const sets = [
      [es, es],
      [
        { ...es, kid: 'a' },
        { ...es, kid: 'a' },
      ],
      [
        { ...es, kid: 'a' },
        { ...es, kid: 'b' },
      ],
    ]
    for (const rows of sets) {
      const keys = keysOf(...rows)
      const names = rows.map((row) => row.kid ?? undefined)
      for (const name of [...names, await jose.calculateJwkThumbprint(es), undefined])
        await verify(keys, await signed('ES256', 'x', { kid: name }))
    }
    assert.equal(await sealedTo(good, good), await jose.calculateJwkThumbprint(good))
    await sealStream(keysOf(good, { ...good, kid }), new Blob(['x']), { context })
  })

  test('what one row of a key takes away, another one does not give back', async () => {
    const iat = seconds(start)
    const takenBack = revoked(start + year, 'compromised')
    const dated = (alg) => signed(alg, 'x', { iat })
    for (const rows of [
      [both[0], { ...both[1], ...takenBack }],
      [{ ...both[0], ...takenBack }, both[1]],
    ])
      for (const alg of ['RS256', 'PS256'])
        await fails(assert, verify(keysOf(...rows), await dated(alg)), 'key_unusable')
    const ended = [{ ...both[0], exp: iat - 100 }, both[1]]
    await fails(assert, verify(keysOf(...ended), await dated('RS256')), 'expired')
    await verify(keysOf(...ended), await dated('PS256')) // another algorithm, other dates
    for (const statement of [{ exp: iat - 100 }, { nbf: iat + 100 }]) {
      const rows = [es, { ...es, ...statement }]
      for (const order of [rows, [rows[1], rows[0]]])
        await fails(assert, verify(keysOf(...order), await dated('ES256')), 'expired')
    }
    for (const statement of [takenBack, { exp: iat }, { nbf: iat + 1 }, { key_ops: ['verify'] }]) {
      const ec = publicJwk('P-256-enc')
      for (const rows of [
        [ec, { ...ec, ...statement }],
        [{ ...ec, ...statement }, ec],
      ]) {
        await fails(assert, sealedTo(...rows), 'no_usable_key')
        assert.equal(await sealedTo(...rows, good), await jose.calculateJwkThumbprint(good))
      }
    }
  })

  test('a row that is passed over still takes its key back', async () => {
    const iat = seconds(start)
    const takenBack = revoked(start + year, 'compromised')
    const odd = [{ exp: 'soon' }, { kid: 7 }, { use: 'tls' }, { use: 'sig', alg: 'A1' }]
    for (const statement of odd) {
      const twin = (jwk) => ({ ...jwk, ...statement, ...takenBack })
      const dated = await signed('ES256', 'x', { iat })
      for (const rows of [
        [es, twin(es)],
        [twin(es), es],
      ])
        await fails(assert, verify(keysOf(...rows), dated), 'key_unusable', /taken back/)
      const ec = publicJwk('P-256-enc')
      for (const rows of [
        [ec, twin(ec)],
        [twin(ec), ec],
      ]) {
        await fails(assert, sealedTo(...rows), 'no_usable_key', /says revoked/)
        assert.equal(await sealedTo(...rows, good), await jose.calculateJwkThumbprint(good))
      }
      const stranger = twin({ ...publicJwk('P-521-sig'), kid: es.kid })
      await verify(keysOf(es, stranger), dated) // another key, whatever its name is
      await verify(keysOf(es, { ...es, ...statement }), dated) // odd, and not taken back
    }
  })

  test('an RSA key that is taken back for one use is taken back for the other', async () => {
    const iat = seconds(start)
    const takenBack = revoked(start + year, 'compromised')
    const forUse = [
      { ...rsa, use: 'enc', alg: 'RSA-OAEP-256' },
      { ...rsa, use: 'sig', alg: 'PS256' },
    ]
    const dated = await signed('PS256', 'x', { iat })
    await verify(keysOf(...forUse), dated)
    await fails(
      assert,
      verify(keysOf({ ...forUse[0], ...takenBack }, forUse[1]), dated),
      'key_unusable',
    )
    await fails(assert, sealedTo(forUse[0], { ...forUse[1], ...takenBack }), 'no_usable_key')
  })

  test('a row whose key_ops leave verify out says so for its twin', async () => {
    for (const key_ops of [['encrypt'], [], null, 'verify'])
      for (const rows of [
        [es, { ...es, key_ops }],
        [{ ...es, key_ops }, es],
      ])
        await fails(assert, verify(keysOf(...rows), await signed('ES256', 'x')), 'key_not_found')
    const rows = [es, { ...es, key_ops: ['verify'] }]
    await verify(keysOf(...rows), await signed('ES256', 'x'))
  })

  test('a row that only takes its key back says nothing else: what was signed before stays good', async () => {
    const iat = seconds(start)
    const replaced = revoked(start + year, 'superseded')
    const dated = await signed('ES256', 'x', { iat })
    const others = [
      { use: 5, key_ops: [] },
      { use: 5, key_ops: null, exp: iat - 100 },
      { use: 'enc', alg: 'ECDH-ES+A256KW', key_ops: ['deriveBits'] },
      { use: 'enc', alg: 'ECDH-ES+A256KW', key_ops: [], exp: iat - 100 },
    ]
    for (const other of others) {
      const rows = [es, { ...es, ...other, ...replaced }]
      await verify(keysOf(...rows), dated)
      const after = await signed('ES256', 'x', { iat: iat + 2 * (year / 1000) })
      await fails(assert, verify(keysOf(...rows), after), 'expired', /taken back/)
    }
  })

  test('a history with two rows of a key is asked for the one of the receipt', async () => {
    const row = publicJwk('RSA-2048-sig')
    const keys = [
      { ...row, alg: 'RS256', exp: seconds(start) - 100 },
      { ...row, alg: 'PS256' },
    ]
    const file = await fileOf([keys[1]], receiptOf({}, { alg: 'PS256' }))
    assert.isTrue((await later(file, { history: await historyOf(keys) })).history)
    const taken = [{ ...keys[0], ...revoked(start + year, 'compromised') }, keys[1]]
    await fails(assert, later(file, { history: await historyOf(taken) }), 'key_unusable')
  })
}
