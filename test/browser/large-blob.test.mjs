// Large Blobs in real Chromium through the script-tag bundle: digest, memory, and how long the page
// ever waited (printed, not asserted). The larger one has 1 GiB in `npm run test:soak`, 384 MiB in
// `npm test`, which would show memory that grows with it as well.
import test from 'node:test'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { assert } from 'chai'
import puppeteer from 'puppeteer-core'
import { chromiumArgs, chromiumPath } from '../support/chromium.mjs'
import { keySetOf, publicJwk } from '../support/host.js'
import { amount } from '../support/soak.mjs'
import { scriptPage } from '../support/script-page.mjs'

const MiB = 2 ** 20
/** As a literal of JavaScript: text that is a key set. */
const keySet = JSON.stringify(keySetOf(publicJwk('P-256-enc')))
const site = await scriptPage()
const browser = await puppeteer.launch({
  executablePath: await chromiumPath(),
  args: [...chromiumArgs, '--enable-precise-memory-info'],
  protocolTimeout: 300_000,
})
test.after(async () => {
  await browser.close()
  site.close()
})

/**
 * What an expression comes to in a page.
 *
 * @returns {Promise<any>}
 */
const inPage = (page, expression) => page.evaluate(expression)

/** Resident memory of Chromium's renderers in bytes, where the system tells. */
async function renderers() {
  const { processInfo } = await (
    await browser.target().createCDPSession()
  ).send('SystemInfo.getProcessInfo')
  const sizes = await Promise.all(
    processInfo
      .filter(({ type }) => type === 'renderer')
      .map(({ id }) =>
        readFile(`/proc/${id}/status`, 'utf8').then(
          (text) => Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0) * 1024,
          () => 0,
        ),
      ),
  )
  return sizes.reduce((sum, one) => sum + one, 0)
}

const larger = amount({ part: 384 * MiB, whole: 1024 * MiB }) + 4_321
for (const size of [256 * MiB, larger]) {
  test(`a Blob of ${size} bytes is sealed in a page, with its digest, in memory that does not grow with it`, async (t) => {
    const page = await browser.newPage()
    await page.goto(site.url)
    await page.evaluate(`(() => {
      const block = new Uint8Array(16 * 1048576)
      for (let i = 0; i < block.length; i++) block[i] = i * 7 + (i >> 11)
      const blocks = Array(Math.floor(${size} / block.length)).fill(new Blob([block]))
      window.blob = new Blob([...blocks, block.subarray(0, ${size} % block.length)])
      window.longest = 0
      window.tasks = 0
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) {
          tasks++
          longest = Math.max(longest, duration)
        }
      }).observe({ type: 'longtask' })
    })()`)
    const before = await renderers()
    let [peak, watching] = [before, true]
    const watch = (async () => {
      while (watching) {
        peak = Math.max(peak, await renderers())
        await new Promise((resolve) => {
          setTimeout(resolve, 50)
        })
      }
    })()
    const found = await inPage(
      page,
      `(async () => {
      const keys = sealdrop.importKeySet(${keySet}, { trust: sealdrop.inHand() })
      await new Promise((resolve) => setTimeout(resolve, 100))
      longest = tasks = 0
      let heap = performance.memory.usedJSHeapSize
      const start = heap
      const began = performance.now()
      const { readable, length, digest } = await sealdrop.sealStream(keys, blob, { context: {} })
      const reader = readable.getReader()
      let bytes = 0
      // the header is enough here: the digest is compared in the test below
      const kept = []
      for (let step; !(step = await reader.read()).done;) {
        if (bytes === 0) kept.push(step.value.slice())
        bytes += step.value.length
        heap = Math.max(heap, performance.memory.usedJSHeapSize)
      }
      const seconds = (performance.now() - began) / 1000
      await new Promise((resolve) => setTimeout(resolve, 100))
      return {
        size: blob.size,
        length,
        bytes,
        digest: await digest,
        seconds,
        longest,
        tasks,
        heapStart: start,
        heapPeak: heap,
        id: [...kept[0].subarray(0, 3)],
      }
    })()`,
    )
    watching = false
    await watch
    await page.close()
    const mib = (bytes) => `${(bytes / MiB).toFixed(0)} MiB`
    t.diagnostic(
      [
        `${found.seconds.toFixed(1)} s, ${(size / MiB / found.seconds).toFixed(0)} MiB/s`,
        `longest task ${found.longest.toFixed(0)} ms of ${found.tasks} over 50 ms`,
        `JS heap ${mib(found.heapStart)} to at most ${mib(found.heapPeak)}`,
        `renderers ${mib(before)} to at most ${mib(peak)}`,
      ].join('; '),
    )
    assert.equal(found.size, size)
    assert.equal(found.bytes, found.length)
    assert.match(found.digest, /^[\w-]{43}$/)
    assert.deepEqual(found.id, [2, 4, 0x78])
    assert.isAbove(peak, 0)
    assert.isBelow(found.heapPeak - found.heapStart, 200 * MiB)
    assert.isBelow(peak - before, 200 * MiB)
  })
}

test('the digest that the page gave is that of the bytes it gave', async () => {
  const page = await browser.newPage()
  await page.goto(site.url)
  const { base64, digest } = await inPage(
    page,
    `(async () => {
    const keys = sealdrop.importKeySet(${keySet}, { trust: sealdrop.inHand() })
    const source = new Blob([new Uint8Array(5_000_000)])
    const { readable, digest } = await sealdrop.sealStream(keys, source, { context: {} })
    const blob = await new Response(readable).blob()
    const url = await new Promise((resolve) => {
      const reader = new FileReader()
      reader.onload = () => resolve(reader.result)
      reader.readAsDataURL(blob)
    })
    return { base64: url.slice(url.indexOf(',') + 1), digest: await digest }
  })()`,
  )
  const bytes = Buffer.from(base64, 'base64')
  const sha = (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest()
  const head = Buffer.alloc(12)
  head.writeBigUInt64BE(BigInt(bytes.length))
  head.writeUInt32BE(MiB, 8)
  const chunks = []
  for (let at = 0; at < bytes.length; at += MiB) chunks.push(sha(bytes.subarray(at, at + MiB)))
  assert.equal(
    digest,
    sha(Buffer.from('sealdrop-chunks-v1'), head, ...chunks).toString('base64url'),
  )
  await page.close()
})
