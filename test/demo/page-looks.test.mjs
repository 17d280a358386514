// How the demo's pages read: dates in the language of the page, headings that wrap, a first screen
// without empty space, and a description for who finds them.
import { after, test } from 'node:test'
import { assert } from 'chai'
import { inTab, openTab, shown, startBoth } from './browser.mjs'

const { demo, browser, close } = await startBoth()
after(close)

const pages = ['', 'drop.html', 'esm.html', 'publisher.html', 'receipt.html', 'download.html']

test('every page has a description, and none is that of another one', async () => {
  const texts = await Promise.all(
    pages.map(async (path) => (await fetch(`${demo.url}${path}`)).text()),
  )
  const found = texts.map(
    (text) => /<meta\s+name="description"\s+content="([^"]+)"/.exec(text)?.[1],
  )
  for (const text of found) assert.match(text ?? '', /^[A-Z].{30,130}\.$/)
  assert.lengthOf(new Set(found), pages.length)
})

test('dates are in the language of the page, whatever that of the browser is', async () => {
  const tab = await openTab(browser)
  const { page } = tab
  const session = await page.createCDPSession()
  await session.send('Emulation.setLocaleOverride', { locale: 'de-DE' })
  await page.goto(`${demo.url}publisher.html`)
  await shown(page, 'time')
  const { times, german } = await page.evaluate(() => ({
    times: [...document.querySelectorAll('time')].map((time) => ({
      text: time.textContent ?? '',
      date: new Date(time.dateTime).toLocaleDateString('en', { dateStyle: 'medium' }),
    })),
    german: new Date(0).toLocaleDateString(undefined, { dateStyle: 'medium' }),
  }))
  assert.equal(german, '01.01.1970', 'the browser speaks German here')
  assert.isAtLeast(times.length, 1)
  for (const { text, date } of times) assert.include(text, date)
  await tab.close()
})

test('the second line of a heading begins below the words of the first', () =>
  inTab(browser, demo, { width: 320 }, async ({ page }) => {
    const lines = await page.evaluate(() =>
      [...document.querySelectorAll('h2')].map((heading) => {
        const range = document.createRange()
        range.selectNodeContents(heading)
        return [...range.getClientRects()].map(({ left }) => Math.round(left))
      }),
    )
    assert.isAtLeast(lines.filter((lefts) => lefts.length > 1).length, 2, 'some wrap')
    for (const [first, ...others] of lines)
      for (const left of others) assert.closeTo(left, first ?? 0, 1)
  }))

test('what waits is no taller than its words, and stands beside the form', () =>
  inTab(browser, demo, {}, async ({ page }) => {
    const heights = async () =>
      page.evaluate(() =>
        [...document.querySelectorAll('.card')].map(({ clientHeight }) => clientHeight),
      )
    const [form = 0, ...waiting] = await heights()
    for (const height of waiting) assert.isBelow(height, 200)
    assert.isAbove(form, 400)
    await page.click('#example')
    await page.click('#seal')
    await shown(page, '#send')
    const [, sealed = 0] = await heights()
    assert.isAbove(sealed, 300, 'what was sealed has its room')
  }))
