// The page's half of uploads in Chromium and Firefox: a page, a handler and a bucket at three
// origins, files chosen as people choose them, and tabs that are closed in the middle.
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { importKeySet, inHand, sealedLength } from 'sealdrop'
import { generator } from '../support/generator.mjs'
import { found } from '../support/plaintext.mjs'
import { amount, givenSeed, seedLine } from '../support/soak.mjs'
import { guideLinks } from './guide-links.mjs'
import { pageLinks } from './page-links.mjs'
import { plantInPage, storedInPage } from './page-stores.mjs'
import { context, launches, makePageWorld } from './page-world.mjs'
import { uppyPages } from './uppy-pages.mjs'

const MiB = 2 ** 20
const partLength = 5 * MiB
/** Parts that are sent side by side where nobody says otherwise. */
const lanes = 3
const markers = {
  content: `content-${randomBytes(12).toString('hex')}`,
  name: `name-${randomBytes(12).toString('hex')}`,
}

/**
 * @param {{ test: any, assert: any, world: () => any }} host
 * @returns what starts and stops what it needs
 */
export function pagesSuite({ test, assert, world }) {
  /** @type {any} */
  let made
  /** @type {Record<string, any>} */
  const browsers = {}
  const troubles = []
  const start = async () => {
    made = await makePageWorld(world().config, markers)
    const all = Object.entries(launches)
    await Promise.all(all.map(async ([name, launch]) => (browsers[name] = await launch())))
  }
  const stop = async () => {
    for (const browser of Object.values(browsers)) await browser.close()
    await made?.close()
  }

  /** A file that begins with the one text, and has the other one in its name. */
  const fileOf = async (length) => {
    const bytes = randomBytes(length)
    bytes.write(markers.content)
    const folder = join(made.folder, randomUUID())
    await mkdir(folder)
    const path = join(folder, `${markers.name}.bin`)
    await writeFile(path, bytes)
    return { path, length, hash: createHash('sha256').update(bytes).digest('hex') }
  }
  const openTab = async (session, query = {}) => {
    const page = await session.newPage()
    page.on('pageerror', (error) => troubles.push(String(error)))
    await page.goto(`${made.site}/?${new URLSearchParams(query)}`)
    await isReady(page)
    return page
  }
  const isReady = (page) => page.waitForFunction('globalThis.page', { polling: 50 })
  const choose = async (page, { path }) => (await page.$('input')).uploadFile(path)
  const told = (page) => page.evaluate('globalThis.page.told')
  const ended = async (page) => {
    const over = '["done", "failed"].includes(globalThis.page.told.state)'
    const waiting = page.waitForFunction(over, { polling: 50, timeout: 90_000 })
    await waiting.catch(async () => assert.fail(`after 90 s: ${JSON.stringify(await told(page))}`))
    return told(page)
  }
  /** Sends a file in a page, or goes on with it, and opens what arrived. */
  const arrives = async (page, file) => {
    await choose(page, file)
    const outcome = await ended(page)
    assert.equal(outcome.state, 'done', outcome.error)
    assert.equal(outcome.done, outcome.total)
    assert.equal(outcome.total, outcome.length)
    assert.equal(await made.openedHash(outcome.key), file.hash, `${file.length} bytes`)
    return outcome
  }
  const unfinished = (page) => page.evaluate('globalThis.page.unfinished()')
  /** Parts that were sent since the last call of `fresh`, and those of them that were stored. */
  const stored = () => made.store.puts.filter(({ status }) => status === 200)
  const fresh = (before) => Object.assign(made.store, { puts: [], before })
  const sentParts = () => made.store.puts.map(({ part, status }) => `${part}: ${status}`).join()
  const until = async (isSo) => {
    for (let i = 0; i < 3_000 && !isSo(); i++) await sleep(10)
    assert.isTrue(isSo(), `it came in 30 s; parts sent: ${sentParts()}`)
  }
  /** Keeps back every part behind the first ones. */
  const only = (count) => (put) =>
    made.store.puts.indexOf(put) < count ? undefined : new Promise(() => {})
  /** A session of a browser, with stores of its own. */
  const inSession = (browser, work) => async (t) => {
    const session = await browsers[browser].createBrowserContext()
    fresh()
    try {
      await work(session, t)
      assert.deepEqual(troubles.splice(0), [])
      assert.deepEqual(made.found.splice(0), [], 'plaintext or a name reached a server')
      assert.deepEqual(made.ledger.twice(), [], 'two plaintexts under one key and IV')
    } finally {
      fresh()
      await session.close()
    }
  }

  const tools = { inSession, isReady, choose, arrives, ended, stored, fresh, until, only, fileOf }
  pageLinks({ test, assert, made: () => made, tools })
  guideLinks({ test, assert, world, made: () => made, tools })
  uppyPages({ test, assert, made: () => made, tools, markers })

  for (const browser of Object.keys(launches)) {
    test(`${browser}: files of 0 bytes, of one part, of a byte more and of 40 MiB arrive as they were`, (own) =>
      inSession(browser, async (session) => {
        const keys = importKeySet(made.jwks, { trust: inHand() })
        const guess = 8 * MiB - 100_000
        const whole = 8 * MiB - ((await sealedLength(keys, guess, { context })) - guess)
        const rows = [
          { length: 0, parts: 1 },
          { length: whole, parts: 1 },
          { length: whole + 1, parts: 2 },
          { length: 40 * MiB, parts: 9, query: { partLength } },
        ]
        for (const { length, parts, query } of rows) {
          const tab = await openTab(session, query)
          fresh()
          await arrives(tab, await fileOf(length))
          assert.equal(stored().length, parts, `${length} bytes`)
          assert.equal(made.store.puts.length, parts, `${length} bytes`)
          assert.deepEqual(await unfinished(tab), [])
          await tab.close()
        }
      })(own))

    test(`${browser}: after a reload in the middle the same file goes on, and nothing stays behind`, (own) =>
      inSession(browser, async (session) => {
        const file = await fileOf(40 * MiB)
        const page = await openTab(session, { partLength })
        fresh(only(2))
        await choose(page, file)
        await until(() => stored().length === 2 && made.store.puts.length === 2 + lanes)
        const { messageId } = await told(page)
        await page.reload()
        await isReady(page)
        const [first, ...others] = await unfinished(page)
        const name = `${markers.name}.bin`
        assert.deepEqual([first, others], [{ messageId, name, size: file.length }, []])
        made.store.before = undefined
        const outcome = await arrives(page, file)
        assert.equal(outcome.messageId, messageId)
        assert.equal(stored().length, 9, 'what was stored is not sent again')
        assert.isAtMost(made.store.puts.length, 9 + lanes)
        assert.deepEqual(await unfinished(page), [])
        const rows = await page.evaluate(storedInPage)
        assert.deepEqual(
          rows.filter(([, text]) => text.includes(messageId)),
          [],
          'the record is gone',
        )
      })(own))

    test(`${browser}: nothing of the content is kept or sent, and the name only in IndexedDB`, (own) =>
      inSession(browser, async (session, t) => {
        const places = async (page, marker) => {
          const rows = await page.evaluate(storedInPage)
          const traces = made.traces.filter(([name]) => name === marker).map(([, trace]) => trace)
          return rows.filter(([, text]) => found(text, traces).length > 0).map(([place]) => place)
        }
        for (const query of [{ partLength }, { partLength, name: 'false' }]) {
          const page = await openTab(session, query)
          fresh(only(1))
          await choose(page, await fileOf(21 * MiB))
          await until(() => stored().length === 1 && made.store.puts.length === 1 + lanes)
          const [{ messageId, name }] = await unfinished(page)
          assert.equal(name, query.name ? undefined : `${markers.name}.bin`)
          const names = query.name ? [] : ['IndexedDB sealdrop tags']
          assert.deepEqual(await places(page, 'content'), [])
          assert.deepEqual(await places(page, 'name'), names)
          await page.reload()
          await isReady(page)
          assert.deepEqual(await places(page, 'content'), [])
          assert.deepEqual(await places(page, 'name'), names)
          await page.evaluate(removeInPage, messageId)
          await page.close()
        }
        assert.deepEqual(made.found, [])
        fresh()
        // the control: what is planted is found, in every place
        const page = await openTab(session)
        const { handler } = await page.evaluate('({ handler: globalThis.page.handler })')
        const bucket = made.bucketUrl
        await page.evaluate(plantInPage, { text: markers.content, handler, bucket })
        assert.sameMembers(await places(page, 'content'), [
          'IndexedDB planted rows',
          'localStorage',
          'sessionStorage',
          'cookies',
          'cache planted',
          'OPFS planted',
        ])
        const servers = new Set(made.found.splice(0))
        t.diagnostic([...servers].join(', '))
        for (const place of ['handler', 'bucket'])
          assert.include([...servers], `content at the ${place}`)
      })(own))
  }

  test('Chromium: a network that goes away in the middle is waited for', (own) =>
    inSession('Chromium', async (session, t) => {
      const file = await fileOf(40 * MiB)
      const page = await openTab(session, { partLength })
      fresh(only(3))
      await choose(page, file)
      await until(() => stored().length === 3 && made.store.puts.length === 3 + lanes)
      await page.setOfflineMode(true)
      made.store.cut()
      await sleep(1_500)
      const { state } = await told(page)
      assert.equal(state, 'running')
      const before = made.store.puts.length
      made.store.before = undefined
      await sleep(500)
      assert.equal(made.store.puts.length, before, 'nothing is sent without a network')
      await page.setOfflineMode(false)
      const outcome = await ended(page)
      assert.equal(outcome.state, 'done', outcome.error)
      assert.equal(await made.openedHash(outcome.key), file.hash)
      assert.isAtMost(made.store.puts.length, 9 + lanes)
      t.diagnostic(`${made.store.puts.length} parts were sent, of 9`)
    })(own))

  const kills = amount({ part: 4, whole: 30 })
  test(`Chromium: a tab that is closed at ${kills} random moments, and the file goes on in another one`, (own) =>
    inSession('Chromium', async (session, t) => {
      const seed = givenSeed()
      t.diagnostic(seedLine(seed))
      const { below } = generator(seed)
      const again = made.ledger.seen.again
      let wentOn = 0
      let repeated = 0
      for (let round = 0; round < kills; round++) {
        const file = await fileOf(26 * MiB)
        const first = await openTab(session, { partLength })
        fresh(() => sleep(40))
        await choose(first, file)
        const [enough, later] = [below(6), below(120)]
        await until(() => made.store.puts.length >= enough)
        await sleep(later)
        const { messageId, state } = await told(first)
        // before the first part the handler may not have answered: all begins anew then
        const hasBegun = made.store.puts.length > 0
        await first.close()
        const page = await openTab(session, { partLength })
        const outcome = await arrives(page, file)
        const kept = messageId !== undefined && state !== 'done' && hasBegun
        if (kept) assert.equal(outcome.messageId, messageId, `round ${round}`)
        else if (!hasBegun) assert.isAtLeast(made.store.puts.length, 6, 'all of it was sent')
        wentOn += Number(kept)
        const { length } = made.store.puts
        if (state !== 'done') {
          assert.isAtMost(length, 6 + lanes, `round ${round}`)
          repeated += length - 6
        }
        assert.deepEqual(await unfinished(page), [])
        await page.close()
      }
      assert.isAbove(wentOn, 0)
      const frames = made.ledger.seen.again - again
      assert.isAbove(frames, 0, 'frames were sealed again')
      t.diagnostic(`${wentOn} went on, ${repeated} parts and ${frames} frames were made again`)
    })(own))

  for (const browser of Object.keys(launches))
    test(`${browser}: the ledger sees a frame that is sealed from two plaintexts`, (own) =>
      inSession(browser, async (session) => {
        const page = await openTab(session)
        await page.evaluate(sealTwiceInPage)
        const twice = made.ledger.twice()
        assert.lengthOf(twice, 1)
        made.ledger.entries.delete(twice[0])
      })(own))

  return { start, stop }
}

async function removeInPage(id) {
  const { indexedDbRecords } = await import(/** @type {any} */ ('/doors/index.js'))
  await indexedDbRecords().remove(id)
}

/** One key and IV over two plaintexts. */
async function sealTwiceInPage() {
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt'])
  const additionalData = new Uint8Array(72).fill(7)
  for (const byte of [1, 1, 2])
    await crypto.subtle.encrypt(
      { name: 'AES-GCM', iv: new Uint8Array(12), additionalData },
      key,
      new Uint8Array(16).fill(byte),
    )
}
