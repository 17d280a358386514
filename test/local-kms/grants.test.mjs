import { after, before, test } from 'node:test'
import { assert } from 'chai'
import { startLocalKms } from 'sealdrop/local-kms'
import {
  acrossRestarts,
  assertFaults,
  assertRejects,
  clientOf,
  failure,
  pages,
  raw,
  row,
} from './helpers.mjs'
import * as say from './messages.mjs'
import { refusedAs } from './messages.mjs'

/** @import { Client } from './types.d.ts' */

const prefix = 'arn:aws:kms:us-east-1:111122223333:key/'
const role = (name) => `arn:aws:iam::111122223333:role/${name}`
const dataKeys = ['GenerateDataKey', 'GenerateDataKeyWithoutPlaintext']
const dataKeyPairs = ['GenerateDataKeyPair', 'GenerateDataKeyPairWithoutPlaintext']
const encrypting = ['Encrypt', 'Decrypt', 'ReEncryptFrom', 'ReEncryptTo']
const p256 = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }
/** A key of each kind, and the operations of a grant that are for this kind alone. */
const specs = {
  symmetric: row({}, [...encrypting, ...dataKeys, ...dataKeyPairs]),
  rsa: row({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' }, [...encrypting, 'GetPublicKey']),
  sign: row(p256, ['Sign', 'Verify', 'GetPublicKey']),
  agree: row({ ...p256, KeyUsage: 'KEY_AGREEMENT' }, ['DeriveSharedSecret', 'GetPublicKey']),
  mac: row({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }, ['GenerateMac', 'VerifyMac']),
}

/** @type {import('sealdrop/local-kms').LocalKms} */
let local
/** @type {Client} */
let kms
/** @type {Record<string, string>} */
const arn = {}
before(async () => {
  local = await startLocalKms()
  kms = clientOf(local)
  for (const [name, [input]] of Object.entries(specs))
    arn[name] = (await kms('CreateKey', input)).KeyMetadata.Arn
})
after(() => local.close())

const make = async (input = {}, client = kms) => (await client('CreateKey', input)).KeyMetadata.Arn
const grant = (KeyId, more = {}, client = kms) =>
  client('CreateGrant', {
    KeyId,
    GranteePrincipal: role('app'),
    Operations: ['DescribeKey'],
    ...more,
  })
const list = async (KeyId, more = {}, client = kms) =>
  (await client('ListGrants', { KeyId, ...more })).Grants
const ids = (grants) => grants.map(({ GrantId }) => GrantId)

test('a grant is listed with all that it says, also after a restart', async () => {
  const wanted = {
    RetiringPrincipal: role('admin'),
    Operations: ['Encrypt', 'Decrypt', 'Decrypt'],
    Constraints: { EncryptionContextSubset: { order: '1' } },
    Name: 'app/one',
  }
  await acrossRestarts(
    {},
    async (one) => {
      const KeyId = await make({}, clientOf(one))
      const { GrantId, GrantToken } = await grant(KeyId, wanted, clientOf(one))
      assert.match(GrantId, /^[0-9a-f]{64}$/)
      const [{ CreationDate, ...entry }] = await list(KeyId, {}, clientOf(one))
      assert.ok(CreationDate instanceof Date)
      assert.deepEqual(entry, {
        KeyId,
        GrantId,
        Name: 'app/one',
        GranteePrincipal: role('app'),
        RetiringPrincipal: role('admin'),
        IssuingAccount: 'arn:aws:iam::111122223333:root',
        Operations: ['Encrypt', 'Decrypt'],
        Constraints: { EncryptionContextSubset: { order: '1' } },
      })
      return { KeyId, GrantId, GrantToken, entry: { ...entry, CreationDate } }
    },
    async (two, { KeyId, GrantId, GrantToken, entry }) => {
      assert.deepEqual(await list(KeyId, {}, clientOf(two)), [entry])
      assert.strictEqual((await grant(KeyId, wanted, clientOf(two))).GrantId, GrantId)
      await clientOf(two)('RetireGrant', { GrantToken })
      assert.deepEqual(await list(KeyId, {}, clientOf(two)), [])
    },
  )
})

test('the same request with a name again finds its grant and gives a new token; without a name each request makes one', async () => {
  const KeyId = await make(p256)
  const named = [
    await grant(KeyId, { Name: 'n', Operations: ['Sign', 'Verify'] }),
    await grant(KeyId, { Name: 'n', Operations: ['Verify', 'Sign'] }),
  ]
  assert.strictEqual(named[0].GrantId, named[1].GrantId)
  assert.notStrictEqual(named[0].GrantToken, named[1].GrantToken)
  const others = [
    await grant(KeyId, { Name: 'n', Operations: ['Sign'] }),
    await grant(KeyId, { Name: 'n', Operations: ['Sign', 'Verify'], RetiringPrincipal: role('x') }),
    await grant(KeyId),
    await grant(KeyId),
  ]
  assert.strictEqual(new Set(ids([named[0], ...others])).size, 5)
  assert.strictEqual((await list(KeyId)).length, 5)
  assert.notStrictEqual(
    (await grant(await make(p256), { Name: 'n', Operations: ['Sign', 'Verify'] })).GrantId,
    named[0].GrantId,
  )
})

test('requests at once with one name make one grant', async () => {
  const KeyId = await make(p256)
  const made = await Promise.all(Array.from({ length: 20 }, () => grant(KeyId, { Name: 'race' })))
  assert.strictEqual(new Set(ids(made)).size, 1)
  assert.strictEqual(new Set(made.map(({ GrantToken }) => GrantToken)).size, 20)
  assert.strictEqual((await list(KeyId)).length, 1)
})

test('a grant takes exactly the operations of its kind of key', async () => {
  const all = [
    ...new Set(Object.values(specs).flatMap(([, operations]) => operations)),
    'CreateGrant',
    'DescribeKey',
    'RetireGrant',
    'Encapsulate',
    'Decapsulate',
  ]
  assert.strictEqual(all.length, 19)
  for (const [name, [, operations]] of Object.entries(specs)) {
    for (const operation of all) {
      const e = await failure(grant(arn[name], { Operations: [operation], DryRun: true }))
      const fits = [...operations, 'CreateGrant', 'DescribeKey', 'RetireGrant'].includes(operation)
      const expected = fits ? 'DryRunOperationException' : 'ValidationException'
      assert.strictEqual(e.name, expected, `${name} ${operation}`)
    }
  }
})

test('every token of a grant retires it, as do its key and id; the answer is empty', async () => {
  const KeyId = await make(p256)
  const first = await grant(KeyId, { Name: 'x' })
  const second = await grant(KeyId, { Name: 'x' })
  const { status, text } = await raw(local, {
    operation: 'RetireGrant',
    body: { GrantToken: second.GrantToken },
  })
  assert.deepEqual([status, text], [200, ''])
  await assertRejects(kms('RetireGrant', { GrantToken: first.GrantToken }), {
    name: 'InvalidGrantTokenException',
  })
  for (const id of [KeyId, KeyId.slice(prefix.length)])
    await kms('RetireGrant', { KeyId: id, GrantId: (await grant(KeyId)).GrantId })
  const { GrantId } = await grant(KeyId)
  assert.strictEqual(
    (await raw(local, { operation: 'RevokeGrant', body: { KeyId, GrantId } })).text,
    '',
  )
  assert.deepEqual(await list(KeyId), [])
})

test('a token that was changed in any byte is no token', async () => {
  const KeyId = await make(p256)
  const bytes = Buffer.from((await grant(KeyId)).GrantToken, 'base64')
  const tokens = [...bytes].map((byte, i) =>
    Buffer.concat([bytes.subarray(0, i), Buffer.of(byte ^ 1), bytes.subarray(i + 1)]).toString(
      'base64',
    ),
  )
  for (const GrantToken of [
    ...tokens,
    'x',
    '=',
    bytes.subarray(0, 20).toString('base64'),
    bytes.toString('hex'),
    `${bytes.toString('base64')} `,
  ]) {
    const { json } = await raw(local, { operation: 'RetireGrant', body: { GrantToken } })
    assert.deepEqual(json(), {
      __type: 'InvalidGrantTokenException',
      message: 'The grant token is not valid.',
    })
  }
  assert.strictEqual((await list(KeyId)).length, 1)
})

test('a dry run makes, retires and revokes nothing', async () => {
  const KeyId = await make(p256)
  const { GrantId, GrantToken } = await grant(KeyId)
  const run = { DryRun: true }
  await assertFaults(
    local,
    refusedAs('DryRunOperationException', [
      [
        'CreateGrant',
        { ...run, KeyId, GranteePrincipal: role('b'), Operations: ['Sign'] },
        say.dryRun,
      ],
      ['RetireGrant', { ...run, GrantToken }, say.dryRun],
      ['RetireGrant', { ...run, KeyId, GrantId }, say.dryRun],
      ['RevokeGrant', { ...run, KeyId, GrantId }, say.dryRun],
    ]),
  )
  assert.deepEqual(ids(await list(KeyId)), [GrantId])
})

test('lists filter by id and by grantee, and pages hold every grant once', async () => {
  const KeyId = await make(p256)
  const made = []
  for (let i = 0; i < 7; i++)
    made.push((await grant(KeyId, { GranteePrincipal: role(`app-${i % 2}`) })).GrantId)
  assert.deepEqual(ids(await list(KeyId, { GrantId: made[3] })), [made[3]])
  assert.sameMembers(ids(await list(KeyId, { GranteePrincipal: role('app-1') })), [
    made[1],
    made[3],
    made[5],
  ])
  assert.deepEqual(await list(KeyId, { GranteePrincipal: role('app-1'), GrantId: made[0] }), [])
  const found = await pages(kms, 'ListGrants', { KeyId, Limit: 2 })
  assert.deepEqual(
    found.flatMap(({ Grants }) => ids(Grants)),
    [...made].sort((a, b) => (a < b ? -1 : 1)),
  )
})

test('retirable grants are found across keys by their retiring principal', async () => {
  const [one, two] = [await make(p256), await make({})]
  const made = [
    await grant(one, { RetiringPrincipal: role('retires') }),
    await grant(two, { RetiringPrincipal: role('retires') }),
  ]
  await grant(two, { RetiringPrincipal: role('other') })
  const { Grants, Truncated } = await kms('ListRetirableGrants', {
    RetiringPrincipal: role('retires'),
  })
  assert.sameMembers(ids(Grants), ids(made))
  assert.strictEqual(Truncated, false)
  assert.deepEqual(new Set(Grants.map(({ KeyId }) => KeyId)), new Set([one, two]))
  assert.deepEqual(
    (await kms('ListRetirableGrants', { RetiringPrincipal: role('nobody') })).Grants,
    [],
  )
})

test('a grant for a service names the resource that it acts for, and is listed as one for a service', async () => {
  const KeyId = await make({})
  const SourceArn = 'arn:aws:lambda:us-east-1:111122223333:function:f'
  const input = {
    KeyId,
    GranteeServicePrincipal: 'lambda.amazonaws.com',
    RetiringServicePrincipal: 'lambda.amazonaws.com',
    Operations: ['Decrypt'],
    Constraints: { SourceArn },
  }
  await kms('CreateGrant', input)
  const [listed] = await list(KeyId)
  assert.strictEqual(listed.GranteePrincipal, 'lambda.amazonaws.com')
  assert.strictEqual(listed.GranteeServicePrincipal, 'lambda.amazonaws.com')
  assert.strictEqual(listed.RetiringPrincipal, undefined)
  assert.strictEqual(listed.RetiringServicePrincipal, 'lambda.amazonaws.com')
  assert.deepEqual(listed.Constraints, { SourceArn })
  for (const change of [
    { Constraints: undefined },
    { RetiringServicePrincipal: undefined },
    { GranteePrincipal: role('x') },
    { RetiringPrincipal: role('x') },
    { GranteeServicePrincipal: 'no service' },
  ]) {
    assert.strictEqual(
      (await failure(kms('CreateGrant', { ...input, ...change }))).name,
      'ValidationException',
      JSON.stringify(change),
    )
  }
})

test('grants that cannot be are refused', async () => {
  const [KeyId, off, gone, waiting] = [
    await make(p256),
    await make(p256),
    await make(p256),
    await make({ Origin: 'EXTERNAL' }),
  ]
  await kms('DisableKey', { KeyId: off })
  await kms('ScheduleKeyDeletion', { KeyId: gone })
  const { GrantId } = await grant(KeyId)
  const unknown = 'f'.repeat(64)
  const asked = { GranteePrincipal: role('app'), Operations: ['DescribeKey'] }
  const pairs = (count, length) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'v'.repeat(length)]))
  const invalid = async (key, more) =>
    assert.strictEqual(
      (await failure(grant(key, more))).name,
      'ValidationException',
      JSON.stringify(more),
    )
  const create = (more, message) => row('CreateGrant', { KeyId, ...asked, ...more }, message)
  const noPrincipal = 'ARN does not refer to a valid principal'
  const group = 'arn:aws:iam::111122223333:group/x'
  const both = { GranteePrincipal: role('a'), GranteeServicePrincipal: 'a.amazonaws.com' }
  const which = 'You must specify either a GrantToken, or a KeyId and a GrantId.'
  const notFound = (id) => `Grant ID ${id} not found`
  await assertFaults(local, [
    ...refusedAs('DisabledException', [create({ KeyId: off }, say.disabled(off))]),
    ...refusedAs('KMSInvalidStateException', [
      create({ KeyId: gone }, say.pendingDeletion(gone)),
      create({ KeyId: waiting }, say.pendingImport(waiting)),
    ]),
    ...refusedAs('NotFoundException', [create({ KeyId: 'invalid' }, "Invalid keyId 'invalid'")]),
    ...refusedAs('ValidationException', [
      create({ Operations: undefined }, say.isNull('operations')),
      create({ Name: 'a b' }, say.patterned('name', 'a b', '^[a-zA-Z0-9:/_-]+$')),
      [
        'ListGrants',
        { KeyId, ...both },
        'You can specify either GranteePrincipal or GranteeServicePrincipal, but not both.',
      ],
      [
        'ListRetirableGrants',
        {},
        'You must specify either RetiringPrincipal or RetiringServicePrincipal.',
      ],
      ['RetireGrant', {}, which],
      ['RetireGrant', { KeyId }, which],
      ['RetireGrant', { GrantId }, which],
      ['RetireGrant', { KeyId, GrantToken: 'x' }, which],
    ]),
    ...refusedAs('InvalidArnException', [
      create({ GranteePrincipal: 'app' }, noPrincipal),
      create({ GranteePrincipal: group }, noPrincipal),
      create({ GranteePrincipal: 'arn:aws:s3:::bucket' }, noPrincipal),
      create({ GranteePrincipal: 'arn:aws:iam::1:root' }, noPrincipal),
    ]),
    ...refusedAs('InvalidGrantIdException', [
      ['RevokeGrant', { KeyId, GrantId: unknown }, notFound(unknown)],
      ['RetireGrant', { KeyId, GrantId: unknown }, notFound(unknown)],
      ['RevokeGrant', { KeyId: arn.sign, GrantId }, notFound(GrantId)],
      ['ListGrants', { KeyId, GrantId: unknown }, notFound(unknown)],
    ]),
  ])
  const { json } = await raw(local, {
    operation: 'CreateGrant',
    body: { KeyId, ...asked, Operations: ['Sign', 'Fly'] },
  })
  assert.match(
    json().message,
    /^1 validation error detected: Value '\[Sign, Fly\]' at 'operations' failed to satisfy constraint: Member must satisfy constraint: \[Member must satisfy enum value set: \[.*Decapsulate\]\]$/,
  )
  await invalid(KeyId, { Operations: [] })
  await invalid(KeyId, { GranteePrincipal: undefined })
  await invalid(KeyId, {
    Operations: ['Sign'],
    Constraints: { EncryptionContextEquals: { a: 'b' } },
  })
  await invalid(arn.symmetric, {
    Constraints: { EncryptionContextEquals: { a: 'b' }, EncryptionContextSubset: { a: 'b' } },
  })
  await invalid(arn.symmetric, { Constraints: { EncryptionContextEquals: pairs(9, 1) } })
  await invalid(arn.symmetric, { Constraints: { EncryptionContextSubset: pairs(8, 50) } })
  await grant(arn.symmetric, { Constraints: { EncryptionContextSubset: pairs(8, 46) } })
  assert.strictEqual((await list(KeyId)).length, 1)
})

test('a deleted key takes its grants along', async () => {
  let now = 1_700_000_000_000
  const timed = await startLocalKms({ now: () => now })
  try {
    const client = clientOf(timed)
    const KeyId = await make({}, client)
    const { GrantToken } = await grant(KeyId, { RetiringPrincipal: role('r') }, client)
    await client('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
    assert.strictEqual((await list(KeyId, {}, client)).length, 1)
    now += 7 * 86_400_000
    assert.deepEqual(
      (await client('ListRetirableGrants', { RetiringPrincipal: role('r') })).Grants,
      [],
    )
    await assertRejects(client('RetireGrant', { GrantToken }), {
      name: 'InvalidGrantTokenException',
    })
  } finally {
    await timed.close()
  }
})
