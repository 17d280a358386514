// A page over plain http in real Chromium, where browsers hide crypto.subtle.
import test from 'node:test'
import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'
import { assert } from 'chai'
import puppeteer from 'puppeteer-core'
import { chromiumArgs, chromiumPath } from '../support/chromium.mjs'
import { keySetOf, publicJwk } from '../support/host.js'
import { portOf } from '../support/listen.mjs'

const script = await readFile(new URL('../../dist/sealdrop.min.js', import.meta.url))
const server = createServer((req, res) =>
  req.url === '/sealdrop.min.js'
    ? res.setHeader('content-type', 'text/javascript').end(script)
    : res.setHeader('content-type', 'text/html').end('<script src="/sealdrop.min.js"></script>'),
)
const port = await portOf(server)
const browser = await puppeteer.launch({
  executablePath: await chromiumPath(),
  args: [...chromiumArgs, '--host-resolver-rules=MAP shop.example 127.0.0.1'],
})
test.after(async () => {
  await browser.close()
  server.close()
})
const page = await browser.newPage()
await page.goto(`http://shop.example:${port}/`)

/**
 * Code and message of what a verb throws in the page.
 *
 * @returns {Promise<{ name?: string, code?: string, message?: string }>}
 */
const failure = async (work) => {
  const found = await page.evaluate(`(async () => {
    try {
      await (${work})()
      return {}
    } catch ({ name, code, message }) {
      return { name, code, message }
    }
  })()`)
  return /** @type {object} */ (found)
}
const set = JSON.stringify(keySetOf(publicJwk('RSA-2048-enc')))

test('the page is not a secure context', async () => {
  assert.isFalse(await page.evaluate('isSecureContext'))
  assert.equal(await page.evaluate('typeof crypto.subtle'), 'undefined')
})

for (const trust of [
  'inHand()',
  "pinned(['4UeGQDNnCkrXSx3hFu0tGHqbXLuVH6jdV3zkWWHeLqU'])",
  'overHttps()',
]) {
  test(`sealing with ${trust.split('(')[0]} says that the page must be served over https`, async () => {
    const { name, code, message } = await failure(
      `() => {
        const keys = sealdrop.importKeySet(${set}, { trust: sealdrop.${trust} })
        return sealdrop.seal(keys, 'x', { context: {} })
      }`,
    )
    assert.deepEqual([name, code], ['SealdropError', 'unsupported_runtime'])
    assert.match(message, /https/)
  })
}

test('a key set beside such a page is refused by its address', async () => {
  const { code, message } = await failure(
    "() => sealdrop.fetchKeySet('/.well-known/jwks.json', { trust: sealdrop.overHttps() }).ready()",
  )
  assert.equal(code, 'invalid_argument')
  assert.match(message, /https/)
})
