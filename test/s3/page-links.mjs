// Links in a page of a real browser: the token leaves the address at once, is kept in the record
// alone, and goes to the handler alone.
import { storedInPage } from './page-stores.mjs'
import { launches } from './page-world.mjs'

const MiB = 2 ** 20
const partLength = 5 * MiB
const lanes = 3

/** What the page and the browser tell of its address, now and before. Runs in the page. */
const addressesInPage = () =>
  JSON.stringify([
    location.href,
    document.URL,
    document.baseURI,
    document.referrer,
    history.state,
    globalThis.navigation?.entries().map(({ url }) => url),
    performance.getEntries().map(({ name, entryType }) => entryType !== 'navigation' && name),
  ])

/** Where the browser tells scripts how this document was opened. Runs in the page. */
const openedByInPage = () => [
  performance.getEntriesByType('navigation')[0].name,
  globalThis.navigation?.activation?.entry?.url ?? 'not told',
]

/** @param {{ test: any, assert: any, made: () => any, tools: any }} host */
export function pageLinks({ test, assert, made, tools }) {
  const { inSession, isReady, choose, arrives, ended, stored, fresh, until, only, fileOf } = tools
  /** Opens a link as somebody does who clicks on it. @returns the page, and what it wrote */
  const opened = async (session, { url, token }) => {
    Object.assign(made().token, { text: token, places: new Set() })
    const page = await session.newPage()
    const written = []
    page.on('console', (message) => written.push(message.text()))
    await page.goto(url)
    await isReady(page)
    return { page, written }
  }
  const holding = async (page, token) => {
    const rows = await page.evaluate(storedInPage)
    return rows.filter(([, text]) => text.includes(token)).map(([place]) => place)
  }

  for (const browser of Object.keys(launches)) {
    test(`${browser}: a link leaves the address at once, and a reload goes on with the token that was kept`, (own) =>
      inSession(browser, async (session) => {
        const link = await made().linkOf({ partLength, inFlight: lanes }, { files: 1 })
        const { page, written } = await opened(session, link)
        const said = { subject: 'acme', context: { claim: '7' }, files: 1 }
        assert.deepEqual(await page.evaluate('globalThis.page.said'), said)
        assert.equal(page.url(), link.url.split('#')[0])
        assert.notInclude(await page.evaluate(addressesInPage), link.token)
        assert.deepEqual(await holding(page, link.token), [])
        const openedBy = await page.evaluate(openedByInPage)
        // scripts in the page can read the token as long as this document lives
        assert.deepEqual(openedBy, [link.url, link.url])
        // puppeteer waits for ever where Firefox goes back
        if (browser === 'Chromium') {
          await page.goto('about:blank')
          await page.goBack()
          await isReady(page)
          assert.equal(page.url(), link.url.split('#')[0])
          assert.notInclude(await page.evaluate(addressesInPage), link.token)
        }
        assert.deepEqual([...made().token.places], [], 'opening a page uses no link')

        // a link that is pasted into the tab of an open page changes the fragment only
        await page.evaluate('globalThis.page.said = undefined')
        await page.evaluate((url) => location.assign(url), link.url)
        await page.waitForFunction('globalThis.page?.said', { polling: 50 })
        assert.notInclude(await page.evaluate(addressesInPage), link.token)
        const file = await fileOf(21 * MiB)
        fresh(only(1))
        await choose(page, file)
        await until(() => stored().length === 1 && made().store.puts.length === 1 + lanes)
        assert.deepEqual(await holding(page, link.token), ['IndexedDB sealdrop tags'])
        const listed = await page.evaluate('globalThis.page.unfinished()')
        assert.lengthOf(listed, 1)
        assert.notInclude(JSON.stringify(listed), link.token)
        await page.reload()
        await isReady(page)
        assert.isUndefined(await page.evaluate('globalThis.page.said'))
        const afterReload = await page.evaluate(openedByInPage)
        assert.notInclude(
          afterReload.join(),
          link.token,
          'a document that was reloaded tells nothing',
        )
        made().store.before = undefined
        await arrives(page, file)
        assert.equal(stored().length, 5, 'what was stored is not sent again')
        assert.deepEqual(await holding(page, link.token), [], 'it went with the record')
        assert.deepEqual([...made().token.places], ['Authorization at the handler'])
        assert.notInclude(
          JSON.stringify([written, await page.evaluate(addressesInPage)]),
          link.token,
        )
        made().token.text = ''
      })(own))

    test(`${browser}: a link that is revoked in the middle stops the upload, and a damaged one says so`, (own) =>
      inSession(browser, async (session) => {
        const link = await made().linkOf({ partLength, inFlight: lanes })
        const { page } = await opened(session, link)
        fresh(only(1))
        await choose(page, await fileOf(21 * MiB))
        await until(() => stored().length === 1 && made().store.puts.length === 1 + lanes)
        await made().linkStore.revoke(link.jti)
        made().store.before = undefined
        made().store.cut()
        const { state, code, error } = await ended(page)
        assert.deepEqual([state, code], ['failed', 'rejected'], error)
        assert.notInclude(error, link.token)
        await page.close()

        const cut = await session.newPage()
        const troubles = []
        cut.on('pageerror', (trouble) => troubles.push(String(trouble)))
        await cut.goto(link.url.slice(0, link.url.indexOf('.') + 90))
        await until(() => troubles.length > 0)
        assert.match(troubles.join(), /copy all of it/)
        assert.equal(cut.url().includes('#'), false)
        made().token.text = ''
      })(own))
  }
}
