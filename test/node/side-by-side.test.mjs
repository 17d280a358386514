// Work side by side: order, back-pressure, and every way in which it ends.
import test from 'node:test'
import { assert } from 'chai'
import { sideBySide } from '#dist/io/side-by-side.js'

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const never = () => new Promise(() => {})

/** All results, and what ended them. */
async function all(results) {
  const found = []
  try {
    for await (const result of results) found.push(result)
  } catch (error) {
    return { found, error: /** @type {Error} */ (error) }
  }
  return { found }
}

/**
 * @param {number} count
 * @param {{ fail?: Error, log?: unknown[] }} o
 */
async function* numbers(count, { fail, log = [] } = {}) {
  try {
    for (let i = 0; i < count; i++) {
      log.push(i)
      yield i
    }
    if (fail) throw fail
  } finally {
    log.push('end')
  }
}

test('results keep the order of a list or an iterable, or come as they are ready', async () => {
  const work = async (ms, index) => {
    await later(ms)
    return index
  }
  const waits = [60, 0, 30]
  for (const items of [waits, new Set(waits)]) {
    const ordered = await all(sideBySide(items, work, { inFlight: 3, isOrdered: true }))
    assert.deepEqual(ordered, { found: [0, 1, 2] })
    const ready = await all(sideBySide(items, work, { inFlight: 3, isOrdered: false }))
    assert.deepEqual(ready, { found: [1, 2, 0] })
  }
  assert.deepEqual(await all(sideBySide([], work, { inFlight: 3, isOrdered: true })), { found: [] })
})

test('no more is asked for than may be under way, until somebody reads', async () => {
  for (const isOrdered of [true, false]) {
    const log = /** @type {unknown[]} */ ([])
    const results = sideBySide(numbers(20, { log }), async (i) => i, { inFlight: 4, isOrdered })
    await results.next()
    await later(20)
    assert.isAtMost(log.length, 5)
    const { found } = await all(results)
    assert.lengthOf(found, 19)
    assert.deepEqual(log.at(-1), 'end')
  }
})

test('a source that makes us wait keeps nothing back', async () => {
  async function* slow() {
    yield 1
    await never()
  }
  const results = sideBySide(slow(), async (i) => i, { inFlight: 4, isOrdered: true })
  assert.deepEqual(await results.next(), { value: 1, done: false })
})

test('an error of the source comes behind all results, one of the work at once', async () => {
  const fail = new Error('the source broke')
  const work = async (i) => {
    await later(i === 0 ? 40 : 0)
    return i
  }
  for (const isOrdered of [true, false]) {
    const how = { inFlight: 8, isOrdered }
    const bySource = await all(sideBySide(numbers(3, { fail }), work, how))
    assert.equal(bySource.error, fail)
    assert.sameMembers(bySource.found, [0, 1, 2])
    const log = /** @type {unknown[]} */ ([])
    const fails = async (i) => (i === 0 ? never() : Promise.reject(fail))
    const byWork = await all(sideBySide(numbers(9, { log }), fails, { inFlight: 2, isOrdered }))
    assert.deepEqual(byWork, { found: [], error: fail })
    assert.equal(log.at(-1), 'end', 'the source is told')
  }
})

test('whoever leaves ends the source, and so does the signal', async () => {
  const log = /** @type {unknown[]} */ ([])
  const work = async (i) => i
  for await (const result of sideBySide(numbers(9, { log }), work, {
    inFlight: 2,
    isOrdered: true,
  }))
    if (result === 1) break
  await later(0)
  assert.equal(log.at(-1), 'end')

  const stop = new AbortController()
  const how = { inFlight: 2, isOrdered: true, signal: stop.signal }
  const waiting = all(sideBySide(numbers(9), never, how))
  await later(5)
  stop.abort(new Error('enough'))
  assert.equal((await waiting).error?.message, 'enough')
  assert.equal((await all(sideBySide(numbers(9), work, how))).error?.message, 'enough')
})

test('a source whose end fails at once changes nothing', async () => {
  const items = () => ({
    [Symbol.iterator]: () => ({
      next: () => ({ done: false, value: 1 }),
      return: () => {
        throw new Error('the source does not want to end')
      },
    }),
  })
  const how = { inFlight: 2, isOrdered: true }
  for await (const result of sideBySide(items(), async (i) => i, how)) {
    assert.equal(result, 1)
    break
  }
  const shut = new Error('closed')
  const ensureOpen = () => {
    throw shut
  }
  const { error } = await all(sideBySide(items(), async (i) => i, { ...how, ensureOpen }))
  assert.equal(error, shut)
})

test('what a source gives after the end is not begun', async () => {
  const begun = /** @type {unknown[]} */ ([])
  const work = async (item) => begun.push(item)
  let give = /** @type {(gift: unknown) => void} */ (() => {})
  const late = new Promise((resolve) => (give = resolve))
  const gifts = [{ done: false, value: 'early' }, late]
  const items = { [Symbol.asyncIterator]: () => ({ next: async () => gifts.shift() }) }
  const stop = new AbortController()
  const how = { inFlight: 2, isOrdered: true, signal: stop.signal }
  const results = sideBySide(items, work, how)
  await results.next()
  const next = results.next().catch((error) => error.message)
  await later(0)
  stop.abort(new Error('enough'))
  assert.equal(await next, 'enough')
  give({ done: false, value: 'late' })
  await later(5)
  assert.deepEqual(begun, ['early'])
})
