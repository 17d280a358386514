import { execFileSync } from 'node:child_process'
import { constants, createHash, createPublicKey, verify, webcrypto } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import { clientOf, failure } from './helpers.mjs'

const rsaSpecs = ['RSA_2048', 'RSA_3072', 'RSA_4096']
const curves = {
  ECC_NIST_P256: ['P-256', 256, 32],
  ECC_NIST_P384: ['P-384', 384, 48],
  ECC_NIST_P521: ['P-521', 512, 66],
}
const oaepLimits = { RSA_2048: [214, 190], RSA_3072: [342, 318], RSA_4096: [470, 446] }
const { subtle } = webcrypto

let local, kms, work
before(async () => {
  local = await startLocalKms()
  kms = clientOf(local)
  work = mkdtempSync(join(tmpdir(), 'sealdrop-kms-crypto-'))
})
after(async () => {
  await local.close()
  rmSync(work, { recursive: true })
})

/** Keys by spec and usage, made once: RSA_4096 takes seconds. */
const made = new Map()
function keyFor(KeySpec, KeyUsage) {
  const name = `${KeySpec} ${KeyUsage}`
  if (!made.has(name))
    made.set(
      name,
      (async () => {
        const { KeyMetadata } = await kms('CreateKey', { KeySpec, KeyUsage })
        const { PublicKey } = await kms('GetPublicKey', { KeyId: KeyMetadata.Arn })
        return {
          arn: KeyMetadata.Arn,
          spki: Buffer.from(PublicKey),
          publicKey: createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' }),
        }
      })(),
    )
  return made.get(name)
}

const signatures = [
  ...rsaSpecs.flatMap((spec) =>
    [256, 384, 512].flatMap((bits) =>
      ['PSS', 'PKCS1_V1_5'].map((scheme) => ({
        spec,
        bits,
        scheme,
        algorithm: `RSASSA_${scheme}_SHA_${bits}`,
      })),
    ),
  ),
  ...Object.entries(curves).map(([spec, [, bits]]) => ({
    spec,
    bits,
    scheme: 'ECDSA',
    algorithm: `ECDSA_SHA_${bits}`,
  })),
]
const paddings = {
  PSS: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
  PKCS1_V1_5: { padding: constants.RSA_PKCS1_PADDING },
  ECDSA: { dsaEncoding: 'der' },
}

function opensslVerifies({ publicKey }, { bits, scheme }, message, signature) {
  const [keyFile, signatureFile, messageFile] = ['key', 'signature', 'message'].map((name) =>
    join(work, name),
  )
  writeFileSync(keyFile, publicKey.export({ type: 'spki', format: 'pem' }))
  writeFileSync(signatureFile, signature)
  writeFileSync(messageFile, message)
  const options =
    scheme === 'PSS'
      ? [
          '-sigopt',
          'rsa_padding_mode:pss',
          '-sigopt',
          'rsa_pss_saltlen:digest',
          '-sigopt',
          `rsa_mgf1_md:sha${bits}`,
        ]
      : []
  return execFileSync('openssl', [
    'dgst',
    `-sha${bits}`,
    '-verify',
    keyFile,
    ...options,
    '-signature',
    signatureFile,
    messageFile,
  ])
    .toString()
    .trim()
}

describe('signatures', () => {
  test('every algorithm of every spec is in the table', async () => {
    const offered = await Promise.all(
      [...rsaSpecs, ...Object.keys(curves)].map(async (KeySpec) => {
        const { arn } = await keyFor(KeySpec, 'SIGN_VERIFY')
        return (await kms('GetPublicKey', { KeyId: arn })).SigningAlgorithms.map(
          (algorithm) => `${KeySpec} ${algorithm}`,
        )
      }),
    )
    assert.deepEqual(
      offered.flat().sort(),
      signatures.map(({ spec, algorithm }) => `${spec} ${algorithm}`).sort(),
    )
    assert.strictEqual(signatures.length, 21)
  })

  for (const row of signatures) {
    const { spec, bits, scheme, algorithm } = row
    test(`${algorithm} of ${spec}: RAW and DIGEST give signatures that KMS, node:crypto and openssl verify, and one flipped bit fails`, async () => {
      const key = await keyFor(spec, 'SIGN_VERIFY')
      const message = Buffer.from(`message for ${spec} ${algorithm}`)
      const digest = createHash(`sha${bits}`).update(message).digest()
      const inputs = { RAW: message, DIGEST: digest }
      for (const MessageType of ['RAW', 'DIGEST']) {
        const signed = await kms('Sign', {
          KeyId: key.arn,
          Message: inputs[MessageType],
          MessageType,
          SigningAlgorithm: algorithm,
        })
        assert.strictEqual(signed.KeyId, key.arn)
        assert.strictEqual(signed.SigningAlgorithm, algorithm)
        if (scheme !== 'ECDSA')
          assert.strictEqual(signed.Signature.length, Number(spec.slice(4)) / 8)
        for (const checkedAs of ['RAW', 'DIGEST']) {
          const checked = await kms('Verify', {
            KeyId: key.arn,
            Message: inputs[checkedAs],
            MessageType: checkedAs,
            Signature: signed.Signature,
            SigningAlgorithm: algorithm,
          })
          assert.deepEqual(
            [checked.KeyId, checked.SignatureValid, checked.SigningAlgorithm],
            [key.arn, true, algorithm],
          )
        }
        assert.ok(
          verify(
            `sha${bits}`,
            message,
            { key: key.publicKey, ...paddings[scheme] },
            signed.Signature,
          ),
        )
        assert.strictEqual(opensslVerifies(key, row, message, signed.Signature), 'Verified OK')
        for (const at of [10, signed.Signature.length - 1]) {
          const Signature = Uint8Array.from(signed.Signature)
          Signature[at] ^= 1
          assert.strictEqual(
            (
              await failure(
                kms('Verify', {
                  KeyId: key.arn,
                  Message: message,
                  Signature,
                  SigningAlgorithm: algorithm,
                }),
              )
            ).name,
            'KMSInvalidSignatureException',
          )
        }
        assert.strictEqual(
          (
            await failure(
              kms('Verify', {
                KeyId: key.arn,
                Message: Buffer.from('another'),
                Signature: signed.Signature,
                SigningAlgorithm: algorithm,
              }),
            )
          ).name,
          'KMSInvalidSignatureException',
        )
      }
    })
  }

  test('a signature of one algorithm is none of another on the same key', async () => {
    const { arn } = await keyFor('RSA_2048', 'SIGN_VERIFY')
    const Message = Buffer.from('one')
    const { Signature } = await kms('Sign', {
      KeyId: arn,
      Message,
      SigningAlgorithm: 'RSASSA_PSS_SHA_256',
    })
    for (const SigningAlgorithm of signatures
      .filter(({ spec, algorithm }) => spec === 'RSA_2048' && algorithm !== 'RSASSA_PSS_SHA_256')
      .map(({ algorithm }) => algorithm)) {
      assert.strictEqual(
        (await failure(kms('Verify', { KeyId: arn, Message, Signature, SigningAlgorithm }))).name,
        'KMSInvalidSignatureException',
      )
    }
  })

  test('PSS and ECDSA are randomised, PKCS1 is not', async () => {
    const twice = async (spec, SigningAlgorithm) => {
      const { arn: KeyId } = await keyFor(spec, 'SIGN_VERIFY')
      const all = await Promise.all(
        [1, 2].map(() => kms('Sign', { KeyId, Message: Buffer.from('x'), SigningAlgorithm })),
      )
      return Buffer.from(all[0].Signature).equals(Buffer.from(all[1].Signature))
    }
    assert.strictEqual(await twice('RSA_2048', 'RSASSA_PSS_SHA_256'), false)
    assert.strictEqual(await twice('ECC_NIST_P256', 'ECDSA_SHA_256'), false)
    assert.strictEqual(await twice('RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_256'), true)
  })

  test('both halves of S occur, as in KMS', async () => {
    const { arn: KeyId } = await keyFor('ECC_NIST_P256', 'SIGN_VERIFY')
    const half = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n / 2n
    const highs = new Set()
    for (let i = 0; i < 64 && highs.size < 2; i++) {
      const { Signature } = await kms('Sign', {
        KeyId,
        Message: Buffer.from(`${i}`),
        SigningAlgorithm: 'ECDSA_SHA_256',
      })
      highs.add(
        BigInt(
          `0x${Buffer.from(Signature)
            .subarray(4 + Signature[3] + 2)
            .toString('hex')}`,
        ) > half,
      )
    }
    assert.strictEqual(highs.size, 2)
  })

  test('a message of 4,096 bytes is signed', async () => {
    const { arn: KeyId } = await keyFor('ECC_NIST_P256', 'SIGN_VERIFY')
    assert.ok(
      (
        await kms('Sign', {
          KeyId,
          Message: Buffer.alloc(4096, 7),
          SigningAlgorithm: 'ECDSA_SHA_256',
        })
      ).Signature.length > 60,
    )
  })
})

describe('encryption', () => {
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
          const opened = await kms('Decrypt', {
            KeyId,
            CiphertextBlob: sealed.CiphertextBlob,
            EncryptionAlgorithm,
          })
          assert.deepEqual([opened.KeyId, opened.EncryptionAlgorithm], [KeyId, EncryptionAlgorithm])
          assert.deepEqual(Buffer.from(opened.Plaintext), Plaintext)
        }
        const tooLong = await failure(
          kms('Encrypt', { KeyId, Plaintext: Buffer.alloc(limit + 1), EncryptionAlgorithm }),
        )
        assert.strictEqual(tooLong.name, 'ValidationException')
        assert.strictEqual(
          tooLong.message,
          `Algorithm ${EncryptionAlgorithm} and key spec ${spec} cannot encrypt data larger than ${limit} bytes.`,
        )

        const publicKey = await subtle.importKey('spki', spki, { name: 'RSA-OAEP', hash }, false, [
          'encrypt',
        ])
        const CiphertextBlob = new Uint8Array(
          await subtle.encrypt('RSA-OAEP', publicKey, Buffer.from('from a browser')),
        )
        assert.strictEqual(
          Buffer.from(
            (await kms('Decrypt', { KeyId, CiphertextBlob, EncryptionAlgorithm })).Plaintext,
          ).toString(),
          'from a browser',
        )
        const other = EncryptionAlgorithm.endsWith('_1') ? 'RSAES_OAEP_SHA_256' : 'RSAES_OAEP_SHA_1'
        for (const wrong of [
          { EncryptionAlgorithm: other, CiphertextBlob },
          { EncryptionAlgorithm, CiphertextBlob: CiphertextBlob.subarray(1) },
          { EncryptionAlgorithm, CiphertextBlob: new Uint8Array(CiphertextBlob.length).fill(255) },
        ]) {
          assert.strictEqual(
            (await failure(kms('Decrypt', { KeyId, ...wrong }))).name,
            'InvalidCiphertextException',
          )
        }
      })
    }
  }

  test('a label other than the empty one is an invalid ciphertext', async () => {
    const { arn: KeyId, spki } = await keyFor('RSA_2048', 'ENCRYPT_DECRYPT')
    const publicKey = await subtle.importKey(
      'spki',
      spki,
      { name: 'RSA-OAEP', hash: 'SHA-256' },
      false,
      ['encrypt'],
    )
    const CiphertextBlob = new Uint8Array(
      await subtle.encrypt(
        { name: 'RSA-OAEP', label: Buffer.from('x') },
        publicKey,
        Buffer.from('hi'),
      ),
    )
    assert.strictEqual(
      (
        await failure(
          kms('Decrypt', { KeyId, CiphertextBlob, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }),
        )
      ).name,
      'InvalidCiphertextException',
    )
  })

  test('what openssl encrypted is opened', async () => {
    const { arn: KeyId, publicKey } = await keyFor('RSA_3072', 'ENCRYPT_DECRYPT')
    const file = join(work, 'oaep.pem')
    writeFileSync(file, publicKey.export({ type: 'spki', format: 'pem' }))
    const CiphertextBlob = execFileSync(
      'openssl',
      [
        'pkeyutl',
        '-encrypt',
        '-pubin',
        '-inkey',
        file,
        '-pkeyopt',
        'rsa_padding_mode:oaep',
        '-pkeyopt',
        'rsa_oaep_md:sha256',
        '-pkeyopt',
        'rsa_mgf1_md:sha256',
      ],
      { input: 'from openssl' },
    )
    assert.strictEqual(
      Buffer.from(
        (await kms('Decrypt', { KeyId, CiphertextBlob, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }))
          .Plaintext,
      ).toString(),
      'from openssl',
    )
  })
})

describe('key agreement', () => {
  const peer = async (namedCurve) => {
    const pair = await subtle.generateKey({ name: 'ECDH', namedCurve }, true, ['deriveBits'])
    return { ...pair, spki: new Uint8Array(await subtle.exportKey('spki', pair.publicKey)) }
  }

  for (const [spec, [namedCurve, , size]] of Object.entries(curves)) {
    test(`ECDH on ${namedCurve} derives the ${size} bytes that WebCrypto derives`, async () => {
      const { arn: KeyId, spki } = await keyFor(spec, 'KEY_AGREEMENT')
      const kmsPublicKey = await subtle.importKey(
        'spki',
        spki,
        { name: 'ECDH', namedCurve },
        false,
        [],
      )
      for (let i = 0; i < 5; i++) {
        const { privateKey, spki: PublicKey } = await peer(namedCurve)
        const derived = await kms('DeriveSharedSecret', {
          KeyId,
          KeyAgreementAlgorithm: 'ECDH',
          PublicKey,
        })
        assert.deepEqual(
          [
            derived.KeyId,
            derived.KeyAgreementAlgorithm,
            derived.KeyOrigin,
            derived.SharedSecret.length,
          ],
          [KeyId, 'ECDH', 'AWS_KMS', size],
        )
        assert.deepEqual(
          Buffer.from(derived.SharedSecret),
          Buffer.from(
            await subtle.deriveBits({ name: 'ECDH', public: kmsPublicKey }, privateKey, size * 8),
          ),
        )
      }
    })
  }

  test('a shared secret that begins with a zero keeps its full length', async () => {
    const { arn: KeyId, spki } = await keyFor('ECC_NIST_P256', 'KEY_AGREEMENT')
    const kmsPublicKey = await subtle.importKey(
      'spki',
      spki,
      { name: 'ECDH', namedCurve: 'P-256' },
      false,
      [],
    )
    for (let i = 0; i < 10_000; i++) {
      const { privateKey, spki: PublicKey } = await peer('P-256')
      const expected = Buffer.from(
        await subtle.deriveBits({ name: 'ECDH', public: kmsPublicKey }, privateKey, 256),
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
    const infinity = Buffer.concat([
      Buffer.from('3019301306072a8648ce3d020106082a8648ce3d03010703020000', 'hex'),
    ])
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
