// npm run bench: values in Node and in Chromium, how many KMS calls ten thousand values of one
// sealer cost to open, and streams in Node, Chromium and Firefox; signatures in Node and Chromium;
// and the local KMS. `node bench/run.mjs values`, `signatures`, `streams` or `local-kms` runs a
// part, `streams node chromium` in these hosts only.
import { fileURLToPath } from 'node:url'
import * as jose from 'jose'
import * as door from 'sealdrop'
import { createOpener, createPublisher } from 'sealdrop/kms'
import { mlDsa } from 'sealdrop/ml-dsa'
import { startLocalKms } from 'sealdrop/local-kms'
import { countingKms } from '../test/support/counting-kms.mjs'
import { bundled, inBrowser } from './browsers.mjs'
import { localKmsReport } from './local-kms.mjs'
import { benchSigning, benchVerification, signatureTable } from './signatures.mjs'
import { streamReport } from './stream-report.mjs'
import { benchValues, table } from './values.mjs'

const [part, ...hosts] = process.argv.slice(2)
const code =
  part === 'local-kms' ? '' : await bundled(fileURLToPath(new URL('page.mjs', import.meta.url)))
console.log(
  'Ratios within one run are what counts; goals: seal at least 0.85 of bare, and above 1.00 of jose.\n',
)
if (part === undefined || part === 'values') {
  console.log(table(`Node ${process.version}`, await benchValues({ door, jose })))
  console.log(
    `\n${await inBrowser('chromium', code, async (page, browser) => table((await browser.version()).replace('Headless', ''), await page.evaluate('bench.values()')))}`,
  )
  console.log(`\n${await tenThousand()}`)
}
if (part === undefined || part === 'signatures') {
  console.log(
    `\n${signatureTable(`Node ${process.version}`, await benchVerification({ door, mlDsa, jose }))}`,
  )
  console.log(
    `\n${await inBrowser('chromium', code, async (page, browser) => signatureTable((await browser.version()).replace('Headless', ''), await page.evaluate('bench.verification()')))}`,
  )
  console.log(`\n${signatureTable(`Node ${process.version}, local KMS`, await benchSigning())}`)
}
if (part === undefined || part === 'streams') await streamReport(code, hosts)
if (part === undefined || part === 'local-kms') await localKmsReport()

async function tenThousand() {
  const local = await startLocalKms({
    keys: [{ alias: 'alias/values', spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' }],
  })
  const { client, since } = countingKms(local.clientConfig)
  const { jwks } = await createPublisher({
    kms: client,
    keys: [{ key: 'alias/values' }],
  }).documents()
  const sealer = door.createSealer(door.importKeySet(jwks, { trust: door.inHand() }))
  const sealing = performance.now()
  const jwes = []
  for (let i = 0; i < 10_000; i++)
    jwes.push(await sealer.seal({ row: i }, { context: { table: 't' } }))
  const opening = performance.now()
  const opener = createOpener({
    kms: client,
    keys: ['alias/values'],
    cache: { entries: 100, maxAge: 300_000, uses: 1_000_000 },
  })
  await opener.ready()
  since()
  for (const [i, jwe] of jwes.entries())
    if ((await opener.open(jwe, { context: { table: 't' } })).json().row !== i)
      throw new Error(`row ${i} is wrong`)
  const done = performance.now()
  await local.close()
  return `10,000 values of one sealer: sealed in ${Math.round(opening - sealing)} ms, opened in ${Math.round(done - opening)} ms with ${since().length} KMS call(s)`
}
