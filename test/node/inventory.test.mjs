// The publisher's inventory: its schema, its stores, and what an opener and a publisher make of it.
import test from 'node:test'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from 'chai'
import { importKeySet, inHand, seal, sealStream } from 'sealdrop'
import { createOpener, createPublisher, fileInventory, publicJwk } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { checkInventory, parseInventory } from '#dist/kms/inventory/check-inventory.js'
import { countingKms } from '../support/counting-kms.mjs'
import { fails } from '../support/host.js'
import { inventoryStoreSuite } from '../support/inventory-stores.js'

const minute = 60_000
const at = '2030-01-01T00:00:00.000Z'
const purpose = {
  name: 'claims',
  use: 'enc',
  spec: 'ECC_NIST_P256',
  usage: 'KEY_AGREEMENT',
  alias: 'alias/claims',
}
const signing = {
  name: 'receipts',
  use: 'sig',
  spec: 'ECC_NIST_P256',
  usage: 'SIGN_VERIFY',
  alias: 'alias/receipts',
}
const empty = { version: 1, counter: 0, purposes: [purpose], keys: [] }
const token = (i) => `${'A'.repeat(21)}${'ABCDEFGHIJ'[i]}`
const arn = (i) => `arn:aws:kms:us-east-1:111122223333:key/0000000${i}-1111-4222-8333-444455556666`
const point = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
}
const made = (i, more = {}) => ({
  purpose: 'claims',
  state: 'current',
  token: token(i),
  spec: 'ECC_NIST_P256',
  usage: 'KEY_AGREEMENT',
  arns: [arn(i)],
  thumbprint: `${i}`.repeat(43),
  jwk: point,
  alg: 'ECDH-ES+A256KW',
  made: at,
  published: at,
  starts: at,
  ...more,
})
const making = {
  purpose: 'receipts',
  state: 'making',
  token: token(9),
  spec: 'RSA_3072',
  usage: 'ENCRYPT_DECRYPT',
  began: at,
}
const full = {
  ...empty,
  counter: 7,
  lifetime: 900_000,
  purposes: [purpose, signing],
  keys: [
    made(1),
    made(2, { state: 'next' }),
    made(3, {
      state: 'retired',
      retired: at,
      published: at,
      arns: [arn(3), arn(3).replace('us-east-1', 'eu-west-1')],
    }),
    making,
  ],
}

const folder = async (t) => {
  const path = await mkdtemp(join(tmpdir(), 'sealdrop-inventory-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  return path
}

// Schema

test('what is written is read again, member by member', () => {
  for (const inventory of [empty, full])
    assert.deepEqual(parseInventory(JSON.stringify(inventory)), inventory)
})

const wrong = {
  'no object': [[], /inventory: expected an object, found Array/],
  'another version': [{ ...empty, version: 2 }, /inventory.version: expected 1/],
  'a member of a newer version': [
    { ...empty, more: 1 },
    /no member "more"; was it written by a newer version/,
  ],
  'a counter that is text': [
    { ...empty, counter: '1' },
    /inventory.counter: expected a whole number, found "1"/,
  ],
  'a lifetime of a minute': [
    { ...empty, lifetime: 60_000 },
    /inventory.lifetime: expected 15 minutes to 7 days/,
  ],
  'no purposes': [{ ...empty, purposes: undefined }, /inventory.purposes: expected an array/],
  'a purpose of an unknown spec': [
    { ...empty, purposes: [{ ...purpose, spec: 'SYMMETRIC_DEFAULT' }] },
    /purposes\[0\].spec/,
  ],
  'a purpose for RSA keys that agree': [
    { ...empty, purposes: [{ ...purpose, spec: 'RSA_3072' }] },
    /purposes\[0\].usage: KMS has no RSA_3072 for KEY_AGREEMENT/,
  ],
  'a purpose for keys on a curve that decrypt': [
    { ...empty, purposes: [{ ...purpose, usage: 'ENCRYPT_DECRYPT' }] },
    /purposes\[0\].usage: KMS has no ECC_NIST_P256 for ENCRYPT_DECRYPT/,
  ],
  'a purpose whose algorithm is of another curve': [
    { ...empty, purposes: [{ ...signing, alg: 'ES384' }] },
    /purposes\[0\].alg: ES384 is not for ECC_NIST_P256 and SIGN_VERIFY/,
  ],
  'an algorithm of a purpose that does not sign': [
    { ...empty, purposes: [{ ...purpose, alg: 'ES256' }] },
    /purposes\[0\].alg: ES256 is not for ECC_NIST_P256 and KEY_AGREEMENT/,
  ],
  'replicas that are no Regions': [
    { ...empty, purposes: [{ ...purpose, replicas: ['Frankfurt'] }] },
    /purposes\[0\].replicas: expected Regions/,
  ],
  'a replica named twice': [
    { ...empty, purposes: [{ ...purpose, replicas: ['eu-west-1', 'eu-west-1'] }] },
    /purposes\[0\].replicas: expected Regions/,
  ],
  'a key policy as text': [
    { ...empty, purposes: [{ ...purpose, policy: '{}' }] },
    /purposes\[0\].policy: expected a key policy/,
  ],
  'a purpose whose usage is not its use': [
    { ...empty, purposes: [{ ...purpose, usage: 'SIGN_VERIFY' }] },
    /purposes\[0\].usage: SIGN_VERIFY is not for use enc/,
  ],
  'an alias of AWS': [
    { ...empty, purposes: [{ ...purpose, alias: 'alias/aws/s3' }] },
    /purposes\[0\].alias/,
  ],
  'two purposes of one name': [
    { ...empty, purposes: [purpose, { ...purpose, alias: 'alias/other' }] },
    /two have one name/,
  ],
  'two purposes of one alias': [
    { ...empty, purposes: [purpose, { ...purpose, name: 'other' }] },
    /two have one alias/,
  ],
  'a key of no purpose': [
    { ...full, keys: [made(1, { purpose: 'other' })] },
    /keys\[0\].purpose: there is no purpose "other"/,
  ],
  'two current keys': [{ ...full, keys: [made(1), made(2)] }, /two keys that are current/],
  'one ARN twice': [
    { ...full, keys: [made(1), made(2, { state: 'next', arns: [arn(1)] })] },
    /one key is there twice/,
  ],
  'one thumbprint twice': [
    { ...full, keys: [made(1), made(2, { state: 'next', thumbprint: '1'.repeat(43) })] },
    /one key is there twice/,
  ],
  'a key without its JWK': [
    { ...full, keys: [made(1, { jwk: undefined })] },
    /keys\[0\].jwk: expected in a key that is current/,
  ],
  'a private JWK': [
    { ...full, keys: [made(1, { jwk: { ...point, d: point.x } })] },
    /keys\[0\].jwk: expected a public JWK/,
  ],
  'a date in words': [
    { ...full, keys: [made(1, { starts: 'tomorrow' })] },
    /keys\[0\].starts: expected a date like 2030/,
  ],
  'an ARN of an alias': [
    { ...full, keys: [made(1, { arns: ['arn:aws:kms:us-east-1:111122223333:alias/claims'] })] },
    /keys\[0\].arns: expected key ARNs/,
  ],
  'a making without its time': [
    { ...full, keys: [{ ...making, began: undefined }] },
    /keys\[0\].began: expected in a key that is making/,
  ],
  'a current key that does not say since when': [
    { ...full, keys: [made(1, { starts: undefined })] },
    /keys\[0\].starts: expected in a key that is current/,
  ],
  'a retired key that does not say since when': [
    { ...full, keys: [made(1, { state: 'retired' })] },
    /keys\[0\].retired/,
  ],
  'a deletion without its end': [
    { ...full, keys: [made(1, { state: 'deleting' })] },
    /keys\[0\].deletes/,
  ],
}
for (const [what, [value, pattern]] of Object.entries(wrong)) {
  test(`an inventory with ${what} is refused, naming the place`, async () => {
    await fails(assert, async () => checkInventory(value, 'malformed'), 'malformed', pattern)
  })
}
test('text that is no JSON, or has a member twice, is malformed', async () => {
  for (const text of ['', '{', '[]', '{"version":1,"version":1}'])
    await fails(assert, async () => parseInventory(text), 'malformed')
})

// The store of files

test('the file store begins with nothing, keeps every version, and reads the newest', async (t) => {
  const path = join(await folder(t), 'made')
  const store = fileInventory(path)
  assert.equal(await store.read(), undefined)
  await store.write(empty)
  const first = await store.read()
  assert.deepEqual(first.inventory, empty)
  await store.write(full, first.etag)
  assert.deepEqual((await store.read()).inventory, full)
  assert.deepEqual(await readdir(path), ['inventory-00000001.json', 'inventory-00000002.json'])
  assert.include(await readFile(join(path, 'inventory-00000002.json'), 'utf8'), '\n  "counter": 7,')
})

inventoryStoreSuite({
  test,
  assert,
  fails,
  name: 'files',
  make: async (t) => {
    const path = join(await folder(t), 'made')
    return [fileInventory(path), fileInventory(new URL(`file://${path}`))]
  },
})

test('what is not an inventory is not written, and a broken file is malformed', async (t) => {
  const path = await folder(t)
  const store = fileInventory(path)
  await fails(assert, store.write({ ...empty, counter: -1 }), 'invalid_argument', /counter/)
  assert.deepEqual(await readdir(path), [])
  await store.write(empty)
  await writeFile(join(path, 'inventory-00000001.json'), '{"version":1')
  await fails(assert, store.read(), 'malformed', /JSON/)
  for (const wrongPath of ['', undefined, 5])
    await fails(assert, () => fileInventory(wrongPath), 'invalid_argument', /folder/)
  await writeFile(join(path, 'file'), '')
  await fails(assert, fileInventory(join(path, 'file')).read(), 'source_failed', /ENOTDIR/)
  await fails(assert, fileInventory(join(path, 'file', 'under')).write(empty), 'output_failed')
})

test('writers in other processes that are killed at any moment leave whole versions in a row, and the next writer goes on', async (t) => {
  const path = await folder(t)
  const writer = `
    import { fileInventory } from 'sealdrop/kms'
    const store = fileInventory(process.argv[1])
    for (;;) {
      const found = await store.read()
      const counter = (found?.inventory.counter ?? 0) + 1
      await store.write({ version: 1, counter, purposes: [], keys: [] }, found?.etag).then(() => process.stdout.write(counter + '\\n'), (e) => { if (e.code !== 'conflict') throw e })
    }`
  let acknowledged = 0
  for (let round = 0; round < 10; round++) {
    const children = [1, 2].map(() =>
      spawn(process.execPath, ['--input-type=module', '-e', writer, path], {
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
    )
    let text = ''
    for (const child of children)
      child.stdout.on('data', (chunk) => {
        text += chunk
      })
    while (text.split('\n').length < 5) await once(children[0].stdout, 'data')
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 30))
    for (const child of children) child.kill('SIGKILL')
    await Promise.all(children.map((child) => once(child, 'close')))
    const counters = text
      .split('\n')
      .filter((line, i, lines) => i < lines.length - 1)
      .map(Number)
    assert.equal(new Set(counters).size, counters.length, 'one version was acknowledged twice')
    acknowledged = Math.max(acknowledged, ...counters)
    const versions = (await readdir(path)).filter((name) => name.endsWith('.json')).sort()
    for (const [i, name] of versions.entries())
      assert.deepEqual(
        [name, JSON.parse(await readFile(join(path, name), 'utf8')).counter],
        [`inventory-${String(i + 1).padStart(8, '0')}.json`, i + 1],
      )
    assert.isAtLeast(versions.length, acknowledged)
  }
})

// What an opener and a publisher make of it

async function world(t) {
  const local = await startLocalKms({
    regions: ['eu-west-1'],
    keys: [
      { alias: 'alias/one', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
      { alias: 'alias/two', spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' },
      { alias: 'alias/sign', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
      { alias: 'alias/root', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
    ],
  })
  t.after(() => local.close())
  const entry = async (alias, more) => {
    const { kid, use, alg, ...jwk } = await publicJwk({ kms: local.clientConfig, key: alias })
    const spec = {
      'alias/one': 'ECC_NIST_P256',
      'alias/two': 'RSA_2048',
      'alias/sign': 'ECC_NIST_P256',
    }[alias]
    return {
      purpose: use === 'sig' ? 'receipts' : 'claims',
      token: token(['alias/one', 'alias/two', 'alias/sign'].indexOf(alias)),
      spec,
      usage:
        use === 'sig' ? 'SIGN_VERIFY' : jwk.kty === 'RSA' ? 'ENCRYPT_DECRYPT' : 'KEY_AGREEMENT',
      arns: [local.keys[alias]],
      thumbprint: kid,
      jwk,
      alg,
      made: at,
      published: at,
      ...more,
    }
  }
  const store = fileInventory(await folder(t))
  const put = async (keys, more = {}) => {
    const found = await store.read()
    await store.write(
      {
        version: 1,
        counter: (found?.inventory.counter ?? 0) + 1,
        purposes: [purpose, signing],
        keys,
        ...more,
      },
      found?.etag,
    )
  }
  return { local, entry, store, put, clock: { at: new Date(at).getTime() + 60 * minute } }
}
const sealedTo = async (local, alias) =>
  seal(
    importKeySet(await publicJwk({ kms: local.clientConfig, key: alias }), { trust: inHand() }),
    'hello',
    { context: {} },
  )

test('an opener opens with current and retired keys, and asks KMS for nothing but that', async (t) => {
  const { local, entry, store, put } = await world(t)
  await put([
    await entry('alias/one', { state: 'retired', retired: at }),
    await entry('alias/two', { state: 'current', starts: at }),
  ])
  const { client, calls } = countingKms(local.clientConfig)
  const opener = createOpener({ kms: client, keys: store })
  t.after(() => opener.close())
  await opener.ready()
  for (const alias of ['alias/one', 'alias/two'])
    assert.equal((await opener.open(await sealedTo(local, alias), { context: {} })).text(), 'hello')
  assert.deepEqual(calls, ['DeriveSharedSecret', 'Decrypt'])
  const others = await startLocalKms({
    keys: [{ alias: 'alias/one', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' }],
  })
  t.after(() => others.close())
  await fails(
    assert,
    opener.open(await sealedTo(others, 'alias/one'), { context: {} }),
    'key_not_found',
    /inventory/,
  )
  assert.equal(calls.length, 2)
})

test('an opener reads the inventory again for a key that it does not know, at most once in 30 s, and else every 10 minutes', async (t) => {
  const { local, entry, store, put, clock } = await world(t)
  let reads = 0
  const counted = {
    ...store,
    read: () => {
      reads++
      return store.read()
    },
  }
  await put([await entry('alias/one', { state: 'current', starts: at })])
  const opener = createOpener({ kms: local.clientConfig, keys: counted, now: () => clock.at })
  t.after(() => opener.close())
  const two = await sealedTo(local, 'alias/two')
  await fails(assert, opener.open(two, { context: {} }), 'key_not_found')
  assert.equal(reads, 1)
  await put([
    await entry('alias/one', { state: 'retired', retired: at }),
    await entry('alias/two', { state: 'current', starts: at }),
  ])
  await fails(assert, opener.open(two, { context: {} }), 'key_not_found')
  assert.equal(reads, 1)
  clock.at += 30_000
  assert.equal((await opener.open(two, { context: {} })).text(), 'hello')
  assert.equal(reads, 2)
  clock.at += 10 * minute
  await opener.open(two, { context: {} })
  assert.equal(reads, 3)
  counted.read = async () => {
    reads++
    throw new Error('store is down')
  }
  clock.at += 10 * minute
  assert.equal(
    (await opener.open(two, { context: {} })).text(),
    'hello',
    'what is held opens what it opened before',
  )
  assert.equal(reads, 4)
})

test('a key that was deleted is refused with its date and no KMS call; one that is disabled by KMS with its reason', async (t) => {
  const { local, entry, store, put } = await world(t)
  await put([
    await entry('alias/one', { state: 'deleted', deletes: at }),
    await entry('alias/two', { state: 'disabled', disabled: at }),
  ])
  const { client, calls } = countingKms(local.clientConfig)
  const opener = createOpener({ kms: client, keys: store })
  t.after(() => opener.close())
  await fails(
    assert,
    opener.open(await sealedTo(local, 'alias/one'), { context: {} }),
    'key_unusable',
    /deleted at 2030-01-01T00:00:00.000Z: what was sealed to it cannot be opened any more/,
  )
  assert.deepEqual(calls, [])
  await opener.open(await sealedTo(local, 'alias/two'), { context: {} })
})

test('a file opens by the inventory too', async (t) => {
  const { local, entry, store, put } = await world(t)
  await put([await entry('alias/one', { state: 'current', starts: at })])
  const keys = importKeySet(await publicJwk({ kms: local.clientConfig, key: 'alias/one' }), {
    trust: inHand(),
  })
  const { readable } = await sealStream(keys, new Uint8Array(5_000).fill(7), { context: {} })
  const opener = createOpener({ kms: local.clientConfig, keys: store })
  t.after(() => opener.close())
  assert.equal(
    (
      await new Response(
        (await opener.openStream(readable, { context: {} })).readable,
      ).arrayBuffer()
    ).byteLength,
    5_000,
  )
})

test('a change of the inventory empties the data-key cache', async (t) => {
  const { local, entry, store, put, clock } = await world(t)
  await put([await entry('alias/one', { state: 'current', starts: at })])
  const { client, calls } = countingKms(local.clientConfig)
  const opener = createOpener({
    kms: client,
    keys: store,
    now: () => clock.at,
    cache: { entries: 10, maxAge: 60 * minute, uses: 10 },
  })
  t.after(() => opener.close())
  const sealed = await sealedTo(local, 'alias/one')
  for (let i = 0; i < 3; i++) await opener.open(sealed, { context: {} })
  assert.equal(calls.length, 1)
  await put([await entry('alias/one', { state: 'retired', retired: at })])
  clock.at += 10 * minute
  await opener.open(sealed, { context: {} })
  assert.equal(calls.length, 2)
})

test('the publisher serves what the inventory says: order, dates, ARNs where they are wanted, and its counter signed', async (t) => {
  const { local, entry, store, put, clock } = await world(t)
  const { client, calls } = countingKms(local.clientConfig)
  const publisher = createPublisher({
    kms: client,
    root: 'alias/root',
    keys: store,
    now: () => clock.at,
  })
  await fails(assert, publisher.documents(), 'key_unusable', /no inventory yet/)
  const starts = '2030-01-01T02:00:00.000Z'
  await put(
    [
      await entry('alias/one', { state: 'retired', retired: at }),
      await entry('alias/two', { state: 'current', starts }),
      await entry('alias/sign', { state: 'next' }),
    ],
    { purposes: [{ ...purpose, withArn: true }, signing], lifetime: 60 * minute },
  )
  clock.at += minute
  const { jwks, jws, expires } = await publisher.documents()
  const { keys } = JSON.parse(jwks)
  assert.deepEqual(
    keys.map(({ kty, use, nbf, kms_arn: stated }) => [kty, use, nbf, stated]),
    [
      ['RSA', 'enc', Date.parse(starts) / 1000, local.keys['alias/two']],
      ['EC', 'enc', undefined, local.keys['alias/one']],
      ['EC', 'sig', undefined, undefined],
    ],
  )
  assert.deepEqual(calls, ['GetPublicKey', 'Sign'])
  const claims = JSON.parse(Buffer.from(jws.split('.')[1], 'base64url'))
  assert.equal(claims.ver, 1)
  assert.equal(expires.getTime(), Math.floor((clock.at + 60 * minute) / 1000) * 1000)
  await put([
    await entry('alias/two', { state: 'current', starts }),
    await entry('alias/one', { state: 'retired', retired: at, unpublished: at }),
    await entry('alias/sign', { state: 'disabled' }),
  ])
  clock.at += 5 * minute
  const next = await publisher.documents()
  assert.equal(JSON.parse(next.jwks).keys.length, 1)
  assert.equal(JSON.parse(Buffer.from(next.jws.split('.')[1], 'base64url')).ver, 2)
  await fails(
    assert,
    () => createPublisher({ keys: store, lifetime: 60 * minute }),
    'invalid_argument',
    /the inventory says it/,
  )
})

test('keys that are neither names nor a store are invalid_argument', async () => {
  for (const keys of [undefined, {}, 'alias/a', { read: 5 }]) {
    await fails(assert, () => createOpener({ keys }), 'invalid_argument', /keys/)
    await fails(assert, () => createPublisher({ keys }), 'invalid_argument', /keys/)
  }
})
