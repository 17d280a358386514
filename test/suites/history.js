import { fails, keySetOf, publicJwk } from '../support/host.js'
import { receipts, seconds, sent, start, year } from '../support/receipts.js'
import { signJws } from '../support/sign.js'
import { wrong } from '../support/types.mjs'

/**
 * Receipts years later: the publisher's history, and a key that expired or was taken back.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function historySuite(host) {
  const { test, assert, door, jose } = host
  const { fetchKeySet, importKeySet, inHand, overHttps, pinned, signedBy, verify, verifyReceipt } =
    door
  const { root, signing, thumbprint, receiptOf, setOf, historyOf, fileOf, later, revoked } =
    receipts(host)

  test('a history says that the key was good, although it is published no more', async () => {
    const found = await later(await fileOf(), {
      history: await historyOf([signing({ exp: seconds(start + year) }), publicJwk('Ed25519-sig')]),
    })
    assert.isTrue(found.history)
    await fails(
      assert,
      later(await fileOf(), { history: await historyOf([publicJwk('Ed25519-sig')]) }),
      'key_not_found',
      /history/,
    )
    await fails(
      assert,
      later(await fileOf(), { history: await historyOf([signing({ exp: seconds(start) - 100 })]) }),
      'expired',
    )
  })

  /** @type {[string, object, object, string | undefined][]} */
  const revocations = [
    ['compromised after', revoked(start + year, 'compromised'), {}, 'key_unusable'],
    [
      'compromised after, held before',
      revoked(start + year, 'compromised'),
      { heldSince: new Date(start + 1000) },
      undefined,
    ],
    [
      'compromised after, held only later',
      revoked(start + year, 'compromised'),
      { heldSince: new Date(start + 2 * year) },
      'key_unusable',
    ],
    [
      'compromised before',
      revoked(start - 1000, 'compromised'),
      { heldSince: new Date(start - 5000) },
      'expired',
    ],
    ['taken back for no reason that is said', revoked(start + year), {}, 'key_unusable'],
    ['unspecified', revoked(start + year, 'unspecified'), {}, 'key_unusable'],
    ['superseded after', revoked(start + year, 'superseded'), {}, undefined],
    ['superseded before', revoked(start - 1000, 'superseded'), {}, 'expired'],
    ['a revocation of another form', { revoked: true }, {}, 'expired'],
    ['a revocation without a time', { revoked: { reason: 'superseded' } }, {}, 'expired'],
    ['a revocation that is an empty text', { revoked: '' }, {}, 'expired'],
    ['a revocation that is null', { revoked: null }, {}, undefined],
    ['a revocation that is false', { revoked: false }, {}, undefined],
  ]
  for (const [what, statement, o, code] of revocations) {
    test(`a key ${what}: ${code ?? 'the receipt stands'}, by history, by the set, and for any signature`, async () => {
      const file = await fileOf()
      const receipt = await receiptOf()
      const keys = importKeySet(keySetOf(signing(statement)), { trust: inHand() })
      const jws = await signJws('ES256', { alg: 'ES256', iat: seconds(start) }, 'x')
      for (const work of [
        async () => later(file, { history: await historyOf([signing(statement)]), ...o }),
        () => verifyReceipt(keys, receipt, { sent, ...o }),
        () => verify(keys, jws, o),
      ]) {
        if (code) await fails(assert, work, code)
        else await work()
      }
    })
  }

  test('a token without a time is nothing under a key that was taken back, and as before under others', async () => {
    const jws = await signJws('ES256', { alg: 'ES256' }, 'x')
    await fails(
      assert,
      verify(
        importKeySet(keySetOf(signing(revoked(start + year, 'superseded'))), { trust: inHand() }),
        jws,
      ),
      'expired',
      /or not when/,
    )
    assert.equal(
      (await verify(importKeySet(keySetOf(signing()), { trust: inHand() }), jws)).text(),
      'x',
    )
    for (const heldSince of [5, '2030-01-01', new Date(NaN), null])
      for (const statement of [revoked(start + year), {}])
        await fails(
          assert,
          verify(importKeySet(keySetOf(signing(statement)), { trust: inHand() }), jws, {
            heldSince: wrong(heldSince),
          }),
          'invalid_argument',
          /heldSince/,
        )
  })

  test('a thief who has the key and an old set can make a file, which only the history stops', async () => {
    const forged = await fileOf(
      [signing()],
      receiptOf({ messageId: 'forged', iat: seconds(start) - 1000 }),
      { sent: { messageId: 'forged', digest: 'd1' } },
    )
    assert.isFalse((await later(forged)).history)
    await fails(
      assert,
      later(forged, { history: await historyOf([signing(revoked(start + year, 'compromised'))]) }),
      'key_unusable',
      /chooses the date/,
    )
  })

  test('only a signed history counts: a set of another trust, or one without its type, is refused', async () => {
    const file = await fileOf()
    const answer = async () => new Response(keySetOf(signing()))
    const served = (trust) => fetchKeySet('https://keys.example/', { trust, fetch: answer })
    const current = (trust) =>
      setOf([signing()]).then((set) => importKeySet(set, { trust, now: () => start }))
    for (const history of [
      served(overHttps()),
      served(pinned([await thumbprint(signing())])),
      importKeySet(keySetOf(signing()), { trust: inHand() }),
      await current(signedBy([root])),
      await current(pinned([await thumbprint(signing())])),
    ])
      await fails(assert, later(file, { history }), 'keys_untrusted', /history/)
    for (const typ of ['jwk-set+jwt', 'JWK-SET-HISTORY+JWT', 'application/jwk-set-history+jwt'])
      await fails(
        assert,
        later(file, { history: await historyOf([signing()], { typ }) }),
        'keys_untrusted',
        /has the type/,
      )
    await fails(assert, later(file, { history: wrong({}) }), 'invalid_argument', /keys/)
    assert.isFalse((await later(file, { history: wrong(null) })).history)
    assert.isTrue((await later(file, { history: await historyOf([signing()]) })).history)
  })

  test('a history may have 1,024 keys and 1 MiB, which a set may not', async () => {
    const others = Array.from({ length: 40 }, (_, i) => ({
      kty: 'OKP',
      crv: 'Ed25519',
      use: 'sig',
      kid: `k${i}`,
      x: jose.base64url.encode(new Uint8Array(32).fill(i + 1)),
    }))
    const keys = [...others, signing()]
    await later(await fileOf(), { history: await historyOf(keys) })
    await fails(
      assert,
      importKeySet(await setOf(keys), { trust: signedBy([root]), now: () => start }).ready(),
      'keys_malformed',
      /32/,
    )
    const many = Array.from({ length: 1_025 }, (_, i) => ({
      kty: 'OKP',
      crv: 'Ed25519',
      use: 'sig',
      kid: `k${i}`,
      x: 'A'.repeat(43),
    }))
    await fails(assert, (await historyOf(many)).ready(), 'keys_malformed', /1024/)
    const large = await setOf(
      [...others, signing({ kid: await thumbprint(signing()), x5t: 'x'.repeat(70_000) })],
      { at: start + 10 * year, name: 'history', typ: 'jwk-set-history+jwt' },
    )
    const served = (trust) =>
      fetchKeySet('https://keys.example/', {
        trust,
        now: () => start + 10 * year,
        fetch: async () => new Response(large),
      })
    await served(signedBy([root], { history: true })).ready()
    await fails(
      assert,
      served(signedBy([root], { name: 'history' })).ready(),
      'keys_malformed',
      /65536/,
    )
    await fails(
      assert,
      importKeySet(await setOf([signing()]), {
        trust: signedBy([root], { history: true }),
        now: () => start,
      }).ready(),
      'keys_untrusted',
      /has the type/,
    )
  })
}
