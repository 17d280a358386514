import { test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import { acrossRestarts, assertFaults, clientIn, clientOf, failure, row, said } from './helpers.mjs'
import * as say from './messages.mjs'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const start = 1_700_000_000_000
const signing = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }
const message = { Message: Buffer.from('x'), SigningAlgorithm: 'ECDSA_SHA_256' }

test('a key tells its last successful use, and nothing before it was used', async () => {
  let now = start
  await acrossRestarts(
    { now: () => now },
    async (local) => {
      const kms = clientOf(local)
      const { KeyId } = (await kms('CreateKey', signing)).KeyMetadata
      assert.deepEqual(said(await kms('GetKeyLastUsage', { KeyId })), {
        KeyId,
        KeyLastUsage: {},
        TrackingStartDate: new Date(start),
        KeyCreationDate: new Date(start),
      })
      now += 1000
      const { Signature } = await kms('Sign', { KeyId, ...message })
      const { KeyLastUsage } = await kms('GetKeyLastUsage', { KeyId })
      assert.deepEqual([KeyLastUsage.Operation, KeyLastUsage.Timestamp], ['Sign', new Date(now)])
      assert.match(KeyLastUsage.CloudTrailEventId, uuid)
      assert.match(KeyLastUsage.KmsRequestId, uuid)
      now += 1000
      await kms('Verify', { KeyId, ...message, Signature })
      const last = (await kms('GetKeyLastUsage', { KeyId })).KeyLastUsage
      assert.deepEqual([last.Operation, last.Timestamp], ['Verify', new Date(now)])
      now += 1000
      for (const [operation, input] of [
        row('Verify', { ...message, Signature: Buffer.from('no') }),
        row('Sign', { ...message, DryRun: true }),
        row('Sign', { ...message, SigningAlgorithm: 'ECDSA_SHA_384' }),
      ]) {
        await failure(kms(operation, { KeyId, ...input }))
      }
      await kms('GetPublicKey', { KeyId })
      await kms('DescribeKey', { KeyId })
      assert.deepEqual((await kms('GetKeyLastUsage', { KeyId })).KeyLastUsage, last)
      return { KeyId, last }
    },
    async (local, { KeyId, last }) => {
      const kms = clientOf(local)
      assert.deepEqual((await kms('GetKeyLastUsage', { KeyId })).KeyLastUsage, last)
      await kms('Sign', { KeyId, ...message })
      await kms('UpdateKeyDescription', { KeyId, Description: 'x' })
      await kms('Sign', { KeyId, ...message })
      const { KeyLastUsage } = await kms('GetKeyLastUsage', { KeyId })
      assert.notStrictEqual(KeyLastUsage.CloudTrailEventId, last.CloudTrailEventId)
      return { KeyId, last: KeyLastUsage }
    },
    async (local, { KeyId, last }) =>
      assert.deepEqual((await clientOf(local)('GetKeyLastUsage', { KeyId })).KeyLastUsage, last),
  )
})

test('each Region of a multi-Region key has its own last use', async () => {
  const local = await startLocalKms({ regions: ['eu-west-1'] })
  try {
    const [us, eu] = [clientOf(local), clientIn(local, 'eu-west-1')]
    const { KeyId } = (await us('CreateKey', { ...signing, MultiRegion: true })).KeyMetadata
    await us('Sign', { KeyId, ...message })
    await us('ReplicateKey', { KeyId, ReplicaRegion: 'eu-west-1' })
    assert.deepEqual((await eu('GetKeyLastUsage', { KeyId })).KeyLastUsage, {})
    assert.strictEqual((await us('GetKeyLastUsage', { KeyId })).KeyLastUsage.Operation, 'Sign')
  } finally {
    await local.close()
  }
})

test('GetKeyLastUsage takes no alias', async () => {
  const local = await startLocalKms()
  try {
    await assertFaults(local, [
      ['GetKeyLastUsage', { KeyId: 'alias/x' }, 'InvalidArnException', say.noAliases],
    ])
  } finally {
    await local.close()
  }
})
