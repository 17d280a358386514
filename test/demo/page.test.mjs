// The demo's pages in a real Chromium: from typing to a verified receipt, with an eye on everything that leaves the tab.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startDemo } from '../../demo/server.mjs'
import { found, tracesOf } from '../support/plaintext.mjs'
import { launch, openTab, shown, textOf } from './browser.mjs'

const marker = 'Zoë\'s marker 7f3a & "quoted" <b>' // signs that every encoding changes
const traces = tracesOf(marker)
const requestsOf = { message: 1, page: 8 }
let demo, dir, browser

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sealdrop-page-'))
  ;[demo, browser] = await Promise.all([startDemo({ dir: join(dir, 'kms') }), launch()])
})

after(async () => {
  await browser?.close()
  await demo?.close()
  await rm(dir, { recursive: true })
})

/** Runs with a tab; at its end nothing went wrong in it, all requests went to the demo, and no plaintext left. */
async function inTab(options, path, work, { secrets = traces } = {}) {
  const tab = await openTab(browser, options)
  try {
    await tab.page.goto(demo.url + path)
    await work(tab)
    await tab.settled()
    assert.deepEqual(tab.troubles, [])
    for (const request of tab.requests) {
      assert.ok(request.split(' ')[1].startsWith(demo.url), `a request went elsewhere: ${request.slice(0, 200)}`)
      assert.deepEqual(found(request, secrets), [], `plaintext left the page in ${request.slice(0, 120)}`)
    }
  } finally {
    await tab.close()
  }
}

async function write(page, key = 'RSA-OAEP-256') {
  await page.type('[name=name]', 'Zoë')
  await page.type('[name=policy]', 'P-1')
  await page.type('[name=message]', marker)
  await page.click(`input[value="${key}"]`)
  await page.click('#seal')
}

test('the search for plaintext finds it in every form that it claims to know', () => {
  const forms = [marker, encodeURIComponent(marker), Buffer.from(marker).toString('hex').toUpperCase(), JSON.stringify({ marker }), ...[0, 1, 2, 3].flatMap((n) => ['base64', 'base64url'].map((form) => Buffer.from(`${'x'.repeat(n)}${marker} and more`).toString(form)))]
  for (const form of forms) assert.notDeepEqual(found(`before ${form} after`, traces), [], form)
  assert.deepEqual(found(randomBytes(4096).toString('base64'), traces), [])
})

for (const [key, call] of [['RSA-OAEP-256', 'kms:Decrypt'], ['ECDH-ES+A256KW', 'kms:DeriveSharedSecret']]) {
  test(`what is typed is sealed, looked at, sent, opened with ${call}, and its receipt verified; nothing leaves in the clear`, async () => {
    await inTab({}, '', async ({ page, posts, requests, settled }) => {
      await write(page, key)
      const sealed = await shown(page, '[data-card=sealed] .result')
      await settled()
      assert.equal(posts.length, 0, 'sealing sends nothing')
      for (const part of [key, 'pinned', 'form: insurance-claim', 'Header', 'Encrypted key', 'IV', 'Ciphertext', 'Tag']) assert.ok(sealed.includes(part), part)
      await page.click('#send')
      const opened = await shown(page, '[data-card=opened] .result')
      for (const part of [marker, 'Zoë', 'P-1', call, 'kms:Sign', '2 in all', 'opened']) assert.ok(opened.includes(part), part)
      const receipt = await shown(page, '[data-card=receipt] .result')
      for (const part of ['Verified.', 'ES256', 'pinned', 'Received']) assert.ok(receipt.includes(part), part)
      await settled()
      assert.equal(posts.length, requestsOf.message)
      assert.equal(posts[0].body.split('.').length, 5, 'a compact JWE, recorded whole')
      assert.ok(requests.length >= requestsOf.page)
    })
  })
}

test('a receipt with one character changed, and a message with one bit changed, are refused', async () => {
  await inTab({}, '', async ({ page, posts, settled }) => {
    await write(page)
    await shown(page, '#send-changed')
    await page.click('#send-changed')
    const message = await shown(page, '[data-problems=sealed] .refused')
    assert.match(message, /rejected/)
    assert.match(message, /KMS was asked once/)
    assert.equal(await page.$('[data-card=opened] .read'), null, 'nothing was read')
    await page.click('#send')
    await shown(page, '#change-receipt')
    await page.click('#change-receipt')
    const receipt = await shown(page, '[data-problems=receipt] .refused')
    assert.match(receipt, /rejected/)
    assert.match(receipt, /signature does not verify/)
    await settled()
    const [changed, whole] = posts.map(({ body }) => body)
    assert.equal([...whole].filter((sign, i) => sign !== changed[i]).length, 1)
  })
})

test('a picked file is sealed and opened whole, up to exactly 1 MiB', async () => {
  const bytes = Buffer.concat([Buffer.from(`%PDF-1.7 ${marker}`), randomBytes(1_048_576)]).subarray(0, 1_048_576)
  const path = join(dir, 'secret-file-name.pdf')
  await writeFile(path, bytes)
  await inTab({}, '', async ({ page, posts, settled }) => {
    await page.click('input[value=file]')
    await (await page.$('#file')).uploadFile(path)
    assert.match(await textOf(page, '#file-name'), /secret-file-name\.pdf \(1\.00 MiB\)/)
    await page.click('#seal')
    await shown(page, '#send')
    await page.click('#send')
    const opened = await shown(page, '[data-card=opened] .result')
    assert.match(opened, /PDF document, 1\.00 MiB/)
    assert.match(opened, /The same as of the file in this tab/)
    await shown(page, '.verified')
    await settled()
    assert.ok(posts[0].body.length > 1_398_000, 'the body was recorded whole')
  }, { secrets: [...traces, 'secret-file-name'] })
})

test('a file over 1 MiB is refused in plain words before anything is read or sent', async () => {
  const path = join(dir, 'large.bin')
  await writeFile(path, Buffer.alloc(1_048_577))
  await inTab({}, '', async ({ page, posts, settled }) => {
    await page.click('input[value=file]')
    await (await page.$('#file')).uploadFile(path)
    await page.click('#seal')
    const problem = await shown(page, '[data-problems=write] .problem')
    assert.match(problem, /too_large/)
    assert.match(problem, /at most 1 MiB/)
    await settled()
    assert.equal(posts.length, 0)
  })
})

test('the keyboard alone does the whole job, and the focus is always seen', async () => {
  await inTab({}, '', async ({ page }) => {
    const active = () => page.evaluate(() => {
      const { id, name, tagName, textContent } = document.activeElement
      return id || name || `${tagName} ${textContent.trim().slice(0, 20)}`
    })
    const tabTo = async (wanted) => {
      for (let i = 0; i < 40; i++) {
        await page.keyboard.press('Tab')
        const outlined = await page.evaluate(() => [document.activeElement, document.activeElement.nextElementSibling, document.activeElement.parentElement].some((node) => node && getComputedStyle(node).outlineStyle !== 'none'))
        assert.ok(outlined, `the focus on ${await active()} is not seen`)
        if (await active() === wanted) return
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
    assert.match(await shown(page, '[data-card=sealed] .result'), /ECDH-ES/, 'the arrow key chose the other key')
    assert.equal(await active(), 'seal', 'the focus stays where it was')
    await tabTo('send')
    await page.keyboard.press('Enter')
    await shown(page, '.verified')
    await tabTo('change-receipt')
    await page.keyboard.press('Space')
    assert.match(await shown(page, '[data-problems=receipt] .refused'), /rejected/)
    assert.match(await page.$eval('#status', (node) => node.textContent), /receipt is verified/, 'said to screen readers')
  })
})

test('a change in the form takes away what was sealed from it', async () => {
  await inTab({}, '', async ({ page }) => {
    await write(page)
    await shown(page, '#send')
    await page.type('[name=message]', '!')
    assert.equal(await page.$eval('#send', (node) => node.checkVisibility()), false)
    assert.equal(await textOf(page, '[data-card=sealed] .result'), '')
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
  await inTab({}, 'esm.html', async ({ page, posts, settled }) => {
    await page.type('textarea', marker)
    await page.click('button.main')
    await page.waitForSelector('#send:enabled')
    await settled()
    assert.equal(posts.length, 0, 'sealing sends nothing')
    await page.click('#send')
    assert.match(await shown(page, '#log li:nth-child(3)'), /Receipt verified[^]*pinned/)
    assert.ok((await textOf(page, '#log li:nth-child(2)')).includes(marker), 'the companion read it')
    await page.click('#change')
    assert.match(await shown(page, '#log li:nth-child(4)'), /Refused: rejected/)
    await settled()
    assert.equal(posts.length, requestsOf.message)
    assert.equal(posts[0].body.split('.').length, 5)
  })
})

/** Opens a page whose library somebody changed on its way; `held` is whether the page's integrity hashes stay in it. */
async function withChangedLibrary(path, file, held, work) {
  const { page, close } = await openTab(browser)
  await page.setRequestInterception(true)
  page.on('request', async (request) => {
    const { pathname } = new URL(request.url())
    if (![`/${path}`, `/${file}`].includes(pathname)) return request.continue()
    const text = await (await fetch(request.url())).text()
    if (pathname === `/${file}`) return request.respond({ contentType: 'text/javascript', headers: { 'access-control-allow-origin': '*' }, body: `globalThis.changedLibraryRan = true;${text}` })
    return request.respond({ contentType: 'text/html', body: held ? text : text.replace(/ integrity="[^"]*"|, "integrity": \{.*?\}/g, '') })
  })
  await page.goto(demo.url + path)
  await work?.(page)
  const ran = await page.evaluate(() => globalThis.changedLibraryRan === true)
  await close()
  return ran
}

for (const [path, file] of [['', 'sealdrop.min.js'], ['esm.html', 'sealdrop.min.mjs']]) {
  test(`a changed ${file} does not run, because the page holds it to its hash`, async () => {
    assert.equal(await withChangedLibrary(path, file, false), true, 'without the hash it would run')
    assert.equal(await withChangedLibrary(path, file, true), false)
  })
}

test('a page whose library did not load says so when it should seal', async () => {
  await withChangedLibrary('', 'sealdrop.min.js', true, async (page) => {
    await write(page)
    assert.match(await shown(page, '[data-problems=write] .problem'), /not_loaded/)
  })
})

test('the policy is in force: no inline script, no innerHTML, no other host, no form in the clear', async () => {
  const { page, troubles, close } = await openTab(browser)
  await page.goto(demo.url)
  const outcome = await page.evaluate(async () => {
    const script = document.createElement('script')
    const attempts = {
      innerHTML: () => { document.body.innerHTML += '<p>x</p>' },
      inline: () => { script.textContent = 'globalThis.ran = true'; document.body.append(script) },
      // in a task of the page's own: what DevTools runs may use eval in spite of the policy
      eval: () => new Promise((resolve, reject) => setTimeout(() => {
        try {
          resolve(globalThis.eval('globalThis.ran = true'))
        } catch (error) {
          reject(error)
        }
      })),
      elsewhere: () => fetch('https://sealdrop.invalid/'),
    }
    const results = {}
    for (const [name, attempt] of Object.entries(attempts)) results[name] = await Promise.resolve().then(attempt).then(() => 'done', () => 'refused')
    document.querySelector('#claim').noValidate = true
    HTMLFormElement.prototype.submit.call(document.querySelector('#claim'))
    return { ...results, ran: 'ran' in globalThis }
  })
  assert.deepEqual(outcome, { innerHTML: 'refused', inline: 'refused', eval: 'refused', elsewhere: 'refused', ran: false })
  await new Promise((resolve) => setTimeout(resolve, 200))
  assert.equal(page.url(), demo.url, 'the form did not go anywhere')
  assert.ok(troubles.some((line) => line.includes('form-action')), troubles.join('\n'))
  await close()
})

for (const scheme of ['light', 'dark']) {
  test(`from 320 to 1280 pixels nothing is cut off or needs scrolling sideways (${scheme})`, async () => {
    for (const width of [320, 390, 768, 1280]) {
      await inTab({ width, scheme }, '', async ({ page }) => {
        await page.click('#example')
        await page.click('#seal')
        await shown(page, '#send')
        await page.click('#send-changed')
        await shown(page, '.refused')
        await page.click('#send')
        await shown(page, '.verified')
        const { overflow, background } = await page.evaluate(() => ({ overflow: document.documentElement.scrollWidth - innerWidth, background: getComputedStyle(document.body).backgroundColor }))
        assert.ok(overflow <= 0, `${overflow} pixels too wide at ${width}`)
        const [red] = background.match(/\d+/g).map(Number)
        assert.ok(scheme === 'dark' ? red < 60 : red > 200, `${background} in ${scheme}`)
      })
    }
  })
}

test('without JavaScript the page says why nothing works', async () => {
  const { page, close } = await openTab(browser, { javaScript: false })
  await page.goto(demo.url)
  assert.match(await page.$eval('noscript', (node) => node.innerText), /Without JavaScript nothing can be sealed/)
  await close()
})
