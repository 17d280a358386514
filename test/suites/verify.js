import { fails, keySetOf, offsetView, signatureKeys } from '../support/host.js'
import { kmsNames, rawSign, text, toDer } from '../support/sign.js'
import { coordinates, signers } from '../support/signature-keys.js'
import { wrong } from '../support/types.mjs'

/**
 * JWS and raw signatures, signed by WebCrypto and noble.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function verifySuite(host) {
  const { test, assert, door, jose } = host
  const { importKeySet, inHand, verify, verifySignature } = door
  const algs = Object.keys(signatureKeys)
  const { publicKey, keysOf, signed, flip } = signers(host, [host.mlDsa()])

  for (const alg of algs) {
    test(`${alg} verifies, and not after a change of payload or signature`, async () => {
      const keys = keysOf(alg)
      const jws = await signed(alg, '{"a":1}', { cty: 'json', typ: 'x+jwt' })
      const found = await verify(keys, jws, { typ: 'application/X+JWT' })
      assert.deepEqual(found.json(), { a: 1 })
      assert.equal(found.header.alg, alg)
      assert.equal(found.key.alg, alg)
      assert.equal(found.trust, 'in-hand')
      for (const changed of [flip(jws, 1, 0), flip(jws, 2, 0), flip(jws, 2, 20)])
        await fails(assert, verify(keys, changed), 'rejected')
    })

    test(`${alg} as kms:Sign answers it verifies over message bytes, text and a view, by JOSE and KMS name`, async () => {
      const coordinate = coordinates[alg]
      const message = 'grüße'
      const raw = await rawSign(alg, text.encode(message))
      const keys = keysOf(alg, { kms_arn: 'arn:k' })
      const signature = coordinate ? toDer(raw) : raw
      for (const algorithm of [alg, kmsNames[alg]]) {
        for (const over of [message, text.encode(message), offsetView(text.encode(message))])
          assert.equal(
            (
              await verifySignature(keys, {
                message: over,
                signature: offsetView(signature),
                algorithm,
              })
            ).key.alg,
            alg,
          )
      }
      await verifySignature(keys, { message, signature, algorithm: alg, key: 'arn:k' })
      await fails(
        assert,
        verifySignature(keys, { message: 'other', signature, algorithm: alg }),
        'rejected',
      )
      await fails(
        assert,
        verifySignature(keys, { message, signature, algorithm: alg, key: 'arn:other' }),
        'key_not_found',
        /arn:other/,
      )
      if (!coordinate) return
      await verifySignature(keys, {
        message,
        signature: raw,
        algorithm: alg,
        encoding: 'ieee-p1363',
      })
      await fails(assert, verifySignature(keys, { message, signature: raw, algorithm: alg }), [
        'malformed',
      ])
      await fails(
        assert,
        verifySignature(keys, { message, signature, algorithm: alg, encoding: 'ieee-p1363' }),
        'malformed',
      )
      await fails(
        assert,
        verifySignature(keys, {
          message,
          signature: new Uint8Array([...signature, 0]),
          algorithm: alg,
        }),
        'malformed',
      )
    })
  }

  test('a signature verifies only under the algorithm its key was published with', async () => {
    const asRs256 = await signed('RS256', 'x')
    await fails(assert, verify(keysOf('PS256'), asRs256), 'rejected', /PS256/)
    await fails(
      assert,
      verify(keysOf('PS256'), await signed('RS256', 'x', { kid: undefined })),
      'key_not_found',
    )
    await fails(
      assert,
      verifySignature(keysOf('PS256'), {
        message: 'x',
        signature: new Uint8Array(256),
        algorithm: 'RS256',
      }),
      'key_not_found',
      /RS256/,
    )
  })

  const foreign = {
    none: 'unsupported_algorithm',
    HS256: 'unsupported_algorithm',
    ES256K: 'unsupported_algorithm',
    EdDSA: 'key_not_found',
    SM2DSA: 'unsupported_algorithm',
    ED25519_PH_SHA_512: 'unsupported_algorithm',
    ECDSA_SHA_256: 'unsupported_algorithm',
    es256: 'unsupported_algorithm',
    constructor: 'unsupported_algorithm',
  }
  for (const [alg, code] of Object.entries(foreign)) {
    test(`a token with alg ${alg} is ${code}`, async () =>
      fails(
        assert,
        verify(keysOf('ES256'), `${jose.base64url.encode(JSON.stringify({ alg }))}.e30.AA`),
        code,
      ))
  }

  const members = {
    crit: ['b64'],
    b64: false,
    jku: 'https://evil.example',
    x5u: 'https://evil.example',
    jwk: {},
    x5c: [],
    zip: 'DEF',
    alg: 5,
    kid: 5,
    typ: {},
    iat: 1_700_000_000_000,
  }
  for (const [member, value] of Object.entries(members)) {
    test(`a token whose header has ${member}: ${JSON.stringify(value)} is malformed`, async () => {
      const header = jose.base64url.encode(JSON.stringify({ alg: 'ES256', [member]: value }))
      await fails(assert, verify(keysOf('ES256'), `${header}.e30.AA`), 'malformed')
    })
  }

  test('what is not a compact JWS is refused by its form', async () => {
    const jws = await signed('ES256', 'x')
    for (const bad of [
      '',
      'a.b',
      `${jws}.x`,
      `${jws}=`,
      ` ${jws}`,
      jws.replace('.', '..'),
      `${jws.split('.').slice(0, 2).join('.')}.A`,
    ])
      await fails(assert, verify(keysOf('ES256'), bad), 'malformed')
    await fails(assert, verify(keysOf('ES256'), wrong(undefined)), 'invalid_argument')
    await fails(
      assert,
      verify(keysOf('ES256'), `${jws.split('.').slice(0, 2).join('.')}.`),
      'rejected',
    )
  })

  test('a kid of another key, and one that is not in the set, are key_not_found', async () => {
    await fails(
      assert,
      verify(keysOf('ES256'), await signed('ES256', 'x', { kid: 'other' })),
      'key_not_found',
      /"other"/,
    )
    const published = keysOf('ES256', { kid: '2024' })
    assert.equal((await verify(published, await signed('ES256', 'x', { kid: '2024' }))).text(), 'x')
    assert.equal((await verify(published, await signed('ES256', 'x'))).text(), 'x')
  })

  test('another typ than expected is rejected', async () => {
    await fails(
      assert,
      verify(keysOf('ES256'), await signed('ES256', 'x', { typ: 'a' }), { typ: 'b' }),
      'rejected',
      /typ/,
    )
    await fails(
      assert,
      verify(keysOf('ES256'), await signed('ES256', 'x'), { typ: 'b' }),
      'rejected',
      /typ/,
    )
  })

  test('an encryption key verifies nothing', async () => {
    const keys = importKeySet(keySetOf({ ...publicKey('ES256'), use: 'enc', alg: undefined }), {
      trust: inHand(),
    })
    await fails(assert, verify(keys, await signed('ES256', 'x')), 'key_not_found')
  })

  test('the dates of a key count at signing time: what it signed stays good after it expired', async () => {
    const at = 1_700_000_000
    const keys = keysOf('ES256', { nbf: at, exp: at + 1_000 }, { now: () => (at + 1e8) * 1000 })
    for (const iat of [at, at + 999])
      assert.equal((await verify(keys, await signed('ES256', 'x', { iat }))).text(), 'x')
    for (const iat of [at - 61, at + 1_061])
      await fails(assert, verify(keys, await signed('ES256', 'x', { iat })), 'expired')
  })

  test('an algorithm that is not known, a signature that is no bytes, and a digest are refused by name', async () => {
    const keys = keysOf('ES256')
    await fails(
      assert,
      verifySignature(keys, { message: 'x', signature: new Uint8Array(8), algorithm: 'SM2DSA' }),
      'unsupported_algorithm',
      /SM2DSA/,
    )
    await fails(
      assert,
      verifySignature(keys, { message: 'x', signature: wrong('x'), algorithm: 'ES256' }),
      'invalid_argument',
    )
    await fails(
      assert,
      verifySignature(keys, {
        message: wrong(5),
        signature: toDer(new Uint8Array(64).fill(1)),
        algorithm: 'ES256',
      }),
      'invalid_argument',
      /message/,
    )
    await fails(
      assert,
      verifySignature(keys, {
        digest: new Uint8Array(32),
        signature: toDer(new Uint8Array(64).fill(1)),
        algorithm: 'ES256',
      }),
      'unsupported_runtime',
      /sealdrop.digests/,
    )
  })
}
