import { fails, keysInHand, publicJwk } from '../support/host.js'
import { wrong } from '../support/types.mjs'

/**
 * Options: misspelt names, numbers that come as text, and what is data and never looked at.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function optionsSuite({ test, assert, door }) {
  const keys = keysInHand(door, 'P-256-enc', 'P-256-sig')
  const trust = door.inHand()
  const context = {}
  const url = 'https://keys.example/keys.json'

  /**
   * A misspelt name, the name that is meant, and a call.
   *
   * @type {readonly [string, string, (o: any) => unknown][]}
   */
  const typos = [
    ['maxAgee', 'maxAge', (o) => door.fetchKeySet(url, o)],
    ['max_age', 'maxAge', (o) => door.createSealer(keys, o)],
    ['maxage', 'maxAge', (o) => door.verifyJwt(keys, 'a', o)],
    ['audiance', 'audience', (o) => door.verifyJwt(keys, 'a', o)],
    ['aud', 'audience', (o) => door.verifyJwt(keys, 'a', o)],
    ['iss', 'issuer', (o) => door.verifyJwt(keys, 'a', o)],
    ['algoritm', 'algorithm', (o) => door.verifySignature(keys, o)],
    ['Alg', 'alg', (o) => door.importKeySet('{"keys":[]}', o)],
    ['heldsince', 'heldSince', (o) => door.verify(keys, 'a', o)],
    ['ctx', 'context', (o) => door.seal(keys, 'a', o)],
    ['abortSignal', 'signal', (o) => keys.ready(o)],
    ['frame-length', 'frameLength', (o) => door.sealStream(keys, new Blob(['a']), o)],
    ['isuer', 'issuer', (o) => door.signedBy([publicJwk('P-256-sig')], o)],
    ['sing', 'signal', (o) => door.inspect('a', o)],
  ]
  for (const [typo, meant, call] of typos)
    test(`${typo} is refused, and ${meant} is what was meant`, async () => {
      const pattern = new RegExp(`there is no "${typo}" among .*\\b${meant}\\b`)
      await fails(assert, async () => call({ [typo]: 1 }), 'invalid_argument', pattern)
      const unset = await Promise.resolve()
        .then(() => call({ [typo]: undefined }))
        .catch(({ message }) => message)
      assert.notMatch(String(unset), /there is no/)
    })

  test('only own members are names, and a name that nobody can print stays on its line', async () => {
    const inherited = Object.assign(Object.create({ maxAgee: 1 }), { maxAge: 1 })
    assert.property(door.createSealer(keys, inherited), 'seal')
    assert.property(door.createSealer(keys, { maxAge: 1, [Symbol('maxAgee')]: 1 }), 'seal')
    const strange = wrong({ ['__proto__\n']: 1 })
    const create = () => door.createSealer(keys, strange)
    const { message } = await fails(assert, create, 'invalid_argument')
    assert.notInclude(message, '\n')
  })

  test('a number that comes as text is refused where it would be added', async () => {
    const jwt = { issuer: 'us', audience: 'them' }
    const o = { trust: door.overHttps() }
    /** @type {readonly [(value: any) => unknown, RegExp][]} */
    const calls = [
      [
        (maxAge) => door.verifyJwt(keys, 'a', { ...jwt, maxAge }),
        /^maxAge: expected milliseconds from 0 on, found/,
      ],
      [(tolerance) => door.verifyJwt(keys, 'a', { ...jwt, tolerance }), /tolerance/],
      [(maxAge) => door.fetchKeySet(url, { ...o, maxAge }), /maxAge/],
      [(timeout) => door.fetchKeySet(url, { ...o, timeout }), /timeout/],
      [(maxAge) => door.createSealer(keys, { maxAge }), /maxAge/],
      [(maxValues) => door.createSealer(keys, { maxValues }), /maxValues/],
      [(maxAge) => door.verifyStream(keys, 'a.a.a\n', new Blob(), { maxAge }), /maxAge/],
      [(n) => door.sealStream(keys, new Blob(), { context, framesInFlight: n }), /framesInFlight/],
      [(n) => door.sealStream(keys, new Blob(), { context, frameLength: n }), /frameLength/],
      [(n) => door.sealedLength(keys, n, { context }), /length/],
      [(n) => door.verifyRange(keys, 'a.a.a\n', new Blob(), 0, n), /range/],
    ]
    for (const [call, pattern] of calls)
      for (const value of ['3600000', null, NaN])
        await fails(assert, async () => call(value), 'invalid_argument', pattern)
  })

  test('a clock that answers text ends the call, and no time is joined from it', async () => {
    for (const answer of ['1900000000000', new Date(), NaN, undefined]) {
      const now = () => wrong(answer)
      const jwks = JSON.stringify({ keys: [publicJwk('P-256-enc')] })
      const set = door.importKeySet(jwks, { trust, now })
      await fails(assert, set.ready(), 'invalid_argument', /now: expected milliseconds/)
      await fails(assert, door.seal(set, 'a', { context }), 'invalid_argument', /now/)
    }
  })

  test('alg and algorithm are one option of verifySignature', async () => {
    const signature = new Uint8Array(70)
    const verifying = (names) => door.verifySignature(keys, { message: 'a', signature, ...names })
    const names = [{ alg: 'ES256' }, { algorithm: 'ES256' }, { alg: 'ES256', algorithm: 'ES256' }]
    for (const one of names) await fails(assert, verifying(one), 'malformed')
    const two = { alg: 'ES256', algorithm: 'ES384' }
    await fails(assert, verifying(two), 'invalid_argument', /alg and algorithm.*ES256.*ES384/)
    await fails(assert, verifying({ alg: 'none' }), 'unsupported_algorithm', /alg "none"/)
  })

  test('a pin without a thumbprint is refused, whatever else it is', async () => {
    for (const none of [null, undefined, 5, {}, { use: 'enc' }])
      await fails(assert, () => door.pinned([wrong(none)]), 'invalid_argument', /thumbprints/)
  })

  test('what is no text, and what JSON does not have, is refused with a code', async () => {
    const jws = 'e30.e30.e30'
    for (const typ of [wrong(5), wrong(null), wrong(['JWT'])]) {
      const jwt = { issuer: 'us', audience: 'them', typ }
      await fails(assert, door.verifyJwt(keys, jws, jwt), 'invalid_argument', /typ/)
      await fails(assert, door.verify(keys, jws, { typ }), 'invalid_argument', /typ/)
    }
    for (const key_ops of [[1n], 1n, [() => {}]])
      await fails(
        assert,
        () => door.signedBy([wrong({ ...publicJwk('P-256-sig'), key_ops })]),
        'invalid_argument',
        /roots\[0\]\.key_ops/,
      )
  })

  test('sealedLength takes the options of the verb that seals', async () => {
    const file = new Blob(['a file'])
    const o = { context, frameLength: 3, framesInFlight: 1, length: 6, onProgress: () => {} }
    const { readable } = await door.sealStream(keys, file.stream(), o)
    const { size } = await new Response(readable).blob()
    assert.equal(await door.sealedLength(keys, 6, o), size)
    await fails(assert, door.sealedLength(keys, 6, wrong({ ...o, frame: 3 })), 'invalid_argument')
  })

  test('what other verbs answer, keys, pins and contexts are data: their other members are left alone', async () => {
    const sealed = await door.seal(keys, 'a', { context: { signall: '1', maxAgee: '2' } })
    const sent = wrong(await door.inspect(sealed))
    assert.equal(sent.context?.maxAgee, '2')
    const receipt = door.verifyReceipt(keys, 'e30.e30.e30', { sent })
    await fails(assert, receipt, ['malformed', 'unsupported_algorithm'])
    const jwk = { ...publicJwk('P-256-enc'), owner: 'claims desk', maxAgee: 1 }
    const found = await door.importKeySet(jwk, { trust }).list()
    const pins = door.pinned(found)
    const pinnedKeys = door.importKeySet(JSON.stringify({ keys: [jwk] }), { trust: pins })
    assert.equal((await pinnedKeys.list())[0]?.thumbprint, found[0]?.thumbprint)
    const root = { ...publicJwk('P-256-sig'), owner: 'claims desk' }
    assert.equal(door.signedBy([root]).kind, 'signed')
  })
}
