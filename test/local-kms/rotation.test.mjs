import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import {
  acrossRestarts,
  assertFaults,
  clientOf,
  noMessage,
  pages,
  raw,
  row,
  said,
} from './helpers.mjs'
import * as say from './messages.mjs'
import { refusedAs } from './messages.mjs'

const day = 86_400_000
const start = 1_700_000_000_000
let now = start
/** @type {import('sealdrop/local-kms').LocalKms} */
let local
/** @type {import('./types.d.ts').Client} */
let kms
before(async () => {
  local = await startLocalKms({ now: () => now })
  kms = clientOf(local)
})
after(() => local.close())

const make = async (more = {}, client = kms) => (await client('CreateKey', more)).KeyMetadata
const describe = async (KeyId, client = kms) => (await client('DescribeKey', { KeyId })).KeyMetadata
const status = async (KeyId, client = kms) => said(await client('GetKeyRotationStatus', { KeyId }))
const rotations = async (KeyId, more = {}, client = kms) =>
  (await client('ListKeyRotations', { KeyId, ...more })).Rotations
const arnOf = (id) => `arn:aws:kms:us-east-1:111122223333:key/${id}`
const on = (id, days, next) => ({
  KeyId: arnOf(id),
  KeyRotationEnabled: true,
  RotationPeriodInDays: days,
  NextRotationDate: new Date(next),
})
const off = (id) => ({ KeyId: arnOf(id), KeyRotationEnabled: false })

test('rotation is off at first; on with its period it says when the next one is; and off again', async () => {
  const { KeyId } = await make()
  assert.deepEqual(await status(KeyId), off(KeyId))
  assert.strictEqual(
    (await raw(local, { operation: 'EnableKeyRotation', body: { KeyId } })).text,
    '',
  )
  assert.deepEqual(await status(KeyId), on(KeyId, 365, now + 365 * day))
  await kms('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
  assert.deepEqual(await status(KeyId), on(KeyId, 90, now + 90 * day))
  const first = now
  now += 10 * day
  await kms('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
  assert.deepEqual(await status(KeyId), on(KeyId, 90, first + 90 * day))
  await kms('EnableKeyRotation', { KeyId, RotationPeriodInDays: 2560 })
  assert.deepEqual(await status(KeyId), on(KeyId, 2560, now + 2560 * day))
  assert.strictEqual(
    (await raw(local, { operation: 'DisableKeyRotation', body: { KeyId } })).text,
    '',
  )
  assert.deepEqual(await status(KeyId), off(KeyId))
})

test('when its time has come a key is rotated at its date, and not a moment before, also while nothing ran', async () => {
  now = start
  await acrossRestarts(
    { now: () => now },
    async (one) => {
      const { KeyId, CurrentKeyMaterialId } = await make({}, clientOf(one))
      await clientOf(one)('EnableKeyRotation', { KeyId, RotationPeriodInDays: 100 })
      now = start + 100 * day - 1
      assert.strictEqual(
        (await describe(KeyId, clientOf(one))).CurrentKeyMaterialId,
        CurrentKeyMaterialId,
      )
      now += 1
      const second = (await describe(KeyId, clientOf(one))).CurrentKeyMaterialId
      assert.notStrictEqual(second, CurrentKeyMaterialId)
      assert.deepEqual(await status(KeyId, clientOf(one)), on(KeyId, 100, start + 200 * day))
      now = start + 350 * day
      return { KeyId, ids: [CurrentKeyMaterialId, second] }
    },
    async (two, { KeyId, ids }) => {
      const all = await rotations(KeyId, { IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }, clientOf(two))
      assert.deepEqual(
        all.map(({ RotationDate, RotationType }) => [RotationDate?.getTime(), RotationType]),
        [
          [undefined, undefined],
          ...[100, 200, 300].map((days) => [start + days * day, 'AUTOMATIC']),
        ],
      )
      assert.deepEqual(
        all.slice(0, 2).map(({ KeyMaterialId }) => KeyMaterialId),
        ids,
      )
      assert.strictEqual(new Set(all.map(({ KeyMaterialId }) => KeyMaterialId)).size, 4)
      assert.strictEqual(
        (await describe(KeyId, clientOf(two))).CurrentKeyMaterialId,
        all[3].KeyMaterialId,
      )
      assert.deepEqual(await status(KeyId, clientOf(two)), on(KeyId, 100, start + 400 * day))
      return { KeyId, all }
    },
    async (three, { KeyId, all }) => {
      assert.deepEqual(
        await rotations(KeyId, { IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }, clientOf(three)),
        all,
      )
    },
  )
})

test('a disabled key is not rotated, and once enabled it is rotated at once and only once', async () => {
  now = start
  const { KeyId, CurrentKeyMaterialId } = await make()
  await kms('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
  await kms('DisableKey', { KeyId })
  now += 1000 * day
  assert.deepEqual(await rotations(KeyId), [])
  assert.strictEqual((await status(KeyId)).KeyRotationEnabled, true)
  await kms('EnableKey', { KeyId })
  now += 1
  assert.notStrictEqual((await describe(KeyId)).CurrentKeyMaterialId, CurrentKeyMaterialId)
  assert.deepEqual(
    (await rotations(KeyId)).map(({ RotationDate }) => RotationDate.getTime()),
    [start + 1000 * day],
  )
  assert.deepEqual(await status(KeyId), on(KeyId, 90, start + 1090 * day))
})

test('while deletion is pending rotation is off, and it comes back when that is cancelled', async () => {
  now = start
  const { KeyId } = await make()
  await kms('EnableKeyRotation', { KeyId })
  await kms('ScheduleKeyDeletion', { KeyId })
  assert.deepEqual(await status(KeyId), off(KeyId))
  await kms('CancelKeyDeletion', { KeyId })
  assert.deepEqual(await status(KeyId), on(KeyId, 365, start + 365 * day))
})

test('on demand a key is rotated 25 times, whatever its schedule, which stays', async () => {
  now = start
  const { KeyId, Arn, CurrentKeyMaterialId } = await make()
  await kms('EnableKeyRotation', { KeyId })
  const ids = [CurrentKeyMaterialId]
  for (let i = 0; i < 25; i++) {
    now += 1000
    assert.strictEqual((await kms('RotateKeyOnDemand', { KeyId })).KeyId, Arn)
    ids.push((await describe(KeyId)).CurrentKeyMaterialId)
  }
  assert.strictEqual(new Set(ids).size, 26)
  await assertFaults(local, [
    [
      'RotateKeyOnDemand',
      { KeyId },
      'LimitExceededException',
      'The on-demand rotations limit has been reached for the given keyId. No more on-demand ' +
        `rotations can be performed for this key: ${Arn}`,
    ],
  ])
  assert.deepEqual(await status(KeyId), on(KeyId, 365, start + 365 * day))
  const listed = await rotations(KeyId)
  assert.deepEqual(listed[0], {
    KeyId,
    KeyMaterialId: ids[1],
    KeyMaterialState: 'NON_CURRENT',
    RotationDate: new Date(start + 1000),
    RotationType: 'ON_DEMAND',
  })
  assert.deepEqual(
    listed.map(({ KeyMaterialId }) => KeyMaterialId),
    ids.slice(1),
  )
  assert.deepEqual(
    listed.map(({ KeyMaterialState }) => KeyMaterialState),
    [...Array(24).fill('NON_CURRENT'), 'CURRENT'],
  )
  now = start + 365 * day
  assert.deepEqual((await rotations(KeyId)).at(-1)?.RotationType, 'AUTOMATIC')
})

test('rotations at once are all done, none of them lost', async () => {
  const { KeyId } = await make()
  await Promise.all(Array.from({ length: 10 }, () => kms('RotateKeyOnDemand', { KeyId })))
  assert.strictEqual((await rotations(KeyId)).length, 10)
})

test('pages of rotations hold every one once, in their order', async () => {
  const { KeyId } = await make()
  for (let i = 0; i < 11; i++) await kms('RotateKeyOnDemand', { KeyId })
  const IncludeKeyMaterial = 'ALL_KEY_MATERIAL'
  const input = { KeyId, Limit: 3, IncludeKeyMaterial }
  const found = (await pages(kms, 'ListKeyRotations', input)).flatMap(({ Rotations }) => Rotations)
  assert.deepEqual(found, await rotations(KeyId, { IncludeKeyMaterial }))
  assert.strictEqual(found.length, 12)
})

test('keys that cannot be rotated say so, state before kind', async () => {
  const kinds = [
    { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' },
    { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' },
    { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' },
  ]
  const unsupported = ['EnableKeyRotation', 'RotateKeyOnDemand', 'ListKeyRotations']
  const changes = ['EnableKeyRotation', 'DisableKeyRotation', 'RotateKeyOnDemand']
  const each = (operations, KeyId, error, message) =>
    assertFaults(
      local,
      operations.map((operation) => row(operation, { KeyId }, error, message)),
    )
  for (const kind of kinds) {
    const { KeyId, Arn } = await make(kind)
    await each(unsupported, KeyId, 'UnsupportedOperationException', noMessage)
    await kms('DisableKeyRotation', { KeyId }) // nothing to do, and no error
    assert.deepEqual(await status(KeyId), off(KeyId))
    await kms('DisableKey', { KeyId })
    await each(changes, KeyId, 'DisabledException', say.disabled(Arn))
    await kms('ScheduleKeyDeletion', { KeyId })
    await each(changes, KeyId, 'KMSInvalidStateException', say.pendingDeletion(Arn))
  }
  const { KeyId, Arn } = await make({ Origin: 'EXTERNAL' })
  const origin = `${Arn} origin is EXTERNAL which is not valid for this operation.`
  const bound = (days, rule) =>
    row(
      'EnableKeyRotation',
      { KeyId, RotationPeriodInDays: days },
      say.must('rotationPeriodInDays', days, `have value ${rule}`),
    )
  await assertFaults(local, [
    ...refusedAs('UnsupportedOperationException', [
      ['EnableKeyRotation', { KeyId }, origin],
      ['DisableKeyRotation', { KeyId }, origin],
    ]),
    ...refusedAs('KMSInvalidStateException', [
      ['RotateKeyOnDemand', { KeyId }, say.pendingImport(Arn)],
    ]),
    ...refusedAs('ValidationException', [
      bound(89, 'greater than or equal to 90'),
      bound(2561, 'less than or equal to 2560'),
      [
        'ListKeyRotations',
        { KeyId, IncludeKeyMaterial: 'SOME' },
        say.enumerated('includeKeyMaterial', 'SOME', 'ALL_KEY_MATERIAL, ROTATIONS_ONLY'),
      ],
    ]),
    ...refusedAs(
      'InvalidArnException',
      [...changes, 'GetKeyRotationStatus', 'ListKeyRotations'].map((operation) =>
        row(operation, { KeyId: 'alias/x' }, say.noAliases),
      ),
    ),
  ])
})
