// The publisher's page in a real Chromium: years go by at a click, and what was sealed before opens
// after.
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { assert } from 'chai'
import { inTab, marker, shown, startBoth, textOf, uploadFile, write } from './browser.mjs'

const { demo, browser, close } = await startBoth()
after(close)

const states = (page, purpose = 'values-rsa') =>
  page.$$eval(`[data-purpose=${purpose}] .key`, (nodes) =>
    nodes.map(({ dataset: { state, key } }) => ({ state, key })),
  )
const keyIn = async (page, wanted, purpose) =>
  (await states(page, purpose)).find(({ state }) => state === wanted)?.key
const sendAgain = async (body) =>
  (
    await fetch(`${demo.url}api/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/jose' },
      body,
    })
  ).json()
const card = (key) => `[data-key="${key}"]`

async function goTo(page, path) {
  await page.goto(demo.url + path)
  if (path === 'publisher.html') await page.waitForSelector('.key')
}

/** Clicks and waits for what the server answered to be on the page. */
async function clickAndSee(page, button) {
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === 'POST'),
    page.click(button),
  ])
  await page.waitForFunction(() => !document.querySelector('[data-busy]'), { polling: 50 })
  return answer.status()
}

const move = (page, by) => clickAndSee(page, `#${by}`)

async function rotate(page) {
  assert.strictEqual(await clickAndSee(page, '#rotate'), 200)
  return shown(page, '#done .verified')
}

/** Seals and sends on the sealing page; what it says of the keys. */
async function sealAndSend(page) {
  await goTo(page, '')
  await write(page)
  const sealed = await shown(page, '[data-card=sealed] .result')
  await page.click('#send')
  await shown(page, '.verified')
  return { sealed, opened: await textOf(page, '[data-card=opened] .result') }
}

/**
 * Opens a panel of a key and presses its button; the panel's field gets a value.
 *
 * @param {import('puppeteer-core').Page} page
 * @param {string} key
 * @param {{ readonly fill?: string, readonly button?: string }} o
 */
async function inPanel(page, key, { fill, button = '.danger' }) {
  if (!(await page.$(`${card(key)} .ask[open]`))) await page.click(`${card(key)} .ask summary`)
  if (fill !== undefined)
    await page.$eval(
      `${card(key)} .ask input`,
      (/** @type {HTMLInputElement} */ input, value) => {
        input.value = value
      },
      fill,
    )
  return clickAndSee(page, `${card(key)} .ask ${button}`)
}

/**
 * Nothing is wider than the page or than what it is in, and the header's parts do not lie on each
 * other.
 */
async function fits(page) {
  const found = await page.evaluate(() => {
    const [brand, nav] = ['.brand', '.top nav'].map((selector) =>
      /** @type {Element} */ (document.querySelector(selector)).getBoundingClientRect(),
    )
    const seen = [...document.querySelectorAll('body *')].filter(
      (node) =>
        node.checkVisibility() &&
        !node.closest('.hidden-text, .plan thead, .life, input, .choice, .token, pre'),
    )
    const wide = seen.filter(
      (node) =>
        node.getBoundingClientRect().right > innerWidth ||
        (getComputedStyle(node).display !== 'inline' && node.scrollWidth > node.clientWidth + 1),
    )
    return {
      overflow: Math.max(0, document.documentElement.scrollWidth - innerWidth),
      overlap: brand.right > nav.left && brand.bottom > nav.top,
      wide: wide.map(({ tagName, className }) => `${tagName} ${className}`),
    }
  })
  assert.deepEqual(
    found,
    { overflow: 0, overlap: false, wide: [] },
    `at ${await page.evaluate(() => innerWidth)} in ${page.url()}`,
  )
}

let sealedFirst

test(
  'a whole rotation at a click: nothing before its time, then the next key is sealed to and signs, and what was sealed before opens',
  { timeout: 120_000 },
  async () => {
    await inTab(browser, demo, {}, async ({ page, posts, settled }) => {
      const { sealed } = await sealAndSend(page)
      await settled()
      ;[sealedFirst] = posts
      await goTo(page, 'publisher.html')
      const [first, next, signs] = [
        await keyIn(page, 'current'),
        await keyIn(page, 'next'),
        await keyIn(page, 'next', 'receipts'),
      ]
      assert.ok(sealed.includes(first))
      assert.match(await textOf(page, card(first)), /Last used[^]*kms:Decrypt/)
      assert.match(await textOf(page, card(next)), /Comes into use[^]*in \d+ days/)
      assert.match(await textOf(page, '#due'), /Nothing is due before/)
      assert.match(await rotate(page), /Nothing was due/)
      assert.strictEqual(await keyIn(page, 'current'), first)

      await move(page, 'three-months')
      assert.match(await textOf(page, '.clock'), /\(\+92 days\)/)
      assert.match(await textOf(page, '#due'), /\d steps due now/)
      assert.match(await rotate(page), /Brought the next key into use/)
      assert.strictEqual(await keyIn(page, 'current'), next)
      assert.strictEqual(await keyIn(page, 'current', 'receipts'), signs)
      assert.deepEqual(
        (await states(page)).map(({ state }) => state),
        ['current', 'next', 'retired'],
      )
      const between = await sealAndSend(page)
      assert.ok(
        between.sealed.includes(first),
        'openers have a quarter of an hour to learn of the new key',
      )

      await goTo(page, 'publisher.html')
      for (const expected of [
        /The alias names the current key now/,
        /Nothing was due/,
        /Took a retired key out of the set/,
      ]) {
        await move(page, 'day')
        assert.match(await rotate(page), expected)
      }
      const later = await sealAndSend(page)
      assert.match(await textOf(page, '.clock-strip'), /The demo’s clock:.*\(\+95 days\)/)
      assert.ok(
        later.sealed.includes(next) && later.opened.includes(next),
        'the sealing page took the new key',
      )
      assert.ok(
        (await textOf(page, '[data-card=receipt]')).includes(signs),
        'a new key signed the receipt',
      )
      await goTo(page, '')
      await page.click('input[value=file]')
      await uploadFile(page, fileURLToPath(import.meta.url))
      await page.click('#seal')
      assert.ok((await shown(page, '[data-card=sealed] .result')).includes(next), 'files too')
      await goTo(page, 'esm.html')
      await page.type('textarea', marker)
      await page.click('button.main')
      assert.ok((await shown(page, '#log li')).includes(next), 'and the page with ES modules')
      const { seen, key } = await sendAgain(sealedFirst.body)
      assert.strictEqual(key.thumbprint, first)
      assert.ok(seen.fields.some(({ value }) => value === marker))
    })
  },
)

test(
  'a page that is open in another tab goes on over a rotation, and its clock goes along',
  { timeout: 120_000 },
  async () => {
    await inTab(browser, demo, {}, async ({ page }) => {
      await write(page)
      await shown(page, '#send')
      const other = await page.browserContext().newPage()
      await other.goto(`${demo.url}publisher.html`)
      await other.waitForSelector('.key')
      await move(other, 'three-months')
      await rotate(other)
      await move(other, 'day')
      const [, , retired] = await states(other)
      assert.match(await textOf(page, '.clock-strip'), /\(\+188 days\)/)
      await page.bringToFront()
      await page.click('#send')
      assert.match(await shown(page, '.verified'), /Verified/)
      assert.ok(
        (await textOf(page, '[data-card=opened] .result')).includes(retired.key),
        'it was sealed before',
      )
    })
  },
)

test(
  'retire and disable, restore, delete: each says what it needs, and what it did',
  { timeout: 120_000 },
  async () => {
    await inTab(browser, demo, { path: 'publisher.html' }, async ({ page }) => {
      await page.waitForSelector('.key')
      const key = (await states(page)).filter(({ state }) => state === 'retired').at(-1).key
      const state = () =>
        page.$eval(card(key), (node) => /** @type {HTMLElement} */ (node).dataset.state)
      const problem = () => shown(page, `${card(key)} .problem`)
      const told = () => shown(page, `${card(key)} .verified`)

      assert.strictEqual(await inPanel(page, key, { fill: '' }), 400)
      assert.match(await problem(), /invalid_argument[^]*expected the Date until which/)
      assert.strictEqual(await inPanel(page, key, { fill: '2099-01-01' }), 400)
      assert.match(await problem(), /It is kept until 20(98|99)[^]*it is not disabled before/)
      assert.strictEqual(await state(), 'retired')
      assert.strictEqual(
        await inPanel(page, key, { fill: '2099-01-01', button: 'button:not(.danger)' }),
        200,
      )
      assert.match(await told(), /Kept\. It is not disabled before/)
      assert.match(await textOf(page, card(key)), /Is kept until/)
      assert.strictEqual((await sendAgain(sealedFirst.body)).key.thumbprint, key)

      assert.strictEqual(await inPanel(page, key, { fill: '2026-01-01' }), 200)
      assert.match(await told(), /Disabled\. Nothing opens with it/)
      assert.strictEqual(await state(), 'disabled')
      assert.ok(
        await page.evaluate(
          (selector) => document.querySelector(selector)?.contains(document.activeElement),
          card(key),
        ),
        'the focus stays in the card',
      )
      assert.match(
        await page.$eval('#status', (node) => node.textContent),
        /Disabled/,
        'said to screen readers',
      )
      assert.strictEqual((await sendAgain(sealedFirst.body)).code, 'key_unusable')

      assert.strictEqual(await clickAndSee(page, `${card(key)} > .actions button`), 200)
      assert.match(await told(), /Restored/)
      assert.strictEqual((await sendAgain(sealedFirst.body)).key.thumbprint, key)

      await inPanel(page, key, {})
      for (const wrong of ['', key.slice(0, 42), await keyIn(page, 'current')]) {
        assert.strictEqual(await inPanel(page, key, { fill: wrong }), 400)
        assert.match(await problem(), /expected the thumbprint of the key again/)
      }
      assert.strictEqual(await state(), 'disabled')
      assert.strictEqual(await inPanel(page, key, { fill: key }), 200)
      assert.match(
        await told(),
        new RegExp(
          `Its deletion runs\\. Final on [^]*everything that was sealed to ${key}[^]*backups included`,
        ),
      )
      assert.match(await textOf(page, card(key)), /Is gone for good[^]*in 30 days/)
      await page.setViewport({ width: 320, height: 800 })
      await fits(page)

      assert.strictEqual(await clickAndSee(page, `${card(key)} > .actions button`), 200)
      assert.strictEqual(await state(), 'retired')
      assert.strictEqual((await sendAgain(sealedFirst.body)).key.thumbprint, key)
      await inPanel(page, key, {})
      await inPanel(page, key, { fill: key })
      await move(page, 'three-months')
      assert.strictEqual(await state(), 'deleted')
      assert.strictEqual(
        await page.$(`${card(key)} :is(.ask, .actions)`),
        null,
        'nothing can be done any more',
      )
      assert.strictEqual((await sendAgain(sealedFirst.body)).code, 'key_unusable')
    })
  },
)

test('a signing key is kept for what it signed, and the page says why', async () => {
  await inTab(browser, demo, { path: 'publisher.html' }, async ({ page }) => {
    await page.waitForSelector('.key')
    const key = await keyIn(page, 'retired', 'receipts')
    assert.strictEqual(await inPanel(page, key, {}), 400)
    assert.match(await shown(page, `${card(key)} .problem`), /may be verified with until/)
  })
})

test('a thumbprint is copied whole', async () => {
  await inTab(browser, demo, { path: 'publisher.html' }, async ({ page }) => {
    await page.waitForSelector('.key')
    await page.evaluate(() => {
      navigator.clipboard.writeText = async (text) => {
        Object.assign(globalThis, { copied: text })
      }
    })
    await page.click('.key .small')
    await page.waitForFunction(
      () => document.querySelector('.key .small')?.textContent === 'Copied',
    )
    assert.strictEqual(
      await page.evaluate(() => Reflect.get(globalThis, 'copied')),
      await keyIn(page, 'current'),
    )
  })
})

for (const scheme of ['light', 'dark']) {
  test(`from 320 to 1280 pixels nothing is cut off or needs scrolling sideways (${scheme})`, async () => {
    for (const width of [320, 390, 768, 1280]) {
      await inTab(browser, demo, { path: 'publisher.html', width, scheme }, async ({ page }) => {
        await page.waitForSelector('.key')
        await rotate(page)
        const key = await keyIn(page, 'retired', 'receipts')
        await inPanel(page, key, {})
        await shown(page, `${card(key)} .problem`)
        await page.$$eval('details', (nodes) =>
          nodes.forEach((node) => {
            node.open = true
          }),
        )
        await fits(page)
        for (const path of ['', 'esm.html']) {
          await goTo(page, path)
          await fits(page)
        }
      })
    }
  })
}

test('every field has a label, every button a name, and the plan is a table with headers', async () => {
  await inTab(browser, demo, { path: 'publisher.html', width: 390 }, async ({ page }) => {
    await page.waitForSelector('.key')
    await page.$$eval('details', (nodes) =>
      nodes.forEach((node) => {
        node.open = true
      }),
    )
    assert.deepEqual(
      await page.$$eval(
        'input',
        (nodes) => nodes.filter(({ labels }) => labels?.length !== 1).length,
      ),
      0,
    )
    const tree = JSON.stringify(await page.accessibility.snapshot({ interestingOnly: false }))
    for (const role of ['table', 'columnheader', 'row', 'cell'])
      assert.ok(tree.includes(`"role":"${role}"`), role)
    assert.deepEqual(
      await page.$$eval(
        'button',
        (nodes) => nodes.filter((node) => !(node.ariaLabel || node.textContent.trim())).length,
      ),
      0,
    )
  })
})
