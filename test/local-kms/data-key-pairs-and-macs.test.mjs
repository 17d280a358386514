// Data-key pairs, MACs and dry runs, through the unmodified AWS client.
import { createHmac, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import { clientOf, failure, row } from './helpers.mjs'
import * as say from './messages.mjs'

/** @type {import('sealdrop/local-kms').LocalKms} */
let local
/** @type {import('./types.d.ts').Client} */
let kms
before(async () => {
  local = await startLocalKms()
  kms = clientOf(local)
})
after(() => local.close())

const make = async (input = {}, client = kms) => (await client('CreateKey', input)).KeyMetadata
const Plaintext = Buffer.from('kept between us')
const refusal = async (promise) => {
  const { name, message } = await failure(promise)
  return [name, message === 'UnknownError' ? undefined : message]
}

describe('dry runs', () => {
  test('of every operation that has them do nothing and say so', async () => {
    const { KeyId } = await make()
    const hmac = await make({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
    const { CiphertextBlob } = await kms('Encrypt', { KeyId, Plaintext })
    const mac = { KeyId: hmac.KeyId, Message: Plaintext, MacAlgorithm: 'HMAC_SHA_256' }
    const ignoring = { DryRunModifiers: ['IGNORE_CIPHERTEXT'] }
    const rows = [
      row('Encrypt', { KeyId, Plaintext }),
      row('Decrypt', { CiphertextBlob }),
      row('Decrypt', { KeyId, ...ignoring }),
      row('ReEncrypt', { CiphertextBlob, DestinationKeyId: KeyId }),
      row('ReEncrypt', { SourceKeyId: KeyId, DestinationKeyId: KeyId, ...ignoring }),
      row('GenerateDataKey', { KeyId, KeySpec: 'AES_256' }),
      row('GenerateDataKeyWithoutPlaintext', { KeyId, KeySpec: 'AES_256' }),
      row('GenerateDataKeyPair', { KeyId, KeyPairSpec: 'RSA_4096' }),
      row('GenerateDataKeyPairWithoutPlaintext', { KeyId, KeyPairSpec: 'RSA_4096' }),
      row('GenerateMac', mac),
      row('VerifyMac', { ...mac, Mac: Buffer.alloc(32) }),
    ]
    const says = ['DryRunOperationException', say.dryRun]
    for (const [operation, input] of rows)
      assert.deepEqual(await refusal(kms(operation, { ...input, DryRun: true })), says, operation)
    assert.deepEqual(
      await refusal(kms('Decrypt', { CiphertextBlob: Buffer.from('x'), DryRun: true })),
      ['InvalidCiphertextException', undefined],
    )
  })
})

describe('data keys', () => {
  test('pairs of every spec: the private key opens from its ciphertext and belongs to the public key', async () => {
    const { KeyId } = await make()
    const specs = [
      'RSA_2048',
      'ECC_NIST_P256',
      'ECC_NIST_P384',
      'ECC_NIST_P521',
      'ECC_SECG_P256K1',
      'ECC_NIST_EDWARDS25519',
    ]
    for (const KeyPairSpec of specs) {
      const pair = await kms('GenerateDataKeyPair', {
        KeyId,
        KeyPairSpec,
        EncryptionContext: { a: '1' },
      })
      const { Plaintext: opened } = await kms('Decrypt', {
        CiphertextBlob: pair.PrivateKeyCiphertextBlob,
        EncryptionContext: { a: '1' },
      })
      assert.deepEqual(opened, pair.PrivateKeyPlaintext)
      const privateKey = createPrivateKey({
        key: Buffer.from(opened),
        format: 'der',
        type: 'pkcs8',
      })
      const publicKey = createPublicKey({
        key: Buffer.from(pair.PublicKey),
        format: 'der',
        type: 'spki',
      })
      const hash = KeyPairSpec === 'ECC_NIST_EDWARDS25519' ? null : 'sha256'
      assert.ok(verify(hash, Plaintext, publicKey, sign(hash, Plaintext, privateKey)), KeyPairSpec)
    }
    assert.strictEqual(
      (await failure(kms('GenerateDataKeyPair', { KeyId, KeyPairSpec: 'SM2' }))).name,
      'UnsupportedOperationException',
    )
  })
})

describe('MACs', () => {
  for (const bits of [224, 256, 384, 512]) {
    test(`HMAC_SHA_${bits} is that of node:crypto over imported bytes; a changed, cut or longer one is none`, async () => {
      const { KeyId } = await make({ KeySpec: `HMAC_${bits}`, KeyUsage: 'GENERATE_VERIFY_MAC' })
      const input = { KeyId, Message: Plaintext, MacAlgorithm: `HMAC_SHA_${bits}` }
      const { Mac } = await kms('GenerateMac', input)
      assert.strictEqual(Mac.length, bits / 8)
      assert.strictEqual((await kms('VerifyMac', { ...input, Mac })).MacValid, true)
      for (const wrong of [
        Mac.map((byte, i) => (i === 5 ? byte ^ 1 : byte)),
        Mac.subarray(1),
        Buffer.concat([Mac, Buffer.of(0)]),
      ])
        assert.deepEqual(await refusal(kms('VerifyMac', { ...input, Mac: wrong })), [
          'KMSInvalidMacException',
          undefined,
        ])
      assert.deepEqual(
        await refusal(kms('VerifyMac', { ...input, Message: Buffer.from('another'), Mac })),
        ['KMSInvalidMacException', undefined],
      )
    })
  }
  test('the secret in the folder gives the same MAC in node:crypto', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'sealdrop-mac-'))
    const server = await startLocalKms({ dir })
    const { KeyId } = await make(
      { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' },
      clientOf(server),
    )
    const { Mac } = await clientOf(server)('GenerateMac', {
      KeyId,
      Message: Plaintext,
      MacAlgorithm: 'HMAC_SHA_256',
    })
    await server.close()
    const [file] = readdirSync(join(dir, 'us-east-1')).filter((name) => name.startsWith(KeyId))
    const secret = Buffer.from(
      JSON.parse(readFileSync(join(dir, 'us-east-1', file), 'utf8')).materials[0].key,
      'base64',
    )
    rmSync(dir, { recursive: true })
    assert.deepEqual(Buffer.from(Mac), createHmac('sha256', secret).update(Plaintext).digest())
  })
})
