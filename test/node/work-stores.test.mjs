// Stores of replays and of work in memory, and what the suite of every store must catch.
import { test } from 'node:test'
import { assert } from 'chai'
import {
  dynamoDbReplay,
  dynamoDbWork,
  memoryReplay,
  memoryWork,
  redisReplay,
  redisWork,
} from 'sealdrop/kms'
import { fails } from '../support/host.js'
import { wrong } from '../support/types.mjs'
import { replayStoreSuite, workStoreSuite } from '../support/work-stores.js'

const twice = (make) => async () => {
  const store = make()
  return [store, store]
}
const suite = { test, assert, fails, name: 'memory' }
replayStoreSuite({ ...suite, make: twice(() => memoryReplay()) })
workStoreSuite({ ...suite, make: twice(() => memoryWork()) })

/** Runs a suite over a store, and answers the names of the tests that failed. */
async function failing(suiteOf, make) {
  const tests = []
  suiteOf({
    ...suite,
    test: (name, work) => tests.push([name.replace('memory: ', ''), work]),
    make: twice(make),
  })
  const results = await Promise.allSettled(tests.map(([, work]) => work()))
  return tests.flatMap(([name], i) => (results[i]?.status === 'rejected' ? [name] : []))
}

test('a store that does not look at the fence is caught, and so is one that never ends a lease', async () => {
  const withoutFence = () => {
    const store = memoryWork()
    const newest = new Map()
    return {
      ...store,
      begin: async (id, lease) => {
        const found = await store.begin(id, lease)
        if (found.state === 'new') newest.set(id, found.token)
        return found
      },
      done: (tokens, until) =>
        store.done(
          Array.isArray(tokens) ? tokens.map((t) => newest.get(t?.id) ?? t) : tokens,
          until,
        ),
    }
  }
  const caught = await failing(workStoreSuite, withoutFence)
  assert.include(caught.join(), 'the first one is overtaken')
  const forEver = () => memoryWork({ now: () => 1_000 })
  assert.include((await failing(workStoreSuite, forEver)).join(), 'a lease that ended is taken')
  const forgets = () => {
    const store = memoryReplay()
    return { ...store, claim: (id, until) => store.claim(`${id}${Math.random()}`, until) }
  }
  assert.include((await failing(replayStoreSuite, forgets)).join(), 'an id is claimed once')
})

test('in memory nothing is forgotten before its time: where there is no room, a claim fails', async () => {
  let now = 0
  const store = memoryReplay({ now: () => now })
  const until = new Date(10_000)
  for (let i = 0; i < 1_000_000; i++) if (!(await store.claim(`${i}`, until))) assert.fail()
  const error = await fails(assert, store.claim('more', until), 'output_failed', /1,000,000/)
  assert.isTrue(error.retryable)
  assert.isFalse(await store.claim('0', until))
  now = 10_001
  assert.isTrue(await store.claim('more', new Date(20_000)), 'those that ended make room')
})

test("a medium that fails, or does not answer, is the operator's fault, and may be asked again", async () => {
  const broken = () => Promise.reject(new Error('a secret of the medium'))
  const dynamoDb = { getItem: broken, updateItem: broken, transactWriteItems: broken }
  const redis = { sendCommand: broken }
  const until = new Date(Date.now() + 1_000)
  const token = { id: 'a', fence: 1 }
  const works = [redisWork({ redis }), dynamoDbWork({ dynamoDb, table: 't' })]
  const replays = [redisReplay({ redis }), dynamoDbReplay({ dynamoDb, table: 't' })]
  const calls = [
    ...replays.flatMap((store) => [store.claim('a', until), store.seen?.('a')]),
    ...works.flatMap((store) => [
      store.begin('a', 1_000),
      store.extend([token], 1_000),
      store.done([token, { ...token, id: 'b' }], until),
      store.release(token),
    ]),
  ]
  for (const call of calls) {
    const error = await fails(assert, call, 'output_failed', /store does not answer/)
    assert.isTrue(error.retryable)
    assert.equal(error.whose, 'operator')
    assert.notInclude(error.message, 'secret')
  }
})

test('wrong options are refused at once', async () => {
  const redis = { sendCommand: async () => 'OK' }
  const rows = [
    () => redisWork(wrong({})),
    () => redisReplay(wrong({ redis: {} })),
    () => redisWork(wrong({ redis, prefix: 7 })),
    () => dynamoDbWork(wrong({ table: 't' })),
    () => dynamoDbReplay(wrong({ dynamoDb: { getItem: () => {} }, table: 't' })),
    () => dynamoDbWork(wrong({ dynamoDb: {}, table: '' })),
    () => memoryWork(wrong({ now: 7 })),
    () => memoryReplay(wrong({ clock: () => 7 })),
  ]
  for (const row of rows) await fails(assert, row, 'invalid_argument')
})
