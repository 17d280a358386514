// The demo's pages in a real Chromium: from typing to a verified receipt, with an eye on everything
// that leaves the tab.
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { assert } from 'chai'
import { found, tracesOf } from '../support/plaintext.mjs'
import { inTab, marker, openTab, shown, startBoth, textOf, write } from './browser.mjs'

const { demo, browser, close } = await startBoth()
after(close)

test('the search for plaintext finds it in every form that it claims to know', () => {
  const traces = tracesOf(marker)
  const forms = [
    marker,
    encodeURIComponent(marker),
    Buffer.from(marker).toString('hex').toUpperCase(),
    JSON.stringify({ marker }),
    ...[0, 1, 2, 3].flatMap((n) =>
      /** @type {const} */ (['base64', 'base64url']).map((form) =>
        Buffer.from(`${'x'.repeat(n)}${marker} and more`).toString(form),
      ),
    ),
  ]
  for (const form of forms) assert.notDeepEqual(found(`before ${form} after`, traces), [], form)
  assert.deepEqual(found(randomBytes(4096).toString('base64'), traces), [])
})

for (const [key, call] of [
  ['RSA-OAEP-256', 'kms:Decrypt'],
  ['ECDH-ES+A256KW', 'kms:DeriveSharedSecret'],
]) {
  test(`what is typed is sealed, looked at, sent, opened with ${call}, and its receipt verified; nothing leaves in the clear`, async () => {
    await inTab(browser, demo, {}, async ({ page, posts, requests, settled }) => {
      await write(page, key)
      const sealed = await shown(page, '[data-card=sealed] .result')
      await settled()
      assert.strictEqual(posts.length, 0, 'sealing sends nothing')
      for (const part of [
        key,
        'pinned',
        'form: insurance-claim',
        'Header',
        'Encrypted key',
        'IV',
        'Ciphertext',
        'Tag',
      ])
        assert.ok(sealed.includes(part), part)
      await page.click('#send')
      const opened = await shown(page, '[data-card=opened] .result')
      for (const part of [marker, 'Zoë', 'P-1', call, 'kms:Sign', '2 in all', 'opened'])
        assert.ok(opened.includes(part), part)
      const receipt = await shown(page, '[data-card=receipt] .result')
      for (const part of ['Verified.', 'ES256', 'pinned', 'Received'])
        assert.ok(receipt.includes(part), part)
      await settled()
      assert.strictEqual(posts.length, 1)
      assert.strictEqual(posts[0].body.split('.').length, 5, 'a compact JWE, recorded whole')
      assert.ok(requests.length >= 8, 'page, scripts, keys and message were all recorded')
    })
  })
}

test('a receipt with one character changed, and a message with one bit changed, are refused', async () => {
  await inTab(browser, demo, {}, async ({ page, posts, settled }) => {
    await write(page)
    await shown(page, '#send-changed')
    await page.click('#send-changed')
    const message = await shown(page, '[data-problems=sealed] .refused')
    assert.match(message, /rejected/)
    assert.match(message, /KMS was asked once/)
    assert.strictEqual(await page.$('[data-card=opened] .read'), null, 'nothing was read')
    await page.click('#send')
    await shown(page, '#change-receipt')
    await page.click('#change-receipt')
    const receipt = await shown(page, '[data-problems=receipt] .refused')
    assert.match(receipt, /rejected/)
    assert.match(receipt, /signature does not verify/)
    await settled()
    const [changed, whole] = posts.map(({ body }) => body)
    assert.strictEqual(whole.split('').filter((sign, i) => sign !== changed[i]).length, 1)
  })
})

test('the keyboard alone does the whole job, and the focus is always seen', async () => {
  await inTab(browser, demo, {}, async ({ page }) => {
    const active = () =>
      page.evaluate(() => {
        const node = /** @type {HTMLInputElement} */ (document.activeElement)
        return node.id || node.name || `${node.tagName} ${node.textContent.trim().slice(0, 20)}`
      })
    const tabTo = async (wanted) => {
      for (let i = 0; i < 40; i++) {
        await page.keyboard.press('Tab')
        const outlined = await page.evaluate(() =>
          [
            document.activeElement,
            document.activeElement?.nextElementSibling,
            document.activeElement?.parentElement,
          ].some((node) => node && getComputedStyle(node).outlineStyle !== 'none'),
        )
        assert.ok(outlined, `the focus on ${await active()} is not seen`)
        if ((await active()) === wanted) return
      }
      assert.fail(`Tab never reaches ${wanted}`)
    }
    await tabTo('name')
    await page.keyboard.type('Zoë')
    await tabTo('message')
    await page.keyboard.type(marker)
    await tabTo('key')
    await page.keyboard.press('ArrowRight')
    await tabTo('seal')
    await page.keyboard.press('Enter')
    assert.match(
      await shown(page, '[data-card=sealed] .result'),
      /ECDH-ES/,
      'the arrow key chose the other key',
    )
    assert.strictEqual(await active(), 'seal', 'the focus stays where it was')
    await tabTo('send')
    await page.keyboard.press('Enter')
    await shown(page, '.verified')
    await tabTo('change-receipt')
    await page.keyboard.press('Space')
    assert.match(await shown(page, '[data-problems=receipt] .refused'), /rejected/)
    assert.match(
      await page.$eval('#status', (node) => node.textContent),
      /receipt is verified/,
      'said to screen readers',
    )
  })
})

test('a change in the form takes away what was sealed from it', async () => {
  await inTab(browser, demo, {}, async ({ page }) => {
    await write(page)
    await shown(page, '#send')
    await page.type('[name=message]', '!')
    assert.strictEqual(await page.$eval('#send', (node) => node.checkVisibility()), false)
    assert.strictEqual(await textOf(page, '[data-card=sealed] .result'), '')
  })
})

test('a companion that does not answer is said beside the button, and the sealed value stays', async () => {
  const tab = await openTab(browser)
  await tab.page.goto(demo.url)
  await write(tab.page)
  await shown(tab.page, '#send')
  await tab.page.setOfflineMode(true)
  await tab.page.click('#send')
  assert.match(await shown(tab.page, '[data-problems=sealed] .problem'), /unreachable/)
  await tab.page.setOfflineMode(false)
  await tab.page.click('#send')
  assert.match(await shown(tab.page, '.verified'), /Verified/)
  await tab.close()
})

test('the page with ES modules does the same', async () => {
  await inTab(browser, demo, { path: 'esm.html' }, async ({ page, posts, settled }) => {
    await page.type('textarea', marker)
    await page.click('button.main')
    await page.waitForSelector('#send:enabled')
    await settled()
    assert.strictEqual(posts.length, 0, 'sealing sends nothing')
    await page.click('#send')
    assert.match(await shown(page, '#log li:nth-child(3)'), /Receipt verified[^]*pinned/)
    assert.ok(
      (await textOf(page, '#log li:nth-child(2)')).includes(marker),
      'the companion read it',
    )
    await page.click('#change')
    assert.match(await shown(page, '#log li:nth-child(4)'), /Refused: rejected/)
    await settled()
    assert.strictEqual(posts.length, 1)
    assert.strictEqual(posts[0].body.split('.').length, 5)
  })
})
