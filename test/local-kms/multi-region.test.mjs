// Keys in several Regions: replicas, rotation, another primary, deletion.
import { test } from 'node:test'
import { assert } from 'chai'
import { assertFaults, assertRejects, outcomes, raw, row, wireHeaders } from './helpers.mjs'
import * as say from './messages.mjs'
import { refusedAs } from './messages.mjs'
import { allowTo, policyText, rootArn } from './policies.mjs'
import {
  all,
  ap,
  arnIn,
  currentIds,
  day,
  describe,
  eu,
  gone,
  inRegion,
  make,
  replicate,
  serveEachTest,
  signing,
  start,
  states,
  us,
  world,
} from './regions.mjs'

serveEachTest()

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
  const Policy = policyText(allowTo(rootArn()))
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

  await inRegion(us)('CreateGrant', {
    KeyId,
    GranteePrincipal: rootArn(),
    Operations: ['Sign'],
  })
  await world.restart()
  assert.deepEqual((await inRegion(eu)('ListGrants', { KeyId })).Grants, [])
  assert.deepEqual((await inRegion(eu)('ListResourceTags', { KeyId })).Tags, Tags)
  assert.strictEqual((await inRegion(eu)('GetKeyPolicy', { KeyId })).Policy, Policy)
  const [one, two] = await Promise.all(
    [us, eu].map((region) => inRegion(region)('GetPublicKey', { KeyId })),
  )
  assert.deepEqual(one.PublicKey, two.PublicKey)
  const message = { KeyId, Message: Buffer.from('x'), SigningAlgorithm: 'ECDSA_SHA_256' }
  const { Signature } = await inRegion(us)('Sign', message)
  assert.ok((await inRegion(eu)('Verify', { ...message, Signature })).SignatureValid)
  await inRegion(us)('DisableKey', { KeyId })
  assert.deepEqual(await states(KeyId, [us, eu]), ['Disabled', 'Enabled'])
  assert.strictEqual((await inRegion(eu)('Sign', message)).KeyId, arnIn(eu, KeyId))
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
  const single = (await inRegion(us)('CreateKey')).KeyMetadata.KeyId
  assert.sameMembers(await outcomes([replicate(KeyId, eu), replicate(KeyId, eu)]), [
    'AlreadyExistsException',
    'done',
  ])
  const off = await make()
  await inRegion(us)('DisableKey', { KeyId: off })
  const leaving = await make()
  await inRegion(us)('ScheduleKeyDeletion', { KeyId: leaving })
  const to = (ReplicaRegion, message, more = {}) =>
    row('ReplicateKey', { KeyId, ReplicaRegion, ...more }, message)
  const primary = (PrimaryRegion, message, more = {}) =>
    row('UpdatePrimaryRegion', { KeyId, PrimaryRegion, ...more }, message)
  const itsOwn = `${us} is the Region of the key itself: name another one.`
  const noRegion = (region) =>
    `${region} is not a Region of this server that the key can be in. It can be in ${eu}, ${ap}.`
  const noPrimary = `${arnIn(us, single)} is not a multi-region primary key.`
  const reserved = { Tags: [{ TagKey: 'aws:a', TagValue: '' }] }
  await assertFaults(world.local, [
    ...refusedAs('ValidationException', [
      to(us, itsOwn),
      to('eu-north-1', noRegion('eu-north-1')),
      to('us-gov-west-1', noRegion('us-gov-west-1')),
      to('__proto__', say.patterned('replicaRegion', '__proto__', '^([a-z]+-){2,3}\\d+$')),
      primary(us, itsOwn),
    ]),
    ...refusedAs('UnsupportedOperationException', [
      to(eu, noPrimary, { KeyId: single }),
      primary(eu, noPrimary, { KeyId: single }),
    ]),
    ...refusedAs('DisabledException', [to(eu, say.disabled(arnIn(us, off)), { KeyId: off })]),
    ...refusedAs('KMSInvalidStateException', [
      to(eu, say.pendingDeletion(arnIn(us, leaving)), { KeyId: leaving }),
    ]),
    ...refusedAs('MalformedPolicyDocumentException', [
      to(ap, 'policy: expected JSON', { Policy: '{' }),
    ]),
    ...refusedAs('TagException', [to(ap, 'Tags beginning with aws: are reserved', reserved)]),
    ...refusedAs('NotFoundException', [primary(ap, say.noKey(arnIn(ap, KeyId)))]),
  ])
  await assertRejects(inRegion(eu)('ReplicateKey', { KeyId, ReplicaRegion: ap }), {
    message: `${arnIn(eu, KeyId)} is not a multi-region primary key.`,
  })
  await gone(ap, KeyId)
})

test('rotation is one for all Regions, and is changed at the primary', async () => {
  const KeyId = await make()
  await replicate(KeyId, eu)
  await inRegion(us)('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
  const [first] = await currentIds(KeyId)
  world.now += 90 * day
  const [automatic, same] = await currentIds(KeyId)
  assert.notStrictEqual(automatic, first)
  assert.strictEqual(same, automatic)
  await inRegion(us)('RotateKeyOnDemand', { KeyId })
  await replicate(KeyId, ap)
  await world.restart()
  assert.strictEqual(new Set(await currentIds(KeyId, all)).size, 1)
  for (const region of [eu, ap]) {
    assert.strictEqual((await inRegion(region)('ListKeyRotations', { KeyId })).Rotations.length, 2)
    assert.deepEqual(
      (await inRegion(region)('GetKeyRotationStatus', { KeyId })).NextRotationDate,
      new Date(start + 180 * day),
    )
    for (const operation of ['EnableKeyRotation', 'DisableKeyRotation', 'RotateKeyOnDemand'])
      await assertRejects(inRegion(region)(operation, { KeyId }), {
        name: 'UnsupportedOperationException',
      })
  }
  await inRegion(us)('DisableKeyRotation', { KeyId })
  assert.strictEqual(
    (await inRegion(eu)('GetKeyRotationStatus', { KeyId })).KeyRotationEnabled,
    false,
  )
})

test('another Region becomes primary, with the rotation', async () => {
  const KeyId = await make()
  await replicate(KeyId, eu)
  await replicate(KeyId, ap)
  await inRegion(us)('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 })
  const { status, text } = await raw(world.local, {
    operation: 'UpdatePrimaryRegion',
    body: { KeyId, PrimaryRegion: eu },
  })
  assert.deepEqual([status, text], [200, ''])
  await world.restart()
  const entry = (region) => ({ Arn: arnIn(region, KeyId), Region: region })
  for (const region of all) {
    assert.deepEqual((await describe(region, KeyId)).MultiRegionConfiguration, {
      MultiRegionKeyType: region === eu ? 'PRIMARY' : 'REPLICA',
      PrimaryKey: entry(eu),
      ReplicaKeys: [entry(ap), entry(us)],
    })
  }
  world.now += 90 * day
  assert.strictEqual((await inRegion(us)('ListKeyRotations', { KeyId })).Rotations.length, 1)
  await assertRejects(inRegion(us)('RotateKeyOnDemand', { KeyId }), {
    name: 'UnsupportedOperationException',
  })
  await inRegion(eu)('RotateKeyOnDemand', { KeyId })
  assert.strictEqual(new Set(await currentIds(KeyId, all)).size, 1)
  await inRegion(us)('DisableKey', { KeyId })
  await assertRejects(inRegion(eu)('UpdatePrimaryRegion', { KeyId, PrimaryRegion: us }), {
    message: `${arnIn(us, KeyId)} is disabled.`,
  })
})

test('a primary waits for its replicas to be deleted, and its own waiting period begins when the last is gone', async () => {
  const KeyId = await make()
  await replicate(KeyId, eu)
  await replicate(KeyId, ap)
  const answer = await inRegion(us)('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
  assert.deepEqual(
    [answer.KeyState, answer.PendingWindowInDays, answer.DeletionDate],
    ['PendingReplicaDeletion', 7, undefined],
  )
  const { PendingDeletionWindowInDays, DeletionDate } = await describe(us, KeyId)
  assert.deepEqual([PendingDeletionWindowInDays, DeletionDate], [7, undefined])
  const waiting = `${arnIn(us, KeyId)} is pending replica deletion.`
  for (const operation of ['EnableKey', 'ScheduleKeyDeletion', 'RotateKeyOnDemand'])
    await assertRejects(inRegion(us)(operation, { KeyId }), { message: waiting })
  world.now += 100 * day
  assert.deepEqual(await states(KeyId), ['PendingReplicaDeletion', 'Enabled', 'Enabled'])
  await inRegion(eu)('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 8 })
  await inRegion(ap)('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 10 })
  world.now += 8 * day
  await gone(eu, KeyId)
  assert.deepEqual(await states(KeyId, [us, ap]), ['PendingReplicaDeletion', 'PendingDeletion'])
  world.now += 3 * day
  await world.restart()
  await gone(ap, KeyId)
  const last = await describe(us, KeyId)
  assert.deepEqual(
    [last.KeyState, last.PendingDeletionWindowInDays, last.DeletionDate.getTime()],
    ['PendingDeletion', undefined, start + 117 * day],
  )
  world.now = start + 117 * day
  await gone(us, KeyId)
})

test('when all the time passed while nothing ran, replicas and then the primary are gone', async () => {
  const KeyId = await make()
  await replicate(KeyId, eu)
  await inRegion(eu)('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
  await inRegion(us)('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
  world.now += 14 * day
  await world.restart()
  for (const region of [us, eu]) await gone(region, KeyId)
})

test('a waiting primary can be kept, and a replica can be deleted without it', async () => {
  const KeyId = await make()
  await replicate(KeyId, eu)
  await inRegion(us)('ScheduleKeyDeletion', { KeyId })
  await inRegion(us)('CancelKeyDeletion', { KeyId })
  assert.deepEqual(await states(KeyId, [us, eu]), ['Disabled', 'Enabled'])
  await inRegion(eu)('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
  world.now += 7 * day
  await gone(eu, KeyId)
  assert.deepEqual((await describe(us, KeyId)).MultiRegionConfiguration.ReplicaKeys, [])
  await inRegion(us)('EnableKey', { KeyId })
  await replicate(KeyId, eu)
  assert.deepEqual(await states(KeyId, [us, eu]), ['Enabled', 'Enabled'])
})

test('a Region that the server does not have answers nothing for a key of another one', async () => {
  const KeyId = await make()
  const { json } = await raw(world.local, {
    operation: 'DescribeKey',
    body: { KeyId },
    headers: wireHeaders('eu-north-1'),
  })
  assert.strictEqual(json().__type, 'InvalidSignatureException')
})
