import { present } from '../missing.mjs'
import { openPage } from './page.mjs'

/** Over WebDriver BiDi. */
export const firefox = {
  name: 'Firefox',
  everything: true,
  async start({ base }) {
    const executablePath = await present(
      process.env.FIREFOX_PATH ?? '/usr/bin/firefox-esr',
      'install firefox-esr, or set FIREFOX_PATH',
    )
    return openPage(base, { browser: 'firefox', executablePath, headless: true })
  },
}
