import { after, before, test } from 'node:test'
import { KMSClient, ListKeysCommand } from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'

import { base64, clientOf, failure, outcomes, pages, raw, row, there } from './helpers.mjs'

const day = 86_400_000
/** @type {import('sealdrop/local-kms').LocalKms} */
let local
/** @type {import('./types.d.ts').Client} */
let kms
before(async () => {
  local = await startLocalKms()
  kms = clientOf(local)
})
after(() => local.close())

const make = async (more = {}) =>
  (await kms('CreateKey', { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY', ...more }))
    .KeyMetadata
const aliasNames = async (input) =>
  (await kms('ListAliases', input)).Aliases.map(({ AliasName }) => AliasName)

test('the answer holds URL, key ARNs by the alias as given, environment and client configuration', async () => {
  const one = await startLocalKms({
    region: 'eu-central-1',
    keys: [
      { alias: 'orders', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
      { alias: 'alias/sign/in', spec: 'ECC_NIST_P384', usage: 'SIGN_VERIFY' },
    ],
  })
  try {
    assert.match(one.url, /^http:\/\/127\.0\.0\.1:\d+$/)
    assert.deepEqual(Object.keys(one.keys), ['orders', 'alias/sign/in'])
    assert.match(one.keys.orders, /^arn:aws:kms:eu-central-1:111122223333:key\/[0-9a-f-]{36}$/)
    const { accessKeyId, secretAccessKey } = one.clientConfig.credentials
    assert.deepEqual(one.env, {
      AWS_ENDPOINT_URL_KMS: one.url,
      AWS_REGION: 'eu-central-1',
      AWS_DEFAULT_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    })
    assert.deepEqual(
      [one.clientConfig.endpoint, one.clientConfig.region],
      [one.url, 'eu-central-1'],
    )
    assert.strictEqual(
      (await clientOf(one)('DescribeKey', { KeyId: 'alias/sign/in' })).KeyMetadata.Arn,
      one.keys['alias/sign/in'],
    )
  } finally {
    await one.close()
  }
})

test('a client configured by the environment alone reaches the server', async () => {
  const found = { ...process.env }
  Object.assign(process.env, local.env)
  try {
    assert.strictEqual(
      (await new KMSClient().send(new ListKeysCommand({}))).$metadata.httpStatusCode,
      200,
    )
  } finally {
    for (const name of Object.keys(local.env)) {
      if (found[name] === undefined) delete process.env[name]
      else process.env[name] = found[name]
    }
  }
})

test('KeyMetadata and GetPublicKey have the members of AWS and no others', async () => {
  const start = Math.floor(Date.now() / 1000)
  const rsaSigning = ['RSASSA_PKCS1_V1_5', 'RSASSA_PSS'].flatMap((scheme) =>
    [256, 384, 512].map((bits) => `${scheme}_SHA_${bits}`),
  )
  const oaep = ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256']
  /** KeyUsage, KeySpec, the member that lists algorithms, the list. */
  const lists = [
    row('ENCRYPT_DECRYPT', 'RSA_2048', 'EncryptionAlgorithms', oaep),
    row('SIGN_VERIFY', 'ECC_NIST_P521', 'SigningAlgorithms', ['ECDSA_SHA_512']),
    row('KEY_AGREEMENT', 'ECC_NIST_P384', 'KeyAgreementAlgorithms', ['ECDH']),
    row('SIGN_VERIFY', 'RSA_2048', 'SigningAlgorithms', rsaSigning),
  ]
  const answerOf = async (operation, body) => (await raw(local, { operation, body })).json()
  for (const [KeyUsage, KeySpec, list, algorithms] of lists) {
    const { KeyMetadata } = await answerOf('CreateKey', {
      KeyUsage,
      CustomerMasterKeySpec: KeySpec,
      Description: 'what it is for',
      MultiRegion: false,
      Origin: 'AWS_KMS',
    })
    const { CreationDate, KeyId, ...rest } = KeyMetadata
    assert.match(KeyId, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.ok(
      typeof CreationDate === 'number' && CreationDate >= start && CreationDate < start + 60,
    )
    const Arn = `arn:aws:kms:us-east-1:111122223333:key/${KeyId}`
    assert.deepEqual(rest, {
      AWSAccountId: '111122223333',
      Arn,
      Enabled: true,
      Description: 'what it is for',
      KeyUsage,
      KeyState: 'Enabled',
      Origin: 'AWS_KMS',
      KeyManager: 'CUSTOMER',
      CustomerMasterKeySpec: KeySpec,
      KeySpec,
      MultiRegion: false,
      [list]: algorithms,
    })
    assert.deepEqual(await answerOf('DescribeKey', { KeyId: Arn }), { KeyMetadata })
    const { PublicKey, ...answer } = await answerOf('GetPublicKey', { KeyId })
    assert.deepEqual(answer, {
      KeyId: Arn,
      CustomerMasterKeySpec: KeySpec,
      KeySpec,
      KeyUsage,
      [list]: algorithms,
    })
    assert.match(PublicKey, /^MI|^MF|^MH/)
  }
})

test('cryptographic and reading operations take key id, key ARN, alias name and alias ARN, and answer the key ARN', async () => {
  const { KeyId, Arn } = await make()
  await kms('CreateAlias', { AliasName: 'alias/four/forms', TargetKeyId: Arn })
  const aliasArn = 'arn:aws:kms:us-east-1:111122223333:alias/four/forms'
  for (const form of [KeyId, Arn, 'alias/four/forms', aliasArn]) {
    const signed = await kms('Sign', {
      KeyId: form,
      Message: Buffer.from('x'),
      SigningAlgorithm: 'ECDSA_SHA_256',
      GrantTokens: ['token'],
    })
    assert.strictEqual(signed.KeyId, Arn)
    assert.strictEqual((await kms('GetPublicKey', { KeyId: form })).KeyId, Arn)
    assert.strictEqual((await kms('DescribeKey', { KeyId: form })).KeyMetadata.Arn, Arn)
  }
  for (const form of [KeyId, Arn])
    assert.deepEqual(await aliasNames({ KeyId: form }), ['alias/four/forms'])
})

test('a disabled key signs again once it is enabled, and both are idempotent', async () => {
  const { Arn: KeyId } = await make()
  const sign = () =>
    kms('Sign', { KeyId, Message: Buffer.from('x'), SigningAlgorithm: 'ECDSA_SHA_256' })
  for (const round of [1, 2]) {
    await kms('DisableKey', { KeyId })
    const { KeyMetadata } = await kms('DescribeKey', { KeyId })
    assert.deepEqual([KeyMetadata.Enabled, KeyMetadata.KeyState], [false, 'Disabled'], `${round}`)
    assert.strictEqual((await failure(sign())).name, 'DisabledException')
  }
  for (const round of [1, 2]) {
    await kms('EnableKey', { KeyId })
    assert.ok((await sign()).Signature, `${round}`)
  }
})

test('scheduled deletion can be cancelled, and the key comes back disabled', async () => {
  const { Arn: KeyId } = await make()
  const began = Date.now()
  const scheduled = await kms('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
  assert.deepEqual(
    [scheduled.KeyId, scheduled.KeyState, scheduled.PendingWindowInDays],
    [KeyId, 'PendingDeletion', 7],
  )
  const wait = scheduled.DeletionDate.getTime() - began
  assert.ok(wait >= 7 * day && wait < 7 * day + 60_000)
  const pending = (await kms('DescribeKey', { KeyId })).KeyMetadata
  assert.deepEqual(
    [pending.KeyState, pending.Enabled, pending.DeletionDate.getTime()],
    ['PendingDeletion', false, scheduled.DeletionDate.getTime()],
  )
  assert.strictEqual((await kms('CancelKeyDeletion', { KeyId })).KeyId, KeyId)
  const back = (await kms('DescribeKey', { KeyId })).KeyMetadata
  assert.deepEqual(
    [back.KeyState, back.Enabled, 'DeletionDate' in back],
    ['Disabled', false, false],
  )
  await kms('EnableKey', { KeyId })
  assert.strictEqual((await kms('DescribeKey', { KeyId })).KeyMetadata.KeyState, 'Enabled')
})

test('when its time has come a key is gone with its aliases, and not a moment before', async () => {
  let now = 1_700_000_000_000
  const timed = await startLocalKms({
    keys: [
      { alias: 'a', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
      { alias: 'b', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
    ],
    now: () => now,
  })
  try {
    const client = clientOf(timed)
    const scheduled = await client('ScheduleKeyDeletion', { KeyId: timed.keys.a })
    assert.strictEqual(scheduled.PendingWindowInDays, 30)
    assert.strictEqual(scheduled.DeletionDate.getTime(), now + 30 * day)
    now += 30 * day - 1
    assert.strictEqual(
      (await client('DescribeKey', { KeyId: 'alias/a' })).KeyMetadata.KeyState,
      'PendingDeletion',
    )
    now += 1
    assert.strictEqual(
      (await failure(client('DescribeKey', { KeyId: 'alias/a' }))).message,
      'Alias arn:aws:kms:us-east-1:111122223333:alias/a is not found.',
    )
    assert.strictEqual(
      (await failure(client('CancelKeyDeletion', { KeyId: timed.keys.a }))).message,
      `Key '${timed.keys.a}' does not exist`,
    )
    assert.deepEqual(
      (await client('ListKeys')).Keys.map(({ KeyArn }) => KeyArn),
      [timed.keys.b],
    )
    assert.deepEqual(
      (await client('ListAliases')).Aliases.map(({ AliasName }) => AliasName),
      ['alias/b'],
    )
  } finally {
    await timed.close()
  }
})

test('an alias moves to another key of the same usage, keeps its creation date, and goes away', async () => {
  const [first, second] = [await make(), await make()]
  await kms('CreateAlias', { AliasName: 'alias/moves', TargetKeyId: first.KeyId })
  const entry = async () =>
    (await kms('ListAliases', { Limit: 100 })).Aliases.find(
      ({ AliasName }) => AliasName === 'alias/moves',
    )
  const made = there(await entry())
  assert.deepEqual(
    [made.AliasArn, made.TargetKeyId],
    ['arn:aws:kms:us-east-1:111122223333:alias/moves', first.KeyId],
  )
  assert.ok(made.CreationDate instanceof Date)
  await new Promise((resolve) => setTimeout(resolve, 5))
  await kms('UpdateAlias', { AliasName: 'alias/moves', TargetKeyId: second.Arn })
  const moved = there(await entry())
  assert.deepEqual([moved.TargetKeyId, moved.CreationDate], [second.KeyId, made.CreationDate])
  assert.ok(moved.LastUpdatedDate > moved.CreationDate)
  await kms('ScheduleKeyDeletion', { KeyId: second.Arn })
  await kms('UpdateAlias', { AliasName: 'alias/moves', TargetKeyId: first.Arn })
  await kms('DeleteAlias', { AliasName: 'alias/moves' })
  assert.strictEqual(await entry(), undefined)
  assert.strictEqual(
    (await kms('DescribeKey', { KeyId: first.Arn })).KeyMetadata.KeyState,
    'Enabled',
  )
})

test('pages hold every row once, also when rows come and go in between', async () => {
  const one = await startLocalKms()
  try {
    const client = clientOf(one)
    /** @type {string[]} */
    const KeyIds = []
    const p256 = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }
    for (let i = 0; i < 25; i++) KeyIds.push((await client('CreateKey', p256)).KeyMetadata.KeyId)
    const names = KeyIds.map((_, i) => `alias/a${String(i).padStart(2, '0')}`)
    for (const [i, TargetKeyId] of KeyIds.entries())
      await client('CreateAlias', { AliasName: names[i], TargetKeyId })
    const keys = await pages(client, 'ListKeys', { Limit: 4 })
    for (const page of keys) assert.ok(page.Keys.length <= 4)
    assert.sameMembers(
      keys.flatMap((page) => page.Keys.map(({ KeyId }) => KeyId)),
      KeyIds,
    )
    const walk = async (between) => {
      const found = await pages(client, 'ListAliases', { Limit: 4 }, between)
      for (const { Aliases } of found) assert.ok(Aliases.length <= 4)
      return found.flatMap(({ Aliases }) => Aliases.map(({ AliasName }) => AliasName))
    }
    assert.deepEqual(await walk(), names)
    const shrinking = await walk(async ({ Aliases }) => {
      await client('DeleteAlias', { AliasName: Aliases.at(-1).AliasName })
    })
    assert.deepEqual(shrinking, names)
    assert.strictEqual((await client('ListAliases')).Aliases.length, 25 - 6)
    const { Keys, NextMarker } = await client('ListKeys', { Limit: 10 })
    assert.strictEqual(
      (await failure(client('ListAliases', { Marker: NextMarker }))).name,
      'InvalidMarkerException',
    )
    assert.strictEqual(Keys[0].KeyArn, `arn:aws:kms:us-east-1:111122223333:key/${Keys[0].KeyId}`)
  } finally {
    await one.close()
  }
})

test('changes at once happen one after another: one winner for a name, exactly 50 aliases for a key', async () => {
  const { KeyId } = await make()
  const create = async (AliasName) => {
    const body = { AliasName, TargetKeyId: KeyId }
    const { status, text } = await raw(local, { operation: 'CreateAlias', body })
    if (status !== 200) throw Object.assign(new Error(text), { name: JSON.parse(text).__type })
  }
  assert.sameMembers(await outcomes(Array.from({ length: 20 }, () => create('alias/race'))), [
    ...Array(19).fill('AlreadyExistsException'),
    'done',
  ])
  assert.sameMembers(
    await outcomes(Array.from({ length: 60 }, (_, i) => create(`alias/race-${i}`))),
    [...Array(11).fill('LimitExceededException'), ...Array(49).fill('done')],
  )
})

test('operations without an answer have an empty body', async () => {
  const { KeyId } = await make()
  const { status, text, headers } = await raw(local, { operation: 'DisableKey', body: { KeyId } })
  assert.deepEqual([status, text, headers['content-length']], [200, '', '0'])
})

test('blobs on the wire are padded standard base64', async () => {
  const { KeyId } = await make({ KeySpec: 'RSA_2048' })
  for (let i = 0; i < 8; i++) {
    const { Signature } = (
      await raw(local, {
        operation: 'Sign',
        body: { KeyId, Message: base64(`${i}`), SigningAlgorithm: 'RSASSA_PSS_SHA_256' },
      })
    ).json()
    assert.match(Signature, /^[A-Za-z0-9+/]{342}==$/)
  }
})

test('keys that are one secret have no public key to give', async () => {
  for (const more of [
    { KeySpec: 'SYMMETRIC_DEFAULT', KeyUsage: 'ENCRYPT_DECRYPT' },
    { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' },
  ]) {
    const { Arn: KeyId } = await make(more)
    assert.strictEqual(
      (await failure(kms('GetPublicKey', { KeyId }))).name,
      'UnsupportedOperationException',
    )
  }
})
