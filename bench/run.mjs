// npm run bench: measures values, signatures, streams and the local KMS.
//
// - Values and signatures run in Node and in Chromium, streams also in Firefox.
// - It counts how many KMS calls it costs to open ten thousand values of one sealer.
// - `node bench/run.mjs values`, `signatures`, `streams` or `local-kms` runs a part.
// - `streams node chromium` runs in these hosts only.
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
const wanted = (name) => part === undefined || part === name
const page = fileURLToPath(new URL('page.mjs', import.meta.url))
const code = part === 'local-kms' ? '' : await bundled(page)
const node = `Node ${process.version}`

/** What `bench[work]()` answers in a page of Chromium, as a table with the version of Chromium. */
const inChromium = (work, tableOf) =>
  inBrowser('chromium', code, async (tab, browser) => {
    const version = await browser.version()
    return tableOf(version.replace('Headless', ''), await tab.evaluate(`bench.${work}()`))
  })

console.log(
  'Ratios within one run are what counts; goals: seal at least 0.85 of bare, and above 1.00 of jose.\n',
)
if (wanted('values')) {
  console.log(table(node, await benchValues({ door, jose })))
  console.log(`\n${await inChromium('values', table)}`)
  console.log(`\n${await tenThousand()}`)
}
if (wanted('signatures')) {
  console.log(`\n${signatureTable(node, await benchVerification({ door, mlDsa, jose }))}`)
  console.log(`\n${await inChromium('verification', signatureTable)}`)
  console.log(`\n${signatureTable(`${node}, local KMS`, await benchSigning())}`)
}
if (wanted('streams')) await streamReport(code, hosts)
if (wanted('local-kms')) await localKmsReport()

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
  for (const [i, jwe] of jwes.entries()) {
    const opened = await opener.open(jwe, { context: { table: 't' } })
    const { row } = /** @type {{ row: number }} */ (opened.json())
    if (row !== i) throw new Error(`row ${i} is wrong`)
  }
  const done = performance.now()
  await local.close()
  const [sealed, opened] = [opening - sealing, done - opening].map(Math.round)
  const calls = since().length
  return `10,000 values of one sealer: sealed in ${sealed} ms, opened in ${opened} ms with ${calls} KMS call(s)`
}
