import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  webcrypto,
} from 'node:crypto'
import { describe, test } from 'node:test'
import { assert } from 'chai'
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import {
  DataKeyPairSpec,
  DataKeySpec,
  EncapsulationAlgorithmSpec,
  EncryptionAlgorithmSpec,
  KeyAgreementAlgorithmSpec,
  KeySpec,
  KeyUsageType,
  MacAlgorithmSpec,
  MessageType,
  SigningAlgorithmSpec,
  AlgorithmSpec,
  WrappingKeySpec,
} from '@aws-sdk/client-kms'
import { generateDataKeyPair } from '../../dist/local-kms/crypto/data-key-pair.js'
import {
  generateMaterial,
  importedMaterial,
  materialFromText,
  materialToText,
  privateKeyInfo,
  publicKeyOf,
} from '../../dist/local-kms/crypto/material.js'
import { seededRandom } from '../../dist/local-kms/crypto/seeded-random.js'
import { algorithmLists, enums, keySpecs } from '../../dist/local-kms/key-specs.js'
import { flipped, hex, inNode24, openssl } from './crypto-readers.mjs'

/** Bytes of the SubjectPublicKeyInfo (kms-facts.md). */
const pairs = {
  RSA_2048: { spki: 294 },
  RSA_3072: { spki: 422 },
  RSA_4096: { spki: 550 },
  ECC_NIST_P256: { spki: 91 },
  ECC_NIST_P384: { spki: 120 },
  ECC_NIST_P521: { spki: 158 },
  ECC_SECG_P256K1: { spki: 88 },
  ECC_NIST_EDWARDS25519: { spki: 44 },
  ML_DSA_44: { spki: 1334 },
  ML_DSA_65: { spki: 1974 },
  ML_DSA_87: { spki: 2614 },
  ML_KEM_512: { spki: 822 },
  ML_KEM_768: { spki: 1206 },
  ML_KEM_1024: { spki: 1590 },
}
const secrets = { SYMMETRIC_DEFAULT: 32, HMAC_224: 28, HMAC_256: 32, HMAC_384: 48, HMAC_512: 64 }
/**
 * The first half of SHA-256 of the public key that the seed 'sealdrop' makes under the spec's name
 * as label.
 */
const thumbprints = {
  RSA_2048: 'f025d4ab97b8899612ea78002c3a30c1',
  RSA_3072: '74c458bc4bf310a12dd636661fdeea49',
  RSA_4096: 'd8e77bcbfd1b12adf07d25ce74e6b380',
  ECC_NIST_P256: '71d3c359a14aded19df8431435d758bd',
  ECC_NIST_P384: '46ced44601bbe2cd9cea8a17b426ee25',
  ECC_NIST_P521: 'e80ef481b9fbd5aee57dccaa58408ec3',
  ECC_SECG_P256K1: 'd9bc2c603289807aeb3b92323ec6d2ef',
  ECC_NIST_EDWARDS25519: '8ed60254570019e5393421719f2f84e3',
  ML_DSA_44: 'b4c6e84043d0c2f1040861a030d69cf6',
  ML_DSA_65: '577f831f878be694e4f6a03e18235eae',
  ML_DSA_87: '9c89b8c9b14397f2fe6139b3ea064726',
  ML_KEM_512: '1f9e65b92c08dd914f43521b68dba6e4',
  ML_KEM_768: 'de15568ed9c90493d0aaf4458d16c9d2',
  ML_KEM_1024: '14b3cd2aebed3edaf60d7395aaf83bb8',
}
const lattices = Object.keys(pairs).filter((spec) => spec.startsWith('ML_'))
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')
const identity = (spec, material) => materialToText(material)

const seeded = new Map()
const seededOf = (spec) => {
  if (!seeded.has(spec)) seeded.set(spec, generateMaterial(spec, seededRandom('sealdrop', spec)))
  return seeded.get(spec)
}

describe('key specs', () => {
  test("every spec of the client is here but SM2, and its usages and algorithms are the client's", () => {
    assert.deepEqual(
      [...keySpecs.keys()].sort(),
      Object.keys(KeySpec)
        .filter((spec) => spec !== 'SM2')
        .sort(),
    )
    assert.deepEqual(Object.keys(algorithmLists).sort(), Object.keys(KeyUsageType).sort())
    const known = {
      ENCRYPT_DECRYPT: EncryptionAlgorithmSpec,
      SIGN_VERIFY: SigningAlgorithmSpec,
      KEY_AGREEMENT: KeyAgreementAlgorithmSpec,
      GENERATE_VERIFY_MAC: MacAlgorithmSpec,
      ENCAPSULATE_DECAPSULATE: EncapsulationAlgorithmSpec,
    }
    const offered = new Set()
    for (const [spec, { algorithms }] of keySpecs) {
      for (const [usage, names] of Object.entries(algorithms)) {
        assert.ok(names.length > 0, spec)
        for (const name of names) {
          assert.ok(Object.hasOwn(known[usage], name), `${spec} ${usage} ${name}`)
          offered.add(name)
        }
      }
    }
    const all = Object.values(known)
      .flatMap((names) => Object.keys(names))
      .filter((name) => !name.startsWith('SM2'))
    assert.deepEqual(
      [...offered].sort(),
      [...new Set(all)].sort(),
      'each algorithm is offered by some spec',
    )
  })

  test('only SYMMETRIC_DEFAULT has a usage of its own', () => {
    assert.deepEqual(
      [...keySpecs]
        .filter(([, row]) => row.defaultUsage)
        .map(([spec, row]) => [spec, row.defaultUsage]),
      [['SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT']],
    )
  })

  const enumerations = {
    keySpec: KeySpec,
    keyUsage: KeyUsageType,
    encryptionAlgorithm: EncryptionAlgorithmSpec,
    signingAlgorithm: SigningAlgorithmSpec,
    messageType: MessageType,
    keyAgreementAlgorithm: KeyAgreementAlgorithmSpec,
    macAlgorithm: MacAlgorithmSpec,
    encapsulationAlgorithm: EncapsulationAlgorithmSpec,
    dataKeySpec: DataKeySpec,
    dataKeyPairSpec: DataKeyPairSpec,
    wrappingAlgorithm: AlgorithmSpec,
    wrappingKeySpec: WrappingKeySpec,
  }
  test('every enumeration has the values of the client', () => {
    assert.deepEqual(Object.keys(enums).sort(), Object.keys(enumerations).sort())
    for (const [name, values] of Object.entries(enumerations))
      assert.deepEqual([...enums[name]].sort(), Object.keys(values).sort(), name)
  })

  test('the tables below have every spec', () => {
    assert.deepEqual(
      [...Object.keys(pairs), ...Object.keys(secrets)].sort(),
      [...keySpecs.keys()].sort(),
    )
  })
})

describe('seeded random bytes', () => {
  test('are the same however they are cut', () => {
    const whole = seededRandom('s', 'l')(1000)
    const cut = seededRandom('s', 'l')
    assert.strictEqual(
      hex(Buffer.concat([0, 1, 15, 16, 17, 100, 851].map((length) => cut(length)))),
      hex(whole),
    )
    assert.strictEqual(hex(whole.subarray(0, 16)), '794f8651fdb3bca1af3fed1f5fbe2f30')
  })

  test('differ by seed and by label, and by where one ends and the other begins', () => {
    const all = [
      ['s', 'l'],
      ['t', 'l'],
      ['s', 'm'],
      ['sl', ''],
      ['', 'sl'],
    ].map(([seed, label]) => hex(seededRandom(seed, label)(32)))
    assert.strictEqual(new Set(all).size, all.length)
  })
})

describe('material', () => {
  for (const [spec, { spki }] of Object.entries(pairs)) {
    test(`${spec} from a seed is the same key each time, with a public key of ${spki} bytes that OpenSSL reads as it is`, async () => {
      const material = await seededOf(spec)
      const publicKey = publicKeyOf(spec, material)
      assert.strictEqual(publicKey.length, spki)
      if (spec !== 'RSA_4096')
        assert.strictEqual(
          identity(spec, await generateMaterial(spec, seededRandom('sealdrop', spec))),
          identity(spec, material),
        )
      const read = inNode24(
        'return crypto.createPublicKey({ key: bytes[0], format: "der", type: "spki" }).export({ format: "der", type: "spki" }).toString("hex")',
        publicKey,
      )
      assert.strictEqual(read, hex(publicKey))
      const fromPrivate = inNode24(
        'return crypto.createPublicKey(crypto.createPrivateKey({ key: bytes[0], format: "der", type: "pkcs8" })).export({ format: "der", type: "spki" }).toString("hex")',
        privateKeyInfo(spec, material),
      )
      assert.strictEqual(fromPrivate, hex(publicKey))
    })
  }

  for (const spec of Object.keys(pairs).filter(
    (name) => name !== 'RSA_4096' && name !== 'RSA_3072',
  )) {
    test(`${spec} differs by label and by chance`, async () => {
      const materials = [
        await seededOf(spec),
        await generateMaterial(spec, seededRandom('sealdrop', 'other')),
        await generateMaterial(spec),
        await generateMaterial(spec),
      ]
      assert.strictEqual(
        new Set(materials.map((material) => hex(publicKeyOf(spec, material)))).size,
        4,
      )
    })
  }

  for (const spec of lattices) {
    test(`${spec}: the seed 00 01 02 … grows into the key that OpenSSL grows from it`, async () => {
      let next = 0
      const material = await generateMaterial(spec, (length) =>
        Uint8Array.from({ length }, () => next++),
      )
      assert.strictEqual(material.kind, 'seed')
      const name = spec.toLowerCase().replaceAll('_', '-')
      const found = inNode24(
        'const key = crypto.createPrivateKey({ key: bytes[0], format: "der", type: "pkcs8" }); return [key.asymmetricKeyType, crypto.createPublicKey(key).export({ format: "der", type: "spki" }).toString("hex")]',
        privateKeyInfo(spec, material),
      )
      assert.deepEqual(found, [name, hex(publicKeyOf(spec, material))])
    })
  }

  for (const [spec, length] of Object.entries(secrets)) {
    test(`${spec} is ${length} bytes, by chance or from a seed`, async () => {
      const material = await seededOf(spec)
      assert.deepEqual([material.kind, material.secret.length], ['secret', length])
      assert.strictEqual(hex(material.secret), hex(seededRandom('sealdrop', spec)(length)))
      assert.notStrictEqual(
        hex((await generateMaterial(spec)).secret),
        hex((await generateMaterial(spec)).secret),
      )
    })
  }

  test('fixed thumbprints: a seed names the same keys in every version', async () => {
    const found = {}
    for (const spec of Object.keys(pairs))
      found[spec] = sha256(publicKeyOf(spec, await seededOf(spec))).slice(0, 32)
    assert.deepEqual(found, thumbprints)
  })

  for (const spec of ['RSA_2048', 'RSA_3072', 'RSA_4096']) {
    test(`${spec} from a seed keeps the bounds of FIPS 186-5 A.1.1 and A.1.3, and openssl checks it`, async () => {
      const { privateKey } = await seededOf(spec)
      const bits = Number(spec.slice(4))
      const jwk = privateKey.export({ format: 'jwk' })
      const [n, e, d, p, q, dp, dq, qi] = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'].map((name) =>
        BigInt(`0x${Buffer.from(jwk[name], 'base64url').toString('hex')}`),
      )
      assert.strictEqual(n.toString(2).length, bits)
      assert.strictEqual(e, 65_537n)
      assert.strictEqual(p * q, n)
      for (const prime of [p, q]) {
        assert.ok(prime * prime >= 1n << BigInt(bits - 1))
        assert.notStrictEqual((prime - 1n) % e, 0n)
        assert.strictEqual((d * e) % (prime - 1n), 1n)
      }
      assert.ok(p > q && p - q > 1n << BigInt(bits / 2 - 100))
      assert.ok(d > 1n << BigInt(bits / 2) && d < ((p - 1n) * (q - 1n)) / 2n + 1n)
      assert.deepEqual([dp, dq, (qi * q) % p], [d % (p - 1n), d % (q - 1n), 1n])
      assert.match(
        openssl(['pkey', '-in', '@key.pem', '-check', '-noout'], {
          'key.pem': materialToText({ kind: 'pair', privateKey }),
        }).toString(),
        /Key is valid/,
      )
    })
  }

  for (const [spec, curve] of Object.entries({
    ECC_NIST_P256: p256,
    ECC_NIST_P384: p384,
    ECC_NIST_P521: p521,
    ECC_SECG_P256K1: secp256k1,
  })) {
    test(`${spec}: openssl finds the pair consistent, and its scalar lies on the whole range of the order`, async () => {
      const material = await seededOf(spec)
      assert.match(
        openssl(['pkey', '-in', '@key.pem', '-check', '-noout'], {
          'key.pem': materialToText(material),
        }).toString(),
        /Key is valid/,
      )
      const highest = await generateMaterial(spec, (length) => new Uint8Array(length).fill(0xff))
      const lowest = await generateMaterial(spec, (length) => new Uint8Array(length))
      const scalars = [highest, lowest].map(({ privateKey }) =>
        BigInt(
          `0x${Buffer.from(privateKey.export({ format: 'jwk' }).d, 'base64url').toString('hex')}`,
        ),
      )
      for (const scalar of scalars) assert.ok(scalar >= 1n && scalar < curve.Point.Fn.ORDER)
      assert.strictEqual(scalars[1], 1n)
    })
  }
})

describe('material as text', () => {
  for (const spec of keySpecs.keys()) {
    test(`${spec} comes back, and is no material of any other spec`, async () => {
      const material = await seededOf(spec)
      const text = materialToText(material)
      const back = materialFromText(spec, text)
      assert.strictEqual(materialToText(back), text)
      assert.strictEqual(back.kind, material.kind)
      assert.match(
        text,
        material.kind === 'pair' ? /^-----BEGIN PRIVATE KEY-----\n/ : /^[A-Za-z0-9+/]+=*$/,
      )
      for (const [other, { kty, size }] of keySpecs) {
        const own = keySpecs.get(spec)
        if (
          other === spec ||
          (material.kind !== 'pair' &&
            size === own.size &&
            kty !== 'OKP' &&
            !['RSA', 'EC'].includes(kty))
        )
          continue
        assert.strictEqual(materialFromText(other, text), undefined, other)
      }
    })
  }

  const broken = [
    ['nothing', () => ''],
    ['words', () => 'not a key'],
    ['a cut text', (text) => text.slice(0, -8)],
    ['a text that goes on', (text) => `${text}AAAA`],
    [
      'a public key',
      () => generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }),
    ],
  ]
  for (const spec of [
    'ECC_NIST_P256',
    'ML_DSA_44',
    'ML_KEM_768',
    'SYMMETRIC_DEFAULT',
    'HMAC_224',
  ]) {
    test(`${spec} is not read from ${broken.map(([name]) => name).join(', ')}`, async () => {
      const text = materialToText(await seededOf(spec))
      for (const [name, change] of broken) {
        if (name === 'a text that goes on' && keySpecs.get(spec).kty === 'EC') continue // PEM ends before it
        assert.strictEqual(materialFromText(spec, change(text)), undefined, name)
      }
    })
  }

  test('base64 of another spelling is not read', async () => {
    const text = materialToText(await seededOf('SYMMETRIC_DEFAULT'))
    for (const other of [
      text.replace('=', ''),
      ` ${text}`,
      `${text}\n`,
      `${text.slice(0, 4)}!${text.slice(4)}`,
    ])
      assert.strictEqual(materialFromText('SYMMETRIC_DEFAULT', other), undefined)
  })
})

describe('imported material', () => {
  const writers = {
    RSA_2048: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ECC_NIST_P256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    ECC_NIST_P384: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    ECC_NIST_P521: () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
    ECC_SECG_P256K1: () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
    ECC_NIST_EDWARDS25519: () => generateKeyPairSync('ed25519'),
  }
  for (const [spec, write] of Object.entries(writers)) {
    test(`PKCS#8 that Node wrote is ${spec}, and no other pair`, () => {
      const { privateKey, publicKey } = write()
      const der = privateKey.export({ type: 'pkcs8', format: 'der' })
      const material = importedMaterial(spec, der)
      assert.strictEqual(
        hex(publicKeyOf(spec, material)),
        hex(publicKey.export({ type: 'spki', format: 'der' })),
      )
      for (const other of Object.keys(pairs))
        if (other !== spec) assert.strictEqual(importedMaterial(other, der), undefined, other)
      for (const wrong of [
        der.subarray(1),
        der.subarray(0, -1),
        Buffer.concat([der, Buffer.alloc(1)]),
        Buffer.alloc(0),
        publicKey.export({ type: 'spki', format: 'der' }),
        Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' })),
      ]) {
        assert.strictEqual(importedMaterial(spec, wrong), undefined)
      }
    })
  }

  for (const spec of lattices) {
    test(`PKCS#8 in seed format is ${spec}, and no other spec`, async () => {
      const material = await seededOf(spec)
      const der = privateKeyInfo(spec, material)
      assert.strictEqual(der.length, spec.startsWith('ML_KEM') ? 86 : 54)
      assert.strictEqual(hex(importedMaterial(spec, der).seed), hex(material.seed))
      for (const other of keySpecs.keys())
        if (other !== spec) assert.strictEqual(importedMaterial(other, der), undefined, other)
      for (const wrong of [
        der.subarray(1),
        der.subarray(0, -1),
        Buffer.concat([der, Buffer.alloc(1)]),
        material.seed,
      ])
        assert.strictEqual(importedMaterial(spec, wrong), undefined)
    })
  }

  for (const [spec, length] of Object.entries(secrets)) {
    test(`${spec} is ${length} bytes, not one more or less, and a copy of what was handed in`, () => {
      const bytes = new Uint8Array(length).fill(7)
      const { secret } = importedMaterial(spec, bytes)
      bytes.fill(0)
      assert.deepEqual([...secret], Array(length).fill(7))
      for (const wrong of [length - 1, length + 1, 0])
        assert.strictEqual(importedMaterial(spec, new Uint8Array(wrong)), undefined)
    })
  }

  test('an RSA key with another exponent, and one whose numbers do not belong together, are refused', () => {
    const small = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).privateKey
    assert.strictEqual(
      importedMaterial('RSA_2048', small.export({ type: 'pkcs8', format: 'der' })),
      undefined,
    )
    const [one, two] = [1, 2].map(() =>
      generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
    )
    const mixed = createPrivateKey({ key: { ...one, n: two.n }, format: 'jwk' })
    assert.strictEqual(
      importedMaterial('RSA_2048', mixed.export({ type: 'pkcs8', format: 'der' })),
      undefined,
    )
  })

  test("an EC key whose public half is another's is refused", () => {
    const [one, two] = [1, 2].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }))
    const der = one.privateKey.export({ type: 'pkcs8', format: 'der' })
    const other = two.publicKey.export({ type: 'spki', format: 'der' }).subarray(-65)
    assert.strictEqual(
      importedMaterial('ECC_NIST_P256', Buffer.concat([der.subarray(0, -65), other])),
      undefined,
    )
    assert.ok(importedMaterial('ECC_NIST_P256', der))
  })
})

describe('data key pairs', () => {
  for (const spec of enums.dataKeyPairSpec.filter(
    (name) => name !== 'SM2' && name !== 'RSA_4096',
  )) {
    test(`${spec}: Node 24 reads both halves, and they belong together`, async () => {
      const { privateKey, publicKey } = await generateDataKeyPair(spec)
      assert.strictEqual(publicKey.length, pairs[spec].spki)
      const derived = inNode24(
        'return crypto.createPublicKey(crypto.createPrivateKey({ key: bytes[0], format: "der", type: "pkcs8" })).export({ format: "der", type: "spki" }).toString("hex")',
        privateKey,
      )
      assert.strictEqual(derived, hex(publicKey))
      if (spec.startsWith('ML_KEM')) assert.strictEqual(privateKey.length, 86)
    })
  }

  test('WebCrypto reads both halves of a P-256 and an RSA pair', async () => {
    for (const [spec, algorithm] of [
      ['ECC_NIST_P256', { name: 'ECDSA', namedCurve: 'P-256' }],
      ['RSA_2048', { name: 'RSA-PSS', hash: 'SHA-256' }],
    ]) {
      const { privateKey, publicKey } = await generateDataKeyPair(spec)
      const [signer, verifier] = [
        await webcrypto.subtle.importKey('pkcs8', privateKey, algorithm, false, ['sign']),
        await webcrypto.subtle.importKey('spki', publicKey, algorithm, false, ['verify']),
      ]
      const parameters = { ...algorithm, hash: 'SHA-256', saltLength: 32 }
      const signature = new Uint8Array(
        await webcrypto.subtle.sign(parameters, signer, Buffer.from('m')),
      )
      assert.strictEqual(
        await webcrypto.subtle.verify(parameters, verifier, signature, Buffer.from('m')),
        true,
      )
      assert.strictEqual(
        await webcrypto.subtle.verify(
          parameters,
          verifier,
          flipped(signature, 3),
          Buffer.from('m'),
        ),
        false,
      )
    }
  })

  test('a seed makes the same pair', async () => {
    const [one, two] = await Promise.all(
      [1, 2].map(() => generateDataKeyPair('ECC_NIST_P384', seededRandom('a', 'b'))),
    )
    assert.strictEqual(hex(one.privateKey), hex(two.privateKey))
    assert.ok(createPublicKey({ key: Buffer.from(one.publicKey), format: 'der', type: 'spki' }))
  })
})
