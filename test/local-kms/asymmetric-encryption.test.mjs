// Encryption with RSA keys and key agreement through the AWS client, as WebCrypto and openssl do
// them.
import { webcrypto } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import { opensslOaep } from './crypto-readers.mjs'
import { assertRejects, clientOf, failure, said } from './helpers.mjs'
import * as say from './messages.mjs'
import { curves, keysOf, rsaSpecs } from './server-keys.mjs'

/** @import { LocalKms } from 'sealdrop/local-kms' */
/** @import { Client } from './types.d.ts' */

/** @type {LocalKms} */
let local
/** @type {Client} */
let kms
/** @type {ReturnType<typeof keysOf>} */
let keyFor
before(async () => {
  local = await startLocalKms()
  kms = clientOf(local)
  keyFor = keysOf(kms)
})
after(() => local.close())

const oaepLimits = { RSA_2048: [214, 190], RSA_3072: [342, 318], RSA_4096: [470, 446] }
const { subtle } = webcrypto

describe('encryption', () => {
  const sealer = (spki, hash) =>
    subtle.importKey('spki', spki, { name: 'RSA-OAEP', hash }, false, ['encrypt'])
  const opened = async (input) => Buffer.from((await kms('Decrypt', input)).Plaintext).toString()

  for (const spec of rsaSpecs) {
    for (const [index, hash] of ['SHA-1', 'SHA-256'].entries()) {
      const EncryptionAlgorithm = `RSAES_OAEP_SHA_${hash.slice(4)}`
      const limit = oaepLimits[spec][index]
      test(`${EncryptionAlgorithm} of ${spec} takes 1 to ${limit} bytes, and opens what WebCrypto sealed`, async () => {
        const { arn: KeyId, spki } = await keyFor(spec, 'ENCRYPT_DECRYPT')
        for (const length of [1, limit]) {
          const Plaintext = Buffer.alloc(length, length)
          const sealed = await kms('Encrypt', { KeyId, Plaintext, EncryptionAlgorithm })
          assert.deepEqual(
            [sealed.KeyId, sealed.EncryptionAlgorithm, sealed.CiphertextBlob.length],
            [KeyId, EncryptionAlgorithm, Number(spec.slice(4)) / 8],
          )
          const back = await kms('Decrypt', {
            KeyId,
            CiphertextBlob: sealed.CiphertextBlob,
            EncryptionAlgorithm,
          })
          assert.deepEqual([back.KeyId, back.EncryptionAlgorithm], [KeyId, EncryptionAlgorithm])
          assert.deepEqual(Buffer.from(back.Plaintext), Plaintext)
        }
        const tooLong = { KeyId, Plaintext: Buffer.alloc(limit + 1), EncryptionAlgorithm }
        await assertRejects(kms('Encrypt', tooLong), {
          name: 'ValidationException',
          message: say.tooLong(EncryptionAlgorithm, spec, limit),
        })

        const publicKey = await sealer(spki, hash)
        const CiphertextBlob = new Uint8Array(
          await subtle.encrypt('RSA-OAEP', publicKey, Buffer.from('from a browser')),
        )
        assert.strictEqual(
          await opened({ KeyId, CiphertextBlob, EncryptionAlgorithm }),
          'from a browser',
        )
        const other = EncryptionAlgorithm.endsWith('_1') ? 'RSAES_OAEP_SHA_256' : 'RSAES_OAEP_SHA_1'
        for (const wrong of [
          { EncryptionAlgorithm: other, CiphertextBlob },
          { EncryptionAlgorithm, CiphertextBlob: CiphertextBlob.subarray(1) },
          { EncryptionAlgorithm, CiphertextBlob: new Uint8Array(CiphertextBlob.length).fill(255) },
        ]) {
          await assertRejects(kms('Decrypt', { KeyId, ...wrong }), {
            name: 'InvalidCiphertextException',
          })
        }
      })
    }
  }

  test('a label other than the empty one is an invalid ciphertext', async () => {
    const { arn: KeyId, spki } = await keyFor('RSA_2048', 'ENCRYPT_DECRYPT')
    const publicKey = await sealer(spki, 'SHA-256')
    const CiphertextBlob = new Uint8Array(
      await subtle.encrypt(
        { name: 'RSA-OAEP', label: Buffer.from('x') },
        publicKey,
        Buffer.from('hi'),
      ),
    )
    await assertRejects(
      kms('Decrypt', { KeyId, CiphertextBlob, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }),
      { name: 'InvalidCiphertextException' },
    )
  })

  test('what openssl encrypted is opened', async () => {
    const { arn: KeyId, publicKey } = await keyFor('RSA_3072', 'ENCRYPT_DECRYPT')
    const key = publicKey.export({ type: 'spki', format: 'pem' })
    const CiphertextBlob = opensslOaep(key, 'from openssl')
    assert.strictEqual(
      await opened({ KeyId, CiphertextBlob, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }),
      'from openssl',
    )
  })
})

describe('key agreement', () => {
  const publicKeyOf = (spki, namedCurve) =>
    subtle.importKey('spki', spki, { name: 'ECDH', namedCurve }, false, [])
  const peer = async (namedCurve) => {
    const pair = await subtle.generateKey({ name: 'ECDH', namedCurve }, true, ['deriveBits'])
    return { ...pair, spki: new Uint8Array(await subtle.exportKey('spki', pair.publicKey)) }
  }

  for (const [spec, { namedCurve, size }] of Object.entries(curves)) {
    test(`ECDH on ${namedCurve} derives the ${size} bytes that WebCrypto derives`, async () => {
      const { arn: KeyId, spki } = await keyFor(spec, 'KEY_AGREEMENT')
      const ours = await publicKeyOf(spki, namedCurve)
      for (let i = 0; i < 5; i++) {
        const { privateKey, spki: PublicKey } = await peer(namedCurve)
        const derived = await kms('DeriveSharedSecret', {
          KeyId,
          KeyAgreementAlgorithm: 'ECDH',
          PublicKey,
        })
        assert.deepEqual(said(derived, 'SharedSecret'), {
          KeyId,
          KeyAgreementAlgorithm: 'ECDH',
          KeyOrigin: 'AWS_KMS',
        })
        assert.strictEqual(derived.SharedSecret.length, size)
        assert.deepEqual(
          Buffer.from(derived.SharedSecret),
          Buffer.from(
            await subtle.deriveBits({ name: 'ECDH', public: ours }, privateKey, size * 8),
          ),
        )
      }
    })
  }

  test('a shared secret that begins with a zero keeps its full length', async () => {
    const { arn: KeyId, spki } = await keyFor('ECC_NIST_P256', 'KEY_AGREEMENT')
    const ours = await publicKeyOf(spki, 'P-256')
    for (let i = 0; i < 10_000; i++) {
      const { privateKey, spki: PublicKey } = await peer('P-256')
      const expected = Buffer.from(
        await subtle.deriveBits({ name: 'ECDH', public: ours }, privateKey, 256),
      )
      if (expected[0] !== 0) continue
      const { SharedSecret } = await kms('DeriveSharedSecret', {
        KeyId,
        KeyAgreementAlgorithm: 'ECDH',
        PublicKey,
      })
      assert.deepEqual(Buffer.from(SharedSecret), expected)
      return
    }
    assert.fail('no such secret in 10,000 tries')
  })

  test('anything but a point of the same curve in strict SPKI is a ValidationException with an empty message', async () => {
    const { arn: KeyId, spki } = await keyFor('ECC_NIST_P256', 'KEY_AGREEMENT')
    const offCurve = Uint8Array.from(spki)
    offCurve[offCurve.length - 1] ^= 1
    const infinity = Buffer.from('3019301306072a8648ce3d020106082a8648ce3d03010703020000', 'hex')
    const bad = {
      offCurve,
      infinity,
      otherCurve: (await keyFor('ECC_NIST_P384', 'KEY_AGREEMENT')).spki,
      rsa: (await keyFor('RSA_2048', 'SIGN_VERIFY')).spki,
      trailing: Buffer.concat([spki, Buffer.of(0)]),
      cut: spki.subarray(0, -1),
      text: Buffer.from('InvalidPublicKey'),
    }
    for (const [name, PublicKey] of Object.entries(bad)) {
      const e = await failure(
        kms('DeriveSharedSecret', { KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey }),
      )
      assert.strictEqual(e.name, 'ValidationException', name)
      assert.ok(['', 'UnknownError'].includes(e.message), name)
    }
  })
})
