import { fails, keySetOf, publicJwk } from '../support/host.js'
import { signJws } from '../support/sign.js'
import { keyPairs } from '../vectors/keys.js'

const year = 365 * 24 * 3_600_000
const start = 1_900_000_000_000
const seconds = (time) => Math.floor(time / 1000)
const sent = { messageId: 'm1', digest: 'd1' }

/**
 * Receipts years later: a key that expired, was taken back, or left the set; the file that a
 * partner keeps, and the publisher's history.
 */
export function historySuite({ test, assert, door, jose, mlDsa }) {
  const {
    fetchKeySet,
    importKeySet,
    inHand,
    overHttps,
    pinned,
    receiptFile,
    signedBy,
    verify,
    verifyReceipt,
    verifyReceiptFile,
  } = door
  const root = { ...publicJwk('P-384-sig'), alg: 'ES384' }
  const signing = (more = {}) => publicJwk('P-256-sig', { alg: 'ES256', ...more })
  const thumbprint = (jwk) => jose.calculateJwkThumbprint(jwk)

  const receiptOf = async (claims = {}, { alg = 'ES256', header = {}, jwk } = {}) =>
    signJws(
      alg,
      {
        alg,
        typ: 'sealdrop-receipt+jwt',
        kid: await thumbprint(publicJwk(alg === 'ES256' ? 'P-256-sig' : `${alg}-sig`)),
        ...header,
      },
      JSON.stringify({
        iss: 'urn:x',
        iat: seconds(start),
        jti: 'j',
        ...sent,
        length: 5,
        ctx: { form: 'f' },
        stage: 'opened',
        ...claims,
      }),
      jwk,
    )
  const setOf = async (
    keys,
    { at = start, name = 'default', by = 'P-384-sig', alg = 'ES384', ...claims } = {},
  ) =>
    signJws(
      alg,
      { alg, typ: 'jwk-set+jwt', kid: await thumbprint(publicJwk(by)) },
      JSON.stringify({
        iss: 'https://x.example',
        sub: name,
        ver: 7,
        iat: seconds(at),
        exp: seconds(at) + 86_400,
        keys,
        ...claims,
      }),
      keyPairs[by],
    )
  const historyOf = async (keys, o = {}) =>
    importKeySet(await setOf(keys, { at: start + 10 * year, name: 'history', ...o }), {
      trust: signedBy([root], { history: true }),
      now: () => start + 10 * year,
    })
  const fileOf = async (keys = [signing()], receipt = receiptOf(), o = {}) =>
    receiptFile(
      importKeySet(await setOf(keys), {
        trust: signedBy([root]),
        now: () => start + 1000,
        providers: [mlDsa()],
      }),
      await receipt,
      { sent, ...o },
    )
  const later = (file, o = {}) => verifyReceiptFile(file, { trust: signedBy([root]), ...o })
  const revoked = (at, reason) => ({
    revoked: { revoked_at: seconds(at), ...(reason && { reason }) },
  })

  test('a receipt verifies ten years later by its file alone, and the file says what for', async () => {
    const file = await fileOf()
    const found = await later(file)
    assert.deepEqual(
      { ...found, context: { ...found.context }, key: found.key.alg },
      {
        key: 'ES256',
        trust: 'signed',
        receivedAt: new Date(start),
        stage: 'opened',
        ...sent,
        length: 5,
        context: { form: 'f' },
        savedAt: new Date(start + 1000),
        history: false,
      },
    )
    const { type, v, keySet, receipt } = JSON.parse(file)
    assert.deepEqual(
      [type, v, keySet.split('.').length, receipt.split('.').length],
      ['sealdrop-receipt-file', 1, 3, 3],
    )
  })

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
    ['a revocation that is null', { revoked: null }, {}, 'expired'],
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
            heldSince,
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

  test('a receipt after the key expired, and a set that vouches for another key, are refused', async () => {
    const late = {
      receipt: await receiptOf({ iat: seconds(start) + 7200 }),
      keySet: await setOf([signing({ exp: seconds(start) + 3600 })]),
    }
    const file = JSON.parse(await fileOf())
    await fails(assert, later(JSON.stringify({ ...file, ...late })), 'expired')
    await fails(
      assert,
      later(JSON.stringify({ ...file, keySet: await setOf([publicJwk('Ed25519-sig')]) })),
      'key_not_found',
    )
    await fails(
      assert,
      later(
        JSON.stringify({ ...file, keySet: await setOf([publicJwk('P-256-sig', { use: 'enc' })]) }),
      ),
      'key_not_found',
    )
  })

  const files = {
    'another receipt in its place': [
      async () => ({ receipt: await receiptOf({ messageId: 'm2' }) }),
      'rejected',
    ],
    'another message that was sent': [
      () => ({ sent: { messageId: 'm2', digest: 'd1' } }),
      'rejected',
    ],
    'a changed receipt': [
      async (file) => ({
        receipt: file.receipt.replace(/\.(.)/, (_, c) => `.${c === 'e' ? 'f' : 'e'}`),
      }),
      ['rejected', 'malformed'],
    ],
    'a JWT in its place': [
      async () => ({ receipt: await receiptOf({}, { header: { typ: 'JWT' } }) }),
      'rejected',
    ],
    'a set that another root signed': [
      async () => ({ keySet: await setOf([signing()], { by: 'Ed25519-sig', alg: 'Ed25519' }) }),
      'keys_untrusted',
    ],
    'the set of another name': [
      async () => ({ keySet: await setOf([signing()], { name: 'other' }) }),
      'keys_untrusted',
    ],
    'a history in the place of a set': [
      async () => ({ keySet: await setOf([signing()], { name: 'history' }) }),
      'keys_untrusted',
    ],
    'a set whose signature was stripped': [
      () => ({ keySet: keySetOf(signing()) }),
      'keys_untrusted',
    ],
    'a changed set': [
      async (file) => ({ keySet: file.keySet.replace(/.{5}$/, 'AAAAA') }),
      'keys_untrusted',
    ],
    'a set with one kid twice': [
      async () => ({
        keySet: await setOf([signing({ kid: 'a' }), publicJwk('Ed25519-sig', { kid: 'a' })]),
      }),
      'keys_malformed',
    ],
    'no set': [() => ({ keySet: undefined }), 'malformed'],
    'a receipt that is no text': [() => ({ receipt: 5 }), 'malformed'],
    'what was sent without a digest': [() => ({ sent: { messageId: 'm1' } }), 'malformed'],
    'a time that is none': [() => ({ savedAt: 'yesterday' }), 'malformed'],
    'another type': [() => ({ type: 'x' }), 'malformed'],
    'a later version': [() => ({ v: 2 }), 'unsupported_algorithm'],
  }
  for (const [what, [change, code]] of Object.entries(files)) {
    test(`a receipt file with ${what} is refused`, async () => {
      const file = JSON.parse(await fileOf())
      await fails(assert, later(JSON.stringify({ ...file, ...(await change(file)) })), code)
    })
  }

  test('what is no receipt file, too long, or has a member twice, is refused', async () => {
    const file = await fileOf()
    for (const [text, code] of [
      ['', 'malformed'],
      ['[]', 'malformed'],
      [file.replace('{', '{"type":"x",'), 'malformed'],
      [file.padEnd(400_001), 'too_large'],
      [5, 'invalid_argument'],
      [undefined, 'invalid_argument'],
    ])
      await fails(assert, later(text), code)
    for (const o of [undefined, {}, { trust: {} }])
      await fails(assert, verifyReceiptFile(file, o), 'invalid_argument', /trust/)
    await fails(
      assert,
      verifyReceiptFile(file, { trust: overHttps() }),
      'keys_untrusted',
      /overHttps/,
    )
    await fails(assert, later(file, { sent: { messageId: 'm2', digest: 'd1' } }), 'rejected')
    await fails(assert, fileOf([signing()], receiptOf({ digest: 'd2' })), 'rejected')
  })

  test('a file of a set that nobody signed verifies under pins, whatever was trusted then, and never vouches for itself', async () => {
    const pin = await thumbprint(signing())
    for (const trust of [pinned([pin]), inHand(), overHttps()]) {
      const file = await receiptFile(
        importKeySet(keySetOf(signing(), publicJwk('P-256-enc')), { trust }),
        await receiptOf(),
        { sent },
      )
      assert.equal((await verifyReceiptFile(file, { trust: pinned([pin]) })).trust, 'pinned')
      await fails(
        assert,
        verifyReceiptFile(file, { trust: pinned(['A'.repeat(43)]) }),
        'keys_untrusted',
      )
      for (const believing of [inHand(), overHttps()])
        await fails(
          assert,
          verifyReceiptFile(file, { trust: believing }),
          'keys_untrusted',
          /vouch for itself/,
        )
    }
  })

  test('a file has the set that vouches for its key, not an older one that a host which is behind served last', async () => {
    const [newer, older] = [
      await setOf([publicJwk('RSA-2048-enc'), signing()], { ver: 8 }),
      await setOf([publicJwk('RSA-2048-enc')], { ver: 7 }),
    ]
    for (const served of [[newer, older], [newer]]) {
      const trust = signedBy([root])
      let keys
      for (const document of served)
        await (keys = importKeySet(document, { trust, now: () => start + 1000 })).ready()
      const file = await receiptFile(keys, await receiptOf(), { sent })
      assert.equal(JSON.parse(file).keySet, newer)
      await later(file)
    }
  })

  test('no file is written when the key leaves the set while it is made: each look at the clock may be the one after which the set is loaded anew', async () => {
    const served = [
      await setOf([publicJwk('RSA-2048-enc'), signing()]),
      await setOf([publicJwk('RSA-2048-enc')], { ver: 8 }),
    ]
    const outcomes = new Set()
    for (let looks = 0; looks < 12; looks++) {
      let left = Infinity
      const now = () => start + (left-- > 0 ? 0 : 3_600_000)
      const keys = fetchKeySet('https://x.example/keys', {
        trust: signedBy([root]),
        now,
        fetch: async () => new Response(left > 0 ? served[0] : served[1]),
      })
      await keys.ready()
      left = looks
      outcomes.add(
        await receiptFile(keys, await receiptOf(), { sent }).then(
          async (file) => {
            await later(file)
            return 'verifies'
          },
          ({ code, message }) => `${code}, ${/meanwhile/.test(message) ? 'meanwhile' : 'before'}`,
        ),
      )
    }
    assert.sameMembers(
      [...outcomes],
      ['key_not_found, before', 'key_not_found, meanwhile', 'verifies'],
    )
  })

  test('looking into the past neither uses nor changes what a trust remembers', async () => {
    const file = await fileOf()
    const trust = signedBy([root])
    const current = importKeySet(
      await setOf([publicJwk('RSA-2048-enc')], { at: start + 10 * year, ver: 99 }),
      { trust, now: () => start + 10 * year },
    )
    await current.ready()
    await verifyReceiptFile(file, { trust })
    await current.refresh()
    assert.equal((await current.list()).length, 1)
    await fails(
      assert,
      importKeySet(JSON.parse(file).keySet, {
        trust: signedBy([root]),
        now: () => start + 10 * year,
      }).ready(),
      'keys_expired',
    )
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
      { at: start + 10 * year, name: 'history' },
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
      /"default"/,
    )
  })

  test('what could not be read later is not written: a history is too large for a receipt file', async () => {
    const kid = await thumbprint(signing())
    const keys = await historyOf([signing({ kid, x5t: 'x'.repeat(300_000) })])
    await fails(assert, receiptFile(keys, await receiptOf(), { sent }), 'too_large', /history/)
    const small = await receiptFile(await historyOf([signing()]), await receiptOf(), { sent })
    assert.equal(
      (await verifyReceiptFile(small, { trust: signedBy([root], { history: true }) })).messageId,
      sent.messageId,
    )
  })

  test('a file of an ML-DSA receipt needs the provider where the runtime needs it', async () => {
    const file = await fileOf([publicJwk('ML-DSA-44-sig')], receiptOf({}, { alg: 'ML-DSA-44' }))
    assert.equal((await later(file, { providers: [mlDsa()] })).key.alg, 'ML-DSA-44')
  })
}
