// One Chromium for the tests of the demo, and a tab that records everything that leaves it and
// everything that goes wrong.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from 'chai'
import puppeteer from 'puppeteer-core'
import { startDemo } from '../../demo/server.mjs'
import { chromiumArgs, chromiumPath } from '../support/chromium.mjs'
import { found, tracesOf } from '../support/plaintext.mjs'
import { present } from '../support/types.mjs'

/** What is typed in the tests: signs that every encoding changes. */
export const marker = 'Zoë\'s marker 7f3a & "quoted" <b>'

export const launch = async () =>
  puppeteer.launch({ executablePath: await chromiumPath(), args: chromiumArgs })

/** What refuses in the tests because it shall. */
const refusing = /\/api\/(messages|publisher\/\w+|files\/[\w-]{22}\/open-changed)$/

/**
 * @typedef {object} TabOptions
 * @property {number} [width]
 * @property {number} [height]
 * @property {string} [scheme] - light or dark
 * @property {boolean} [javaScript]
 * @property {string} [bucket] - URL that sealed parts are put to: their bodies are not recorded, and
 *   the test of a part looks at what was stored
 */

/**
 * @typedef {object} Tab
 * @property {import('puppeteer-core').Page} page
 * @property {string[]} requests - as text: method, URL, headers, whole body
 * @property {{ url: string, body: string }[]} posts - what was sent to the companion
 * @property {string[]} troubles - console errors, exceptions, violations of the policy
 * @property {() => Promise<unknown>} settled - awaits bodies that are still being read
 * @property {() => Promise<void>} close
 */

/**
 * @param {import('puppeteer-core').Browser} browser
 * @param {TabOptions} [o]
 * @returns {Promise<Tab>}
 */
export async function openTab(
  browser,
  { width = 1280, height = 900, scheme = 'light', javaScript = true, bucket } = {},
) {
  const context = await browser.createBrowserContext()
  const page = await context.newPage()
  await page.setViewport({ width, height })
  await page.setJavaScriptEnabled(javaScript)
  await page.emulateMediaFeatures([
    { name: 'prefers-color-scheme', value: scheme },
    { name: 'prefers-reduced-motion', value: 'reduce' },
  ])
  /** @type {string[]} */
  const requests = []
  /** @type {Tab['posts']} */
  const posts = []
  /** @type {string[]} */
  const troubles = []
  /** @type {Promise<void>[]} */
  const reading = []
  page.on('request', (request) => {
    reading.push(
      (async () => {
        const isPart =
          request.method() === 'PUT' && bucket !== undefined && request.url().startsWith(bucket)
        const recorded = request.hasPostData() && !isPart
        const body = recorded ? (request.postData() ?? (await request.fetchPostData()) ?? '') : ''
        if (recorded && !body)
          troubles.push(`the body of a request to ${request.url()} could not be recorded`)
        requests.push(
          `${request.method()} ${request.url()}\n${JSON.stringify(request.headers())}\n\n${body}`,
        )
        if (request.method() === 'POST') posts.push({ url: request.url(), body })
      })(),
    )
  })
  const session = await page.createCDPSession() // what is no request to puppeteer
  await session.send('Network.enable')
  session.on('Network.webSocketCreated', ({ url }) =>
    troubles.push(`a WebSocket was opened: ${url}`),
  )
  session.on('Network.webTransportCreated', ({ url }) =>
    troubles.push(`a WebTransport was opened: ${url}`),
  )
  page.on('console', (message) => {
    const refused =
      /status of 4\d\d/.test(message.text()) && refusing.test(message.location().url ?? '')
    if (['error', 'warn'].includes(message.type()) && !refused)
      troubles.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => troubles.push(`exception: ${Object(error).message}`))
  await page.evaluateOnNewDocument(() => {
    addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) =>
      console.error(`policy violated: ${effectiveDirective} ${blockedURI}`),
    )
  })
  return {
    page,
    requests,
    posts,
    troubles,
    settled: () => Promise.all(reading),
    close: () => context.close(),
  }
}

/**
 * The text of an element as people see it.
 *
 * @param {import('puppeteer-core').Page} page
 * @param {string} selector
 * @returns {Promise<string>}
 */
export const textOf = (page, selector) =>
  page.$eval(selector, (node) => /** @type {HTMLElement} */ (node).innerText)

/**
 * Gives a file to the field for it.
 *
 * @param {import('puppeteer-core').Page} page
 * @param {string} path
 */
export async function uploadFile(page, path) {
  const input = /** @type {import('puppeteer-core').ElementHandle<HTMLInputElement>} */ (
    present(await page.$('#file'))
  )
  await input.uploadFile(path)
}

/** Waits for an element to be seen and gives its text. */
export async function shown(page, selector) {
  await page.waitForSelector(selector, { visible: true, timeout: 10_000 })
  return textOf(page, selector)
}

/** Fills in the form and seals it. */
export async function write(page, key = 'RSA-OAEP-256') {
  await page.type('[name=name]', 'Zoë')
  await page.type('[name=policy]', 'P-1')
  await page.type('[name=message]', marker)
  await page.click(`input[value="${key}"]`)
  await page.click('#seal')
}

/** Where the parts of a demo's pages go. */
export const bucketOf = ({ s3 }) => `${s3.origin}/${s3.bucket}/`

/**
 * Works in a tab. At its end nothing went wrong in it, all requests went to the demo and
 * its bucket, and none of the secrets left.
 *
 * @param {import('puppeteer-core').Browser} browser
 * @param {{ readonly url: string, readonly s3: { readonly origin: string, readonly bucket: string } }} demo
 * @param {TabOptions & { readonly path?: string, readonly secrets?: readonly string[] }} o which
 *   page of the demo, and what must not leave; the rest is for `openTab`
 * @param {(tab: Tab) => Promise<void>} work
 */
export async function inTab(browser, demo, { path = '', secrets = [marker], ...options }, work) {
  const tab = await openTab(browser, { bucket: bucketOf(demo), ...options })
  try {
    await tab.page.goto(demo.url + path)
    await work(tab)
    await tab.settled()
    assert.deepEqual(tab.troubles, [])
    const traces = secrets.flatMap(tracesOf)
    for (const request of tab.requests) {
      assert.ok(
        [demo.url, `${demo.s3.origin}/`, 'data:'].some((start) =>
          request.split(' ')[1].startsWith(start),
        ),
        `a request went elsewhere: ${request.slice(0, 200)}`,
      )
      assert.deepEqual(
        found(request, traces),
        [],
        `plaintext left the page in ${request.slice(0, 120)}`,
      )
    }
  } finally {
    await tab.close()
  }
}

/** A demo with keys and files of its own, and a browser. */
export async function startBoth() {
  const dir = await mkdtemp(join(tmpdir(), 'sealdrop-page-'))
  const [demo, browser] = await Promise.all([
    startDemo({ dir: join(dir, 'kms'), files: join(dir, 'files') }),
    launch(),
  ])
  const close = async () => {
    await browser.close()
    await demo.close()
    await rm(dir, { recursive: true })
  }
  return { demo, dir, browser, close }
}
