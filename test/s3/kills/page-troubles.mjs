// What goes wrong in a browser: a file that grows while it is sent, a folder that is chosen as one,
// storage that is full.
import { appendFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { generator } from '../../support/generator.mjs'
import { amount, givenSeed, seedLine } from '../../support/soak.mjs'
import { launches } from '../page-world.mjs'
import { openTab, profileLives, sent } from './lives.mjs'

const MiB = 2 ** 20

/** @param {{ test: any, assert: any, made: any, fresh: () => void, fileOf: any, hashOf: any }} host */
export function pageTroublesSuite({ test, assert, made, fresh, fileOf }) {
  /** Works in a page that shares no store with another. */
  const inPage = (browser, work) => async () => {
    const { world } = made
    const own =
      browser === 'Chromium' ? await made.browser.createBrowserContext() : await launches[browser]()
    const before = [await world.objects(), await world.begun()]
    fresh()
    try {
      await work({ page: await openTab(world, own, { partLength: 5 * MiB, inFlight: 1 }), before })
      assert.deepEqual(world.ledger.twice(), [])
    } finally {
      fresh()
      await own.close()
    }
  }
  const there = async () => [await made.world.objects(), await made.world.begun()]

  for (const browser of Object.keys(launches)) {
    test(`${browser}: a file that grows while it is sent is source_changed, or arrives as it was chosen`, (t) =>
      inPage(browser, async ({ page, before }) => {
        const { store } = made.world
        const file = await fileOf(26 * MiB)
        store.before = async () => {
          if (store.puts.length === 2) await appendFile(file.path, 'more')
        }
        const outcome = await sent(page, file)
        t.diagnostic(`${outcome.code ?? outcome.state} after ${store.puts.length} parts`)
        if (outcome.state === 'done') {
          // Firefox reads on, and nothing of what was chosen is another
          assert.equal((await made.world.opened(outcome.key)).hash, file.hash)
          await made.world.remove(outcome.key)
        } else {
          assert.equal(outcome.code, 'source_changed')
          assert.isAtMost(store.puts.length, 3)
        }
        assert.deepEqual(await page.evaluate('globalThis.page.unfinished()'), [])
        assert.deepEqual(await there(), before)
      })(t))
  }

  /** All may begin anew where Firefox lost what was durable, and nowhere else. */
  const assertLost = ({ recorded, listed, key }) => {
    const { puts } = made.world.store
    assert.lengthOf(
      puts.filter((put) => put.key.endsWith(key)),
      6,
    )
    const [parts] = Object.values(recorded)
    const isLost = !parts || listed.some((part) => !parts.includes(part))
    assert.isTrue(isLost, `it began anew with ${JSON.stringify({ recorded, listed })}`)
  }

  const kills = amount({ part: 1, whole: 15 })
  test(`Firefox: a browser that is killed at random moments (${kills}), and the file goes on in its profile`, async (t) => {
    const { world } = made
    const seed = givenSeed()
    t.diagnostic(seedLine(seed))
    const { below } = generator(seed)
    for (let i = 0; i < kills; i++) {
      const file = await fileOf(26 * MiB)
      const lives = profileLives(world, 'Firefox')
      const [at, ms] = [1 + below(4), below(60)]
      fresh()
      const { store } = world
      let life
      const killed = Promise.withResolvers()
      let isDue = false
      store.before = async () => {
        const { length } = store.puts
        // two may come at once, and nobody sees the number between
        if (length >= at && !isDue) setTimeout(() => killed.resolve(life.end()), ms)
        isDue ||= length >= at
        await (length > at ? new Promise(() => {}) : sleep(20))
      }
      life = await lives.begin(file, { partLength: 5 * MiB, inFlight: 3 })
      assert.isUndefined(await life.over)
      await killed.promise
      store.before = undefined
      const outcome = await (await lives.begin(file, { partLength: 5 * MiB, inFlight: 3 })).over
      assert.equal(outcome.state, 'done', outcome.error)
      assert.equal((await world.opened(outcome.key)).hash, file.hash)
      const keys = new Set(store.puts.map(({ key }) => key))
      const wentOn = keys.size === 1
      if (wentOn) assert.isAtMost(store.puts.length, 6 + 3)
      else assertLost(outcome)
      assert.deepEqual(world.ledger.twice(), [])
      t.diagnostic(
        `at part ${at}: ${store.puts.length - 6} sent again, ${wentOn ? 'it went on' : 'anew'}`,
      )
      await world.remove(outcome.key)
    }
  })

  test('Chromium: a folder that is chosen as a file is refused, and nothing is sent', (t) =>
    inPage('Chromium', async ({ page, before }) => {
      const path = join(made.world.folder, 'a folder')
      await mkdir(path)
      await appendFile(join(path, 'file'), 'in it')
      const { code } = await sent(page, { path })
      assert.include(['source_failed', 'source_changed'], code)
      assert.deepEqual([made.world.store.puts, await there()], [[], before])
    })(t))

  test('Chromium: storage that is full is output_failed and nothing is sent, and with room the file arrives', (t) =>
    inPage('Chromium', async ({ page }) => {
      const { store, site } = made.world
      const file = await fileOf(12 * MiB)
      const devtools = await page.createCDPSession()
      const quota = (quotaSize) =>
        devtools.send('Storage.overrideQuotaForOrigin', { origin: site, quotaSize })
      await quota(1)
      const first = await sent(page, file)
      assert.equal(first.code, 'output_failed', JSON.stringify(first))
      assert.match(first.error, /full/)
      assert.deepEqual(store.puts, [])
      await quota(2 ** 30)
      await page.reload()
      await page.waitForFunction('globalThis.page', { polling: 20 })
      const outcome = await sent(page, file)
      assert.equal((await made.world.opened(outcome.key)).hash, file.hash)
      assert.lengthOf(store.puts, 3)
    })(t))
}
