// planRotation as a table, and applyRotation against the local KMS with a clock: crashes at every
// step, and two publishers at once.
import test from 'node:test'
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  GetKeyPolicyCommand,
  KMSClient,
  ListAliasesCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  PutKeyPolicyCommand,
  TagResourceCommand,
} from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { importKeySet, inHand, seal, SealdropError } from 'sealdrop'
import { applyRotation, createOpener, createPublisher, planRotation } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { later } from '#dist/kms/rotation/duration.js'
import { fails } from '../support/host.js'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const start = Date.UTC(2030, 0, 31, 12)
const iso = (time) => new Date(time).toISOString()
const claims = {
  name: 'claims',
  use: 'enc',
  spec: 'ECC_NIST_P256',
  usage: 'KEY_AGREEMENT',
  alias: 'alias/claims',
}
const receipts = {
  name: 'receipts',
  use: 'sig',
  spec: 'ECC_NIST_P256',
  usage: 'SIGN_VERIFY',
  alias: 'alias/receipts',
  keepDays: 400,
}
const empty = (...purposes) => ({ version: 1, counter: 0, purposes, keys: [] })

/** An inventory store in memory, which can fail. */
function memoryStore(first) {
  let [inventory, version] = [first, 1]
  const store = {
    now: () => inventory,
    read: async () => ({ inventory, etag: String(version) }),
    write: async (next, etag) => {
      if (etag !== String(version)) throw new SealdropError('conflict', 'other')
      inventory = structuredClone(next)
      version++
    },
    edit: (change) => {
      inventory = change(inventory)
      version++
    },
  }
  return store
}

const point = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
}
const key = (i, purpose, state, more = {}) => ({
  purpose: purpose.name,
  state,
  token: `${'A'.repeat(21)}${'ABCDEFGHIJ'[i]}`,
  spec: purpose.spec,
  usage: purpose.usage,
  arns: [`arn:aws:kms:us-east-1:111122223333:key/0000000${i}-1111-4222-8333-444455556666`],
  thumbprint: `${i}`.repeat(43),
  jwk: point,
  alg: purpose.use === 'enc' ? 'ECDH-ES+A256KW' : 'ES256',
  made: iso(start - 100 * day),
  ...more,
})

// Durations

for (const [from, duration, expected] of [
  ['2030-01-31T12:00:00.000Z', 'P1M', '2030-02-28T12:00:00.000Z'],
  ['2028-01-31T12:00:00.000Z', 'P1M', '2028-02-29T12:00:00.000Z'],
  ['2030-11-30T00:00:00.000Z', 'P3M', '2031-02-28T00:00:00.000Z'],
  ['2030-01-01T00:00:00.000Z', 'P90D', '2030-04-01T00:00:00.000Z'],
  ['2030-01-01T00:00:00.000Z', 'P2W', '2030-01-15T00:00:00.000Z'],
  ['2028-02-29T00:00:00.000Z', 'P1Y', '2029-02-28T00:00:00.000Z'],
  ['2030-01-01T00:00:00.000Z', 'P1Y2M3W4D', '2031-03-26T00:00:00.000Z'],
])
  test(`${from} and ${duration} is ${expected}`, () => {
    assert.equal(iso(later(Date.parse(from), duration)), expected)
  })
for (const bad of ['', 'P', 'P0D', '90d', 'P1H', 'PT1H', 'P-1D', '3 months', undefined, 5, 'P1D1M'])
  test(`${JSON.stringify(bad)} is no duration`, async () => {
    await fails(assert, async () => later(start, bad), 'invalid_argument', /every/)
  })

// Plans

const soon = iso(start - 10 * day)
/** What the inventory has, and the plan: kind, key, days from now. */
const plans = {
  'nothing yet': [
    empty(claims),
    [
      ['create', 'claims', 0],
      ['activate', 'claims', 0],
      ['create', 'claims', 0],
      ['move-alias', 'claims', 0],
    ],
  ],
  'a first signing key where nothing is published': [
    empty(receipts),
    [
      ['create', 'receipts', 0],
      ['activate', 'receipts', 0],
      ['create', 'receipts', 0],
      ['move-alias', 'receipts', 0],
    ],
  ],
  'a first signing key beside keys that are published': [
    {
      ...empty(claims, receipts),
      keys: [
        key(1, claims, 'current', {
          starts: soon,
          published: soon,
          aliased: soon,
          alias: 'alias/claims',
        }),
        key(2, claims, 'next'),
      ],
    },
    [
      ['create', 'receipts', 0],
      ['activate', 'receipts', 49 / 24],
      ['create', 'receipts', 49 / 24],
      ['move-alias', 'receipts', 49 / 24],
      ['activate', 'claims', 80],
      ['create', 'claims', 80],
      ['move-alias', 'claims', 80 + 15 / 1440],
    ],
  ],
  'a current key and a next one': [
    {
      ...empty(claims),
      keys: [
        key(1, claims, 'current', {
          starts: soon,
          published: soon,
          aliased: soon,
          alias: 'alias/claims',
        }),
        key(2, claims, 'next'),
      ],
    },
    [
      ['activate', 'claims', 80],
      ['create', 'claims', 80],
      ['move-alias', 'claims', 80 + 15 / 1440],
    ],
  ],
  'a current key whose time is over, and a next one that was made just now': [
    {
      ...empty(claims),
      keys: [
        key(1, claims, 'current', {
          starts: iso(start - 200 * day),
          published: soon,
          aliased: soon,
          alias: 'alias/claims',
        }),
        key(2, claims, 'next', { made: iso(start - hour) }),
      ],
    },
    [
      ['activate', 'claims', 2],
      ['create', 'claims', 2],
      ['move-alias', 'claims', 2 + 15 / 1440],
    ],
  ],
  'a current key without a next one': [
    {
      ...empty(claims),
      keys: [
        key(1, claims, 'current', {
          starts: iso(start - 200 * day),
          published: soon,
          aliased: soon,
          alias: 'alias/claims',
        }),
      ],
    },
    [
      ['create', 'claims', 0],
      ['activate', 'claims', 49 / 24],
      ['create', 'claims', 49 / 24],
      ['move-alias', 'claims', 49 / 24 + 15 / 1440],
    ],
  ],
  'an alias that was not moved': [
    {
      ...empty(claims),
      keys: [
        key(1, claims, 'current', { starts: iso(start + 15 * minute), published: soon }),
        key(2, claims, 'next'),
      ],
    },
    [
      ['move-alias', 'claims', 15 / 1440],
      ['activate', 'claims', 90 + 15 / 1440],
      ['create', 'claims', 90 + 15 / 1440],
      ['move-alias', 'claims', 90 + 30 / 1440],
    ],
  ],
  'a making that was cut off': [
    {
      ...empty(claims),
      keys: [
        {
          purpose: 'claims',
          state: 'making',
          token: 'B'.repeat(22),
          spec: 'ECC_NIST_P256',
          usage: 'KEY_AGREEMENT',
          began: iso(start - minute),
        },
      ],
    },
    [
      ['create', 'claims', 29 / 1440],
      ['activate', 'claims', 29 / 1440],
      ['create', 'claims', 29 / 1440],
      ['move-alias', 'claims', 29 / 1440],
    ],
  ],
  'another algorithm': [
    {
      ...empty({ ...claims, spec: 'RSA_3072', usage: 'ENCRYPT_DECRYPT' }),
      keys: [
        key(1, claims, 'current', {
          starts: soon,
          published: soon,
          aliased: soon,
          alias: 'alias/claims',
        }),
        key(2, claims, 'next'),
      ],
    },
    [
      ['set-aside', 'claims', 0],
      ['create', 'claims', 0],
      ['activate', 'claims', 80],
      ['create', 'claims', 80],
      ['move-alias', 'claims', 80 + 15 / 1440],
    ],
  ],
  'retired keys in the set': [
    {
      ...empty(claims, receipts),
      lifetime: 7 * day,
      keys: [
        key(1, claims, 'retired', { retired: soon, published: soon }),
        key(2, claims, 'retired', { retired: soon, published: soon, unpublished: soon }),
        key(3, receipts, 'retired', { retired: soon, published: soon, starts: soon }),
      ],
    },
    [
      ['unpublish', '1'.repeat(43), 0],
      ['create', 'claims', 0],
      ['create', 'receipts', 0],
      ['activate', 'claims', 8 + 1 / 24],
      ['create', 'claims', 8 + 1 / 24],
      ['activate', 'receipts', 8 + 1 / 24],
      ['create', 'receipts', 8 + 1 / 24],
      ['move-alias', 'receipts', 8 + 1 / 24],
      ['move-alias', 'claims', 8 + 1 / 24 + 15 / 1440],
      ['unpublish', '3'.repeat(43), 390],
    ],
  ],
}
for (const [what, [inventory, expected]] of Object.entries(plans)) {
  test(`the plan for ${what}`, () => {
    const before = JSON.stringify(inventory)
    const { steps, next } = planRotation(inventory, { now: new Date(start), every: 'P90D' })
    const found = steps.map(({ kind, key: of, notBefore }) => [
      kind,
      of,
      (notBefore.getTime() - start) / day,
    ])
    assert.deepEqual(
      found.map(([kind, of, days]) => [kind, of, Number(days.toFixed(6))]),
      expected.map(([kind, of, days]) => [kind, of, Number(days.toFixed(6))]),
    )
    assert.equal(next.getTime(), steps[0].notBefore.getTime())
    assert.isTrue(steps.every(({ why }) => why.length > 10))
    assert.equal(JSON.stringify(inventory), before)
  })
}
test('a plan needs an inventory, a date and a duration', async () => {
  await fails(
    assert,
    async () => planRotation({}, { now: new Date(start), every: 'P90D' }),
    'invalid_argument',
    /inventory/,
  )
  for (const now of [undefined, start, new Date(NaN)])
    await fails(
      assert,
      async () => planRotation(empty(claims), { now, every: 'P90D' }),
      'invalid_argument',
      /now/,
    )
  const keys = [
    key(1, claims, 'current', {
      starts: soon,
      published: soon,
      aliased: soon,
      alias: 'alias/claims',
    }),
    key(2, claims, 'next'),
  ]
  for (const every of [undefined, '90'])
    await fails(
      assert,
      async () => planRotation({ ...empty(claims), keys }, { now: new Date(start), every }),
      'invalid_argument',
      /every/,
    )
})

// What is done

async function world(t, ...purposes) {
  const clock = { at: start }
  const local = await startLocalKms({ regions: ['eu-west-1'], now: () => clock.at })
  t.after(() => local.close())
  const client = new KMSClient(local.clientConfig)
  const store = memoryStore(empty(...purposes))
  const plan = () => planRotation(store.now(), { now: new Date(clock.at), every: 'P90D' })
  const apply = (o = {}) =>
    applyRotation(plan(), { kms: local.clientConfig, store, now: () => clock.at, ...o })
  const keyCount = async () => (await client.send(new ListKeysCommand({}))).Keys.length
  const aliasOf = async (name) =>
    (await client.send(new ListAliasesCommand({}))).Aliases.find(
      ({ AliasName }) => AliasName === name,
    )?.TargetKeyId
  const states = () => store.now().keys.map(({ purpose, state }) => `${purpose} ${state}`)
  const idOf = (state, purpose = 'claims') =>
    store
      .now()
      .keys.find((found) => found.state === state && found.purpose === purpose)
      .arns[0].split('/')[1]
  return { clock, local, client, store, plan, apply, keyCount, aliasOf, states, idOf }
}

test('the first run does what its plan says: a current and a next key for each purpose at once, since nobody has a set yet; the second has nothing to do', async (t) => {
  for (const purposes of [
    [claims, receipts],
    [receipts, claims],
    [claims, { ...claims, name: 'notes', alias: 'alias/notes' }, receipts],
  ]) {
    const { apply, plan, keyCount, aliasOf, idOf, store } = await world(t, ...purposes)
    const planned = plan().steps
    assert.isTrue(planned.every(({ notBefore }) => notBefore.getTime() === start))
    const { done, waiting } = await apply()
    assert.deepEqual([done, waiting.length], [planned, 0])
    assert.isTrue(
      store
        .now()
        .keys.filter(({ state }) => state === 'current')
        .every(({ starts }) => starts === iso(start)),
    )
    for (const { name, alias } of purposes) {
      assert.deepEqual(
        store
          .now()
          .keys.filter(({ purpose }) => purpose === name)
          .map(({ state }) => state),
        ['current', 'next'],
      )
      assert.equal(await aliasOf(alias), idOf('current', name))
    }
    assert.deepEqual((await apply()).done, [])
    assert.equal(await keyCount(), 2 * purposes.length)
    assert.isAtLeast(store.now().counter, start / 1000)
  }
})

test('a purpose that comes later waits: for openers 15 minutes, or until no set without its signing key can be in use', async (t) => {
  const { apply, clock, store } = await world(t, claims)
  await apply()
  clock.at += day
  store.edit((inventory) => ({
    ...inventory,
    purposes: [...inventory.purposes, { ...claims, name: 'notes', alias: 'alias/notes' }, receipts],
  }))
  const { waiting } = await apply()
  assert.deepEqual(
    waiting
      .filter(({ kind }) => kind !== 'create')
      .map(({ kind, key: of, notBefore }) => [kind, of, (notBefore.getTime() - clock.at) / minute])
      .filter(([, of]) => of !== 'claims')
      .sort(),
    [
      ['activate', 'receipts', 49 * 60],
      ['move-alias', 'notes', 15],
      ['move-alias', 'receipts', 49 * 60],
    ],
  )
})

test('a rotation: the old key stays enabled, the alias moves when openers know the new one, values of both open', async (t) => {
  const { apply, clock, local, store, aliasOf, idOf, states } = await world(t, claims)
  await apply()
  const publisher = createPublisher({ keys: store, now: () => clock.at })
  const sealed = async () =>
    seal(
      importKeySet((await publisher.documents()).jwks, { trust: inHand(), now: () => clock.at }),
      'hello',
      { context: {} },
    )
  const opener = createOpener({ kms: local.clientConfig, keys: store, now: () => clock.at })
  t.after(() => opener.close())
  const values = [await sealed()]
  const [old, next] = [idOf('current'), idOf('next')]
  clock.at += 90 * day
  const { done, waiting } = await apply()
  assert.deepEqual(
    done.map(({ kind }) => kind),
    ['activate', 'create'],
  )
  assert.deepEqual(
    waiting.map(({ kind, notBefore }) => [kind, notBefore.getTime() - clock.at]),
    [['move-alias', 15 * minute]],
  )
  assert.equal(await aliasOf('alias/claims'), old)
  clock.at += 10 * minute
  values.push(await sealed())
  assert.equal(
    JSON.parse(Buffer.from(values[1].split('.')[0], 'base64url')).kid,
    JSON.parse(Buffer.from(values[0].split('.')[0], 'base64url')).kid,
    'not before its nbf',
  )
  clock.at += 5 * minute
  assert.deepEqual(
    (await apply()).done.map(({ kind }) => kind),
    ['move-alias'],
  )
  assert.equal(await aliasOf('alias/claims'), next)
  values.push(await sealed())
  assert.notEqual(
    JSON.parse(Buffer.from(values[2].split('.')[0], 'base64url')).kid,
    JSON.parse(Buffer.from(values[0].split('.')[0], 'base64url')).kid,
  )
  for (const value of values)
    assert.equal((await opener.open(value, { context: {} })).text(), 'hello')
  clock.at += 3 * day
  assert.deepEqual(
    (await apply()).done.map(({ kind }) => kind),
    ['unpublish'],
  )
  clock.at += 6 * minute
  assert.equal(JSON.parse((await publisher.documents()).jwks).keys.length, 1)
  for (const value of values)
    assert.equal((await opener.open(value, { context: {} })).text(), 'hello')
  assert.deepEqual(states(), ['claims retired', 'claims current', 'claims next'])
})

test('a change of algorithm is a rotation too, also where the alias has to be made anew', async (t) => {
  const { apply, clock, store, aliasOf, idOf, client } = await world(t, claims)
  await apply()
  store.edit((inventory) => ({
    ...inventory,
    purposes: [{ ...claims, spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' }],
  }))
  assert.deepEqual(
    (await apply()).done.map(({ kind }) => kind),
    ['set-aside', 'create'],
  )
  clock.at += 90 * day
  await apply()
  clock.at += 15 * minute
  await apply()
  assert.equal(await aliasOf('alias/claims'), idOf('current'))
  assert.equal(
    (await client.send(new DescribeKeyCommand({ KeyId: 'alias/claims' }))).KeyMetadata.KeySpec,
    'RSA_2048',
  )
})

test('a plan that is applied twice, or late, rotates once', async (t) => {
  const { apply, clock, plan, local, store, states, keyCount } = await world(t, claims)
  await apply()
  clock.at += 90 * day
  const old = JSON.parse(JSON.stringify(plan()))
  const run = () => applyRotation(old, { kms: local.clientConfig, store, now: () => clock.at })
  assert.deepEqual(
    (await run()).done.map(({ kind }) => kind),
    ['activate', 'create'],
  )
  const after = [states(), await keyCount()]
  clock.at += hour
  assert.deepEqual(
    (await run()).done.map(({ kind }) => kind),
    ['move-alias'],
  )
  clock.at += 200 * day
  assert.deepEqual((await run()).done, [])
  assert.deepEqual([states(), await keyCount()], after)
})

test('a key that had no time to be known is not activated, whatever the plan says', async (t) => {
  const { apply, clock, plan, local, store } = await world(t, claims)
  await apply()
  clock.at += 90 * day
  const early = plan()
  store.edit((inventory) => ({
    ...inventory,
    keys: inventory.keys.filter(({ state }) => state !== 'next'),
  }))
  const { done, waiting } = await applyRotation(early, {
    kms: local.clientConfig,
    store,
    now: () => clock.at,
  })
  assert.deepEqual(
    [done.map(({ kind }) => kind), waiting.map(({ kind }) => kind)],
    [['create'], ['activate', 'move-alias']],
  )
})

/**
 * Everything that a run does from outside, numbered, so that each can be the last one: before it
 * takes effect, or after.
 */
function crashing(client, store, at, when) {
  let count = 0
  const guard = async (work) => {
    const mine = ++count
    if (mine === at && when === 'before') throw new Error('crash')
    const result = await work()
    if (mine === at && when === 'after') throw new Error('crash')
    if (mine > at) throw new Error('it went on after the crash')
    return result
  }
  const kms = {
    config: client.config,
    send: (command, o) => guard(() => client.send(command, o)),
    destroy() {},
  }
  return {
    kms,
    store: {
      read: () => guard(() => store.read()),
      write: (next, etag) => guard(() => store.write(next, etag)),
    },
    calls: () => count,
  }
}

test('a crash before or after any call to KMS or to the store: the next run finishes, and no key is made twice', async (t) => {
  const reference = await world(t, claims, receipts)
  let crashes = 0
  const finished = async ({ apply, clock }) => {
    // until nothing is due any more
    for (let i = 0; i < 6; i++) {
      await apply()
      clock.at += 50 * hour
    }
  }
  await finished(reference)
  reference.clock.at += 90 * day
  await finished(reference)
  const [expected, expectedKeys] = [reference.states(), await reference.keyCount()]
  for (const phase of ['first', 'rotation']) {
    for (const when of ['before', 'after']) {
      for (let at = 1; ; at++) {
        const one = await world(t, claims, receipts)
        if (phase === 'rotation') {
          await finished(one)
          one.clock.at += 90 * day
        }
        const broken = crashing(one.client, one.store, at, when)
        const crashed = await one.apply({ kms: broken.kms, store: broken.store }).then(
          () => false,
          (e) => e,
        )
        if (!crashed) {
          assert.isBelow(broken.calls(), at)
          await one.local.close()
          break
        }
        crashes++
        one.clock.at += 30 * minute
        await finished(one)
        if (phase === 'first') {
          one.clock.at += 90 * day
          await finished(one)
        }
        assert.deepEqual(one.states().sort(), [...expected].sort(), `${phase}, ${when} call ${at}`)
        assert.equal(await one.keyCount(), expectedKeys, `${phase}, ${when} call ${at}`)
        const aliased = await Promise.all(
          ['claims', 'receipts'].map((name) => one.aliasOf(`alias/${name}`)),
        )
        assert.deepEqual(
          aliased,
          ['claims', 'receipts'].map((name) => one.idOf('current', name)),
        )
        await one.local.close()
      }
    }
  }
  assert.isAbove(crashes, 60)
  t.diagnostic(`${crashes} crashes`)
})

test('no key is made that would make the set too large for every client; what is there goes on', async (t) => {
  const { apply, store, keyCount } = await world(t, claims, receipts)
  const retired = Array.from({ length: 31 }, (_, i) => ({
    ...key(i % 10, receipts, 'retired', { retired: soon, published: soon, starts: soon }),
    token: `${'R'.repeat(20)}${String(i).padStart(2, '0')}`,
    thumbprint: String(i).padStart(43, 'R'),
    arns: [
      `arn:aws:kms:us-east-1:111122223333:key/000000${String(i).padStart(2, '0')}-2222-4222-8333-444455556666`,
    ],
  }))
  store.edit((inventory) => ({ ...inventory, keys: retired }))
  await fails(assert, apply(), 'too_large', /more than 32 keys.*keepDays/)
  assert.equal(await keyCount(), 0)
  store.edit((inventory) => ({ ...inventory, keys: retired.slice(0, 20) }))
  assert.isAbove((await apply()).done.length, 0)
})

test('an alias that names a key which the inventory does not know is left alone, and the other purposes go on', async (t) => {
  const { apply, client, aliasOf, keyCount, states } = await world(t, claims, receipts)
  const {
    KeyMetadata: { KeyId },
  } = await client.send(
    new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' }),
  )
  await client.send(new CreateAliasCommand({ AliasName: 'alias/claims', TargetKeyId: KeyId }))
  await fails(
    assert,
    apply(),
    'conflict',
    /alias\/claims names arn:\S+, which the inventory does not know/,
  )
  assert.equal(await aliasOf('alias/claims'), KeyId)
  assert.equal(await keyCount(), 3)
  assert.deepEqual(states(), ['receipts current', 'receipts next'])
})

test('two publishers at once: one makes each key, the other loses cleanly or has nothing to do', async (t) => {
  for (let round = 0; round < 10; round++) {
    const one = await world(t, claims, receipts)
    const results = await Promise.allSettled([one.apply(), one.apply(), one.apply()])
    for (const { reason } of results.filter(({ status }) => status === 'rejected'))
      assert.equal(reason.code, 'conflict', reason.stack)
    for (let i = 0; i < 2; i++) {
      one.clock.at += 50 * hour
      await one.apply()
    }
    assert.equal(await one.keyCount(), 4)
    assert.deepEqual(one.states().sort(), [
      'claims current',
      'claims next',
      'receipts current',
      'receipts next',
    ])
    await one.local.close()
  }
})

test('a making that another publisher began is left alone for 30 minutes, and then finished with the key that it made', async (t) => {
  const { apply, clock, store, client, keyCount } = await world(t, claims)
  const broken = crashing(client, store, 7, 'after') // after CreateKey
  await apply({ kms: broken.kms, store: broken.store }).catch(() => {})
  assert.equal(await keyCount(), 1)
  const { waiting, done } = await apply()
  assert.deepEqual(done, [])
  assert.equal(
    waiting.find(({ kind }) => kind === 'create').notBefore.getTime(),
    start + 30 * minute,
  )
  clock.at += 30 * minute
  await apply()
  clock.at += minute
  await apply()
  assert.equal(await keyCount(), 2)
})

test('keys are made where the alias says, by an alias ARN in another Region', async (t) => {
  const { apply, local, store } = await world(t, {
    ...claims,
    alias: 'arn:aws:kms:eu-west-1:111122223333:alias/claims',
  })
  await apply()
  assert.isTrue(store.now().keys.every(({ arns }) => arns[0].startsWith('arn:aws:kms:eu-west-1:')))
  const there = new KMSClient({ ...local.clientConfig, region: 'eu-west-1' })
  assert.equal((await there.send(new ListAliasesCommand({}))).Aliases.length, 1)
})

test('a next key that somebody disabled is set aside, and another one comes into use', async (t) => {
  const { apply, clock, client, idOf, states } = await world(t, claims)
  await apply()
  const stopped = idOf('next')
  await client.send(new DisableKeyCommand({ KeyId: stopped }))
  clock.at += 90 * day
  const { done, waiting } = await apply()
  assert.deepEqual(
    [done.map(({ kind }) => kind), waiting.map(({ kind }) => kind)],
    [['create'], ['activate', 'move-alias']],
  )
  assert.notEqual(idOf('next'), stopped)
  clock.at += 3 * day
  assert.deepEqual(
    (await apply()).done.map(({ kind }) => kind),
    ['activate', 'create'],
  )
  assert.deepEqual(states(), ['claims retired', 'claims retired', 'claims current', 'claims next'])
})

/** Ends a run just after CreateKey, and the time for which it is left alone. */
async function cutOff({ apply, client, store, clock }) {
  const broken = crashing(client, store, 7, 'after')
  await apply({ kms: broken.kms, store: broken.store }).then(
    () => assert.fail('it went through'),
    () => {},
  )
  assert.equal(store.now().keys.filter(({ state }) => state === 'making').length, 1)
  clock.at += 30 * minute
}
const changes = {
  'another spec': { spec: 'ECC_NIST_P384' },
  'another usage and spec': { spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' },
  'another alias': { alias: 'alias/others' },
  'another Region': { alias: 'arn:aws:kms:eu-west-1:111122223333:alias/claims' },
  'another use': { use: 'sig', usage: 'SIGN_VERIFY' },
  'another use, spec and algorithm': {
    use: 'sig',
    usage: 'SIGN_VERIFY',
    spec: 'RSA_2048',
    alg: 'PS512',
  },
}
for (const [what, change] of Object.entries(changes)) {
  test(`a making that was cut off before its purpose got ${what} is finished, and a key of the new kind comes into use`, async (t) => {
    const one = await world(t, claims)
    await cutOff(one)
    one.store.edit((inventory) => ({ ...inventory, purposes: [{ ...claims, ...change }] }))
    for (let i = 0; i < 6; i++) {
      await one.apply()
      one.clock.at += 50 * hour
    }
    const { spec, usage, alg, alias } = { ...claims, ...change }
    const current = one.store.now().keys.find(({ state }) => state === 'current')
    assert.deepEqual([current.spec, current.usage, current.alias], [spec, usage, alias])
    if (alg) assert.equal(current.alg, alg)
    assert.equal(one.store.now().keys.filter(({ state }) => state === 'next').length, 1)
    const { KeyMetadata: named } = await new KMSClient({
      ...one.local.clientConfig,
      region: current.arns[0].split(':')[3],
    }).send(new DescribeKeyCommand({ KeyId: alias }))
    assert.equal(named.Arn, current.arns[0])
    const jwks = JSON.parse(
      (await createPublisher({ keys: one.store, now: () => one.clock.at }).documents()).jwks,
    ).keys
    assert.isTrue(
      jwks.every(
        ({ use, alg: stated }) =>
          (use === 'sig') === /^(ES|PS)/.test(stated.slice(0, 2)) || stated.startsWith('ECDH'),
      ),
      JSON.stringify(jwks),
    )
  })
}

test('a key whose making was cut off, and that somebody disabled since, is left alone', async (t) => {
  const one = await world(t, claims)
  await cutOff(one)
  const [{ KeyId }] = (await one.client.send(new ListKeysCommand({}))).Keys
  await one.client.send(new DisableKeyCommand({ KeyId }))
  await one.apply()
  await one.apply()
  assert.deepEqual(one.states(), ['claims current', 'claims next'])
  assert.isFalse(one.store.now().keys.some(({ arns: [arn] }) => arn.endsWith(KeyId)))
})

test('an alias, spec, usage or algorithm that is written anew while a key is current is followed', async (t) => {
  const { apply, clock, store, aliasOf, idOf } = await world(t, claims, receipts)
  for (let i = 0; i < 3; i++) {
    await apply()
    clock.at += 50 * hour
  }
  store.edit((inventory) => ({
    ...inventory,
    purposes: [
      { ...claims, alias: 'alias/renamed' },
      { ...receipts, spec: 'RSA_2048', alg: 'RS256' },
    ],
  }))
  assert.deepEqual(
    (await apply()).done.map(({ kind, key: of }) => `${kind} ${of}`),
    ['move-alias claims', 'set-aside receipts', 'create receipts'],
  )
  assert.equal(await aliasOf('alias/renamed'), idOf('current'))
  store.edit((inventory) => ({
    ...inventory,
    purposes: inventory.purposes
      .map((purpose) => (purpose.use === 'sig' ? { ...purpose, alg: undefined } : purpose))
      .map((purpose) => JSON.parse(JSON.stringify(purpose))),
  }))
  assert.deepEqual(
    (await apply()).done.map(({ kind, key: of }) => `${kind} ${of}`),
    ['set-aside receipts', 'create receipts'],
  )
  assert.equal(
    store.now().keys.find(({ state, purpose }) => state === 'next' && purpose === 'receipts').alg,
    'PS256',
  )
  assert.deepEqual((await apply()).done, [])
})

for (const fault of [{ kind: 'half' }, { kind: 'latency', latency: 1_500 }, { kind: 'reset' }]) {
  test(`CreateKey whose answer is lost (${fault.kind}) is not asked again by the client: one key, which the next run finds`, async (t) => {
    const { apply, local, clock, keyCount, store } = await world(t, claims)
    local.faults.add({ ...fault, operation: 'CreateKey', count: 1 })
    await fails(
      assert,
      apply({
        kms: {
          ...local.clientConfig,
          maxAttempts: 5,
          requestHandler: { requestTimeout: 500, throwOnRequestTimeout: true },
        },
      }),
      'kms_unavailable',
      /CreateKey/,
    )
    const made = await keyCount()
    clock.at += 30 * minute
    await apply()
    assert.equal(await keyCount(), 2, `${made} after the lost answer`)
    assert.equal(store.now().keys.length, 2)
  })
}

test('CreateKey that KMS throttles is asked again', async (t) => {
  const { apply, local, keyCount } = await world(t, claims)
  local.faults.add({ kind: 'throttle', operation: 'CreateKey', count: 1 })
  await apply()
  assert.equal(await keyCount(), 2)
})

test('a key that was made beside another publisher is kept in the inventory, not published, and the run says so', async (t) => {
  const { apply, local, store, client, keyCount, states } = await world(t, claims)
  let once = true
  const slow = {
    config: client.config,
    destroy() {},
    send: async (command, o) => {
      const answer = await client.send(command, o)
      if (once && command instanceof CreateKeyCommand) {
        once = false
        store.edit((inventory) => ({
          ...inventory,
          keys: inventory.keys.map((found) => ({ ...found, began: iso(start - hour) })),
        })) // by the other's clock it is late
        store.edit((inventory) => ({
          ...inventory,
          keys: inventory.keys.filter(({ state }) => state !== 'making'),
        }))
        await applyRotation(planRotation(store.now(), { now: new Date(start), every: 'P90D' }), {
          kms: local.clientConfig,
          store,
          now: () => start,
        })
      }
      return answer
    },
  }
  await fails(assert, apply({ kms: slow }), 'conflict', /another publisher has made.*retired/)
  assert.equal(await keyCount(), 3)
  assert.deepEqual(states(), ['claims current', 'claims next', 'claims retired'])
  assert.equal(
    JSON.parse((await createPublisher({ keys: store, now: () => start }).documents()).jwks).keys
      .length,
    1,
  )
})

test('the next key has the key policy and the tags of the current one, or the policy of its purpose', async (t) => {
  const { apply, clock, client, store, idOf } = await world(t, claims)
  await apply()
  const root = {
    Sid: 'Root',
    Effect: 'Allow',
    Principal: { AWS: 'arn:aws:iam::000000000000:root' },
    Action: 'kms:*',
    Resource: '*',
  }
  const account = store.now().keys[0].arns[0].split(':')[4]
  const policyOf = async (KeyId) =>
    JSON.parse(
      (await client.send(new GetKeyPolicyCommand({ KeyId, PolicyName: 'default' }))).Policy,
    )
  const policyWith = (Sid) => ({
    Version: '2012-10-17',
    Statement: [
      { ...root, Principal: { AWS: `arn:aws:iam::${account}:root` } },
      { Sid, Effect: 'Deny', Principal: '*', Action: 'kms:ReEncryptTo', Resource: '*' },
    ],
  })
  await client.send(
    new PutKeyPolicyCommand({
      KeyId: idOf('next'),
      PolicyName: 'default',
      Policy: JSON.stringify(policyWith('ByHand')),
    }),
  )
  await client.send(
    new TagResourceCommand({ KeyId: idOf('next'), Tags: [{ TagKey: 'cost', TagValue: '7' }] }),
  )
  clock.at += 90 * day
  await apply()
  assert.deepEqual(await policyOf(idOf('next')), policyWith('ByHand'))
  assert.deepEqual((await client.send(new ListResourceTagsCommand({ KeyId: idOf('next') }))).Tags, [
    { TagKey: 'cost', TagValue: '7' },
  ])
  store.edit((inventory) => ({
    ...inventory,
    purposes: [{ ...claims, policy: policyWith('OfThePurpose') }],
  }))
  clock.at += 91 * day
  await apply()
  assert.deepEqual(await policyOf(idOf('next')), policyWith('OfThePurpose'))
  assert.deepEqual((await client.send(new ListResourceTagsCommand({ KeyId: idOf('next') }))).Tags, [
    { TagKey: 'cost', TagValue: '7' },
  ])
})

test('multi-Region keys: one JWK, an ARN and an alias in each Region, crashes included; either Region opens while the other is down', async (t) => {
  const replicated = { ...claims, replicas: ['eu-west-1'] }
  const finish = async (one) => {
    for (let i = 0; i < 4; i++) {
      await one.apply()
      one.clock.at += 50 * hour
    }
  }
  let crashes = 0
  for (let at = 1; ; at++) {
    const one = await world(t, replicated)
    let calls = 0
    const clients = new Map()
    const kms = (region) => {
      if (!clients.has(region))
        clients.set(region, new KMSClient({ ...one.local.clientConfig, region }))
      const client = clients.get(region)
      return {
        config: client.config,
        destroy() {},
        send: async (command, o) => {
          const answer = await client.send(command, o)
          if (++calls >= at) throw new Error('crash')
          return answer
        },
      }
    }
    const aliasArn = { ...replicated, alias: 'arn:aws:kms:us-east-1:111122223333:alias/claims' }
    one.store.edit((inventory) => ({ ...inventory, purposes: [aliasArn] }))
    const crashed = await one.apply({ kms }).then(
      () => false,
      () => true,
    )
    one.clock.at += 30 * minute
    await finish(one)
    const { keys } = one.store.now()
    assert.deepEqual(
      keys.map(({ state }) => state),
      ['current', 'next'],
      `after call ${at}`,
    )
    for (const { arns } of keys) {
      assert.deepEqual(
        arns.map((arn) => arn.split(':')[3]),
        ['us-east-1', 'eu-west-1'],
      )
      assert.equal(new Set(arns.map((arn) => arn.split('/')[1])).size, 1)
    }
    for (const region of ['us-east-1', 'eu-west-1']) {
      const client = new KMSClient({ ...one.local.clientConfig, region })
      assert.equal(
        (await client.send(new ListKeysCommand({}))).Keys.length,
        2,
        `${region} after call ${at}`,
      )
      assert.equal(
        (await client.send(new DescribeKeyCommand({ KeyId: 'alias/claims' }))).KeyMetadata.Arn,
        keys[0].arns.find((arn) => arn.includes(region)),
      )
    }
    if (crashed) {
      crashes++
      await one.local.close()
      continue
    }
    const publisher = createPublisher({ keys: one.store, now: () => one.clock.at })
    const sealed = await seal(
      importKeySet((await publisher.documents()).jwks, {
        trust: inHand(),
        now: () => one.clock.at,
      }),
      'hello',
      { context: {} },
    )
    for (const region of ['us-east-1', 'eu-west-1']) {
      one.local.faults.clear()
      one.local.faults.add({ kind: 'region-down', region })
      const opener = createOpener({
        kms: { ...one.local.clientConfig, region: undefined, maxAttempts: 1 },
        keys: one.store,
        now: () => one.clock.at,
      })
      assert.equal(
        (await opener.open(sealed, { context: {} })).text(),
        'hello',
        `${region} is down`,
      )
      await opener.close()
    }
    break
  }
  assert.isAbove(crashes, 10)
})

test('wrong arguments are invalid_argument, a missing inventory key_not_found', async (t) => {
  const { store, local } = await world(t, claims)
  for (const bad of [
    undefined,
    {},
    { steps: 5 },
    { steps: [{ kind: 'delete-everything' }] },
    { steps: [null] },
  ])
    await fails(assert, applyRotation(bad, { store }), 'invalid_argument', /plan/)
  for (const bad of [undefined, {}, { store: {} }])
    await fails(assert, applyRotation({ steps: [] }, bad), 'invalid_argument', /store/)
  const steps = planRotation(store.now(), { now: new Date(start), every: 'P90D' }).steps
  await fails(
    assert,
    applyRotation(
      { steps },
      {
        kms: local.clientConfig,
        store: { read: async () => undefined, write: async () => {} },
        now: () => start,
      },
    ),
    'key_not_found',
    /no inventory/,
  )
  await fails(
    assert,
    applyRotation(
      { steps: [{ ...steps[0], key: 'gone' }] },
      { kms: local.clientConfig, store, now: () => start },
    ),
    'key_not_found',
    /no purpose gone/,
  )
  await fails(
    assert,
    applyRotation(
      { steps },
      { kms: local.clientConfig, store, signal: AbortSignal.abort(new Error('mine')) },
    ).catch((e) => {
      assert.equal(e.message, 'mine')
      throw Object.assign(e, { name: 'SealdropError', code: 'x' })
    }),
    'x',
  )
})
