// `openManyFiles` over the local KMS: what it costs, what it answers of each file, and how it ends.
import test, { after, beforeEach } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { assert } from 'chai'
import { importKeySet, inHand, sealStream } from 'sealdrop'
import { createOpener, createPublisher } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { countingKms } from '../support/counting-kms.mjs'
import { fails } from '../support/host.js'
import { chunkDigestOf } from '../support/message-format.js'
import { headerOf, pattern, streamBytes } from '../support/sealed-files.js'
import { wrong } from '../support/types.mjs'

const local = await startLocalKms({
  keys: [{ alias: 'alias/ecc', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' }],
})
const { client, since } = countingKms(local.clientConfig)
after(() => local.close())
const published = createPublisher({ kms: client, keys: [{ key: 'alias/ecc' }] })
const keys = importKeySet((await published.documents()).jwks, { trust: inHand() })
const context = { form: 'claim' }
const slow = /** @type {const} */ ({ kind: 'latency', operation: 'DeriveSharedSecret' })
beforeEach(() => local.faults.clear())

async function openerWith(o = {}) {
  const opener = createOpener({ kms: client, keys: ['alias/ecc'], ...o })
  await opener.ready()
  since()
  return opener
}
const sealed = async (length = 3_000, frameLength = 1_000) =>
  streamBytes((await sealStream(keys, pattern(length), { context, frameLength })).readable)
const flipped = (message, at) => {
  const other = message.slice()
  other[at] ^= 1
  return other
}
const sink = async ({ readable }) => (await streamBytes(readable)).length
const fileOf = (source, o = {}) => ({ source, context, sink, ...o })
const all = async (outcomes) => {
  const found = /** @type {any[]} */ ([])
  for await (const outcome of outcomes) found.push(outcome)
  return found
}
const digestOf = async ({ readable, digest }) => (await sink({ readable }), digest)
const told = (outcomes) => outcomes.map(({ result, error }) => error?.code ?? result)
/** A stream that says why it was cancelled. */
function watchedStream(chunks = /** @type {Uint8Array[]} */ ([])) {
  const state = { cancelled: /** @type {any} */ (undefined), asked: 0 }
  const stream = new ReadableStream(
    {
      pull(controller) {
        state.asked++
        const chunk = chunks.shift()
        if (chunk) controller.enqueue(chunk)
      },
      cancel: (reason) => void (state.cancelled = reason),
    },
    { highWaterMark: 0 },
  )
  return { state, stream }
}

test('each file has its outcome, in order, whatever becomes of the others', async () => {
  const opener = await openerWith()
  const file = await sealed()
  const { length } = headerOf(file)
  const pieces = (async function* () {
    yield file
  })()
  const given = [
    fileOf(file),
    fileOf(new Blob([file])),
    fileOf(pieces),
    fileOf(flipped(file, length - 1)),
    fileOf(flipped(file, file.length - 1)),
    fileOf(file.slice(0, -1)),
    fileOf(file, { context: { form: 'another' } }),
    fileOf(file.slice(0, 10)),
    fileOf('no source'),
    fileOf(file, { sink: 'none' }),
    fileOf(file, { signal: 'none' }),
    fileOf(file, { sinks: 1 }),
    null,
    fileOf(file, { signal: AbortSignal.abort(new Error('given up')) }),
    fileOf(file, { sink: digestOf, digest: true }),
  ]
  const outcomes = await all(opener.openManyFiles(wrong(given)))
  assert.deepEqual(told(outcomes), [
    3_000,
    3_000,
    3_000,
    ...Array(2).fill('rejected'),
    'malformed',
    'context_mismatch',
    'malformed',
    ...Array(5).fill('invalid_argument'),
    'closed',
    await chunkDigestOf(file),
  ])
  assert.deepEqual([...new Set(outcomes.slice(3, 6).map(({ error }) => error.whose))], ['sender'])
  outcomes.forEach((outcome, i) => {
    assert.equal(outcome.item, given[i])
    assert.equal(outcome.index, i)
    if (outcome.error) assert.isString(outcome.error.whose)
  })
})

test('copies of one file cost one call, also where forged ones come first', async () => {
  const opener = await openerWith()
  const [file, other] = [await sealed(), await sealed()]
  const { length } = headerOf(file)
  const forged = Array.from({ length: 50 }, () => fileOf(flipped(file, length - 1)))
  const outcomes = await all(opener.openManyFiles([...forged, fileOf(file), fileOf(file)]))
  assert.deepEqual(told(outcomes), [...Array(50).fill('rejected'), 3_000, 3_000])
  assert.lengthOf(since(), 1)
  await all(opener.openManyFiles([fileOf(file), fileOf(other)]))
  assert.lengthOf(since(), 2, 'a run remembers nothing of another one')
})

test('a failure that passes is not kept, and the cache takes what opened', async () => {
  const opener = await openerWith({ cache: { entries: 10, maxAge: 60_000, uses: 10 } })
  const file = await sealed()
  local.faults.add({ kind: 'throttle', operation: 'DeriveSharedSecret', count: 1 })
  const [failed] = await all(opener.openManyFiles([fileOf(file)]))
  assert.deepEqual([failed.error.code, failed.error.retryable], ['kms_throttled', true])
  await all(opener.openManyFiles([fileOf(file)]))
  since()
  await streamBytes((await opener.openStream(file, { context })).readable)
  assert.lengthOf(since(), 0)
})

test('an error of a sink is its outcome, and never the fault of the sender', async () => {
  const opener = await openerWith()
  const file = await sealed()
  const broken = new Error('disk full')
  const outcomes = await all(
    opener.openManyFiles([
      fileOf(file, { sink: () => Promise.reject(broken) }),
      fileOf(file, {
        sink: () => {
          throw broken
        },
      }),
      fileOf(file, { sink: async () => sealStream(keys, wrong(7), { context }) }),
      fileOf(file),
    ]),
  )
  assert.deepEqual(told(outcomes), ['output_failed', 'output_failed', 'invalid_argument', 3_000])
  assert.equal(outcomes[0].error.cause, broken)
  assert.deepEqual(
    outcomes.map(({ error }) => error?.whose),
    ['operator', 'operator', 'caller', undefined],
  )
})

test('a sink that ends before its stream is an error, unless it cancelled that on purpose', async () => {
  const opener = await openerWith()
  const file = await sealed()
  let late = /** @type {Promise<unknown>} */ (Promise.resolve())
  const sinks = [
    () => 'read nothing',
    ({ readable }) => void (late = streamBytes(readable)).catch(() => {}),
    async ({ readable }) => {
      const reader = readable.getReader()
      await reader.read()
      return 'one piece'
    },
    async ({ readable }) => {
      const reader = readable.getReader()
      const { value } = await reader.read()
      await reader.cancel()
      return value.length
    },
  ]
  const outcomes = await all(opener.openManyFiles(sinks.map((one) => fileOf(file, { sink: one }))))
  assert.deepEqual(told(outcomes), [...Array(3).fill('output_failed'), 1_000])
  await fails(assert, late, 'closed')
})

test('an error of the stream is the outcome, also where the sink hides or wraps it', async () => {
  const opener = await openerWith()
  const file = await sealed()
  const sinks = [
    async ({ readable }) => streamBytes(readable).catch(() => 'fine'),
    async ({ readable }) =>
      streamBytes(readable).catch((cause) => Promise.reject(new Error('upload failed', { cause }))),
  ]
  for (const at of [file.length - 1, file.length - 1_100]) {
    const given = sinks.map((one) => fileOf(flipped(file, at), { sink: one }))
    const outcomes = await all(opener.openManyFiles(given))
    assert.deepEqual(told(outcomes), ['rejected', 'rejected'])
    assert.deepEqual(
      outcomes.map(({ error }) => error.whose),
      ['sender', 'sender'],
    )
  }
})

test('the source is given up where an item fails before it is read', async () => {
  const opener = await openerWith()
  const file = await sealed()
  const streams = Array.from({ length: 5 }, () => watchedStream([file]))
  const [a, b, c, d, e] = streams.map(({ stream }) => stream)
  const given = [
    fileOf(a, { context: { form: 'another' } }),
    fileOf(b, { sink: undefined }),
    fileOf(c, { wrong: 1 }),
    fileOf(d, { signal: AbortSignal.abort() }),
    fileOf(e, { maxAge: -1 }),
  ]
  const codes = [
    'context_mismatch',
    ...Array(2).fill('invalid_argument'),
    'closed',
    'invalid_argument',
  ]
  assert.deepEqual(told(await all(opener.openManyFiles(wrong(given)))), codes)
  for (const { state } of streams) assert.isDefined(state.cancelled)
  assert.lengthOf(since(), 0)
})

test('so many files at once, and no more sources are asked for', async () => {
  const opener = await openerWith()
  const file = await sealed()
  let [under, most, asked] = [0, 0, 0]
  const counting = async ({ readable }) => {
    most = Math.max(most, ++under)
    await sleep(20)
    await streamBytes(readable)
    under--
  }
  async function* items() {
    for (asked = 0; asked < 12; asked++) yield fileOf(file, { sink: counting })
  }
  const run = opener.openManyFiles(items(), { concurrency: 3 })
  await run.next()
  await sleep(100)
  assert.isAtMost(asked, 5)
  assert.deepEqual(told(await all(run)), Array(11).fill(undefined))
  assert.equal(most, 3)
})

test('frames of all files together have so many bytes: a file waits before its body is read', async () => {
  const opener = await openerWith()
  // 32 KiB frames in flight one by one take five frames of memory
  const file = await sealed(200_000, 32_768)
  const sources = Array.from({ length: 6 }, () => {
    const pieces = Array.from({ length: 7 }, (_, i) => file.slice(i * 32_768, (i + 1) * 32_768))
    return watchedStream(pieces)
  })
  const stuck = /** @type {(() => void)[]} */ ([])
  const held = async ({ readable }) => {
    await new Promise((resolve) => stuck.push(() => resolve(undefined)))
    await readable.cancel()
  }
  const given = sources.map(({ stream }) => fileOf(stream, { sink: held }))
  const o = { maxBytes: 2 * 5 * 32_768, concurrency: 6, ordered: false }
  const done = all(opener.openManyFiles(wrong(given), o))
  while (stuck.length < 2) await sleep(5)
  await sleep(100)
  assert.lengthOf(stuck, 2)
  assert.lengthOf(
    sources.filter(({ state }) => state.asked > 1),
    0,
    'bodies are not read',
  )
  for (let i = 0; i < 6; i++) {
    while (stuck.length === 0) await sleep(5)
    assert.isAtMost(stuck.length, 2)
    stuck.shift()?.()
  }
  assert.deepEqual(told(await done), Array(6).fill(undefined))
  const small = { maxBytes: 1, concurrency: 4 }
  const alone = await all(opener.openManyFiles(Array(4).fill(fileOf(file)), small))
  assert.deepEqual(told(alone), Array(4).fill(200_000), 'what needs more than all goes alone')
})

test('who waits for memory is served in turn, and gives it back when aborted', async () => {
  const opener = await openerWith()
  const file = await sealed(200_000, 32_768)
  let free = () => {}
  const first = ({ readable }) =>
    new Promise((resolve) => (free = () => resolve(readable.cancel())))
  const stop = new AbortController()
  const given = [
    fileOf(file, { sink: first }),
    fileOf(file, { signal: stop.signal }),
    fileOf(file),
    fileOf(file),
  ]
  const done = all(opener.openManyFiles(given, { maxBytes: 100 }))
  await sleep(50)
  stop.abort()
  await sleep(20)
  free()
  assert.deepEqual(told(await done), [undefined, 'closed', 200_000, 200_000])
})

test('the signal of one file ends it alone, before and while it is read', async () => {
  const opener = await openerWith()
  const file = await sealed()
  local.faults.add({ ...slow, latency: 100 })
  const [early, late] = [new AbortController(), new AbortController()]
  setTimeout(() => early.abort(), 30)
  const hanging = async ({ readable }) => {
    const reader = readable.getReader()
    await reader.read()
    late.abort(new Error('enough'))
    return new Promise(() => {})
  }
  const given = [
    fileOf(file, { signal: early.signal }),
    fileOf(file, { signal: late.signal, sink: hanging }),
    fileOf(file),
  ]
  const outcomes = await all(opener.openManyFiles(given))
  assert.deepEqual(told(outcomes), ['closed', 'closed', 3_000])
  assert.equal(outcomes[1].error.cause.message, 'enough')
  assert.lengthOf(since(), 1, 'the call that all three waited for')
})

test('outcomes come as they are ready where no order is asked for', async () => {
  const opener = await openerWith()
  const file = await sealed()
  const waits = [120, 10, 60]
  const given = waits.map((wait) =>
    fileOf(file, { sink: async (opened) => (await sleep(wait), await sink(opened), wait) }),
  )
  assert.deepEqual(told(await all(opener.openManyFiles(given, { ordered: false }))), [10, 60, 120])
  assert.deepEqual(told(await all(opener.openManyFiles(given))), waits)
})

test('whoever leaves ends what is under way, and a source that comes later is given up', async () => {
  const opener = await openerWith()
  const file = await sealed()
  const late = watchedStream()
  let failure
  let come = () => {}
  async function* items() {
    yield fileOf(file)
    yield fileOf(file, {
      sink: async ({ readable }) => {
        const reader = readable.getReader()
        await reader.read()
        await reader.closed.catch((error) => (failure = error))
      },
    })
    await new Promise((resolve) => (come = () => resolve(undefined)))
    yield fileOf(late.stream)
  }
  const run = opener.openManyFiles(items())
  await run.next()
  await sleep(50)
  await run.return()
  come()
  await sleep(20)
  assert.equal(Object(failure).code, 'closed')
  assert.equal(late.state.cancelled.code, 'closed')
})

test('closing finishes the files that were begun, and gives them up by its signal', async () => {
  const file = await sealed()
  for (const [o, expected] of /** @type {const} */ ([
    [undefined, 3_000],
    [{ signal: AbortSignal.timeout(150) }, 'closed'],
  ])) {
    const opener = await openerWith()
    const slowly = async (opened) => {
      await sleep(o ? 2_000 : 100)
      return sink(opened)
    }
    const given = [1, 2].map(() => fileOf(file, { sink: slowly }))
    const found = /** @type {any[]} */ ([])
    const end = (async () => {
      for await (const outcome of opener.openManyFiles(given)) found.push(outcome)
    })().catch(({ code }) => code)
    await sleep(50)
    await opener.close(o)
    await end
    assert.deepEqual(told(found), [expected, expected])
  }
})

test('wrong arguments are told at once', async () => {
  const opener = await openerWith()
  for (const [items, o] of [
    [undefined],
    ['a list'],
    [{ source: 'a' }],
    [[], { concurrency: 0 }],
    [[], { maxBytes: 0 }],
    [[], { maxBytes: '5' }],
    [[], { ordered: 'yes' }],
    [[], { order: true }],
  ]) {
    const call = async () => opener.openManyFiles(wrong(items), wrong(o))
    assert.equal((await fails(assert, call, 'invalid_argument')).whose, 'caller')
  }
})
