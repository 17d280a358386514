// Run by hand: `node test/demo/screenshots.mjs [folder] [name]` writes the README's pictures of the
// demo, by default to docs/; `all` instead of a name writes more of them.
import { randomBytes } from 'node:crypto'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import puppeteer from 'puppeteer-core'
import { startDemo } from '../../demo/server.mjs'
import { chromiumArgs, chromiumPath } from '../support/chromium.mjs'
import { uploadFile } from './browser.mjs'

const sizes = {
  desktop: { width: 1280, height: 800 },
  phone: { width: 390, height: 920, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
}
const docs = process.argv[2] ?? fileURLToPath(new URL('../../docs', import.meta.url))

const dir = await mkdtemp(join(tmpdir(), 'sealdrop-screenshots-'))
const file = join(dir, 'kitchen-after-the-leak.mp4')
await makeFile(file)
const demo = await startDemo({ dir: join(dir, 'kms') })
const years = await startDemo({ dir: join(dir, 'years') })
const browser = await puppeteer.launch({
  executablePath: await chromiumPath(),
  args: [...chromiumArgs, '--hide-scrollbars'],
  networkEnabled: false,
})

async function message(page) {
  await page.click('#example')
  await page.click('#seal')
  await page.waitForSelector('#send', { visible: true })
  await page.click('#send')
  await page.waitForSelector('[data-card=receipt][data-state=done] .verified', { visible: true })
  return '[data-card=receipt]'
}

/** A file on its way, about half of it there. */
async function upload(page) {
  await page.click('input[value=file]')
  await uploadFile(page, file)
  await page.click('#seal')
  await page.waitForSelector('#send-file', { visible: true })
  await page.click('#send-file')
  await page.waitForFunction(
    () => /** @type {HTMLProgressElement} */ (document.querySelector('#progress')).value > 0.56,
    { polling: 20, timeout: 120_000 },
  )
  return '[data-card=sealed]'
}

/** The same file, there and opened. */
async function opened(page) {
  await upload(page)
  await page.waitForSelector('.verified', { visible: true, timeout: 120_000 })
  await page.click('#open-file')
  await page.waitForSelector('[data-card=receipt][data-state=done] .verified', {
    visible: true,
    timeout: 60_000,
  })
  return '[data-card=opened]'
}

/**
 * Keys after some rotations; what is sealed and signed meanwhile is what the pages in between do.
 */
async function publisher(page) {
  await page.goto(`${years.url}publisher.html`)
  await page.waitForSelector('.key')
  if (await page.$('[data-state=retired]')) return '.purpose' // the clock cannot go back
  for (const move of ['three-months', 'day', 'day', 'three-months', 'day', 'day', 'day']) {
    await page.goto(years.url)
    await message(page)
    await page.goto(`${years.url}publisher.html`)
    await page.waitForSelector('.key')
    for (const [id, done] of [
      ['#rotate', '#done .verified'],
      [`#${move}`, '#done:empty'],
    ]) {
      await page.click(id)
      await page.waitForSelector(done)
    }
  }
  const key = await page.$eval(
    '[data-purpose=values-rsa] .key:nth-child(4)',
    (/** @type {HTMLElement} */ node) => node.dataset.key,
  )
  await page.click(`[data-key="${key}"] summary`)
  await page.click(`[data-key="${key}"] .danger`)
  await page.waitForSelector(`[data-key="${key}"][data-state=disabled]`)
  await page.reload()
  await page.waitForSelector('.key')
  return '.purpose'
}

/** Saves a receipt on the main page; its file on the page for receipts. */
async function saveAndVerify(page) {
  await message(page)
  await page.evaluate(() => {
    const make = URL.createObjectURL.bind(URL)
    URL.createObjectURL = (blob) => {
      const saving = /** @type {Blob} */ (blob).text()
      void saving.then((savedReceipt) => Object.assign(globalThis, { savedReceipt }))
      return make(blob)
    }
  })
  await page.click('#save-receipt')
  await page.waitForSelector('.saved')
  const name = join(dir, await page.$eval('.saved code', (node) => node.textContent))
  await writeFile(
    name,
    await (await page.waitForFunction(() => globalThis.savedReceipt)).jsonValue(),
  )
  await verifyFile(page, name)
  return name
}

async function verifyFile(page, name) {
  await page.goto(`${demo.url}receipt.html`)
  await (await page.$('#file')).uploadFile(name)
  await page.waitForSelector('[data-card=answer] .result > *')
}

async function receipt(page) {
  await saveAndVerify(page)
  return '[data-card=answer]'
}

/** The same, after its key was taken back: the next one signs from then on. */
async function receiptRefused(page) {
  const name = await saveAndVerify(page)
  const key = await page.$eval('[data-card=answer] .tag + br + code', (node) => node.textContent)
  // by its date it is older than what is said of its key then
  await new Promise((resolve) => setTimeout(resolve, 1100))
  await page.goto(`${demo.url}publisher.html`)
  await page.waitForSelector(`[data-key="${key}"] .danger`)
  await page.$eval(`[data-key="${key}"] details`, (node) => {
    node.open = true
  })
  await page.click(`[data-key="${key}"] .danger`)
  await page.waitForSelector(`[data-key="${key}"] .verified`)
  await verifyFile(page, name)
  return '[data-card=answer]'
}

/** A file that verified, or one that a mirror changed. */
const download = (button, selector) => async (page) => {
  await page.evaluateOnNewDocument(() => {
    Reflect.deleteProperty(Window.prototype, 'showSaveFilePicker')
    Reflect.deleteProperty(globalThis, 'showSaveFilePicker')
  })
  await page.goto(`${demo.url}download.html`)
  await page.click(button)
  await page.waitForSelector(selector, { visible: true, timeout: 60_000 })
  return '[data-card=result]'
}

const pictures = {
  demo: message,
  upload,
  'upload-opened': opened,
  publisher,
  receipt,
  'receipt-refused': receiptRefused,
  download: download('#file', '#save'),
  'download-refused': download('#mirror', '.refused'),
}
const readme = {
  demo: ['desktop-light', 'desktop-dark', 'phone-light', 'phone-dark'],
  upload: ['desktop-light'],
  publisher: ['desktop-light', 'phone-dark'],
  receipt: ['desktop-light', 'phone-dark'],
  download: ['desktop-light'],
}
const [, , , only] = process.argv
const wanted = (name, kind) =>
  only === 'all' ||
  (only === name && !readme[name]) ||
  ((only ?? name) === name && readme[name]?.includes(kind))

for (const [size, viewport] of Object.entries(sizes)) {
  for (const scheme of ['light', 'dark']) {
    for (const [name, work] of Object.entries(pictures)) {
      if (!wanted(name, `${size}-${scheme}`)) continue
      // what one picture left unfinished is not in the next
      const context = await browser.createBrowserContext()
      const page = await context.newPage()
      await page.setViewport(viewport)
      await page.emulateMediaFeatures([
        { name: 'prefers-color-scheme', value: scheme },
        { name: 'prefers-reduced-motion', value: 'reduce' },
      ])
      await page.goto(demo.url)
      const place = await work(page)
      await page.evaluate(
        (selector) => {
          ;/** @type {HTMLElement | null} */ (document.activeElement)?.blur()
          scrollTo(0, 0)
          if (selector) document.querySelector(selector)?.scrollIntoView({ block: 'start' })
        },
        size === 'phone' && place,
      )
      await page.screenshot({
        path: join(docs, `${name === 'demo' ? 'demo' : `demo-${name}`}-${size}-${scheme}.png`),
        ...(size === 'desktop' && (await upTo(page, name === 'publisher' && place))),
      })
      await context.close()
    }
  }
}
await browser.close()
await Promise.all([demo.close(), years.close()])
await rm(dir, { recursive: true })

/** The whole page, or down to the end of a place, where the rest says nothing new. */
async function upTo(page, place) {
  if (!place) return { fullPage: true }
  const height = await page.$eval(
    place,
    (node) => Math.ceil(node.getBoundingClientRect().bottom + scrollY) + 20,
  )
  return { clip: { x: 0, y: 0, width: sizes.desktop.width, height } }
}

async function makeFile(path) {
  const handle = await open(path, 'wx')
  await handle.write(Buffer.concat([Buffer.from('\0\0\0\x18ftypmp42'), randomBytes(1_000_000)]))
  await handle.truncate(384 * 2 ** 20 + 123_456)
  await handle.close()
}
