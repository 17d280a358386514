// kmsBudget: each attempt waits for its turn, counted at the local KMS.
import test from 'node:test'
import { assert } from 'chai'
import { KMSClient } from '@aws-sdk/client-kms'
import { createOpener, createPublisher, createSigner, kmsBudget, redisBudget } from 'sealdrop/kms'
import { importKeySet, inHand, seal } from 'sealdrop'
import { startLocalKms } from 'sealdrop/local-kms'
import { memoryBudget } from '#dist/kms/port/budget-store.js'
import { Pacer } from '#dist/kms/port/pacer.js'
import { fails } from '../support/host.js'
import { wrong } from '../support/types.mjs'

const calls = []
const local = await startLocalKms({
  keys: [
    { alias: 'rsa', spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' },
    { alias: 'ecc', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
    { alias: 'sig', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
    { alias: 'ml', spec: 'ML_DSA_44', usage: 'SIGN_VERIFY' },
  ],
  onCall: ({ eventName }) => calls.push({ eventName, time: performance.now() }),
})
test.after(() => local.close())
const kms = local.clientConfig
/** @param {string} alias */
const valueFor = async (alias) => {
  const { jwks } = await createPublisher({ kms, keys: [{ key: alias }] }).documents()
  return seal(importKeySet(jwks, { trust: inHand() }), 'x', { context: {} })
}
const [forRsa, forEcc] = await Promise.all(['alias/rsa', 'alias/ecc'].map(valueFor))
const timesOf = (name) =>
  calls.filter(({ eventName }) => eventName === name).map(({ time }) => time)
test.beforeEach(() => void (calls.length = 0))
test.afterEach(() => local.faults.clear())

test('openers of a process share a budget, and their calls stand evenly', async () => {
  const budget = kmsBudget({ perSecond: { rsa: 25 } })
  const openers = [0, 1, 2, 3, 4].map(() => createOpener({ kms, keys: ['alias/rsa'], budget }))
  await Promise.all(openers.map((opener) => opener.ready()))
  const begun = performance.now()
  const handle = async (opener) => {
    for (let i = 0; i < 10; i++) await opener.open(forRsa ?? '', { context: {} })
  }
  await Promise.all(openers.map(handle))
  const times = timesOf('Decrypt')
  assert.lengthOf(times, 50)
  assert.isAtLeast(performance.now() - begun, 1_960, '49 intervals of 40 ms')
  // a busy machine makes calls late, and none of them early; a timer may end a millisecond before
  times.forEach((time, i) => assert.isAtLeast(time - begun, 40 * i - 5, `call ${i}`))
})

test('retries of the AWS client take turns too, and its client stays as it was', async () => {
  const client = new KMSClient({ ...kms, maxAttempts: 3 })
  const stack = client.middlewareStack.identify()
  const budget = kmsBudget({ perSecond: { ecc: 2 } })
  const signer = createSigner({ kms: client, key: 'alias/sig', budget })
  await signer.ready()
  local.faults.add({ kind: 'internal', operation: 'Sign', count: 2 })
  await signer.sign('a')
  const [first = 0, second = 0, third = 0] = timesOf('Sign')
  assert.lengthOf(timesOf('Sign'), 3)
  assert.isAtLeast(second - first, 450)
  assert.isAtLeast(third - second, 450)
  assert.deepEqual(client.middlewareStack.identify(), stack)
  client.destroy()
})

test('kinds are counted apart: RSA, elliptic curves, ML-DSA', async () => {
  const budget = kmsBudget({ perSecond: { rsa: 0.1, ecc: 0.1, mlDsa: 0.1 }, maxWait: 0 })
  const opener = createOpener({ kms, keys: ['alias/rsa', 'alias/ecc'], budget })
  const signer = createSigner({ kms, key: 'alias/ml', budget })
  await Promise.all([opener.ready(), signer.ready()])
  calls.length = 0
  const verbs = [
    () => opener.open(forRsa ?? '', { context: {} }),
    () => opener.open(forEcc ?? '', { context: {} }),
    () => signer.sign('a'),
  ]
  for (const verb of verbs) await verb()
  for (const verb of verbs) {
    const error = await fails(assert, verb(), 'kms_throttled', /budget.*KMS was not asked/)
    assert.equal(wrong(error).retryable, true)
    assert.deepEqual(
      { ...wrong(error) },
      { name: 'SealdropError', code: 'kms_throttled', retryable: true, whose: 'network' },
    )
  }
  assert.deepEqual(
    calls.map(({ eventName }) => eventName),
    ['Decrypt', 'DeriveSharedSecret', 'Sign'],
  )
})

test('a signal ends a wait, and its turn is the next one’s', async () => {
  const inner = memoryBudget()
  let leased = 0
  const lease = async (asked) => {
    const given = await inner.lease(asked)
    leased += given.count
    return given
  }
  const pacer = new Pacer({ rsa: 1 }, { lease }, 60_000)
  await pacer.take('rsa', 'a', undefined)
  const stop = new AbortController()
  const given = pacer.take('rsa', 'a', stop.signal).then(
    () => 'turn',
    (error) => error,
  )
  await new Promise((resolve) => setTimeout(resolve, 50))
  const next = pacer.take('rsa', 'a', undefined)
  stop.abort('enough')
  assert.equal(await given, 'enough')
  await next
  const before = leased
  const third = pacer.take('rsa', 'a', undefined)
  await third
  assert.equal(leased, before, 'of three turns one was given back, and is nobody’s until now')
  assert.equal(await pacer.take('rsa', 'a', stop.signal).catch((error) => error), 'enough')
  await pacer.take('rsa', 'another Region', undefined)
})

test('a call that takes longer than its timeout is kms_unavailable', async () => {
  local.faults.add({ kind: 'timeout', operation: 'Decrypt', count: 1 })
  const budget = kmsBudget({ perSecond: {}, timeout: 300 })
  const opener = createOpener({ kms, keys: ['alias/rsa'], budget })
  const error = await fails(assert, opener.open(forRsa ?? '', { context: {} }), 'kms_unavailable')
  assert.equal(wrong(error).retryable, true)
  assert.equal((await opener.open(forRsa ?? '', { context: {} })).text(), 'x')
})

test('a store that does not answer is kms_throttled, without a KMS call', async () => {
  for (const call of [() => Promise.reject(new Error('down')), () => new Promise(() => {})]) {
    const budget = kmsBudget({ perSecond: { ecc: 5 }, store: redisBudget({ redis: { call } }) })
    const signer = createSigner({ kms, key: 'alias/sig', budget })
    await signer.ready()
    calls.length = 0
    await fails(assert, signer.sign('a'), 'kms_throttled', /store of the budget/)
    assert.lengthOf(calls, 0)
  }
})

test('what is no budget, rate or store is invalid_argument', async () => {
  const perSecond = { rsa: 5 }
  const wrongOnes = [
    undefined,
    {},
    { perSecond: 5 },
    { perSecond: { rsa: 0 } },
    { perSecond: { rsa: '5' } },
    { perSecond: { dsa: 5 } },
    { perSecond, store: {} },
    { perSecond, maxWait: 60_001 },
    { perSecond, timeout: 0 },
  ]
  for (const o of wrongOnes) await fails(assert, () => kmsBudget(wrong(o)), 'invalid_argument')
  for (const o of [undefined, {}, { redis: {} }, { redis: { call: () => 1 }, prefix: 5 }])
    await fails(assert, () => redisBudget(wrong(o)), 'invalid_argument')
  const budget = wrong({ perSecond })
  await fails(assert, () => createOpener({ keys: ['alias/a'], budget }), 'invalid_argument')
  await fails(assert, () => createSigner({ key: 'alias/a', budget }), 'invalid_argument')
})
