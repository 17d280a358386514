// The AWS Encryption SDK as a foreign user of GenerateDataKey, Encrypt and Decrypt: what it seals
// through the local KMS it opens through it.
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import {
  AwsKmsMrkAwareSymmetricKeyringNode,
  buildClient,
  CommitmentPolicy,
  KmsKeyringNode,
} from '@aws-crypto/client-node'
import { KMS } from '@aws-sdk/client-kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { assertRejects, clientOf } from './helpers.mjs'

const [us, eu] = ['us-east-1', 'eu-west-1']
const { encrypt, decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
const context = { tenant: '7', purpose: 'a test' }
const message = randomBytes(10_000)
let local, kms, calls
before(async () => {
  local = await startLocalKms({ regions: [us, eu] })
  kms = clientOf(local)
})
after(() => local.close())

/** The client of a Region that a keyring asks for; what it calls is noted. */
function clientProvider(region) {
  const client = new KMS({ ...local.clientConfig, region })
  client.middlewareStack.add(
    (next, { commandName }) =>
      (args) => {
        calls.push(commandName)
        return next(args)
      },
    { step: 'initialize' },
  )
  return client
}

async function opens(keyring, sealed) {
  calls = []
  const { plaintext, messageHeader } = await decrypt(keyring, sealed)
  assert.deepEqual(plaintext, message)
  for (const [name, value] of Object.entries(context))
    assert.strictEqual(messageHeader.encryptionContext[name], value)
  return calls
}

test('a message sealed for two keys opens with either of them, also after rotation, and with no other key', async () => {
  const [one, two, three] = await Promise.all(
    [1, 2, 3].map(async () => (await kms('CreateKey')).KeyMetadata.Arn),
  )
  calls = []
  const { result } = await encrypt(
    new KmsKeyringNode({ generatorKeyId: one, keyIds: [two], clientProvider }),
    message,
    { encryptionContext: context },
  )
  assert.deepEqual(calls, ['GenerateDataKeyCommand', 'EncryptCommand'])
  for (const KeyId of [one, two]) await kms('RotateKeyOnDemand', { KeyId })
  for (const arn of [one, two])
    assert.deepEqual(await opens(new KmsKeyringNode({ keyIds: [arn], clientProvider }), result), [
      'DecryptCommand',
    ])
  await opens(new KmsKeyringNode({ discovery: true, clientProvider }), result)
  await assertRejects(decrypt(new KmsKeyringNode({ keyIds: [three], clientProvider }), result), {
    message: /unencryptedDataKey has not been set/,
  })
  await kms('DisableKey', { KeyId: one })
  await assertRejects(decrypt(new KmsKeyringNode({ keyIds: [one], clientProvider }), result), {
    message: /is disabled/,
  })
  await opens(new KmsKeyringNode({ keyIds: [two], clientProvider }), result)
})

test('a sealed data key opens with the context of its message only', async () => {
  const { Arn, KeyId } = (await kms('CreateKey')).KeyMetadata
  const { result } = await encrypt(
    new KmsKeyringNode({ generatorKeyId: Arn, clientProvider }),
    message,
    { encryptionContext: context },
  )
  const at = result.indexOf('a test')
  assert.ok(at > 0)
  const changed = Buffer.from(result)
  changed[at] ^= 1
  await assertRejects(decrypt(new KmsKeyringNode({ keyIds: [Arn], clientProvider }), changed), {
    message: /InvalidCiphertextException/,
  })
  assert.ok((await kms('DescribeKey', { KeyId })).KeyMetadata.Enabled)
  await opens(new KmsKeyringNode({ keyIds: [Arn], clientProvider }), result)
})

test('a message sealed with a multi-Region key opens in another Region with its replica', async () => {
  const { KeyId, Arn } = (await kms('CreateKey', { MultiRegion: true })).KeyMetadata
  await kms('ReplicateKey', { KeyId, ReplicaRegion: eu })
  const { result } = await encrypt(
    new AwsKmsMrkAwareSymmetricKeyringNode({ keyId: Arn, client: clientProvider(us) }),
    message,
    { encryptionContext: context },
  )
  assert.deepEqual(
    await opens(
      new AwsKmsMrkAwareSymmetricKeyringNode({
        keyId: Arn.replace(us, eu),
        client: clientProvider(eu),
      }),
      result,
    ),
    ['DecryptCommand'],
  )
})
