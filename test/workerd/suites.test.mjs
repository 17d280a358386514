// The suites in real workerd, through miniflare.
import test from 'node:test'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { assert } from 'chai'
import { Miniflare } from 'miniflare'
import { keepCells } from '../matrix/kept-cells.mjs'
import { bundleWorker } from '../support/bundle-worker.mjs'
import { startFixture } from '../support/fixture-server.mjs'

const fixture = await startFixture()
const script = await bundleWorker(fileURLToPath(new URL('worker.js', import.meta.url)))
const miniflare = new Miniflare({
  modules: true,
  script,
  compatibilityDate: '2025-01-01',
  host: '127.0.0.1',
})
test.after(async () => {
  await miniflare.dispose()
  fixture.close()
})

const answer = await miniflare.dispatchFetch(
  `http://worker.example/?fixture=${encodeURIComponent(fixture.url)}`,
)
/** @typedef {import('../support/skip.js').Result} Result */
const { results, cells } = /** @type {{ results: Result[], cells: any }} */ (await answer.json())
test('workerd ran the suites', () => assert.ok(results.length > 200, `${results.length} results`))
for (const { name, error, skipped } of results)
  test(`workerd: ${name}`, { skip: skipped }, () => assert.equal(error, undefined))

test('one genuine signature of each algorithm, as the matrix tells of it', () => {
  const { version } = createRequire(createRequire(import.meta.url).resolve('miniflare'))(
    'workerd/package.json',
  )
  keepCells({ name: 'workerd', version, cells })
})
