// Imported material in several Regions, and what a crash or a server of fewer Regions leaves in the
// folder.
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { assert } from 'chai'
import { assertRejects, clientIn, failure, row } from './helpers.mjs'
import { importInto, states as materialStates } from './importing.mjs'
import {
  all,
  ap,
  arnIn,
  currentIds,
  describe,
  edit,
  eu,
  fileOf,
  inRegion,
  make,
  replicate,
  serveEachTest,
  states,
  us,
  world,
} from './regions.mjs'

serveEachTest()

test('imported material comes to each Region by itself, and new material is used when it is in all of them', async () => {
  const KeyId = await make({ Origin: 'EXTERNAL' })
  await replicate(KeyId, eu)
  const bring = (region, material, more = {}) => importInto(inRegion(region), KeyId, material, more)
  const listed = (region) => materialStates(inRegion(region), KeyId)
  const [first, second] = [randomBytes(32), randomBytes(32)]
  await assertRejects(bring(eu, first), { name: 'IncorrectKeyMaterialException' })
  const { KeyMaterialId } = await bring(us, first)
  assert.deepEqual(await states(KeyId, [us, eu]), ['Enabled', 'PendingImport'])
  await assertRejects(bring(eu, second), { name: 'IncorrectKeyMaterialException' })
  assert.strictEqual((await bring(eu, first)).KeyMaterialId, KeyMaterialId)
  assert.deepEqual(await states(KeyId, [us, eu]), ['Enabled', 'Enabled'])

  await bring(us, second, { ImportType: 'NEW_KEY_MATERIAL' })
  assert.deepEqual(
    [await listed(us), await listed(eu)],
    [
      ['CURRENT IMPORTED', 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION IMPORTED'],
      ['CURRENT IMPORTED', 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION PENDING_IMPORT'],
    ],
  )
  assert.deepEqual(await states(KeyId, [us, eu]), ['Enabled', 'Enabled'])
  await assertRejects(inRegion(us)('RotateKeyOnDemand', { KeyId }), {
    name: 'KMSInvalidStateException',
  })
  await bring(eu, second)
  assert.deepEqual(await listed(us), ['CURRENT IMPORTED', 'PENDING_ROTATION IMPORTED'])
  await inRegion(us)('RotateKeyOnDemand', { KeyId })
  await world.restart()
  for (const region of [us, eu])
    assert.deepEqual(await listed(region), ['NON_CURRENT IMPORTED', 'CURRENT IMPORTED'])
  const [one, two] = await currentIds(KeyId)
  assert.deepEqual([one, one === KeyMaterialId], [two, false])
  await inRegion(eu)('DeleteImportedKeyMaterial', { KeyId })
  assert.deepEqual(await states(KeyId, [us, eu]), ['Enabled', 'PendingImport'])

  await replicate(KeyId, ap)
  assert.deepEqual(await states(KeyId, [ap]), ['PendingImport'])
  for (const material of [first, second]) await bring(ap, material)
  assert.deepEqual(await states(KeyId, [ap]), ['Enabled'])
})

test('what a crash between two Regions left is made good at the next start', async () => {
  const KeyId = await make()
  await replicate(KeyId, eu)
  await replicate(KeyId, ap)
  const first = Object.fromEntries(
    all.map((region) => [region, readFileSync(fileOf(region, KeyId))]),
  )
  await inRegion(us)('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
  await inRegion(us)('RotateKeyOnDemand', { KeyId })
  await world.local.close()
  writeFileSync(fileOf(ap, KeyId), first[ap])
  await world.open()
  assert.strictEqual(new Set(await currentIds(KeyId, all)).size, 1)
  assert.strictEqual(
    (await inRegion(ap)('GetKeyRotationStatus', { KeyId })).KeyRotationEnabled,
    true,
  )

  const rotated = Object.fromEntries(
    all.map((region) => [region, readFileSync(fileOf(region, KeyId))]),
  )
  await inRegion(us)('UpdatePrimaryRegion', { KeyId, PrimaryRegion: eu })
  await world.local.close()
  for (const region of [eu, ap]) writeFileSync(fileOf(region, KeyId), rotated[region])
  await world.open()
  const types = await Promise.all(
    all.map(async (region) => (await describe(region, KeyId)).MultiRegionConfiguration),
  )
  assert.strictEqual(
    types.filter(({ MultiRegionKeyType }) => MultiRegionKeyType === 'PRIMARY').length,
    1,
  )
  assert.strictEqual(new Set(types.map(({ PrimaryKey }) => PrimaryKey.Region)).size, 1)
  const { Region } = types[0].PrimaryKey
  await inRegion(Region)('RotateKeyOnDemand', { KeyId })
  assert.strictEqual(new Set(await currentIds(KeyId, all)).size, 1)
})

test('a crash while the primary moves leaves one primary, the same for all Regions', async () => {
  // The records in which it may have stopped, of us, eu and ap: who each says is primary.
  for (const [records, expected] of [
    row([eu, us, us], eu),
    row([eu, eu, us], eu),
    row([us, eu, us], eu),
    row([ap, us, us], ap),
  ]) {
    const KeyId = await make()
    await replicate(KeyId, eu)
    await replicate(KeyId, ap)
    await world.local.close()
    for (const [i, region] of all.entries())
      await edit(region, KeyId, (record) => {
        record.primaryRegion = records[i]
      })
    await world.open()
    const configurations = await Promise.all(
      all.map(async (region) => (await describe(region, KeyId)).MultiRegionConfiguration),
    )
    const primaries = configurations.map(({ PrimaryKey }) => PrimaryKey.Region)
    assert.deepEqual(primaries, Array(3).fill(expected), records.join())
    await inRegion(primaries[0])('RotateKeyOnDemand', { KeyId })
    assert.strictEqual(new Set(await currentIds(KeyId, all)).size, 1)
    const types = configurations.map(({ MultiRegionKeyType }) => MultiRegionKeyType)
    assert.strictEqual(types.filter((type) => type === 'PRIMARY').length, 1)
  }
})

test('Regions of the folder that a server does not serve keep their share of its changes', async () => {
  const KeyId = await make()
  await replicate(KeyId, eu)
  await world.local.close()
  await world.open({})
  const first = (await describe(us, KeyId)).CurrentKeyMaterialId
  await inRegion(us)('RotateKeyOnDemand', { KeyId })
  assert.strictEqual(
    (await inRegion(us)('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })).KeyState,
    'PendingReplicaDeletion',
  )
  await inRegion(us)('CancelKeyDeletion', { KeyId })
  await assertRejects(inRegion(us)('ReplicateKey', { KeyId, ReplicaRegion: eu }), {
    message: `${arnIn(us, KeyId)} is disabled.`,
  })
  await inRegion(us)('EnableKey', { KeyId })
  assert.match(
    (await failure(inRegion(us)('ReplicateKey', { KeyId, ReplicaRegion: eu }))).message,
    /is not a Region of this server/,
  )
  const there = await failure(clientIn(world.local, eu)('DescribeKey', { KeyId }))
  assert.notStrictEqual(there.name, 'NotFoundException')
  await world.restart()
  const [one, two] = await currentIds(KeyId)
  assert.deepEqual([one === two, one === first], [true, false])
})
