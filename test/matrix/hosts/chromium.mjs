import { chromiumArgs, chromiumPath } from '../../support/chromium.mjs'
import { openPage } from './page.mjs'

export const chromium = {
  name: 'Chromium',
  start: async ({ base }) =>
    openPage(base, { executablePath: await chromiumPath(), args: chromiumArgs }),
}
