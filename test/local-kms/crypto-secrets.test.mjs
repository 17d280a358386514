// Secrets that two sides come to share, and MACs, as other implementations make them.
import { createHmac, diffieHellman, generateKeyPairSync, webcrypto } from 'node:crypto'
import { describe, test } from 'node:test'
import { ml_kem1024, ml_kem512, ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { assert } from 'chai'
import { agree } from '#dist/local-kms/crypto/agreement.js'
import { decapsulate, encapsulate } from '#dist/local-kms/crypto/encapsulation.js'
import { generateMac, verifyMac } from '#dist/local-kms/crypto/mac.js'
import {
  generateMaterial,
  importedMaterial,
  privateKeyInfo,
  publicKeyOf,
  secretOf,
  seedOf,
} from '#dist/local-kms/crypto/material.js'
import {
  mlKemDecapsulate,
  mlKemEncapsulate,
  mlKemPublicKey,
} from '#dist/local-kms/crypto/post-quantum.js'
import { keyOf } from './crypto-keys.mjs'
import { decapsulated, encapsulated, flipped, hex, openssl } from './crypto-readers.mjs'
import { assertFault, row, there } from './helpers.mjs'
import * as say from './messages.mjs'

describe('ML-KEM', () => {
  /** Spec, the other implementation, bytes of a ciphertext. */
  const kems = [
    row(/** @type {const} */ ('ML_KEM_512'), ml_kem512, 768),
    row(/** @type {const} */ ('ML_KEM_768'), ml_kem768, 1088),
    row(/** @type {const} */ ('ML_KEM_1024'), ml_kem1024, 1568),
  ]
  for (const [spec, noble, length] of kems) {
    test(`${spec}: what it encapsulates is opened by noble, by OpenSSL and by itself, fresh each time`, async () => {
      const material = await generateMaterial(spec)
      const secrets = new Set()
      for (let i = 0; i < 3; i++) {
        const { sharedSecret, ciphertext } = encapsulate(spec, material, 'ML_KEM')
        assert.deepEqual([sharedSecret.length, ciphertext.length], [32, length])
        assert.strictEqual(
          hex(decapsulate(spec, material, 'ML_KEM', ciphertext)),
          hex(sharedSecret),
        )
        assert.strictEqual(
          hex(noble.decapsulate(ciphertext, noble.keygen(seedOf(material)).secretKey)),
          hex(sharedSecret),
        )
        assert.strictEqual(
          decapsulated(privateKeyInfo(spec, material), ciphertext),
          hex(sharedSecret),
        )
        secrets.add(hex(sharedSecret))
      }
      assert.strictEqual(secrets.size, 3)
    })

    test(`${spec}: what noble and OpenSSL encapsulate to its public key is opened`, async () => {
      const material = await generateMaterial(spec)
      const spki = publicKeyOf(spec, material)
      const { sharedSecret, cipherText } = noble.encapsulate(spki.subarray(22))
      assert.strictEqual(hex(decapsulate(spec, material, 'ML_KEM', cipherText)), hex(sharedSecret))
      const [secret, ciphertext] = encapsulated(spki)
      assert.strictEqual(
        hex(decapsulate(spec, material, 'ML_KEM', Buffer.from(ciphertext, 'hex'))),
        secret,
      )
      assert.strictEqual(
        hex(mlKemDecapsulate(spec, seedOf(material), Buffer.from(ciphertext, 'hex'))),
        secret,
      )
      const ours = mlKemEncapsulate(spec, mlKemPublicKey(spec, seedOf(material)))
      assert.strictEqual(
        hex(decapsulate(spec, material, 'ML_KEM', ours.ciphertext)),
        hex(ours.sharedSecret),
      )
    })

    test(`${spec}: a changed ciphertext answers another secret, the same one each time, as OpenSSL and noble answer`, async () => {
      const material = await generateMaterial(spec)
      const { sharedSecret, ciphertext } = encapsulate(spec, material, 'ML_KEM')
      for (const at of [0, length >> 1, -1]) {
        const changed = flipped(ciphertext, at)
        const found = decapsulate(spec, material, 'ML_KEM', changed)
        assert.strictEqual(found.length, 32)
        assert.notStrictEqual(hex(found), hex(sharedSecret))
        assert.strictEqual(hex(decapsulate(spec, material, 'ML_KEM', changed)), hex(found))
        assert.strictEqual(hex(mlKemDecapsulate(spec, seedOf(material), changed)), hex(found))
        assert.strictEqual(decapsulated(privateKeyInfo(spec, material), changed), hex(found))
      }
    })

    test(`${spec}: a wrong length is an invalid ciphertext without a message, another algorithm an invalid usage`, async () => {
      const material = await generateMaterial(spec)
      const lengths = [0, length - 1, length + 1, 768, 1088, 1568]
      for (const wrong of lengths.filter((bytes) => bytes !== length)) {
        assertFault(
          () => decapsulate(spec, material, 'ML_KEM', new Uint8Array(wrong)),
          'InvalidCiphertextException',
          undefined,
        )
      }
      const error = row('InvalidKeyUsageException', say.noAlgorithm('ECDH', spec))
      const ciphertext = new Uint8Array(length)
      assertFault(() => encapsulate(spec, material, 'ECDH'), ...error)
      assertFault(() => decapsulate(spec, material, 'ECDH', ciphertext), ...error)
    })
  }
})

describe('ECDH', () => {
  const curves = {
    ECC_NIST_P256: row('P-256', 32),
    ECC_NIST_P384: row('P-384', 48),
    ECC_NIST_P521: row('P-521', 66),
  }
  for (const [spec, [namedCurve, length]] of Object.entries(curves)) {
    test(`${spec} derives the ${length} bytes that the other side derives`, async () => {
      const material = await generateMaterial(spec)
      const publicKey = keyOf(spec, material)
      for (let i = 0; i < 5; i++) {
        const peer = generateKeyPairSync('ec', { namedCurve })
        const secret = agree(
          spec,
          material,
          'ECDH',
          peer.publicKey.export({ format: 'der', type: 'spki' }),
        )
        assert.strictEqual(secret.length, length)
        assert.strictEqual(
          hex(secret),
          hex(diffieHellman({ privateKey: peer.privateKey, publicKey })),
        )
      }
    })

    test(`${spec} refuses keys of other curves and kinds, points that are not on its curve, and bad DER, with an empty message`, async () => {
      const material = await generateMaterial(spec)
      const own = generateKeyPairSync('ec', { namedCurve }).publicKey.export({
        format: 'der',
        type: 'spki',
      })
      const otherCurves = Object.values(curves).flatMap(([name]) =>
        name === namedCurve ? [] : [name],
      )
      const others = [
        ...otherCurves.map((name) => generateKeyPairSync('ec', { namedCurve: name })),
        generateKeyPairSync('ed25519'),
        generateKeyPairSync('x25519'),
      ]
      const wrong = [
        ...others.map(({ publicKey }) => publicKey.export({ format: 'der', type: 'spki' })),
        flipped(own, -1),
        own.subarray(0, -1),
        Buffer.alloc(0),
      ]
      for (const spki of wrong)
        assertFault(() => agree(spec, material, 'ECDH', spki), 'ValidationException', '')
      assert.strictEqual(agree(spec, material, 'ECDH', own).length, length)
    })
  }
})

describe('MACs', () => {
  const macs = { HMAC_224: 28, HMAC_256: 32, HMAC_384: 48, HMAC_512: 64 }
  for (const [spec, length] of Object.entries(macs)) {
    const algorithm = `HMAC_SHA_${spec.slice(5)}`
    test(`${spec}: ${length} bytes that node:crypto, WebCrypto and openssl make too, and nothing changed verifies`, async () => {
      const material = await generateMaterial(spec)
      const message = Buffer.from('what is authenticated')
      const mac = generateMac(spec, material, algorithm, message)
      assert.strictEqual(mac.length, length)
      const hash = `sha${spec.slice(5)}`
      const key = secretOf(material)
      assert.strictEqual(hex(mac), createHmac(hash, key).update(message).digest('hex'))
      const byKey = ['-mac', 'HMAC', '-macopt', `hexkey:${hex(key)}`]
      const made = openssl(['dgst', `-${hash}`, ...byKey, '-binary', '@message'], { message })
      assert.strictEqual(made.toString('hex'), hex(mac))
      if (spec !== 'HMAC_224') {
        const { subtle } = webcrypto
        const hmac = { name: 'HMAC', hash: `SHA-${spec.slice(5)}` }
        const imported = await subtle.importKey('raw', key, hmac, false, ['verify'])
        assert.strictEqual(await subtle.verify('HMAC', imported, mac, message), true)
      }
      assert.strictEqual(verifyMac(spec, material, { algorithm, message, mac }), true)
      for (let at = 0; at < length; at++)
        assert.strictEqual(
          verifyMac(spec, material, { algorithm, message, mac: flipped(mac, at, 1 << (at % 8)) }),
          false,
        )
      for (const wrong of [
        new Uint8Array(),
        mac.subarray(1),
        mac.subarray(0, -1),
        Uint8Array.from([...mac, 0]),
      ])
        assert.strictEqual(verifyMac(spec, material, { algorithm, message, mac: wrong }), false)
      assert.strictEqual(
        verifyMac(spec, material, { algorithm, message: flipped(message, 0), mac }),
        false,
      )
      assert.strictEqual(
        verifyMac(spec, await generateMaterial(spec), { algorithm, message, mac }),
        false,
      )
    })

    test(`${spec} takes no other algorithm`, async () => {
      const material = await generateMaterial(spec)
      const all = ['HMAC_SHA_224', 'HMAC_SHA_256', 'HMAC_SHA_384', 'HMAC_SHA_512', 'ECDH']
      const x = Buffer.from('x')
      for (const other of all.filter((name) => name !== algorithm)) {
        const error = row('InvalidKeyUsageException', say.noAlgorithm(other, spec))
        assertFault(() => generateMac(spec, material, other, x), ...error)
        assertFault(
          () => verifyMac(spec, material, { algorithm: other, message: x, mac: x }),
          ...error,
        )
      }
    })
  }

  test('RFC 4231 §4.7: a key longer than the block is not ours to have, §4.3 in its four hashes is', () => {
    // Key "Jefe" is shorter than our specs; HMAC pads keys with zeros, so that the padded key gives
    // the same value.
    const data = Buffer.from('what do ya want for nothing?')
    const expected = {
      HMAC_224: 'a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44',
      HMAC_256: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
      HMAC_384:
        'af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649',
      HMAC_512:
        '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
    }
    for (const [spec, mac] of Object.entries(expected)) {
      const key = Buffer.alloc(macs[spec])
      key.write('Jefe')
      assert.strictEqual(
        hex(
          generateMac(spec, there(importedMaterial(spec, key)), `HMAC_SHA_${spec.slice(5)}`, data),
        ),
        mac,
      )
    }
  })
})
