// Signatures of RSA and ECDSA keys, read by node:crypto, WebCrypto and openssl.
import { constants, sign as nodeSign, verify as nodeVerify, webcrypto } from 'node:crypto'
import { describe, test } from 'node:test'
import { assert } from 'chai'
import { pairOf, publicKeyOf } from '#dist/local-kms/crypto/material.js'
import { sign, verify } from '#dist/local-kms/crypto/signing.js'
import { keyOf, materialOf } from './crypto-keys.mjs'
import { hex, openssl, opensslPss } from './crypto-readers.mjs'
import { message, rawAndDigest, refuses, sha, signers } from './crypto-signers.mjs'
import { assertFault, row, there } from './helpers.mjs'

const paddings = {
  PSS: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
  PKCS1: { padding: constants.RSA_PKCS1_PADDING },
  ECDSA: { dsaEncoding: /** @type {const} */ ('der') },
}
/** Spec, algorithm, bits of the hash, options of node:crypto. */
const classical = signers.flatMap(({ spec, kty, algorithms }) =>
  (['RSA', 'EC'].includes(kty) ? algorithms : []).map((algorithm) => ({
    spec,
    algorithm,
    bits: Number(algorithm.slice(-3)),
    options: paddings[there(/PSS|PKCS1|ECDSA/.exec(algorithm))[0]],
  })),
)

describe('RSA and ECDSA', () => {
  test('the table has every algorithm of these keys', () => {
    assert.strictEqual(classical.length, 6 * 2 + 4)
  })

  for (const { spec, algorithm, bits, options } of classical) {
    test(`${algorithm} of ${spec}: RAW and DIGEST verify as each other and by node:crypto, and nothing changed does`, async () => {
      const material = await materialOf(spec)
      const inputs = { RAW: message, DIGEST: sha(bits) }
      const verifies = (type, signature) =>
        verify(spec, material, { algorithm, messageType: type, message: inputs[type] }, signature)
      for (const type of rawAndDigest) {
        const signature = sign(spec, material, {
          algorithm,
          messageType: type,
          message: inputs[type],
        })
        if (spec.startsWith('RSA')) assert.strictEqual(signature.length, Number(spec.slice(4)) / 8)
        const key = { key: keyOf(spec, material), ...options }
        assert.strictEqual(nodeVerify(`sha${bits}`, message, key, signature), true)
        for (const other of rawAndDigest) {
          assert.strictEqual(verifies(other, signature), true, `${type} as ${other}`)
          refuses({ spec, material, algorithm, type: other, input: inputs[other] }, signature)
        }
      }
      const theirs = nodeSign(`sha${bits}`, message, { key: pairOf(material), ...options })
      for (const type of rawAndDigest)
        assert.strictEqual(verifies(type, theirs), true, `node:crypto's as ${type}`)
      const error = row(
        'ValidationException',
        `Digest is invalid length for algorithm ${algorithm}.`,
      )
      for (const wrong of [0, bits / 8 - 1, bits / 8 + 1]) {
        const digest = new Uint8Array(wrong)
        assertFault(
          () => sign(spec, material, { algorithm, messageType: 'DIGEST', message: digest }),
          ...error,
        )
        assertFault(
          () =>
            verify(spec, material, { algorithm, messageType: 'DIGEST', message: digest }, theirs),
          ...error,
        )
      }
    })
  }

  for (const { spec, algorithm, bits } of classical.filter((one) => one.spec !== 'RSA_3072')) {
    test(`${algorithm} of ${spec}: openssl verifies a signed digest`, async () => {
      const material = await materialOf(spec)
      const signature = sign(spec, material, {
        algorithm,
        messageType: 'DIGEST',
        message: sha(bits),
      })
      const pss = algorithm.includes('PSS') ? opensslPss(bits) : []
      const answer = openssl(
        ['dgst', `-sha${bits}`, '-verify', '@key', ...pss, '-signature', '@signature', '@message'],
        { key: keyOf(spec, material).export({ format: 'pem', type: 'spki' }), signature, message },
      )
      assert.strictEqual(answer.toString().trim(), 'Verified OK')
    })
  }

  test('WebCrypto verifies PSS and PKCS1 over a digest', async () => {
    const material = await materialOf('RSA_2048')
    const spki = publicKeyOf('RSA_2048', material)
    const { subtle } = webcrypto
    for (const [name, scheme] of [
      ['RSA-PSS', 'PSS'],
      ['RSASSA-PKCS1-v1_5', 'PKCS1_V1_5'],
    ]) {
      for (const bits of [256, 384, 512]) {
        const hash = `SHA-${bits}`
        const key = await subtle.importKey('spki', spki, { name, hash }, false, ['verify'])
        const algorithm = `RSASSA_${scheme}_SHA_${bits}`
        const signature = sign('RSA_2048', material, {
          algorithm,
          messageType: 'DIGEST',
          message: sha(bits),
        })
        const parameters = { name, saltLength: bits / 8 }
        assert.strictEqual(await subtle.verify(parameters, key, signature, message), true)
      }
    }
  })

  test('both halves of S occur, by RAW and by DIGEST, on secp256k1 too, and both verify', async () => {
    const orders = {
      ECC_NIST_P256: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
      ECC_SECG_P256K1: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
    }
    const inputs = { RAW: message, DIGEST: sha(256) }
    for (const [spec, order] of Object.entries(orders)) {
      const material = await materialOf(spec)
      for (const [type, other] of [rawAndDigest, /** @type {const} */ (['DIGEST', 'RAW'])]) {
        const highs = new Set()
        const seen = new Set()
        for (let i = 0; i < 64 && highs.size < 2; i++) {
          const signature = sign(spec, material, {
            algorithm: 'ECDSA_SHA_256',
            messageType: type,
            message: inputs[type],
          })
          seen.add(hex(signature))
          highs.add(BigInt(`0x${hex(signature.subarray(4 + signature[3] + 2))}`) > order / 2n)
          assert.strictEqual(
            verify(
              spec,
              material,
              { algorithm: 'ECDSA_SHA_256', messageType: other, message: inputs[other] },
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
        key: pairOf(material),
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength,
      })
      const verifies = (type, input) =>
        verify(
          'RSA_2048',
          material,
          { algorithm: 'RSASSA_PSS_SHA_256', messageType: type, message: input },
          signature,
        )
      assert.strictEqual(verifies('RAW', message), false, `RAW ${saltLength}`)
      assert.strictEqual(verifies('DIGEST', sha(256)), false, `DIGEST ${saltLength}`)
    }
  })
})
