// The tests of an app, as vitest and jest run them in the realm of jsdom or happy-dom.
import { cells, startHost } from './cells.mjs'

const { beforeAll, afterAll, test } = /** @type {any} */ (globalThis)
let host

// RSA keys take a moment to make
beforeAll(async () => {
  host = await startHost()
}, 120_000)
afterAll(async () => host?.close())

for (const [name, cell] of Object.entries(cells)) test(name, () => cell(host), 60_000)
