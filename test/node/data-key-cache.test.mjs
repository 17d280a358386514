// The companion's data-key cache over the local KMS: age, and what a disabled key takes with it.
import test from 'node:test'
import { DisableKeyCommand } from '@aws-sdk/client-kms'
import { assert } from 'chai'
import { createSealer, importKeySet, inHand } from 'sealdrop'
import { createOpener, createPublisher } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { dataKeyCache } from '#dist/kms/open/data-key-cache.js'
import { countingKms } from '../support/counting-kms.mjs'
import { fails } from '../support/host.js'

const local = await startLocalKms({
  keys: ['a', 'b'].map((name) => ({
    alias: `alias/${name}`,
    spec: 'ECC_NIST_P256',
    usage: 'KEY_AGREEMENT',
  })),
})
const { client, since } = countingKms(local.clientConfig)
test.after(() => local.close())
const [a, b] = await Promise.all(
  ['a', 'b'].map(async (name) =>
    importKeySet(
      (await createPublisher({ kms: client, keys: [{ key: `alias/${name}` }] }).documents()).jwks,
      { trust: inHand() },
    ),
  ),
)
const openerWith = async (cache) => {
  const opener = createOpener({
    kms: client,
    keys: ['alias/a', 'alias/b'],
    cache: { entries: 10, maxAge: 60_000, uses: 100, ...cache },
  })
  await opener.ready()
  since()
  return (jwe) => opener.open(jwe, { context: {} })
}
const values = async (keys, count) => {
  const sealer = createSealer(keys)
  return Promise.all(Array.from({ length: count }, (_, i) => sealer.seal(i, { context: {} })))
}

test('a data key is remembered no longer than maxAge', async () => {
  const open = await openerWith({ maxAge: 50 })
  const [one, two, three] = await values(a, 3)
  await open(one)
  await new Promise((resolve) => {
    setTimeout(resolve, 80)
  })
  await open(two)
  assert.equal(since().length, 2)
  const lasting = await openerWith({})
  for (const jwe of [one, two, three]) await lasting(jwe)
  assert.equal(since().length, 1)
})

test('no more data keys are remembered than entries', async () => {
  const open = await openerWith({ entries: 1 })
  const [[a1, a2], [b1]] = await Promise.all([values(a, 2), values(b, 1)])
  for (const jwe of [a1, b1, a2]) await open(jwe)
  assert.equal(since().length, 3)
})

const forged = (jwe) => jwe.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A'))

test('values that do not open use nothing up, one after the other and all at once', async () => {
  for (const atOnce of [false, true]) {
    const open = await openerWith({ uses: 3 })
    const [first, ...others] = await values(b, 5)
    await open(first)
    since()
    const attacks = Array.from(
      { length: 20 },
      () => () => fails(assert, open(forged(first)), 'rejected'),
    )
    if (atOnce) await Promise.all(attacks.map((attack) => attack()))
    else for (const attack of attacks) await attack()
    assert.isAtMost(since().length, atOnce ? 17 : 0)
    for (const jwe of others.slice(0, 3)) await open(jwe)
    assert.deepEqual(since(), [], 'as many open as uses say')
    await open(others[3])
    assert.equal(since().length, 1)
  }
})

test('no more values open with a data key than its uses, also where many come at once', async () => {
  const open = await openerWith({ uses: 3 })
  const jwes = await values(b, 10)
  await open(jwes[0])
  since()
  await Promise.all(jwes.slice(1).map(open))
  assert.isAtLeast(since().length, 2, 'nine more values need two more calls')
})

test('a use that is given back brings no data key back that was forgotten, replaced or used up', async () => {
  const cache = dataKeyCache({ entries: 10, maxAge: 60_000, uses: 1 })
  const [one, two] = await Promise.all(
    [1, 2].map(() =>
      crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['decrypt']),
    ),
  )
  cache.set('id', one, 'arn')
  assert.equal(cache.get('id'), one)
  assert.isUndefined(cache.get('id'), 'its one use is taken')
  cache.used('id', one, false)
  assert.equal(cache.get('id'), one)
  cache.set('id', two, 'arn')
  cache.used('id', one, false)
  assert.equal(cache.get('id'), two)
  assert.isUndefined(cache.get('id'), 'the use was of the key before')
  cache.used('id', two, true)
  cache.used('id', two, false)
  assert.isUndefined(cache.get('id'), 'it was used up')
  cache.set('id', one, 'arn')
  cache.get('id')
  cache.forget('arn')
  cache.used('id', one, false)
  assert.isUndefined(cache.get('id'))
})

test('a forged field of a record uses nothing up', async () => {
  const opener = createOpener({
    kms: client,
    keys: ['alias/b'],
    cache: { entries: 10, maxAge: 60_000, uses: 2 },
  })
  const o = { fields: ['x'], context: {} }
  const sealer = createSealer(b)
  const records = await Promise.all([1, 2, 3].map((x) => sealer.sealFields({ x }, o)))
  await opener.openFields(records[0], o)
  since()
  for (let i = 0; i < 5; i++)
    await fails(assert, opener.openFields({ x: forged(records[1].x) }, o), 'rejected')
  for (const record of records.slice(1)) await opener.openFields(record, o)
  assert.deepEqual(since(), [])
  await opener.close()
})

test('what a key unwrapped is forgotten when KMS says that it is disabled, what others unwrapped is kept', async () => {
  const open = await openerWith({})
  const [[a1, a2], [b1, b2], [fresh]] = await Promise.all([
    values(a, 2),
    values(b, 2),
    values(a, 1),
  ])
  await open(a1)
  await open(b1)
  await client.send(new DisableKeyCommand({ KeyId: local.keys['alias/a'] }))
  since()
  await fails(assert, open(fresh), 'key_unusable')
  await fails(assert, open(a2), 'key_unusable')
  assert.equal(since().length, 2)
  await open(b2)
  assert.deepEqual(since(), [])
})
