// npm run bench:uploads: how long `uploadSealed` takes in Chromium beside plain PUTs of as many
// bytes by fetch, already signed, as many side by side. Both go to an S3 that we did not write.
//
// - The link has 25 MiB/s, which all connections share. Then it has no bound.
// - The two take turns, and the ratio is that of their medians.
// - `node bench/uploads.mjs 128 3 4` sends 128 MiB three times each over 4 MiB/s, instead of 64 MiB
//   five times. Where the machine is slower than the link, the ratio says nothing about the link.
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { createServer, connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { launches, makePageWorld } from '../test/s3/page-world.mjs'
import { portOf } from '../test/support/listen.mjs'
import { startVersitygw } from '../test/support/versitygw.mjs'

const MiB = 2 ** 20
const part = 8 * MiB
/** As many as `uploadSealed` sends side by side. */
const inFlight = 3
const [size = 64, rounds = 5, bound = 25] = process.argv.slice(2).map(Number)
/** A little less, so that the sealed file has no part more. */
const length = size * MiB - MiB
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]

/** Milliseconds of unused link that may be used later: timers and other work come late. */
const credit = 200

/** Bytes that may pass: so many a second, from one account of all who ask. */
function meter(rate) {
  let free = performance.now()
  return async (bytes) => {
    if (rate === Infinity) return
    const now = performance.now()
    free = Math.max(free, now - credit) + (bytes / rate) * 1_000
    if (free > now) await sleep(free - now)
  }
}

/** Hands connections on, and holds back what comes in. */
async function startLink(endpoint) {
  const { hostname, port } = new URL(endpoint)
  let pass = meter(Infinity)
  const server = createServer((from) => {
    const to = connect(Number(port), hostname)
    const carry = async () => {
      for await (const chunk of from) {
        await pass(chunk.length)
        if (!to.write(chunk)) await new Promise((resolve) => to.once('drain', resolve))
      }
      to.end()
    }
    carry().catch(() => to.destroy())
    to.pipe(from)
    for (const one of [from, to]) one.on('error', () => [from, to].map((end) => end.destroy()))
  })
  return {
    server,
    url: `http://127.0.0.1:${await portOf(server)}`,
    bound: (rate) => {
      pass = meter(rate)
    },
  }
}

/** URLs of parts, signed before the clock runs. */
async function signedUrls(s3, bucket) {
  const urls = Array.from({ length: Math.ceil(length / part) }, () =>
    getSignedUrl(s3, new PutObjectCommand({ Bucket: bucket, Key: randomUUID() })),
  )
  return Promise.all(urls)
}

async function untilDone(page, began) {
  for (;;) {
    const { state, seconds, outcomes } = await page.evaluate('globalThis.page.told')
    if (state !== 'done') {
      if (performance.now() - began > 600_000) throw new Error('no end in 10 minutes')
      await sleep(50)
      continue
    }
    const [{ status, error }] = outcomes
    if (status !== 'fulfilled') throw new Error(error)
    return seconds
  }
}

/** Seconds of each contender, the median of rounds in which each runs once. */
async function compare(contenders) {
  const seconds = { plain: [], sealed: [] }
  for (let round = 0; round < rounds; round++)
    for (const name of round % 2 === 0 ? ['plain', 'sealed'] : ['sealed', 'plain'])
      seconds[name].push(await contenders[name]())
  return { plain: median(seconds.plain), sealed: median(seconds.sealed) }
}

const gateway = await startVersitygw()
let link
/** @type {import('@aws-sdk/client-s3').S3ClientConfig} */
const config = { ...gateway.config, requestChecksumCalculation: 'WHEN_REQUIRED' }
const world = await makePageWorld(config, {}, async (url) => {
  link = await startLink(url)
  return link.url
})
const browser = await launches.Chromium()
try {
  const page = await browser.newPage()
  await page.goto(`${world.site}/sizes.html`)
  await page.waitForFunction('globalThis.page', { polling: 50 })
  const path = join(world.folder, 'file')
  await writeFile(path, Buffer.alloc(length, 7))
  const contenders = {
    plain: async () =>
      page.evaluate(
        (urls, o) => globalThis['page'].plain(urls, o),
        await signedUrls(world.s3, world.bucket),
        { part, inFlight },
      ),
    sealed: async () => {
      // a file that is chosen already is no change
      await page.evaluate(`document.querySelector('#files').value = ''
        Object.assign(globalThis.page.told, { state: 'idle' })`)
      const input = /** @type {any} */ (await page.$('#files'))
      await input.uploadFile(path)
      return untilDone(page, performance.now())
    },
  }
  await contenders.sealed()
  await contenders.plain()
  const version = (await browser.version()).replace('Headless', '')
  console.log(`${version}: ${length / MiB} MiB in parts of 8 MiB, median of ${rounds}`)
  for (const [name, rate] of [
    [`${bound} MiB/s`, bound * MiB],
    ['no bound', Infinity],
  ]) {
    link.bound(rate)
    const { plain, sealed } = await compare(contenders)
    const speed = (seconds) => `${(length / MiB / seconds).toFixed(1)} MiB/s`
    console.log(
      `${name}: plain ${speed(plain)}, sealed ${speed(sealed)}, ratio ${(sealed / plain).toFixed(2)}`,
    )
  }
} finally {
  await browser.close()
  await world.close()
  link?.server.close()
  gateway.close()
}
