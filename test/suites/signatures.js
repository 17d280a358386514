import { bitsOf } from '../support/bits.js'
import { fails, keySetOf, publicJwk, signatureKeys } from '../support/host.js'
import { otherMlDsa, rawSign, signJws, text } from '../support/sign.js'
import { signers, verifying } from '../support/signature-keys.js'

/**
 * The public key of somebody else, for the same algorithm: what seals here, and the one of RFC 8037
 * A.2.
 */
function thiefOf(alg) {
  if (alg === 'Ed25519')
    return { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
  if (alg.startsWith('ML-DSA')) return otherMlDsa(alg)
  return publicJwk(signatureKeys[alg].replace('sig', 'enc'))
}

/**
 * Every way in which a token or a signature of each algorithm is changed.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function signaturesSuite(host) {
  const { test, assert, door, jose, mlDsa } = host
  const { importKeySet, inHand, verify, verifySignature } = door
  const algs = Object.keys(signatureKeys)
  const { publicKey, keysOf, signed } = signers(host)
  const tokenOf = (alg) => signed(alg, '{"a":1}')
  const { encode, decode } = jose.base64url

  for (const alg of algs) {
    test(`${alg}: no bit of header, payload or signature can be turned`, async () => {
      const keys = keysOf(alg)
      const segments = (await tokenOf(alg)).split('.')
      const parts = segments.map((segment) => decode(segment))
      // a signature of ML-DSA has up to 37,016 bits, which test/node/every-bit.test.mjs turns
      const isLong = (part) => part === 2 && parts[2].length > 1000
      const bitsOfPart = (bytes, part) =>
        isLong(part) ? bitsOf({}, bytes.length * 8, 128) : bitsOf(host, bytes.length * 8)
      const changed = parts.flatMap((bytes, part) =>
        bitsOfPart(bytes, part).map((bit) => [part, bit]),
      )
      assert.isAbove(changed.length, host.whole ? 300 : 40)
      const turned = ([part, bit]) => {
        const bytes = Uint8Array.from(parts[part])
        bytes[bit >> 3] ^= 1 << (bit & 7)
        return segments.with(part, encode(bytes)).join('.')
      }
      await verify(keys, segments.join('.'))
      assert.deepEqual(await verifying(changed, (change) => verify(keys, turned(change))), [])
    })

    test(`${alg}: no shorter and no longer token or signature verifies`, async () => {
      const keys = keysOf(alg)
      const token = await tokenOf(alg)
      const step = token.length > 2000 ? 7 : 1
      const cut = Array.from({ length: Math.floor(token.length / step) }, (_, i) =>
        token.slice(0, i * step),
      )
      assert.deepEqual(
        await verifying(
          [...cut, `${token}A`, `${token}AA`, `${token}.`, ` ${token}`, `${token}\n`],
          (changed) => verify(keys, changed),
        ),
        [],
      )
      const raw = await rawSign(alg, text.encode('m'))
      const check = (signature) =>
        verifySignature(keys, { message: 'm', signature, algorithm: alg, encoding: 'ieee-p1363' })
      await check(raw)
      assert.deepEqual(
        await verifying(
          [
            raw.subarray(1),
            raw.subarray(0, -1),
            new Uint8Array([...raw, 0]),
            new Uint8Array([0, ...raw]),
            new Uint8Array(),
            new Uint8Array(raw.length),
            new Uint8Array(raw.length).fill(255),
          ],
          check,
        ),
        [],
      )
    })

    test(`${alg}: another key of the same kind under its name, and a set without it, verify nothing`, async () => {
      const token = await tokenOf(alg)
      const others = algs.filter((name) => signatureKeys[name] !== signatureKeys[alg])
      assert.isAbove(others.length, 8)
      for (const other of others) await fails(assert, verify(keysOf(other), token), 'key_not_found')
      const kid = await jose.calculateJwkThumbprint(publicKey(alg))
      await fails(
        assert,
        verify(
          importKeySet(keySetOf({ ...thiefOf(alg), use: 'sig', alg, kid }), {
            trust: inHand(),
            providers: [mlDsa()],
          }),
          token,
        ),
        'rejected',
      )
    })
  }

  for (const alg of ['PS256', 'RS256', 'PS384', 'RS512']) {
    test(`${alg}: a signature that lost its leading zero does not verify`, async () => {
      let raw,
        i = 0
      do raw = await rawSign(alg, text.encode(`m${++i}`))
      while (raw[0] !== 0)
      const check = (signature) =>
        verifySignature(keysOf(alg), { message: `m${i}`, signature, algorithm: alg })
      await check(raw)
      await fails(assert, check(raw.subarray(1)), 'rejected')
    })
  }

  test('EdDSA, the older name of Ed25519, verifies in tokens and in keys', async () => {
    const token = await signJws('Ed25519', { alg: 'EdDSA' }, 'x')
    assert.equal((await verify(keysOf('Ed25519'), token)).key.alg, 'Ed25519')
    assert.equal(
      (await verify(keysOf('Ed25519', { alg: 'EdDSA' }), await tokenOf('Ed25519'))).key.alg,
      'Ed25519',
    )
    await fails(
      assert,
      verify(
        keysOf('ES256'),
        await signJws(
          'ES256',
          { alg: 'EdDSA', kid: await jose.calculateJwkThumbprint(publicKey('ES256')) },
          'x',
        ),
      ),
      'rejected',
    )
  })

  test('a key whose key_ops leave verify out verifies nothing', async () => {
    const [token, raw] = [await tokenOf('ES256'), await rawSign('ES256', text.encode('m'))]
    const ways = [
      (keys) => verify(keys, token),
      (keys) =>
        verifySignature(keys, {
          message: 'm',
          signature: raw,
          algorithm: 'ES256',
          encoding: 'ieee-p1363',
        }),
    ]
    for (const way of ways) {
      for (const good of [['verify'], ['sign', 'verify'], undefined])
        await way(keysOf('ES256', { key_ops: good }))
      for (const bad of [[], ['sign'], ['encrypt', 'wrapKey'], 'verify', null, { verify: true }])
        await fails(assert, way(keysOf('ES256', { key_ops: bad })), 'key_not_found')
    }
  })

  test('a provider is asked only for what the runtime lacks, and a wrong answer of it is not believed for more', async () => {
    const asked = []
    const liar = {
      algorithms: algs,
      verify: async (alg) => {
        asked.push(alg)
        return true
      },
    }
    const token = await tokenOf('ES256')
    await fails(
      assert,
      verify(keysOf('ES256', {}, { providers: [liar] }), `${token.slice(0, -6)}AAAAAA`),
      'rejected',
    )
    assert.deepEqual(asked, [])
  })
}
