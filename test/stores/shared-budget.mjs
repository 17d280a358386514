// npm run test:stores: a budget that processes share by Redis, counted at the local KMS.
import test from 'node:test'
import { assert } from 'chai'
import { redisBudget } from 'sealdrop/kms'
import { runHandlers } from '../support/shared-budget.mjs'
import { startRedis } from '../support/redis.mjs'
import { amount, soaks } from '../support/soak.mjs'

const rate = 50
const milliseconds = amount({ part: 8_000, whole: 60_000 })
const sum = (counts) => counts.reduce((total, count) => total + count, 0)

/** @type {Awaited<ReturnType<typeof startRedis>>} */
let redis
test.before(async () => {
  redis = await startRedis()
})
test.after(() => redis?.close())

test('20 handlers in 4 processes share 50 operations a second by Redis', async (t) => {
  const { seconds, outcomes } = await runHandlers({
    rate,
    milliseconds,
    limited: true,
    redis: redis.at,
  })
  t.diagnostic(`calls in each second: ${seconds.join(' ')}`)
  const share = sum(seconds) / seconds.length / rate
  assert.isAtMost(share, 1.05)
  assert.isAtLeast(share, 0.5, 'most of it is used, also on a machine that does other things')
  // a process that stands still makes its calls late, so seconds say something on a quiet machine
  if (soaks) {
    assert.isAtLeast(share, 0.95)
    assert.isAtMost(Math.max(...seconds), 1.2 * rate)
  }
  for (const outcome of outcomes) assert.hasAllKeys(outcome, ['opened'])
})

test('without a budget they exceed it, and a quota refuses them', async (t) => {
  const { seconds, outcomes } = await runHandlers({
    rate,
    milliseconds: 3_000,
    limited: false,
    redis: undefined,
    quota: rate,
  })
  t.diagnostic(`calls in each second: ${seconds.join(' ')}`)
  assert.isAbove(Math.min(...seconds), 1.2 * rate)
  for (const outcome of outcomes) assert.isAbove(outcome['kms_throttled'], 0)
})

for (const name of ['redis', 'ioredis'])
  test(`turns by ${name} stand evenly, and end with the time that is wanted`, async () => {
    const store = redisBudget({ redis: redis.clients[name], prefix: `${name}:` })
    const asked = { name: 'a', perSecond: 10, within: 1_000 }
    const first = await store.lease({ ...asked, count: 2 })
    const second = await store.lease({ ...asked, count: 1 })
    assert.deepEqual([first.count, first.wait], [2, 0])
    assert.equal(second.count, 1)
    assert.closeTo(second.wait, 200, 60)
    const late = await store.lease({ ...asked, count: 1, within: 50 })
    assert.equal(late.count, 0)
    const other = await store.lease({ ...asked, name: 'b', count: 1 })
    assert.deepEqual([other.count, other.wait], [1, 0])
  })
