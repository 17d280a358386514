// Receipts over the years in a real Chromium: saved as a file, verified when its key is out of the
// set, refused when it was taken back.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { assert } from 'chai'
import { fetchKeySet, signedBy } from 'sealdrop'
import { present } from '../support/types.mjs'
import { inTab, openTab, shown, startBoth, textOf, uploadFile, write } from './browser.mjs'

const { demo, dir, browser, close } = await startBoth()
after(close)

const path = 'receipt.html'
const month = 30 * 86_400_000
const type = 'application/vnd.sealdrop.publisher+json'
const post = async (action, body = {}) => {
  const answer = await fetch(`${demo.url}api/publisher/${action}`, {
    method: 'POST',
    headers: { 'content-type': type, origin: new URL(demo.url).origin },
    body: JSON.stringify(body),
  })
  assert.strictEqual(answer.status, 200, action)
  return answer.json()
}
const moves = async (...steps) => {
  for (const by of steps) await (by === 'rotate' ? post('rotate') : post('clock', { by }))
}
const overview = async () => (await fetch(`${demo.url}api/publisher`)).json()
const receiptKeys = async () =>
  (await overview()).purposes.find(({ name }) => name === 'receipts').keys
const published = async (name = 'jwks') =>
  (await (await fetch(`${demo.url}.well-known/${name}.json`)).json()).keys.map(({ kid }) => kid)

/** Seals, sends and saves on the main page; the file that the browser downloaded. */
async function saved(tab) {
  const { page } = tab
  await write(page)
  await shown(page, '#send')
  await page.click('#send')
  await shown(page, '[data-card=receipt] .verified')
  const session = await page.createCDPSession()
  await session.send('Page.setDownloadBehavior', { behavior: 'allow', downloadPath: dir })
  await page.click('#save-receipt')
  assert.match(
    await shown(page, '[data-problems=receipt] .saved'),
    /Saved as receipt-[\w-]{8}\.json/,
  )
  for (let i = 0; i < 100; i++) {
    const name = (await readdir(dir)).find((entry) => /^receipt-[\w-]{8}\.json$/.test(entry))
    const text = name && (await readFile(join(dir, name), 'utf8'))
    if (text) return { name, text }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return assert.fail('no file was downloaded')
}

let chosen = 0

/** Chooses a file on the page for receipts; what it says then, with all details open. */
async function choose(page, text) {
  // choosing the same one again is no change to a browser
  const name = join(dir, `chosen-${chosen++}.json`)
  await writeFile(name, text)
  await page.$eval('[data-card=answer] .result', (box) => {
    box.replaceChildren()
  })
  await uploadFile(page, name)
  return said(page)
}

async function said(page) {
  await page.waitForSelector('[data-card=answer] .result:not(:empty)')
  await page.$$eval('[data-card=answer] details', (nodes) =>
    nodes.forEach((node) => {
      node.open = true
    }),
  )
  return textOf(page, '[data-card=answer]')
}

async function heldSince(page, date) {
  const day = new Date(date).toLocaleDateString('sv')
  await page.$eval(
    '#held-since',
    (input, value) => {
      input.value = value
    },
    day,
  )
  await page.$eval('[data-card=answer] .result', (box) => {
    box.replaceChildren()
  })
  await page.click('#verify-held')
  return said(page)
}

let file, key

test('a receipt is saved as a file, and the page verifies it by itself', async () => {
  await inTab(browser, demo, {}, async (tab) => {
    const { page } = tab
    file = await saved(tab)
    const {
      sent: { messageId },
      keySet,
    } = JSON.parse(file.text)
    assert.strictEqual(file.name, `receipt-${messageId.slice(0, 8)}.json`)
    assert.strictEqual(keySet.split('.').length, 3, 'with the signed set')
    await page.goto(demo.url + path)
    const words = await choose(page, file.text)
    const [{ thumbprint }] = await receiptKeys()
    key = thumbprint
    for (const part of [
      'Verified.',
      'opened this message',
      'form: insurance-claim',
      messageId,
      'bytes, sealed',
      'ES256',
      key,
      'the key is good',
      '2 signing keys',
      'less than a minute ago',
    ])
      assert.ok(words.includes(part), `${part} in ${words}`)
    assert.strictEqual(
      await page.$eval('#held', (node) => node.checkVisibility()),
      false,
      'nobody is asked for a date that is not needed',
    )
    assert.match(
      await page.$eval('#status', (node) => node.textContent),
      /Verified/,
      'said to screen readers',
    )
    await page.click('#change')
    assert.match(
      await shown(page, '[data-problems=answer] .refused'),
      /Refused, as it must be rejected[^]*signature does not verify/,
    )
  })
})

test('a changed file, another one, and what is none are refused in words, with what to do', async () => {
  const parsed = JSON.parse(file.text)
  const changed = (receipt) =>
    receipt.replace(/\.(.{20})(.)/, (_, start, sign) => `.${start}${sign === 'A' ? 'B' : 'A'}`)
  const files = [
    [
      'a changed receipt',
      { ...parsed, receipt: changed(parsed.receipt) },
      'rejected',
      /was changed, or is for another message[^]*Look for another copy/,
    ],
    [
      'another message',
      { ...parsed, sent: { ...parsed.sent, messageId: 'A'.repeat(43) } },
      'rejected',
      /for another message/,
    ],
    [
      'a changed key set',
      { ...parsed, keySet: parsed.keySet.replace(/.{5}$/, 'AAAAA') },
      'keys_untrusted',
      /Another company’s, or forged[^]*that company’s page/,
    ],
    [
      'no receipt file',
      '{"hello":"<img src=x onerror=alert(1)>"}',
      'malformed',
      /no receipt file[^]*as it was saved/,
    ],
    ['no JSON', '<script>', 'malformed', /no receipt file/],
    ['a later version', { ...parsed, v: 2 }, 'unsupported_algorithm', /later version/],
    ['too long', `${file.text}${' '.repeat(400_000)}`, 'too_large', /was not read/],
  ]
  await inTab(browser, demo, { path }, async ({ page }) => {
    await page.evaluate(() => {
      const text = Reflect.get(Blob.prototype, 'text')
      Blob.prototype.text = function read() {
        globalThis.longestRead = Math.max(globalThis.longestRead ?? 0, this.size)
        return text.call(this)
      }
    })
    for (const [what, content, code, words] of files) {
      const found = await choose(
        page,
        typeof content === 'string' ? content : JSON.stringify(content),
      )
      assert.ok(found.includes(code), `${what}: ${found}`)
      assert.match(found, words, what)
      assert.strictEqual(await page.$('[data-card=answer] .verified'), null, what)
      assert.strictEqual(await page.$eval('#held', (node) => node.checkVisibility()), false, what)
    }
    assert.ok(
      await page.evaluate(() => globalThis.longestRead <= 400_000),
      'what is too long is not read',
    )
    assert.match(
      await choose(page, file.text),
      /Verified\./,
      'and after all these the whole one counts',
    )
  })
})

test('a file of another company with the same names is refused', { timeout: 120_000 }, async () => {
  const other = await startBoth()
  try {
    await inTab(other.browser, other.demo, {}, async ({ page }) => {
      await page.goto(other.demo.url + path)
      const words = await choose(page, file.text)
      assert.match(words, /keys_untrusted[^]*none of the roots/)
    })
  } finally {
    await other.close()
  }
})

test('without the history nothing is said of the receipt, and the page says so', async () => {
  const tab = await openTab(browser)
  await tab.page.goto(demo.url + path)
  await tab.page.setOfflineMode(true)
  assert.match(
    await choose(tab.page, file.text),
    /Not verified\. The company’s history cannot be reached[^]*keys_unreachable/,
  )
  await tab.page.setOfflineMode(false)
  assert.match(await choose(tab.page, file.text), /Verified\./)
  await tab.close()
})

test(
  'years later, when its key is out of the set, the history has it and the receipt verifies',
  { timeout: 120_000 },
  async () => {
    assert.ok((await published()).includes(key))
    // a signing key stays in the set for five years after it was replaced
    await moves('three-months', 'rotate', 'day', 'rotate', ...Array(21).fill('three-months'))
    assert.ok((await published()).includes(key))
    await moves('rotate')
    assert.ok(!(await published()).includes(key), 'out of the set')
    assert.ok((await published('history.jwks')).includes(key))
    await inTab(browser, demo, { path }, async ({ page }) => {
      const words = await choose(page, file.text)
      for (const part of [
        'Verified.',
        key,
        'the key is good',
        /5 years ago|6 years ago/,
        /\d signing keys/,
      ])
        assert.match(words, part instanceof RegExp ? part : new RegExp(part.replace('.', '\\.')))
      assert.match(await textOf(page, '.clock-strip'), /The demo’s clock/)
    })
  },
)

test('taken back on the publisher’s page: refused in words at once, and with a date before it verified', async () => {
  await inTab(browser, demo, { path }, async ({ page }) => {
    assert.match(await choose(page, file.text), /Verified\./)
    const publisher = await page.browserContext().newPage()
    await publisher.goto(`${demo.url}publisher.html`)
    const card = `[data-key="${key}"]`
    await publisher.waitForSelector(card)
    await publisher.$$eval('details', (nodes) =>
      nodes.forEach((node) => {
        node.open = true
      }),
    )
    await publisher.$$eval(`${card} .ask`, (panels) =>
      /** @type {HTMLElement | null | undefined} */ (
        panels.find((panel) => /Take back/.test(panel.textContent))?.querySelector('.danger')
      )?.click(),
    )
    await publisher.waitForSelector(`${card} .verified`)
    assert.match(await textOf(publisher, card), /Taken back\. Nothing that it signed counts/)
    assert.match(await textOf(publisher, card), /compromised/)
    await publisher.close()

    await page.bringToFront()
    await page.$eval('[data-card=answer] .result', (box) => {
      box.replaceChildren()
    })
    await page.click('#again')
    assert.match(
      await said(page),
      /Refused\. Its key was taken back[^]*key_unusable[^]*who has it chooses the date[^]*I have held this file since/,
    )
    const { made } = (await receiptKeys()).find(({ thumbprint }) => thumbprint === key)
    const { now } = await overview()
    assert.match(
      await heldSince(page, new Date(made).getTime() + month),
      /Verified\.[^]*Taken back since, and you held it before/,
    )
    assert.ok(
      await page.evaluate(() => document.activeElement?.matches('.verified')),
      'the focus is on the answer',
    )
    await page.$eval('[data-card=answer] .result', (box) => {
      box.replaceChildren()
    })
    await page.click('#again')
    assert.match(await said(page), /key_unusable/, 'without the date it does not count')
    assert.match(
      await heldSince(page, new Date(now).getTime() + month),
      /key_unusable/,
      'a date after it does not help',
    )
  })
})

test('a current key that is taken back leaves the set, and the next one signs at once', async () => {
  const [current, next] = await receiptKeys()
  assert.deepEqual([current.state, next.state], ['current', 'next'])
  assert.deepEqual(
    (await post('revoke', { key: current.thumbprint })).outcome.replacedBy,
    next.thumbprint,
  )
  assert.ok(!(await published()).includes(current.thumbprint))
  await inTab(browser, demo, {}, async ({ page }) => {
    await write(page)
    await shown(page, '#send')
    await page.click('#send')
    const receipt = await shown(page, '[data-card=receipt] .result')
    for (const part of [next.thumbprint, `, ${new Date((await overview()).now).getFullYear()}, `])
      assert.ok(receipt.includes(part), `${part} in ${receipt}`)
  })
})

for (const scheme of ['light', 'dark']) {
  test(`from 320 to 1280 pixels nothing is cut off or needs scrolling sideways (${scheme})`, async () => {
    for (const width of [320, 390, 768, 1280]) {
      await inTab(browser, demo, { path, width, scheme }, async ({ page }) => {
        const wide = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        for (const [text, outcome] of [
          [file.text, 'taken-back'],
          ['{}', 'refused'],
        ]) {
          await choose(page, text)
          assert.strictEqual(
            await page.$eval(
              '[data-card=answer]',
              (card) => /** @type {HTMLElement} */ (card).dataset.outcome,
            ),
            outcome,
          )
          assert.ok((await wide()) <= 0, `${await wide()} pixels too wide at ${width}`)
        }
        await choose(page, file.text)
        await heldSince(page, Date.parse('2026-01-01'))
        await shown(page, '#change')
        await page.click('#change')
        await shown(page, '.refused')
        assert.ok((await wide()) <= 0, `${await wide()} pixels too wide at ${width}`)
        const background = await page.evaluate(
          () => getComputedStyle(document.body).backgroundColor,
        )
        const [red] = (background.match(/\d+/g) ?? []).map(Number)
        assert.ok(scheme === 'dark' ? red < 60 : red > 200, scheme)
      })
    }
  })
}

test('the history is signed by the root that the page knows, for every origin', async () => {
  const answer = await fetch(`${demo.url}.well-known/history.jwks.json`, {
    headers: { accept: 'application/jwk-set+jwt' },
  })
  assert.strictEqual(answer.headers.get('content-type'), 'application/jwk-set+jwt')
  assert.strictEqual(answer.headers.get('access-control-allow-origin'), '*')
  const html = await (await fetch(demo.url + path)).text()
  const [, content] = present(html.match(/name="sealdrop-root" content="([^"]*)"/))
  const root = JSON.parse(content.replaceAll('&#34;', '"'))
  const at = new Date((await overview()).now).getTime()
  const keys = await fetchKeySet(answer.url, {
    trust: signedBy([root], { history: true }),
    now: () => at,
  }).list()
  assert.deepEqual(
    keys.map(({ use }) => use),
    (await receiptKeys()).map(() => 'sig'),
    'every key that there ever was, and none to seal to',
  )
})
