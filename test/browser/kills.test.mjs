// A browser with a profile that is killed at random moments of sealing and restoring: what left is
// in the record, and no frame leaves twice with two plaintexts. 6 kills in `npm test`, 30 in
// `npm run test:soak`.
import test from 'node:test'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { assert } from 'chai'
import puppeteer from 'puppeteer-core'
import { chromiumArgs, chromiumPath } from '../support/chromium.mjs'
import { generator } from '../support/generator.mjs'
import { keySetOf, publicJwk } from '../support/host.js'
import { portOf } from '../support/listen.mjs'
import { amount, givenSeed, seedLine } from '../support/soak.mjs'
import { present } from '../support/types.mjs'

const kills = amount({ part: 6, whole: 30 })
const seed = givenSeed()
const { next, below } = generator(seed)
const script = await readFile(new URL('../../dist/sealdrop.min.js', import.meta.url))
const pages = {
  '/sealdrop.min.js': ['text/javascript', script],
  '/sandbox': ['text/html', '<!doctype html><iframe sandbox="allow-scripts" src="/"></iframe>'],
}
const plain = ['text/html', '<!doctype html><script src="/sealdrop.min.js"></script>']

/** What reached the server: the id of a message, and by frame each tag that it left with. */
const ledger = new Map()
let [messageId, told] = ['', 0]
async function enter(req) {
  const { id, tags } = /** @type {any} */ (await json(req))
  const frames = ledger.get(id) ?? new Map()
  ledger.set(id, frames)
  messageId = id
  told++
  for (const [frame, tag] of tags) frames.set(frame, (frames.get(frame) ?? new Set()).add(tag))
}
/** Frames that left with two tags: one key and IV over two plaintexts. */
const twice = () =>
  [...ledger.values()].flatMap((frames) => [...frames].filter(([, tags]) => tags.size > 1))

const server = createServer((req, res) => {
  if (req.method === 'POST') {
    void enter(req).then(() => res.end())
    return
  }
  const [type, body] = pages[present(req.url)] ?? plain
  res.setHeader('content-type', type).end(body)
})
const origin = `http://127.0.0.1:${await portOf(server)}`
const profile = await mkdtemp(join(tmpdir(), 'sealdrop-profile-'))
const keySet = keySetOf(publicJwk('P-256-enc'))

async function launch(userDataDir = profile) {
  const browser = await puppeteer.launch({
    executablePath: await chromiumPath(),
    args: [...chromiumArgs, '--js-flags=--expose-gc', '--enable-precise-memory-info'],
    userDataDir,
    protocolTimeout: 300_000,
  })
  test.after(() => browser.close().catch(() => {}))
  const page = await browser.newPage()
  await page.goto(origin)
  return { browser, page }
}

test.after(async () => {
  server.close()
  await rm(profile, { recursive: true, force: true, maxRetries: 5 })
})

/**
 * Seals random ranges in a page until it is killed, or until so many were. What it seals leaves
 * with its tags.
 *
 * @param {any} o
 */
async function sealInPage({ keySet: text, id, rounds, content, random, forgets }) {
  const { createFileSealer, importKeySet, indexedDbRecords, inHand, restoreFileSealer } =
    /** @type {any} */ (globalThis).sealdrop
  const keys = importKeySet(text, { trust: inHand() })
  const bytes = Uint8Array.from({ length: 60_000 }, (_, i) => i * 7 + (i >> 8) + content)
  const file = new File([bytes], 'a', { lastModified: 1_700_000_000_000 })
  const kept = indexedDbRecords()
  const records = forgets ? { ...kept, append: async () => {} } : kept
  const hex = (part) => Array.from(part, (byte) => byte.toString(16).padStart(2, '0')).join('')
  let state = random
  const drawn = (n) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >> 8) % n
  }
  try {
    const sealer = id
      ? await restoreFileSealer(keys, records, id, file)
      : await createFileSealer(keys, file, { context: {}, frameLength: 1_000, records })
    const leave = (tags) =>
      fetch('/', { method: 'POST', body: JSON.stringify({ id: sealer.messageId, tags }) })
    await leave([])
    const header = sealer.length - 60 * 1_032 - 8
    for (let i = 0; i < rounds; i++) {
      const first = rounds === 1 ? 0 : drawn(50)
      const count = rounds === 1 ? 59 : 1 + drawn(9)
      const piece = await sealer.slice(header + first * 1_032, header + (first + count) * 1_032)
      await leave(
        Array.from({ length: count }, (_, at) => [
          first + at,
          hex(piece.subarray(at * 1_032 + 1_016, (at + 1) * 1_032)),
        ]),
      )
    }
    await sealer.close()
    return 'sealed'
  } catch (error) {
    return /** @type {any} */ (error).code ?? String(error)
  }
}

/** The tags in the record, by frame. It is read as a page does that restores it. */
async function tagsInPage(id) {
  const loaded = await /** @type {any} */ (globalThis).sealdrop.indexedDbRecords().load(id)
  const hex = (part) => Array.from(part, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return [...(loaded?.tags ?? [])].flatMap(([first, tags]) =>
    Array.from({ length: tags.length / 16 }, (_, i) => [
      first + i,
      hex(tags.subarray(i * 16, i * 16 + 16)),
    ]),
  )
}

/** Everything that left of the message is in its record. */
async function checkRecord(page, id) {
  const recorded = new Set((await page.evaluate(tagsInPage, id)).map((entry) => entry.join()))
  for (const [frame, tags] of ledger.get(id))
    for (const tag of tags)
      assert.isTrue(recorded.has(`${frame},${tag}`), `frame ${frame} left and is not in the record`)
}

test(`a browser that is killed at ${kills} random moments lets no frame out with two plaintexts`, async (t) => {
  t.diagnostic(seedLine(seed))
  let refused = 0
  for (let round = 0; round < kills; round++) {
    const { browser, page } = await launch()
    if (messageId) await checkRecord(page, messageId)
    const before = told
    const sealing = page.evaluate(sealInPage, {
      keySet,
      id: messageId,
      rounds: 100_000,
      content: 1,
      random: below(2 ** 31),
    })
    sealing.catch(() => {})
    // half of the kills come while it is restored, and half after some pieces left
    const enough = round % 2 ? 0 : 1 + below(12)
    while (told - before < enough)
      assert.isUndefined(await Promise.race([sleep(5), sealing]), 'it goes on after a kill')
    await sleep(next() * (enough ? 20 : 150))
    const main = present(browser.process())
    const gone = once(main, 'exit')
    main.kill('SIGKILL')
    await gone
    // every third time the file is another one when the browser starts again
    if (round % 3 !== 2 || !messageId) continue
    refused += await changedFile()
  }
  assert.isAbove(refused, 0)
  assert.deepEqual(twice(), [])
  const frames = [...ledger.values()].reduce((sum, { size }) => sum + size, 0)
  assert.isAbove(frames, 0)
  t.diagnostic(`${ledger.size} messages, ${frames} frames that left, ${told} pieces`)
})

/** A file of other content under the record. @returns how often it was refused */
async function changedFile() {
  const { browser, page } = await launch()
  const id = messageId
  await checkRecord(page, id)
  const left = ledger.get(id).size
  const outcome = await page.evaluate(sealInPage, {
    keySet,
    id,
    rounds: 1, // everything
    content: 2,
    random: below(2 ** 31),
  })
  if (left > 0) assert.equal(outcome, 'source_changed')
  messageId = ''
  await browser.close()
  return Number(outcome === 'source_changed')
}

test('the ledger sees what a store that forgets lets out', async () => {
  const { browser, page } = await launch()
  const o = { keySet, rounds: 30, random: 5, forgets: true }
  assert.equal(await page.evaluate(sealInPage, { ...o, id: '', content: 1 }), 'sealed')
  await page.evaluate(sealInPage, { ...o, id: messageId, content: 2 })
  await browser.close()
  assert.isAbove(twice().length, 10)
})

test('the record of 100 GiB: 204,800 frames in 12,800 rows, and 10,000 notes', async (t) => {
  const { browser, page } = await launch()
  await page.evaluate(async () => {
    const { indexedDbRecords } = /** @type {any} */ (globalThis).sealdrop
    const records = indexedDbRecords('large')
    const bytes = (length) => crypto.getRandomValues(new Uint8Array(length))
    await records.create('id', { v: 1, created: Date.now(), key: bytes(32) })
    // in one transaction: 22,800 of them would take minutes
    const db = await new Promise((resolve) => {
      const request = indexedDB.open('large')
      request.onsuccess = () => resolve(request.result)
    })
    const transaction = db.transaction('tags', 'readwrite')
    const store = transaction.objectStore('tags')
    for (let i = 0; i < 12_800; i++) store.put([[i * 16, bytes(256)]], ['id', 'holder', i])
    for (let i = 0; i < 10_000; i++) {
      const note = { length: 8_388_608, sha256: bytes(32), chunks: bytes(256) }
      store.put([`part ${i}`, note], ['id', `part ${i}`])
    }
    await new Promise((resolve) => {
      transaction.oncomplete = resolve
    })
  })
  await page.reload()
  const found = await page.evaluate(async () => {
    const world = /** @type {any} */ (globalThis)
    const heap = async () => {
      for (let i = 0; i < 3; i++) {
        world.gc()
        await new Promise((resolve) => {
          setTimeout(resolve, 100)
        })
      }
      return world.performance.memory.usedJSHeapSize
    }
    const before = await heap()
    const began = performance.now()
    world.loaded = await world.sealdrop.indexedDbRecords('large').load('id')
    const took = performance.now() - began
    const bytes = (await heap()) - before
    const frames = [...world.loaded.tags].reduce((sum, [, tags]) => sum + tags.length / 16, 0)
    return { took, bytes, frames, notes: [...world.loaded.notes].length }
  })
  t.diagnostic(
    `loaded in ${found.took.toFixed(0)} ms, ${(found.bytes / 2 ** 20).toFixed(1)} MiB of heap`,
  )
  assert.equal(found.frames, 204_800)
  assert.equal(found.notes, 10_000)
  assert.isBelow(found.bytes, 14 * 2 ** 20)
  await browser.close()
})

test('a page of an opaque origin is told which of its stores the browser does not allow', async () => {
  const { browser, page } = await launch()
  await page.goto(`${origin}/sandbox`)
  const frame = present(await (await page.waitForSelector('iframe'))?.contentFrame())
  await frame.waitForFunction('globalThis.sealdrop')
  const found = await frame.evaluate(async (text) => {
    const { createFileSealer, importKeySet, indexedDbRecords, indexedDbSets, inHand } =
      /** @type {any} */ (globalThis).sealdrop
    const keys = importKeySet(text, { trust: inHand() })
    const said = (work) =>
      work().then(
        () => 'it went on',
        ({ code, message }) => `${code}: ${message}`,
      )
    return {
      sealer: await said(() =>
        createFileSealer(keys, new File([], 'a'), { context: {}, records: indexedDbRecords() }),
      ),
      records: await said(() => indexedDbRecords().load('x')),
      sets: await said(() => indexedDbSets().get('x')),
    }
  }, keySet)
  assert.match(found.sealer, /^output_failed: (Web Locks|IndexedDB).* not allowed/)
  assert.match(found.records, /^output_failed: IndexedDB.* not allowed/)
  assert.match(found.sets, /^output_failed: IndexedDB.* not allowed/)
  await browser.close()
})
