// The page of the element `<sealdrop-drop>`, as the tests drive it.
import { assert } from 'chai'
import { inTab } from './browser.mjs'

/** What is in names and in files of the tests, and must leave nowhere. */
export const canaries = ['name-canary-91c3', 'content-canary-77aa']

/**
 * Works in a tab with the element, whose keys were checked.
 *
 * @param {Awaited<ReturnType<typeof import('./browser.mjs').startBoth>>} both
 * @param {import('./browser.mjs').TabOptions} o
 * @param {(box: ReturnType<typeof boxOf>, tab: import('./browser.mjs').Tab) => Promise<void>} work
 */
export const inDrop = ({ browser, demo }, o, work) =>
  inTab(browser, demo, { path: 'drop.html', secrets: canaries, ...o }, async (tab) => {
    const box = boxOf(tab.page)
    await box.seen('.key')
    await work(box, tab)
  })

/** @param {import('puppeteer-core').Page} page */
export const boxOf = (page) => {
  const find = async (selector) => {
    const found = await page.waitForSelector(`>>> ${selector}`, { visible: true, timeout: 15_000 })
    assert.ok(found, selector)
    return found
  }
  return {
    find,
    seen: find,
    text: async (selector) => (await find(selector)).evaluate((node) => node.innerText),
    click: async (selector) => (await find(selector)).click(),
    choose: async (...paths) => {
      const input = await page.$('>>> input[multiple]')
      await input.uploadFile(...paths)
      await find('li')
    },
    is: (...states) =>
      page.waitForFunction(
        (wanted) => wanted.includes(document.querySelector('sealdrop-drop').state),
        { polling: 20, timeout: 60_000 },
        states,
      ),
    /** Waits until this share of all bytes left. */
    share: (least) =>
      page.waitForFunction(
        (wanted) =>
          document.querySelector('sealdrop-drop').shadowRoot.querySelector('.whole').value >=
          wanted,
        { polling: 10, timeout: 60_000 },
        least,
      ),
    set: (values) =>
      page.evaluate((given) => {
        Object.assign(document.querySelector('sealdrop-drop'), given)
      }, values),
    /** The part that has the focus. */
    focused: () =>
      page.evaluate(
        () => document.activeElement.shadowRoot?.activeElement?.getAttribute('part') ?? 'none',
      ),
  }
}
