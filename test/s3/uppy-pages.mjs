// The real Dashboard of Uppy in Chromium, driven by its buttons, to the handler and the bucket.
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { documentAt } from '../support/documents.mjs'
import { found } from '../support/plaintext.mjs'
import { amount } from '../support/soak.mjs'
import { plantInPage, storedInPage } from './page-stores.mjs'

const MiB = 2 ** 20
const partLength = 5 * MiB
/** Of one file, side by side. */
const lanes = 3
const resolveDir = fileURLToPath(new URL('../../', import.meta.url))
const button = {
  upload: '.uppy-StatusBar-actionBtn--upload',
  pause: '.uppy-StatusBar-actionCircleBtn[title="Pause"]',
  resume: '.uppy-StatusBar-actionCircleBtn[title="Resume"]',
  cancel: '.uppy-StatusBar-actionCircleBtn[title="Cancel"]',
  reSelect: '.uppy-Dashboard-Item-reSelect',
  retry: '.uppy-StatusBar-actionBtn--retry',
}

/** The page's script and style, as a bundler makes them. */
export async function uppyPageFiles() {
  const entry = fileURLToPath(new URL('page/uppy-page.mjs', import.meta.url))
  const o = { bundle: true, format: /** @type {const} */ ('esm'), target: 'es2022' }
  const { outputFiles } = await build({ entryPoints: [entry], write: false, ...o })
  const styles = ['@uppy/core', '@uppy/dashboard'].map((name) =>
    readFile(new URL(import.meta.resolve(`${name}/css/style.min.css`))),
  )
  return {
    '/uppy.js': outputFiles[0]?.text ?? '',
    '/uppy.css': Buffer.concat(await Promise.all(styles)),
  }
}

/** @param {{ test: any, assert: any, made: () => any, tools: any, markers: any }} host */
export function uppyPages({ test, assert, made, tools, markers }) {
  const { inSession, isReady, stored, fresh, until, only, fileOf } = tools
  const name = `${markers.name}.bin`

  const openTab = async (session, query = {}) => {
    if (!made().files['/uppy.js']) Object.assign(made().files, await uppyPageFiles())
    const page = await session.newPage()
    await page.setViewport({ width: 900, height: 760 })
    const errors = []
    page.on('pageerror', (error) => errors.push(String(error)))
    page.errors = errors
    await page.goto(`${made().site}/uppy.html?${new URLSearchParams({ partLength, ...query })}`)
    await isReady(page)
    return page
  }
  const click = async (page, which) => {
    await page.waitForSelector(button[which], { visible: true, timeout: 20_000 })
    await page.$eval(button[which], (one) => one.click())
  }
  const choose = async (page, { path }) => {
    const input = await page.waitForSelector('input.uppy-Dashboard-input[type="file"]')
    await input.uploadFile(path)
  }
  const told = (page) => page.evaluate('globalThis.page.told')
  const ended = async (page, which = name) => {
    const over = `page.told.done[${JSON.stringify(which)}] ?? page.told.failed[${JSON.stringify(which)}]`
    const waiting = page.waitForFunction(over, { polling: 50, timeout: 60_000 })
    await waiting.catch(async () => assert.fail(JSON.stringify(await told(page))))
    return told(page)
  }
  const arrived = async (page, file) => {
    const { done, failed } = await ended(page)
    assert.deepEqual(failed, {})
    assert.equal(await made().openedHash(done[name].key), file.hash)
    assert.deepEqual(page.errors, [])
    return done[name]
  }
  const unfinished = (page) => page.evaluate('globalThis.page.unfinished()')
  const isGone = async (page) => {
    for (let i = 0; i < 500 && (await unfinished(page)).length > 0; i++) await sleep(20)
    assert.deepEqual(await unfinished(page), [])
  }
  /** What the page keeps where a text stands. */
  const places = async (page, marker) => {
    const rows = await page.evaluate(storedInPage)
    const traces = made().traces.filter(([of]) => of === marker)
    const texts = traces.map(([, trace]) => trace)
    return rows.filter(([, text]) => found(text, texts).length > 0).map(([place]) => place)
  }
  /** The page of the guide, at most 12 lines, with other addresses and a sender. */
  const guidePage = async () => {
    const { code } = documentAt('docs/guides/uppy.md')
    const [block = ''] = code
    assert.isAtMost(block.trimEnd().split('\n').length, 12)
    const { site, handler, jwks } = made()
    const words = {
      "'https://app.example.com/uploads'": `'${handler}', { headers: { authorization: 'Bearer acme' } }`,
      'https://keys.example.com/keys.json': `${site}/keys.json`,
    }
    const text = Object.entries(words).reduce((so, [from, to]) => {
      assert.include(so, from)
      return so.replaceAll(from, to)
    }, block)
    const stdin = {
      contents: `${text}\nObject.assign(globalThis, { uppy, page: show })`,
      resolveDir,
    }
    const { outputFiles } = await build({ stdin, bundle: true, format: 'esm', write: false })
    Object.assign(made().files, await uppyPageFiles(), {
      '/keys.json': jwks,
      '/guide-uppy.js': outputFiles[0]?.text,
      '/guide-uppy.html': (
        await readFile(new URL('page/uppy.html', import.meta.url), 'utf8')
      ).replace('/uppy.js', '/guide-uppy.js'),
    })
    return `${site}/guide-uppy.html`
  }

  const inChromium = (what, work) =>
    test(`Chromium, Uppy: ${what}`, (own) => inSession('Chromium', work)(own))

  inChromium('what the Dashboard sends arrives, with parts side by side', async (session) => {
    const file = await fileOf(40 * MiB)
    const page = await openTab(session)
    fresh(only(1))
    await choose(page, file)
    await click(page, 'upload')
    await until(() => made().store.puts.length === 1 + lanes)
    made().store.before = undefined
    made().store.cut()
    await arrived(page, file)
    const { shown } = await told(page)
    const [last, total] = shown.at(-1)
    assert.equal(last, total)
    assert.isAbove(shown.length, 5)
    await isGone(page)
  })

  inChromium('its buttons pause and resume', async (session) => {
    const file = await fileOf(40 * MiB)
    const page = await openTab(session)
    fresh(only(2))
    await choose(page, file)
    await click(page, 'upload')
    await until(() => stored().length === 2 && made().store.puts.length === 2 + lanes)
    await click(page, 'pause')
    made().store.before = undefined
    await sleep(700)
    assert.equal(made().store.puts.length, 2 + lanes, 'nothing is sent while it is paused')
    await click(page, 'resume')
    await arrived(page, file)
    assert.isAtMost(made().store.puts.length, 9 + lanes)
  })

  inChromium('its button tries again, and goes on with the same message', async (session) => {
    const file = await fileOf(26 * MiB)
    const page = await openTab(session)
    fresh(({ part }) => (part === 5 ? { status: 403, code: 'AccessDenied' } : undefined))
    await choose(page, file)
    await click(page, 'upload')
    const { failed } = await ended(page)
    assert.equal(failed[name].code, 'output_failed')
    const [{ messageId }] = await unfinished(page)
    fresh()
    await page.evaluate(`page.told.failed = {}`)
    await click(page, 'retry')
    const done = await arrived(page, file)
    assert.equal(done.messageId, messageId)
    assert.isAtMost(made().store.puts.length, 6 - 2, 'what was there is not sent again')
  })

  inChromium('its button cancels: parts and record go', async (session) => {
    const page = await openTab(session)
    // other tests leave what they interrupted, and keys are drawn at random
    const others = await made().begun()
    fresh(only(1))
    await choose(page, await fileOf(26 * MiB))
    await click(page, 'upload')
    await until(() => stored().length === 1 && made().store.puts.length === 1 + lanes)
    const mine = (await made().begun()).filter((key) => !others.includes(key))
    assert.lengthOf(mine, 1)
    await click(page, 'cancel')
    await isGone(page)
    for (let i = 0; i < 200 && (await made().begun()).includes(mine[0]); i++) await sleep(20)
    assert.notInclude(await made().begun(), mine[0])
    assert.deepEqual((await told(page)).failed, {})
  })

  inChromium('the page of the guide sends a file', async (session) => {
    const page = await session.newPage()
    await page.goto(await guidePage())
    await isReady(page)
    await page.evaluate("globalThis.page('#files')")
    const file = await fileOf(9 * MiB)
    fresh()
    await choose(page, file)
    await click(page, 'upload')
    const done = 'uppy.getFiles()[0].response?.body.key'
    await page.waitForFunction(done, { polling: 50 })
    assert.equal(await made().openedHash(await page.evaluate(done)), file.hash)
    assert.equal(stored().length, 2)
  })

  const rounds = amount({ part: 2, whole: 25 })
  inChromium(
    `after a reload in the middle the Dashboard asks for the file, and goes on: ${rounds} times`,
    async (session, t) => {
      for (let round = 0; round < rounds; round++) {
        const file = await fileOf(26 * MiB)
        const page = await openTab(session)
        fresh(only(2))
        await choose(page, file)
        await click(page, 'upload')
        await until(() => stored().length === 2 && made().store.puts.length === 2 + lanes)
        const [{ messageId }] = await unfinished(page)
        await page.reload()
        await isReady(page)
        await page.waitForSelector('.uppy-Dashboard-Item.is-ghost', { timeout: 20_000 })
        const header = await page.$eval('#files', ({ textContent }) => textContent)
        assert.include(header, 're-select')
        made().store.before = undefined
        await click(page, 'reSelect')
        await choose(page, file)
        await page.waitForFunction(`!document.querySelector('.is-ghost')`)
        await click(page, 'upload')
        const done = await arrived(page, file)
        assert.equal(done.messageId, messageId, `round ${round}`)
        assert.equal(stored().length, 6, 'what was there is not sent again')
        await isGone(page)
        await page.close()
      }
      t.diagnostic(`${rounds} went on`)
    },
  )

  inChromium('nothing of the content is kept, and the name only in the record', async (session) => {
    for (const query of [{}, { name: 'false' }]) {
      const page = await openTab(session, query)
      fresh(only(1))
      await choose(page, await fileOf(21 * MiB))
      await click(page, 'upload')
      await until(() => stored().length === 1 && made().store.puts.length === 1 + lanes)
      const names = query.name ? [] : ['IndexedDB sealdrop tags']
      assert.deepEqual(await places(page, 'content'), [])
      assert.deepEqual(await places(page, 'name'), names)
      await click(page, 'cancel')
      await isGone(page)
      await page.close()
    }
    assert.deepEqual(made().found, [])
    // the control: what is planted is found
    const page = await openTab(session)
    fresh()
    const { handler } = await page.evaluate('({ handler: globalThis.page.handler })')
    await page.evaluate(plantInPage, { text: markers.content, handler, bucket: made().bucketUrl })
    const planted = await places(page, 'content')
    assert.includeMembers(planted, ['IndexedDB planted rows', 'localStorage'])
    made().found.splice(0)
  })

  inChromium(
    'other uploaders and Golden Retriever are refused, before and after',
    async (session) => {
      const page = await openTab(session)
      const beside = (...given) =>
        page.evaluate((all) => Reflect.apply(globalThis['page'].beside, null, all), given)
      for (const other of ['@uppy/aws-s3', '@uppy/tus', 'GoldenRetriever']) {
        assert.deepEqual(await beside(other, true), ['taken', 'conflict'], other)
        assert.deepEqual(await beside(other, false, markers.content), ['taken', 'conflict'], other)
      }
      await sleep(2_000)
      assert.deepEqual(await places(page, 'content'), [], 'who came later keeps nothing')
      await page.evaluate((text) => globalThis['page'].alone(text), markers.content)
      await sleep(2_000)
      assert.isNotEmpty(await places(page, 'content'), 'the control: alone it keeps the file')
    },
  )
}
