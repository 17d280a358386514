// The page that downloads a large file, in a real Chromium: verified as it arrives, saved through a
// file picker or as a Blob, stopped at a change.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, test } from 'node:test'
import { inTab, shown, startBoth, textOf } from './browser.mjs'

const { demo, browser, close } = await startBoth()
after(close)

const path = 'download.html'
const result = '#result > :first-child'
/**
 * The picker gives a real file, in the browser's own file system for this origin; tests have no
 * hands for a dialog.
 */
const withPicker = () => {
  globalThis.showSaveFilePicker = async ({ suggestedName }) =>
    (await navigator.storage.getDirectory()).getFileHandle(suggestedName, { create: true })
}
const sha256 = async (bytes) => createHash('sha256').update(bytes).digest('hex')
const original = async () =>
  sha256(new Uint8Array(await (await fetch(`${demo.url}api/downloads/16/file`)).arrayBuffer()))
const digestOf = (page, get) =>
  page.evaluate(
    `(async () => { const bytes = await (await ${get}).arrayBuffer(); return [bytes.byteLength, [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))].map((b) => b.toString(16).padStart(2, '0')).join('')] })()`,
  )

/**
 * @param picker - whether this browser has a file picker; wanted - tells which trouble of the tab
 * is meant to be
 */
const page = (picker, work, wanted = () => false) =>
  inTab(browser, demo, { path: 'publisher.html', secrets: [] }, async (tab) => {
    await tab.page.evaluateOnNewDocument(
      picker
        ? withPicker
        : () => {
            delete globalThis.showSaveFilePicker
            delete Window.prototype.showSaveFilePicker
          },
    )
    await tab.page.evaluateOnNewDocument(() => {
      const { createObjectURL } = URL
      // the policy lets nobody fetch a blob:
      URL.createObjectURL = (blob) => createObjectURL.call(URL, (globalThis.offered = blob))
    })
    await tab.page.goto(demo.url + path)
    await work(tab.page)
    tab.troubles.splice(0, Infinity, ...tab.troubles.filter((trouble) => !wanted(trouble)))
  })

test('a file verifies as it arrives and is written through the picker', () =>
  page(true, async (page) => {
    await page.click('#file')
    assert.match(await shown(page, '#result .verified'), /^Verified\. Every byte/)
    assert.match(
      await textOf(page, '#result'),
      /sealdrop-demo-16-mib\.bin[\s\S]*16\.00 MiB[\s\S]*MiB\/s[\s\S]*ES256[\s\S]*Saved as/,
    )
    assert.deepEqual(
      await digestOf(
        page,
        `(await (await navigator.storage.getDirectory()).getFileHandle('sealdrop-demo-16-mib.bin')).getFile()`,
      ),
      [16 * 2 ** 20, await original()],
    )
  }))

test('without a picker it is kept as a Blob, and offered when all of it verified', () =>
  page(false, async (page) => {
    assert.match(await textOf(page, '#saving'), /cannot write while it downloads/)
    await page.click('#file')
    await shown(page, '#save')
    assert.equal(await page.$eval('#save', (link) => link.download), 'sealdrop-demo-16-mib.bin')
    assert.deepEqual(await digestOf(page, 'Promise.resolve(globalThis.offered)'), [
      16 * 2 ** 20,
      await original(),
    ])
  }))

for (const picker of [true, false]) {
  test(`a mirror that changed one bit is stopped at that chunk, and nothing is saved ${picker ? 'through the picker' : 'as a Blob'}`, () =>
    page(picker, async (page) => {
      await page.evaluate(async () => {
        for await (const name of (await navigator.storage.getDirectory()).keys())
          await (await navigator.storage.getDirectory()).removeEntry(name)
      })
      await page.click('#mirror')
      const said = await shown(page, '#result .refused')
      assert.match(said, /Refused, as it must be rejected/)
      assert.match(said, /Chunk 9, bytes 8388608 to 9437183/)
      assert.match(said, /8\.00 MiB had verified before it\. Nothing was saved\./)
      assert.equal(await page.$('#save'), null)
      if (picker)
        assert.deepEqual(
          await page.evaluate(async () =>
            Array.fromAsync((await navigator.storage.getDirectory()).keys()),
          ),
          [],
        )
      await page.click('#file')
      await shown(page, '#result .verified')
    }))
}

test('a download that is cancelled leaves nothing', () =>
  page(false, async (page) => {
    await page.click('input[value="1024"]')
    await page.click('#file')
    await page.waitForFunction(
      () =>
        document.querySelector('#progress').value > 0 &&
        (document.querySelector('#cancel').click(), true),
      { polling: 20, timeout: 120_000 },
    )
    await page.waitForFunction(() =>
      /Cancelled\. Nothing was saved\./.test(document.querySelector('#result').textContent),
    )
    assert.equal(await page.$('#save'), null)
  }))

test('a server that does not send the file, and one that stops in the middle, leave nothing and are not called changed', () =>
  page(
    true,
    async (page) => {
      await page.setRequestInterception(true)
      let answer
      page.on('request', (request) =>
        request.url().endsWith('/file') ? answer(request) : request.continue(),
      )
      const left = () =>
        page.evaluate(async () => Array.fromAsync((await navigator.storage.getDirectory()).keys()))
      for (const [as, code] of [
        [(request) => request.abort(), 'unreachable'],
        [(request) => request.respond({ status: 503, body: 'x'.repeat(500) }), 'unreachable'],
        [(request) => request.respond({ status: 200, body: Buffer.alloc(1_000) }), 'rejected'],
      ]) {
        answer = as
        await page.click('#file')
        const said = await shown(page, '#result .problem')
        assert.match(said, new RegExp(code))
        assert.equal(/as it must be/.test(said), code === 'rejected')
        assert.deepEqual(await left(), [])
        await page.evaluate(() => document.querySelector('#result').replaceChildren())
      }
    },
    (trouble) => /Failed to load resource/.test(trouble),
  ))

test('after a rotation the key that signs now signs what is downloaded, and it verifies', async () => {
  const ask = async (action, body) =>
    (
      await fetch(`${demo.url}api/publisher/${action}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/vnd.sealdrop.publisher+json',
          origin: new URL(demo.url).origin,
        },
        body: JSON.stringify(body),
      })
    ).json()
  const signedBy = async () =>
    JSON.parse(
      Buffer.from(
        (await (await fetch(`${demo.url}api/downloads/16/signature`)).json()).signature.split(
          '.',
        )[0],
        'base64url',
      ),
    ).kid
  const first = await signedBy()
  assert.equal(await signedBy(), first)
  await ask('clock', { by: 'three-months' })
  await ask('rotate', {})
  const second = await signedBy()
  assert.notEqual(second, first)
  await page(false, async (page) => {
    await page.click('#file')
    await shown(page, '#save')
    assert.ok((await textOf(page, '#result')).includes(second))
  })
})

test('from 320 to 1280 pixels nothing needs scrolling sideways', () =>
  page(false, async (page) => {
    for (const width of [320, 390, 768, 1280]) {
      await page.setViewport({ width, height: 900 })
      for (const [button, sign] of [
        ['#file', '#save'],
        ['#mirror', '.refused'],
      ]) {
        await page.click(button)
        await shown(page, sign)
        assert.ok(
          await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
          `${width} pixels, ${button}`,
        )
      }
    }
  }))

test('what is not on offer is not there', async () => {
  for (const name of ['17/file', '16/other', '-1/signature', '1e9/file', 'x/mirror'])
    assert.equal((await fetch(`${demo.url}api/downloads/${name}`)).status, 404, name)
})
