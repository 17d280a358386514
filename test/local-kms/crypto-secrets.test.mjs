import {
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  webcrypto,
} from 'node:crypto'
import { describe, test } from 'node:test'
import { assert } from 'chai'
import fc from 'fast-check'
import { ml_kem1024, ml_kem512, ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { agree } from '../../dist/local-kms/crypto/agreement.js'
import { parseBlob, sealBlob } from '../../dist/local-kms/crypto/ciphertext.js'
import { decapsulate, encapsulate } from '../../dist/local-kms/crypto/encapsulation.js'
import { generateMac, verifyMac } from '../../dist/local-kms/crypto/mac.js'
import {
  generateMaterial,
  importedMaterial,
  privateKeyInfo,
  publicKeyOf,
} from '../../dist/local-kms/crypto/material.js'
import {
  mlKemDecapsulate,
  mlKemEncapsulate,
  mlKemPublicKey,
} from '../../dist/local-kms/crypto/post-quantum.js'
import { seededRandom } from '../../dist/local-kms/crypto/seeded-random.js'
import { flipped, hex, inNode24, openssl } from './crypto-readers.mjs'
import { assertFault, row } from './helpers.mjs'

describe('ML-KEM', () => {
  const kems = {
    ML_KEM_512: [ml_kem512, 768],
    ML_KEM_768: [ml_kem768, 1088],
    ML_KEM_1024: [ml_kem1024, 1568],
  }
  for (const [spec, [noble, length]] of Object.entries(kems)) {
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
          hex(noble.decapsulate(ciphertext, noble.keygen(material.seed).secretKey)),
          hex(sharedSecret),
        )
        assert.strictEqual(
          inNode24(
            'return crypto.decapsulate(crypto.createPrivateKey({ key: bytes[0], format: "der", type: "pkcs8" }), bytes[1]).toString("hex")',
            privateKeyInfo(spec, material),
            ciphertext,
          ),
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
      const [secret, ciphertext] = inNode24(
        'const e = crypto.encapsulate(crypto.createPublicKey({ key: bytes[0], format: "der", type: "spki" })); return [e.sharedKey.toString("hex"), e.ciphertext.toString("hex")]',
        spki,
      )
      assert.strictEqual(
        hex(decapsulate(spec, material, 'ML_KEM', Buffer.from(ciphertext, 'hex'))),
        secret,
      )
      assert.strictEqual(
        hex(mlKemDecapsulate(spec, material.seed, Buffer.from(ciphertext, 'hex'))),
        secret,
      )
      const ours = mlKemEncapsulate(spec, mlKemPublicKey(spec, material.seed))
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
        assert.strictEqual(hex(mlKemDecapsulate(spec, material.seed, changed)), hex(found))
        assert.strictEqual(
          inNode24(
            'return crypto.decapsulate(crypto.createPrivateKey({ key: bytes[0], format: "der", type: "pkcs8" }), bytes[1]).toString("hex")',
            privateKeyInfo(spec, material),
            changed,
          ),
          hex(found),
        )
      }
    })

    test(`${spec}: a wrong length is an invalid ciphertext without a message, another algorithm an invalid usage`, async () => {
      const material = await generateMaterial(spec)
      for (const wrong of [0, length - 1, length + 1, 768, 1088, 1568].filter(
        (bytes) => bytes !== length,
      )) {
        assertFault(
          () => decapsulate(spec, material, 'ML_KEM', new Uint8Array(wrong)),
          'InvalidCiphertextException',
          undefined,
        )
      }
      for (const run of [
        () => encapsulate(spec, material, 'ECDH'),
        () => decapsulate(spec, material, 'ECDH', new Uint8Array(length)),
      ]) {
        assertFault(
          run,
          'InvalidKeyUsageException',
          `Algorithm ECDH is incompatible with key spec ${spec}.`,
        )
      }
    })
  }
})

describe('ECDH', () => {
  const curves = {
    ECC_NIST_P256: ['P-256', 32],
    ECC_NIST_P384: ['P-384', 48],
    ECC_NIST_P521: ['P-521', 66],
  }
  for (const [spec, [namedCurve, length]] of Object.entries(curves)) {
    test(`${spec} derives the ${length} bytes that the other side derives`, async () => {
      const material = await generateMaterial(spec)
      const publicKey = createPublicKey({
        key: Buffer.from(publicKeyOf(spec, material)),
        format: 'der',
        type: 'spki',
      })
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
      const others = Object.values(curves)
        .filter(([name]) => name !== namedCurve)
        .map(([name]) => generateKeyPairSync('ec', { namedCurve: name }))
        .concat(generateKeyPairSync('ed25519'), generateKeyPairSync('x25519'))
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
      assert.strictEqual(
        hex(mac),
        hex(
          createHmac(`sha${spec.slice(5)}`, material.secret)
            .update(message)
            .digest(),
        ),
      )
      assert.strictEqual(
        openssl(
          [
            'dgst',
            `-sha${spec.slice(5)}`,
            '-mac',
            'HMAC',
            '-macopt',
            `hexkey:${hex(material.secret)}`,
            '-binary',
            '@message',
          ],
          { message },
        ).toString('hex'),
        hex(mac),
      )
      if (spec !== 'HMAC_224') {
        const key = await webcrypto.subtle.importKey(
          'raw',
          material.secret,
          { name: 'HMAC', hash: `SHA-${spec.slice(5)}` },
          false,
          ['verify'],
        )
        assert.strictEqual(await webcrypto.subtle.verify('HMAC', key, mac, message), true)
      }
      assert.strictEqual(verifyMac(spec, material, algorithm, message, mac), true)
      for (let at = 0; at < length; at++)
        assert.strictEqual(
          verifyMac(spec, material, algorithm, message, flipped(mac, at, 1 << (at % 8))),
          false,
        )
      for (const wrong of [
        new Uint8Array(),
        mac.subarray(1),
        mac.subarray(0, -1),
        Uint8Array.from([...mac, 0]),
      ])
        assert.strictEqual(verifyMac(spec, material, algorithm, message, wrong), false)
      assert.strictEqual(verifyMac(spec, material, algorithm, flipped(message, 0), mac), false)
      assert.strictEqual(
        verifyMac(spec, await generateMaterial(spec), algorithm, message, mac),
        false,
      )
    })

    test(`${spec} takes no other algorithm`, async () => {
      const material = await generateMaterial(spec)
      for (const other of [
        'HMAC_SHA_224',
        'HMAC_SHA_256',
        'HMAC_SHA_384',
        'HMAC_SHA_512',
        'ECDH',
      ].filter((name) => name !== algorithm)) {
        const error = row(
          'InvalidKeyUsageException',
          `Algorithm ${other} is incompatible with key spec ${spec}.`,
        )
        assertFault(() => generateMac(spec, material, other, Buffer.from('x')), ...error)
        assertFault(
          () => verifyMac(spec, material, other, Buffer.from('x'), Buffer.from('x')),
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
        hex(generateMac(spec, importedMaterial(spec, key), `HMAC_SHA_${spec.slice(5)}`, data)),
        mac,
      )
    }
  })
})

describe('ciphertext blobs', () => {
  const secret = Buffer.alloc(32, 7)
  const keyId = '1234abcd-12ab-34cd-56ef-1234567890ab'
  const ids = { keyId, materialId: 'ab'.repeat(32) }
  const seal = (plaintext, more = {}) => sealBlob({ ...ids, secret, ...more }, plaintext)

  test('open to what was sealed, name their key and material, and fit what KMS takes', () => {
    for (const length of [1, 16, 32, 4095, 4096]) {
      const plaintext = Uint8Array.from({ length }, (_, index) => index)
      const blob = seal(plaintext, { context: { a: 'b' }, keyId: `mrk-${'1'.repeat(32)}` })
      assert.ok(blob.length <= 6144 && blob.length > length + 28)
      const parsed = parseBlob(blob)
      assert.deepEqual([parsed.keyId, parsed.materialId], [`mrk-${'1'.repeat(32)}`, ids.materialId])
      assert.strictEqual(hex(parsed.open(secret, { a: 'b' })), hex(plaintext))
    }
  })

  test('every flipped bit and every cut is noticed', () => {
    const blob = seal(Buffer.from('secret'), { context: { a: 'b' } })
    for (let at = 0; at < blob.length; at++) {
      for (let bit = 1; bit < 256; bit <<= 1) {
        assert.strictEqual(
          parseBlob(flipped(blob, at, bit))?.open(secret, { a: 'b' }),
          undefined,
          `byte ${at}, bit ${bit}`,
        )
      }
      assert.strictEqual(
        parseBlob(blob.subarray(0, at))?.open(secret, { a: 'b' }),
        undefined,
        `cut at ${at}`,
      )
    }
    assert.strictEqual(parseBlob(Uint8Array.from([...blob, 0])).open(secret, { a: 'b' }), undefined)
    assert.strictEqual(hex(parseBlob(blob).open(secret, { a: 'b' })), hex(Buffer.from('secret')))
  })

  test('need the secret that sealed them', () => {
    const blob = seal(Buffer.from('x'))
    for (const other of [Buffer.alloc(32, 8), flipped(secret, 0), flipped(secret, 31, 128)])
      assert.strictEqual(parseBlob(blob).open(other), undefined)
    assert.ok(parseBlob(blob).open(secret))
  })

  const same = [
    [{}, undefined],
    [undefined, {}],
    [
      { a: '1', b: '2' },
      { b: '2', a: '1' },
    ],
    [
      { 2: 'x', 10: 'y' },
      { 10: 'y', 2: 'x' },
    ],
    [{ é: 'ü' }, { é: 'ü' }],
  ]
  test('take the same context in any order', () => {
    for (const [one, two] of same)
      assert.strictEqual(
        hex(parseBlob(seal(Buffer.from('x'), { context: one })).open(secret, two)),
        '78',
      )
  })

  const others = [
    [{}, { a: '' }],
    [{ a: '' }, { '': 'a' }],
    [{ a: 'b' }, { a: 'B' }],
    [{ a: 'b' }, { A: 'b' }],
    [{ a: 'b' }, {}],
    [{ a: 'b' }, { a: 'b', c: 'd' }],
    [
      { a: 'b', c: 'd' },
      { a: 'd', c: 'b' },
    ],
    [{ ab: 'c' }, { a: 'bc' }],
    [{ a: 'bc' }, { abc: '' }],
    [{ a: 'b', c: 'd' }, { a: 'bcd' }],
    [{ a: '\ud800' }, { a: '\ud801' }],
    [{ a: '\ud800' }, { a: '\ufffd' }],
    [{ é: '' }, { 'e\u0301': '' }],
    [{ a: '\0' }, { a: '' }],
  ]
  test('do not open under any other context, however alike it looks when written down', () => {
    for (const [one, two] of others) {
      const blob = seal(Buffer.from('x'), { context: one })
      assert.strictEqual(parseBlob(blob).open(secret, two), undefined, JSON.stringify([one, two]))
      assert.ok(parseBlob(blob).open(secret, one))
    }
  })

  test('open under one context only, whatever the two are', () => {
    const contexts = fc.dictionary(fc.string({ maxLength: 3 }), fc.string({ maxLength: 3 }), {
      maxKeys: 3,
      noNullPrototype: true,
    })
    const canonical = (context) =>
      JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1)))
    fc.assert(
      fc.property(contexts, contexts, (one, two) => {
        const opened = parseBlob(seal(Buffer.from('x'), { context: one })).open(secret, two)
        assert.strictEqual(opened !== undefined, canonical(one) === canonical(two))
      }),
    )
  })

  test('of the same plaintext differ, and a seeded stream makes the same one', () => {
    assert.notStrictEqual(hex(seal(Buffer.from('x'))), hex(seal(Buffer.from('x'))))
    assert.strictEqual(
      hex(seal(Buffer.from('x'), { random: seededRandom('s', 'l') })),
      hex(seal(Buffer.from('x'), { random: seededRandom('s', 'l') })),
    )
  })

  test('never use a nonce for two plaintexts or two contexts, though the stream of random bytes begins anew', () => {
    const nonceAt = 4 + 1 + keyId.length + 1 + 64
    const nonces = [
      [Buffer.from('x'), {}],
      [Buffer.from('y'), {}],
      [Buffer.from('x'), { a: 'b' }],
      [Buffer.from('xx'), {}],
    ].map(([plaintext, context]) =>
      hex(
        seal(plaintext, { context, random: seededRandom('s', 'l') }).subarray(
          nonceAt,
          nonceAt + 12,
        ),
      ),
    )
    assert.strictEqual(new Set(nonces).size, 4)
  })

  test('are not read from what is none', () => {
    for (const bytes of [
      new Uint8Array(),
      new Uint8Array(6144),
      new Uint8Array(256).fill(255),
      Buffer.from('SDK'),
      Buffer.from('SDK\x01\x24'),
    ])
      assert.strictEqual(parseBlob(bytes), undefined)
  })
})
