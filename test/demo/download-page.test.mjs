// The page that downloads a large file, in a real Chromium: verified as it arrives, saved through a
// file picker or as a Blob, stopped at a change.
import { createHash } from 'node:crypto'
import { after, test } from 'node:test'
import { assert } from 'chai'
import { inTab, shown, startBoth, textOf } from './browser.mjs'

const { demo, browser, close } = await startBoth()
after(close)

const path = 'download.html'
/**
 * The picker gives a real file, in the browser's own file system for this origin; tests have no
 * hands for a dialog.
 */
const withPicker = () => {
  const showSaveFilePicker = async ({ suggestedName }) =>
    (await navigator.storage.getDirectory()).getFileHandle(suggestedName, { create: true })
  Object.assign(globalThis, { showSaveFilePicker })
}
const withoutPicker = () => {
  Reflect.deleteProperty(globalThis, 'showSaveFilePicker')
  Reflect.deleteProperty(Window.prototype, 'showSaveFilePicker')
}
const sha256 = async (bytes) => createHash('sha256').update(bytes).digest('hex')
const original = async () =>
  sha256(new Uint8Array(await (await fetch(`${demo.url}api/downloads/16/file`)).arrayBuffer()))
const digestOf = (page, get) =>
  page.evaluate(
    `(async () => {
      const bytes = await (await ${get}).arrayBuffer()
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
      const hex = [...digest].map((byte) => byte.toString(16).padStart(2, '0'))
      return [bytes.byteLength, hex.join('')]
    })()`,
  )

/**
 * @param {boolean} picker - whether this browser has a file picker
 * @param {(page: import('puppeteer-core').Page) => Promise<void>} work
 * @param {(trouble: string) => boolean} [wanted] - tells which trouble of the tab is meant to be
 */
const onPage = (picker, work, wanted = () => false) =>
  inTab(browser, demo, { path: 'publisher.html', secrets: [] }, async (tab) => {
    await tab.page.evaluateOnNewDocument(picker ? withPicker : withoutPicker)
    await tab.page.evaluateOnNewDocument(() => {
      const make = URL.createObjectURL.bind(URL)
      // the policy lets nobody fetch a blob:
      URL.createObjectURL = (blob) => {
        Object.assign(globalThis, { offered: blob })
        return make(blob)
      }
    })
    await tab.page.goto(demo.url + path)
    await work(tab.page)
    tab.troubles.splice(0, Infinity, ...tab.troubles.filter((trouble) => !wanted(trouble)))
  })

test('a file verifies as it arrives and is written through the picker', () =>
  onPage(true, async (page) => {
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
  onPage(false, async (page) => {
    assert.match(await textOf(page, '#saving'), /cannot write while it downloads/)
    await page.click('#file')
    await shown(page, '#save')
    assert.strictEqual(
      await page.$eval('#save', (link) => /** @type {HTMLAnchorElement} */ (link).download),
      'sealdrop-demo-16-mib.bin',
    )
    assert.deepEqual(await digestOf(page, 'Promise.resolve(globalThis.offered)'), [
      16 * 2 ** 20,
      await original(),
    ])
  }))

for (const picker of [true, false]) {
  test(`a mirror that changed one bit is stopped at that chunk, and nothing is saved ${picker ? 'through the picker' : 'as a Blob'}`, () =>
    onPage(picker, async (page) => {
      await page.evaluate(async () => {
        for await (const name of (await navigator.storage.getDirectory()).keys())
          await (await navigator.storage.getDirectory()).removeEntry(name)
      })
      await page.click('#mirror')
      const said = await shown(page, '#result .refused')
      assert.match(said, /Refused, as it must be rejected/)
      assert.match(said, /Chunk 9, bytes 8388608 to 9437183/)
      assert.match(said, /8\.00 MiB had verified before it\. Nothing was saved\./)
      assert.strictEqual(await page.$('#save'), null)
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
  onPage(false, async (page) => {
    await page.click('input[value="1024"]')
    await page.click('#file')
    await page.waitForFunction(
      () => {
        const progress = /** @type {HTMLProgressElement} */ (document.querySelector('#progress'))
        const cancel = /** @type {HTMLElement} */ (document.querySelector('#cancel'))
        if (progress.value > 0) cancel.click()
        return progress.value > 0
      },
      { polling: 20, timeout: 120_000 },
    )
    await page.waitForFunction(() =>
      /Cancelled\. Nothing was saved\./.test(document.querySelector('#result')?.textContent ?? ''),
    )
    assert.strictEqual(await page.$('#save'), null)
  }))

test('a server that does not send the file, and one that stops in the middle, leave nothing and are not called changed', () =>
  onPage(
    true,
    async (page) => {
      await page.setRequestInterception(true)
      /** @type {(request: import('puppeteer-core').HTTPRequest) => Promise<void>} */
      let answer
      page.on('request', (request) => {
        void (request.url().endsWith('/file') ? answer(request) : request.continue())
      })
      const left = () =>
        page.evaluate(async () => Array.fromAsync((await navigator.storage.getDirectory()).keys()))
      for (const { as, code } of [
        { as: (request) => request.abort(), code: 'unreachable' },
        {
          as: (request) => request.respond({ status: 503, body: 'x'.repeat(500) }),
          code: 'unreachable',
        },
        {
          as: (request) => request.respond({ status: 200, body: Buffer.alloc(1_000) }),
          code: 'rejected',
        },
      ]) {
        answer = as
        await page.click('#file')
        const said = await shown(page, '#result .problem')
        assert.match(said, new RegExp(code))
        assert.strictEqual(/as it must be/.test(said), code === 'rejected')
        assert.deepEqual(await left(), [])
        await page.evaluate(() => document.querySelector('#result')?.replaceChildren())
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
  const signedBy = async () => {
    const { signature } = await (await fetch(`${demo.url}api/downloads/16/signature`)).json()
    const [header] = signature.split('.')
    return JSON.parse(Buffer.from(header, 'base64url').toString()).kid
  }
  const first = await signedBy()
  assert.strictEqual(await signedBy(), first)
  await ask('clock', { by: 'three-months' })
  await ask('rotate', {})
  const second = await signedBy()
  assert.notStrictEqual(second, first)
  await onPage(false, async (page) => {
    await page.click('#file')
    await shown(page, '#save')
    assert.ok((await textOf(page, '#result')).includes(second))
  })
})

test('from 320 to 1280 pixels nothing needs scrolling sideways', () =>
  onPage(false, async (page) => {
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
    assert.strictEqual((await fetch(`${demo.url}api/downloads/${name}`)).status, 404, name)
})
