// Signatures of Ed25519 and ML-DSA keys, read by noble and OpenSSL, and what fits no key.
import { createHash, verify as nodeVerify } from 'node:crypto'
import { describe, test } from 'node:test'
import { ed25519, ed25519ph } from '@noble/curves/ed25519.js'
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js'
import { assert } from 'chai'
import {
  generateMaterial,
  importedMaterial,
  pairOf,
  privateKeyInfo,
  publicKeyOf,
  seedOf,
} from '#dist/local-kms/crypto/material.js'
import {
  mlDsaPublicKey,
  mlDsaSign,
  mlDsaSignMu,
  mlDsaVerify,
  mlDsaVerifyMu,
} from '#dist/local-kms/crypto/post-quantum.js'
import { sign, verify } from '#dist/local-kms/crypto/signing.js'
import { enums } from '#dist/local-kms/key-specs.js'
import { keyOf, materialOf } from './crypto-keys.mjs'
import { hex, inNode24, openssl } from './crypto-readers.mjs'
import { message, refuses, sha, signers } from './crypto-signers.mjs'
import { assertFault, row, there, thrown } from './helpers.mjs'
import * as say from './messages.mjs'

describe('Ed25519', () => {
  const spec = 'ECC_NIST_EDWARDS25519'
  const pkcs8 = (secretKey) => Buffer.from(`302e020100300506032b657004220420${secretKey}`, 'hex')
  const raw = (material) => publicKeyOf(spec, material).subarray(-32)

  /** RFC 8032 §7.1, tests 1 to 3: message, secret key, public key, signature. */
  const pure = [
    [
      '',
      '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ],
    [
      '72',
      '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    ],
    [
      'af82',
      'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
      'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    ],
  ]
  for (const [index, [input, secretKey, publicKey, signature]] of pure.entries()) {
    test(`ED25519_SHA_512: RFC 8032 §7.1, test ${index + 1}`, () => {
      const material = there(importedMaterial(spec, pkcs8(secretKey)))
      const bytes = Buffer.from(input, 'hex')
      const known = Buffer.from(signature, 'hex')
      assert.strictEqual(hex(raw(material)), publicKey)
      assert.strictEqual(
        hex(
          sign(spec, material, {
            algorithm: 'ED25519_SHA_512',
            messageType: 'RAW',
            message: bytes,
          }),
        ),
        signature,
      )
      assert.strictEqual(
        verify(
          spec,
          material,
          { algorithm: 'ED25519_SHA_512', messageType: 'RAW', message: bytes },
          known,
        ),
        true,
      )
    })
  }

  test('ED25519_PH_SHA_512: RFC 8032 §7.3', () => {
    const secretKey = '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42'
    const material = there(importedMaterial(spec, pkcs8(secretKey)))
    assert.strictEqual(
      hex(raw(material)),
      'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
    )
    const digest = sha(512, Buffer.from('abc'))
    const signature = sign(spec, material, {
      algorithm: 'ED25519_PH_SHA_512',
      messageType: 'DIGEST',
      message: digest,
    })
    assert.strictEqual(
      hex(signature),
      '98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae4131f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406',
    )
    assert.strictEqual(
      verify(
        spec,
        material,
        { algorithm: 'ED25519_PH_SHA_512', messageType: 'DIGEST', message: digest },
        signature,
      ),
      true,
    )
  })

  test('both variants are read by noble and by node:crypto, one is not the other, and nothing changed verifies', async () => {
    const material = await materialOf(spec)
    const plain = sign(spec, material, {
      algorithm: 'ED25519_SHA_512',
      messageType: 'RAW',
      message,
    })
    const prehashed = sign(spec, material, {
      algorithm: 'ED25519_PH_SHA_512',
      messageType: 'DIGEST',
      message: sha(512),
    })
    assert.deepEqual([plain.length, prehashed.length], [64, 64])
    assert.strictEqual(ed25519.verify(plain, message, raw(material)), true)
    assert.strictEqual(nodeVerify(null, message, keyOf(spec, material), plain), true)
    assert.strictEqual(ed25519ph.verify(prehashed, message, raw(material)), true)
    assert.strictEqual(nodeVerify(null, sha(512), keyOf(spec, material), prehashed), false)
    assert.strictEqual(
      verify(
        spec,
        material,
        { algorithm: 'ED25519_SHA_512', messageType: 'RAW', message: sha(512) },
        prehashed,
      ),
      false,
    )
    assert.strictEqual(
      verify(
        spec,
        material,
        { algorithm: 'ED25519_PH_SHA_512', messageType: 'DIGEST', message: sha(512) },
        plain,
      ),
      false,
    )
    const raws = { algorithm: 'ED25519_SHA_512', type: /** @type {const} */ ('RAW') }
    const digests = { algorithm: 'ED25519_PH_SHA_512', type: /** @type {const} */ ('DIGEST') }
    refuses({ spec, material, ...raws, input: message }, plain)
    refuses({ spec, material, ...digests, input: sha(512) }, prehashed)
    const theirs = ed25519ph.sign(
      message,
      Buffer.from(there(pairOf(material).export({ format: 'jwk' }).d), 'base64url'),
    )
    assert.strictEqual(
      verify(
        spec,
        material,
        { algorithm: 'ED25519_PH_SHA_512', messageType: 'DIGEST', message: sha(512) },
        theirs,
      ),
      true,
    )
  })

  test('openssl verifies the plain variant', async () => {
    const material = await materialOf(spec)
    const answer = openssl(
      [
        'pkeyutl',
        '-verify',
        '-pubin',
        '-inkey',
        '@key',
        '-rawin',
        '-in',
        '@message',
        '-sigfile',
        '@signature',
      ],
      {
        key: keyOf(spec, material).export({ format: 'pem', type: 'spki' }),
        signature: sign(spec, material, {
          algorithm: 'ED25519_SHA_512',
          messageType: 'RAW',
          message,
        }),
        message,
      },
    )
    assert.match(answer.toString(), /Signature Verified Successfully/)
  })

  test('a digest of another length than 64 bytes is refused', async () => {
    const material = await materialOf(spec)
    for (const length of [0, 32, 63, 65])
      assertFault(
        () =>
          sign(spec, material, {
            algorithm: 'ED25519_PH_SHA_512',
            messageType: 'DIGEST',
            message: new Uint8Array(length),
          }),
        'ValidationException',
        'Digest is invalid length for algorithm ED25519_PH_SHA_512.',
      )
  })
})

describe('ML-DSA', () => {
  /** Spec, bytes of a signature, the other implementation. */
  const rows = [
    row(/** @type {const} */ ('ML_DSA_44'), 2420, ml_dsa44),
    row(/** @type {const} */ ('ML_DSA_65'), 3309, ml_dsa65),
    row(/** @type {const} */ ('ML_DSA_87'), 4627, ml_dsa87),
  ]
  const rawAndMu = /** @type {const} */ (['RAW', 'EXTERNAL_MU'])
  const shake = (...parts) =>
    parts
      .reduce((hash, part) => hash.update(part), createHash('shake256', { outputLength: 64 }))
      .digest()
  const algorithm = 'ML_DSA_SHAKE_256'
  const verifying =
    'return crypto.verify(null, bytes[1], crypto.createPublicKey(' +
    '{ key: bytes[0], format: "der", type: "spki" }), bytes[2])'
  const signing =
    'return crypto.sign(null, bytes[1], crypto.createPrivateKey(' +
    '{ key: bytes[0], format: "der", type: "pkcs8" })).toString("hex")'

  for (const [spec, length, noble] of rows) {
    test(`${spec}: RAW and EXTERNAL_MU verify as each other, by noble and by OpenSSL, and nothing changed does`, async () => {
      const material = await materialOf(spec)
      const spki = publicKeyOf(spec, material)
      const publicKey = spki.subarray(22)
      const mu = shake(shake(publicKey), Uint8Array.of(0, 0), message)
      const inputs = { RAW: message, EXTERNAL_MU: mu }
      for (const type of rawAndMu) {
        const signature = sign(spec, material, {
          algorithm,
          messageType: type,
          message: inputs[type],
        })
        assert.strictEqual(signature.length, length)
        assert.notStrictEqual(
          hex(sign(spec, material, { algorithm, messageType: type, message: inputs[type] })),
          hex(signature),
          'hedged',
        )
        assert.strictEqual(noble.verify(signature, message, publicKey), true)
        assert.strictEqual(inNode24(verifying, spki, message, signature), true)
        for (const other of rawAndMu) {
          assert.strictEqual(
            verify(
              spec,
              material,
              { algorithm, messageType: other, message: inputs[other] },
              signature,
            ),
            true,
            `${type} as ${other}`,
          )
          refuses({ spec, material, algorithm, type: other, input: inputs[other] }, signature)
        }
        assert.strictEqual(
          verify(spec, material, { algorithm, messageType: 'RAW', message: mu }, signature),
          false,
          'a representative is not the message',
        )
      }
    })

    test(`${spec}: OpenSSL's signature by the same seed verifies, and the library's own ways agree with it`, async () => {
      const material = await materialOf(spec)
      const theirs = Buffer.from(inNode24(signing, privateKeyInfo(spec, material), message), 'hex')
      const publicKey = mlDsaPublicKey(spec, seedOf(material))
      const mu = shake(shake(publicKey), Uint8Array.of(0, 0), message)
      assert.strictEqual(hex(publicKey), hex(publicKeyOf(spec, material).subarray(22)))
      for (const signature of [
        theirs,
        mlDsaSign(spec, seedOf(material), message),
        mlDsaSignMu(spec, seedOf(material), mu),
      ]) {
        assert.strictEqual(
          verify(spec, material, { algorithm, messageType: 'RAW', message }, signature),
          true,
        )
        assert.strictEqual(
          verify(spec, material, { algorithm, messageType: 'EXTERNAL_MU', message: mu }, signature),
          true,
        )
        assert.strictEqual(mlDsaVerify(spec, publicKey, message, signature), true)
        assert.strictEqual(mlDsaVerifyMu(spec, publicKey, mu, signature), true)
        assert.strictEqual(mlDsaVerify(spec, publicKey, mu, signature), false)
      }
    })

    test(`${spec}: a representative of another length than 64 bytes is refused, DIGEST always`, async () => {
      const material = await materialOf(spec)
      for (const wrong of [0, 63, 65])
        assertFault(
          () =>
            sign(spec, material, {
              algorithm,
              messageType: 'EXTERNAL_MU',
              message: new Uint8Array(wrong),
            }),
          'ValidationException',
          `External Mu is invalid length for algorithm ${algorithm}.`,
        )
      assertFault(
        () => sign(spec, material, { algorithm, messageType: 'DIGEST', message: sha(512) }),
        'ValidationException',
        `Message type DIGEST is incompatible with key spec ${spec}.`,
      )
    })
  }
})

describe('what does not fit', () => {
  const types = {
    RSA: ['RAW', 'DIGEST'],
    ECDSA: ['RAW', 'DIGEST'],
    ED25519_SHA_512: ['RAW'],
    ED25519_PH: ['DIGEST'],
    ML_DSA: ['RAW', 'EXTERNAL_MU'],
  }
  for (const { spec, algorithms } of signers) {
    test(`${spec} refuses every algorithm but its own, and every message type that its algorithms do not take`, async () => {
      const material = await materialOf(spec)
      const known = signers.flatMap((one) => [...one.algorithms])
      const others = new Set([...known, 'SM2DSA', 'SYMMETRIC_DEFAULT', 'constructor'])
      for (const algorithm of algorithms) others.delete(algorithm)
      for (const algorithm of others) {
        const error = row('InvalidKeyUsageException', say.noAlgorithm(algorithm, spec))
        for (const type of enums.messageType) {
          assertFault(
            () => sign(spec, material, { algorithm, messageType: type, message }),
            ...error,
          )
          assertFault(
            () => verify(spec, material, { algorithm, messageType: type, message }, message),
            ...error,
          )
        }
      }
      for (const algorithm of algorithms) {
        const [, taken] = there(
          Object.entries(types).find(([prefix]) => algorithm.startsWith(prefix)),
        )
        for (const type of enums.messageType.filter((name) => !taken.includes(name))) {
          const what = algorithm.startsWith('ED25519')
            ? `algorithm ${algorithm}`
            : `key spec ${spec}`
          const input = new Uint8Array(64)
          const text = `Message type ${type} is incompatible with ${what}.`
          assert.strictEqual(
            thrown(() => sign(spec, material, { algorithm, messageType: type, message: input }))
              .text,
            text,
          )
          assertFault(
            () => verify(spec, material, { algorithm, messageType: type, message: input }, message),
            'ValidationException',
            text,
          )
        }
      }
    })
  }

  test('a key of another pair does not verify', async () => {
    for (const { spec, algorithms } of signers.filter((one) => !one.spec.startsWith('RSA'))) {
      const [one, two] = [await materialOf(spec), await generateMaterial(spec)]
      const [algorithm] = algorithms
      const signature = sign(spec, one, { algorithm, messageType: 'RAW', message })
      assert.strictEqual(
        verify(spec, one, { algorithm, messageType: 'RAW', message }, signature),
        true,
      )
      assert.strictEqual(
        verify(spec, two, { algorithm, messageType: 'RAW', message }, signature),
        false,
        spec,
      )
    }
  })
})
