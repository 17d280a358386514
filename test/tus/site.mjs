// Pages that send by tus: their host, their script, their browser, and where a text stands then.
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import puppeteer from 'puppeteer-core'
import { storedInPage } from '../s3/page-stores.mjs'
import { chromiumArgs, chromiumPath } from '../support/chromium.mjs'
import { portOf } from '../support/listen.mjs'
import { found, tracesOf } from '../support/plaintext.mjs'

const doors = { sealdrop: 'index', 'sealdrop/tus': 'tus', 'sealdrop/uppy': 'uppy' }

/** Code of a guide as one script. */
export async function bundled(code) {
  const door = (file) => fileURLToPath(new URL(`../../dist/doors/${file}.js`, import.meta.url))
  const alias = Object.entries(doors).map(([name, file]) => [name, door(file)])
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    alias: Object.fromEntries(alias),
    bundle: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}

/**
 * Serves files, to which others may be added.
 *
 * @param {Record<string, [type: string, body: string | Buffer]>} files - by their paths
 */
export async function startSite(files) {
  const server = createServer(({ url = '' }, response) => {
    const [type, body] = files[url] ?? ['text/plain', '']
    response.writeHead(body ? 200 : 404, { 'content-type': type }).end(body)
  })
  const origin = `http://127.0.0.1:${await portOf(server)}`
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { origin, files, close }
}

/** A tab of a new Chromium, which ends with the test, as the site does. */
export async function openTab(t, site) {
  const browser = await puppeteer.launch({
    executablePath: await chromiumPath(),
    args: chromiumArgs,
  })
  t.after(async () => {
    await browser.close()
    site.close()
  })
  return browser.newPage()
}

/** Where a text stands: in what a page keeps, and in what was requested. */
export const canaries = (world) => ({
  places: async (page, text) =>
    (await page.evaluate(storedInPage))
      .filter(([, kept]) => found(kept, tracesOf(text)).length > 0)
      .map(([place]) => place),
  /** Requests that hold it, with their bodies. */
  sent: (text) =>
    world().front.requests.filter(
      ({ method, url, headers, body }) =>
        found(`${method} ${url} ${JSON.stringify(headers)}`, tracesOf(text)).length > 0 ||
        tracesOf(text).some((trace) => body.includes(trace)),
    ),
})
