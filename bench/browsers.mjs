// Runs an entry module in a real browser. It is bundled and served from the loopback, which is a
// secure context.
import { once } from 'node:events'
import { access } from 'node:fs/promises'
import { createServer } from 'node:http'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import puppeteer from 'puppeteer-core'
import { rollup } from 'rollup'
import { chromiumArgs, chromiumPath } from '../test/support/chromium.mjs'
import { listeningPort } from '../test/support/types.mjs'

const firefox = process.env.FIREFOX_PATH ?? '/usr/bin/firefox-esr'

export const hasFirefox = () =>
  access(firefox).then(
    () => true,
    () => false,
  )

/** An entry and all it imports as one module. */
export async function bundled(input) {
  const bundle = await rollup({
    input,
    onwarn: () => {},
    external: [/^node:/, '@aws-crypto/client-node'],
    plugins: [nodeResolve({ browser: true })],
  })
  const {
    output: [{ code }],
  } = await bundle.generate({ format: 'es', inlineDynamicImports: true })
  await bundle.close()
  return code
}

async function launch(name) {
  const protocolTimeout = 900_000
  if (name === 'firefox')
    return puppeteer.launch({
      browser: 'firefox',
      executablePath: firefox,
      headless: true,
      protocolTimeout,
    })
  return puppeteer.launch({
    executablePath: await chromiumPath(),
    args: chromiumArgs,
    protocolTimeout,
  })
}

/** @param use gets a page in which the code ran, and the browser */
export async function inBrowser(name, code, use) {
  const server = createServer((req, res) =>
    req.url === '/bench.js'
      ? res.setHeader('content-type', 'text/javascript; charset=utf-8').end(code)
      : res
          .setHeader('content-type', 'text/html')
          .end('<!doctype html><script type="module" src="/bench.js"></script>'),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const browser = await launch(name)
  try {
    const page = await browser.newPage()
    page.on('pageerror', (error) => console.error(error))
    await page.goto(`http://127.0.0.1:${listeningPort(server)}/`)
    await page.waitForFunction('globalThis.bench')
    return await use(page, browser)
  } finally {
    await browser.close()
    server.close()
  }
}
