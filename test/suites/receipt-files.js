import { fails, keySetOf, publicJwk } from '../support/host.js'
import { receipts, seconds, sent, start, year } from '../support/receipts.js'
import { wrong } from '../support/types.mjs'

/**
 * The file that a partner keeps of a receipt: it verifies by itself, years later.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function receiptFilesSuite(host) {
  const { test, assert, door, mlDsa } = host
  const {
    fetchKeySet,
    importKeySet,
    inHand,
    overHttps,
    pinned,
    receiptFile,
    signedBy,
    verifyReceiptFile,
  } = door
  const { root, signing, thumbprint, receiptOf, setOf, historyOf, fileOf, later } = receipts(host)

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

  /** @type {Record<string, [(file: any) => object | Promise<object>, string | string[]]>} */
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
      async () => ({ keySet: await setOf([signing()], { typ: 'jwk-set-history+jwt' }) }),
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
    /** @type {[any, string][]} */
    const texts = [
      ['', 'malformed'],
      ['[]', 'malformed'],
      [file.replace('{', '{"type":"x",'), 'malformed'],
      [file.padEnd(400_001), 'too_large'],
      [5, 'invalid_argument'],
      [undefined, 'invalid_argument'],
    ]
    for (const [text, code] of texts) await fails(assert, later(text), code)
    for (const o of [undefined, {}, { trust: {} }])
      await fails(assert, verifyReceiptFile(file, wrong(o)), 'invalid_argument', /trust/)
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
