// What can be imported into a key of origin EXTERNAL, and what is refused.
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import {
  assertFaults,
  assertRejects,
  base64,
  clientOf,
  failure,
  noMessage,
  row,
  said,
} from './helpers.mjs'
import { importInto, lasts, p256, parameters, pkcs8, prepared, secret } from './importing.mjs'
import * as say from './messages.mjs'
import { refusedAs } from './messages.mjs'

/** @import { LocalKms } from 'sealdrop/local-kms' */
/** @import { Client } from './types.d.ts' */

const day = 86_400_000
const start = 1_700_000_000_000
let now = start
/** @type {LocalKms} */
let local
/** @type {Client} */
let kms
before(async () => {
  local = await startLocalKms({ now: () => now })
  kms = clientOf(local)
})
after(() => local.close())

/** @param {Client} client */
const make = async (client, more = {}) =>
  (await client('CreateKey', { Origin: 'EXTERNAL', ...more })).KeyMetadata
/** @param {Client} client */
const describe = async (client, KeyId) => (await client('DescribeKey', { KeyId })).KeyMetadata
/** KeyUsage and new material by KeySpec. */
const materials = {
  SYMMETRIC_DEFAULT: row('ENCRYPT_DECRYPT', secret),
  HMAC_224: row('GENERATE_VERIFY_MAC', () => randomBytes(28)),
  HMAC_512: row('GENERATE_VERIFY_MAC', () => randomBytes(64)),
  RSA_2048: row('ENCRYPT_DECRYPT', () =>
    pkcs8(generateKeyPairSync('rsa', { modulusLength: 2048 })),
  ),
  ECC_NIST_P256: row('SIGN_VERIFY', p256),
  ECC_NIST_P521: row('KEY_AGREEMENT', () =>
    pkcs8(generateKeyPairSync('ec', { namedCurve: 'P-521' })),
  ),
}

test('a key of imported material waits for it, works with it, and stops without it', async () => {
  for (const [KeySpec, [KeyUsage, generate]] of Object.entries(materials)) {
    const { Arn, KeyId, ...made } = await make(kms, { KeySpec, KeyUsage })
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
    const answer = await importInto(kms, KeyId, generate(), { wrapping })
    assert.strictEqual(answer.KeyId, Arn)
    const full = await describe(kms, KeyId)
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
    const deleted = await kms('DeleteImportedKeyMaterial', { KeyId })
    assert.deepEqual(said(deleted), said(answer))
    const empty = await describe(kms, KeyId)
    assert.deepEqual(
      [empty.KeyState, empty.Enabled, empty.ExpirationModel, empty.CurrentKeyMaterialId],
      ['PendingImport', false, undefined, answer.KeyMaterialId],
    )
    await kms('DeleteImportedKeyMaterial', { KeyId })
    const asked = {
      KeyId,
      GranteePrincipal: 'arn:aws:iam::111122223333:root',
      Operations: ['DescribeKey'],
    }
    await assertFaults(
      local,
      ['EnableKey', 'DisableKey', 'CreateGrant'].map((operation) =>
        row(operation, asked, 'KMSInvalidStateException', say.pendingImport(Arn)),
      ),
    )
  }
})

test('every way of wrapping that fits brings the same key, and its public key is that of the material', async () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { KeyId } = await make(kms, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
  for (const [WrappingAlgorithm, WrappingKeySpec] of [
    ['RSAES_OAEP_SHA_1', 'RSA_2048'],
    ['RSAES_OAEP_SHA_256', 'RSA_2048'],
    ['RSAES_OAEP_SHA_256', 'RSA_3072'],
    ['RSA_AES_KEY_WRAP_SHA_1', 'RSA_2048'],
    ['RSA_AES_KEY_WRAP_SHA_256', 'RSA_2048'],
    ['RSA_AES_KEY_WRAP_SHA_256', 'RSA_3072'],
  ]) {
    await importInto(kms, KeyId, pkcs8(pair), { wrapping: { WrappingAlgorithm, WrappingKeySpec } })
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
})

test('the wrapping key is of the size asked for, and ways of wrapping that do not fit the material are refused', async () => {
  const { KeyId, Arn } = await make(kms)
  for (const bits of [2048, 3072, 4096]) {
    const answer = await parameters(kms, KeyId, { WrappingKeySpec: `RSA_${bits}` })
    const key = createPublicKey({
      key: Buffer.from(answer.PublicKey),
      format: 'der',
      type: 'spki',
    })
    assert.strictEqual(key.asymmetricKeyDetails?.modulusLength, bits)
    assert.deepEqual([answer.KeyId, answer.ParametersValidTo.getTime()], [Arn, now + day])
    assert.ok(answer.ImportToken.length > 100)
  }
  const wrong = [
    row('SYMMETRIC_DEFAULT', 'RSA_AES_KEY_WRAP_SHA_1', 'RSA_4096'),
    row('SYMMETRIC_DEFAULT', 'RSA_AES_KEY_WRAP_SHA_256', 'RSA_4096'),
    row('HMAC_224', 'RSA_AES_KEY_WRAP_SHA_1', 'RSA_4096'),
    row('HMAC_224', 'RSA_AES_KEY_WRAP_SHA_256', 'RSA_4096'),
    row('HMAC_512', 'RSA_AES_KEY_WRAP_SHA_1', 'RSA_4096'),
    row('HMAC_512', 'RSA_AES_KEY_WRAP_SHA_256', 'RSA_4096'),
    row('RSA_2048', 'RSAES_OAEP_SHA_1', 'RSA_4096'),
    row('RSA_2048', 'RSAES_OAEP_SHA_256', 'RSA_4096'),
    row('ECC_NIST_P521', 'RSAES_OAEP_SHA_1', 'RSA_2048'),
    row('ECC_NIST_P521', 'RSAES_OAEP_SHA_256', 'RSA_2048'),
    ...Object.keys(materials).map((spec) => row(spec, 'RSAES_PKCS1_V1_5', 'RSA_3072')),
  ]
  for (const [KeySpec, WrappingAlgorithm, WrappingKeySpec] of wrong) {
    const key = await make(kms, { KeySpec, KeyUsage: materials[KeySpec][0] })
    const e = await failure(parameters(kms, key.KeyId, { WrappingAlgorithm, WrappingKeySpec }))
    assert.strictEqual(e.name, 'ValidationException', `${KeySpec} ${WrappingAlgorithm}`)
  }
  await assertRejects(
    parameters(kms, KeyId, { WrappingAlgorithm: 'SM2PKE', WrappingKeySpec: 'SM2' }),
    { name: 'UnsupportedOperationException' },
  )
})

test('what is no import is refused: wrong origin, token, ciphertext, material, times', async () => {
  const { Arn: ours } = await make(kms, {
    Origin: 'AWS_KMS',
    KeySpec: 'ECC_NIST_P256',
    KeyUsage: 'SIGN_VERIFY',
  })
  const { KeyId, Arn } = await make(kms)
  const good = await prepared(kms, KeyId, secret())
  const wire = (input) => ({
    ...input,
    ImportToken: base64(input.ImportToken),
    EncryptedKeyMaterial: base64(input.EncryptedKeyMaterial),
  })
  const other = wire(await prepared(kms, (await make(kms)).KeyId, secret()))
  const ec = await make(kms, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
  const p384 = pkcs8(generateKeyPairSync('ec', { namedCurve: 'P-384' }))
  const twoSteps = { WrappingAlgorithm: 'RSA_AES_KEY_WRAP_SHA_256' }
  const ofP384 = wire(await prepared(kms, ec.KeyId, p384, twoSteps))
  const noise = wire(await prepared(kms, ec.KeyId, randomBytes(100)))
  const short = wire(await prepared(kms, KeyId, randomBytes(16)))
  const ofEc = wire(await prepared(kms, ec.KeyId, p256()))
  const wrapping = { WrappingAlgorithm: 'RSAES_OAEP_SHA_1', WrappingKeySpec: 'RSA_2048' }
  const anId = { KeyMaterialId: 'a'.repeat(64) }

  const imports = (more, message) => row('ImportKeyMaterial', { ...wire(good), ...more }, message)
  const lasting = (more, message) => imports({ ...lasts, ...more }, message)
  const origin = `${ours} origin is AWS_KMS which is not valid for this operation.`
  const times = 'A validTo date must be in the future, and at most 365 days from now'
  const notOf = (spec) => `The key material is not that of a ${spec} key.`
  const onlySymmetric =
    'ImportType is only for symmetric encryption keys, not for a ECC_NIST_P256 key.'
  await assertFaults(local, [
    ...refusedAs('UnsupportedOperationException', [
      ['GetParametersForImport', { KeyId: ours, ...wrapping }, origin],
      lasting({ KeyId: ours }, origin),
      ['DeleteImportedKeyMaterial', { KeyId: ours }, origin],
    ]),
    ...refusedAs('ValidationException', [
      imports({}, 'A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES'),
      lasting(
        { ValidTo: now / 1000 + 60 },
        'A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE',
      ),
      imports({ ValidTo: now / 1000 }, times),
      imports({ ValidTo: now / 1000 - 1 }, times),
      imports({ ValidTo: (now + 365 * day) / 1000 + 1 }, times),
      lasting({ ...ofEc, ImportType: 'NEW_KEY_MATERIAL' }, onlySymmetric),
      lasting(
        { ImportType: 'NEW_KEY_MATERIAL', ...anId },
        'A KeyMaterialId cannot be specified with ImportType NEW_KEY_MATERIAL.',
      ),
    ]),
    ...refusedAs('InvalidImportTokenException', [
      lasting({ ImportToken: base64(randomBytes(256)) }, noMessage),
      lasting({ ImportToken: other.ImportToken }, noMessage),
    ]),
    ...refusedAs('InvalidCiphertextException', [
      lasting({ EncryptedKeyMaterial: other.EncryptedKeyMaterial }, noMessage),
      lasting({ EncryptedKeyMaterial: base64('short') }, noMessage),
    ]),
    ...refusedAs('IncorrectKeyMaterialException', [
      lasting(short, notOf('SYMMETRIC_DEFAULT')),
      lasting(ofP384, notOf('ECC_NIST_P256')),
      lasting(noise, notOf('ECC_NIST_P256')),
      lasting({ ImportType: 'EXISTING_KEY_MATERIAL' }, `The key material is not one of ${Arn}.`),
    ]),
    ...refusedAs('NotFoundException', [
      [
        'DeleteImportedKeyMaterial',
        { KeyId, ...anId },
        `Key material ${anId.KeyMaterialId} does not exist in ${Arn}`,
      ],
    ]),
  ])
  assert.strictEqual((await describe(kms, KeyId)).KeyState, 'PendingImport')
  await kms('ImportKeyMaterial', { ...good, ...lasts })
  assert.strictEqual((await describe(kms, KeyId)).KeyState, 'Enabled')
})

test('only the same material comes back into asymmetric and HMAC keys', async () => {
  for (const KeySpec of ['ECC_NIST_P256', 'HMAC_224']) {
    const [KeyUsage, generate] = materials[KeySpec]
    const { KeyId, Arn } = await make(kms, { KeySpec, KeyUsage })
    const [mine, another] = [generate(), generate()]
    await importInto(kms, KeyId, mine)
    const wrong = {
      name: 'IncorrectKeyMaterialException',
      message: `The key material is not one of ${Arn}.`,
    }
    await assertRejects(importInto(kms, KeyId, another), wrong)
    await kms('DeleteImportedKeyMaterial', { KeyId })
    await assertRejects(importInto(kms, KeyId, another), wrong)
    await importInto(kms, KeyId, mine)
    assert.strictEqual((await describe(kms, KeyId)).KeyState, 'Enabled')
  }
})
