import { startBoth, openTab } from '/tmp/w/drop/test/demo/browser.mjs'
import { writeFile } from 'node:fs/promises'
const { demo, dir, browser, close } = await startBoth()
await writeFile('/tmp/w/shots/kitchen-after-the-leak.mp4', Buffer.alloc(60e6, 5))
await writeFile('/tmp/w/shots/invoice-2026-11.pdf', Buffer.alloc(240e3, 6))
await writeFile('/tmp/w/shots/IMG_2211.jpg', Buffer.alloc(2.2e6, 6))
try {
  for (const [width, scheme] of [[1280,'light'],[320,'dark']]) {
    const tab = await openTab(browser, { width, height: 900, scheme })
    const { page } = tab
    const shot = (n) => page.screenshot({ path: `/tmp/w/shots/${n}-${width}-${scheme}.png`, fullPage: true })
    await page.goto(demo.url + 'drop.html')
    await page.waitForSelector('>>> .key')
    await shot('1idle')
    const input = await page.$('>>> input[multiple]')
    await input.uploadFile('/tmp/w/shots/kitchen-after-the-leak.mp4', '/tmp/w/shots/invoice-2026-11.pdf','/tmp/w/shots/IMG_2211.jpg')
    await page.waitForSelector('>>> .main:not([hidden])')
    await new Promise(r => setTimeout(r, 200))
    await shot('2ready')
    await (await page.$('>>> .main')).click()
    await page.waitForFunction(() => document.querySelector('sealdrop-drop').shadowRoot.querySelector('.whole').value > 0.3, { polling: 20 })
    await shot('3sending')
    await page.evaluate(() => document.querySelector('sealdrop-drop').pause())
    await new Promise(r => setTimeout(r, 300))
    await shot('4paused')
    if (width === 320) { await page.evaluate(() => { document.documentElement.lang = 'de' }); await new Promise(r => setTimeout(r, 100)); await shot('4paused-de'); console.log(await page.evaluate(() => document.documentElement.scrollWidth)) }
    await page.evaluate(() => document.querySelector('sealdrop-drop').resume())
    await page.waitForFunction(() => ['done','failed'].includes(document.querySelector('sealdrop-drop').state))
    await new Promise(r => setTimeout(r, 300))
    await shot('5done')
    await page.evaluate(() => { document.querySelector('sealdrop-drop').keys = undefined })
    await new Promise(r => setTimeout(r, 300))
    await shot('6unready')
    console.log(tab.troubles)
    await tab.close()
  }
} finally { await close() }
