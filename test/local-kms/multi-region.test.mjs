import { constants, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import { assertFaults, clientIn, failure, raw, wireHeaders } from './helpers.mjs'

const day = 86_400_000
const start = 1_700_000_000_000
const [us, eu, ap] = ['us-east-1', 'eu-west-1', 'ap-southeast-2']
const signing = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }
const arnIn = (region, KeyId) => `arn:aws:kms:${region}:111122223333:key/${KeyId}`

let now, dir, local, kms
const open = async () => {
  local = await startLocalKms({ dir, regions: [eu, ap, 'us-gov-west-1'], now: () => now })
  kms = Object.fromEntries([us, eu, ap].map((region) => [region, clientIn(local, region)]))
}
const restart = async () => {
  await local.close()
  await open()
}
beforeEach(async () => {
  now = start
  dir = mkdtempSync(join(tmpdir(), 'sealdrop-kms-'))
  await open()
})
afterEach(async () => {
  await local.close()
  rmSync(dir, { recursive: true, force: true })
})

const make = async (more = {}) =>
  (await kms[us]('CreateKey', { MultiRegion: true, ...more })).KeyMetadata.KeyId
const replicate = (KeyId, ReplicaRegion, more = {}) =>
  kms[us]('ReplicateKey', { KeyId, ReplicaRegion, ...more })
const describe = async (region, KeyId) => (await kms[region]('DescribeKey', { KeyId })).KeyMetadata
const states = async (KeyId, regions = [us, eu, ap]) =>
  Promise.all(regions.map(async (region) => (await describe(region, KeyId)).KeyState))
const currentIds = async (KeyId, regions = [us, eu]) =>
  Promise.all(regions.map(async (region) => (await describe(region, KeyId)).CurrentKeyMaterialId))
const gone = async (region, KeyId) =>
  assert.strictEqual(
    (await failure(kms[region]('DescribeKey', { KeyId }))).message,
    `Key '${arnIn(region, KeyId)}' does not exist`,
  )

test('a multi-Region key has an mrk id and is the primary of no replicas', async () => {
  const KeyId = await make()
  assert.match(KeyId, /^mrk-[0-9a-f]{32}$/)
  const { MultiRegion, MultiRegionConfiguration } = await describe(us, KeyId)
  assert.deepEqual(
    [MultiRegion, MultiRegionConfiguration],
    [
      true,
      {
        MultiRegionKeyType: 'PRIMARY',
        PrimaryKey: { Arn: arnIn(us, KeyId), Region: us },
        ReplicaKeys: [],
      },
    ],
  )
  await gone(eu, KeyId)
})

test('a replica shares id and material and has policy, description, tags, aliases, grants and state of its own', async () => {
  const KeyId = await make({
    ...signing,
    Description: 'primary',
    Tags: [{ TagKey: 'a', TagValue: '1' }],
  })
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::111122223333:root' },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  })
  const Tags = [{ TagKey: 'b', TagValue: '2' }]
  const { ReplicaKeyMetadata, ReplicaPolicy, ReplicaTags } = await replicate(KeyId, eu, {
    Description: 'replica',
    Tags,
    Policy,
  })
  assert.deepEqual([ReplicaPolicy, ReplicaTags], [Policy, Tags])
  const replicas = {
    PrimaryKey: { Arn: arnIn(us, KeyId), Region: us },
    ReplicaKeys: [{ Arn: arnIn(eu, KeyId), Region: eu }],
  }
  const { Arn, Description, KeyState, Enabled, MultiRegionConfiguration, SigningAlgorithms } =
    ReplicaKeyMetadata
  assert.deepEqual(
    [Arn, Description, KeyState, Enabled, SigningAlgorithms],
    [arnIn(eu, KeyId), 'replica', 'Creating', false, ['ECDSA_SHA_256']],
  )
  assert.deepEqual(MultiRegionConfiguration, { MultiRegionKeyType: 'REPLICA', ...replicas })
  assert.deepEqual((await describe(us, KeyId)).MultiRegionConfiguration, {
    MultiRegionKeyType: 'PRIMARY',
    ...replicas,
  })

  await kms[us]('CreateGrant', {
    KeyId,
    GranteePrincipal: 'arn:aws:iam::111122223333:root',
    Operations: ['Sign'],
  })
  await restart()
  assert.deepEqual((await kms[eu]('ListGrants', { KeyId })).Grants, [])
  assert.deepEqual((await kms[eu]('ListResourceTags', { KeyId })).Tags, Tags)
  assert.strictEqual((await kms[eu]('GetKeyPolicy', { KeyId })).Policy, Policy)
  const [one, two] = await Promise.all(
    [us, eu].map((region) => kms[region]('GetPublicKey', { KeyId })),
  )
  assert.deepEqual(one.PublicKey, two.PublicKey)
  const message = { KeyId, Message: Buffer.from('x'), SigningAlgorithm: 'ECDSA_SHA_256' }
  const { Signature } = await kms[us]('Sign', message)
  assert.ok((await kms[eu]('Verify', { ...message, Signature })).SignatureValid)
  await kms[us]('DisableKey', { KeyId })
  assert.deepEqual(await states(KeyId, [us, eu]), ['Disabled', 'Enabled'])
  assert.strictEqual((await kms[eu]('Sign', message)).KeyId, arnIn(eu, KeyId))
})

test('without more a replica has no description, no tags and the default policy', async () => {
  const KeyId = await make({ Description: 'primary', Tags: [{ TagKey: 'a', TagValue: '1' }] })
  const { ReplicaKeyMetadata, ReplicaPolicy, ReplicaTags } = await replicate(KeyId, eu)
  assert.deepEqual(
    [
      ReplicaKeyMetadata.Description,
      JSON.parse(ReplicaPolicy).Id,
      ReplicaTags,
      ReplicaKeyMetadata.CurrentKeyMaterialId,
    ],
    ['', 'key-default-1', undefined, undefined],
  )
  const [one, two] = await currentIds(KeyId)
  assert.match(one, /^[0-9a-f]{64}$/)
  assert.strictEqual(one, two)
})

test('replicas that cannot be are refused, and of two at once one is made', async () => {
  const KeyId = await make()
  const single = (await kms[us]('CreateKey')).KeyMetadata.KeyId
  const race = await Promise.allSettled([replicate(KeyId, eu), replicate(KeyId, eu)])
  assert.deepEqual(race.map(({ reason }) => reason?.name ?? 'made').sort(), [
    'AlreadyExistsException',
    'made',
  ])
  const off = await make()
  await kms[us]('DisableKey', { KeyId: off })
  const leaving = await make()
  await kms[us]('ScheduleKeyDeletion', { KeyId: leaving })
  await assertFaults(local, [
    [
      'ReplicateKey',
      { KeyId, ReplicaRegion: us },
      'ValidationException',
      `${us} is the Region of the key itself: name another one.`,
    ],
    [
      'ReplicateKey',
      { KeyId, ReplicaRegion: 'eu-north-1' },
      'ValidationException',
      `eu-north-1 is not a Region of this server that the key can be in. It can be in ${eu}, ${ap}.`,
    ],
    [
      'ReplicateKey',
      { KeyId, ReplicaRegion: 'us-gov-west-1' },
      'ValidationException',
      `us-gov-west-1 is not a Region of this server that the key can be in. It can be in ${eu}, ${ap}.`,
    ],
    [
      'ReplicateKey',
      { KeyId, ReplicaRegion: '__proto__' },
      'ValidationException',
      "1 validation error detected: Value '__proto__' at 'replicaRegion' failed to satisfy constraint: Member must satisfy regular expression pattern: ^([a-z]+-){2,3}\\d+$",
    ],
    [
      'ReplicateKey',
      { KeyId: single, ReplicaRegion: eu },
      'UnsupportedOperationException',
      `${arnIn(us, single)} is not a multi-region primary key.`,
    ],
    [
      'ReplicateKey',
      { KeyId: off, ReplicaRegion: eu },
      'DisabledException',
      `${arnIn(us, off)} is disabled.`,
    ],
    [
      'ReplicateKey',
      { KeyId: leaving, ReplicaRegion: eu },
      'KMSInvalidStateException',
      `${arnIn(us, leaving)} is pending deletion.`,
    ],
    [
      'ReplicateKey',
      { KeyId, ReplicaRegion: ap, Policy: '{' },
      'MalformedPolicyDocumentException',
      'policy: expected JSON',
    ],
    [
      'ReplicateKey',
      { KeyId, ReplicaRegion: ap, Tags: [{ TagKey: 'aws:a', TagValue: '' }] },
      'TagException',
      'Tags beginning with aws: are reserved',
    ],
    [
      'UpdatePrimaryRegion',
      { KeyId, PrimaryRegion: us },
      'ValidationException',
      `${us} is the Region of the key itself: name another one.`,
    ],
    [
      'UpdatePrimaryRegion',
      { KeyId, PrimaryRegion: ap },
      'NotFoundException',
      `Key '${arnIn(ap, KeyId)}' does not exist`,
    ],
    [
      'UpdatePrimaryRegion',
      { KeyId: single, PrimaryRegion: eu },
      'UnsupportedOperationException',
      `${arnIn(us, single)} is not a multi-region primary key.`,
    ],
  ])
  assert.strictEqual(
    (await failure(kms[eu]('ReplicateKey', { KeyId, ReplicaRegion: ap }))).message,
    `${arnIn(eu, KeyId)} is not a multi-region primary key.`,
  )
  await gone(ap, KeyId)
})

test('rotation is one for all Regions, and is changed at the primary', async () => {
  const KeyId = await make()
  await replicate(KeyId, eu)
  await kms[us]('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
  const [first] = await currentIds(KeyId)
  now += 90 * day
  const [automatic, same] = await currentIds(KeyId)
  assert.notStrictEqual(automatic, first)
  assert.strictEqual(same, automatic)
  await kms[us]('RotateKeyOnDemand', { KeyId })
  await replicate(KeyId, ap)
  await restart()
  assert.strictEqual(new Set(await currentIds(KeyId, [us, eu, ap])).size, 1)
  for (const region of [eu, ap]) {
    assert.strictEqual((await kms[region]('ListKeyRotations', { KeyId })).Rotations.length, 2)
    assert.deepEqual(
      (await kms[region]('GetKeyRotationStatus', { KeyId })).NextRotationDate,
      new Date(start + 180 * day),
    )
    for (const operation of ['EnableKeyRotation', 'DisableKeyRotation', 'RotateKeyOnDemand'])
      assert.strictEqual(
        (await failure(kms[region](operation, { KeyId }))).name,
        'UnsupportedOperationException',
      )
  }
  await kms[us]('DisableKeyRotation', { KeyId })
  assert.strictEqual((await kms[eu]('GetKeyRotationStatus', { KeyId })).KeyRotationEnabled, false)
})

test('another Region becomes primary, with the rotation', async () => {
  const KeyId = await make()
  await replicate(KeyId, eu)
  await replicate(KeyId, ap)
  await kms[us]('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
  const { status, text } = await raw(local, {
    operation: 'UpdatePrimaryRegion',
    body: { KeyId, PrimaryRegion: eu },
  })
  assert.deepEqual([status, text], [200, ''])
  await restart()
  const entry = (region) => ({ Arn: arnIn(region, KeyId), Region: region })
  for (const region of [us, eu, ap]) {
    assert.deepEqual((await describe(region, KeyId)).MultiRegionConfiguration, {
      MultiRegionKeyType: region === eu ? 'PRIMARY' : 'REPLICA',
      PrimaryKey: entry(eu),
      ReplicaKeys: [entry(ap), entry(us)],
    })
  }
  now += 90 * day
  assert.strictEqual((await kms[us]('ListKeyRotations', { KeyId })).Rotations.length, 1)
  assert.strictEqual(
    (await failure(kms[us]('RotateKeyOnDemand', { KeyId }))).name,
    'UnsupportedOperationException',
  )
  await kms[eu]('RotateKeyOnDemand', { KeyId })
  assert.strictEqual(new Set(await currentIds(KeyId, [us, eu, ap])).size, 1)
  await kms[us]('DisableKey', { KeyId })
  assert.strictEqual(
    (await failure(kms[eu]('UpdatePrimaryRegion', { KeyId, PrimaryRegion: us }))).message,
    `${arnIn(us, KeyId)} is disabled.`,
  )
})

test('a primary waits for its replicas to be deleted, and its own waiting period begins when the last is gone', async () => {
  const KeyId = await make()
  await replicate(KeyId, eu)
  await replicate(KeyId, ap)
  const answer = await kms[us]('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
  assert.deepEqual(
    [answer.KeyState, answer.PendingWindowInDays, answer.DeletionDate],
    ['PendingReplicaDeletion', 7, undefined],
  )
  const { PendingDeletionWindowInDays, DeletionDate } = await describe(us, KeyId)
  assert.deepEqual([PendingDeletionWindowInDays, DeletionDate], [7, undefined])
  const waiting = `${arnIn(us, KeyId)} is pending replica deletion.`
  for (const operation of ['EnableKey', 'ScheduleKeyDeletion', 'RotateKeyOnDemand'])
    assert.strictEqual((await failure(kms[us](operation, { KeyId }))).message, waiting)
  now += 100 * day
  assert.deepEqual(await states(KeyId), ['PendingReplicaDeletion', 'Enabled', 'Enabled'])
  await kms[eu]('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 8 })
  await kms[ap]('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 10 })
  now += 8 * day
  await gone(eu, KeyId)
  assert.deepEqual(await states(KeyId, [us, ap]), ['PendingReplicaDeletion', 'PendingDeletion'])
  now += 3 * day
  await restart()
  await gone(ap, KeyId)
  const last = await describe(us, KeyId)
  assert.deepEqual(
    [last.KeyState, last.PendingDeletionWindowInDays, last.DeletionDate.getTime()],
    ['PendingDeletion', undefined, start + 117 * day],
  )
  now = start + 117 * day
  await gone(us, KeyId)
})

test('when all the time passed while nothing ran, replicas and then the primary are gone', async () => {
  const KeyId = await make()
  await replicate(KeyId, eu)
  await kms[eu]('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
  await kms[us]('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
  now += 14 * day
  await restart()
  for (const region of [us, eu]) await gone(region, KeyId)
})

test('a waiting primary can be kept, and a replica can be deleted without it', async () => {
  const KeyId = await make()
  await replicate(KeyId, eu)
  await kms[us]('ScheduleKeyDeletion', { KeyId })
  await kms[us]('CancelKeyDeletion', { KeyId })
  assert.deepEqual(await states(KeyId, [us, eu]), ['Disabled', 'Enabled'])
  await kms[eu]('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
  now += 7 * day
  await gone(eu, KeyId)
  assert.deepEqual((await describe(us, KeyId)).MultiRegionConfiguration.ReplicaKeys, [])
  await kms[us]('EnableKey', { KeyId })
  await replicate(KeyId, eu)
  assert.deepEqual(await states(KeyId, [us, eu]), ['Enabled', 'Enabled'])
})

test('imported material comes to each Region by itself, and new material is used when it is in all of them', async () => {
  const KeyId = await make({ Origin: 'EXTERNAL' })
  await replicate(KeyId, eu)
  const importInto = async (region, material, ImportType) => {
    const { PublicKey, ImportToken } = await kms[region]('GetParametersForImport', {
      KeyId,
      WrappingAlgorithm: 'RSAES_OAEP_SHA_256',
      WrappingKeySpec: 'RSA_2048',
    })
    const key = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' })
    const EncryptedKeyMaterial = publicEncrypt(
      { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
      material,
    )
    return kms[region]('ImportKeyMaterial', {
      KeyId,
      ImportToken,
      EncryptedKeyMaterial,
      ImportType,
      ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
    })
  }
  const listed = async (region) =>
    (
      await kms[region]('ListKeyRotations', { KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' })
    ).Rotations.map(({ KeyMaterialState, ImportState }) => `${KeyMaterialState} ${ImportState}`)
  const [first, second] = [randomBytes(32), randomBytes(32)]
  assert.strictEqual((await failure(importInto(eu, first))).name, 'IncorrectKeyMaterialException')
  const { KeyMaterialId } = await importInto(us, first)
  assert.deepEqual(await states(KeyId, [us, eu]), ['Enabled', 'PendingImport'])
  assert.strictEqual((await failure(importInto(eu, second))).name, 'IncorrectKeyMaterialException')
  assert.strictEqual((await importInto(eu, first)).KeyMaterialId, KeyMaterialId)
  assert.deepEqual(await states(KeyId, [us, eu]), ['Enabled', 'Enabled'])

  await importInto(us, second, 'NEW_KEY_MATERIAL')
  assert.deepEqual(
    [await listed(us), await listed(eu)],
    [
      ['CURRENT IMPORTED', 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION IMPORTED'],
      ['CURRENT IMPORTED', 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION PENDING_IMPORT'],
    ],
  )
  assert.deepEqual(await states(KeyId, [us, eu]), ['Enabled', 'Enabled'])
  assert.strictEqual(
    (await failure(kms[us]('RotateKeyOnDemand', { KeyId }))).name,
    'KMSInvalidStateException',
  )
  await importInto(eu, second)
  assert.deepEqual(await listed(us), ['CURRENT IMPORTED', 'PENDING_ROTATION IMPORTED'])
  await kms[us]('RotateKeyOnDemand', { KeyId })
  await restart()
  for (const region of [us, eu])
    assert.deepEqual(await listed(region), ['NON_CURRENT IMPORTED', 'CURRENT IMPORTED'])
  const [one, two] = await currentIds(KeyId)
  assert.deepEqual([one, one === KeyMaterialId], [two, false])
  await kms[eu]('DeleteImportedKeyMaterial', { KeyId })
  assert.deepEqual(await states(KeyId, [us, eu]), ['Enabled', 'PendingImport'])

  await replicate(KeyId, ap)
  assert.deepEqual(await states(KeyId, [ap]), ['PendingImport'])
  for (const material of [first, second]) await importInto(ap, material)
  assert.deepEqual(await states(KeyId, [ap]), ['Enabled'])
})

test('what a crash between two Regions left is made good at the next start', async () => {
  const KeyId = await make()
  await replicate(KeyId, eu)
  await replicate(KeyId, ap)
  const file = (region) => join(dir, region, `${KeyId}.json`)
  const before = Object.fromEntries(
    [us, eu, ap].map((region) => [region, readFileSync(file(region))]),
  )
  await kms[us]('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
  await kms[us]('RotateKeyOnDemand', { KeyId })
  await local.close()
  writeFileSync(file(ap), before[ap])
  await open()
  assert.strictEqual(new Set(await currentIds(KeyId, [us, eu, ap])).size, 1)
  assert.strictEqual((await kms[ap]('GetKeyRotationStatus', { KeyId })).KeyRotationEnabled, true)

  const rotated = Object.fromEntries(
    [us, eu, ap].map((region) => [region, readFileSync(file(region))]),
  )
  await kms[us]('UpdatePrimaryRegion', { KeyId, PrimaryRegion: eu })
  await local.close()
  for (const region of [eu, ap]) writeFileSync(file(region), rotated[region])
  await open()
  const types = await Promise.all(
    [us, eu, ap].map(async (region) => (await describe(region, KeyId)).MultiRegionConfiguration),
  )
  assert.strictEqual(
    types.filter(({ MultiRegionKeyType }) => MultiRegionKeyType === 'PRIMARY').length,
    1,
  )
  assert.strictEqual(new Set(types.map(({ PrimaryKey }) => PrimaryKey.Region)).size, 1)
  const { Region } = types[0].PrimaryKey
  await kms[Region]('RotateKeyOnDemand', { KeyId })
  assert.strictEqual(new Set(await currentIds(KeyId, [us, eu, ap])).size, 1)
})

test('a Region that the server does not have answers nothing for a key of another one', async () => {
  const KeyId = await make()
  const { json } = await raw(local, {
    operation: 'DescribeKey',
    body: { KeyId },
    headers: wireHeaders('eu-north-1'),
  })
  assert.strictEqual(json().__type, 'InvalidSignatureException')
})

/** What a crash left on the disk: the record of a key in a Region, changed while no server runs. */
const edit = async (region, KeyId, change) => {
  await local.close()
  const path = join(dir, region, `${KeyId}.json`)
  const record = JSON.parse(readFileSync(path, 'utf8'))
  change(record)
  writeFileSync(path, JSON.stringify(record))
}

test('a crash while the primary moves leaves one primary, the same for all Regions', async () => {
  // The records in which it may have stopped, of us, eu and ap: who each says is primary.
  for (const [records, expected] of [
    [[eu, us, us], eu],
    [[eu, eu, us], eu],
    [[us, eu, us], eu],
    [[ap, us, us], ap],
  ]) {
    const KeyId = await make()
    await replicate(KeyId, eu)
    await replicate(KeyId, ap)
    await local.close()
    for (const [i, region] of [us, eu, ap].entries())
      await edit(region, KeyId, (record) => {
        record.primaryRegion = records[i]
      })
    await open()
    const primaries = await Promise.all(
      [us, eu, ap].map(
        async (region) =>
          (await describe(region, KeyId)).MultiRegionConfiguration.PrimaryKey.Region,
      ),
    )
    assert.deepEqual(primaries, Array(3).fill(expected), `${records}`)
    await kms[primaries[0]]('RotateKeyOnDemand', { KeyId })
    assert.strictEqual(new Set(await currentIds(KeyId, [us, eu, ap])).size, 1)
    const types = await Promise.all(
      [us, eu, ap].map(
        async (region) =>
          (await describe(region, KeyId)).MultiRegionConfiguration.MultiRegionKeyType,
      ),
    )
    assert.deepEqual(types.filter((type) => type === 'PRIMARY').length, 1)
  }
})

test('Regions of the folder that a server does not serve keep their share of its changes', async () => {
  const KeyId = await make()
  await replicate(KeyId, eu)
  await local.close()
  local = await startLocalKms({ dir, now: () => now })
  kms = { [us]: clientIn(local, us) }
  const before = (await describe(us, KeyId)).CurrentKeyMaterialId
  await kms[us]('RotateKeyOnDemand', { KeyId })
  assert.strictEqual(
    (await kms[us]('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })).KeyState,
    'PendingReplicaDeletion',
  )
  await kms[us]('CancelKeyDeletion', { KeyId })
  assert.strictEqual(
    (await failure(kms[us]('ReplicateKey', { KeyId, ReplicaRegion: eu }))).message,
    `${arnIn(us, KeyId)} is disabled.`,
  )
  await kms[us]('EnableKey', { KeyId })
  assert.match(
    (await failure(kms[us]('ReplicateKey', { KeyId, ReplicaRegion: eu }))).message,
    /is not a Region of this server/,
  )
  const there = await failure(clientIn(local, eu)('DescribeKey', { KeyId }))
  assert.notStrictEqual(there.name, 'NotFoundException')
  await restart()
  const [one, two] = await currentIds(KeyId)
  assert.deepEqual([one === two, one === before], [true, false])
})
