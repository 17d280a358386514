// What protects the demo's pages, and how they look: hashes, policy, widths, colour schemes.
import { after, test } from 'node:test'
import { assert } from 'chai'
import { inTab, openTab, shown, startBoth, textOf, write } from './browser.mjs'

const { demo, browser, close } = await startBoth()
after(close)

/**
 * Opens a page whose library somebody changed on its way; `held` is whether the page's integrity
 * hashes stay in it.
 */
async function withChangedLibrary(path, file, held, work) {
  const tab = await openTab(browser)
  const { page } = tab
  await page.setRequestInterception(true)
  const answer = async (request) => {
    const { pathname } = new URL(request.url())
    if (![`/${path}`, `/${file}`].includes(pathname)) return request.continue()
    const text = await (await fetch(request.url())).text()
    if (pathname === `/${file}`)
      return request.respond({
        contentType: 'text/javascript',
        headers: { 'access-control-allow-origin': '*' },
        body: `globalThis.changedLibraryRan = true;${text}`,
      })
    return request.respond({
      contentType: 'text/html',
      body: held ? text : text.replace(/\s+integrity="[^"]*"|,\s*"integrity": \{[^}]*\}/g, ''),
    })
  }
  page.on('request', (request) => void answer(request))
  await page.goto(demo.url + path)
  await work?.(page)
  const ran = await page.evaluate(() => Reflect.get(globalThis, 'changedLibraryRan') === true)
  await tab.close()
  return ran
}

for (const [path, file] of [
  ['', 'sealdrop-uploads.js'],
  ['drop.html', 'sealdrop-drop.min.js'],
  ['receipt.html', 'sealdrop.min.js'],
  ['esm.html', 'sealdrop.min.mjs'],
]) {
  test(`a changed ${file} does not run, because the page holds it to its hash`, async () => {
    assert.strictEqual(
      await withChangedLibrary(path, file, false),
      true,
      'without the hash it would run',
    )
    assert.strictEqual(await withChangedLibrary(path, file, true), false)
  })
}

test('a page whose library did not load says so when it should seal', async () => {
  await withChangedLibrary('', 'sealdrop-uploads.js', true, async (page) => {
    await write(page)
    assert.match(await shown(page, '[data-problems=write] .problem'), /not_loaded/)
  })
})

test('the policy is in force: no inline script, no innerHTML, no other host, no form in the clear', async () => {
  const tab = await openTab(browser)
  const { page, troubles } = tab
  await page.goto(demo.url)
  const outcome = await page.evaluate(async () => {
    const script = document.createElement('script')
    const attempts = {
      innerHTML: () => {
        document.body.innerHTML += '<p>x</p>'
      },
      inline: () => {
        script.textContent = 'globalThis.ran = true'
        document.body.append(script)
      },
      // in a task of the page's own: what DevTools runs may use eval in spite of the policy
      eval: () =>
        new Promise((resolve, reject) =>
          setTimeout(() => {
            try {
              resolve(Reflect.get(globalThis, 'eval')('globalThis.ran = true'))
            } catch (error) {
              reject(error)
            }
          }),
        ),
      elsewhere: () => fetch('https://sealdrop.invalid/'),
    }
    const results = {}
    for (const [name, attempt] of Object.entries(attempts))
      results[name] = await Promise.resolve()
        .then(attempt)
        .then(
          () => 'done',
          () => 'refused',
        )
    const form = /** @type {HTMLFormElement} */ (document.querySelector('#claim'))
    form.noValidate = true
    HTMLFormElement.prototype.submit.call(form)
    return { ...results, ran: 'ran' in globalThis }
  })
  assert.deepEqual(outcome, {
    innerHTML: 'refused',
    inline: 'refused',
    eval: 'refused',
    elsewhere: 'refused',
    ran: false,
  })
  await new Promise((resolve) => setTimeout(resolve, 200))
  assert.strictEqual(page.url(), demo.url, 'the form did not go anywhere')
  assert.ok(
    troubles.some((line) => line.includes('form-action')),
    troubles.join('\n'),
  )
  await tab.close()
})

for (const scheme of ['light', 'dark']) {
  test(`from 320 to 1280 pixels nothing is cut off or needs scrolling sideways (${scheme})`, async () => {
    for (const width of [320, 390, 768, 1280]) {
      await inTab(browser, demo, { width, scheme }, async ({ page }) => {
        await page.click('#example')
        await page.click('#seal')
        await shown(page, '#send')
        await page.click('#send-changed')
        await shown(page, '.refused')
        await page.click('#send')
        await shown(page, '.verified')
        const { overflow, background } = await page.evaluate(() => ({
          overflow: document.documentElement.scrollWidth - innerWidth,
          background: getComputedStyle(document.body).backgroundColor,
        }))
        assert.ok(overflow <= 0, `${overflow} pixels too wide at ${width}`)
        const [red] = (background.match(/\d+/g) ?? []).map(Number)
        assert.ok(scheme === 'dark' ? red < 60 : red > 200, `${background} in ${scheme}`)
      })
    }
  })
}

test('the page with ES modules fits a phone', async () => {
  await inTab(browser, demo, { path: 'esm.html', width: 320 }, async ({ page }) => {
    await page.type('textarea', 'x')
    await page.click('button.main')
    await page.waitForSelector('#send:enabled')
    await page.click('#send')
    await shown(page, '#change')
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
  })
})

test('without JavaScript the page says why nothing works', async () => {
  const tab = await openTab(browser, { javaScript: false })
  const { page } = tab
  await page.goto(demo.url)
  assert.match(await textOf(page, 'noscript'), /Without JavaScript nothing can be sealed/)
  await tab.close()
})
