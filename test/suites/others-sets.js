import { fails, keySetOf, publicJwk } from '../support/host.js'
import { signJws } from '../support/sign.js'
import { wrong } from '../support/types.mjs'

/**
 * Key sets of others, whose keys do not say their algorithm or their use.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function othersSetsSuite({ test, assert, door, fixture }) {
  const { fetchKeySet, importKeySet, inHand, overHttps, pinned, seal, verify, verifyJwt } = door
  const trust = overHttps()
  const rsa = publicJwk('RSA-2048-sig')
  const bare = { ...rsa, use: undefined }
  const ec = { ...publicJwk('P-256-sig'), use: undefined }
  const told = (jwks, o) =>
    importKeySet(keySetOf(...jwks), { trust: inHand(), ...o })
      .list()
      .then((keys) => keys.map(({ use, alg }) => `${use} ${alg}`).join(', '))

  test('a set of an identity provider without alg verifies its tokens once alg is told', async () => {
    const claims = { iss: 'https://issuer.example', aud: 'me', exp: 4e9 }
    const token = await signJws('RS256', { alg: 'RS256', kid: 'first' }, JSON.stringify(claims))
    const expected = { issuer: 'https://issuer.example', audience: 'me' }
    const url = `${fixture}provider`
    const keys = fetchKeySet(url, { trust, alg: 'RS256' })
    const { key } = await verifyJwt(keys, token, expected)
    assert.deepEqual([key.alg, key.use], ['RS256', 'sig'])
    assert.lengthOf(await keys.list(), 2)
    const silent = fetchKeySet(url, { trust })
    await fails(assert, verifyJwt(silent, token, expected), 'no_usable_key', /needs its alg.*pass/)
    const other = fetchKeySet(url, { trust, alg: 'PS256' })
    await fails(assert, verifyJwt(other, token, expected), 'rejected', /alg/)
  })

  /** What is told, the keys, and what they are for then. */
  /** @type {[told: object, jwks: Record<string, any>[], expected: string][]} */
  const rows = [
    [{ alg: 'RS256' }, [rsa], 'sig RS256'],
    [{ alg: 'RS256' }, [bare], 'sig RS256'],
    [{ alg: 'PS512', use: 'sig' }, [bare], 'sig PS512'],
    [{ use: 'enc' }, [bare], 'enc RSA-OAEP-256'],
    [{ alg: 'RSA-OAEP-256' }, [bare], 'enc RSA-OAEP-256'],
    [{ use: 'sig' }, [ec], 'sig ES256'],
    [{ use: 'enc' }, [ec], 'enc ECDH-ES+A256KW'],
    [{ alg: 'ECDH-ES+A256KW' }, [ec], 'enc ECDH-ES+A256KW'],
    [{ alg: 'ES256' }, [ec], 'sig ES256'],
    [{ alg: 'EdDSA' }, [publicJwk('Ed25519-sig', { alg: 'EdDSA' })], 'sig Ed25519'],
    [{ alg: 'Ed25519' }, [publicJwk('Ed25519-sig', { alg: 'EdDSA' })], 'sig Ed25519'],
    // one that says otherwise is passed over
    [
      { alg: 'RS256' },
      [
        { ...rsa, alg: 'PS256' },
        { ...rsa, alg: 'RS256' },
      ],
      'sig RS256',
    ],
    [{ alg: 'RS256' }, [publicJwk('P-256-sig'), rsa], 'sig RS256'],
    [{ alg: 'RS256' }, [publicJwk('RSA-2048-enc'), rsa], 'sig RS256'],
    [{ use: 'sig' }, [publicJwk('P-256-enc'), publicJwk('P-384-sig')], 'sig ES384'],
    [{ use: 'enc' }, [publicJwk('P-256-enc'), publicJwk('P-384-sig')], 'enc ECDH-ES+A256KW'],
    [
      { use: 'enc' },
      [{ ...ec, key_ops: ['verify'] }, publicJwk('P-256-enc')],
      'enc ECDH-ES+A256KW',
    ],
    [{ use: 'sig' }, [{ ...bare, alg: 'RSA-OAEP-256' }, ec], 'sig ES256'],
    [{ use: 'sig', alg: 'RS256' }, [{ ...bare, key_ops: ['encrypt'] }, rsa], 'sig RS256'],
  ]
  for (const [o, jwks, expected] of rows) {
    const said = jwks.map(({ kty, use, alg, key_ops: names }) =>
      [kty, use, alg, names].filter((part) => part !== undefined).join(' '),
    )
    test(`${JSON.stringify(o)} makes of ${said.join(', ')}: ${expected}`, async () => {
      assert.equal(await told(jwks, o), expected)
      const fetched = fetchKeySet('https://keys.example/', {
        trust,
        fetch: async () => new Response(keySetOf(...jwks)),
        ...o,
      })
      const [{ use, alg }] = await fetched.list()
      assert.equal(`${use} ${alg}`, expected)
    })
  }

  test('where every key says otherwise, the reason names both', async () => {
    for (const [o, jwk, pattern] of [
      [{ alg: 'RS256' }, { ...rsa, alg: 'PS256' }, /needs its alg: PS256.*found "RS256"/],
      [{ use: 'enc' }, rsa, /needs its use: sig.*found "enc"/],
      [{ use: 'both' }, bare, /needs its use: enc or sig, found "both"/],
      [{ use: 'both' }, rsa, /needs its use: sig.*found "both"/],
      [{ alg: ['RS256'] }, { ...rsa, alg: 'RS256' }, /needs its alg/],
      [{ alg: '' }, rsa, /needs its alg/],
    ])
      await fails(assert, told([jwk], o), 'no_usable_key', pattern)
  })

  test('what is told is no way around a revocation, operations, or a pin', async () => {
    const token = await signJws('RS256', { alg: 'RS256', kid: 'a' }, '{}')
    const tellingRs256 = (jwk, o = {}) =>
      importKeySet(keySetOf(jwk), { trust: inHand(), alg: 'RS256', ...o })
    await verify(tellingRs256({ ...rsa, kid: 'a' }), token)
    const back = tellingRs256({ ...rsa, kid: 'a', revoked: { reason: 'compromised' } })
    await fails(assert, verify(back, token), ['expired', 'key_unusable'])
    const other = tellingRs256({ ...rsa, kid: 'a', key_ops: ['encrypt'] })
    await fails(assert, verify(other, token), 'key_not_found')
    const [{ thumbprint }] = await tellingRs256(rsa).list()
    const trusted = pinned([{ thumbprint, use: 'enc' }])
    await fails(assert, tellingRs256(bare, { trust: trusted }).ready(), 'no_usable_key', /alg/)
    const toSeal = importKeySet(keySetOf({ ...bare, key_ops: ['verify'] }), {
      trust: inHand(),
      alg: 'RSA-OAEP-256',
    })
    await fails(assert, seal(toSeal, 'x', { context: {} }), 'no_usable_key')
  })

  test('a member that nobody knows may be any number', async () => {
    assert.equal(await told([publicJwk('P-256-sig', { made: 1e15 })], {}), 'sig ES256')
    await fails(assert, told([publicJwk('P-256-sig', { exp: 1e15 })], {}), 'no_usable_key', /exp/)
    for (const name of ['kid', 'use', 'alg', 'kms_arn'])
      await fails(assert, told([wrong({ ...ec, [name]: 1 })], {}), 'no_usable_key')
  })
}
