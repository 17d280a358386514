// The same cells in Node alone: behind a reactive store, with bytes of a vm context, or with a
// polyfill in the place of Buffer. It prints a line of JSON for each cell.
import { runInNewContext } from 'node:vm'

const [column] = process.argv.slice(2)

/** @type {Record<string, () => Promise<object>>} */
const hosts = {
  vue: async () => ({ through: (await import('vue')).reactive }),
  mobx: async () => {
    const { observable } = await import('mobx')
    return { through: (object) => observable({ object }).object }
  },
  vm: async () => ({ realm: Object.assign(runInNewContext('globalThis'), { URL }) }),
  buffer: async () => {
    const { Buffer } = await import('buffer/index.js')
    globalThis.Buffer = /** @type {any} */ (Buffer)
    return {}
  },
}

const o = await hosts[column]()
const { cells, startHost } = await import('./cells.mjs')
const host = await startHost(o)
for (const [name, cell] of Object.entries(cells)) {
  const error = await cell(host).then(
    () => undefined,
    (cause) => String(cause?.stack ?? cause),
  )
  console.log(JSON.stringify({ name, error }))
}
await host.close()
