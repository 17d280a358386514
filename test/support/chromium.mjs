// Which Chromium the tests drive: CHROME_PATH, one on the machine, otherwise the npm package
// @sparticuz/chromium.
import { access, constants } from 'node:fs/promises'

const usual = [
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/opt/google/chrome/chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
]

/**
 * For containers and machines without a screen. With these, Chromium sends no request of its own.
 */
export const chromiumArgs = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * Path of an executable Chromium. Rejects where CHROME_PATH names none: a wrong setting must not go
 * unnoticed.
 */
export async function chromiumPath() {
  const named = process.env.CHROME_PATH
  if (named)
    return access(named, constants.X_OK).then(
      () => named,
      () => {
        throw new Error(`CHROME_PATH: no executable file at ${named}`)
      },
    )
  for (const path of usual) {
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return path
  }
  // unpacks itself into the temporary folder
  const { default: chromium } = await import('@sparticuz/chromium')
  return chromium.executablePath()
}
