// Which key specs there are, and their material: by chance, or from a seed.
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import * as aws from '@aws-sdk/client-kms'
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { assert } from 'chai'
import {
  generateMaterial,
  materialToText,
  pairOf,
  privateKeyInfo,
  publicKeyOf,
  secretOf,
} from '#dist/local-kms/crypto/material.js'
import { seededRandom } from '#dist/local-kms/crypto/seeded-random.js'
import { algorithmLists, enums, keySpecs } from '#dist/local-kms/key-specs.js'
import { lattices, pairs, secrets, seededOf } from './crypto-keys.mjs'
import { hex, openssl, publicOfPrivate, readPublic, typeAndPublic } from './crypto-readers.mjs'
import { there } from './helpers.mjs'

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
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

describe('key specs', () => {
  test("every spec of the client is here but SM2, and its usages and algorithms are the client's", () => {
    assert.sameMembers(
      [...keySpecs.keys()],
      Object.keys(aws.KeySpec).filter((spec) => spec !== 'SM2'),
    )
    assert.sameMembers(Object.keys(algorithmLists), Object.keys(aws.KeyUsageType))
    const known = {
      ENCRYPT_DECRYPT: aws.EncryptionAlgorithmSpec,
      SIGN_VERIFY: aws.SigningAlgorithmSpec,
      KEY_AGREEMENT: aws.KeyAgreementAlgorithmSpec,
      GENERATE_VERIFY_MAC: aws.MacAlgorithmSpec,
      ENCAPSULATE_DECAPSULATE: aws.EncapsulationAlgorithmSpec,
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
    assert.sameMembers([...offered], [...new Set(all)], 'each algorithm is offered by some spec')
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
    keySpec: aws.KeySpec,
    keyUsage: aws.KeyUsageType,
    encryptionAlgorithm: aws.EncryptionAlgorithmSpec,
    signingAlgorithm: aws.SigningAlgorithmSpec,
    messageType: aws.MessageType,
    keyAgreementAlgorithm: aws.KeyAgreementAlgorithmSpec,
    macAlgorithm: aws.MacAlgorithmSpec,
    encapsulationAlgorithm: aws.EncapsulationAlgorithmSpec,
    dataKeySpec: aws.DataKeySpec,
    dataKeyPairSpec: aws.DataKeyPairSpec,
    wrappingAlgorithm: aws.AlgorithmSpec,
    wrappingKeySpec: aws.WrappingKeySpec,
  }
  test('every enumeration has the values of the client', () => {
    assert.sameMembers(Object.keys(enums), Object.keys(enumerations))
    for (const [name, values] of Object.entries(enumerations))
      assert.sameMembers([...enums[name]], Object.keys(values), name)
  })

  test('the tables below have every spec', () => {
    assert.sameMembers([...Object.keys(pairs), ...Object.keys(secrets)], [...keySpecs.keys()])
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
  const jwkOf = (material) => pairOf(material).export({ format: 'jwk' })
  const numberOf = (text) => BigInt(`0x${Buffer.from(there(text), 'base64url').toString('hex')}`)

  for (const [spec, spki] of Object.entries(pairs)) {
    test(`${spec} from a seed is the same key each time, with a public key of ${spki} bytes that OpenSSL reads as it is`, async () => {
      const material = await seededOf(spec)
      const publicKey = publicKeyOf(spec, material)
      assert.strictEqual(publicKey.length, spki)
      if (spec !== 'RSA_4096')
        assert.strictEqual(
          materialToText(await generateMaterial(spec, seededRandom('sealdrop', spec))),
          materialToText(material),
        )
      const read = readPublic(publicKey)
      assert.strictEqual(read, hex(publicKey))
      const fromPrivate = publicOfPrivate(privateKeyInfo(spec, material))
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
      const found = typeAndPublic(privateKeyInfo(spec, material))
      assert.deepEqual(found, [name, hex(publicKeyOf(spec, material))])
    })
  }

  for (const [spec, length] of Object.entries(secrets)) {
    test(`${spec} is ${length} bytes, by chance or from a seed`, async () => {
      const material = await seededOf(spec)
      assert.strictEqual(secretOf(material).length, length)
      assert.strictEqual(hex(secretOf(material)), hex(seededRandom('sealdrop', spec)(length)))
      assert.notStrictEqual(
        hex(secretOf(await generateMaterial(spec))),
        hex(secretOf(await generateMaterial(spec))),
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
      const privateKey = pairOf(await seededOf(spec))
      const bits = Number(spec.slice(4))
      const jwk = privateKey.export({ format: 'jwk' })
      const [n, e, d, p, q, dp, dq, qi] = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'].map((name) =>
        numberOf(jwk[name]),
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
      const scalars = [highest, lowest].map((made) => numberOf(jwkOf(made).d))
      for (const scalar of scalars) assert.ok(scalar >= 1n && scalar < curve.Point.Fn.ORDER)
      assert.strictEqual(scalars[1], 1n)
    })
  }
})
