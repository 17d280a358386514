// Symmetric keys, data keys, MACs and random bytes, through the unmodified AWS client and a foreign user of data keys.
import assert from 'node:assert/strict'
import { createHmac, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { buildDecrypt, buildEncrypt, CommitmentPolicy, KmsKeyringNode, getClient, KMS } from '@aws-crypto/client-node'
import { startLocalKms } from 'sealdrop/local-kms'
import { acrossRestarts, clientIn, clientOf, failure } from './helpers.mjs'

let local, kms
before(async () => {
  local = await startLocalKms({ regions: ['us-east-1', 'eu-west-1'], now: () => clock })
  kms = clientOf(local)
})
after(() => local.close())
let clock = Date.now()

const make = async (input = {}, client = kms) => (await client('CreateKey', input)).KeyMetadata
const rsa = { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' }
const Plaintext = Buffer.from('kept between us')
const refusal = async (promise) => { const { name, message } = await failure(promise); return [name, message === 'UnknownError' ? undefined : message] }
const invalid = ['InvalidCiphertextException', undefined]

describe('ciphertexts', () => {
  test('open again to what was sealed, without naming the key, for 1 to 4,096 bytes', async () => {
    const { Arn: KeyId, CurrentKeyMaterialId } = await make()
    for (const length of [1, 2, 15, 16, 17, 4096]) {
      const sealed = await kms('Encrypt', { KeyId, Plaintext: Buffer.alloc(length, length) })
      assert.deepEqual([sealed.KeyId, sealed.EncryptionAlgorithm], [KeyId, 'SYMMETRIC_DEFAULT'])
      assert.ok(sealed.CiphertextBlob.length <= 6144)
      for (const named of [{}, { KeyId }, { KeyId: KeyId.split('/')[1] }]) {
        const opened = await kms('Decrypt', { ...named, CiphertextBlob: sealed.CiphertextBlob })
        assert.deepEqual([Buffer.from(opened.Plaintext), opened.KeyId, opened.EncryptionAlgorithm, opened.KeyMaterialId], [Buffer.alloc(length, length), KeyId, 'SYMMETRIC_DEFAULT', CurrentKeyMaterialId])
      }
    }
  })

  test('the same plaintext is never sealed alike', async () => {
    const { KeyId } = await make()
    const all = await Promise.all(Array.from({ length: 20 }, () => kms('Encrypt', { KeyId, Plaintext })))
    assert.equal(new Set(all.map(({ CiphertextBlob }) => Buffer.from(CiphertextBlob).toString('hex'))).size, 20)
  })

  test('are bound to their context, in whatever order its pairs come', async () => {
    const { KeyId } = await make()
    const EncryptionContext = { b: '2', a: '1', '\u00e9': 'x', '\ud83d\ude00': 'y', '\uff5e': 'z' }
    const { CiphertextBlob } = await kms('Encrypt', { KeyId, Plaintext, EncryptionContext })
    const reordered = Object.fromEntries(Object.entries(EncryptionContext).reverse())
    assert.deepEqual(Buffer.from((await kms('Decrypt', { CiphertextBlob, EncryptionContext: reordered })).Plaintext), Plaintext)
    for (const wrong of [undefined, {}, { a: '1' }, { ...EncryptionContext, a: '2' }, { ...EncryptionContext, c: '3' }, { b: '1', a: '2', '\u00e9': 'x', '\ud83d\ude00': 'y', '\uff5e': 'z' }]) {
      assert.deepEqual(await refusal(kms('Decrypt', { CiphertextBlob, EncryptionContext: wrong })), invalid)
    }
    const glued = await kms('Encrypt', { KeyId, Plaintext, EncryptionContext: { ab: 'c' } })
    assert.deepEqual(await refusal(kms('Decrypt', { CiphertextBlob: glued.CiphertextBlob, EncryptionContext: { a: 'bc' } })), invalid)
  })

  test('with any bit flipped, cut, lengthened or of another key do not open', async () => {
    const { KeyId, Arn } = await make()
    const other = await make()
    const { CiphertextBlob } = await kms('Encrypt', { KeyId, Plaintext })
    const mutants = [...Array.from({ length: CiphertextBlob.length * 8 }, (_, bit) => CiphertextBlob.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))), ...Array.from({ length: CiphertextBlob.length - 1 }, (_, i) => CiphertextBlob.subarray(0, i + 1)), Buffer.concat([CiphertextBlob, Buffer.of(0)])]
    const names = {}
    for (const mutant of mutants) {
      const [name] = await refusal(kms('Decrypt', { CiphertextBlob: mutant, KeyId: Arn }))
      names[name] = (names[name] ?? 0) + 1
    }
    assert.deepEqual(Object.keys(names).sort(), ['IncorrectKeyException', 'InvalidCiphertextException'])
    assert.deepEqual(await refusal(kms('Decrypt', { CiphertextBlob, KeyId: other.Arn })), ['IncorrectKeyException', 'The key ID in the request does not identify a CMK that can perform this operation.'])
    const one = await startLocalKms()
    assert.equal((await failure(clientOf(one)('Decrypt', { CiphertextBlob }))).name, 'AccessDeniedException')
    await one.close()
  })

  test('open after rotations, on demand and by time, and new ones name the new material', async () => {
    const { KeyId } = await make()
    await kms('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
    const sealed = []
    for (let i = 0; i < 3; i++) {
      sealed.push((await kms('Encrypt', { KeyId, Plaintext })).CiphertextBlob)
      await kms('RotateKeyOnDemand', { KeyId })
      sealed.push((await kms('Encrypt', { KeyId, Plaintext })).CiphertextBlob)
      clock += 91 * 86_400_000
    }
    const ids = await Promise.all(sealed.map(async (CiphertextBlob) => (await kms('Decrypt', { CiphertextBlob })).KeyMaterialId))
    assert.equal(new Set(ids).size, 6)
  })

  test('open in another Region under the replica of a multi-Region key, and after a restart', async () => {
    const { KeyId } = await make({ MultiRegion: true })
    await kms('ReplicateKey', { KeyId, ReplicaRegion: 'eu-west-1' })
    const { CiphertextBlob } = await kms('Encrypt', { KeyId, Plaintext })
    const there = await clientIn(local, 'eu-west-1')('Decrypt', { CiphertextBlob })
    assert.deepEqual([Buffer.from(there.Plaintext), there.KeyId.split(':')[3]], [Plaintext, 'eu-west-1'])
    await acrossRestarts({}, async (server) => {
      const client = clientOf(server)
      const made = await make({}, client)
      await client('RotateKeyOnDemand', { KeyId: made.KeyId })
      return (await client('Encrypt', { KeyId: made.KeyId, Plaintext })).CiphertextBlob
    }, async (server, blob) => assert.deepEqual(Buffer.from((await clientOf(server)('Decrypt', { CiphertextBlob: blob })).Plaintext), Plaintext))
  })
})

describe('ReEncrypt', () => {
  const kinds = { symmetric: [{}, 'SYMMETRIC_DEFAULT'], rsa: [rsa, 'RSAES_OAEP_SHA_256'] }
  for (const [from, [source, sourceAlgorithm]] of Object.entries(kinds)) {
    for (const [to, [destination, destinationAlgorithm]] of Object.entries(kinds)) {
      test(`from ${from} to ${to}`, async () => {
        const [one, other] = [await make(source), await make(destination)]
        const { CiphertextBlob } = await kms('Encrypt', { KeyId: one.Arn, Plaintext, EncryptionAlgorithm: sourceAlgorithm })
        const moved = await kms('ReEncrypt', { CiphertextBlob, SourceKeyId: one.Arn, SourceEncryptionAlgorithm: sourceAlgorithm, DestinationKeyId: other.Arn, DestinationEncryptionAlgorithm: destinationAlgorithm })
        assert.deepEqual([moved.SourceKeyId, moved.KeyId, moved.SourceEncryptionAlgorithm, moved.DestinationEncryptionAlgorithm], [one.Arn, other.Arn, sourceAlgorithm, destinationAlgorithm])
        assert.deepEqual([moved.SourceKeyMaterialId, moved.DestinationKeyMaterialId], [one.CurrentKeyMaterialId, other.CurrentKeyMaterialId])
        assert.deepEqual(Buffer.from((await kms('Decrypt', { KeyId: other.Arn, CiphertextBlob: moved.CiphertextBlob, EncryptionAlgorithm: destinationAlgorithm })).Plaintext), Plaintext)
      })
    }
  }
  test('changes the context too, and refuses a wrong one', async () => {
    const { Arn: KeyId } = await make()
    const { CiphertextBlob } = await kms('Encrypt', { KeyId, Plaintext, EncryptionContext: { a: '1' } })
    assert.deepEqual(await refusal(kms('ReEncrypt', { CiphertextBlob, DestinationKeyId: KeyId })), invalid)
    const moved = await kms('ReEncrypt', { CiphertextBlob, SourceEncryptionContext: { a: '1' }, DestinationKeyId: KeyId, DestinationEncryptionContext: { b: '2' } })
    assert.deepEqual(await refusal(kms('Decrypt', { CiphertextBlob: moved.CiphertextBlob, EncryptionContext: { a: '1' } })), invalid)
    await kms('Decrypt', { CiphertextBlob: moved.CiphertextBlob, EncryptionContext: { b: '2' } })
  })
})

describe('dry runs', () => {
  const says = ['DryRunOperationException', 'The request would have succeeded, but the DryRun option is set.']
  test('of every operation that has them do nothing and say so', async () => {
    const { KeyId } = await make()
    const hmac = await make({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
    const { CiphertextBlob } = await kms('Encrypt', { KeyId, Plaintext })
    const rows = [
      ['Encrypt', { KeyId, Plaintext }], ['Decrypt', { CiphertextBlob }], ['Decrypt', { KeyId, DryRunModifiers: ['IGNORE_CIPHERTEXT'] }], ['ReEncrypt', { CiphertextBlob, DestinationKeyId: KeyId }],
      ['ReEncrypt', { SourceKeyId: KeyId, DestinationKeyId: KeyId, DryRunModifiers: ['IGNORE_CIPHERTEXT'] }],
      ['GenerateDataKey', { KeyId, KeySpec: 'AES_256' }], ['GenerateDataKeyWithoutPlaintext', { KeyId, KeySpec: 'AES_256' }], ['GenerateDataKeyPair', { KeyId, KeyPairSpec: 'RSA_4096' }],
      ['GenerateDataKeyPairWithoutPlaintext', { KeyId, KeyPairSpec: 'RSA_4096' }], ['GenerateMac', { KeyId: hmac.KeyId, Message: Plaintext, MacAlgorithm: 'HMAC_SHA_256' }],
      ['VerifyMac', { KeyId: hmac.KeyId, Message: Plaintext, Mac: Buffer.alloc(32), MacAlgorithm: 'HMAC_SHA_256' }],
    ]
    for (const [operation, input] of rows) assert.deepEqual(await refusal(kms(operation, { ...input, DryRun: true })), says, operation)
    assert.deepEqual(await refusal(kms('Decrypt', { CiphertextBlob: Buffer.from('x'), DryRun: true })), invalid)
  })
})

describe('data keys', () => {
  test('pairs of every spec: the private key opens from its ciphertext and belongs to the public key', async () => {
    const { KeyId } = await make()
    const specs = ['RSA_2048', 'ECC_NIST_P256', 'ECC_NIST_P384', 'ECC_NIST_P521', 'ECC_SECG_P256K1', 'ECC_NIST_EDWARDS25519']
    for (const KeyPairSpec of specs) {
      const pair = await kms('GenerateDataKeyPair', { KeyId, KeyPairSpec, EncryptionContext: { a: '1' } })
      const { Plaintext: opened } = await kms('Decrypt', { CiphertextBlob: pair.PrivateKeyCiphertextBlob, EncryptionContext: { a: '1' } })
      assert.deepEqual(opened, pair.PrivateKeyPlaintext)
      const privateKey = createPrivateKey({ key: Buffer.from(opened), format: 'der', type: 'pkcs8' })
      const publicKey = createPublicKey({ key: Buffer.from(pair.PublicKey), format: 'der', type: 'spki' })
      const hash = KeyPairSpec === 'ECC_NIST_EDWARDS25519' ? null : 'sha256'
      assert.ok(verify(hash, Plaintext, publicKey, sign(hash, Plaintext, privateKey)), KeyPairSpec)
    }
    assert.equal((await failure(kms('GenerateDataKeyPair', { KeyId, KeyPairSpec: 'SM2' }))).name, 'UnsupportedOperationException')
  })

  test('the AWS Encryption SDK for JavaScript seals and opens under a symmetric key here', async () => {
    const { Arn } = await make()
    const clientProvider = getClient(KMS, { ...local.clientConfig })
    const keyring = new KmsKeyringNode({ generatorKeyId: Arn, clientProvider })
    const { encrypt } = buildEncrypt(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
    const { decrypt } = buildDecrypt(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
    const { result } = await encrypt(keyring, Plaintext, { encryptionContext: { form: 'claim' } })
    const opened = await decrypt(keyring, result)
    assert.deepEqual(opened.plaintext, Plaintext)
    assert.equal(opened.messageHeader.encryptionContext.form, 'claim')
  })
})

describe('MACs', () => {
  for (const bits of [224, 256, 384, 512]) {
    test(`HMAC_SHA_${bits} is that of node:crypto over imported bytes; a changed, cut or longer one is none`, async () => {
      const { KeyId } = await make({ KeySpec: `HMAC_${bits}`, KeyUsage: 'GENERATE_VERIFY_MAC' })
      const input = { KeyId, Message: Plaintext, MacAlgorithm: `HMAC_SHA_${bits}` }
      const { Mac } = await kms('GenerateMac', input)
      assert.equal(Mac.length, bits / 8)
      assert.equal((await kms('VerifyMac', { ...input, Mac })).MacValid, true)
      for (const wrong of [Mac.map((byte, i) => (i === 5 ? byte ^ 1 : byte)), Mac.subarray(1), Buffer.concat([Mac, Buffer.of(0)])]) assert.deepEqual(await refusal(kms('VerifyMac', { ...input, Mac: wrong })), ['KMSInvalidMacException', undefined])
      assert.deepEqual(await refusal(kms('VerifyMac', { ...input, Message: Buffer.from('another'), Mac })), ['KMSInvalidMacException', undefined])
    })
  }
  test('the secret in the folder gives the same MAC in node:crypto', async () => {
    const { readFileSync, readdirSync, mkdtempSync, rmSync } = await import('node:fs')
    const { join } = await import('node:path')
    const dir = mkdtempSync(join((await import('node:os')).tmpdir(), 'sealdrop-mac-'))
    const server = await startLocalKms({ dir })
    const { KeyId } = await make({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }, clientOf(server))
    const { Mac } = await clientOf(server)('GenerateMac', { KeyId, Message: Plaintext, MacAlgorithm: 'HMAC_SHA_256' })
    await server.close()
    const file = readdirSync(join(dir, 'us-east-1')).find((name) => name.startsWith(KeyId))
    const secret = Buffer.from(JSON.parse(readFileSync(join(dir, 'us-east-1', file), 'utf8')).materials[0].key, 'base64')
    rmSync(dir, { recursive: true })
    assert.deepEqual(Buffer.from(Mac), createHmac('sha256', secret).update(Plaintext).digest())
  })
})
