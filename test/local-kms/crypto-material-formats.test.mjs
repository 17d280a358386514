// Material as text and as ImportKeyMaterial brings it, and data key pairs.
import { createPrivateKey, createPublicKey, generateKeyPairSync, webcrypto } from 'node:crypto'
import { describe, test } from 'node:test'
import { assert } from 'chai'
import { generateDataKeyPair } from '#dist/local-kms/crypto/data-key-pair.js'
import {
  importedMaterial,
  materialFromText,
  materialToText,
  privateKeyInfo,
  publicKeyOf,
  secretOf,
  seedOf,
} from '#dist/local-kms/crypto/material.js'
import { seededRandom } from '#dist/local-kms/crypto/seeded-random.js'
import { enums, keySpecs } from '#dist/local-kms/key-specs.js'
import { lattices, pairs, rowOf, secrets, seededOf } from './crypto-keys.mjs'
import { flipped, hex, publicOfPrivate } from './crypto-readers.mjs'
import { row, there } from './helpers.mjs'

describe('material as text', () => {
  for (const spec of keySpecs.keys()) {
    test(`${spec} comes back, and is no material of any other spec`, async () => {
      const material = await seededOf(spec)
      const text = materialToText(material)
      const own = rowOf(spec)
      const back = there(materialFromText(spec, text))
      assert.strictEqual(materialToText(back), text)
      assert.strictEqual(back.kind, material.kind)
      assert.match(
        text,
        material.kind === 'pair' ? /^-----BEGIN PRIVATE KEY-----\n/ : /^[A-Za-z0-9+/]+=*$/,
      )
      for (const [other, { kty, size }] of keySpecs) {
        const sameSecret =
          material.kind !== 'pair' && size === own.size && !['OKP', 'RSA', 'EC'].includes(kty)
        if (other === spec || sameSecret) continue
        assert.strictEqual(materialFromText(other, text), undefined, other)
      }
    })
  }

  const { publicKey } = generateKeyPairSync('ed25519')
  /** A name, and what is done to the text. */
  const broken = [
    row('nothing', () => ''),
    row('words', () => 'not a key'),
    row('a cut text', (text) => text.slice(0, -8)),
    row('a text that goes on', (text) => `${text}AAAA`),
    row('a public key', () => publicKey.export({ format: 'pem', type: 'spki' }).toString()),
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
        // PEM ends before what goes on
        if (name === 'a text that goes on' && rowOf(spec).kty === 'EC') continue
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
      const material = there(importedMaterial(spec, der))
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
      assert.strictEqual(hex(seedOf(there(importedMaterial(spec, der)))), hex(seedOf(material)))
      for (const other of keySpecs.keys())
        if (other !== spec) assert.strictEqual(importedMaterial(other, der), undefined, other)
      for (const wrong of [
        der.subarray(1),
        der.subarray(0, -1),
        Buffer.concat([der, Buffer.alloc(1)]),
        seedOf(material),
      ])
        assert.strictEqual(importedMaterial(spec, wrong), undefined)
    })
  }

  for (const [spec, length] of Object.entries(secrets)) {
    test(`${spec} is ${length} bytes, not one more or less, and a copy of what was handed in`, () => {
      const bytes = new Uint8Array(length).fill(7)
      const secret = secretOf(there(importedMaterial(spec, bytes)))
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
      assert.strictEqual(publicKey.length, pairs[spec])
      const derived = publicOfPrivate(privateKey)
      assert.strictEqual(derived, hex(publicKey))
      if (spec.startsWith('ML_KEM')) assert.strictEqual(privateKey.length, 86)
    })
  }

  test('WebCrypto reads both halves of a P-256 and an RSA pair', async () => {
    const { subtle } = webcrypto
    const algorithms = {
      ECC_NIST_P256: { name: 'ECDSA', namedCurve: 'P-256' },
      RSA_2048: { name: 'RSA-PSS', hash: 'SHA-256' },
    }
    for (const [spec, algorithm] of Object.entries(algorithms)) {
      const { privateKey, publicKey } = await generateDataKeyPair(spec)
      const signer = await subtle.importKey('pkcs8', privateKey, algorithm, false, ['sign'])
      const verifier = await subtle.importKey('spki', publicKey, algorithm, false, ['verify'])
      const parameters = { ...algorithm, hash: 'SHA-256', saltLength: 32 }
      const signature = new Uint8Array(await subtle.sign(parameters, signer, Buffer.from('m')))
      const verifies = (bytes) => subtle.verify(parameters, verifier, bytes, Buffer.from('m'))
      assert.strictEqual(await verifies(signature), true)
      assert.strictEqual(await verifies(flipped(signature, 3)), false)
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
