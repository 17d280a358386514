// The element `<sealdrop-drop>` of a page, as tests drive it: by what people see of it.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { assert } from 'chai'

/** @typedef {import('sealdrop/drop').SealdropDrop} SealdropDrop which gives the tag its type */

const patience = 20_000

/** @param {import('puppeteer-core').Page} page */
export const boxOf = (page) => {
  const find = async (selector) => {
    const found = await page.waitForSelector(`>>> ${selector}`, {
      visible: true,
      timeout: patience,
    })
    assert.ok(found, selector)
    return /** @type {import('puppeteer-core').ElementHandle<HTMLElement>} */ (found)
  }
  return {
    find,
    /** The text of a part, as people see it. */
    text: async (selector) => (await find(selector)).evaluate((node) => node.innerText),
    click: async (selector) => (await find(selector)).click(),
    /** Chooses files, as the button does. */
    choose: async (...paths) => {
      const input = /** @type {import('puppeteer-core').ElementHandle<HTMLInputElement>} */ (
        await page.$('>>> input[multiple]')
      )
      await input.uploadFile(...paths)
      await find('li')
    },
    /** Waits until its state is one of these. */
    is: (...states) =>
      page.waitForFunction(
        (wanted) => wanted.includes(document.querySelector('sealdrop-drop')?.state),
        { polling: 20, timeout: patience },
        states,
      ),
    /** Waits until this share of all bytes left. */
    share: (least) =>
      page.waitForFunction(
        (wanted) =>
          (document.querySelector('sealdrop-drop')?.shadowRoot?.querySelector('.whole')?.[
            'value'
          ] ?? 0) >= wanted,
        { polling: 10, timeout: patience },
        least,
      ),
    /** Sets properties. */
    set: (values) =>
      page.evaluate((given) => {
        Object.assign(document.querySelector('sealdrop-drop') ?? {}, given)
      }, values),
    receipts: () => page.evaluate(() => document.querySelector('sealdrop-drop')?.receipts ?? []),
    /** The parts of what has the focus, or the tag of what has it outside. */
    focused: () =>
      page.evaluate(() => {
        const inside = document.activeElement?.shadowRoot?.activeElement
        return (
          inside?.getAttribute('part') ?? inside?.localName ?? document.activeElement?.localName
        )
      }),
  }
}

/** Drops files and folders of this machine onto a part, as a person does: in Chromium only. */
export async function dropOnto(page, part, paths) {
  const { x = 0, y = 0 } = (await part.boundingBox()) ?? {}
  const session = await page.createCDPSession()
  const data = { items: [], files: paths, dragOperationsMask: 1 }
  for (const type of /** @type {const} */ (['dragEnter', 'dragOver', 'drop'])) {
    await session.send('Input.dispatchDragEvent', { type, x: x + 20, y: y + 20, data })
    if (type === 'dragOver') await page.waitForSelector('>>> .zone[data-over]')
  }
}

/**
 * Opens a page in a session of its own, which is closed when the test ends.
 *
 * @param {{ after: (work: () => unknown) => void }} t
 * @param {import('puppeteer-core').Browser} browser
 * @param {string} url
 * @param {(page: import('puppeteer-core').Page) => unknown} [prepare] - what is done before it loads
 * @returns the page, its box, and what broke a policy or threw
 */
export async function openDrop(t, browser, url, prepare) {
  const session = await browser.createBrowserContext()
  t.after(() => browser.connected && session.close())
  const page = await session.newPage()
  const troubles = []
  page.on('console', (message) => {
    if (/policy violated|Refused to/.test(message.text())) troubles.push(message.text())
  })
  page.on('pageerror', (error) => troubles.push(String(error)))
  page.on('dialog', (dialog) => void dialog.accept())
  await prepare?.(page)
  await page.goto(url)
  return { page, box: boxOf(page), troubles }
}

const axeSource = readFileSync(
  createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
  'utf8',
)

/** What axe finds in a page without a policy, in words: the rule, and where. */
export async function violations(page) {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axeSource)
  return page.evaluate(async () => {
    const { violations: all } = await globalThis['axe'].run(document, { preload: false })
    return all.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id} ${target.join(' ')}`))
  })
}
