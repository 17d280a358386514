// Run by hand: `node test/demo/large-file.mjs [MiB] [key]` seals and sends a file of 1 GiB through
// the demo's page and prints what the tab needed for it. Figures of memory come from /proc, so from
// Linux only.
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import puppeteer from 'puppeteer-core'
import { startDemo } from '../../demo/server.mjs'
import { chromiumArgs, chromiumPath } from '../support/chromium.mjs'
import { uploadFile } from './browser.mjs'

const MiB = 2 ** 20
const size = Number(process.argv[2] ?? 1024) * MiB
const key = process.argv[3] ?? 'RSA-OAEP-256'
const limits = { growth: 200 * MiB, task: 50 }

const dir = await mkdtemp(join(tmpdir(), 'sealdrop-large-'))
const path = join(dir, 'large.bin')
await makeFile(path)
const expected = await sha256(path)
const demo = await startDemo({ dir: join(dir, 'kms') })
const browser = await puppeteer.launch({
  executablePath: await chromiumPath(),
  args: chromiumArgs,
  protocolTimeout: 0,
  networkEnabled: false,
}) // Network events carry each body through the tab once more
const failures = []
try {
  const page = await browser.newPage()
  // no click beside a button that still moves
  await page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }])
  await page.evaluateOnNewDocument(() => {
    globalThis.longTasks = []
    new PerformanceObserver((list) =>
      longTasks.push(
        ...list.getEntries().map(({ startTime, duration }) => ({ startTime, duration })),
      ),
    ).observe({ type: 'longtask', buffered: true })
    globalThis.gaps = { longest: 0, last: performance.now() }
    const frame = (now) => {
      gaps.longest = Math.max(gaps.longest, now - gaps.last)
      gaps.last = now
      requestAnimationFrame(frame)
    }
    requestAnimationFrame(frame)
  })
  await page.goto(demo.url)
  await page.click('input[value=file]')
  await page.click(`input[value="${key}"]`)
  await uploadFile(page, path)
  await page.click('#seal')
  await page.waitForSelector('#send-file', { visible: true })
  await page.tracing.start({ path: join(dir, 'trace.json'), categories: ['toplevel'] })
  const memory = await watchMemory(browser)
  const started = await page.evaluate(() => {
    longTasks.length = 0
    gaps.longest = 0
    return performance.now()
  })
  const own = process.memoryUsage().rss
  await page.click('#send-file')
  await page.waitForSelector('.verified', { visible: true, timeout: 0 })
  const { seconds, tasks, gap } = await page.evaluate(
    (from) => ({ seconds: (performance.now() - from) / 1000, tasks: longTasks, gap: gaps.longest }),
    started,
  )
  const { renderer, others } = memory.stop()
  const [load] = loadavg()
  const company = process.memoryUsage().rss - own
  await page.tracing.stop()
  const ran = await longestRun(join(dir, 'trace.json'))
  const opening = performance.now()
  await page.click('#open-file')
  await page.waitForSelector('#sha256', { visible: true, timeout: 600_000 })
  const opened = (performance.now() - opening) / 1000
  const found = await page.$eval('#sha256', (node) => node.textContent)
  const longest = Math.max(0, ...tasks.map(({ duration }) => duration))

  const places = tasks.map(
    ({ startTime, duration }) =>
      `${duration.toFixed(0)} ms at ${((startTime - started) / 1000).toFixed(1)} s`,
  )
  say('file', `${size / MiB} MiB, sealed to ${key}`)
  say('machine', `${availableParallelism()} cores, load ${load.toFixed(1)}`)
  say(
    'sealed and sent',
    `${seconds.toFixed(1)} s, ${(size / MiB / seconds).toFixed(0)} MiB/s, receipt verified`,
  )
  say('opened by the company', `${opened.toFixed(1)} s, ${(size / MiB / opened).toFixed(0)} MiB/s`)
  say(
    'main thread',
    tasks.length === 0
      ? 'no task over 50 ms'
      : `${tasks.length} tasks over 50 ms, longest ${longest.toFixed(0)} ms: ${places.join(', ')}`,
  )
  say(
    'longest task by processor time',
    `${ran.toFixed(0)} ms; what lasts longer waited while other programs ran`,
  )
  say('longest frame gap', `${gap.toFixed(0)} ms`)
  say(
    'memory of the tab',
    renderer
      ? `${mib(renderer.start)} MiB before, at most ${mib(renderer.peak - renderer.start)} MiB more`
      : 'not measured here',
  )
  if (others) say('rest of the browser', `at most ${mib(others.peak - others.start)} MiB more`)
  say('this process, with the companion and the local KMS', `${mib(company)} MiB more`)
  say(
    'SHA-256',
    found === expected ? `the same at both ends, ${found}` : `${expected} here, ${found} there`,
  )
  if (found !== expected) failures.push('the file is not the same')
  if (ran > limits.task || (longest > limits.task && load < availableParallelism()))
    failures.push(`a task of ${Math.max(ran, longest).toFixed(0)} ms`)
  if (renderer && renderer.peak - renderer.start > limits.growth)
    failures.push('the memory of the tab grew')
} finally {
  await browser.close()
  await demo.close()
  await rm(dir, { recursive: true })
}
for (const failure of failures) console.error(`not ok: ${failure}`)
process.exitCode = failures.length > 0 ? 1 : 0

/** Sparse, with random blocks here and there and at both ends. */
async function makeFile(name) {
  const file = await open(name, 'wx')
  await file.truncate(size)
  for (let at = 0; at < size; at += 37 * MiB + 12_345)
    await file.write(randomBytes(Math.min(MiB, size - at)), 0, undefined, at)
  await file.write(randomBytes(Math.min(size, 100)), 0, undefined, Math.max(0, size - 100))
  await file.close()
}

async function sha256(name) {
  const hash = createHash('sha256')
  await pipeline(createReadStream(name, { highWaterMark: MiB }), hash)
  return hash.digest('hex')
}

function say(what, found) {
  console.log(`${what}: ${found}`)
}

function mib(bytes) {
  return (bytes / MiB).toFixed(0)
}

/** Milliseconds of processor time of the longest task of a page's main thread. */
async function longestRun(trace) {
  const { traceEvents } = JSON.parse(await readFile(trace, 'utf8'))
  const threads = new Set(
    traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid}/${tid}`),
  )
  const tasks = traceEvents.filter(
    ({ name, pid, tid }) =>
      name === 'ThreadControllerImpl::RunTask' && threads.has(`${pid}/${tid}`),
  )
  if (tasks.length === 0) throw new Error('the trace holds no tasks')
  return tasks.reduce((most, { tdur = 0 }) => Math.max(most, tdur), 0) / 1000
}

/**
 * Resident memory of the renderers, of which one has the tab, and of the browser's other processes.
 */
async function watchMemory(chromium) {
  const session = await chromium.target().createCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  const sum = (pids) => Promise.all(pids.map(rss)).then((all) => all.reduce((a, b) => a + b, 0))
  const groups = {
    renderer: processInfo.filter(({ type }) => type === 'renderer'),
    others: processInfo.filter(({ type }) => type !== 'renderer'),
  }
  if (!existsSync('/proc/self')) return { stop: () => ({}) }
  /** @type {Record<string, { pids: number[], start: number, peak: number }>} */
  const found = {}
  for (const [name, list] of Object.entries(groups)) {
    const pids = list.map(({ id }) => id)
    const start = await sum(pids)
    found[name] = { pids, start, peak: start }
  }
  const look = async () => {
    for (const group of Object.values(found))
      group.peak = Math.max(group.peak, await sum(group.pids))
  }
  const timer = setInterval(() => void look(), 50)
  return {
    stop: () => {
      clearInterval(timer)
      return found
    },
  }
}

async function rss(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024
}
