import { fails, offsetView, publicJwk, signatureKeys } from '../support/host.js'
import { kmsNames, rawSign, signMu, text, toDer } from '../support/sign.js'
import { coordinates, signers } from '../support/signature-keys.js'
import { wrong } from '../support/types.mjs'

const signsDigests = (alg) => /^[EPR]S\d+$/.test(alg)
const hashOf = (alg) => `SHA-${alg.slice(2)}`

/**
 * Signatures over a digest that the caller has, and what needs a provider.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function signatureDigestsSuite(host) {
  const { test, assert, door, jose, mlDsa, digests } = host
  const { verify, verifySignature } = door
  const algs = Object.keys(signatureKeys)
  const { keysOf, signed } = signers(host)
  const tokenOf = (alg) => signed(alg, '{"a":1}')
  const { encode } = jose.base64url

  for (const alg of algs.filter(signsDigests)) {
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
        verifySignature(keys, { digest: wrong('x'), signature, algorithm: alg }),
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
        verifySignature(keys, wrong({ signature, algorithm: alg })),
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
}
