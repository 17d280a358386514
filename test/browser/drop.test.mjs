// `<sealdrop-drop>` in real browsers, from its script: what is dropped arrives sealed, pauses, goes on
// after a reload, and nothing of it is anywhere else.
import test from 'node:test'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { assert } from 'chai'
import { launches } from '../s3/page-world.mjs'
import { plantInPage, storedInPage } from '../s3/page-stores.mjs'
import { dropOnto, openDrop } from '../support/drop-page.mjs'
import { markers, startDropWorld } from '../support/drop-world.mjs'
import { found } from '../support/plaintext.mjs'

const world = await startDropWorld()
test.after(() => world.close())
const { store, fileOf } = world
const MiB = 2 ** 20
const small = await fileOf(`${markers.name}.jpg`, 300_000)
const empty = await fileOf('empty.txt', 0)
const large = await fileOf(`${markers.name} large.mp4`, 20 * MiB)
const home = world.page('/works.html')

/** Holds the parts back from the one of this number on, until it is called. */
function holdFrom(number) {
  /** @type {(nothing?: undefined) => void} */
  let letGo = () => {}
  const gate = new Promise((resolve) => (letGo = resolve))
  store.before = async ({ part }) => {
    if (part >= number) await gate
  }
  return () => {
    store.before = undefined
    letGo()
  }
}

const open = (t, browser, url = home) => openDrop(t, browser, url)

/** Waits until the bucket answered the first part, and the page has heard of it. */
async function partIsThere(from) {
  while (!store.puts.slice(from).some(({ part, status }) => part === 1 && status === 200))
    await new Promise((resolve) => setTimeout(resolve, 20))
  await new Promise((resolve) => setTimeout(resolve, 300))
}

/** What arrived, opened by the company: SHA-256 by the receipt's name. */
const openedOf = async (receipts) =>
  Object.fromEntries(
    await Promise.all(receipts.map(async ({ name, key }) => [name, await world.openedHash(key)])),
  )

for (const [name, launch] of Object.entries(launches))
  test(`${name}: files are sealed, sent, and opened to the same SHA-256`, async (t) => {
    const browser = await launch()
    t.after(() => browser.close())
    const { page, box, troubles } = await open(t, browser)
    assert.equal(await box.text('.who-title'), 'Only Example Insurance can open them')
    assert.include(await box.text('dl'), world.pin)
    assert.include(await box.text('dl'), 'this page came with the thumbprint of the key')
    await page.evaluate(() => {
      globalThis.told = []
      for (const type of ['change', 'done', 'error', 'complete'])
        document.addEventListener(`sealdrop-${type}`, (event) => {
          const { detail } = /** @type {CustomEvent} */ (event)
          globalThis.told.push({ type, ...detail, file: detail.file?.name })
        })
    })
    await box.choose(small.path, empty.path, large.path)
    assert.match(await box.text('.main'), /^Seal and send: 3 files$/)
    await box.click('.main')
    await box.is('done')
    const receipts = await box.receipts()
    assert.deepEqual(
      await openedOf(receipts),
      Object.fromEntries([small, empty, large].map((file) => [file.name, file.hash])),
    )
    for (const { trust, recipients } of receipts) {
      assert.deepEqual(trust, ['pinned'])
      assert.deepEqual(recipients, [{ thumbprint: world.pin, alg: 'ECDH-ES+A256KW' }])
    }
    const told = await page.evaluate(() => globalThis.told)
    const of = (type) => told.filter((event) => event.type === type)
    assert.deepEqual(
      of('change').map(({ state }) => state),
      ['ready', 'sending', 'done'],
    )
    assert.sameMembers(
      of('done').map(({ file }) => file),
      [small, empty, large].map((file) => file.name),
    )
    for (const { session } of of('done')) assert.isString(session)
    assert.lengthOf(of('complete'), 1)
    assert.lengthOf(of('error'), 0)
    assert.deepEqual(troubles, [])
    assert.deepEqual(world.found, [])
  })

test('in Chromium', async (t) => {
  const browser = await launches.Chromium()
  t.after(() => browser.close())
  const at = (s, url) => open(s, browser, url)

  await t.test('receipts are kept without the session', async (s) => {
    const { page, box } = await at(s)
    await box.choose(small.path)
    await box.click('.main')
    await box.is('done')
    await page.evaluate(() => {
      const make = URL.createObjectURL.bind(URL)
      URL.createObjectURL = (blob) => {
        void (/** @type {Blob} */ (blob).text().then((text) => (globalThis.saved = text)))
        return make(blob)
      }
    })
    await box.click('.outcome button')
    const saved = await (await page.waitForFunction(() => globalThis.saved)).jsonValue()
    const [receipt] = await box.receipts()
    assert.deepEqual(JSON.parse(saved), {
      endpoint: world.handler,
      files: [{ ...receipt, sent: JSON.parse(saved).files[0].sent }],
    })
    assert.notInclude(saved, 'session')
  })

  await t.test('a folder that is dropped is sent with its paths', async (s) => {
    const { page, box } = await at(s)
    const folder = join(world.folder, 'claim')
    await mkdir(join(folder, 'photos', 'deep'), { recursive: true })
    const names = ['1.txt', '2.txt', '3.txt'].map((name) => `photos/deep/${name}`)
    for (const name of [...names, 'letter.txt']) await writeFile(join(folder, name), name)
    await dropOnto(page, await box.find('.zone'), [folder])
    await box.is('ready')
    await box.click('.main')
    await box.is('done')
    const receipts = await box.receipts()
    const paths = receipts.map(({ name }) => name)
    assert.sameMembers(
      paths,
      [...names, 'letter.txt'].map((name) => `claim/${name}`),
    )
    const shown = await page.$$eval('>>> .name', (all) => all.map((node) => node.textContent))
    assert.sameMembers(shown, paths)
  })

  await t.test('it pauses, sends nothing meanwhile, and goes on', async (s) => {
    const { box } = await at(s)
    const letGo = holdFrom(2)
    await box.choose(large.path)
    await box.click('.main')
    await box.share(0.3)
    await box.click('[part~=pause]')
    await box.is('paused')
    letGo()
    await new Promise((resolve) => setTimeout(resolve, 300))
    const before = store.puts.length
    await new Promise((resolve) => setTimeout(resolve, 500))
    assert.equal(store.puts.length, before)
    await box.click('[part~=resume]')
    await box.is('done')
    assert.equal((await openedOf(await box.receipts()))[large.name], large.hash)
  })

  await t.test('after a reload it asks for the same file, and goes on', async (s) => {
    const { page, box } = await at(s)
    const from = store.puts.length
    const letGo = holdFrom(2)
    await box.choose(large.path)
    await box.click('.main')
    await box.share(0.3)
    await partIsThere(from)
    const [key] = await world.begun()
    await page.reload()
    letGo()
    const words = await box.text('.unfinished')
    assert.include(words, large.name)
    assert.include(words, 'Choose the same file once more')
    await box.choose(large.path)
    assert.include(await box.text('li[data-state] .state'), 'goes on where it stopped')
    const puts = store.puts.length
    await box.click('.main')
    await box.is('done')
    const [receipt] = await box.receipts()
    assert.equal(receipt?.key, key, 'the same upload')
    assert.equal(await world.openedHash(receipt?.key), large.hash)
    const again = store.puts.slice(puts).map(({ part }) => part)
    assert.sameMembers(again, [2, 3], 'what was there is not sent again')
    await page.waitForSelector('>>> .unfinished', { hidden: true })
  })

  await t.test('what was interrupted, or is cancelled, can be forgotten', async (s) => {
    const { page, box } = await at(s)
    const letGo = holdFrom(2)
    await box.choose(large.path)
    await box.click('.main')
    await box.share(0.3)
    await page.reload()
    letGo()
    await box.click('.unfinished button')
    await page.waitForSelector('>>> .unfinished', { hidden: true })
    assert.deepEqual(await world.begun(), [])
    const again = holdFrom(2)
    await box.choose(large.path)
    await box.click('.main')
    await box.share(0.3)
    await box.click('[part~=cancel]')
    await box.is('empty')
    again()
    for (let i = 0; i < 50 && (await world.begun()).length > 0; i++)
      await new Promise((resolve) => setTimeout(resolve, 100))
    assert.deepEqual(await world.begun(), [])
  })

  await t.test(
    'name and content are nowhere but in the record of what is unfinished',
    async (s) => {
      const { page, box, troubles } = await at(s)
      const traces = world.traces.map(([, trace]) => trace)
      const places = async () =>
        (await page.evaluate(storedInPage))
          .filter(([, text]) => found(text, traces).length > 0)
          .map(([place]) => place)
      const letGo = holdFrom(2)
      await box.choose(large.path)
      await box.click('.main')
      await box.share(0.3)
      // it is said in the guide: the name is there until the upload ends, or a reload could not ask
      assert.isTrue((await places()).every((place) => place.startsWith('IndexedDB')))
      assert.isAtLeast((await places()).length, 1)
      letGo()
      await box.is('done')
      assert.deepEqual(await places(), [])
      assert.deepEqual(world.found, [])
      assert.deepEqual(troubles, [])
      const where = { text: large.name, handler: world.handler, bucket: world.bucketUrl }
      await page.evaluate(plantInPage, where)
      const planted = await places()
      for (const place of [
        'IndexedDB',
        'localStorage',
        'sessionStorage',
        'cookies',
        'cache',
        'OPFS',
      ])
        assert.isTrue(
          planted.some((one) => one.startsWith(place)),
          place,
        )
      assert.includeMembers(world.found, ['name at the handler', 'name at the bucket'])
      world.found.length = 0
    },
  )
})
