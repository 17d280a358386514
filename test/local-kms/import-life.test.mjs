// Imported material in time: tokens and material that expire, new material and rotation, deletion.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import { acrossRestarts, assertFaults, clientOf, failure, outcomes } from './helpers.mjs'
import { importInto, lasts, p256, parameters, prepared, secret, states } from './importing.mjs'
import * as say from './messages.mjs'

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
const refused = async (promise) => {
  const e = await failure(promise)
  return [e.name, e.message]
}

test('a token serves for a day as often as wanted, and then is expired', async () => {
  const { KeyId } = await make(kms)
  const input = { ...(await prepared(kms, KeyId, secret())), ...lasts }
  const at = now
  for (const wait of [0, day - 1]) {
    now = at + wait
    await kms('ImportKeyMaterial', input)
  }
  now = at + day
  assert.strictEqual(
    (await failure(kms('ImportKeyMaterial', input))).name,
    'ExpiredImportTokenException',
  )
})

test('imported material expires at its time, also while nothing ran, and leaves nothing but its id', async () => {
  now = start
  const material = secret()
  await acrossRestarts(
    { now: () => now },
    async (one) => {
      const client = clientOf(one)
      const { KeyId } = await make(client)
      const { KeyMaterialId } = await importInto(client, KeyId, material, {
        ValidTo: new Date(now + day),
      })
      const { ExpirationModel, ValidTo } = await describe(client, KeyId)
      assert.deepEqual([ExpirationModel, ValidTo.getTime()], ['KEY_MATERIAL_EXPIRES', start + day])
      now += day - 1
      assert.strictEqual((await describe(client, KeyId)).KeyState, 'Enabled')
      now += 1
      assert.strictEqual((await describe(client, KeyId)).KeyState, 'PendingImport')
      await importInto(client, KeyId, material, { ValidTo: new Date(now + day) })
      assert.strictEqual((await describe(client, KeyId)).KeyState, 'Enabled')
      now += day
      return { KeyId, KeyMaterialId }
    },
    async (two, { KeyId, KeyMaterialId }) => {
      const client = clientOf(two)
      const { KeyState, ExpirationModel, ValidTo, CurrentKeyMaterialId } = await describe(
        client,
        KeyId,
      )
      assert.deepEqual(
        [KeyState, ExpirationModel, ValidTo, CurrentKeyMaterialId],
        ['PendingImport', undefined, undefined, KeyMaterialId],
      )
      assert.strictEqual(
        (await failure(importInto(client, KeyId, secret()))).name,
        'IncorrectKeyMaterialException',
      )
      await importInto(client, KeyId, material)
      assert.strictEqual(
        (await describe(client, KeyId)).ExpirationModel,
        'KEY_MATERIAL_DOES_NOT_EXPIRE',
      )
      return KeyId
    },
    async (three, KeyId) =>
      assert.strictEqual((await describe(clientOf(three), KeyId)).KeyState, 'Enabled'),
  )
})

test('a symmetric key takes new material, which waits for its rotation; every material must be there', async () => {
  now = start
  const { KeyId, Arn } = await make(kms)
  const [first, second, third] = [secret(), secret(), secret()]
  const one = (await importInto(kms, KeyId, first, { KeyMaterialDescription: 'the first' }))
    .KeyMaterialId
  const none = `No available key material pending rotation for the key: ${Arn}.`
  await assertFaults(local, [['RotateKeyOnDemand', { KeyId }, 'KMSInvalidStateException', none]])
  assert.strictEqual(
    (await failure(importInto(kms, KeyId, second))).name,
    'IncorrectKeyMaterialException',
  )
  const two = (await importInto(kms, KeyId, second, { ImportType: 'NEW_KEY_MATERIAL' }))
    .KeyMaterialId
  assert.deepEqual(
    [(await describe(kms, KeyId)).CurrentKeyMaterialId, await states(kms, KeyId)],
    [one, ['CURRENT IMPORTED', 'PENDING_ROTATION IMPORTED']],
  )
  const [name, message] = await refused(
    importInto(kms, KeyId, third, { ImportType: 'NEW_KEY_MATERIAL' }),
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
    [(await describe(kms, KeyId)).CurrentKeyMaterialId, await states(kms, KeyId)],
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
    [(await describe(kms, KeyId)).KeyState, await states(kms, KeyId)],
    ['PendingImport', ['NON_CURRENT PENDING_IMPORT', 'CURRENT IMPORTED']],
  )
  assert.strictEqual(
    (await failure(importInto(kms, KeyId, first, { KeyMaterialId: two }))).name,
    'IncorrectKeyMaterialException',
  )
  await importInto(kms, KeyId, first, {
    KeyMaterialId: one,
    ValidTo: new Date(now + day),
  })
  const { KeyState, ExpirationModel, ValidTo } = await describe(kms, KeyId)
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
  const { KeyId } = await make(kms)
  await importInto(kms, KeyId, secret())
  const { KeyMaterialId } = await importInto(kms, KeyId, secret(), {
    ImportType: 'NEW_KEY_MATERIAL',
  })
  assert.strictEqual(
    (await kms('DeleteImportedKeyMaterial', { KeyId, KeyMaterialId })).KeyMaterialId,
    KeyMaterialId,
  )
  assert.deepEqual(
    [(await describe(kms, KeyId)).KeyState, await states(kms, KeyId)],
    ['Enabled', ['CURRENT IMPORTED']],
  )
  await importInto(kms, KeyId, secret(), { ImportType: 'NEW_KEY_MATERIAL' })
  assert.deepEqual(await states(kms, KeyId), ['CURRENT IMPORTED', 'PENDING_ROTATION IMPORTED'])
})

test('of imports of different new material at once one is taken', async () => {
  const { KeyId } = await make(kms)
  const inputs = await Promise.all(Array.from({ length: 5 }, () => prepared(kms, KeyId, secret())))
  const ends = await outcomes(
    inputs.map((input) => kms('ImportKeyMaterial', { ...input, ...lasts })),
  )
  assert.sameMembers(ends, [...Array(4).fill('IncorrectKeyMaterialException'), 'done'])
  assert.strictEqual((await states(kms, KeyId)).length, 1)
})

test('a disabled key stays disabled when its material is renewed, and a key to be deleted takes none but can lose it', async () => {
  const material = secret()
  const { KeyId, Arn } = await make(kms)
  await importInto(kms, KeyId, material)
  await kms('DisableKey', { KeyId })
  await importInto(kms, KeyId, material)
  assert.strictEqual((await describe(kms, KeyId)).KeyState, 'Disabled')
  const input = await prepared(kms, KeyId, material)
  await kms('ScheduleKeyDeletion', { KeyId })
  const pending = ['KMSInvalidStateException', say.pendingDeletion(Arn)]
  assert.deepEqual(await refused(kms('ImportKeyMaterial', { ...input, ...lasts })), pending)
  assert.deepEqual(await refused(parameters(kms, KeyId)), pending)
  await kms('DeleteImportedKeyMaterial', { KeyId })
  assert.strictEqual((await describe(kms, KeyId)).KeyState, 'PendingDeletion')
  await kms('CancelKeyDeletion', { KeyId })
  assert.strictEqual((await describe(kms, KeyId)).KeyState, 'PendingImport')
  await importInto(kms, KeyId, material)
  assert.strictEqual((await describe(kms, KeyId)).KeyState, 'Enabled')
})

test('deleted material is not in the folder any more', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'sealdrop-kms-'))
  const one = await startLocalKms({ dir })
  try {
    const client = clientOf(one)
    const { KeyId } = await make(client, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
    await importInto(client, KeyId, p256())
    const [name] = readdirSync(join(dir, 'us-east-1')).filter((entry) => entry.includes(KeyId))
    const file = join(dir, 'us-east-1', name)
    assert.match(readFileSync(file, 'utf8'), /PRIVATE KEY/)
    await client('DeleteImportedKeyMaterial', { KeyId })
    assert.notMatch(readFileSync(file, 'utf8'), /PRIVATE KEY/)
    assert.match(readFileSync(file, 'utf8'), /"id": "[0-9a-f]{64}"/)
  } finally {
    await one.close()
    rmSync(dir, { recursive: true })
  }
})
