// Every algorithm that KMS signs with: signed through the local KMS over HTTP, published, verified
// by us and by readers that we did not write.
import test, { after, before, describe } from 'node:test'
import { createHash, createPublicKey, verify as nodeVerify, constants } from 'node:crypto'
import { GetPublicKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms'
import { assert } from 'chai'
import * as jose from 'jose'
import {
  fetchKeySet,
  importKeySet,
  inHand,
  overHttps,
  verify,
  verifyJwt,
  verifySignature,
} from 'sealdrop'
import { digests } from 'sealdrop/digests'
import { createPublisher, createSigner, publicJwk } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { mlDsa } from 'sealdrop/ml-dsa'
import { keySetHandler } from 'sealdrop/serve'
import { fails } from '../support/host.js'
import { intercept } from '../support/intercept.mjs'

/** Algorithm to KeySpec; RSA sizes are spread. */
const specs = {
  PS256: 'RSA_2048',
  PS384: 'RSA_3072',
  PS512: 'RSA_4096',
  RS256: 'RSA_2048',
  RS384: 'RSA_3072',
  RS512: 'RSA_4096',
  ES256: 'ECC_NIST_P256',
  ES384: 'ECC_NIST_P384',
  ES512: 'ECC_NIST_P521',
  Ed25519: 'ECC_NIST_EDWARDS25519',
  'ML-DSA-44': 'ML_DSA_44',
  'ML-DSA-65': 'ML_DSA_65',
  'ML-DSA-87': 'ML_DSA_87',
}
const aliasOf = (alg) => `alias/${alg}`
const nativeMlDsa = await crypto.subtle.generateKey('ML-DSA-44', true, ['sign', 'verify']).then(
  () => true,
  () => false,
)
const notHere = (alg) =>
  alg.startsWith('ML-DSA') &&
  !nativeMlDsa &&
  'this Node has no ML-DSA, which jose and this check need'
const providers = [mlDsa(), digests()]

let local, kms
before(async () => {
  local = await startLocalKms({
    keys: [
      ...Object.entries(specs).map(([alg, spec]) => ({
        alias: aliasOf(alg),
        spec,
        usage: 'SIGN_VERIFY',
      })),
      { alias: 'alias/k1', spec: 'ECC_SECG_P256K1', usage: 'SIGN_VERIFY' },
    ],
  })
  kms = new KMSClient(local.clientConfig)
})
after(async () => {
  kms.destroy()
  await local.close()
})
const signerOf = (alg) =>
  createSigner({ kms: local.clientConfig, key: aliasOf(alg), algorithm: alg })
const keysOf = async (alg) =>
  importKeySet(
    { ...(await publicJwk({ kms: local.clientConfig, key: aliasOf(alg) })), alg },
    { trust: inHand(), providers },
  )
const publicKeyOf = async (alg) =>
  (await kms.send(new GetPublicKeyCommand({ KeyId: aliasOf(alg) }))).PublicKey

describe('every algorithm', () => {
  for (const alg of Object.keys(specs)) {
    test(`${alg}: what kms:Sign signs verifies here, and not when it was changed`, async () => {
      const jws = await signerOf(alg).sign({ a: alg })
      const found = await verify(await keysOf(alg), jws)
      assert.deepEqual([found.json(), found.key.alg, found.header.alg], [{ a: alg }, alg, alg])
      await fails(
        assert,
        verify(
          await keysOf(alg),
          jws.replace(/.(.{5})$/, (whole, rest) => (whole[0] === 'A' ? 'B' : 'A') + rest),
        ),
        'rejected',
      )
    })

    test(`${alg}: what kms:Sign signs verifies with jose`, { skip: notHere(alg) }, async () => {
      const jws = await signerOf(alg).sign({ a: alg })
      const { payload } = await jose.compactVerify(
        jws,
        await jose.importJWK(
          { ...(await publicJwk({ kms: local.clientConfig, key: aliasOf(alg) })), alg },
          alg,
        ),
      )
      assert.deepEqual(JSON.parse(new TextDecoder().decode(payload).trim()), { a: alg })
    })

    const publishedJwt = async () => {
      const handler = keySetHandler(
        createPublisher({
          kms: local.clientConfig,
          keys: [{ key: aliasOf(alg), alg }, { key: aliasOf(alg === 'ES256' ? 'ES384' : 'ES256') }],
        }),
      )
      return {
        fetch: (url, init) => handler(new Request(url, init)),
        jwt: await signerOf(alg).signJwt(
          { iss: 'us', aud: 'partner', sub: 'x' },
          { expiresIn: 60_000 },
        ),
      }
    }

    test(`${alg}: a key set that is published and fetched verifies a JWT`, async () => {
      const { fetch, jwt } = await publishedJwt()
      const keys = fetchKeySet('https://keys.example/jwks.json', {
        trust: overHttps(),
        fetch,
        providers,
      })
      const { claims, key } = await verifyJwt(keys, jwt, { issuer: 'us', audience: 'partner' })
      assert.deepEqual([claims.sub, key.alg], ['x', alg])
    })

    test(
      `${alg}: jwtVerify of jose verifies a JWT over the same set, which it fetches`,
      { skip: notHere(alg) },
      async () => {
        const { fetch, jwt } = await publishedJwt()
        const remote = jose.createRemoteJWKSet(new URL('https://keys.example/jwks.json'), {
          [jose.customFetch]: fetch,
        })
        assert.equal(
          (await jose.jwtVerify(jwt, remote, { issuer: 'us', audience: 'partner' })).payload.sub,
          'x',
        )
      },
    )

    test(`${alg}: a raw signature of kms:Sign verifies by the KMS name, with the key as GetPublicKey answers it`, async () => {
      const { SigningAlgorithms, ...answer } = await kms.send(
        new GetPublicKeyCommand({ KeyId: aliasOf(alg) }),
      )
      const keys = importKeySet({ ...answer }, { trust: inHand(), alg, providers })
      const Message = Buffer.from('a message')
      const algorithm = SigningAlgorithms.find((name) =>
        /^[PR]S/.test(alg)
          ? name.includes(alg[0] === 'P' ? 'PSS' : 'PKCS1') && name.endsWith(alg.slice(2))
          : !name.includes('_PH_'),
      )
      const { Signature } = await kms.send(
        new SignCommand({
          KeyId: aliasOf(alg),
          Message,
          MessageType: 'RAW',
          SigningAlgorithm: algorithm,
        }),
      )
      assert.equal(
        (await verifySignature(keys, { message: Message, signature: Signature, algorithm })).key
          .arn,
        answer.KeyId,
      )
      await fails(
        assert,
        verifySignature(keys, { message: 'another message', signature: Signature, algorithm }),
        'rejected',
      )
      if (!/^[EPR]S\d/.test(alg)) return
      const digest = createHash(`sha${alg.slice(2)}`)
        .update(Message)
        .digest()
      const { Signature: ofDigest } = await kms.send(
        new SignCommand({
          KeyId: aliasOf(alg),
          Message: digest,
          MessageType: 'DIGEST',
          SigningAlgorithm: algorithm,
        }),
      )
      for (const signature of [Signature, ofDigest])
        await verifySignature(keys, { digest, signature, algorithm })
      await verifySignature(keys, { message: Message, signature: ofDigest, algorithm })
      await fails(
        assert,
        verifySignature(keys, {
          digest: createHash(`sha${alg.slice(2)}`)
            .update('x')
            .digest(),
          signature: Signature,
          algorithm,
        }),
        'rejected',
      )
    })

    test(
      `${alg}: what is signed for a JWS verifies with OpenSSL`,
      { skip: notHere(alg) },
      async () => {
        const [header, payload, signature] = (await signerOf(alg).sign('x')).split('.')
        const key = {
          key: createPublicKey({
            key: Buffer.from(await publicKeyOf(alg)),
            format: 'der',
            type: 'spki',
          }),
          dsaEncoding: /** @type {const} */ ('ieee-p1363'),
          ...(alg.startsWith('PS') && {
            padding: constants.RSA_PKCS1_PSS_PADDING,
            saltLength: Number(alg.slice(2)) / 8,
          }),
        }
        assert.isTrue(
          nodeVerify(
            /^[EPR]S\d/.test(alg) ? `sha${alg.slice(2)}` : null,
            Buffer.from(`${header}.${payload}`),
            key,
            Buffer.from(signature, 'base64url'),
          ),
        )
      },
    )
  }
})

describe('what KMS takes', () => {
  /** A payload that makes header and payload together so many characters. */
  const bytesFor = async (alg, length) => {
    const [header] = (await signerOf(alg).sign(new Uint8Array())).split('.')
    const payload = new Uint8Array(Math.floor(((length - header.length - 1) * 3) / 4))
    return { payload, length: header.length + 1 + Math.ceil((payload.length * 4) / 3) }
  }

  test('Ed25519 signs 4,096 bytes of header and payload and not one more', async () => {
    const { payload, length } = await bytesFor('Ed25519', 4_096)
    assert.isAtLeast(length, 4_095)
    await verify(await keysOf('Ed25519'), await signerOf('Ed25519').sign(payload))
    await fails(
      assert,
      signerOf('Ed25519').sign(new Uint8Array(payload.length + 2)),
      'too_large',
      /4096 bytes.*found 4\d+/,
    )
  })

  for (const alg of ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87']) {
    test(`${alg} signs 4,096 bytes as a message, and more of them by mu`, async () => {
      const calls = []
      const traced = { ...local.clientConfig, requestHandler: undefined }
      const client = new KMSClient(traced)
      intercept(client, (_operation, { MessageType, Message }, go) => {
        if (MessageType) calls.push([MessageType, Message.length])
        return go()
      })
      const signer = createSigner({ kms: client, key: aliasOf(alg) })
      const { payload } = await bytesFor(alg, 4_096)
      for (const size of [payload.length, payload.length + 2, 100_000])
        await verify(await keysOf(alg), await signer.sign(new Uint8Array(size).fill(1)))
      client.destroy()
      assert.deepEqual(
        calls.map(([type]) => type),
        ['RAW', 'EXTERNAL_MU', 'EXTERNAL_MU'],
      )
      assert.isAtMost(calls[0][1], 4_096)
      assert.deepEqual(
        calls.slice(1).map(([, length]) => length),
        [64, 64],
      )
    })
  }

  test('secp256k1, SM2 and ED25519_PH are refused by name, with the reason', async () => {
    await fails(
      assert,
      createSigner({ kms: local.clientConfig, key: 'alias/k1' }).sign('x'),
      'unsupported_algorithm',
      /secp256k1, which WebCrypto has not/,
    )
    await fails(
      assert,
      createPublisher({ kms: local.clientConfig, keys: [{ key: 'alias/k1' }] }).documents(),
      'unsupported_algorithm',
      /secp256k1/,
    )
    await fails(
      assert,
      createSigner({
        kms: local.clientConfig,
        key: aliasOf('Ed25519'),
        algorithm: 'ED25519_PH_SHA_512',
      }).sign('x'),
      'invalid_argument',
      /sign with ED25519_SHA_512/,
    )
    await fails(
      assert,
      createSigner({ kms: local.clientConfig, key: aliasOf('ES256'), algorithm: 'SM2DSA' }).sign(
        'x',
      ),
      'invalid_argument',
      /WebCrypto has no SM2/,
    )
    await fails(
      assert,
      createSigner({ kms: local.clientConfig, key: aliasOf('ES256'), algorithm: 'ES256K' }).sign(
        'x',
      ),
      'invalid_argument',
      /secp256k1/,
    )
  })

  test('an answer of KMS that is cut or of another algorithm is refused before it is handed out', async () => {
    const answers = {
      ES256: Uint8Array.of(0x30, 1),
      Ed25519: new Uint8Array(63),
      'ML-DSA-44': new Uint8Array(64),
      PS256: new Uint8Array(255),
    }
    for (const [alg, Signature] of Object.entries(answers)) {
      const client = new KMSClient(local.clientConfig)
      intercept(client, async (_operation, _input, go) => {
        const result = await go()
        if (result.output.Signature) result.output.Signature = Signature
        return result
      })
      await fails(
        assert,
        createSigner({ kms: client, key: aliasOf(alg), algorithm: alg }).sign('x'),
        'kms_unexpected',
        /signature/,
      )
      client.destroy()
    }
  })
})
