// A page over plain http in real Chromium, where browsers hide crypto.subtle.
import test from 'node:test'
import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'
import { assert } from 'chai'
import puppeteer from 'puppeteer-core'
import { chromiumArgs, chromiumPath } from '../support/chromium.mjs'
import { keySetOf, publicJwk } from '../support/host.js'

const script = await readFile(new URL('../../dist/sealdrop.min.js', import.meta.url))
const server = createServer((req, res) =>
  req.url === '/sealdrop.min.js'
    ? res.setHeader('content-type', 'text/javascript').end(script)
    : res.setHeader('content-type', 'text/html').end('<script src="/sealdrop.min.js"></script>'),
)
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const browser = await puppeteer.launch({
  executablePath: await chromiumPath(),
  args: [...chromiumArgs, '--host-resolver-rules=MAP shop.example 127.0.0.1'],
})
test.after(async () => {
  await browser.close()
  server.close()
})
const page = await browser.newPage()
await page.goto(`http://shop.example:${server.address().port}/`)

/** Code and message of what a verb throws in the page. */
const failure = (work) =>
  page.evaluate(
    `(async () => { try { await (${work})(); return 'nothing was thrown' } catch ({ name, code, message }) { return { name, code, message } } })()`,
  )
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
      `() => sealdrop.seal(sealdrop.importKeySet(${set}, { trust: sealdrop.${trust} }), 'x', { context: {} })`,
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
