// Run by hand: `node test/demo/screenshots.mjs` writes the README's pictures of the demo to docs/.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import puppeteer from 'puppeteer-core'
import { startDemo } from '../../demo/server.mjs'
import { chromiumArgs, chromiumPath } from '../support/chromium.mjs'

const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 920, deviceScaleFactor: 2, isMobile: true, hasTouch: true } }
const docs = process.argv[2] ?? fileURLToPath(new URL('../../docs', import.meta.url))

const dir = await mkdtemp(join(tmpdir(), 'sealdrop-screenshots-'))
const demo = await startDemo({ dir })
const browser = await puppeteer.launch({ executablePath: await chromiumPath(), args: [...chromiumArgs, '--hide-scrollbars'] })
for (const [name, size] of Object.entries(sizes)) {
  for (const scheme of ['light', 'dark']) {
    const page = await browser.newPage()
    await page.setViewport(size)
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }, { name: 'prefers-reduced-motion', value: 'reduce' }])
    await page.goto(demo.url)
    await page.click('#example')
    await page.click('#seal')
    await page.waitForSelector('#send', { visible: true })
    await page.click('#send')
    await page.waitForSelector('[data-card=receipt][data-state=done] .verified', { visible: true })
    await page.evaluate((phone) => {
      document.activeElement.blur()
      scrollTo(0, 0)
      if (phone) document.querySelector('[data-card=receipt]').scrollIntoView({ block: 'start' })
    }, name === 'phone')
    await page.screenshot({ path: join(docs, `demo-${name}-${scheme}.png`), fullPage: name === 'desktop' })
    await page.close()
  }
}
await browser.close()
await demo.close()
await rm(dir, { recursive: true })
