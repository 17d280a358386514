// Signatures of secp256k1, Ed25519 and ML-DSA keys, read by node:crypto, WebCrypto, openssl and
// noble.
import { execFileSync } from 'node:child_process'
import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  webcrypto,
} from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { ed25519, ed25519ph } from '@noble/curves/ed25519.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js'
import { startLocalKms } from 'sealdrop/local-kms'
import { assertFaults, base64, clientOf, failure, noMessage } from './helpers.mjs'

const sha = (bits, ...parts) => createHash(`sha${bits}`).update(Buffer.concat(parts)).digest()
const shake = (...parts) =>
  createHash('shake256', { outputLength: 64 }).update(Buffer.concat(parts)).digest()
const message = Buffer.from('a message of a few words')
const nativeMlDsa = (() => {
  try {
    return Boolean(generateKeyPairSync('ml-dsa-44'))
  } catch {
    return false
  }
})()

/**
 * mu of a message with an empty context (FIPS 204 §6.2, lines 1 to 6), by the SHAKE of node:crypto.
 */
const mu = (publicKey, bytes) => shake(shake(publicKey), Buffer.of(0, 0), bytes)
const mlDsa = (noble, spki, signature) => ({
  algorithm: 'ML_DSA_SHAKE_256',
  spki,
  signature,
  messages: { RAW: () => message, EXTERNAL_MU: (raw) => mu(raw, message) },
  fixed: { EXTERNAL_MU: 'External Mu' },
  refused: { DIGEST: 'key spec' },
  readers: {
    noble: (raw, made) => noble.verify(made, message, raw),
    ...(nativeMlDsa && { node: (_raw, made, key) => verify(null, message, key.object, made) }),
  },
})
const rows = {
  'ECC_SECG_P256K1 ECDSA_SHA_256': {
    spki: 88,
    messages: { RAW: () => message, DIGEST: () => sha(256, message) },
    fixed: { DIGEST: 'Digest' },
    refused: { EXTERNAL_MU: 'key spec' },
    readers: {
      node: (_raw, made, key) => verify('sha256', message, key.object, made),
      noble: (raw, made) => secp256k1.verify(made, message, raw, { format: 'der', lowS: false }),
      openssl: (_raw, made, key) =>
        openssl([
          'dgst',
          '-sha256',
          '-verify',
          key.file,
          '-signature',
          made.file,
          made.messageFile,
        ]) === 'Verified OK',
    },
  },
  'ECC_NIST_EDWARDS25519 ED25519_SHA_512': {
    spki: 44,
    signature: 64,
    messages: { RAW: () => message },
    fixed: {},
    refused: { DIGEST: 'algorithm', EXTERNAL_MU: 'algorithm' },
    readers: {
      node: (_raw, made, key) => verify(null, message, key.object, made),
      noble: (raw, made) => ed25519.verify(made, message, raw, { zip215: false }),
      webCrypto: async (raw, made) =>
        webcrypto.subtle.verify(
          'Ed25519',
          await webcrypto.subtle.importKey('raw', raw, 'Ed25519', false, ['verify']),
          made,
          message,
        ),
      openssl: (_raw, made, key) =>
        openssl([
          'pkeyutl',
          '-verify',
          '-pubin',
          '-inkey',
          key.file,
          '-rawin',
          '-sigfile',
          made.file,
          '-in',
          made.messageFile,
        ]) === 'Signature Verified Successfully',
    },
  },
  'ECC_NIST_EDWARDS25519 ED25519_PH_SHA_512': {
    spki: 44,
    signature: 64,
    messages: { DIGEST: () => sha(512, message) },
    fixed: { DIGEST: 'Digest' },
    refused: { RAW: 'algorithm', EXTERNAL_MU: 'algorithm' },
    readers: { noble: (raw, made) => ed25519ph.verify(made, message, raw, { zip215: false }) },
  },
  'ML_DSA_44 ML_DSA_SHAKE_256': mlDsa(ml_dsa44, 1334, 2420),
  'ML_DSA_65 ML_DSA_SHAKE_256': mlDsa(ml_dsa65, 1974, 3309),
  'ML_DSA_87 ML_DSA_SHAKE_256': mlDsa(ml_dsa87, 2614, 4627),
}
/** Bytes of SPKI before the raw public key. */
const headers = { 88: 23, 44: 12, 1334: 22, 1974: 22, 2614: 22 }

let local, kms, work
before(async () => {
  local = await startLocalKms()
  kms = clientOf(local)
  work = mkdtempSync(join(tmpdir(), 'sealdrop-kms-asymmetric-'))
})
after(async () => {
  await local.close()
  rmSync(work, { recursive: true })
})

const openssl = (args) => execFileSync('openssl', args).toString().trim()
function written(name, bytes) {
  const path = join(work, name)
  writeFileSync(path, bytes)
  return path
}
const made = new Map()
async function keyOf(KeySpec) {
  if (!made.has(KeySpec))
    made.set(
      KeySpec,
      (async () => {
        const { KeyMetadata } = await kms('CreateKey', { KeySpec, KeyUsage: 'SIGN_VERIFY' })
        const { $metadata, PublicKey, ...told } = await kms('GetPublicKey', {
          KeyId: KeyMetadata.Arn,
        })
        const spki = Buffer.from(PublicKey)
        const readable = !KeySpec.startsWith('ML_DSA') || nativeMlDsa
        const object = readable
          ? createPublicKey({ key: spki, format: 'der', type: 'spki' })
          : undefined
        return {
          arn: KeyMetadata.Arn,
          told,
          spki,
          raw: spki.subarray(headers[spki.length]),
          object,
          file:
            readable && written(`${KeySpec}.pem`, object.export({ type: 'spki', format: 'pem' })),
        }
      })(),
    )
  return made.get(KeySpec)
}
const outcome = (promise) =>
  promise.then(
    ({ SignatureValid }) => SignatureValid,
    (e) => e.name,
  )
const flipped = (bytes, at) =>
  Uint8Array.from(bytes, (byte, index) => (index === at ? byte ^ 1 : byte))

for (const [name, row] of Object.entries(rows)) {
  const [spec, SigningAlgorithm] = name.split(' ')
  test(`${SigningAlgorithm} of ${spec}: every message type that it takes gives a signature that each reader and every message type verifies`, async () => {
    const key = await keyOf(spec)
    assert.strictEqual(key.spki.length, row.spki)
    assert.deepEqual(key.told, {
      KeyId: key.arn,
      CustomerMasterKeySpec: spec,
      KeySpec: spec,
      KeyUsage: 'SIGN_VERIFY',
      SigningAlgorithms: Object.keys(rows)
        .filter((other) => other.startsWith(`${spec} `))
        .map((other) => other.split(' ')[1]),
    })
    for (const [MessageType, messageOf] of Object.entries(row.messages)) {
      const { $metadata, Signature, ...answer } = await kms('Sign', {
        KeyId: key.arn,
        Message: messageOf(key.raw),
        MessageType,
        SigningAlgorithm,
      })
      assert.deepEqual(answer, { KeyId: key.arn, SigningAlgorithm })
      if (row.signature) assert.strictEqual(Signature.length, row.signature)
      const signature = Object.assign(Uint8Array.from(Signature), {
        file: written('signature', Signature),
        messageFile: written('message', message),
      })
      for (const [reader, verifies] of Object.entries(row.readers))
        assert.strictEqual(
          await verifies(key.raw, signature, key),
          true,
          `${MessageType} by ${reader}`,
        )
      for (const [type, other] of Object.entries(row.messages)) {
        const check = (more) =>
          outcome(
            kms('Verify', {
              KeyId: key.arn,
              Message: other(key.raw),
              MessageType: type,
              Signature,
              SigningAlgorithm,
              ...more,
            }),
          )
        assert.strictEqual(await check({}), true)
        for (const at of [12, Math.floor(Signature.length / 2), Signature.length - 1])
          assert.strictEqual(
            await check({ Signature: flipped(Signature, at) }),
            'KMSInvalidSignatureException',
          )
        assert.strictEqual(
          await check({ Message: flipped(other(key.raw), 3) }),
          'KMSInvalidSignatureException',
        )
        assert.strictEqual(
          await check({
            KeyId: (await kms('CreateKey', { KeySpec: spec, KeyUsage: 'SIGN_VERIFY' })).KeyMetadata
              .KeyId,
          }),
          'KMSInvalidSignatureException',
          'another key',
        )
      }
    }
  })

  test(`${SigningAlgorithm} of ${spec}: malformed signatures, message types and lengths that do not fit have the errors of the service`, async () => {
    const { arn: KeyId, raw } = await keyOf(spec)
    const [[MessageType, messageOf]] = Object.entries(row.messages)
    const good = { KeyId, Message: base64(messageOf(raw)), MessageType, SigningAlgorithm }
    const { Signature } = await kms('Sign', {
      KeyId,
      Message: messageOf(raw),
      MessageType,
      SigningAlgorithm,
    })
    const malformed = [
      Buffer.alloc(1),
      Buffer.alloc(64),
      Buffer.alloc(64, 255),
      Buffer.alloc(6144, 1),
      Buffer.alloc(Signature.length),
      Buffer.from(Signature).subarray(1),
      Buffer.from(Signature).subarray(0, -1),
      Buffer.concat([Signature, Buffer.of(0)]),
    ]
    await assertFaults(
      local,
      malformed.map((bad) => [
        'Verify',
        { ...good, Signature: base64(bad) },
        'KMSInvalidSignatureException',
        noMessage,
      ]),
    )
    const both = (body, text) => [
      ['Sign', body, 'ValidationException', text],
      ['Verify', { ...body, Signature: 'AAAA' }, 'ValidationException', text],
    ]
    await assertFaults(local, [
      ...Object.entries(row.refused).flatMap(([type, by]) =>
        both(
          { ...good, MessageType: type },
          `Message type ${type} is incompatible with ${by} ${by === 'algorithm' ? SigningAlgorithm : spec}.`,
        ),
      ),
      ...Object.entries(row.fixed).flatMap(([type, noun]) =>
        [1, 20, 63, 65].flatMap((length) =>
          both(
            { ...good, MessageType: type, Message: base64(Buffer.alloc(length)) },
            `${noun} is invalid length for algorithm ${SigningAlgorithm}.`,
          ),
        ),
      ),
    ])
    assert.deepEqual(Object.keys({ ...row.refused, ...row.messages }).sort(), [
      'DIGEST',
      'EXTERNAL_MU',
      'RAW',
    ])
  })
}

test('every signing algorithm is refused by the specs that do not have it, before the message type is looked at', async () => {
  const all = [
    'RSASSA_PSS_SHA_256',
    'RSASSA_PKCS1_V1_5_SHA_512',
    'ECDSA_SHA_256',
    'ECDSA_SHA_384',
    'ED25519_SHA_512',
    'ED25519_PH_SHA_512',
    'SM2DSA',
    'ML_DSA_SHAKE_256',
  ]
  const faults = await Promise.all(
    ['ECC_SECG_P256K1', 'ECC_NIST_EDWARDS25519', 'ML_DSA_65', 'ECC_NIST_P256'].map(async (spec) => {
      const { arn: KeyId, told } = await keyOf(spec)
      return all
        .filter((name) => !told.SigningAlgorithms.includes(name))
        .flatMap((SigningAlgorithm) =>
          ['Sign', 'Verify'].map((operation) => [
            operation,
            { KeyId, Message: 'AAAA', MessageType: 'DIGEST', SigningAlgorithm, Signature: 'AAAA' },
            'InvalidKeyUsageException',
            `Algorithm ${SigningAlgorithm} is incompatible with key spec ${spec}.`,
          ]),
        )
    }),
  )
  assert.strictEqual(faults.flat().length, 2 * (7 + 6 + 7 + 7))
  await assertFaults(local, faults.flat())
})

test('a signature of Ed25519 is none of Ed25519ph, over the same 64 bytes with the same key', async () => {
  const { arn: KeyId } = await keyOf('ECC_NIST_EDWARDS25519')
  const Message = sha(512, message)
  const forms = { ED25519_SHA_512: 'RAW', ED25519_PH_SHA_512: 'DIGEST' }
  for (const [SigningAlgorithm, MessageType] of Object.entries(forms)) {
    const { Signature } = await kms('Sign', { KeyId, Message, MessageType, SigningAlgorithm })
    const results = await Promise.all(
      Object.entries(forms).map(async ([name, type]) => [
        name,
        await outcome(
          kms('Verify', { KeyId, Message, MessageType: type, SigningAlgorithm: name, Signature }),
        ),
      ]),
    )
    assert.deepEqual(
      results.filter(([, result]) => result === true),
      [[SigningAlgorithm, true]],
    )
  }
})

test('an Ed25519 signature with S not below the order does not verify, in either form', async () => {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  const { arn: KeyId } = await keyOf('ECC_NIST_EDWARDS25519')
  for (const [SigningAlgorithm, MessageType] of [
    ['ED25519_SHA_512', 'RAW'],
    ['ED25519_PH_SHA_512', 'DIGEST'],
  ]) {
    const input = { KeyId, Message: sha(512, message), MessageType, SigningAlgorithm }
    const { Signature } = await kms('Sign', input)
    const s = BigInt(`0x${Buffer.from(Signature.slice(32)).reverse().toString('hex')}`) + order
    const moved = Buffer.concat([
      Signature.slice(0, 32),
      Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse(),
    ])
    assert.strictEqual(
      await outcome(kms('Verify', { ...input, Signature: moved })),
      'KMSInvalidSignatureException',
    )
  }
})

test('Ed25519 is deterministic; ECDSA on secp256k1 and ML-DSA are not, and secp256k1 has both halves of S', async () => {
  const twice = async (spec, more) => {
    const { arn: KeyId } = await keyOf(spec)
    const [a, b] = await Promise.all(
      [1, 2].map(() => kms('Sign', { KeyId, Message: Buffer.alloc(64, 5), ...more })),
    )
    return Buffer.from(a.Signature).equals(Buffer.from(b.Signature))
  }
  assert.strictEqual(
    await twice('ECC_NIST_EDWARDS25519', { SigningAlgorithm: 'ED25519_SHA_512' }),
    true,
  )
  assert.strictEqual(
    await twice('ECC_NIST_EDWARDS25519', {
      SigningAlgorithm: 'ED25519_PH_SHA_512',
      MessageType: 'DIGEST',
    }),
    true,
  )
  assert.strictEqual(await twice('ECC_SECG_P256K1', { SigningAlgorithm: 'ECDSA_SHA_256' }), false)
  for (const MessageType of ['RAW', 'EXTERNAL_MU'])
    assert.strictEqual(
      await twice('ML_DSA_44', { SigningAlgorithm: 'ML_DSA_SHAKE_256', MessageType }),
      false,
    )
  const half = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n / 2n
  const { arn: KeyId } = await keyOf('ECC_SECG_P256K1')
  const halves = new Set()
  for (let i = 0; i < 64 && halves.size < 2; i++) {
    const { Signature } = await kms('Sign', {
      KeyId,
      Message: Buffer.from(`${i}`),
      SigningAlgorithm: 'ECDSA_SHA_256',
    })
    halves.add(secp256k1.Signature.fromBytes(Signature, 'der').s > half)
  }
  assert.strictEqual(halves.size, 2)
})

test('a message of 4,096 bytes is signed by every algorithm that takes messages', async () => {
  const whole = Object.entries(rows).filter(([, { messages }]) => messages.RAW)
  assert.strictEqual(whole.length, 5)
  for (const [name] of whole) {
    const [spec, SigningAlgorithm] = name.split(' ')
    const { arn: KeyId } = await keyOf(spec)
    const { Signature } = await kms('Sign', {
      KeyId,
      Message: Buffer.alloc(4096, 1),
      SigningAlgorithm,
    })
    assert.strictEqual(
      await outcome(
        kms('Verify', { KeyId, Message: Buffer.alloc(4096, 1), SigningAlgorithm, Signature }),
      ),
      true,
    )
  }
})

test('a dry run says nothing of a signature, and is refused where the signature would be', async () => {
  const { arn: KeyId } = await keyOf('ML_DSA_44')
  const body = { KeyId, Message: 'AAAA', SigningAlgorithm: 'ML_DSA_SHAKE_256', DryRun: true }
  const text = 'The request would have succeeded, but the DryRun option is set.'
  await assertFaults(local, [
    ['Sign', body, 'DryRunOperationException', text],
    ['Verify', { ...body, Signature: 'AAAA' }, 'DryRunOperationException', text],
    [
      'Sign',
      { ...body, MessageType: 'DIGEST' },
      'ValidationException',
      'Message type DIGEST is incompatible with key spec ML_DSA_44.',
    ],
  ])
})

test('these specs sign and verify only', async () => {
  for (const KeySpec of [
    'ECC_SECG_P256K1',
    'ECC_NIST_EDWARDS25519',
    'ML_DSA_44',
    'ML_DSA_65',
    'ML_DSA_87',
  ]) {
    for (const KeyUsage of [
      'ENCRYPT_DECRYPT',
      'KEY_AGREEMENT',
      'GENERATE_VERIFY_MAC',
      'ENCAPSULATE_DECAPSULATE',
    ]) {
      const e = await failure(kms('CreateKey', { KeySpec, KeyUsage }))
      assert.deepEqual(
        [e.name, e.message],
        ['ValidationException', `KeyUsage ${KeyUsage} is not compatible with KeySpec ${KeySpec}`],
      )
    }
  }
})

test('the readers of these tests refuse what was changed', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(12)
  const bad = flipped(sign(null, message, privateKey), 40)
  const { noble, webCrypto } = rows['ECC_NIST_EDWARDS25519 ED25519_SHA_512'].readers
  assert.deepEqual(
    [
      noble(raw, bad),
      await webCrypto(raw, bad),
      rows['ECC_NIST_EDWARDS25519 ED25519_PH_SHA_512'].readers.noble(raw, bad),
    ],
    [false, false, false],
  )
})
