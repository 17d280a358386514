// Signatures of secp256k1, Ed25519 and ML-DSA keys through the AWS client, read by others:
// asymmetric-readers.mjs.
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { after, before, test } from 'node:test'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import {
  ed25519ByNoble,
  ed25519ByWebCrypto,
  ed25519phByNoble,
  message,
  nativeMlDsa,
  rows,
  sha,
} from './asymmetric-readers.mjs'
import { flipped } from './crypto-readers.mjs'
import { assertFaults, assertRejects, base64, clientOf, noMessage, row, said } from './helpers.mjs'
import * as say from './messages.mjs'
import { refusedAs } from './messages.mjs'

/** @import { LocalKms } from 'sealdrop/local-kms' */
/** @import { Client } from './types.d.ts' */

/** @type {LocalKms} */
let local
/** @type {Client} */
let kms
before(async () => {
  local = await startLocalKms()
  kms = clientOf(local)
})
after(() => local.close())

/** Bytes of the header of the SPKI by its length. */
const headers = new Map(Object.values(rows).map(({ spki, header }) => [spki, header]))

async function makeKey(KeySpec) {
  const { Arn } = (await kms('CreateKey', { KeySpec, KeyUsage: 'SIGN_VERIFY' })).KeyMetadata
  const told = await kms('GetPublicKey', { KeyId: Arn })
  const spki = Buffer.from(told.PublicKey)
  const readable = !KeySpec.startsWith('ML_DSA') || nativeMlDsa
  return {
    arn: Arn,
    told,
    spki,
    raw: spki.subarray(headers.get(spki.length)),
    key: readable ? createPublicKey({ key: spki, format: 'der', type: 'spki' }) : undefined,
  }
}
/** @type {Map<string, ReturnType<typeof makeKey>>} */
const made = new Map()
function keyOf(KeySpec) {
  const key = made.get(KeySpec) ?? makeKey(KeySpec)
  made.set(KeySpec, key)
  return key
}
const outcome = (promise) =>
  promise.then(
    ({ SignatureValid }) => SignatureValid,
    (e) => e.name,
  )
const invalid = 'KMSInvalidSignatureException'

for (const [name, one] of Object.entries(rows)) {
  const [spec, SigningAlgorithm] = name.split(' ')
  test(`${SigningAlgorithm} of ${spec}: every message type that it takes gives a signature that each reader and every message type verifies`, async () => {
    const { arn, told, spki, raw, key } = await keyOf(spec)
    assert.strictEqual(spki.length, one.spki)
    assert.deepEqual(said(told, 'PublicKey'), {
      KeyId: arn,
      CustomerMasterKeySpec: spec,
      KeySpec: spec,
      KeyUsage: 'SIGN_VERIFY',
      SigningAlgorithms: Object.keys(rows)
        .filter((other) => other.startsWith(`${spec} `))
        .map((other) => other.split(' ')[1]),
    })
    const by = { KeyId: arn, SigningAlgorithm }
    const inputs = Object.entries(one.messages).map(([MessageType, messageOf]) => ({
      MessageType,
      Message: messageOf(raw),
    }))
    const other = await kms('CreateKey', { KeySpec: spec, KeyUsage: 'SIGN_VERIFY' })
    for (const input of inputs) {
      const signed = await kms('Sign', { ...by, ...input })
      const { Signature } = signed
      assert.deepEqual(said(signed, 'Signature'), by)
      if (one.signature) assert.strictEqual(Signature.length, one.signature)
      const signature = Uint8Array.from(Signature)
      for (const [reader, verifies] of Object.entries(one.readers))
        assert.strictEqual(
          await verifies({ raw, key, signature }),
          true,
          `${input.MessageType} by ${reader}`,
        )
      for (const checked of inputs) {
        const check = (more) => outcome(kms('Verify', { ...by, ...checked, Signature, ...more }))
        assert.strictEqual(await check({}), true)
        for (const at of [12, Math.floor(Signature.length / 2), Signature.length - 1])
          assert.strictEqual(await check({ Signature: flipped(Signature, at) }), invalid)
        assert.strictEqual(await check({ Message: flipped(checked.Message, 3) }), invalid)
        const { KeyId } = other.KeyMetadata
        assert.strictEqual(await check({ KeyId }), invalid, 'another key')
      }
    }
  })

  test(`${SigningAlgorithm} of ${spec}: malformed signatures, message types and lengths that do not fit have the errors of the service`, async () => {
    const { arn: KeyId, raw } = await keyOf(spec)
    const [[MessageType, messageOf]] = Object.entries(one.messages)
    const good = { KeyId, Message: base64(messageOf(raw)), MessageType, SigningAlgorithm }
    const { Signature } = await kms('Sign', { ...good, Message: messageOf(raw) })
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
      malformed.map((bad) =>
        row('Verify', { ...good, Signature: base64(bad) }, invalid, noMessage),
      ),
    )
    const both = (more, text) => [
      row('Sign', { ...good, ...more }, text),
      row('Verify', { ...good, ...more, Signature: 'AAAA' }, text),
    ]
    const unfit = (type, by) =>
      `Message type ${type} is incompatible with ${by} ` +
      `${by === 'algorithm' ? SigningAlgorithm : spec}.`
    await assertFaults(
      local,
      refusedAs('ValidationException', [
        ...Object.entries(one.refused).flatMap(([type, by]) =>
          both({ MessageType: type }, unfit(type, by)),
        ),
        ...Object.entries(one.fixed).flatMap(([type, noun]) =>
          [1, 20, 63, 65].flatMap((length) =>
            both(
              { MessageType: type, Message: base64(Buffer.alloc(length)) },
              `${noun} is invalid length for algorithm ${SigningAlgorithm}.`,
            ),
          ),
        ),
      ]),
    )
    assert.sameMembers(Object.keys({ ...one.refused, ...one.messages }), [
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
  const specs = ['ECC_SECG_P256K1', 'ECC_NIST_EDWARDS25519', 'ML_DSA_65', 'ECC_NIST_P256']
  const faults = await Promise.all(
    specs.map(async (spec) => {
      const { arn: KeyId, told } = await keyOf(spec)
      const input = { KeyId, Message: 'AAAA', MessageType: 'DIGEST', Signature: 'AAAA' }
      const own = new Set(/** @type {string[]} */ (told.SigningAlgorithms))
      return all
        .filter((name) => !own.has(name))
        .flatMap((SigningAlgorithm) => [
          row('Sign', { ...input, SigningAlgorithm }, say.noAlgorithm(SigningAlgorithm, spec)),
          row('Verify', { ...input, SigningAlgorithm }, say.noAlgorithm(SigningAlgorithm, spec)),
        ])
    }),
  )
  assert.strictEqual(faults.flat().length, 2 * (7 + 6 + 7 + 7))
  await assertFaults(local, refusedAs('InvalidKeyUsageException', faults.flat()))
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
  const unfit = 'Message type DIGEST is incompatible with key spec ML_DSA_44.'
  await assertFaults(local, [
    ['Sign', body, 'DryRunOperationException', say.dryRun],
    ['Verify', { ...body, Signature: 'AAAA' }, 'DryRunOperationException', say.dryRun],
    ['Sign', { ...body, MessageType: 'DIGEST' }, 'ValidationException', unfit],
  ])
})

test('these specs sign and verify only', async () => {
  const specs = ['ECC_SECG_P256K1', 'ECC_NIST_EDWARDS25519', 'ML_DSA_44', 'ML_DSA_65', 'ML_DSA_87']
  const usages = [
    'ENCRYPT_DECRYPT',
    'KEY_AGREEMENT',
    'GENERATE_VERIFY_MAC',
    'ENCAPSULATE_DECAPSULATE',
  ]
  for (const KeySpec of specs) {
    for (const KeyUsage of usages)
      await assertRejects(kms('CreateKey', { KeySpec, KeyUsage }), {
        name: 'ValidationException',
        message: `KeyUsage ${KeyUsage} is not compatible with KeySpec ${KeySpec}`,
      })
  }
})

test('the readers of these tests refuse what was changed', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(12)
  const changed = { raw, key: publicKey, signature: flipped(sign(null, message, privateKey), 40) }
  assert.strictEqual(ed25519ByNoble(changed), false)
  assert.strictEqual(await ed25519ByWebCrypto(changed), false)
  assert.strictEqual(ed25519phByNoble(changed), false)
})
