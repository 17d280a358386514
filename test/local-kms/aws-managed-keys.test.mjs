// Keys that AWS manages: made at first use, used by their service alone, never managed by the
// account, and rotated every year by themselves.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import { acrossRestarts, failure, said } from './helpers.mjs'
import { allow, home, policyOf, rootArn, userArn } from './policies.mjs'
import { clientAs, rootUser } from './world.mjs'

const day = 86_400_000
const s3 = 'alias/aws/s3'
const user = (name, more = {}) => ({
  arn: userArn(name),
  accessKeyId: `LOCAL${name.toUpperCase()}`,
  secretAccessKey: `${name}-secret`,
  ...more,
})
const principals = {
  root: rootUser,
  app: user('app', { policies: [policyOf(allow(['kms:*']))] }),
  nobody: user('nobody'),
  // what the app does in S3 comes to KMS as a call of S3 for the app
  appInS3: user('app', { accessKeyId: 'LOCALAPPINS3', viaService: 's3' }),
  appInSqs: user('app', { accessKeyId: 'LOCALAPPINSQS', viaService: 'sqs' }),
  stranger: {
    ...user('stranger', { viaService: 's3' }),
    arn: 'arn:aws:iam::444455556666:user/stranger',
  },
}
const credentials = JSON.stringify({ account: home, principals: Object.values(principals) })
const clientsOf = (local) =>
  /** @type {Record<keyof typeof principals, import('./types.d.ts').Client>} */ (
    Object.fromEntries(
      Object.entries(principals).map(([name, principal]) => [name, clientAs(local, principal)]),
    )
  )

/** As it was read from an account: github.com/FogSecurity/aws-managed-kms-keys, s3.json. */
const policyOfS3 = {
  Version: '2012-10-17',
  Id: 'auto-s3-2',
  Statement: [
    {
      Sid: 'Allow access through S3 for all principals in the account that are authorized to use S3',
      Effect: 'Allow',
      Principal: { AWS: '*' },
      Action: [
        'kms:Encrypt',
        'kms:Decrypt',
        'kms:ReEncrypt*',
        'kms:GenerateDataKey*',
        'kms:DescribeKey',
      ],
      Resource: '*',
      Condition: {
        StringEquals: {
          'kms:CallerAccount': home,
          'kms:ViaService': 's3.us-east-1.amazonaws.com',
        },
      },
    },
    {
      Sid: 'Allow direct access to key metadata to the account',
      Effect: 'Allow',
      Principal: { AWS: rootArn() },
      Action: ['kms:Describe*', 'kms:Get*', 'kms:List*'],
      Resource: '*',
    },
  ],
}

/** A server of its own, whose first use of a key is still to come. */
async function world(o = {}) {
  const local = await startLocalKms({ credentials, ...o })
  after(() => local.close())
  return { local, as: clientsOf(local) }
}
const metadata = async (kms, KeyId = s3) => (await kms('DescribeKey', { KeyId })).KeyMetadata
const aliases = async (kms) => (await kms('ListAliases')).Aliases.map(({ AliasName }) => AliasName)
const dataKey = { KeyId: s3, KeySpec: 'AES_256' }
const context = { 'aws:s3:arn': 'arn:aws:s3:::uploads' }

test('DescribeKey by the alias makes the key, once, also for many at once', async () => {
  const { as } = await world()
  assert.deepEqual(await aliases(as.root), [])
  const found = await Promise.all(Array.from({ length: 8 }, () => metadata(as.root)))
  assert.lengthOf(new Set(found.map(({ Arn }) => Arn)), 1)
  const [{ KeyId, KeyManager, KeySpec, KeyUsage, KeyState, Origin, MultiRegion, Description }] =
    found
  assert.deepEqual([KeyManager, KeySpec, KeyUsage], ['AWS', 'SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT'])
  assert.deepEqual([KeyState, Origin, MultiRegion], ['Enabled', 'AWS_KMS', false])
  assert.equal(Description, 'Default key that protects my S3 objects when no other key is defined')
  assert.deepEqual(await aliases(as.root), [s3])
  assert.deepEqual(
    (await as.root('ListKeys')).Keys.map((key) => key.KeyId),
    [KeyId],
  )
  const other = await metadata(as.root, `arn:aws:kms:us-east-1:${home}:alias/aws/ebs`)
  assert.equal(other.KeyManager, 'AWS')
  assert.notEqual(other.KeyId, KeyId)
  const made = (await as.root('CreateKey')).KeyMetadata
  assert.equal(made.KeyManager, 'CUSTOMER')
})

test('its service uses it for whoever of the account calls, and nobody else does', async () => {
  const { as } = await world()
  const { CiphertextBlob, Plaintext, KeyId } = await as.appInS3('GenerateDataKey', {
    ...dataKey,
    EncryptionContext: context,
  })
  assert.equal((await metadata(as.root)).Arn, KeyId, 'the first use made it')
  const opened = { CiphertextBlob, EncryptionContext: context }
  assert.deepEqual((await as.appInS3('Decrypt', opened)).Plaintext, Plaintext)
  // by itself not even the root user, or who may do everything by IAM
  for (const name of /** @type {const} */ (['root', 'app', 'appInSqs', 'stranger'])) {
    const { name: fault } = await failure(as[name]('Decrypt', opened))
    assert.equal(fault, 'AccessDeniedException', name)
    const use = failure(as[name]('GenerateDataKey', { ...dataKey, KeyId }))
    assert.equal((await use).name, 'AccessDeniedException', name)
  }
})

test('who may not use it makes none, and another account or an unknown service has none', async () => {
  const { as } = await world()
  for (const [name, operation, input, fault] of /** @type {const} */ ([
    ['root', 'GenerateDataKey', dataKey, 'AccessDeniedException'],
    ['nobody', 'DescribeKey', { KeyId: s3 }, 'AccessDeniedException'],
    [
      'stranger',
      'DescribeKey',
      { KeyId: `arn:aws:kms:us-east-1:${home}:${s3}` },
      'AccessDeniedException',
    ],
    ['root', 'DescribeKey', { KeyId: 'alias/aws/nobody' }, 'NotFoundException'],
    ['root', 'DescribeKey', { KeyId: 'alias/aws/constructor' }, 'NotFoundException'],
    ['root', 'GetKeyPolicy', { KeyId: s3 }, 'InvalidArnException'],
    [
      'root',
      'Sign',
      { KeyId: s3, Message: new Uint8Array(1), SigningAlgorithm: 'ECDSA_SHA_256' },
      'NotFoundException',
    ],
  ]))
    assert.equal((await failure(as[name](operation, input))).name, fault, `${name} ${operation}`)
  assert.deepEqual(await aliases(as.root), [])
  assert.deepEqual((await as.root('ListKeys')).Keys, [])
})

test('the account may look, and changes nothing', async () => {
  const { as } = await world()
  const { KeyId, Arn } = await metadata(as.root)
  const { Policy } = await as.root('GetKeyPolicy', { KeyId })
  assert.deepEqual(JSON.parse(Policy), policyOfS3)
  const whole = policyOf(allow('kms:*'))
  /** @type {[string, object][]} */
  const changes = [
    ['DisableKey', { KeyId }],
    ['EnableKey', { KeyId }],
    ['ScheduleKeyDeletion', { KeyId }],
    ['CancelKeyDeletion', { KeyId }],
    ['PutKeyPolicy', { KeyId, Policy: JSON.stringify(whole) }],
    ['UpdateKeyDescription', { KeyId, Description: 'mine' }],
    ['TagResource', { KeyId, Tags: [{ TagKey: 'a', TagValue: 'b' }] }],
    ['EnableKeyRotation', { KeyId }],
    ['DisableKeyRotation', { KeyId }],
    ['RotateKeyOnDemand', { KeyId }],
    ['CreateGrant', { KeyId, GranteePrincipal: userArn('app'), Operations: ['Decrypt'] }],
    ['CreateAlias', { AliasName: 'alias/mine', TargetKeyId: KeyId }],
  ]
  for (const [operation, input] of changes) {
    const { name, message } = await failure(as.root(operation, input))
    assert.equal(name, 'AccessDeniedException', operation)
    const why = `is not authorized to perform: kms:${operation} on resource: ${Arn} because no resource-based policy allows the kms:${operation} action`
    assert.include(message, why)
  }
  for (const operation of ['CreateAlias', 'UpdateAlias', 'DeleteAlias']) {
    const TargetKeyId = operation === 'DeleteAlias' ? undefined : KeyId
    const { name } = await failure(as.root(operation, { AliasName: s3, TargetKeyId }))
    assert.equal(name, 'NotAuthorizedException', operation)
  }
  const state = await metadata(as.root, KeyId)
  assert.deepEqual([state.KeyState, state.Enabled, state.KeyManager], ['Enabled', true, 'AWS'])
})

test('it rotates every year by itself, and opens what it sealed before', async () => {
  let now = 1_700_000_000_000
  const { as } = await world({ now: () => now })
  const { KeyId } = await metadata(as.root)
  const first = await as.appInS3('GenerateDataKey', dataKey)
  const status = said(await as.root('GetKeyRotationStatus', { KeyId }))
  assert.equal(status['KeyRotationEnabled'], true)
  assert.equal(status['RotationPeriodInDays'], 365)
  assert.deepEqual(status['NextRotationDate'], new Date(now + 365 * day))
  now += 2 * 365 * day
  const { Rotations } = await as.root('ListKeyRotations', { KeyId })
  assert.deepEqual(
    Rotations.map(({ RotationType }) => RotationType),
    ['AUTOMATIC', 'AUTOMATIC'],
  )
  const { CiphertextBlob } = first
  assert.deepEqual((await as.appInS3('Decrypt', { CiphertextBlob })).Plaintext, first.Plaintext)
})

test('each Region and each start with the same seed has its own; a folder keeps it', async () => {
  const o = { credentials, seed: 'managed', regions: ['eu-west-1'] }
  await acrossRestarts(
    o,
    async (local) => {
      const first = await metadata(clientsOf(local).root)
      const region = 'eu-west-1'
      const there = clientsOf({ clientConfig: { ...local.clientConfig, region } }).root
      const other = await metadata(there)
      assert.match(other.Arn, /:eu-west-1:/)
      assert.notEqual(other.KeyId, first.KeyId)
      const { Policy } = await there('GetKeyPolicy', { KeyId: other.KeyId })
      assert.include(Policy, '"s3.eu-west-1.amazonaws.com"')
      return first
    },
    async (local, first) => {
      assert.deepEqual(await metadata(clientsOf(local).root), first)
      return first
    },
  )
  const { as } = await world(o)
  const again = await metadata(as.root)
  const { as: other } = await world({ ...o, seed: 'another' })
  assert.notEqual((await metadata(other.root)).KeyId, again.KeyId)
  const { as: same } = await world(o)
  assert.equal((await metadata(same.root)).KeyId, again.KeyId)
})

test('a key that a crash left without its alias is taken again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sealdrop-managed-'))
  after(() => rmSync(folder, { recursive: true }))
  const dir = join(folder, 'state')
  const one = await startLocalKms({ credentials, dir })
  const { KeyId } = await metadata(clientsOf(one).root)
  await one.close()
  // the key is written first, and then its alias
  writeFileSync(join(dir, 'us-east-1', 'aliases.json'), '{"aliases":[]}')
  const two = await startLocalKms({ credentials, dir })
  const { root } = clientsOf(two)
  assert.deepEqual(await aliases(root), [])
  assert.equal((await metadata(root)).KeyId, KeyId)
  assert.lengthOf((await root('ListKeys')).Keys, 1)
  await two.close()
})

test('a credentials file names the service as kms:ViaService does', async () => {
  for (const viaService of ['s3.us-east-1.amazonaws.com', '', 5, null]) {
    const text = JSON.stringify({ account: home, principals: [{ ...rootUser, viaService }] })
    const error = await failure(startLocalKms({ credentials: text }))
    assert.match(error.message, /principals\[0\]\.viaService: expected the name of a service/)
  }
})
