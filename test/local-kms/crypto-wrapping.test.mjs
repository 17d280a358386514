import { constants, createCipheriv, publicEncrypt, randomBytes, webcrypto } from 'node:crypto'
import { describe, test } from 'node:test'
import { assert } from 'chai'
import { aeskwp } from '@noble/ciphers/aes.js'
import {
  generateMaterial,
  importedMaterial,
  materialToText,
  privateKeyInfo,
  publicKeyOf,
} from '#dist/local-kms/crypto/material.js'
import { decryptOaep, encryptOaep } from '#dist/local-kms/crypto/oaep.js'
import { canWrap, unwrap } from '#dist/local-kms/crypto/wrapping.js'
import { enums, keySpecs } from '#dist/local-kms/key-specs.js'
import { keyOf, materialOf } from './crypto-keys.mjs'
import { flipped, hex, openssl, opensslOaep } from './crypto-readers.mjs'
import { assertFault, row, there } from './helpers.mjs'
import * as say from './messages.mjs'

/** @import { Material } from '#dist/local-kms/crypto/material.js' */

const limits = { RSA_2048: [214, 190], RSA_3072: [342, 318], RSA_4096: [470, 446] }
const hashes = { RSAES_OAEP_SHA_1: 'SHA-1', RSAES_OAEP_SHA_256: 'SHA-256' }
const invalid = row('InvalidCiphertextException', undefined)

describe('OAEP', () => {
  for (const [spec, lengths] of Object.entries(limits)) {
    for (const [index, [algorithm, hash]] of Object.entries(hashes).entries()) {
      const limit = lengths[index]
      test(`${algorithm} of ${spec} takes up to ${limit} bytes, and WebCrypto reads and writes it`, async () => {
        const material = await materialOf(spec)
        const size = Number(spec.slice(4)) / 8
        const { subtle } = webcrypto
        const opener = await subtle.importKey(
          'pkcs8',
          privateKeyInfo(spec, material),
          { name: 'RSA-OAEP', hash },
          false,
          ['decrypt'],
        )
        const sealer = await subtle.importKey(
          'spki',
          publicKeyOf(spec, material),
          { name: 'RSA-OAEP', hash },
          false,
          ['encrypt'],
        )
        for (const length of [1, limit]) {
          const plaintext = randomBytes(length)
          const sealed = encryptOaep(spec, material, algorithm, plaintext)
          assert.strictEqual(sealed.length, size)
          assert.notStrictEqual(hex(encryptOaep(spec, material, algorithm, plaintext)), hex(sealed))
          assert.strictEqual(
            hex(new Uint8Array(await subtle.decrypt('RSA-OAEP', opener, sealed))),
            hex(plaintext),
          )
          assert.strictEqual(hex(decryptOaep(spec, material, algorithm, sealed)), hex(plaintext))
          assert.strictEqual(
            hex(
              decryptOaep(
                spec,
                material,
                algorithm,
                new Uint8Array(await subtle.encrypt('RSA-OAEP', sealer, plaintext)),
              ),
            ),
            hex(plaintext),
          )
        }
        assertFault(
          () => encryptOaep(spec, material, algorithm, new Uint8Array(limit + 1)),
          'ValidationException',
          say.tooLong(algorithm, spec, limit),
        )

        const sealed = encryptOaep(spec, material, algorithm, Buffer.from('x'))
        const other = there(Object.keys(hashes).find((name) => name !== algorithm))
        const labelled = new Uint8Array(
          await subtle.encrypt(
            { name: 'RSA-OAEP', label: Buffer.from('l') },
            sealer,
            Buffer.from('x'),
          ),
        )
        for (const wrong of [
          flipped(sealed, 0),
          flipped(sealed, -1),
          sealed.subarray(1),
          Uint8Array.from([0, ...sealed]),
          new Uint8Array(),
          new Uint8Array(size),
          new Uint8Array(size).fill(255),
          labelled,
        ]) {
          assertFault(() => decryptOaep(spec, material, algorithm, wrong), ...invalid)
        }
        assertFault(() => decryptOaep(spec, material, other, sealed), ...invalid)
      })
    }
  }

  test('other algorithms are incompatible with the key, and so is every other key', async () => {
    for (const algorithm of ['SYMMETRIC_DEFAULT', 'SM2PKE', 'RSAES_PKCS1_V1_5', 'constructor']) {
      const material = await materialOf('RSA_2048')
      for (const run of [
        () => encryptOaep('RSA_2048', material, algorithm, Buffer.from('x')),
        () => decryptOaep('RSA_2048', material, algorithm, new Uint8Array(256)),
      ]) {
        assertFault(run, 'InvalidKeyUsageException', say.noAlgorithm(algorithm, 'RSA_2048'))
      }
    }
    for (const spec of ['SYMMETRIC_DEFAULT', 'ECC_NIST_P256', 'HMAC_256']) {
      const material = await materialOf(spec)
      assertFault(
        () => encryptOaep(spec, material, 'RSAES_OAEP_SHA_1', Buffer.from('x')),
        'InvalidKeyUsageException',
        say.noAlgorithm('RSAES_OAEP_SHA_1', spec),
      )
    }
    const symmetric = await materialOf('SYMMETRIC_DEFAULT')
    assertFault(
      () => encryptOaep('SYMMETRIC_DEFAULT', symmetric, 'SYMMETRIC_DEFAULT', Buffer.from('x')),
      'InvalidKeyUsageException',
      say.noAlgorithm('SYMMETRIC_DEFAULT', 'SYMMETRIC_DEFAULT'),
    )
  })
})

/** AES-KWP by noble. */
const kwp = (key, value) => aeskwp(key).encrypt(value)

/**
 * Wraps as a caller of ImportKeyMaterial does, in two steps or one.
 *
 * @param {{ spec: string; material: Material; algorithm: string }} wrapping
 * @param {Uint8Array} bytes
 */
function wrap(
  { spec, material, algorithm },
  bytes,
  { aesKey = randomBytes(32), padded = kwp } = {},
) {
  const key = keyOf(spec, material)
  const oaepHash = algorithm.endsWith('256') ? 'sha256' : 'sha1'
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  const encrypt = (value) => publicEncrypt({ key, padding, oaepHash }, value)
  return algorithm.startsWith('RSAES')
    ? encrypt(bytes)
    : Buffer.concat([encrypt(aesKey), padded(aesKey, bytes)])
}
const oneStep = ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256']
const twoSteps = ['RSA_AES_KEY_WRAP_SHA_1', 'RSA_AES_KEY_WRAP_SHA_256']

describe('wrapping', () => {
  for (const algorithm of [...oneStep, ...twoSteps]) {
    for (const wrappingSpec of Object.keys(limits)) {
      test(`${algorithm} under ${wrappingSpec} opens what the caller wrapped with noble's AES-KWP, and nothing changed`, async () => {
        const material = await materialOf(wrappingSpec)
        const isTwo = twoSteps.includes(algorithm)
        for (const length of isTwo
          ? [1, 7, 8, 9, 28, 32, 48, 64, 138, 1218, 2374]
          : [1, 28, 32, 48, 64, 138]) {
          const bytes = randomBytes(length)
          assert.strictEqual(
            hex(
              unwrap(
                wrappingSpec,
                material,
                algorithm,
                wrap({ spec: wrappingSpec, material, algorithm }, bytes),
              ),
            ),
            hex(bytes),
            `${length} bytes`,
          )
        }
        const wrapped = wrap({ spec: wrappingSpec, material, algorithm }, randomBytes(32))
        const size = Number(wrappingSpec.slice(4)) / 8
        const changed = [
          flipped(wrapped, 0),
          flipped(wrapped, size - 1),
          flipped(wrapped, -1),
          wrapped.subarray(1),
          wrapped.subarray(0, -1),
          Buffer.concat([wrapped, Buffer.alloc(8)]),
          Buffer.alloc(0),
          wrapped.subarray(0, size - 1),
        ]
        for (const wrong of isTwo
          ? [
              ...changed,
              wrapped.subarray(0, size),
              flipped(wrapped, size),
              flipped(wrapped, size + 20, 128),
            ]
          : changed) {
          assertFault(() => unwrap(wrappingSpec, material, algorithm, wrong), ...invalid)
        }
        const otherHash = algorithm.endsWith('256')
          ? algorithm.replace('256', '1')
          : algorithm.replace(/1$/, '256')
        assertFault(() => unwrap(wrappingSpec, material, otherHash, wrapped), ...invalid)
      })
    }
  }

  test('AES keys of other lengths do not wrap', async () => {
    const material = await materialOf('RSA_2048')
    for (const length of [16, 24])
      assertFault(
        () =>
          unwrap(
            'RSA_2048',
            material,
            'RSA_AES_KEY_WRAP_SHA_256',
            wrap(
              { spec: 'RSA_2048', material, algorithm: 'RSA_AES_KEY_WRAP_SHA_256' },
              randomBytes(32),
              {
                aesKey: randomBytes(length),
              },
            ),
          ),
        ...invalid,
      )
  })

  test('wrapping without padding (RFC 3394) is not taken for wrapping with it', async () => {
    const material = await materialOf('RSA_2048')
    const padded = (key, value) => {
      const cipher = createCipheriv('id-aes256-wrap', key, Buffer.alloc(8, 0xa6))
      return Buffer.concat([cipher.update(value), cipher.final()])
    }
    assertFault(
      () =>
        unwrap(
          'RSA_2048',
          material,
          'RSA_AES_KEY_WRAP_SHA_256',
          wrap(
            { spec: 'RSA_2048', material, algorithm: 'RSA_AES_KEY_WRAP_SHA_256' },
            randomBytes(32),
            { padded },
          ),
        ),
      ...invalid,
    )
  })

  test('what the openssl command wraps as AWS documents it is imported', async () => {
    const material = await materialOf('RSA_3072')
    const der = privateKeyInfo('ECC_NIST_P384', await materialOf('ECC_NIST_P384'))
    const aesKey = randomBytes(32)
    const inner = openssl(
      ['enc', '-id-aes256-wrap-pad', '-K', hex(aesKey), '-iv', 'A65959A6', '-in', '@der'],
      { der },
    )
    const key = keyOf('RSA_3072', material).export({ format: 'pem', type: 'spki' })
    const outer = opensslOaep(key, aesKey)
    const imported = there(
      importedMaterial(
        'ECC_NIST_P384',
        unwrap('RSA_3072', material, 'RSA_AES_KEY_WRAP_SHA_256', Buffer.concat([outer, inner])),
      ),
    )
    assert.strictEqual(materialToText(imported), materialToText(await materialOf('ECC_NIST_P384')))
  })

  test('an RSA private key travels in two steps, and is the key it was', async () => {
    const [wrapping, own] = [await materialOf('RSA_2048'), await generateMaterial('RSA_2048')]
    const imported = there(
      importedMaterial(
        'RSA_2048',
        unwrap(
          'RSA_2048',
          wrapping,
          'RSA_AES_KEY_WRAP_SHA_256',
          wrap(
            { spec: 'RSA_2048', material: wrapping, algorithm: 'RSA_AES_KEY_WRAP_SHA_256' },
            privateKeyInfo('RSA_2048', own),
          ),
        ),
      ),
    )
    assert.strictEqual(hex(publicKeyOf('RSA_2048', imported)), hex(publicKeyOf('RSA_2048', own)))
  })

  test('which wrapping takes which material: RSA in two steps only, secrets in one only, all others in both', () => {
    /** @type {Record<string, string[]>} */
    const expected = { RSA: twoSteps, symmetric: oneStep, HMAC: oneStep }
    for (const [spec, { kty }] of keySpecs) {
      const taken = enums.wrappingAlgorithm.filter((algorithm) => canWrap(spec, algorithm))
      assert.sameMembers(taken, expected[kty] ?? [...oneStep, ...twoSteps], spec)
      for (const other of ['RSAES_PKCS1_V1_5', 'SM2PKE', 'constructor', ''])
        assert.strictEqual(canWrap(spec, other), false)
    }
  })

  test('wrappings that KMS no longer takes open nothing', async () => {
    const material = await materialOf('RSA_2048')
    for (const algorithm of ['RSAES_PKCS1_V1_5', 'SM2PKE', 'constructor'])
      assertFault(() => unwrap('RSA_2048', material, algorithm, new Uint8Array(256)), ...invalid)
  })
})
