import {
  constants,
  createCipheriv,
  createPublicKey,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
} from 'node:crypto'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import { acrossRestarts, assertFaults, base64, clientOf, failure, noMessage } from './helpers.mjs'

const day = 86_400_000
const start = 1_700_000_000_000
let now, local, kms
before(async () => {
  now = start
  local = await startLocalKms({ now: () => now })
  kms = clientOf(local)
})
after(() => local.close())

const lasts = { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' }
const make = async (more = {}, client = kms) =>
  (await client('CreateKey', { Origin: 'EXTERNAL', ...more })).KeyMetadata
const describe = async (KeyId, client = kms) => (await client('DescribeKey', { KeyId })).KeyMetadata
const pkcs8 = ({ privateKey }) => privateKey.export({ type: 'pkcs8', format: 'der' })
const materials = {
  SYMMETRIC_DEFAULT: ['ENCRYPT_DECRYPT', () => randomBytes(32)],
  HMAC_224: ['GENERATE_VERIFY_MAC', () => randomBytes(28)],
  HMAC_512: ['GENERATE_VERIFY_MAC', () => randomBytes(64)],
  RSA_2048: ['ENCRYPT_DECRYPT', () => pkcs8(generateKeyPairSync('rsa', { modulusLength: 2048 }))],
  ECC_NIST_P256: ['SIGN_VERIFY', () => pkcs8(generateKeyPairSync('ec', { namedCurve: 'P-256' }))],
  ECC_NIST_P521: ['KEY_AGREEMENT', () => pkcs8(generateKeyPairSync('ec', { namedCurve: 'P-521' }))],
}
const secret = materials.SYMMETRIC_DEFAULT[1]

/**
 * Wraps as AWS documents it: RSAES-OAEP of the material, or of an AES key that wraps the material
 * (RFC 5649).
 */
function wrap(material, publicKey, algorithm) {
  const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
  const oaep = (bytes) =>
    publicEncrypt(
      {
        key,
        padding: constants.RSA_PKCS1_OAEP_PADDING,
        oaepHash: algorithm.endsWith('256') ? 'sha256' : 'sha1',
      },
      bytes,
    )
  if (algorithm.startsWith('RSAES')) return oaep(material)
  const aes = randomBytes(32)
  const cipher = createCipheriv('id-aes256-wrap-pad', aes, Buffer.from('a65959a6', 'hex'))
  return Buffer.concat([oaep(aes), cipher.update(material), cipher.final()])
}

const parameters = (
  KeyId,
  { WrappingAlgorithm = 'RSAES_OAEP_SHA_256', WrappingKeySpec = 'RSA_2048' } = {},
  client = kms,
) => client('GetParametersForImport', { KeyId, WrappingAlgorithm, WrappingKeySpec })
async function prepared(KeyId, material, wrapping = {}, client = kms) {
  const { ImportToken, PublicKey } = await parameters(KeyId, wrapping, client)
  return {
    KeyId,
    ImportToken,
    EncryptedKeyMaterial: wrap(
      material,
      PublicKey,
      wrapping.WrappingAlgorithm ?? 'RSAES_OAEP_SHA_256',
    ),
  }
}
const importInto = async (KeyId, material, { wrapping, ...more } = {}, client = kms) =>
  client('ImportKeyMaterial', {
    ...(await prepared(KeyId, material, wrapping, client)),
    ...lasts,
    ...more,
  })
const states = async (KeyId, client = kms) =>
  (
    await client('ListKeyRotations', { KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' })
  ).Rotations.map(({ KeyMaterialState, ImportState }) => `${KeyMaterialState} ${ImportState}`)
const refused = async (promise) => {
  const e = await failure(promise)
  return [e.name, e.message]
}

test('a key of imported material waits for it, works with it, and stops without it', async () => {
  for (const [KeySpec, [KeyUsage, generate]] of Object.entries(materials)) {
    const { Arn, KeyId, ...made } = await make({ KeySpec, KeyUsage })
    assert.deepEqual(
      [made.KeyState, made.Enabled, made.Origin, made.ExpirationModel, made.CurrentKeyMaterialId],
      ['PendingImport', false, 'EXTERNAL', undefined, undefined],
    )
    const wrapping = {
      WrappingAlgorithm:
        KeySpec.startsWith('RSA') || KeySpec.endsWith('P521')
          ? 'RSA_AES_KEY_WRAP_SHA_256'
          : 'RSAES_OAEP_SHA_256',
    }
    const { $metadata, ...answer } = await importInto(KeyId, generate(), { wrapping })
    assert.strictEqual(answer.KeyId, Arn)
    const full = await describe(KeyId)
    assert.deepEqual(
      [full.KeyState, full.Enabled, full.ExpirationModel, full.ValidTo],
      ['Enabled', true, 'KEY_MATERIAL_DOES_NOT_EXPIRE', undefined],
    )
    assert.strictEqual(full.CurrentKeyMaterialId, answer.KeyMaterialId)
    assert.strictEqual(
      /^[0-9a-f]{64}$/.test(answer.KeyMaterialId),
      KeySpec === 'SYMMETRIC_DEFAULT',
      KeySpec,
    )
    const { $metadata: _, ...deleted } = await kms('DeleteImportedKeyMaterial', { KeyId })
    assert.deepEqual(deleted, answer)
    const empty = await describe(KeyId)
    assert.deepEqual(
      [empty.KeyState, empty.Enabled, empty.ExpirationModel, empty.CurrentKeyMaterialId],
      ['PendingImport', false, undefined, answer.KeyMaterialId],
    )
    await kms('DeleteImportedKeyMaterial', { KeyId })
    await assertFaults(
      local,
      ['EnableKey', 'DisableKey', 'CreateGrant'].map((operation) => [
        operation,
        { KeyId, GranteePrincipal: 'arn:aws:iam::111122223333:root', Operations: ['DescribeKey'] },
        'KMSInvalidStateException',
        `${Arn} is pending import.`,
      ]),
    )
  }
})

test('every way of wrapping that fits brings the same key, and its public key is that of the material', async () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { KeyId } = await make({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
  for (const WrappingAlgorithm of [
    'RSAES_OAEP_SHA_1',
    'RSAES_OAEP_SHA_256',
    'RSA_AES_KEY_WRAP_SHA_1',
    'RSA_AES_KEY_WRAP_SHA_256',
  ]) {
    for (const WrappingKeySpec of WrappingAlgorithm.endsWith('256')
      ? ['RSA_2048', 'RSA_3072']
      : ['RSA_2048']) {
      await importInto(KeyId, pkcs8(pair), { wrapping: { WrappingAlgorithm, WrappingKeySpec } })
      const { PublicKey } = await kms('GetPublicKey', { KeyId })
      assert.deepEqual(
        Buffer.from(PublicKey),
        pair.publicKey.export({ type: 'spki', format: 'der' }),
        `${WrappingAlgorithm} ${WrappingKeySpec}`,
      )
      await kms('DeleteImportedKeyMaterial', { KeyId })
      assert.strictEqual(
        (await failure(kms('GetPublicKey', { KeyId }))).name,
        'KMSInvalidStateException',
      )
    }
  }
})

test('the wrapping key is of the size asked for, and ways of wrapping that do not fit the material are refused', async () => {
  const { KeyId, Arn } = await make()
  for (const bits of [2048, 3072, 4096]) {
    const {
      PublicKey,
      KeyId: arn,
      ImportToken,
      ParametersValidTo,
    } = await parameters(KeyId, { WrappingKeySpec: `RSA_${bits}` })
    assert.strictEqual(
      createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' })
        .asymmetricKeyDetails.modulusLength,
      bits,
    )
    assert.deepEqual(
      [arn, ParametersValidTo.getTime(), ImportToken.length > 100],
      [Arn, now + day, true],
    )
  }
  const keys = Object.fromEntries(
    await Promise.all(
      Object.entries(materials).map(async ([KeySpec, [KeyUsage]]) => [
        KeySpec,
        (await make({ KeySpec, KeyUsage })).KeyId,
      ]),
    ),
  )
  const wrong = [
    ...['SYMMETRIC_DEFAULT', 'HMAC_224', 'HMAC_512'].flatMap((spec) =>
      ['RSA_AES_KEY_WRAP_SHA_1', 'RSA_AES_KEY_WRAP_SHA_256'].map((algorithm) => [
        spec,
        algorithm,
        'RSA_4096',
      ]),
    ),
    ...['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'].flatMap((algorithm) => [
      ['RSA_2048', algorithm, 'RSA_4096'],
      ['ECC_NIST_P521', algorithm, 'RSA_2048'],
    ]),
    ...Object.keys(materials).map((spec) => [spec, 'RSAES_PKCS1_V1_5', 'RSA_3072']),
  ]
  for (const [spec, WrappingAlgorithm, WrappingKeySpec] of wrong)
    assert.strictEqual(
      (await refused(parameters(keys[spec], { WrappingAlgorithm, WrappingKeySpec })))[0],
      'ValidationException',
      `${spec} ${WrappingAlgorithm}`,
    )
  assert.strictEqual(
    (await refused(parameters(KeyId, { WrappingAlgorithm: 'SM2PKE', WrappingKeySpec: 'SM2' })))[0],
    'UnsupportedOperationException',
  )
})

test('what is no import is refused: wrong origin, token, ciphertext, material, times', async () => {
  const ours = (await kms('CreateKey', { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }))
    .KeyMetadata.Arn
  const { KeyId, Arn } = await make()
  const good = await prepared(KeyId, secret())
  const wire = (input) => ({
    ...input,
    ImportToken: base64(input.ImportToken),
    EncryptedKeyMaterial: base64(input.EncryptedKeyMaterial),
  })
  const other = await prepared((await make()).KeyId, secret())
  const ec = await make({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
  const origin = `${ours} origin is AWS_KMS which is not valid for this operation.`
  const p384 = pkcs8(generateKeyPairSync('ec', { namedCurve: 'P-384' }))
  await assertFaults(local, [
    [
      'GetParametersForImport',
      { KeyId: ours, WrappingAlgorithm: 'RSAES_OAEP_SHA_1', WrappingKeySpec: 'RSA_2048' },
      'UnsupportedOperationException',
      origin,
    ],
    [
      'ImportKeyMaterial',
      { ...wire(good), KeyId: ours, ...lasts },
      'UnsupportedOperationException',
      origin,
    ],
    ['DeleteImportedKeyMaterial', { KeyId: ours }, 'UnsupportedOperationException', origin],
    [
      'ImportKeyMaterial',
      wire(good),
      'ValidationException',
      'A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES',
    ],
    [
      'ImportKeyMaterial',
      { ...wire(good), ...lasts, ValidTo: now / 1000 + 60 },
      'ValidationException',
      'A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE',
    ],
    ...[now / 1000, now / 1000 - 1, (now + 365 * day) / 1000 + 1].map((ValidTo) => [
      'ImportKeyMaterial',
      { ...wire(good), ValidTo },
      'ValidationException',
      'A validTo date must be in the future, and at most 365 days from now',
    ]),
    [
      'ImportKeyMaterial',
      { ...wire(good), ImportToken: base64(randomBytes(256)), ...lasts },
      'InvalidImportTokenException',
      noMessage,
    ],
    [
      'ImportKeyMaterial',
      { ...wire(good), ImportToken: wire(other).ImportToken, ...lasts },
      'InvalidImportTokenException',
      noMessage,
    ],
    [
      'ImportKeyMaterial',
      { ...wire(good), EncryptedKeyMaterial: wire(other).EncryptedKeyMaterial, ...lasts },
      'InvalidCiphertextException',
      noMessage,
    ],
    [
      'ImportKeyMaterial',
      { ...wire(good), EncryptedKeyMaterial: base64('short'), ...lasts },
      'InvalidCiphertextException',
      noMessage,
    ],
    [
      'ImportKeyMaterial',
      { ...wire(await prepared(KeyId, randomBytes(16))), ...lasts },
      'IncorrectKeyMaterialException',
      'The key material is not that of a SYMMETRIC_DEFAULT key.',
    ],
    [
      'ImportKeyMaterial',
      {
        ...wire(await prepared(ec.KeyId, p384, { WrappingAlgorithm: 'RSA_AES_KEY_WRAP_SHA_256' })),
        ...lasts,
      },
      'IncorrectKeyMaterialException',
      'The key material is not that of a ECC_NIST_P256 key.',
    ],
    [
      'ImportKeyMaterial',
      { ...wire(await prepared(ec.KeyId, randomBytes(100))), ...lasts },
      'IncorrectKeyMaterialException',
      'The key material is not that of a ECC_NIST_P256 key.',
    ],
    [
      'ImportKeyMaterial',
      {
        ...wire(await prepared(ec.KeyId, materials.ECC_NIST_P256[1]())),
        ...lasts,
        ImportType: 'NEW_KEY_MATERIAL',
      },
      'ValidationException',
      'ImportType is only for symmetric encryption keys, not for a ECC_NIST_P256 key.',
    ],
    [
      'ImportKeyMaterial',
      { ...wire(good), ...lasts, ImportType: 'NEW_KEY_MATERIAL', KeyMaterialId: 'a'.repeat(64) },
      'ValidationException',
      'A KeyMaterialId cannot be specified with ImportType NEW_KEY_MATERIAL.',
    ],
    [
      'ImportKeyMaterial',
      { ...wire(good), ...lasts, ImportType: 'EXISTING_KEY_MATERIAL' },
      'IncorrectKeyMaterialException',
      `The key material is not one of ${Arn}.`,
    ],
    [
      'DeleteImportedKeyMaterial',
      { KeyId, KeyMaterialId: 'a'.repeat(64) },
      'NotFoundException',
      `Key material ${'a'.repeat(64)} does not exist in ${Arn}`,
    ],
  ])
  assert.strictEqual((await describe(KeyId)).KeyState, 'PendingImport')
  await kms('ImportKeyMaterial', { ...good, ...lasts })
  assert.strictEqual((await describe(KeyId)).KeyState, 'Enabled')
})

test('a token serves for a day as often as wanted, and then is expired', async () => {
  const { KeyId } = await make()
  const input = { ...(await prepared(KeyId, secret())), ...lasts }
  const at = now
  for (const wait of [0, day - 1]) {
    now = at + wait
    await kms('ImportKeyMaterial', input)
  }
  now = at + day
  assert.strictEqual(
    (await refused(kms('ImportKeyMaterial', input)))[0],
    'ExpiredImportTokenException',
  )
})

test('only the same material comes back into asymmetric and HMAC keys', async () => {
  for (const KeySpec of ['ECC_NIST_P256', 'HMAC_224']) {
    const [KeyUsage, generate] = materials[KeySpec]
    const { KeyId, Arn } = await make({ KeySpec, KeyUsage })
    const [mine, another] = [generate(), generate()]
    await importInto(KeyId, mine)
    const wrong = ['IncorrectKeyMaterialException', `The key material is not one of ${Arn}.`]
    assert.deepEqual(await refused(importInto(KeyId, another)), wrong)
    await kms('DeleteImportedKeyMaterial', { KeyId })
    assert.deepEqual(await refused(importInto(KeyId, another)), wrong)
    await importInto(KeyId, mine)
    assert.strictEqual((await describe(KeyId)).KeyState, 'Enabled')
  }
})

test('imported material expires at its time, also while nothing ran, and leaves nothing but its id', async () => {
  now = start
  const material = secret()
  await acrossRestarts(
    { now: () => now },
    async (one) => {
      const client = clientOf(one)
      const { KeyId } = await make({}, client)
      const { KeyMaterialId } = await importInto(
        KeyId,
        material,
        { ExpirationModel: undefined, ValidTo: new Date(now + day) },
        client,
      )
      const { ExpirationModel, ValidTo } = await describe(KeyId, client)
      assert.deepEqual([ExpirationModel, ValidTo.getTime()], ['KEY_MATERIAL_EXPIRES', start + day])
      now += day - 1
      assert.strictEqual((await describe(KeyId, client)).KeyState, 'Enabled')
      now += 1
      assert.strictEqual((await describe(KeyId, client)).KeyState, 'PendingImport')
      await importInto(
        KeyId,
        material,
        { ExpirationModel: undefined, ValidTo: new Date(now + day) },
        client,
      )
      assert.strictEqual((await describe(KeyId, client)).KeyState, 'Enabled')
      now += day
      return { KeyId, KeyMaterialId }
    },
    async (two, { KeyId, KeyMaterialId }) => {
      const client = clientOf(two)
      const { KeyState, ExpirationModel, ValidTo, CurrentKeyMaterialId } = await describe(
        KeyId,
        client,
      )
      assert.deepEqual(
        [KeyState, ExpirationModel, ValidTo, CurrentKeyMaterialId],
        ['PendingImport', undefined, undefined, KeyMaterialId],
      )
      assert.strictEqual(
        (await refused(importInto(KeyId, secret(), {}, client)))[0],
        'IncorrectKeyMaterialException',
      )
      await importInto(KeyId, material, {}, client)
      assert.strictEqual(
        (await describe(KeyId, client)).ExpirationModel,
        'KEY_MATERIAL_DOES_NOT_EXPIRE',
      )
      return KeyId
    },
    async (three, KeyId) =>
      assert.strictEqual((await describe(KeyId, clientOf(three))).KeyState, 'Enabled'),
  )
})

test('a symmetric key takes new material, which waits for its rotation; every material must be there', async () => {
  now = start
  const { KeyId, Arn } = await make()
  const [first, second, third] = [secret(), secret(), secret()]
  const one = (await importInto(KeyId, first, { KeyMaterialDescription: 'the first' }))
    .KeyMaterialId
  const none = `No available key material pending rotation for the key: ${Arn}.`
  await assertFaults(local, [['RotateKeyOnDemand', { KeyId }, 'KMSInvalidStateException', none]])
  assert.strictEqual((await refused(importInto(KeyId, second)))[0], 'IncorrectKeyMaterialException')
  const two = (await importInto(KeyId, second, { ImportType: 'NEW_KEY_MATERIAL' })).KeyMaterialId
  assert.deepEqual(
    [(await describe(KeyId)).CurrentKeyMaterialId, await states(KeyId)],
    [one, ['CURRENT IMPORTED', 'PENDING_ROTATION IMPORTED']],
  )
  const [name, message] = await refused(
    importInto(KeyId, third, { ImportType: 'NEW_KEY_MATERIAL' }),
  )
  assert.strictEqual(name, 'KMSInvalidStateException')
  assert.match(
    message,
    new RegExp(
      `^New key material \\(id: [0-9a-f]{64}\\) cannot be imported into KMS key ${Arn}, because another key material \\(id: ${two}\\) is pending rotation\\.$`,
    ),
  )
  now += 5000
  await kms('RotateKeyOnDemand', { KeyId })
  assert.deepEqual(
    [(await describe(KeyId)).CurrentKeyMaterialId, await states(KeyId)],
    [two, ['NON_CURRENT IMPORTED', 'CURRENT IMPORTED']],
  )
  const [entry] = (await kms('ListKeyRotations', { KeyId })).Rotations
  assert.deepEqual(entry, {
    KeyId,
    KeyMaterialId: two,
    KeyMaterialState: 'CURRENT',
    ImportState: 'IMPORTED',
    ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
    RotationDate: new Date(start + 5000),
    RotationType: 'ON_DEMAND',
  })

  await kms('DeleteImportedKeyMaterial', { KeyId, KeyMaterialId: one })
  assert.deepEqual(
    [(await describe(KeyId)).KeyState, await states(KeyId)],
    ['PendingImport', ['NON_CURRENT PENDING_IMPORT', 'CURRENT IMPORTED']],
  )
  assert.strictEqual(
    (await refused(importInto(KeyId, first, { KeyMaterialId: two })))[0],
    'IncorrectKeyMaterialException',
  )
  await importInto(KeyId, first, {
    KeyMaterialId: one,
    ExpirationModel: undefined,
    ValidTo: new Date(now + day),
  })
  const { KeyState, ExpirationModel, ValidTo } = await describe(KeyId)
  assert.deepEqual(
    [KeyState, ExpirationModel, ValidTo.getTime()],
    ['Enabled', 'KEY_MATERIAL_EXPIRES', now + day],
  )
  const [kept] = (await kms('ListKeyRotations', { KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }))
    .Rotations
  assert.deepEqual(
    [kept.KeyMaterialDescription, kept.ValidTo.getTime(), kept.RotationDate],
    ['the first', now + day, undefined],
  )
})

test('material that waits for its rotation can be taken back, and other material takes its place', async () => {
  const { KeyId } = await make()
  await importInto(KeyId, secret())
  const { KeyMaterialId } = await importInto(KeyId, secret(), { ImportType: 'NEW_KEY_MATERIAL' })
  assert.strictEqual(
    (await kms('DeleteImportedKeyMaterial', { KeyId, KeyMaterialId })).KeyMaterialId,
    KeyMaterialId,
  )
  assert.deepEqual(
    [(await describe(KeyId)).KeyState, await states(KeyId)],
    ['Enabled', ['CURRENT IMPORTED']],
  )
  await importInto(KeyId, secret(), { ImportType: 'NEW_KEY_MATERIAL' })
  assert.deepEqual(await states(KeyId), ['CURRENT IMPORTED', 'PENDING_ROTATION IMPORTED'])
})

test('of imports of different new material at once one is taken', async () => {
  const { KeyId } = await make()
  const inputs = await Promise.all(Array.from({ length: 5 }, () => prepared(KeyId, secret())))
  const outcomes = await Promise.allSettled(
    inputs.map((input) => kms('ImportKeyMaterial', { ...input, ...lasts })),
  )
  assert.deepEqual(outcomes.map(({ reason }) => reason?.name ?? 'done').sort(), [
    ...Array(4).fill('IncorrectKeyMaterialException'),
    'done',
  ])
  assert.strictEqual((await states(KeyId)).length, 1)
})

test('a disabled key stays disabled when its material is renewed, and a key to be deleted takes none but can lose it', async () => {
  const material = secret()
  const { KeyId, Arn } = await make()
  await importInto(KeyId, material)
  await kms('DisableKey', { KeyId })
  await importInto(KeyId, material)
  assert.strictEqual((await describe(KeyId)).KeyState, 'Disabled')
  const input = await prepared(KeyId, material)
  await kms('ScheduleKeyDeletion', { KeyId })
  const pending = ['KMSInvalidStateException', `${Arn} is pending deletion.`]
  assert.deepEqual(await refused(kms('ImportKeyMaterial', { ...input, ...lasts })), pending)
  assert.deepEqual(await refused(parameters(KeyId)), pending)
  await kms('DeleteImportedKeyMaterial', { KeyId })
  assert.strictEqual((await describe(KeyId)).KeyState, 'PendingDeletion')
  await kms('CancelKeyDeletion', { KeyId })
  assert.strictEqual((await describe(KeyId)).KeyState, 'PendingImport')
  await importInto(KeyId, material)
  assert.strictEqual((await describe(KeyId)).KeyState, 'Enabled')
})

test('deleted material is not in the folder any more', async () => {
  const { readFileSync, readdirSync, mkdtempSync, rmSync } = await import('node:fs')
  const { tmpdir } = await import('node:os')
  const { join } = await import('node:path')
  const dir = mkdtempSync(join(tmpdir(), 'sealdrop-kms-'))
  const one = await startLocalKms({ dir })
  try {
    const client = clientOf(one)
    const { KeyId } = await make({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }, client)
    await importInto(KeyId, materials.ECC_NIST_P256[1](), {}, client)
    const file = join(
      dir,
      'us-east-1',
      readdirSync(join(dir, 'us-east-1')).find((name) => name.includes(KeyId)),
    )
    assert.match(readFileSync(file, 'utf8'), /PRIVATE KEY/)
    await client('DeleteImportedKeyMaterial', { KeyId })
    assert.notMatch(readFileSync(file, 'utf8'), /PRIVATE KEY/)
    assert.match(readFileSync(file, 'utf8'), /"id": "[0-9a-f]{64}"/)
  } finally {
    await one.close()
    rmSync(dir, { recursive: true })
  }
})
