// The real Dashboard of Uppy in Chromium, by the guide's block, to a server of tus.
import { plantInPage } from '../s3/page-stores.mjs'
import { button, choose, click, dashboardStyles } from '../support/dashboard.mjs'
import { documentAt } from '../support/documents.mjs'
import { amount } from '../support/soak.mjs'
import { bundled, canaries, openTab, startSite } from './site.mjs'
import { tusTools } from './tools.mjs'

const mostLines = 12
const piece = 8 * 2 ** 20
const length = 2 * piece + 123_457
const [content, name] = ['canary-of-content-4b7', 'canary-of-name-4b7.bin']

const html = `<!doctype html><html lang=en><title>Uploads</title>
<link rel=icon href="data:,"><link rel=stylesheet href=/uppy.css>
<div id=files></div><script type=module src=/p.js></script></html>`

/** What a test looks at, behind the block of the guide. */
const glue = `
const told = (globalThis.told = { done: {}, failed: {}, shown: [] })
uppy.on('upload-success', (file, { body }) => (told.done[file.name] = body))
uppy.on('upload-error', (file, { code, message }) => (told.failed[file.name] = { code, message }))
uppy.on('upload-progress', (_, { bytesUploaded, bytesTotal }) =>
  told.shown.push([bytesUploaded, bytesTotal]),
)
globalThis.unfinished = async () => (await o.records.list('tus')).length
show('#files')`

/** The block of the guide that a page has. */
const guideCode = () =>
  documentAt('docs/guides/uppy.md').code.find((code) => code.includes('SealedTusUploader')) ?? ''

async function startPage({ jwks, front }) {
  const site = await startSite({
    '/': ['text/html', html],
    '/uppy.css': ['text/css', await dashboardStyles()],
    '/keys.json': ['application/jwk-set+json', jwks],
  })
  const code = guideCode()
    .replace('https://keys.example.com/keys.json', `${site.origin}/keys.json`)
    .replace('https://app.example.com/files/', front.endpoint)
  site.files['/p.js'] = ['text/javascript', await bundled(code + glue)]
  return site
}

/** @param {{ test: any, assert: any, world: () => any, server: string }} host */
export function uppyPagesSuite({ test, assert, world, server }) {
  const { patches, posts, fresh, only, until, arrived } = tusTools({ assert, world })
  const { places, sent } = canaries(world)
  const deleted = () => world().front.requests.filter(({ method }) => method === 'DELETE')

  const load = async (page, { origin }) => {
    await page.goto(origin)
    await page.waitForFunction('globalThis.unfinished', { polling: 50 })
  }
  const begun = async (page, pieces, before = only(pieces)) => {
    const file = await world().file(length, { name, content })
    fresh({ before })
    await choose(page, file)
    await click(page, 'upload')
    await until(() => patches().length === pieces + 1)
    return file
  }
  const whole = async (page, { hash }) => {
    const one = JSON.stringify(name)
    const over = `told.done[${one}] ?? told.failed[${one}]`
    await page.waitForFunction(over, { polling: 50, timeout: 90_000 })
    const { done, failed, shown } = await page.evaluate('globalThis.told')
    assert.deepEqual(failed, {})
    const { names } = await arrived(done[name], done[name], { hash, name })
    assert.deepEqual(names, ['sealdrop-name'])
    assert.deepEqual(shown.at(-1), [done[name].length, done[name].length])
    assert.equal(await page.evaluate('globalThis.unfinished()'), 0)
    for (const text of [name, content]) await isNowhere(page, text)
    return done[name]
  }
  /** Neither in what the page keeps nor in what was requested. */
  const isNowhere = async (page, text) => {
    assert.deepEqual(await places(page, text), [])
    assert.lengthOf(sent(text), 0)
  }
  const inTab = (what, work) =>
    test(`${server}, Uppy in Chromium: ${what}`, async (t) => {
      const site = await startPage(world())
      const page = await openTab(t, site)
      await page.setViewport({ width: 900, height: 760 })
      const errors = /** @type {string[]} */ ([])
      page.on('pageerror', (error) => errors.push(String(error)))
      await load(page, site)
      await work(page, site, t)
      assert.deepEqual(errors, [])
    })

  const rounds = amount({ part: 1, whole: 25 })
  inTab(`reloaded in the middle, the same file goes on: ${rounds} times`, async (page, site, t) => {
    assert.isAtMost(guideCode().trimEnd().split('\n').length, mostLines)
    for (let round = 0; round < rounds; round++) {
      const pieces = 1 + (round % 2)
      const file = await begun(page, pieces)
      assert.equal(await page.evaluate('globalThis.unfinished()'), 1)
      for (const text of [name, content]) await isNowhere(page, text)
      await page.reload()
      await page.waitForFunction('globalThis.unfinished', { polling: 50 })
      fresh()
      await choose(page, file)
      await click(page, 'upload')
      await whole(page, file)
      assert.lengthOf(posts(), 0, `round ${round}`)
      assert.equal(patches()[0].offset, pieces * piece, 'what was there is not sent again')
      assert.isEmpty(
        await page.evaluate('Object.keys(localStorage).filter((key) => /tus::/.test(key))'),
      )
      await load(page, site)
    }
    t.diagnostic(`${rounds} went on`)
    // the control: what is planted is found
    fresh()
    const { endpoint } = world().front
    await page.evaluate(plantInPage, { text: content, handler: endpoint, bucket: endpoint })
    assert.includeMembers(await places(page, content), ['IndexedDB planted rows', 'localStorage'])
    assert.isAbove(sent(content).length, 0)
    const metadata = `filename ${Buffer.from(name).toString('base64')}`
    const headers = { 'tus-resumable': '1.0.0', 'upload-length': '1', 'upload-metadata': metadata }
    await fetch(endpoint, { method: 'POST', headers })
    assert.lengthOf(sent(name), 1, 'in Upload-Metadata')
  })

  inTab('its buttons pause, resume, try again and cancel', async (page, site) => {
    const file = await begun(page, 1)
    await click(page, 'pause')
    fresh()
    await new Promise((resolve) => setTimeout(resolve, 500))
    assert.lengthOf(world().front.requests, 0, 'nothing is sent while it is paused')
    await click(page, 'resume')
    await whole(page, file)
    assert.equal(patches()[0].offset, piece)

    await load(page, site)
    let cut = () => {}
    const lost = new Promise((resolve) => (cut = () => resolve(0)))
    const second = await begun(page, 2, (seen) => only(2)(seen) && lost)
    await page.setOfflineMode(true)
    cut()
    const failed = `told.failed[${JSON.stringify(name)}]`
    await page.waitForFunction(failed, { polling: 50, timeout: 60_000 })
    assert.equal((await page.evaluate(failed)).code, 'output_failed')
    await page.setOfflineMode(false)
    fresh()
    await page.evaluate('told.failed = {}')
    await click(page, 'retry')
    await whole(page, second)
    assert.lengthOf(posts(), 0)

    await load(page, site)
    await begun(page, 1)
    await click(page, 'cancel')
    await until(() => deleted().length === 1)
    await page.waitForFunction('unfinished().then((count) => count === 0)', { polling: 50 })
    assert.deepEqual((await page.evaluate('globalThis.told')).failed, {})
    assert.isNull(await page.$(button.cancel))
  })
}
