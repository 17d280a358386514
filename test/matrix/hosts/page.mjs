// What hosts that load a page share, where puppeteer drives them.
import puppeteer from 'puppeteer-core'

/**
 * Opens the page, which then runs everything by itself and reports. @returns the browser's version,
 * and how to end it
 */
export async function openPage(base, options) {
  const browser = await puppeteer.launch({ protocolTimeout: 900_000, ...options })
  const stop = () => browser.close()
  try {
    const page = await browser.newPage()
    page.on('pageerror', (error) => console.error(error))
    await page.goto(base)
    return { version: (await browser.version()).replace(/^\D*\//, ''), stop }
  } catch (error) {
    await stop()
    throw error
  }
}
