// Encrypt and Decrypt with symmetric keys through the AWS client.
import { constants, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import {
  acrossRestarts,
  assertFaults,
  base64,
  clientIn,
  clientOf,
  failure,
  noMessage,
} from './helpers.mjs'

const day = 86_400_000
const start = 1_700_000_000_000
const [us, eu] = ['us-east-1', 'eu-west-1']
const dryRun = 'The request would have succeeded, but the DryRun option is set.'
const incorrect =
  'The key ID in the request does not identify a CMK that can perform this operation.'
const hidden =
  'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.'
let now, local, kms
before(async () => {
  now = start
  local = await startLocalKms({ now: () => now, regions: [us, eu] })
  kms = clientOf(local)
})
after(() => local.close())

const make = async (more = {}, client = kms) => (await client('CreateKey', more)).KeyMetadata
const rsa = { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' }
const Plaintext = Buffer.from('a secret')
const seal = async (KeyId, more = {}, client = kms) =>
  (await client('Encrypt', { KeyId, Plaintext, ...more })).CiphertextBlob
const opened = async (CiphertextBlob, more = {}, client = kms) =>
  Buffer.from((await client('Decrypt', { CiphertextBlob, ...more })).Plaintext).toString()
const faults = (operation, inputs, name, message) =>
  assertFaults(
    local,
    inputs.map((input) => [operation, input, name, message]),
  )
const currentId = async (KeyId, client = kms) =>
  (await client('DescribeKey', { KeyId })).KeyMetadata.CurrentKeyMaterialId

async function importInto(KeyId, material, more = {}, client = kms) {
  const { ImportToken, PublicKey } = await client('GetParametersForImport', {
    KeyId,
    WrappingAlgorithm: 'RSAES_OAEP_SHA_256',
    WrappingKeySpec: 'RSA_2048',
  })
  const key = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' })
  const EncryptedKeyMaterial = publicEncrypt(
    { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
    material,
  )
  return client('ImportKeyMaterial', {
    KeyId,
    ImportToken,
    EncryptedKeyMaterial,
    ...(more.ValidTo ? {} : { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' }),
    ...more,
  })
}

test('what was encrypted decrypts with and without the key named, by any of its names', async () => {
  const { KeyId, Arn, CurrentKeyMaterialId } = await make()
  await kms('CreateAlias', { AliasName: 'alias/named', TargetKeyId: KeyId })
  const names = [undefined, KeyId, Arn, 'alias/named', Arn.replace(/key\/.*/, 'alias/named')]
  for (const name of names) {
    const { $metadata, CiphertextBlob, ...sealed } = await kms('Encrypt', {
      KeyId: name ?? KeyId,
      Plaintext,
    })
    assert.deepEqual(sealed, { KeyId: Arn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' })
    for (const EncryptionAlgorithm of [undefined, 'SYMMETRIC_DEFAULT']) {
      const {
        $metadata: _,
        Plaintext: plaintext,
        ...rest
      } = await kms('Decrypt', { CiphertextBlob, KeyId: name, EncryptionAlgorithm })
      assert.deepEqual(
        [rest, Buffer.from(plaintext)],
        [
          {
            KeyId: Arn,
            EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
            KeyMaterialId: CurrentKeyMaterialId,
          },
          Plaintext,
        ],
      )
    }
  }
})

test('1 to 4,096 bytes are encrypted, into at most 6,144, and never twice alike', async () => {
  const { KeyId } = await make({ MultiRegion: true })
  for (const length of [1, 100, 4096]) {
    const bytes = randomBytes(length)
    const [one, two] = [
      await seal(KeyId, { Plaintext: bytes }),
      await seal(KeyId, { Plaintext: bytes }),
    ]
    assert.ok(one.length <= 6144)
    assert.notDeepEqual(one, two)
    assert.deepEqual(Buffer.from((await kms('Decrypt', { CiphertextBlob: one })).Plaintext), bytes)
  }
  const bound = (name, rule) =>
    `1 validation error detected: Value at '${name}' failed to satisfy constraint: Member must have length ${rule}`
  await assertFaults(local, [
    [
      'Encrypt',
      { KeyId, Plaintext: '' },
      'ValidationException',
      bound('plaintext', 'greater than or equal to 1'),
    ],
    [
      'Encrypt',
      { KeyId, Plaintext: base64(Buffer.alloc(4097)) },
      'ValidationException',
      bound('plaintext', 'less than or equal to 4096'),
    ],
    [
      'Decrypt',
      { CiphertextBlob: base64(Buffer.alloc(6145)) },
      'ValidationException',
      bound('ciphertextBlob', 'less than or equal to 6144'),
    ],
    [
      'Decrypt',
      { KeyId },
      'ValidationException',
      "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null",
    ],
  ])
})

test('the encryption context must be given again, exactly, in any order', async () => {
  const { KeyId } = await make()
  const EncryptionContext = { tenant: '7', 'aws:s3:arn': 'arn:aws:s3:::b', Größe: '\u{1f600}' }
  const sealed = await seal(KeyId, { EncryptionContext })
  const reversed = Object.fromEntries(Object.entries(EncryptionContext).reverse())
  for (const same of [EncryptionContext, reversed])
    assert.strictEqual(await opened(sealed, { EncryptionContext: same }), 'a secret')
  const { tenant, ...fewer } = EncryptionContext
  const wrong = [
    undefined,
    {},
    fewer,
    { ...EncryptionContext, more: '' },
    { ...EncryptionContext, tenant: '8' },
    { ...fewer, Tenant: '7' },
    { ...fewer, 7: 'tenant' },
  ]
  await faults(
    'Decrypt',
    wrong.map((other) => ({ CiphertextBlob: base64(sealed), KeyId, EncryptionContext: other })),
    'InvalidCiphertextException',
    noMessage,
  )
  const bare = await seal(KeyId)
  for (const none of [undefined, {}])
    assert.strictEqual(await opened(bare, { EncryptionContext: none }), 'a secret')
  await faults(
    'Decrypt',
    [{ CiphertextBlob: base64(bare), EncryptionContext: { a: 'b' } }],
    'InvalidCiphertextException',
    noMessage,
  )
})

test('a context that is no map of well-formed texts is refused, and with an RSA key every one is', async () => {
  const { KeyId } = await make()
  const asymmetric = await make(rsa)
  const input = { KeyId, Plaintext: base64(Plaintext) }
  for (const context of [[], 'x', 5, { a: 1 }, { a: null }, { a: {} }]) {
    await faults(
      'Encrypt',
      [{ ...input, EncryptionContext: context }],
      'SerializationException',
      'EncryptionContext can not be converted to a map of Strings',
    )
  }
  const lone = 'The encryption context is not well-formed Unicode: it has a lone surrogate.'
  await faults(
    'Encrypt',
    [{ '\ud800': 'a' }, { a: '\udc00' }].map((context) => ({
      ...input,
      EncryptionContext: context,
    })),
    'ValidationException',
    lone,
  )
  const refused =
    'EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.'
  await faults(
    'Encrypt',
    [
      {
        ...input,
        KeyId: asymmetric.KeyId,
        EncryptionAlgorithm: 'RSAES_OAEP_SHA_1',
        EncryptionContext: { a: 'b' },
      },
    ],
    'ValidationException',
    refused,
  )
})

test('a ciphertext with any byte changed, cut or lengthened is refused without a word why', async () => {
  const { KeyId } = await make()
  const sealed = Buffer.from(await seal(KeyId))
  const head = 5 + 36
  for (let at = head; at < sealed.length; at++) {
    const changed = Buffer.from(sealed)
    changed[at] ^= 1 << (at % 8)
    await faults(
      'Decrypt',
      [
        { CiphertextBlob: base64(changed) },
        ...(at % 16 ? [] : [{ CiphertextBlob: base64(changed), KeyId }]),
      ],
      'InvalidCiphertextException',
      noMessage,
    )
  }
  const others = [
    sealed.subarray(0, 1),
    sealed.subarray(0, 4),
    sealed.subarray(0, head),
    sealed.subarray(0, -1),
    sealed.subarray(1),
    Buffer.concat([sealed, Buffer.of(0)]),
    randomBytes(200),
    Buffer.from('SLK\x01'),
  ]
  await faults(
    'Decrypt',
    others.flatMap((other) => [
      { CiphertextBlob: base64(other) },
      { CiphertextBlob: base64(other), KeyId },
    ]),
    'InvalidCiphertextException',
    noMessage,
  )
})

test('a ciphertext whose key id is another opens with no key, whichever key it names', async () => {
  const [mine, other, hmac, asymmetric] = [
    await make(),
    await make(),
    await make({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }),
    await make(rsa),
  ]
  const sealed = Buffer.from(await seal(mine.KeyId))
  const naming = (id) =>
    base64(Buffer.concat([sealed.subarray(0, 5), Buffer.from(id), sealed.subarray(41)]))
  await faults(
    'Decrypt',
    [other, hmac, asymmetric].flatMap(({ KeyId }) => [
      { CiphertextBlob: naming(KeyId) },
      { CiphertextBlob: naming(KeyId), KeyId },
    ]),
    'InvalidCiphertextException',
    noMessage,
  )
  await faults(
    'Decrypt',
    [
      { CiphertextBlob: naming('12345678-1234-1234-1234-123456789012') },
      { CiphertextBlob: naming('__proto__'.padEnd(36, '\0')) },
    ],
    'AccessDeniedException',
    hidden,
  )
})

test('another key named with a ciphertext is incorrect, before its usage and its state', async () => {
  const { KeyId } = await make()
  const sealed = base64(await seal(KeyId))
  const others = [
    await make(),
    await make(rsa),
    await make({ ...rsa, KeyUsage: 'SIGN_VERIFY' }),
    await make({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }),
    await make({ Origin: 'EXTERNAL' }),
  ]
  await kms('DisableKey', { KeyId: others[0].KeyId })
  await faults(
    'Decrypt',
    others.map((other) => ({ CiphertextBlob: sealed, KeyId: other.Arn })),
    'IncorrectKeyException',
    incorrect,
  )
  const missing = '12345678-1234-1234-1234-123456789012'
  await faults(
    'Decrypt',
    [{ CiphertextBlob: sealed, KeyId: missing }],
    'NotFoundException',
    `Key 'arn:aws:kms:us-east-1:111122223333:key/${missing}' does not exist`,
  )
})

test('algorithms and keys of the other kind do not mix', async () => {
  const symmetric = await make()
  const asymmetric = await make(rsa)
  const input = { Plaintext: base64(Plaintext) }
  const CiphertextBlob = base64(await seal(symmetric.KeyId))
  const rsaBlob = base64(
    await seal(asymmetric.KeyId, { EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }),
  )
  await assertFaults(local, [
    [
      'Encrypt',
      { ...input, KeyId: symmetric.KeyId, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' },
      'InvalidKeyUsageException',
      'Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.',
    ],
    [
      'Encrypt',
      { ...input, KeyId: symmetric.KeyId, EncryptionAlgorithm: 'SM2PKE' },
      'InvalidKeyUsageException',
      'Algorithm SM2PKE is incompatible with key spec SYMMETRIC_DEFAULT.',
    ],
    [
      'Encrypt',
      { ...input, KeyId: asymmetric.KeyId },
      'InvalidKeyUsageException',
      'Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.',
    ],
    [
      'Decrypt',
      { CiphertextBlob, KeyId: symmetric.KeyId, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' },
      'InvalidKeyUsageException',
      'Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.',
    ],
    [
      'Decrypt',
      { CiphertextBlob, KeyId: asymmetric.KeyId, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' },
      'InvalidCiphertextException',
      noMessage,
    ],
    [
      'Decrypt',
      { CiphertextBlob: rsaBlob, KeyId: asymmetric.KeyId },
      'InvalidCiphertextException',
      noMessage,
    ],
    [
      'Decrypt',
      { CiphertextBlob: rsaBlob, KeyId: symmetric.KeyId },
      'InvalidCiphertextException',
      noMessage,
    ],
    [
      'Decrypt',
      {
        CiphertextBlob,
        Recipient: { KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256', AttestationDocument: 'AA==' },
      },
      'UnsupportedOperationException',
      "The parameter Recipient is not implemented by Sealdrop's local KMS.",
    ],
  ])
  const {
    $metadata,
    Plaintext: plaintext,
    ...answer
  } = await kms('Decrypt', {
    CiphertextBlob: Buffer.from(rsaBlob, 'base64'),
    KeyId: asymmetric.KeyId,
    EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
  })
  assert.deepEqual(answer, { KeyId: asymmetric.Arn, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' })
})

test('the state of the key decides, named or not', async () => {
  const { KeyId, Arn } = await make()
  const CiphertextBlob = base64(await seal(KeyId))
  const refused = (name, message) =>
    assertFaults(local, [
      ['Encrypt', { KeyId, Plaintext: base64(Plaintext) }, name, message],
      ['Decrypt', { CiphertextBlob }, name, message],
      ['Decrypt', { CiphertextBlob, KeyId }, name, message],
    ])
  await kms('DisableKey', { KeyId })
  await refused('DisabledException', `${Arn} is disabled.`)
  await kms('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
  await refused('KMSInvalidStateException', `${Arn} is pending deletion.`)
  await kms('CancelKeyDeletion', { KeyId })
  await kms('EnableKey', { KeyId })
  assert.strictEqual(await opened(Buffer.from(CiphertextBlob, 'base64')), 'a secret')
  await kms('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
  now += 8 * day
  await assertFaults(local, [
    ['Decrypt', { CiphertextBlob }, 'AccessDeniedException', hidden],
    ['Decrypt', { CiphertextBlob, KeyId }, 'NotFoundException', `Key '${Arn}' does not exist`],
  ])
})

test('after rotations every ciphertext opens, with the material that sealed it', async () => {
  const { KeyId } = await make()
  await kms('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
  const sealed = []
  for (const rotate of [
    () => undefined,
    () => kms('RotateKeyOnDemand', { KeyId }),
    () => {
      now += 91 * day
    },
    () => kms('RotateKeyOnDemand', { KeyId }),
  ]) {
    await rotate()
    sealed.push([await currentId(KeyId), await seal(KeyId)])
  }
  assert.strictEqual(new Set(sealed.map(([id]) => id)).size, 4)
  for (const [id, CiphertextBlob] of sealed) {
    const { KeyMaterialId, Plaintext: plaintext } = await kms('Decrypt', { CiphertextBlob })
    assert.deepEqual([KeyMaterialId, Buffer.from(plaintext)], [id, Plaintext])
  }
  const [[, first], [, last]] = [sealed[0], sealed[3]].map(([id, bytes]) => [
    id,
    Buffer.from(bytes),
  ])
  const mixed = Buffer.concat([first.subarray(0, 41), last.subarray(41, 73), first.subarray(73)])
  await faults(
    'Decrypt',
    [{ CiphertextBlob: base64(mixed) }],
    'InvalidCiphertextException',
    noMessage,
  )
})

test('after a restart and more rotations the same ciphertexts open', async () => {
  await acrossRestarts(
    {},
    async (one) => {
      const client = clientOf(one)
      const { KeyId } = await make({}, client)
      const EncryptionContext = { a: 'b' }
      const sealed = [await seal(KeyId, { EncryptionContext }, client)]
      await client('RotateKeyOnDemand', { KeyId })
      sealed.push(await seal(KeyId, { EncryptionContext }, client))
      return { KeyId, EncryptionContext, sealed }
    },
    async (two, state) => {
      const client = clientOf(two)
      await client('RotateKeyOnDemand', { KeyId: state.KeyId })
      return { ...state, sealed: [...state.sealed, await seal(state.KeyId, state, client)] }
    },
    async (three, { EncryptionContext, sealed }) => {
      const client = clientOf(three)
      assert.strictEqual(sealed.length, 3)
      for (const blob of sealed)
        assert.strictEqual(await opened(blob, { EncryptionContext }, client), 'a secret')
      assert.strictEqual(
        (await failure(client('Decrypt', { CiphertextBlob: sealed[0] }))).name,
        'InvalidCiphertextException',
      )
    },
  )
})

test('imported material opens while every version is there, and again when it came back', async () => {
  const { KeyId, Arn } = await make({ Origin: 'EXTERNAL' })
  const gone = ['KMSInvalidStateException', `${Arn} is pending import.`]
  await faults('Encrypt', [{ KeyId, Plaintext: base64(Plaintext) }], ...gone)
  const [first, second] = [randomBytes(32), randomBytes(32)]
  const one = await importInto(KeyId, first)
  const old = await seal(KeyId)
  const two = await importInto(KeyId, second, { ImportType: 'NEW_KEY_MATERIAL' })
  const waiting = await seal(KeyId)
  assert.strictEqual(
    (await kms('Decrypt', { CiphertextBlob: waiting })).KeyMaterialId,
    one.KeyMaterialId,
  )
  await kms('RotateKeyOnDemand', { KeyId })
  const recent = await seal(KeyId)
  assert.deepEqual(
    [
      (await kms('Decrypt', { CiphertextBlob: old })).KeyMaterialId,
      (await kms('Decrypt', { CiphertextBlob: recent })).KeyMaterialId,
    ],
    [one.KeyMaterialId, two.KeyMaterialId],
  )

  await kms('DeleteImportedKeyMaterial', { KeyId, KeyMaterialId: one.KeyMaterialId })
  await faults(
    'Decrypt',
    [old, recent].map((blob) => ({ CiphertextBlob: base64(blob) })),
    ...gone,
  )
  await importInto(KeyId, first, { KeyMaterialId: one.KeyMaterialId, ValidTo: new Date(now + day) })
  for (const blob of [old, recent]) assert.strictEqual(await opened(blob), 'a secret')
  now += 2 * day
  await faults(
    'Decrypt',
    [old, recent].map((blob) => ({ CiphertextBlob: base64(blob), KeyId })),
    ...gone,
  )
  await importInto(KeyId, first, { KeyMaterialId: one.KeyMaterialId })
  for (const blob of [old, recent]) assert.strictEqual(await opened(blob), 'a secret')
})

test('a multi-Region key opens in each of its Regions what another sealed, and a Region key does not', async () => {
  const there = clientIn(local, eu)
  const { KeyId, Arn } = await make({ MultiRegion: true })
  await kms('ReplicateKey', { KeyId, ReplicaRegion: eu })
  const EncryptionContext = { a: 'b' }
  for (const [from, to] of [
    [kms, there],
    [there, kms],
  ]) {
    const blob = await seal(KeyId, { EncryptionContext }, from)
    assert.strictEqual(await opened(blob, { EncryptionContext }, to), 'a secret')
    await kms('RotateKeyOnDemand', { KeyId })
    const { KeyId: arn } = await to('Decrypt', { CiphertextBlob: blob, EncryptionContext, KeyId })
    assert.strictEqual(arn, to === kms ? Arn : Arn.replace(us, eu))
  }
  const blob = await seal(KeyId)
  await kms('DisableKey', { KeyId })
  assert.strictEqual(
    (await failure(kms('Decrypt', { CiphertextBlob: blob }))).name,
    'DisabledException',
  )
  assert.strictEqual(await opened(blob, {}, there), 'a secret')
  const single = await seal((await make()).KeyId)
  const e = await failure(there('Decrypt', { CiphertextBlob: single }))
  assert.deepEqual([e.name, e.message], ['AccessDeniedException', hidden])
})

test('a dry run does nothing, and says what would not have succeeded; Decrypt needs a ciphertext that opens, or the key', async () => {
  const { KeyId } = await make()
  const asymmetric = await make(rsa)
  const CiphertextBlob = base64(await seal(KeyId))
  const run = { DryRun: true }
  const permissions = { ...run, DryRunModifiers: ['IGNORE_CIPHERTEXT'] }
  const isNull = (name) =>
    `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`
  await assertFaults(local, [
    [
      'Encrypt',
      { ...run, KeyId, Plaintext: base64(Plaintext) },
      'DryRunOperationException',
      dryRun,
    ],
    [
      'Encrypt',
      { ...run, KeyId, Plaintext: base64(Plaintext), EncryptionAlgorithm: 'RSAES_OAEP_SHA_1' },
      'InvalidKeyUsageException',
      'Algorithm RSAES_OAEP_SHA_1 is incompatible with key spec SYMMETRIC_DEFAULT.',
    ],
    [
      'Encrypt',
      {
        ...run,
        KeyId: asymmetric.KeyId,
        Plaintext: base64(Buffer.alloc(191)),
        EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
      },
      'ValidationException',
      'Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger than 190 bytes.',
    ],
    ['Decrypt', { ...run, CiphertextBlob }, 'DryRunOperationException', dryRun],
    [
      'Decrypt',
      { ...run, CiphertextBlob, EncryptionContext: { a: 'b' } },
      'InvalidCiphertextException',
      noMessage,
    ],
    ['Decrypt', { ...run, KeyId }, 'ValidationException', isNull('ciphertextBlob')],
    [
      'Decrypt',
      { ...run, KeyId, CiphertextBlob: base64(randomBytes(100)) },
      'InvalidCiphertextException',
      noMessage,
    ],
    [
      'Decrypt',
      { ...run, KeyId, DryRunModifiers: [] },
      'ValidationException',
      isNull('ciphertextBlob'),
    ],
    ['Decrypt', { ...permissions, KeyId }, 'DryRunOperationException', dryRun],
    [
      'Decrypt',
      { ...permissions, KeyId, CiphertextBlob: base64(randomBytes(100)) },
      'DryRunOperationException',
      dryRun,
    ],
    [
      'Decrypt',
      { ...permissions, KeyId: asymmetric.KeyId, EncryptionAlgorithm: 'RSAES_OAEP_SHA_1' },
      'DryRunOperationException',
      dryRun,
    ],
    [
      'Decrypt',
      { ...permissions, KeyId: asymmetric.KeyId },
      'InvalidKeyUsageException',
      'Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.',
    ],
    ['Decrypt', { ...permissions, CiphertextBlob }, 'ValidationException', isNull('keyId')],
    [
      'Decrypt',
      { ...permissions, DryRun: false, KeyId },
      'ValidationException',
      isNull('ciphertextBlob'),
    ],
    [
      'Decrypt',
      { ...run, KeyId, CiphertextBlob, DryRunModifiers: ['FOO'] },
      'ValidationException',
      "1 validation error detected: Value '[FOO]' at 'dryRunModifiers' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [IGNORE_CIPHERTEXT]]",
    ],
  ])
  await kms('DisableKey', { KeyId })
  await faults(
    'Decrypt',
    [
      { ...run, CiphertextBlob },
      { ...permissions, KeyId },
    ],
    'DisabledException',
    `arn:aws:kms:us-east-1:111122223333:key/${KeyId} is disabled.`,
  )
})

test('Encrypt and Decrypt are uses of the key; what failed is not', async () => {
  const { KeyId } = await make()
  const last = async () => (await kms('GetKeyLastUsage', { KeyId })).KeyLastUsage.Operation
  const CiphertextBlob = await seal(KeyId)
  assert.strictEqual(await last(), 'Encrypt')
  await failure(kms('Decrypt', { CiphertextBlob, EncryptionContext: { a: 'b' } }))
  await failure(kms('Decrypt', { CiphertextBlob, DryRun: true }))
  assert.strictEqual(await last(), 'Encrypt')
  await opened(CiphertextBlob)
  assert.strictEqual(await last(), 'Decrypt')
})

test('an encryption context has a bound, names and values together, beyond which nothing is done', async () => {
  const { KeyId } = await make()
  const within = { ['n'.repeat(4_096)]: 'v'.repeat(4_096) }
  assert.strictEqual(
    await opened(await seal(KeyId, { EncryptionContext: within }), { EncryptionContext: within }),
    'a secret',
  )
  const e = await failure(seal(KeyId, { EncryptionContext: { ...within, a: '' } }))
  assert.strictEqual(e.name, 'ValidationException')
  assert.match(
    e.message,
    /at 'encryptionContext' failed to satisfy constraint: Member must have at most 8192 characters of names and values$/,
  )
})
