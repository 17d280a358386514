// Signatures of RSA and NIST keys through the AWS client, read by node:crypto and openssl.
import { constants, createHash, verify } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import { flipped, hex, openssl, opensslPss } from './crypto-readers.mjs'
import { assertRejects, clientOf, said } from './helpers.mjs'
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
  ...Object.entries(curves).map(([spec, { bits }]) => ({
    spec,
    bits,
    scheme: 'ECDSA',
    algorithm: `ECDSA_SHA_${bits}`,
  })),
]
const paddings = {
  PSS: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
  PKCS1_V1_5: { padding: constants.RSA_PKCS1_PADDING },
  ECDSA: { dsaEncoding: /** @type {const} */ ('der') },
}

function opensslVerifies({ publicKey }, { bits, scheme }, message, signature) {
  const key = publicKey.export({ type: 'spki', format: 'pem' })
  const options = scheme === 'PSS' ? opensslPss(bits) : []
  const inputs = ['-verify', '@key', ...options, '-signature', '@signature', '@message']
  return openssl(['dgst', `-sha${bits}`, ...inputs], { key, signature, message })
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
    assert.sameMembers(
      offered.flat(),
      signatures.map(({ spec, algorithm }) => `${spec} ${algorithm}`),
    )
    assert.strictEqual(signatures.length, 21)
  })

  for (const one of signatures) {
    const { spec, bits, scheme, algorithm } = one
    test(`${algorithm} of ${spec}: RAW and DIGEST give signatures that KMS, node:crypto and openssl verify, and one flipped bit fails`, async () => {
      const key = await keyFor(spec, 'SIGN_VERIFY')
      const by = { KeyId: key.arn, SigningAlgorithm: algorithm }
      const message = Buffer.from(`message for ${spec} ${algorithm}`)
      const digest = createHash(`sha${bits}`).update(message).digest()
      const inputs = [
        { Message: message, MessageType: 'RAW' },
        { Message: digest, MessageType: 'DIGEST' },
      ]
      for (const input of inputs) {
        const signed = await kms('Sign', { ...by, ...input })
        const { Signature } = signed
        assert.deepEqual(said(signed, 'Signature'), by)
        if (scheme !== 'ECDSA') assert.strictEqual(Signature.length, Number(spec.slice(4)) / 8)
        for (const checkedAs of inputs) {
          const checked = await kms('Verify', { ...by, ...checkedAs, Signature })
          assert.deepEqual(said(checked), { ...by, SignatureValid: true })
        }
        const options = { key: key.publicKey, ...paddings[scheme] }
        assert.ok(verify(`sha${bits}`, message, options, Signature))
        assert.strictEqual(opensslVerifies(key, one, message, Signature), 'Verified OK')
        const invalid = { name: 'KMSInvalidSignatureException' }
        for (const at of [10, Signature.length - 1]) {
          const changed = { Message: message, Signature: flipped(Signature, at) }
          await assertRejects(kms('Verify', { ...by, ...changed }), invalid)
        }
        const another = { Message: Buffer.from('another'), Signature }
        await assertRejects(kms('Verify', { ...by, ...another }), invalid)
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
      await assertRejects(kms('Verify', { KeyId: arn, Message, Signature, SigningAlgorithm }), {
        name: 'KMSInvalidSignatureException',
      })
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
      highs.add(BigInt(`0x${hex(Signature.subarray(4 + Signature[3] + 2))}`) > half)
    }
    assert.strictEqual(highs.size, 2)
  })

  test('a message of 4,096 bytes is signed', async () => {
    const { arn: KeyId } = await keyFor('ECC_NIST_P256', 'SIGN_VERIFY')
    const input = { KeyId, Message: Buffer.alloc(4096, 7), SigningAlgorithm: 'ECDSA_SHA_256' }
    assert.ok((await kms('Sign', input)).Signature.length > 60)
  })
})
