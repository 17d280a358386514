// The suites in real Chromium: on the modules, and on the script-tag bundle.
import { chromeLauncher } from '@web/test-runner-chrome'
import { chromiumArgs, chromiumPath } from './test/support/chromium.mjs'
import { fixtureListener } from './test/support/fixture-server.mjs'
import { isolated } from './test/support/isolated.mjs'
import { countReporter } from './test/support/count-reporter.mjs'

const fixture = fixtureListener()

export default {
  files: ['test/browser/*.test.js'],
  nodeResolve: true,
  hostname: '127.0.0.1',
  concurrency: 2,
  testsFinishTimeout: 300_000,
  testFramework: { config: { timeout: 120_000, ui: 'tdd' } },
  browsers: [
    chromeLauncher({ launchOptions: { executablePath: await chromiumPath(), args: chromiumArgs } }),
  ],
  reporters: [countReporter()],
  middleware: [
    (ctx, next) => {
      ctx.set(isolated)
      return next()
    },
    (ctx, next) => {
      if (!ctx.path.startsWith('/fixture/')) return next()
      ctx.respond = false
      fixture(ctx.req, ctx.res)
    },
  ],
}
