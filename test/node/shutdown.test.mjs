// An opener that is told to close: what is under way ends well, and nothing new begins.
import test, { after, beforeEach } from 'node:test'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { assert } from 'chai'
import { createSealer, importKeySet, inHand, seal, sealStream } from 'sealdrop'
import { createOpener, createPublisher } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { fails } from '../support/host.js'
import { pattern, streamBytes } from '../support/sealed-files.js'
import { wrong } from '../support/types.mjs'

const local = await startLocalKms({
  keys: [{ alias: 'alias/ecc', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' }],
})
const kms = { ...local.clientConfig, maxAttempts: 1 }
const folder = await mkdtemp(join(tmpdir(), 'sealdrop-shutdown-'))
after(async () => {
  await local.close()
  await rm(folder, { recursive: true })
})
const published = createPublisher({ kms, keys: [{ key: 'alias/ecc' }] })
const keys = importKeySet((await published.documents()).jwks, { trust: inHand() })
const context = { form: 'claim' }
const slow = /** @type {const} */ ({ kind: 'latency', operation: 'DeriveSharedSecret' })
const content = pattern(1_000_000)
const sealedFile = async () => streamBytes((await sealStream(keys, content, { context })).readable)
beforeEach(() => local.faults.clear())

async function openerWith(o = {}) {
  const opener = createOpener({ kms, keys: ['alias/ecc'], ...o })
  await opener.ready()
  return opener
}
/** Closes, and says when that was over. */
const closing = (opener, o) => {
  const state = { isOver: false, done: /** @type {Promise<void>} */ (Promise.resolve()) }
  state.done = opener.close(o).then(() => void (state.isOver = true))
  return state
}
const all = async (outcomes, found = /** @type {any[]} */ ([])) => {
  for await (const outcome of outcomes) found.push(outcome)
  return found
}

test('closing waits for values, fields of records and files that are under way', async () => {
  const opener = await openerWith()
  const value = await seal(keys, 'one', { context })
  const input = join(folder, 'sealed')
  await writeFile(input, await sealedFile())
  local.faults.add({ ...slow, latency: 200 })
  const work = [
    opener.open(value, { context }).then((opened) => opened.text()),
    opener.openFile(input, join(folder, 'opened'), { context }).then(({ name }) => name),
  ]
  const end = closing(opener)
  await sleep(20)
  assert.isFalse(end.isOver)
  await fails(assert, opener.open(value, { context }), 'closed')
  await end.done
  assert.deepEqual(await Promise.all(work), ['one', undefined])
  assert.include(await readdir(folder), 'opened')
})

test('a cache and clients that were made serve what is under way until it is done', async () => {
  const opener = await openerWith({ cache: { entries: 10, maxAge: 60_000, uses: 10 } })
  const sealer = createSealer(keys)
  const values = await Promise.all([1, 2].map((n) => sealer.seal(n, { context })))
  local.faults.add({ ...slow, latency: 100 })
  const opened = values.map((value) => opener.open(value, { context }))
  await opener.close()
  assert.deepEqual(
    (await Promise.all(opened)).map((one) => one.json()),
    [1, 2],
  )
})

test('closing twice waits twice, and an opener that does nothing closes at once', async () => {
  await (await openerWith()).close()
  const opener = await openerWith()
  local.faults.add({ ...slow, latency: 100 })
  const opened = opener.open(await seal(keys, 'one', { context }), { context })
  const ends = [closing(opener), closing(opener)]
  await sleep(20)
  assert.deepEqual(
    ends.map(({ isOver }) => isOver),
    [false, false],
  )
  await Promise.all(ends.map(({ done }) => done))
  assert.equal((await opened).text(), 'one')
})

test('what is under way may fail: closing does not', async () => {
  const opener = await openerWith()
  local.faults.add({ kind: 'throttle', operation: 'DeriveSharedSecret' })
  const opened = opener.open(await seal(keys, 'one', { context }), { context })
  const failed = fails(assert, opened, 'kms_throttled')
  await opener.close()
  await failed
})

test('a stream that nobody reads does not hold closing back, and can be read later', async () => {
  const opener = await openerWith()
  const file = await sealedFile()
  const { readable } = await opener.openStream(file, { context })
  const part = await opener.openRange(new Blob([file]), 10, 20, { context })
  const cancelled = await opener.openStream(file, { context })
  await opener.close()
  await cancelled.readable.cancel()
  assert.deepEqual(await streamBytes(readable), content)
  assert.deepEqual(await streamBytes(part.readable), content.slice(10, 20))
})

test('openMany finishes what it began, and the rest is refused', async () => {
  const opener = await openerWith()
  const asked = /** @type {number[]} */ ([])
  async function* items() {
    for (let i = 0; ; i++) {
      asked.push(i)
      yield { jwe: await seal(keys, i, { context }), context }
    }
  }
  local.faults.add({ ...slow, latency: 50 })
  const found = /** @type {any[]} */ ([])
  const run = all(opener.openMany(items(), { concurrency: 2 }), found)
  while (asked.length < 8) await sleep(5)
  const end = closing(opener)
  assert.equal((await fails(assert, run, 'closed')).whose, 'caller')
  await end.done
  const opened = found.filter((one) => one.opened)
  assert.isAtLeast(opened.length, 7)
  opened.forEach((one, i) => assert.equal(one.opened.json(), i))
  // one that was asked for before, and came after
  assert.isAtMost(found.length - opened.length, 1)
  for (const { error } of found) if (error) assert.equal(error.code, 'closed')
})

test('openMany whose reader went away holds nothing back', async () => {
  const opener = await openerWith()
  const jwe = await seal(keys, 'one', { context })
  const run = opener.openMany(
    [
      { jwe, context },
      { jwe, context },
    ],
    { concurrency: 1 },
  )
  assert.equal((await run.next()).value?.opened?.text(), 'one')
  await opener.close()
})

test('a signal gives up what is under way: it fails by closed, and claims nothing', async () => {
  const claimed = /** @type {string[]} */ ([])
  const replay = { claim: async (id) => Boolean(claimed.push(id)) }
  const opener = await openerWith({ maxAge: 60_000, replay })
  const jwe = await seal(keys, 'one', { context })
  local.faults.add({ ...slow, latency: 400 })
  const item = { jwe, context }
  const found = /** @type {any[]} */ ([])
  const many = all(opener.openMany([item, item]), found).catch(({ code }) => code)
  await sleep(20)
  const failed = fails(assert, opener.open(jwe, { context }), 'closed')
  const stop = new AbortController()
  const end = closing(opener, { signal: stop.signal })
  await sleep(20)
  assert.isFalse(end.isOver)
  const before = performance.now()
  stop.abort()
  await end.done
  assert.isBelow(performance.now() - before, 300)
  assert.equal((await failed).whose, 'caller')
  await many
  assert.deepEqual(
    found.map(({ error }) => error?.code),
    ['closed', 'closed'],
  )
  await sleep(500)
  assert.deepEqual(claimed, [])
})

test('a file that is given up leaves nothing behind when closing is over', async () => {
  const opener = await openerWith()
  const into = await mkdtemp(join(folder, 'given-up-'))
  const input = join(folder, 'large')
  const big = await sealStream(keys, new Blob(Array(64).fill(content)), { context })
  await writeFile(input, big.readable)
  const failed = fails(assert, opener.openFile(input, join(into, 'out'), { context }), 'closed')
  while ((await readdir(into)).length === 0) await sleep(1)
  await opener.close({ signal: AbortSignal.abort() })
  assert.deepEqual(await readdir(into), [])
  await failed
})

test('a source whose header is awaited is given up too, and so is one that comes too late', async () => {
  const opener = await openerWith()
  const sources = [0, 1].map(() => {
    const state = { cancelled: /** @type {unknown} */ (undefined) }
    const cancel = (reason) => void (state.cancelled = reason)
    return { state, stream: new ReadableStream({ cancel }) }
  })
  const failed = fails(
    assert,
    opener.openStream(sources[0]?.stream ?? wrong(0), { context }),
    'closed',
  )
  await opener.close({ signal: AbortSignal.timeout(20) })
  await failed
  await fails(assert, opener.openStream(sources[1]?.stream ?? wrong(0), { context }), 'closed')
  for (const { state } of sources) assert.equal(Object(state.cancelled).code, 'closed')
})

test('wrong options of close are told, and close nothing', async () => {
  const opener = await openerWith()
  await fails(assert, opener.close(wrong({ timeout: 5 })), 'invalid_argument')
  const jwe = await seal(keys, 'one', { context })
  assert.equal((await opener.open(jwe, { context })).text(), 'one')
  await opener.close()
})
