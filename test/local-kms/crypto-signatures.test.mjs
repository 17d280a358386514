import {
  constants,
  createHash,
  createPublicKey,
  sign as nodeSign,
  verify as nodeVerify,
  webcrypto,
} from 'node:crypto'
import { describe, test } from 'node:test'
import { assert } from 'chai'
import { ed25519, ed25519ph } from '@noble/curves/ed25519.js'
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js'
import {
  generateMaterial,
  importedMaterial,
  privateKeyInfo,
  publicKeyOf,
} from '../../dist/local-kms/crypto/material.js'
import {
  mlDsaPublicKey,
  mlDsaSign,
  mlDsaSignMu,
  mlDsaVerify,
  mlDsaVerifyMu,
} from '../../dist/local-kms/crypto/post-quantum.js'
import { sign, verify } from '../../dist/local-kms/crypto/signatures.js'
import { keySpecs } from '../../dist/local-kms/key-specs.js'
import { flipped, hex, inNode24, openssl } from './crypto-readers.mjs'
import { assertFault, row, thrown } from './helpers.mjs'

const signers = [...keySpecs].filter(
  ([spec, row]) => row.algorithms.SIGN_VERIFY && spec !== 'RSA_4096',
)
const made = new Map()
const materialOf = (spec) => {
  if (!made.has(spec)) made.set(spec, generateMaterial(spec))
  return made.get(spec)
}
const keyOf = (spec, material) =>
  createPublicKey({ key: Buffer.from(publicKeyOf(spec, material)), format: 'der', type: 'spki' })
const message = Buffer.from('the message')
const sha = (bits, bytes = message) => createHash(`sha${bits}`).update(bytes).digest()

const paddings = {
  PSS: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
  PKCS1: { padding: constants.RSA_PKCS1_PADDING },
  ECDSA: { dsaEncoding: 'der' },
}
const classical = signers.flatMap(([spec, { kty, algorithms }]) =>
  (['RSA', 'EC'].includes(kty) ? algorithms.SIGN_VERIFY : []).map((algorithm) => ({
    spec,
    algorithm,
    bits: Number(algorithm.slice(-3)),
    options: paddings[/PSS|PKCS1|ECDSA/.exec(algorithm)[0]],
  })),
)

/**
 * Changes that no verification may overlook: each eighth of a signature, both ends, every bit of a
 * byte, and lengths.
 */
function changes(signature) {
  const eighths = Array.from({ length: 8 }, (_, index) =>
    Math.floor((signature.length * index) / 8),
  )
  return [
    ...[...eighths, -1, -2].map((at) => [`bit of byte ${at}`, flipped(signature, at)]),
    ...[1, 2, 4, 8, 16, 32, 64, 128].map((bit) => [
      `bit ${bit}`,
      flipped(signature, signature.length >> 1, bit),
    ]),
    ['nothing', new Uint8Array()],
    ['a cut', signature.slice(0, -1)],
    ['one more', Uint8Array.from([...signature, 0])],
    ['one before', Uint8Array.from([0, ...signature])],
    ['zeros', new Uint8Array(signature.length)],
    ['ones', new Uint8Array(signature.length).fill(255)],
    ['6,144 bytes', new Uint8Array(6144).fill(1)],
  ]
}

function refuses(spec, material, algorithm, type, input, signature) {
  for (const [name, changed] of changes(signature))
    assert.strictEqual(
      verify(spec, material, algorithm, type, input, changed),
      false,
      `${algorithm} ${type}: ${name}`,
    )
  assert.strictEqual(
    verify(spec, material, algorithm, type, flipped(input, 0), signature),
    false,
    'another message',
  )
}

describe('RSA and ECDSA', () => {
  test('the table has every algorithm of these keys', () => {
    assert.strictEqual(classical.length, 6 * 2 + 4)
  })

  for (const { spec, algorithm, bits, options } of classical) {
    test(`${algorithm} of ${spec}: RAW and DIGEST verify as each other and by node:crypto, and nothing changed does`, async () => {
      const material = await materialOf(spec)
      const inputs = { RAW: message, DIGEST: sha(bits) }
      for (const type of ['RAW', 'DIGEST']) {
        const signature = sign(spec, material, algorithm, type, inputs[type])
        if (spec.startsWith('RSA')) assert.strictEqual(signature.length, Number(spec.slice(4)) / 8)
        assert.strictEqual(
          nodeVerify(`sha${bits}`, message, { key: keyOf(spec, material), ...options }, signature),
          true,
        )
        for (const other of ['RAW', 'DIGEST']) {
          assert.strictEqual(
            verify(spec, material, algorithm, other, inputs[other], signature),
            true,
            `${type} as ${other}`,
          )
          refuses(spec, material, algorithm, other, inputs[other], signature)
        }
      }
      const theirs = nodeSign(`sha${bits}`, message, { key: material.privateKey, ...options })
      for (const type of ['RAW', 'DIGEST'])
        assert.strictEqual(
          verify(spec, material, algorithm, type, inputs[type], theirs),
          true,
          `node:crypto's as ${type}`,
        )
      for (const wrong of [0, bits / 8 - 1, bits / 8 + 1]) {
        for (const run of [
          () => sign(spec, material, algorithm, 'DIGEST', new Uint8Array(wrong)),
          () => verify(spec, material, algorithm, 'DIGEST', new Uint8Array(wrong), theirs),
        ]) {
          assertFault(
            run,
            'ValidationException',
            `Digest is invalid length for algorithm ${algorithm}.`,
          )
        }
      }
    })
  }

  for (const { spec, algorithm, bits } of classical.filter(({ spec }) => spec !== 'RSA_3072')) {
    test(`${algorithm} of ${spec}: openssl verifies a signed digest`, async () => {
      const material = await materialOf(spec)
      const signature = sign(spec, material, algorithm, 'DIGEST', sha(bits))
      const pss = algorithm.includes('PSS')
        ? [
            '-sigopt',
            'rsa_padding_mode:pss',
            '-sigopt',
            'rsa_pss_saltlen:digest',
            '-sigopt',
            `rsa_mgf1_md:sha${bits}`,
          ]
        : []
      const answer = openssl(
        ['dgst', `-sha${bits}`, '-verify', '@key', ...pss, '-signature', '@signature', '@message'],
        { key: keyOf(spec, material).export({ format: 'pem', type: 'spki' }), signature, message },
      )
      assert.strictEqual(answer.toString().trim(), 'Verified OK')
    })
  }

  test('WebCrypto verifies PSS and PKCS1 over a digest', async () => {
    const material = await materialOf('RSA_2048')
    for (const [name, kms] of [
      ['RSA-PSS', 'PSS'],
      ['RSASSA-PKCS1-v1_5', 'PKCS1_V1_5'],
    ]) {
      for (const bits of [256, 384, 512]) {
        const key = await webcrypto.subtle.importKey(
          'spki',
          publicKeyOf('RSA_2048', material),
          { name, hash: `SHA-${bits}` },
          false,
          ['verify'],
        )
        const signature = sign(
          'RSA_2048',
          material,
          `RSASSA_${kms}_SHA_${bits}`,
          'DIGEST',
          sha(bits),
        )
        assert.strictEqual(
          await webcrypto.subtle.verify({ name, saltLength: bits / 8 }, key, signature, message),
          true,
        )
      }
    }
  })

  test('both halves of S occur, by RAW and by DIGEST, on secp256k1 too, and both verify', async () => {
    const orders = {
      ECC_NIST_P256: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
      ECC_SECG_P256K1: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
    }
    for (const [spec, order] of Object.entries(orders)) {
      const material = await materialOf(spec)
      for (const [type, input] of [
        ['RAW', message],
        ['DIGEST', sha(256)],
      ]) {
        const highs = new Set()
        const seen = new Set()
        for (let i = 0; i < 64 && highs.size < 2; i++) {
          const signature = sign(spec, material, 'ECDSA_SHA_256', type, input)
          seen.add(hex(signature))
          highs.add(BigInt(`0x${hex(signature.subarray(4 + signature[3] + 2))}`) > order / 2n)
          assert.strictEqual(
            verify(
              spec,
              material,
              'ECDSA_SHA_256',
              type === 'RAW' ? 'DIGEST' : 'RAW',
              type === 'RAW' ? sha(256) : message,
              signature,
            ),
            true,
          )
          assert.strictEqual(seen.size, i + 1, 'nonces are random')
        }
        assert.strictEqual(highs.size, 2, `${spec} ${type}`)
      }
    }
  })

  test('PSS with a salt of another length does not verify, by RAW or by DIGEST', async () => {
    const material = await materialOf('RSA_2048')
    for (const saltLength of [0, 20, 31, 33, 222]) {
      const signature = nodeSign('sha256', message, {
        key: material.privateKey,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength,
      })
      assert.strictEqual(
        verify('RSA_2048', material, 'RSASSA_PSS_SHA_256', 'RAW', message, signature),
        false,
        `RAW ${saltLength}`,
      )
      assert.strictEqual(
        verify('RSA_2048', material, 'RSASSA_PSS_SHA_256', 'DIGEST', sha(256), signature),
        false,
        `DIGEST ${saltLength}`,
      )
    }
  })
})

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
      const material = importedMaterial(spec, pkcs8(secretKey))
      assert.strictEqual(hex(raw(material)), publicKey)
      assert.strictEqual(
        hex(sign(spec, material, 'ED25519_SHA_512', 'RAW', Buffer.from(input, 'hex'))),
        signature,
      )
      assert.strictEqual(
        verify(
          spec,
          material,
          'ED25519_SHA_512',
          'RAW',
          Buffer.from(input, 'hex'),
          Buffer.from(signature, 'hex'),
        ),
        true,
      )
    })
  }

  test('ED25519_PH_SHA_512: RFC 8032 §7.3', () => {
    const material = importedMaterial(
      spec,
      pkcs8('833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42'),
    )
    assert.strictEqual(
      hex(raw(material)),
      'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
    )
    const signature = sign(
      spec,
      material,
      'ED25519_PH_SHA_512',
      'DIGEST',
      sha(512, Buffer.from('abc')),
    )
    assert.strictEqual(
      hex(signature),
      '98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae4131f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406',
    )
    assert.strictEqual(
      verify(
        spec,
        material,
        'ED25519_PH_SHA_512',
        'DIGEST',
        sha(512, Buffer.from('abc')),
        signature,
      ),
      true,
    )
  })

  test('both variants are read by noble and by node:crypto, one is not the other, and nothing changed verifies', async () => {
    const material = await materialOf(spec)
    const plain = sign(spec, material, 'ED25519_SHA_512', 'RAW', message)
    const prehashed = sign(spec, material, 'ED25519_PH_SHA_512', 'DIGEST', sha(512))
    assert.deepEqual([plain.length, prehashed.length], [64, 64])
    assert.strictEqual(ed25519.verify(plain, message, raw(material)), true)
    assert.strictEqual(nodeVerify(null, message, keyOf(spec, material), plain), true)
    assert.strictEqual(ed25519ph.verify(prehashed, message, raw(material)), true)
    assert.strictEqual(nodeVerify(null, sha(512), keyOf(spec, material), prehashed), false)
    assert.strictEqual(verify(spec, material, 'ED25519_SHA_512', 'RAW', sha(512), prehashed), false)
    assert.strictEqual(
      verify(spec, material, 'ED25519_PH_SHA_512', 'DIGEST', sha(512), plain),
      false,
    )
    refuses(spec, material, 'ED25519_SHA_512', 'RAW', message, plain)
    refuses(spec, material, 'ED25519_PH_SHA_512', 'DIGEST', sha(512), prehashed)
    const theirs = ed25519ph.sign(
      message,
      Buffer.from(material.privateKey.export({ format: 'jwk' }).d, 'base64url'),
    )
    assert.strictEqual(
      verify(spec, material, 'ED25519_PH_SHA_512', 'DIGEST', sha(512), theirs),
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
        signature: sign(spec, material, 'ED25519_SHA_512', 'RAW', message),
        message,
      },
    )
    assert.match(answer.toString(), /Signature Verified Successfully/)
  })

  test('a digest of another length than 64 bytes is refused', async () => {
    const material = await materialOf(spec)
    for (const length of [0, 32, 63, 65])
      assertFault(
        () => sign(spec, material, 'ED25519_PH_SHA_512', 'DIGEST', new Uint8Array(length)),
        'ValidationException',
        'Digest is invalid length for algorithm ED25519_PH_SHA_512.',
      )
  })
})

describe('ML-DSA', () => {
  const lengths = { ML_DSA_44: 2420, ML_DSA_65: 3309, ML_DSA_87: 4627 }
  const nobles = { ML_DSA_44: ml_dsa44, ML_DSA_65: ml_dsa65, ML_DSA_87: ml_dsa87 }
  const shake = (...parts) =>
    parts
      .reduce((hash, part) => hash.update(part), createHash('shake256', { outputLength: 64 }))
      .digest()
  const algorithm = 'ML_DSA_SHAKE_256'

  for (const [spec, length] of Object.entries(lengths)) {
    test(`${spec}: RAW and EXTERNAL_MU verify as each other, by noble and by OpenSSL, and nothing changed does`, async () => {
      const material = await materialOf(spec)
      const spki = publicKeyOf(spec, material)
      const publicKey = spki.subarray(22)
      const mu = shake(shake(publicKey), Uint8Array.of(0, 0), message)
      const inputs = { RAW: message, EXTERNAL_MU: mu }
      for (const type of ['RAW', 'EXTERNAL_MU']) {
        const signature = sign(spec, material, algorithm, type, inputs[type])
        assert.strictEqual(signature.length, length)
        assert.notStrictEqual(
          hex(sign(spec, material, algorithm, type, inputs[type])),
          hex(signature),
          'hedged',
        )
        assert.strictEqual(nobles[spec].verify(signature, message, publicKey), true)
        assert.strictEqual(
          inNode24(
            'return crypto.verify(null, bytes[1], crypto.createPublicKey({ key: bytes[0], format: "der", type: "spki" }), bytes[2])',
            spki,
            message,
            signature,
          ),
          true,
        )
        for (const other of ['RAW', 'EXTERNAL_MU']) {
          assert.strictEqual(
            verify(spec, material, algorithm, other, inputs[other], signature),
            true,
            `${type} as ${other}`,
          )
          refuses(spec, material, algorithm, other, inputs[other], signature)
        }
        assert.strictEqual(
          verify(spec, material, algorithm, 'RAW', mu, signature),
          false,
          'a representative is not the message',
        )
      }
    })

    test(`${spec}: OpenSSL's signature by the same seed verifies, and the library's own ways agree with it`, async () => {
      const material = await materialOf(spec)
      const theirs = Buffer.from(
        inNode24(
          'return crypto.sign(null, bytes[1], crypto.createPrivateKey({ key: bytes[0], format: "der", type: "pkcs8" })).toString("hex")',
          privateKeyInfo(spec, material),
          message,
        ),
        'hex',
      )
      const publicKey = mlDsaPublicKey(spec, material.seed)
      const mu = shake(shake(publicKey), Uint8Array.of(0, 0), message)
      assert.strictEqual(hex(publicKey), hex(publicKeyOf(spec, material).subarray(22)))
      for (const signature of [
        theirs,
        mlDsaSign(spec, material.seed, message),
        mlDsaSignMu(spec, material.seed, mu),
      ]) {
        assert.strictEqual(verify(spec, material, algorithm, 'RAW', message, signature), true)
        assert.strictEqual(verify(spec, material, algorithm, 'EXTERNAL_MU', mu, signature), true)
        assert.strictEqual(mlDsaVerify(spec, publicKey, message, signature), true)
        assert.strictEqual(mlDsaVerifyMu(spec, publicKey, mu, signature), true)
        assert.strictEqual(mlDsaVerify(spec, publicKey, mu, signature), false)
      }
    })

    test(`${spec}: a representative of another length than 64 bytes is refused, DIGEST always`, async () => {
      const material = await materialOf(spec)
      for (const wrong of [0, 63, 65])
        assertFault(
          () => sign(spec, material, algorithm, 'EXTERNAL_MU', new Uint8Array(wrong)),
          'ValidationException',
          `External Mu is invalid length for algorithm ${algorithm}.`,
        )
      assertFault(
        () => sign(spec, material, algorithm, 'DIGEST', sha(512)),
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
  for (const [spec, { algorithms }] of signers) {
    test(`${spec} refuses every algorithm but its own, and every message type that its algorithms do not take`, async () => {
      const material = await materialOf(spec)
      const all = new Set(
        signers
          .flatMap(([, row]) => row.algorithms.SIGN_VERIFY)
          .concat('SM2DSA', 'SYMMETRIC_DEFAULT', 'constructor'),
      )
      for (const algorithm of all) {
        if (algorithms.SIGN_VERIFY.includes(algorithm)) continue
        const error = row(
          'InvalidKeyUsageException',
          `Algorithm ${algorithm} is incompatible with key spec ${spec}.`,
        )
        for (const type of ['RAW', 'DIGEST', 'EXTERNAL_MU']) {
          assertFault(() => sign(spec, material, algorithm, type, message), ...error)
          assertFault(() => verify(spec, material, algorithm, type, message, message), ...error)
        }
      }
      for (const algorithm of algorithms.SIGN_VERIFY) {
        const taken = Object.entries(types).find(([prefix]) => algorithm.startsWith(prefix))[1]
        for (const type of ['RAW', 'DIGEST', 'EXTERNAL_MU'].filter(
          (name) => !taken.includes(name),
        )) {
          const what = algorithm.startsWith('ED25519')
            ? `algorithm ${algorithm}`
            : `key spec ${spec}`
          assert.strictEqual(
            thrown(() => sign(spec, material, algorithm, type, new Uint8Array(64))).text,
            `Message type ${type} is incompatible with ${what}.`,
          )
          assertFault(
            () => verify(spec, material, algorithm, type, new Uint8Array(64), message),
            'ValidationException',
            `Message type ${type} is incompatible with ${what}.`,
          )
        }
      }
    })
  }

  test('a key of another pair does not verify', async () => {
    for (const [spec, { algorithms }] of signers.filter(([name]) => !name.startsWith('RSA'))) {
      const [one, two] = [await materialOf(spec), await generateMaterial(spec)]
      const [algorithm] = algorithms.SIGN_VERIFY
      const signature = sign(spec, one, algorithm, 'RAW', message)
      assert.strictEqual(verify(spec, one, algorithm, 'RAW', message, signature), true)
      assert.strictEqual(verify(spec, two, algorithm, 'RAW', message, signature), false, spec)
    }
  })
})
