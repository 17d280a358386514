// Encrypt and Decrypt through the life of a key: states, rotations, restarts, imports, Regions; and
// dry runs.
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import {
  acrossRestarts,
  assertFaults,
  assertRejects,
  base64,
  clientIn,
  clientOf,
  failure,
  noMessage,
  row,
} from './helpers.mjs'
import { importInto } from './importing.mjs'
import * as say from './messages.mjs'
import { refusedAs } from './messages.mjs'
import { currentId, make, opened, Plaintext, refusesToDecrypt, rsa, seal } from './sealing.mjs'

/** @import { LocalKms } from 'sealdrop/local-kms' */
/** @import { Client } from './types.d.ts' */

/** @type {LocalKms} */
let local
/** @type {Client} */
let kms
const day = 86_400_000
const [us, eu] = ['us-east-1', 'eu-west-1']
let now = 1_700_000_000_000
before(async () => {
  local = await startLocalKms({ now: () => now, regions: [us, eu] })
  kms = clientOf(local)
})
after(() => local.close())

test('the state of the key decides, named or not', async () => {
  const { KeyId, Arn } = await make(kms)
  const CiphertextBlob = base64(await seal(kms, KeyId))
  const refused = (name, message) =>
    assertFaults(local, [
      ['Encrypt', { KeyId, Plaintext: base64(Plaintext) }, name, message],
      ['Decrypt', { CiphertextBlob }, name, message],
      ['Decrypt', { CiphertextBlob, KeyId }, name, message],
    ])
  await kms('DisableKey', { KeyId })
  await refused('DisabledException', say.disabled(Arn))
  await kms('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
  await refused('KMSInvalidStateException', say.pendingDeletion(Arn))
  await kms('CancelKeyDeletion', { KeyId })
  await kms('EnableKey', { KeyId })
  assert.strictEqual(await opened(kms, Buffer.from(CiphertextBlob, 'base64')), 'a secret')
  await kms('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
  now += 8 * day
  await assertFaults(local, [
    ['Decrypt', { CiphertextBlob }, 'AccessDeniedException', say.hiddenKey],
    ['Decrypt', { CiphertextBlob, KeyId }, 'NotFoundException', say.noKey(Arn)],
  ])
})

test('after rotations every ciphertext opens, with the material that sealed it', async () => {
  const { KeyId } = await make(kms)
  await kms('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
  const sealed = []
  const onDemand = () => kms('RotateKeyOnDemand', { KeyId })
  const inTime = async () => {
    now += 91 * day
  }
  for (const rotate of [async () => {}, onDemand, inTime, onDemand]) {
    await rotate()
    sealed.push([await currentId(kms, KeyId), await seal(kms, KeyId)])
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
  await refusesToDecrypt(
    local,
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
      const { KeyId } = await make(client, {})
      const EncryptionContext = { a: 'b' }
      const sealed = [await seal(client, KeyId, { EncryptionContext })]
      await client('RotateKeyOnDemand', { KeyId })
      sealed.push(await seal(client, KeyId, { EncryptionContext }))
      return { KeyId, EncryptionContext, sealed }
    },
    async (two, state) => {
      const client = clientOf(two)
      await client('RotateKeyOnDemand', { KeyId: state.KeyId })
      return { ...state, sealed: [...state.sealed, await seal(client, state.KeyId, state)] }
    },
    async (three, { EncryptionContext, sealed }) => {
      const client = clientOf(three)
      assert.strictEqual(sealed.length, 3)
      for (const blob of sealed)
        assert.strictEqual(await opened(client, blob, { EncryptionContext }), 'a secret')
      await assertRejects(client('Decrypt', { CiphertextBlob: sealed[0] }), {
        name: 'InvalidCiphertextException',
      })
    },
  )
})

test('imported material opens while every version is there, and again when it came back', async () => {
  const { KeyId, Arn } = await make(kms, { Origin: 'EXTERNAL' })
  const gone = row('KMSInvalidStateException', say.pendingImport(Arn))
  await assertFaults(local, [['Encrypt', { KeyId, Plaintext: base64(Plaintext) }, ...gone]])
  const [first, second] = [randomBytes(32), randomBytes(32)]
  const one = await importInto(kms, KeyId, first)
  const old = await seal(kms, KeyId)
  const two = await importInto(kms, KeyId, second, { ImportType: 'NEW_KEY_MATERIAL' })
  const waiting = await seal(kms, KeyId)
  assert.strictEqual(
    (await kms('Decrypt', { CiphertextBlob: waiting })).KeyMaterialId,
    one.KeyMaterialId,
  )
  await kms('RotateKeyOnDemand', { KeyId })
  const recent = await seal(kms, KeyId)
  assert.deepEqual(
    [
      (await kms('Decrypt', { CiphertextBlob: old })).KeyMaterialId,
      (await kms('Decrypt', { CiphertextBlob: recent })).KeyMaterialId,
    ],
    [one.KeyMaterialId, two.KeyMaterialId],
  )

  await kms('DeleteImportedKeyMaterial', { KeyId, KeyMaterialId: one.KeyMaterialId })
  await refusesToDecrypt(
    local,
    [old, recent].map((blob) => ({ CiphertextBlob: base64(blob) })),
    ...gone,
  )
  await importInto(kms, KeyId, first, {
    KeyMaterialId: one.KeyMaterialId,
    ValidTo: new Date(now + day),
  })
  for (const blob of [old, recent]) assert.strictEqual(await opened(kms, blob), 'a secret')
  now += 2 * day
  await refusesToDecrypt(
    local,
    [old, recent].map((blob) => ({ CiphertextBlob: base64(blob), KeyId })),
    ...gone,
  )
  await importInto(kms, KeyId, first, { KeyMaterialId: one.KeyMaterialId })
  for (const blob of [old, recent]) assert.strictEqual(await opened(kms, blob), 'a secret')
})

test('a multi-Region key opens in each of its Regions what another sealed, and a Region key does not', async () => {
  const there = clientIn(local, eu)
  const { KeyId, Arn } = await make(kms, { MultiRegion: true })
  await kms('ReplicateKey', { KeyId, ReplicaRegion: eu })
  const EncryptionContext = { a: 'b' }
  for (const [from, to] of [
    [kms, there],
    [there, kms],
  ]) {
    const blob = await seal(from, KeyId, { EncryptionContext })
    assert.strictEqual(await opened(to, blob, { EncryptionContext }), 'a secret')
    await kms('RotateKeyOnDemand', { KeyId })
    const { KeyId: arn } = await to('Decrypt', { CiphertextBlob: blob, EncryptionContext, KeyId })
    assert.strictEqual(arn, to === kms ? Arn : Arn.replace(us, eu))
  }
  const mine = await seal(kms, KeyId)
  await kms('DisableKey', { KeyId })
  await assertRejects(kms('Decrypt', { CiphertextBlob: mine }), { name: 'DisabledException' })
  assert.strictEqual(await opened(there, mine), 'a secret')
  const single = await seal(kms, (await make(kms)).KeyId)
  await assertRejects(there('Decrypt', { CiphertextBlob: single }), {
    name: 'AccessDeniedException',
    message: say.hiddenKey,
  })
})

test('a dry run does nothing, and says what would not have succeeded; Decrypt needs a ciphertext that opens, or the key', async () => {
  const { KeyId } = await make(kms)
  const asymmetric = await make(kms, rsa)
  const CiphertextBlob = base64(await seal(kms, KeyId))
  const run = { DryRun: true }
  const permissions = { ...run, DryRunModifiers: ['IGNORE_CIPHERTEXT'] }
  const input = { ...run, KeyId, Plaintext: base64(Plaintext) }
  const oaep = { EncryptionAlgorithm: 'RSAES_OAEP_SHA_1' }
  const tooMuch = {
    ...run,
    KeyId: asymmetric.KeyId,
    Plaintext: base64(Buffer.alloc(191)),
    EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
  }
  const noise = base64(randomBytes(100))
  await assertFaults(local, [
    ...refusedAs('DryRunOperationException', [
      ['Encrypt', input, say.dryRun],
      ['Decrypt', { ...run, CiphertextBlob }, say.dryRun],
      ['Decrypt', { ...permissions, KeyId }, say.dryRun],
      ['Decrypt', { ...permissions, KeyId, CiphertextBlob: noise }, say.dryRun],
      ['Decrypt', { ...permissions, KeyId: asymmetric.KeyId, ...oaep }, say.dryRun],
    ]),
    ...refusedAs('InvalidKeyUsageException', [
      ['Encrypt', { ...input, ...oaep }, say.noAlgorithm('RSAES_OAEP_SHA_1', 'SYMMETRIC_DEFAULT')],
      [
        'Decrypt',
        { ...permissions, KeyId: asymmetric.KeyId },
        say.noAlgorithm('SYMMETRIC_DEFAULT', 'RSA_2048'),
      ],
    ]),
    ...refusedAs('InvalidCiphertextException', [
      ['Decrypt', { ...run, CiphertextBlob, EncryptionContext: { a: 'b' } }, noMessage],
      ['Decrypt', { ...run, KeyId, CiphertextBlob: noise }, noMessage],
    ]),
    ...refusedAs('ValidationException', [
      ['Encrypt', tooMuch, say.tooLong('RSAES_OAEP_SHA_256', 'RSA_2048', 190)],
      ['Decrypt', { ...run, KeyId }, say.isNull('ciphertextBlob')],
      ['Decrypt', { ...run, KeyId, DryRunModifiers: [] }, say.isNull('ciphertextBlob')],
      ['Decrypt', { ...permissions, CiphertextBlob }, say.isNull('keyId')],
      ['Decrypt', { ...permissions, DryRun: false, KeyId }, say.isNull('ciphertextBlob')],
      [
        'Decrypt',
        { ...run, KeyId, CiphertextBlob, DryRunModifiers: ['FOO'] },
        say.must(
          'dryRunModifiers',
          '[FOO]',
          'satisfy constraint: [Member must satisfy enum value set: [IGNORE_CIPHERTEXT]]',
        ),
      ],
    ]),
  ])
  await kms('DisableKey', { KeyId })
  await refusesToDecrypt(
    local,
    [
      { ...run, CiphertextBlob },
      { ...permissions, KeyId },
    ],
    'DisabledException',
    say.disabled(`arn:aws:kms:us-east-1:111122223333:key/${KeyId}`),
  )
})

test('Encrypt and Decrypt are uses of the key; what failed is not', async () => {
  const { KeyId } = await make(kms)
  const last = async () => (await kms('GetKeyLastUsage', { KeyId })).KeyLastUsage.Operation
  const CiphertextBlob = await seal(kms, KeyId)
  assert.strictEqual(await last(), 'Encrypt')
  await failure(kms('Decrypt', { CiphertextBlob, EncryptionContext: { a: 'b' } }))
  await failure(kms('Decrypt', { CiphertextBlob, DryRun: true }))
  assert.strictEqual(await last(), 'Encrypt')
  await opened(kms, CiphertextBlob)
  assert.strictEqual(await last(), 'Decrypt')
})
