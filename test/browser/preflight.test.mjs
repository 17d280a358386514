// A page in real Chromium fetches a key set of another origin with headers of its own, for which
// the browser asks first.
import test from 'node:test'
import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'
import { assert } from 'chai'
import puppeteer from 'puppeteer-core'
import { keySetListener } from 'sealdrop/serve'
import { chromiumArgs, chromiumPath } from '../support/chromium.mjs'
import { keySetOf, publicJwk } from '../support/host.js'
import { portOf } from '../support/listen.mjs'

const script = await readFile(new URL('../../dist/sealdrop.min.js', import.meta.url))
const site = createServer((req, res) =>
  req.url === '/sealdrop.min.js'
    ? res.setHeader('content-type', 'text/javascript').end(script)
    : res.setHeader('content-type', 'text/html').end('<script src="/sealdrop.min.js"></script>'),
)
const origin = `http://127.0.0.1:${await portOf(site)}`
const documents = {
  documents: async () => ({
    jwks: keySetOf(publicJwk('P-256-enc')),
    etag: '"v1"',
    expires: new Date(Date.now() + 3_600_000),
  }),
}
const browser = await puppeteer.launch({
  executablePath: await chromiumPath(),
  args: chromiumArgs,
})
const page = await browser.newPage()
await page.goto(`${origin}/`)
test.after(async () => {
  await browser.close()
  site.close()
})

/** @type {[string, object, object][]} */
const rows = [
  ['every page', {}, {}],
  ['pages of named origins', { origins: [origin] }, {}],
  ['every page, and its host asks for a token', {}, { authorization: 'Bearer t' }],
  [
    'pages of named origins',
    { origins: [origin] },
    { authorization: 'Bearer t', 'x-api-key': 'k' },
  ],
  ['every page, and its host counts by a header', {}, { 'X-Partner': 'example', 'x-trace': '7' }],
]
for (const [whose, o, headers] of rows) {
  test(`a set for ${whose} is fetched with ${JSON.stringify(headers)}`, async (t) => {
    const asked = []
    const listener = keySetListener(documents, o)
    const host = createServer((request, response) => {
      asked.push(request)
      listener(request, response)
    })
    const url = `http://127.0.0.1:${await portOf(host)}/keys.json`
    t.after(() => host.close())
    const found = await page.evaluate(`(async () => {
      const { fetchKeySet, overHttps } = sealdrop
      const headers = ${JSON.stringify(headers)}
      const keys = fetchKeySet('${url}', { trust: overHttps(), headers })
      return keys.list().then((list) => list.length, ({ message }) => message)
    })()`)
    assert.equal(found, 1)
    const get = asked.find(({ method }) => method === 'GET')
    for (const [name, value] of Object.entries(headers))
      assert.equal(get.headers[name.toLowerCase()], value)
    assert.equal(asked.length, Object.keys(headers).length > 0 ? 2 : 1, 'it asked first')
  })
}

test('a page of another origin than the named ones cannot read the set', async (t) => {
  const host = createServer(keySetListener(documents, { origins: ['https://shop.example'] }))
  const url = `http://127.0.0.1:${await portOf(host)}/keys.json`
  t.after(() => host.close())
  const found = await page.evaluate(`sealdrop
    .fetchKeySet('${url}', { trust: sealdrop.overHttps(), headers: { 'x-api-key': 'k' } })
    .ready()
    .catch(({ code }) => code)`)
  assert.equal(found, 'keys_unreachable')
})
