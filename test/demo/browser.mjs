// One Chromium for the tests of the demo, and a tab that records everything that leaves it and everything that goes wrong.
import puppeteer from 'puppeteer-core'
import { chromiumArgs, chromiumPath } from '../support/chromium.mjs'

export const launch = async () => puppeteer.launch({ executablePath: await chromiumPath(), args: chromiumArgs })

/**
 * @returns `page`, `requests` as text (method, URL, headers, whole body), `posts` (bodies sent to the companion), `troubles`
 * (console errors, exceptions, violations of the policy), `settled()` to await bodies still being read, `close()`
 */
export async function openTab(browser, { width = 1280, height = 900, scheme = 'light', javaScript = true } = {}) {
  const context = await browser.createBrowserContext()
  const page = await context.newPage()
  await page.setViewport({ width, height })
  await page.setJavaScriptEnabled(javaScript)
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }, { name: 'prefers-reduced-motion', value: 'reduce' }])
  const requests = []
  const posts = []
  const troubles = []
  const reading = []
  page.on('request', (request) => {
    reading.push((async () => {
      const body = request.hasPostData() ? request.postData() ?? await request.fetchPostData() : ''
      if (request.hasPostData() && !body) troubles.push(`the body of a request to ${request.url()} could not be recorded`)
      requests.push(`${request.method()} ${request.url()}\n${JSON.stringify(request.headers())}\n\n${body}`)
      if (request.method() === 'POST') posts.push({ url: request.url(), body })
    })())
  })
  const session = await page.createCDPSession() // what is no request to puppeteer
  await session.send('Network.enable')
  session.on('Network.webSocketCreated', ({ url }) => troubles.push(`a WebSocket was opened: ${url}`))
  session.on('Network.webTransportCreated', ({ url }) => troubles.push(`a WebTransport was opened: ${url}`))
  page.on('console', (message) => {
    const refused = /status of 4\d\d/.test(message.text()) && message.location().url?.endsWith('/api/messages') // a wanted refusal
    if (['error', 'warn'].includes(message.type()) && !refused) troubles.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => troubles.push(`exception: ${error.message}`))
  await page.evaluateOnNewDocument(() => {
    addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => console.error(`policy violated: ${effectiveDirective} ${blockedURI}`))
  })
  return { page, requests, posts, troubles, settled: () => Promise.all(reading), close: () => context.close() }
}

/** The text of an element as people see it. */
export const textOf = (page, selector) => page.$eval(selector, (node) => node.innerText)

/** Waits for an element to be seen and gives its text. */
export async function shown(page, selector) {
  await page.waitForSelector(selector, { visible: true, timeout: 10_000 })
  return textOf(page, selector)
}
