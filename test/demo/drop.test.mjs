// The first page of the demo: files are dropped into the element, sealed, sent, opened by the company
// and compared, and the receipts are kept.
import { after, test } from 'node:test'
import { createHash } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { assert } from 'chai'
import { boxOf, violations } from '../support/drop-page.mjs'
import { markers } from '../support/drop-world.mjs'
import { inTab, openTab, startBoth, textOf } from './browser.mjs'

const { demo, dir, browser, close } = await startBoth()
after(close)

/** A file whose every piece has the marker. */
async function fileOf(name, size) {
  const path = join(dir, name)
  const bytes = Buffer.alloc(size, `${markers.content} `)
  await writeFile(path, bytes)
  return { path, name, size, hash: createHash('sha256').update(bytes).digest('hex') }
}

/** Every file that the demo's S3 keeps. */
async function stored() {
  const all = await readdir(join(dir, 'files'), { recursive: true })
  const paths = all.map((name) => join(dir, 'files', name))
  const kinds = await Promise.all(paths.map((path) => stat(path)))
  return Promise.all(paths.filter((_, i) => kinds[i]?.isFile()).map((path) => readFile(path)))
}

/** Where a saved file is, when the browser has it. */
async function downloadsOf(page) {
  const folder = join(dir, 'downloads')
  const session = await browser.target().createCDPSession()
  await session.send('Browser.setDownloadBehavior', {
    behavior: 'allow',
    downloadPath: folder,
    eventsEnabled: true,
    browserContextId: page.browserContext().id,
  })
  const ended = new Promise((resolve) => {
    session.on('Browser.downloadProgress', ({ state }) => state === 'completed' && resolve(folder))
  })
  return { ended }
}

const small = await fileOf(`${markers.name}.jpg`, 300_000)
const large = await fileOf(`${markers.name} large.mp4`, 20 * 2 ** 20)
const secrets = Object.values(markers)

test('files are dropped, sealed, opened by the company to the same SHA-256, and receipts kept', () =>
  inTab(browser, demo, { path: 'drop.html', secrets }, async ({ page }) => {
    const box = boxOf(page)
    const { ended } = await downloadsOf(page)
    await box.find('.key')
    assert.equal(await box.text('.who-title'), 'Only Example Insurance can open them')
    assert.include(await box.text('.who dl'), 'this page came with the thumbprint of the key')
    await box.choose(small.path, large.path)
    await box.click('.main')
    await box.is('done')

    await page.waitForFunction(() => document.querySelectorAll('#opened li').length === 2)
    assert.match(await textOf(page, '#opened'), /In the bucket\s+\S+\s+[\d.]+ KiB, sealed/)
    await page.evaluate(() => {
      for (const button of document.querySelectorAll('#opened button'))
        /** @type {HTMLButtonElement} */ (button).click()
    })
    await page.waitForFunction(() => document.querySelectorAll('#opened .good').length === 2)
    const words = await textOf(page, '#opened')
    for (const { name, hash } of [small, large]) {
      assert.include(words, name)
      assert.include(words, hash)
    }
    assert.lengthOf(words.match(/The same as of the file in this tab/g) ?? [], 2)

    await box.click('.outcome button')
    const folder = await ended
    const [name = ''] = await readdir(folder)
    assert.match(name, /^receipts-\d{4}-\d\d-\d\d\.json$/)
    const text = await readFile(join(folder, name), 'utf8')
    const receipts = await box.receipts()
    assert.deepEqual(
      JSON.parse(text).files.map(({ digest }) => digest),
      receipts.map(({ digest }) => digest),
    )
    assert.notInclude(text, 'session')
    const objects = await stored()
    assert.isAtLeast(objects.length, 2)
    for (const object of objects)
      for (const secret of secrets) assert.isFalse(object.includes(secret))
  }))

test('the page is told by a description of its own, and leads to the others', async () => {
  const pages = ['drop.html', '', 'receipt.html', 'download.html', 'publisher.html', 'esm.html']
  const texts = await Promise.all(
    pages.map(async (path) => (await fetch(`${demo.url}${path}`)).text()),
  )
  const [first = '', ...others] = texts
  assert.match(first, /<meta\s+name="description"\s+content="[A-Z][^"]{30,130}\."/)
  for (const text of others) assert.include(text, '<a href="/drop.html">')
  for (const path of ['/', '/receipt.html', '/download.html', '/publisher.html'])
    assert.include(first, `<a href="${path}">`)
})

test('what waits on the other side is no taller than its words, and fits any width', async () => {
  const tab = await openTab(browser)
  const { page } = tab
  await page.goto(`${demo.url}drop.html`)
  await boxOf(page).find('.key')
  assert.isBelow(await page.$eval('.card', (card) => card.clientHeight), 250)
  for (const width of [320, 375, 768, 1280]) {
    await page.setViewport({ width, height: 800 })
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width)
  }
  assert.deepEqual(tab.troubles, [])
  await tab.close()
})

test('axe finds nothing on the page, before and after a file was opened', async () => {
  for (const scheme of ['light', 'dark']) {
    const tab = await openTab(browser, { scheme })
    const { page } = tab
    await page.setBypassCSP(true) // axe brings a style of its own
    await page.goto(`${demo.url}drop.html`)
    const box = boxOf(page)
    await box.find('.key')
    assert.deepEqual(await violations(page), [], scheme)
    await box.choose(small.path)
    await box.click('.main')
    await page.waitForSelector('#opened button')
    assert.deepEqual(await violations(page), [], scheme)
    await page.click('#opened button')
    await page.waitForSelector('#opened .good')
    assert.deepEqual(await violations(page), [], scheme)
    await tab.close()
  }
})
