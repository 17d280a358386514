// npm run bench: values in Node and in Chromium, and how many KMS calls ten thousand values of one sealer cost to open.
import { createServer } from 'node:http'
import resolve from '@rollup/plugin-node-resolve'
import * as jose from 'jose'
import puppeteer from 'puppeteer-core'
import { rollup } from 'rollup'
import * as door from 'sealdrop'
import { createOpener, createPublisher } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { chromiumArgs, chromiumPath } from '../test/support/chromium.mjs'
import { countingKms } from '../test/support/counting-kms.mjs'
import { benchValues, table } from './values.mjs'

console.log('Ratios within one run are what counts; goals: seal at least 0.85 of bare, and above 1.00 of jose.\n')
console.log(table(`Node ${process.version}`, await benchValues({ door, jose })))
console.log(`\n${await inChromium()}`)
console.log(`\n${await tenThousand()}`)

/** The same file in a real browser, on the modules. */
async function inChromium() {
  const entry = "import * as door from 'sealdrop'; import * as jose from 'jose'; import { benchValues } from './bench/values.mjs'; globalThis.rows = () => benchValues({ door, jose })"
  const plugin = { name: 'entry', resolveId: (id) => (id === 'entry' ? `${process.cwd()}/entry.mjs` : null), load: (id) => (id.endsWith('/entry.mjs') ? entry : null) }
  const bundle = await rollup({ input: 'entry', plugins: [plugin, resolve({ browser: true })] })
  const { output: [{ code }] } = await bundle.generate({ format: 'es' })
  const server = createServer((req, res) => (req.url === '/bench.js' ? res.setHeader('content-type', 'text/javascript').end(code) : res.setHeader('content-type', 'text/html').end('<script type="module" src="/bench.js"></script>')))
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
  const browser = await puppeteer.launch({ executablePath: await chromiumPath(), args: chromiumArgs, protocolTimeout: 300_000 })
  try {
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${server.address().port}/`)
    await page.waitForFunction('globalThis.rows')
    return table((await browser.version()).replace('Headless', ''), await page.evaluate('rows()'))
  } finally {
    await browser.close()
    server.close()
  }
}

async function tenThousand() {
  const local = await startLocalKms({ keys: [{ alias: 'alias/values', spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' }] })
  const { client, since } = countingKms(local.clientConfig)
  const { jwks } = await createPublisher({ kms: client, keys: [{ key: 'alias/values' }] }).documents()
  const sealer = door.createSealer(door.importKeySet(jwks, { trust: door.inHand() }))
  const sealing = performance.now()
  const jwes = []
  for (let i = 0; i < 10_000; i++) jwes.push(await sealer.seal({ row: i }, { context: { table: 't' } }))
  const opening = performance.now()
  const opener = createOpener({ kms: client, keys: ['alias/values'], cache: { entries: 100, maxAge: 300_000, uses: 1_000_000 } })
  await opener.ready()
  since()
  for (const [i, jwe] of jwes.entries()) if ((await opener.open(jwe, { context: { table: 't' } })).json().row !== i) throw new Error(`row ${i} is wrong`)
  const done = performance.now()
  await local.close()
  return `10,000 values of one sealer: sealed in ${Math.round(opening - sealing)} ms, opened in ${Math.round(done - opening)} ms with ${since().length} KMS call(s)`
}
