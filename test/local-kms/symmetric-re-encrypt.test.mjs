// ReEncrypt between symmetric and RSA keys, through the AWS client.
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import { assertFaults, assertRejects, base64, clientIn, clientOf, noMessage } from './helpers.mjs'

const Plaintext = Buffer.from('a secret')
const symmetric = 'SYMMETRIC_DEFAULT'
const missing = '12345678-1234-1234-1234-123456789012'
const incorrect =
  'The key ID in the request does not identify a CMK that can perform this operation.'
const hidden =
  'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.'
const dryRun = 'The request would have succeeded, but the DryRun option is set.'
let local, kms
const keys = {}
before(async () => {
  local = await startLocalKms({ regions: ['us-east-1', 'eu-west-1'] })
  kms = clientOf(local)
  const encrypting = { KeyUsage: 'ENCRYPT_DECRYPT' }
  const specs = {
    one: {},
    two: {},
    rsa: { ...encrypting, KeySpec: 'RSA_2048' },
    rsa2: { ...encrypting, KeySpec: 'RSA_3072' },
    signing: { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' },
    hmac: { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' },
    empty: { Origin: 'EXTERNAL' },
    off: {},
  }
  for (const [name, spec] of Object.entries(specs))
    keys[name] = (await kms('CreateKey', spec)).KeyMetadata
})
after(() => local.close())

const seal = async (name, more = {}) =>
  (await kms('Encrypt', { KeyId: keys[name].KeyId, Plaintext, ...more })).CiphertextBlob
const rsaAlgorithm = 'RSAES_OAEP_SHA_256'
const algorithmOf = (name) => (name.startsWith('rsa') ? rsaAlgorithm : undefined)
const contextOf = (name, value) => (name.startsWith('rsa') ? undefined : { value })

test('a ciphertext moves between keys of both kinds, in all directions, and to the same key', async () => {
  for (const [from, to] of [
    ['one', 'two'],
    ['one', 'rsa'],
    ['rsa', 'one'],
    ['rsa', 'rsa2'],
    ['rsa2', 'rsa'],
    ['one', 'one'],
  ]) {
    const sealed = await seal(from, {
      EncryptionAlgorithm: algorithmOf(from),
      EncryptionContext: contextOf(from, '1'),
    })
    const { $metadata, CiphertextBlob, ...answer } = await kms('ReEncrypt', {
      CiphertextBlob: sealed,
      SourceKeyId: keys[from].KeyId,
      SourceEncryptionAlgorithm: algorithmOf(from),
      SourceEncryptionContext: contextOf(from, '1'),
      DestinationKeyId: keys[to].KeyId,
      DestinationEncryptionAlgorithm: algorithmOf(to),
      DestinationEncryptionContext: contextOf(to, '2'),
    })
    const ids = {
      SourceKeyMaterialId: keys[from].CurrentKeyMaterialId,
      DestinationKeyMaterialId: keys[to].CurrentKeyMaterialId,
    }
    assert.deepEqual(
      answer,
      {
        SourceKeyId: keys[from].Arn,
        KeyId: keys[to].Arn,
        SourceEncryptionAlgorithm: algorithmOf(from) ?? symmetric,
        DestinationEncryptionAlgorithm: algorithmOf(to) ?? symmetric,
        ...Object.fromEntries(Object.entries(ids).filter(([, id]) => id)),
      },
      `${from} ${to}`,
    )
    const opened = await kms('Decrypt', {
      CiphertextBlob,
      KeyId: keys[to].KeyId,
      EncryptionAlgorithm: algorithmOf(to),
      EncryptionContext: contextOf(to, '2'),
    })
    assert.deepEqual(
      [Buffer.from(opened.Plaintext), opened.KeyMaterialId],
      [Plaintext, keys[to].CurrentKeyMaterialId],
    )
  }
})

test('a symmetric source need not be named, and a rotated key tells both of its materials', async () => {
  const { KeyId } = (await kms('CreateKey')).KeyMetadata
  const current = async () => (await kms('DescribeKey', { KeyId })).KeyMetadata.CurrentKeyMaterialId
  const before = await current()
  const { CiphertextBlob } = await kms('Encrypt', { KeyId, Plaintext })
  await kms('RotateKeyOnDemand', { KeyId })
  const moved = await kms('ReEncrypt', { CiphertextBlob, DestinationKeyId: KeyId })
  assert.deepEqual(
    [moved.SourceKeyMaterialId, moved.DestinationKeyMaterialId],
    [before, await current()],
  )
  assert.strictEqual(
    (await kms('Decrypt', { CiphertextBlob: moved.CiphertextBlob })).KeyMaterialId,
    await current(),
  )
})

test('what does not open is not sealed again, and each key must be there and fit', async () => {
  const CiphertextBlob = base64(await seal('one', { EncryptionContext: { a: 'b' } }))
  const input = {
    CiphertextBlob,
    SourceEncryptionContext: { a: 'b' },
    DestinationKeyId: keys.two.KeyId,
  }
  const usage = (name) =>
    `${keys[name].Arn} key usage is ${keys[name].KeyUsage} which is not valid for ReEncrypt.`
  await kms('DisableKey', { KeyId: keys.off.KeyId })
  const long = base64(
    (await kms('Encrypt', { KeyId: keys.one.KeyId, Plaintext: randomBytes(191) })).CiphertextBlob,
  )
  const changed = Buffer.from(CiphertextBlob, 'base64')
  changed[changed.length - 1] ^= 1
  const noContext =
    'EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.'
  const rsaBlob = base64(await seal('rsa', { EncryptionAlgorithm: rsaAlgorithm }))
  await assertFaults(local, [
    ...[undefined, {}, { a: 'c' }, { a: 'b', c: '' }].map((SourceEncryptionContext) => [
      'ReEncrypt',
      { ...input, SourceEncryptionContext },
      'InvalidCiphertextException',
      noMessage,
    ]),
    [
      'ReEncrypt',
      { ...input, CiphertextBlob: base64(changed) },
      'InvalidCiphertextException',
      noMessage,
    ],
    ['ReEncrypt', { ...input, CiphertextBlob: rsaBlob }, 'InvalidCiphertextException', noMessage],
    [
      'ReEncrypt',
      {
        ...input,
        CiphertextBlob: rsaBlob,
        SourceKeyId: keys.rsa.KeyId,
        SourceEncryptionAlgorithm: 'RSAES_OAEP_SHA_1',
        SourceEncryptionContext: undefined,
      },
      'InvalidCiphertextException',
      noMessage,
    ],
    [
      'ReEncrypt',
      { ...input, CiphertextBlob: rsaBlob, SourceEncryptionAlgorithm: rsaAlgorithm },
      'ValidationException',
      `KeyId is required with EncryptionAlgorithm ${rsaAlgorithm}: an asymmetric ciphertext does not name its key.`,
    ],
    ...['two', 'rsa', 'signing', 'hmac', 'empty', 'off'].map((name) => [
      'ReEncrypt',
      { ...input, SourceKeyId: keys[name].KeyId },
      'IncorrectKeyException',
      incorrect,
    ]),
    ...['signing', 'hmac'].map((name) => [
      'ReEncrypt',
      { ...input, DestinationKeyId: keys[name].KeyId },
      'InvalidKeyUsageException',
      usage(name),
    ]),
    [
      'ReEncrypt',
      { ...input, DestinationKeyId: keys.empty.KeyId },
      'KMSInvalidStateException',
      `${keys.empty.Arn} is pending import.`,
    ],
    [
      'ReEncrypt',
      { ...input, DestinationKeyId: keys.off.KeyId },
      'DisabledException',
      `${keys.off.Arn} is disabled.`,
    ],
    [
      'ReEncrypt',
      { ...input, DestinationKeyId: missing },
      'NotFoundException',
      `Key 'arn:aws:kms:us-east-1:111122223333:key/${missing}' does not exist`,
    ],
    [
      'ReEncrypt',
      { ...input, DestinationKeyId: keys.rsa.KeyId },
      'InvalidKeyUsageException',
      'Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.',
    ],
    [
      'ReEncrypt',
      { ...input, DestinationEncryptionAlgorithm: rsaAlgorithm },
      'InvalidKeyUsageException',
      `Algorithm ${rsaAlgorithm} is incompatible with key spec SYMMETRIC_DEFAULT.`,
    ],
    [
      'ReEncrypt',
      {
        ...input,
        DestinationKeyId: keys.rsa.KeyId,
        DestinationEncryptionAlgorithm: rsaAlgorithm,
        DestinationEncryptionContext: { a: 'b' },
      },
      'ValidationException',
      noContext,
    ],
    [
      'ReEncrypt',
      {
        ...input,
        CiphertextBlob: rsaBlob,
        SourceKeyId: keys.rsa.KeyId,
        SourceEncryptionAlgorithm: rsaAlgorithm,
      },
      'ValidationException',
      noContext,
    ],
    [
      'ReEncrypt',
      {
        CiphertextBlob: long,
        DestinationKeyId: keys.rsa.KeyId,
        DestinationEncryptionAlgorithm: rsaAlgorithm,
      },
      'ValidationException',
      `Algorithm ${rsaAlgorithm} and key spec RSA_2048 cannot encrypt data larger than 190 bytes.`,
    ],
    [
      'ReEncrypt',
      { DestinationKeyId: missing },
      'ValidationException',
      "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null",
    ],
    [
      'ReEncrypt',
      { CiphertextBlob },
      'ValidationException',
      "1 validation error detected: Value null at 'destinationKeyId' failed to satisfy constraint: Member must not be null",
    ],
  ])
})

test('the state of the source counts too', async () => {
  const { KeyId, Arn } = (await kms('CreateKey')).KeyMetadata
  const CiphertextBlob = base64((await kms('Encrypt', { KeyId, Plaintext })).CiphertextBlob)
  const rows = (name, message) =>
    [undefined, KeyId].map((SourceKeyId) => [
      'ReEncrypt',
      { CiphertextBlob, SourceKeyId, DestinationKeyId: keys.one.KeyId },
      name,
      message,
    ])
  await kms('DisableKey', { KeyId })
  await assertFaults(local, rows('DisabledException', `${Arn} is disabled.`))
  await kms('ScheduleKeyDeletion', { KeyId })
  await assertFaults(local, rows('KMSInvalidStateException', `${Arn} is pending deletion.`))
})

test('only the copy of a multi-Region key opens in another Region', async () => {
  const there = clientIn(local, 'eu-west-1')
  const { KeyId } = (await kms('CreateKey', { MultiRegion: true })).KeyMetadata
  await kms('ReplicateKey', { KeyId, ReplicaRegion: 'eu-west-1' })
  const target = (await there('CreateKey')).KeyMetadata
  const moved = await there('ReEncrypt', {
    CiphertextBlob: (await kms('Encrypt', { KeyId, Plaintext })).CiphertextBlob,
    DestinationKeyId: target.KeyId,
  })
  assert.strictEqual(
    Buffer.from(
      (await there('Decrypt', { CiphertextBlob: moved.CiphertextBlob, KeyId: target.Arn }))
        .Plaintext,
    ).toString(),
    'a secret',
  )
  await assertRejects(
    there('ReEncrypt', { CiphertextBlob: await seal('one'), DestinationKeyId: target.KeyId }),
    { name: 'AccessDeniedException', message: hidden },
  )
  await assertRejects(
    kms('ReEncrypt', { CiphertextBlob: moved.CiphertextBlob, DestinationKeyId: KeyId }),
    { name: 'AccessDeniedException', message: hidden },
  )
})

test('a dry run looks at both keys and the ciphertext, or at both keys only', async () => {
  const CiphertextBlob = base64(await seal('one'))
  const DestinationKeyId = keys.two.KeyId
  const run = { DryRun: true, DestinationKeyId }
  const permissions = { ...run, DryRunModifiers: ['IGNORE_CIPHERTEXT'] }
  await assertFaults(local, [
    ['ReEncrypt', { ...run, CiphertextBlob }, 'DryRunOperationException', dryRun],
    [
      'ReEncrypt',
      { ...run, CiphertextBlob, SourceEncryptionContext: { a: 'b' } },
      'InvalidCiphertextException',
      noMessage,
    ],
    [
      'ReEncrypt',
      { ...run, SourceKeyId: keys.one.KeyId },
      'ValidationException',
      "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null",
    ],
    [
      'ReEncrypt',
      { ...permissions, SourceKeyId: keys.one.KeyId },
      'DryRunOperationException',
      dryRun,
    ],
    [
      'ReEncrypt',
      {
        ...permissions,
        SourceKeyId: keys.rsa.KeyId,
        SourceEncryptionAlgorithm: rsaAlgorithm,
        CiphertextBlob: base64('x'),
      },
      'DryRunOperationException',
      dryRun,
    ],
    [
      'ReEncrypt',
      { ...permissions, CiphertextBlob },
      'ValidationException',
      "1 validation error detected: Value null at 'sourceKeyId' failed to satisfy constraint: Member must not be null",
    ],
    [
      'ReEncrypt',
      { ...permissions, SourceKeyId: keys.off.KeyId },
      'DisabledException',
      `${keys.off.Arn} is disabled.`,
    ],
    [
      'ReEncrypt',
      { ...permissions, SourceKeyId: keys.one.KeyId, DestinationKeyId: keys.off.KeyId },
      'DisabledException',
      `${keys.off.Arn} is disabled.`,
    ],
  ])
})

test('it is a use of both keys', async () => {
  const made = [
    (await kms('CreateKey')).KeyMetadata.KeyId,
    (await kms('CreateKey')).KeyMetadata.KeyId,
  ]
  const { CiphertextBlob } = await kms('Encrypt', { KeyId: made[0], Plaintext })
  await kms('ReEncrypt', { CiphertextBlob, DestinationKeyId: made[1] })
  for (const KeyId of made)
    assert.strictEqual(
      (await kms('GetKeyLastUsage', { KeyId })).KeyLastUsage.Operation,
      'ReEncrypt',
    )
})
