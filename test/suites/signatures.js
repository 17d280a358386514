import { fails, keySetOf, offsetView, publicJwk, signatureKeys } from '../support/host.js'
import { kmsNames, otherMlDsa, rawSign, signJws, signMu, text, toDer } from '../support/sign.js'

const coordinates = { ES256: 32, ES384: 48, ES512: 66 }
const hashOf = (alg) => (/^[EPR]S\d+$/.test(alg) ? `SHA-${alg.slice(2)}` : undefined)

/** DER of two integers, their octets as given. */
function derOf(r, s, { after = [], extra = 0 } = {}) {
  const body = [2, r.length, ...r, 2, s.length, ...s]
  const length = body.length + extra
  return new Uint8Array([0x30, ...(length > 127 ? [0x81] : []), length, ...body, ...after])
}

/** An INTEGER's octets of an unsigned number: minimal, with a sign octet where it needs one. */
function integerOf(bytes) {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  return bytes[start] & 0x80 ? [0, ...bytes.subarray(start)] : [...bytes.subarray(start)]
}

/**
 * The public key of somebody else, for the same algorithm: what seals here, and the one of RFC 8037
 * A.2.
 */
function thiefOf(alg) {
  if (alg === 'Ed25519')
    return { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
  if (alg.startsWith('ML-DSA')) return otherMlDsa(alg)
  const { use, ...jwk } = publicJwk(signatureKeys[alg].replace('sig', 'enc'))
  return jwk
}

/**
 * Every way in which a token or a signature of each algorithm is changed, and what is asked of
 * whom.
 */
export function signaturesSuite({ test, assert, door, jose, mlDsa, digests }) {
  const { importKeySet, inHand, verify, verifySignature } = door
  const algs = Object.keys(signatureKeys)
  const publicKey = (alg, extra = {}) => publicJwk(signatureKeys[alg], { alg, ...extra })
  const keysOf = (alg, extra, o = {}) =>
    importKeySet(keySetOf(publicKey(alg, extra)), {
      trust: inHand(),
      providers: [mlDsa(), digests()],
      ...o,
    })
  const tokenOf = async (alg) =>
    signJws(alg, { alg, kid: await jose.calculateJwkThumbprint(publicKey(alg)) }, '{"a":1}')
  const { encode, decode } = jose.base64url

  /** Verifies all of them and answers those that did; side by side, since there are thousands. */
  async function verifying(candidates, work) {
    const found = []
    for (let at = 0; at < candidates.length; at += 64) {
      const outcomes = await Promise.allSettled(candidates.slice(at, at + 64).map(work))
      for (const [i, { status, reason }] of outcomes.entries()) {
        if (status === 'fulfilled') found.push(at + i)
        else if (reason?.name !== 'SealdropError') throw reason
      }
    }
    return found
  }

  for (const alg of algs) {
    test(`${alg}: no bit of header, payload or signature can be turned`, async () => {
      const keys = keysOf(alg)
      const segments = (await tokenOf(alg)).split('.')
      const parts = segments.map((segment) => decode(segment))
      // a signature of ML-DSA has up to 37,016 bits: every 37th is turned here, and all of them in
      // test/node/every-bit.test.mjs
      const step = (part) => (part === 2 && parts[2].length > 1000 ? 37 : 1)
      const changed = parts.flatMap((bytes, part) =>
        Array.from({ length: Math.ceil((bytes.length * 8) / step(part)) }, (_, i) => [
          part,
          i * step(part),
        ]),
      )
      assert.isAbove(changed.length, 300)
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
          (text) => verify(keys, text),
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

    if (hashOf(alg)) {
      test(`${alg} verifies over a digest that the caller has, with a provider, and not over another`, async () => {
        const keys = keysOf(alg)
        const message = text.encode('a document')
        const digest = new Uint8Array(await crypto.subtle.digest(hashOf(alg), message))
        const raw = await rawSign(alg, message)
        const signature = coordinates[alg] ? toDer(raw) : raw
        for (const algorithm of [alg, kmsNames[alg]])
          assert.equal(
            (
              await verifySignature(keys, {
                digest: offsetView(digest),
                signature: offsetView(signature),
                algorithm,
              })
            ).key.alg,
            alg,
          )
        for (let bit = 0; bit < raw.length * 8; bit += 61) {
          const turned = Uint8Array.from(raw)
          turned[bit >> 3] ^= 1 << (bit & 7)
          await fails(
            assert,
            verifySignature(keys, {
              digest,
              signature: turned,
              algorithm: alg,
              encoding: 'ieee-p1363',
            }),
            'rejected',
          )
        }
        const other = Uint8Array.from(digest)
        other[0] ^= 1
        await fails(
          assert,
          verifySignature(keys, { digest: other, signature, algorithm: alg }),
          'rejected',
        )
        for (const none of [new Uint8Array(0), new Uint8Array(5_000)])
          await fails(
            assert,
            verifySignature(keys, {
              digest,
              signature: none,
              algorithm: alg,
              encoding: 'ieee-p1363',
            }),
            ['rejected', 'malformed'],
          )
        await fails(
          assert,
          verifySignature(keys, { digest: digest.subarray(1), signature, algorithm: alg }),
          'invalid_argument',
          new RegExp(`${digest.length} bytes`),
        )
        await fails(
          assert,
          verifySignature(keys, { digest: 'x', signature, algorithm: alg }),
          'invalid_argument',
        )
        await fails(
          assert,
          verifySignature(keys, { digest, message, signature, algorithm: alg }),
          'invalid_argument',
          /message or a digest/,
        )
        await fails(
          assert,
          verifySignature(keys, { signature, algorithm: alg }),
          'invalid_argument',
          /message or a digest/,
        )
        await fails(
          assert,
          verifySignature(keysOf(alg, {}, { providers: undefined }), {
            digest,
            signature,
            algorithm: alg,
          }),
          'unsupported_runtime',
          /sealdrop\/digests/,
        )
      })
    }
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

  for (const [alg, size] of Object.entries(coordinates)) {
    test(`${alg}: DER that is padded, negative, oversized, cut, or has something after it does not verify`, async () => {
      const keys = keysOf(alg)
      // a signature of which both integers need a sign octet, so that leaving it out is negative
      let message, raw, r, s
      let tries = 0
      do {
        // another each time, since Deno's signatures follow from the message (RFC 6979)
        message = `m${tries++}`
        raw = await rawSign(alg, text.encode(message))
        r = integerOf(raw.subarray(0, size))
        s = integerOf(raw.subarray(size))
      } while (r[0] !== 0 || s[0] !== 0)
      const check = (signature) => verifySignature(keys, { message, signature, algorithm: alg })
      await check(derOf(r, s))
      const good = derOf(r, s)
      const bad = {
        'r padded': derOf([0, ...r], s),
        's padded': derOf(r, [0, ...s]),
        'r empty': derOf([], s),
        's empty': derOf(r, []),
        'r negative': derOf([r[0] | 0x80, ...r.slice(1)], s),
        's negative': derOf(r, [s[0] | 0x80, ...s.slice(1)]),
        'sign octets left out': derOf(r.slice(1), s.slice(1)),
        'r oversized': derOf([1, ...raw.subarray(0, size), 0], s),
        's of 67 bytes more': derOf(r, [1, ...new Uint8Array(size + 1)]),
        'r zero': derOf([0], s),
        's zero': derOf(r, [0]),
        'trailing byte': derOf(r, s, { after: [0] }),
        'trailing byte in the sequence': new Uint8Array([
          ...good.subarray(0, good[1] & 0x80 ? 2 : 1),
          good[good[1] & 0x80 ? 2 : 1] + 1,
          ...good.subarray(good[1] & 0x80 ? 3 : 2),
          0,
        ]),
        'sequence too short': derOf(r, s, { extra: -1 }),
        'sequence too long': derOf(r, s, { extra: 1 }),
        'three integers': new Uint8Array([0x30, 9, 2, 1, 1, 2, 1, 1, 2, 1, 1]),
        'a long form of a short length': new Uint8Array([
          0x30,
          0x82,
          0,
          good.length - (good[1] & 0x80 ? 3 : 2),
          ...good.subarray(good[1] & 0x80 ? 3 : 2),
        ]),
        'indefinite length': new Uint8Array([
          0x30,
          0x80,
          ...good.subarray(good[1] & 0x80 ? 3 : 2),
          0,
          0,
        ]),
        'a set': new Uint8Array([0x31, ...good.subarray(1)]),
        'raw r ‖ s': raw,
        'r and s swapped': derOf(s, r),
        'r and s of another order': derOf([...r].reverse(), s),
      }
      assert.deepEqual(await verifying(Object.values(bad), check), [])
      for (let length = 0; length < good.length; length++)
        await fails(assert, check(good.subarray(0, length)), 'malformed')
      const bits = Array.from({ length: good.length * 8 }, (_, bit) =>
        Uint8Array.from(good, (byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)),
      )
      assert.deepEqual(await verifying(bits, check), [])
      await fails(
        assert,
        verifySignature(keys, { message, signature: good, algorithm: alg, encoding: 'asn1' }),
        'invalid_argument',
        /encoding/,
      )
    })

    test(`${alg}: a raw signature that begins as DER does is what the caller says`, async () => {
      const keys = keysOf(alg)
      const raw = await rawSign(alg, text.encode('m'))
      await verifySignature(keys, {
        message: 'm',
        signature: raw,
        algorithm: alg,
        encoding: 'ieee-p1363',
      })
      await fails(
        assert,
        verifySignature(keys, {
          message: 'm',
          signature: Uint8Array.from(raw, (byte, i) => (i === 0 ? 0x30 : byte)),
          algorithm: alg,
        }),
        'malformed',
      )
    })
  }

  for (const alg of algs.filter((name) => name.startsWith('ML-DSA'))) {
    test(`${alg} verifies over mu, as kms:Sign signs with EXTERNAL_MU, with its provider`, async () => {
      const mu = crypto.getRandomValues(new Uint8Array(64))
      const signature = signMu(alg, mu)
      for (const algorithm of [alg, 'ML_DSA_SHAKE_256'])
        await verifySignature(keysOf(alg), { digest: mu, signature, algorithm })
      await fails(
        assert,
        verifySignature(keysOf(alg), { message: mu, signature, algorithm: alg }),
        'rejected',
      )
      await fails(
        assert,
        verifySignature(keysOf(alg), { digest: mu.subarray(1), signature, algorithm: alg }),
        'invalid_argument',
        /64 bytes/,
      )
      await fails(
        assert,
        verifySignature(keysOf(alg, {}, { providers: [] }), {
          digest: mu,
          signature,
          algorithm: alg,
        }),
        'unsupported_runtime',
        /sealdrop\/ml-dsa/,
      )
    })

    test(`${alg} without its provider verifies where the runtime has it, and elsewhere names the door`, async () => {
      const token = await tokenOf(alg)
      const native = await crypto.subtle
        .importKey('jwk', publicJwk(signatureKeys[alg], { use: undefined }), { name: alg }, true, [
          'verify',
        ])
        .then(
          () => true,
          () => false,
        )
      const work = verify(keysOf(alg, {}, { providers: undefined }), token)
      if (native) assert.equal((await work).key.alg, alg)
      else await fails(assert, work, 'unsupported_runtime', /sealdrop\/ml-dsa/)
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

  test('Ed25519 signs no digests, and its prehashed form is refused by name', async () => {
    const signature = new Uint8Array(64)
    await fails(
      assert,
      verifySignature(keysOf('Ed25519'), {
        digest: new Uint8Array(64),
        signature,
        algorithm: 'ED25519_SHA_512',
      }),
      'unsupported_algorithm',
      /messages only/,
    )
    await fails(
      assert,
      verifySignature(keysOf('Ed25519'), {
        digest: new Uint8Array(64),
        signature,
        algorithm: 'ED25519_PH_SHA_512',
      }),
      'unsupported_algorithm',
      /sign with ED25519_SHA_512/,
    )
    await fails(
      assert,
      verifySignature(keysOf('Ed25519'), { message: 'x', signature, algorithm: 'ES256K' }),
      'unsupported_algorithm',
      /secp256k1/,
    )
    await fails(
      assert,
      verifySignature(keysOf('Ed25519'), { message: 'x', signature, algorithm: 'SM2DSA' }),
      'unsupported_algorithm',
      /SM2/,
    )
    for (const alg of ['ES256K', 'SM2DSA', 'none', 'HS256', 'ED25519_SHA_512', 'ML_DSA_SHAKE_256'])
      await fails(
        assert,
        verify(keysOf('Ed25519'), `${encode(JSON.stringify({ alg }))}.e30.AA`),
        'unsupported_algorithm',
      )
  })

  test('providers that are no list are refused, and what is in a list and no provider brings nothing', async () => {
    const digest = new Uint8Array(32)
    const ask = (providers) =>
      verifySignature(keysOf('ES256', {}, { providers }), {
        digest,
        signature: new Uint8Array(64),
        algorithm: 'ES256',
        encoding: 'ieee-p1363',
      })
    for (const providers of [digests(), digests, 'digests', null])
      await fails(assert, ask(providers), 'invalid_argument', /providers/)
    for (const providers of [[], [digests], [mlDsa()], [null, {}]])
      await fails(assert, ask(providers), 'unsupported_runtime', /sealdrop\/digests/)
    await fails(assert, ask([null, digests()]), 'rejected')
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
