// The suites in real Chromium: on the modules, and on the script-tag bundle. `npm test` runs each
// file by itself, beside others.
import { chromeLauncher } from '@web/test-runner-chrome'
import { keepCells } from './test/matrix/kept-cells.mjs'
import { chromiumArgs, chromiumPath } from './test/support/chromium.mjs'
import { fixtureListener } from './test/support/fixture-server.mjs'
import { freePort } from './test/support/free-port.mjs'
import { isolated } from './test/support/isolated.mjs'
import { countReporter } from './test/support/count-reporter.mjs'

const fixture = fixtureListener()

/** What a page found for the matrix. */
async function takeCells(ctx) {
  let body = ''
  for await (const chunk of ctx.req.setEncoding('utf8')) body += chunk
  try {
    keepCells(JSON.parse(body))
    ctx.status = 204
  } catch (error) {
    ctx.status = 500
    ctx.body = error instanceof Error ? error.message : String(error)
  }
}

export default {
  files: ['test/browser/*.test.js'],
  nodeResolve: true,
  hostname: '127.0.0.1',
  port: await freePort(),
  concurrency: 1,
  testsFinishTimeout: 1_500_000, // of a file; on a busy machine the suites take long
  testFramework: { config: { timeout: 400_000, ui: 'tdd' } },
  browsers: [
    chromeLauncher({ launchOptions: { executablePath: await chromiumPath(), args: chromiumArgs } }),
  ],
  reporters: [countReporter()],
  middleware: [
    (ctx, next) => {
      ctx.set(isolated)
      return next()
    },
    (ctx, next) => (ctx.path === '/cells' ? takeCells(ctx) : next()),
    (ctx, next) => {
      if (!ctx.path.startsWith('/fixture/')) return next()
      ctx.respond = false
      fixture(ctx.req, ctx.res)
    },
  ],
}
