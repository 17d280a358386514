// Files that are sealed in real Chromium while its collector runs: nothing of the caller leads to a
// stream that is being read, and a read of a Blob's byte stream that nothing leads to never settles.
import test from 'node:test'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from 'chai'
import puppeteer from 'puppeteer-core'
import { chromiumArgs, chromiumPath } from '../support/chromium.mjs'
import { keySetOf, publicJwk } from '../support/host.js'
import { scriptPage } from '../support/script-page.mjs'

const length = 3_000_000
const count = 60
const keySet = JSON.stringify(keySetOf(publicJwk('P-256-enc')))
const site = await scriptPage('<input type="file">')
const folder = await mkdtemp(join(tmpdir(), 'sealdrop-garbage-'))
const browser = await puppeteer.launch({
  executablePath: await chromiumPath(),
  args: [...chromiumArgs, '--js-flags=--expose-gc'],
  protocolTimeout: 300_000,
})
const page = await browser.newPage()
test.before(async () => {
  const path = join(folder, 'file')
  await writeFile(path, new Uint8Array(length))
  await page.goto(site.url)
  const input = await page.$('input')
  await input?.uploadFile(path)
})
test.after(async () => {
  await browser.close()
  site.close()
  await rm(folder, { recursive: true })
})

/**
 * Begins work on a file many times, collects garbage meanwhile, and counts what ended in 20 s.
 *
 * @param {string} work a function of a file, as JavaScript
 * @returns {Promise<any>}
 */
const endedOf = (work) =>
  page.evaluate(`(async () => {
    const [file] = document.querySelector('input').files
    const work = ${work}
    let ended = 0
    for (let i = 0; i < ${count}; i++) {
      work(file).then(() => ended++)
      gc()
      if (i % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      gc()
    }
    for (let i = 0; i < 400 && ended < ${count}; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      if (i < 40) gc()
    }
    return ended
  })()`)

test('the control: reads of byte streams that nothing leads to are lost', async (t) => {
  const ended = await endedOf(`async (file) => {
    const reader = file.slice(0, file.size).stream().getReader({ mode: 'byob' })
    await reader.read(new Uint8Array(file.size), { min: file.size })
  }`)
  t.diagnostic(`${ended} of ${count} ended`)
  assert.isBelow(ended, count)
})

for (const [verb, work] of Object.entries({
  sealStream: `async (keys, file) => {
    const { readable } = await sealdrop.sealStream(keys, file, { context: {}, digest: false })
    for (const reader = readable.getReader(); !(await reader.read()).done; );
  }`,
  createFileSealer: `async (keys, file) => {
    const sealer = await sealdrop.createFileSealer(keys, file, { context: {} })
    await sealer.slice(0, sealer.length)
  }`,
}))
  test(`${verb}: every file is sealed to its end while garbage is collected`, async () => {
    const ended = await endedOf(`(file) => {
      const keys = sealdrop.importKeySet(${keySet}, { trust: sealdrop.inHand() })
      return (${work})(keys, file)
    }`)
    assert.equal(ended, count)
  })
