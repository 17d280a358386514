import { fails, keySetOf, signatureKeys } from '../support/host.js'
import { claims, makers, messages, signatures, tokens } from '../vectors/foreign-signatures.js'
import { refusedJws, rfcJws } from '../vectors/rfc-jws.js'
import { thumbprints } from '../vectors/thumbprints.js'

const utf8 = new TextEncoder()
const bytesOf = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))
const pemOf = (spki) =>
  `-----BEGIN PUBLIC KEY-----\n${spki.replace(/.{1,64}/g, '$&\n')}-----END PUBLIC KEY-----\n`
/** EdDSA is the older name of Ed25519 (RFC 9864 §2.2). */
const nameOf = (alg) => (alg === 'EdDSA' ? 'Ed25519' : alg)
const hashOf = (alg) => (/^[EPR]S\d+$/.test(alg) ? `SHA-${alg.slice(2)}` : undefined)
/** Broken DER is `malformed`, any other signature that does not verify `rejected`. */
const codesOf = (alg) => (alg.startsWith('ES') ? ['rejected', 'malformed'] : 'rejected')

/** Copies with one bit turned: in the first byte, in the middle and in the last. */
const turned = (bytes) =>
  [0, bytes.length >> 1, bytes.length - 1].map((at) =>
    Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ 1 : byte)),
  )

/**
 * Frozen signatures of other implementations and examples of RFCs: each verifies, and nothing
 * beside it does.
 *
 * @param {import('../support/host.js').DoorHost} host
 */
export function vectorsSuite({ test, assert, door, jose, mlDsa, digests }) {
  const { importKeySet, inHand, verify, verifyJwt, verifySignature } = door
  const { decode, encode } = jose.base64url
  const options = {
    trust: inHand(),
    providers: [mlDsa(), digests()],
    now: () => (claims.iat + 60) * 1000,
  }
  const expected = { issuer: claims.iss, audience: claims.aud }
  const keysOf = (jwk, o = {}) =>
    importKeySet(keySetOf({ use: 'sig', ...jwk }), { ...options, ...o })
  const sameClaims = (found, wanted) =>
    assert.deepEqual({ ...found, aud: [found.aud].flat() }, { ...wanted, aud: [wanted.aud] })

  /** The same key in every form in which people have one. */
  const formsOf = ({ alg, jwk, spki }) => [
    keysOf(jwk),
    ...[
      bytesOf(spki),
      spki,
      pemOf(spki),
      { PublicKey: bytesOf(spki), KeyUsage: 'SIGN_VERIFY' },
    ].map((source) => importKeySet(source, { ...options, use: 'sig', alg: nameOf(alg) })),
  ]

  /** The key of another maker or row for the same algorithm. */
  const otherThan = (list, { alg, jwk }) =>
    list.find((row) => nameOf(row.alg) === nameOf(alg) && row.jwk !== jwk)

  /**
   * Without a provider the host's WebCrypto decides, which is asked here; ML-DSA is what some lack.
   */
  async function withoutProvider(alg, jwk, work) {
    const { kty, crv, x, pub } = jwk
    const newer = { OKP: { kty, crv, x }, AKP: { kty, alg, pub } }[kty]
    const has =
      newer === undefined ||
      (await crypto.subtle.importKey('jwk', newer, { name: nameOf(alg) }, true, ['verify']).then(
        () => true,
        () => false,
      ))
    await (has ? work() : fails(assert, work(), 'unsupported_runtime', new RegExp(alg)))
  }

  test('there are as many vectors as their files say, of every algorithm and of several makers', () => {
    assert.deepEqual(
      [signatures, tokens, rfcJws, refusedJws, thumbprints].map(({ length }) => length),
      [39, 69, 10, 6, 5],
    )
    const all = Object.keys(signatureKeys)
    for (const maker of [/^OpenSSL/, /^cryptography$/, /^Go$/])
      assert.sameMembers(
        signatures.filter(({ by }) => maker.test(by)).map(({ alg }) => alg),
        all,
      )
    for (const alg of all)
      assert.isAtLeast(
        new Set(tokens.filter((row) => row.alg === alg).map(({ by }) => by)).size,
        2,
        alg,
      )
    assert.sameMembers(
      [...new Set([...signatures, ...tokens].map(({ by }) => by))],
      Object.keys(makers),
    )
    assert.lengthOf(
      signatures.filter(({ mu }) => mu),
      6,
    )
    assert.lengthOf(
      signatures.flatMap(({ refused = {} }) => Object.keys(refused)),
      7,
    )
  })

  for (const row of signatures) {
    const { by, alg, jwk } = row
    const over = Object.entries(messages)
      .filter(([name]) => row[name])
      .map(([name, message]) => ({ message, signature: bytesOf(row[name]), algorithm: alg }))

    test(`${makers[by]}: ${alg} verifies under the JWK and every form of the SPKI`, async () => {
      const thumbprint = await jose.calculateJwkThumbprint(jwk)
      for (const keys of formsOf(row)) {
        for (const signed of over)
          assert.deepInclude((await verifySignature(keys, signed)).key, {
            alg,
            thumbprint,
            use: 'sig',
          })
      }
      await withoutProvider(alg, jwk, () =>
        verifySignature(keysOf(jwk, { providers: undefined }), over[0]),
      )
    })

    test(`${makers[by]}: ${alg} does not verify with a bit turned, over another message, under another key`, async () => {
      const keys = keysOf(jwk)
      for (const { message, signature } of over) {
        for (const changed of turned(signature))
          await fails(
            assert,
            verifySignature(keys, { message, signature: changed, algorithm: alg }),
            codesOf(alg),
          )
        for (const other of turned(utf8.encode(message)))
          await fails(
            assert,
            verifySignature(keys, { message: other, signature, algorithm: alg }),
            'rejected',
          )
        await fails(
          assert,
          verifySignature(keysOf(otherThan(signatures, row).jwk), {
            message,
            signature,
            algorithm: alg,
          }),
          'rejected',
        )
      }
      for (const [what, made] of Object.entries(row.refused ?? {})) {
        const error = await fails(
          assert,
          verifySignature(keys, { ...over[0], signature: bytesOf(made) }),
          'rejected',
        )
        assert.match(error.message, /does not verify/, what)
      }
    })

    if (alg === 'Ed25519') continue // it signs messages only
    test(`${makers[by]}: ${alg} verifies over ${hashOf(alg) ? 'the digest' : 'mu'} that the caller has`, async () => {
      const keys = keysOf(jwk)
      const hash = hashOf(alg)
      const overDigest = async ({ message, signature }) => [
        new Uint8Array(await crypto.subtle.digest(hash ?? '', utf8.encode(message))),
        signature,
      ]
      const overMu = row.mu ? [[bytesOf(row.mu), bytesOf(row.long)]] : []
      const signed = hash ? await Promise.all(over.map(overDigest)) : overMu
      assert.equal(signed.length === 0, by === 'OpenSSL 3.5', 'that one makes none over mu')
      for (const [digest, signature] of signed) {
        await verifySignature(keys, { digest, signature, algorithm: alg })
        for (const other of turned(digest))
          await fails(
            assert,
            verifySignature(keys, { digest: other, signature, algorithm: alg }),
            'rejected',
          )
        for (const made of Object.values(row.refused ?? {}))
          await fails(
            assert,
            verifySignature(keys, { digest, signature: bytesOf(made), algorithm: alg }),
            'rejected',
          )
      }
    })
  }

  for (const row of tokens) {
    const { by, alg, jwk, token } = row
    const [header, payload, signature] = token.split('.')
    const { kid } = JSON.parse(new TextDecoder().decode(decode(header)))

    test(`a JWT by ${makers[by]} with ${alg} verifies with its claims`, async () => {
      const thumbprint = await jose.calculateJwkThumbprint(jwk)
      const found = await verifyJwt(keysOf(jwk), token, expected)
      sameClaims(found.claims, claims)
      assert.deepInclude(found.key, { alg: nameOf(alg), thumbprint })
      for (const keys of formsOf(row)) {
        assert.equal((await keys.list())[0].thumbprint, thumbprint)
        if (kid === thumbprint) sameClaims((await verifyJwt(keys, token, expected)).claims, claims)
      }
      assert.equal(
        kid === thumbprint,
        ['joserfc', 'jwcrypto', 'jwx'].includes(by),
        'whose kid is the thumbprint',
      )
      await withoutProvider(alg, jwk, () =>
        verifyJwt(keysOf(jwk, { providers: undefined }), token, expected),
      )
    })

    test(`a JWT by ${makers[by]} with ${alg} is refused with a bit turned, under another key, too late, for another audience`, async () => {
      const keys = keysOf(jwk)
      for (const changed of turned(decode(signature)))
        await fails(
          assert,
          verifyJwt(keys, `${header}.${payload}.${encode(changed)}`, expected),
          'rejected',
          /does not verify/,
        )
      const late = JSON.stringify({ ...claims, exp: claims.exp + 1 })
      await fails(
        assert,
        verifyJwt(keys, `${header}.${encode(late)}.${signature}`, expected),
        'rejected',
        /does not verify/,
      )
      await fails(
        assert,
        verifyJwt(keysOf({ ...otherThan(tokens, row).jwk, kid }), token, expected),
        'rejected',
        /does not verify/,
      )
      await fails(
        assert,
        verifyJwt(keysOf(jwk, { now: () => (claims.exp + 61) * 1000 }), token, expected),
        'expired',
      )
      await fails(
        assert,
        verifyJwt(keys, token, { ...expected, audience: 'https://other.example' }),
        'rejected',
        /aud/,
      )
    })
  }

  for (const { name, header, payload, key, signature } of rfcJws) {
    test(`the example of ${name} verifies, also without a kid in the token, and not with a bit turned`, async () => {
      const parts = [header, payload].map((part) => encode(part))
      assert.equal((await verify(keysOf(key), [...parts, signature].join('.'))).text(), payload)
      for (const changed of turned(decode(signature)))
        await fails(assert, verify(keysOf(key), [...parts, encode(changed)].join('.')), 'rejected')
    })
  }

  for (const { name, code, jws } of refusedJws) {
    test(`the example of ${name} is refused: ${code}`, async () =>
      fails(assert, verify(keysOf(rfcJws[0].key), jws), code))
  }

  for (const { name, jwk, thumbprint } of thumbprints) {
    test(`the thumbprint of ${name} is the one printed there`, async () =>
      assert.equal((await keysOf(jwk).list())[0].thumbprint, thumbprint))
  }
}
