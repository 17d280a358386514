// The report on streams in Node, Chromium and Firefox: rates, growth of memory, longest tasks, and
// each budget of design.md beside its figure.
import * as jose from 'jose'
import * as door from 'sealdrop'
import * as rooms from '../test/support/rooms.js'
import { hasFirefox, inBrowser } from './browsers.mjs'
import { columns, number } from './columns.mjs'
import { canMeasure, growthInChromium, growthInNode } from './memory.mjs'
import { peerContenders, peers } from './stream-peers.mjs'
import { benchFrames, benchStreams, frameLengths, inFlights, mib } from './streams.mjs'

const ours = ['frames', 'sealStream, digest: false', 'sealStream', 'openStream']
const sizes = [16, 64, 256, 1_024]
const log = (text = '') => console.log(text)

/** @import { benchTasks } from './streams.mjs' */

/** Growth of memory in MiB: by contender, by size in MiB. */
async function growths(measure, names) {
  /** @type {Record<string, Record<string, number>>} */
  const found = {}
  for (const name of names) {
    found[name] = {}
    for (const size of peers[name] ? [256] : sizes)
      found[name][size] = await measure(name, size * mib)
  }
  return found
}

const rateWidths = (limits) => [-48, 8, ...limits.map(() => 20), 14]

function rateTable(title, { peers: others, ...rates }, growth, limits) {
  const widths = rateWidths(limits)
  const shares = limits.map((limit) => `of ${limit}`)
  log(columns(widths, [`  ${title}`, 'MiB/s', ...shares, 'memory +MiB']))
  const line = (name, rate, found) => {
    const memory = title === 'sealing' || name === 'openStream' ? growth?.[name]?.[256] : undefined
    log(
      columns(widths, [
        `  ${name}`,
        number(rate),
        ...limits.map((limit) => (found[limit] ? number(rate / found[limit], 2) : '')),
        memory === undefined ? '' : number(memory),
      ]),
    )
  }
  for (const [name, rate] of Object.entries(rates)) line(name, rate, rates)
  for (const [name, rate] of Object.entries(others)) if (name !== 'frames') line(name, rate, others)
}

function frameTable(frames) {
  const widths = [-48, ...inFlights.map(() => 14)]
  const heads = inFlights.map((n) => `${n} in flight`)
  log()
  log(columns(widths, ['  sealStream, digest: false, MiB/s: frame length', ...heads]))
  for (const length of frameLengths)
    log(
      columns(
        [48, ...widths.slice(1)],
        [length, ...inFlights.map((n) => number(frames[`${length}/${n}`]))],
      ),
    )
}

function growthTable(growth) {
  const widths = [-48, ...sizes.map(() => 8)]
  log()
  log(columns(widths, ['  growth of memory, MiB, by MiB worked through', ...sizes]))
  for (const name of ours)
    log(columns(widths, [`  ${name}`, ...sizes.map((size) => number(growth[name][size]))]))
}

function taskTable(tasks) {
  const widths = [-52, 14, 14]
  const title = '  on the main thread while 256 MiB are sealed, ms'
  log()
  log(columns(widths, [title, 'longest task', 'longest gap']))
  for (const [name, { task, gap }] of Object.entries(tasks))
    log(columns(widths, [`  ${name}`, taskText(task), number(gap)]))
}

function taskText(task) {
  if (task === undefined) return 'not told'
  return task === 0 ? 'below 50' : number(task)
}

/**
 * What one host was found to do.
 *
 * @typedef {object} Found
 * @property {Awaited<ReturnType<typeof benchStreams>>} streams
 * @property {Awaited<ReturnType<typeof benchFrames>>} frames
 * @property {Awaited<ReturnType<typeof growths>>} [growth] - undefined where it cannot be measured
 * @property {Awaited<ReturnType<typeof benchTasks>>} [tasks] - of pages only
 */

/**
 * Prints what one host was found to do, and which budgets it met.
 *
 * @param {string} host
 * @param {Found} found
 */
function report(host, { streams, frames, growth, tasks }) {
  log(`\n${host}, 256 MiB`)
  rateTable('sealing', streams.sealing, growth, ['frames', 'frames + digest'])
  log()
  rateTable('opening', streams.opening, growth, ['frames'])
  frameTable(frames)
  if (growth) growthTable(growth)
  if (tasks) taskTable(tasks)
  log()
  for (const { text, met } of budgetsOf(host, { streams, growth, tasks }))
    log(`  ${met ? 'met   ' : 'missed'}  ${text}`)
}

/** design.md, "Budgets". */
function budgetsOf(host, { streams: { sealing, opening }, growth, tasks }) {
  const rows = []
  const rate = (name, found, limit) =>
    rows.push({
      text: `${name}: ${(found[name] / found[limit]).toFixed(2)} of ${limit}, at least 0.85`,
      met: found[name] / found[limit] >= 0.85,
    })
  rate('sealStream, digest: false', sealing, 'frames')
  rate('sealStream', sealing, 'frames + digest')
  rate('openStream', opening, 'frames')
  const most = host.startsWith('Node') ? 75 : 200
  if (growth)
    for (const name of ours.slice(1)) {
      const { 256: small, 1_024: large } = growth[name]
      rows.push({
        text: `${name}: ${large.toFixed(0)} MiB of memory at 1 GiB, at most ${most}`,
        met: large <= most,
      })
      rows.push({
        text: `${name}: ${(large / small).toFixed(2)} of the memory at 256 MiB, at most 1.3`,
        met: large <= small * 1.3,
      })
    }
  for (const [name, { task, gap }] of Object.entries(tasks ?? {})) {
    const longest = task ?? gap
    const what = task === undefined ? 'longest gap' : 'longest task'
    rows.push({
      text: `sealing a ${name}: ${what} ${taskText(longest)} ms, at most 50`,
      met: longest <= 50,
    })
  }
  return rows
}

/**
 * @param code - the page's bundle
 * @param hosts - of node, chromium and firefox; empty for all
 */
export async function streamReport(code, hosts) {
  const wanted = (host) => hosts.length === 0 || hosts.includes(host)
  log(
    '\nStreams. "frames" is crypto.subtle over the same frames with nothing around it, ' +
      '"frames + digest" also hashes every chunk; memory is what a process grew by.',
  )
  const parts = { door, rooms, jose }
  if (wanted('node'))
    report(`Node ${process.version}`, {
      streams: await benchStreams({ ...parts, peerContenders }),
      frames: await benchFrames(parts),
      growth: canMeasure()
        ? await growths(growthInNode, [...ours, ...Object.keys(peers)])
        : undefined,
    })
  for (const name of ['chromium', 'firefox'].filter(wanted)) {
    if (name === 'firefox' && !(await hasFirefox())) {
      log(
        '\nFirefox is not on this machine (FIREFOX_PATH, else /usr/bin/firefox-esr): not measured.',
      )
      continue
    }
    const inPage = (work) => inBrowser(name, code, work)
    const measure = (what, size) =>
      inPage(async (page, browser) => {
        await page.evaluate((...of) => globalThis.bench.prepare(...of), what, size)
        return growthInChromium(page, browser, 'bench.work()')
      })
    const { host, ...found } = await inPage(async (page, browser) => ({
      host: (await browser.version()).replace('Headless', ''),
      tasks: await page.evaluate('bench.tasks()'),
      streams: await page.evaluate('bench.streams()'),
      frames: await page.evaluate('bench.frames()'),
    }))
    const pagePeers = Object.keys(peers).filter((peer) => !peer.startsWith('client-node'))
    report(host, {
      ...found,
      growth:
        name === 'chromium' && canMeasure()
          ? await growths(measure, [...ours, ...pagePeers])
          : undefined,
    })
  }
}
