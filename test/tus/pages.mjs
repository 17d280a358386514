// The guide's block in a page of Chromium, which is reloaded in the middle of an upload.
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import puppeteer from 'puppeteer-core'
import { plantInPage, storedInPage } from '../s3/page-stores.mjs'
import { chromiumArgs, chromiumPath } from '../support/chromium.mjs'
import { portOf } from '../support/listen.mjs'
import { found, tracesOf } from '../support/plaintext.mjs'
import { amount } from '../support/soak.mjs'
import { guideCode } from './guide.mjs'
import { tusTools } from './tools.mjs'

const piece = 8 * 2 ** 20
const length = 2 * piece + 123_457
const [content, name] = ['canary-of-content-9c2', 'canary-of-name-9c2.bin']

const glue = `
const told = (globalThis.told = { state: 'idle' })
const failed = (error) => Object.assign(told, { state: 'failed', error: String(error) })
document.querySelector('input').addEventListener('change', ({ target }) => {
  const done = (left) =>
    left.then((sent) => Object.assign(told, { state: 'done', sent }), failed)
  send(target.files[0], { endpoint: ENDPOINT, onError: failed }, done).catch(failed)
})`

/** What the guide shows as one script, with the key set of the page's own server. */
async function scriptOf(endpoint, keySet) {
  const door = (file) => fileURLToPath(new URL(`../../dist/doors/${file}.js`, import.meta.url))
  const code = guideCode().replace('https://keys.example.com/keys.json', keySet)
  const { outputFiles } = await build({
    stdin: {
      contents: code + glue.replace('ENDPOINT', JSON.stringify(endpoint)),
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    },
    alias: { sealdrop: door('index'), 'sealdrop/tus': door('tus') },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}

/** Serves the page, its script, and the key set. */
async function startSite({ jwks, front }) {
  const files = /** @type {Record<string, [type: string, body: string]>} */ ({
    '/': ['text/html', '<!doctype html><input type=file><script type=module src=/p.js></script>'],
    '/keys.json': ['application/jwk-set+json', jwks],
  })
  const server = createServer(({ url = '' }, response) => {
    const [type, body] = files[url] ?? ['text/plain', '']
    response.writeHead(body ? 200 : 404, { 'content-type': type }).end(body)
  })
  const origin = `http://127.0.0.1:${await portOf(server)}`
  files['/p.js'] = ['text/javascript', await scriptOf(front.endpoint, `${origin}/keys.json`)]
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { origin, close }
}

/** @param {{ test: any, assert: any, world: () => any, server: string }} host */
export function pagesSuite({ test, assert, world, server }) {
  const { patches, posts, fresh, only, until, arrived } = tusTools({ assert, world })
  const isReady = (page) => page.waitForFunction('globalThis.told', { polling: 50 })
  const choose = async (page, path) => (await page.$('input')).uploadFile(path)
  const places = async (page, text) =>
    (await page.evaluate(storedInPage))
      .filter(([, kept]) => found(kept, tracesOf(text)).length > 0)
      .map(([place]) => place)
  /** Requests that hold a text, with their bodies. */
  const sent = (text) =>
    world().front.requests.filter(
      ({ method, url, headers, body }) =>
        found(`${method} ${url} ${JSON.stringify(headers)}`, tracesOf(text)).length > 0 ||
        tracesOf(text).some((trace) => body.includes(trace)),
    )
  const ended = async (page) => {
    const isOver = '["done", "failed"].includes(globalThis.told.state)'
    await page.waitForFunction(isOver, { polling: 50, timeout: 90_000 })
    return page.evaluate('globalThis.told')
  }
  /** Sends a file, with a reload after some of its pieces. */
  const reloaded = async (page, pieces) => {
    const { path, hash } = await world().file(length, { name, content })
    fresh({ before: only(pieces) })
    await choose(page, path)
    await until(() => patches().length === pieces + 1)
    const [{ url }] = patches()
    for (const text of [name, content]) {
      assert.deepEqual(await places(page, text), [])
      assert.lengthOf(sent(text), 0)
    }
    await page.reload()
    await isReady(page)
    fresh()
    await choose(page, path)
    const told = await ended(page)
    assert.equal(told.state, 'done', told.error)
    assert.lengthOf(posts(), 0)
    assert.equal(patches()[0].offset, pieces * piece)
    await arrived({ url: new URL(url, world().front.endpoint).href }, told.sent, { hash, name })
    const kept = (await page.evaluate(storedInPage)).map(([, text]) => text).join()
    assert.notInclude(kept, told.sent.messageId)
    assert.notInclude(kept, 'tus::')
  }

  const rounds = amount({ part: 2, whole: 25 })
  test(`${server}: a page of the guide that is reloaded in the middle, ${rounds} times`, async (t) => {
    const site = await startSite(world())
    const browser = await puppeteer.launch({
      executablePath: await chromiumPath(),
      args: chromiumArgs,
    })
    t.after(async () => {
      await browser.close()
      site.close()
    })
    const page = await browser.newPage()
    await page.goto(site.origin)
    await isReady(page)
    for (let round = 0; round < rounds; round++) await reloaded(page, 1 + (round % 2))
    // the control: what is planted is found
    fresh()
    const at = { text: content, handler: world().front.endpoint, bucket: world().front.endpoint }
    await page.evaluate(plantInPage, at)
    assert.includeMembers(await places(page, content), ['IndexedDB planted rows', 'localStorage'])
    assert.isAbove(sent(content).length, 0)
  })
}
