import { createRequire } from 'node:module'
import { Miniflare } from 'miniflare'

const worker = `import { report } from './entry.mjs'
export default {
  async fetch(request) {
    const { base, options } = await request.json()
    await report(base, options)
    return new Response('reported')
  },
}`

export const workerd = {
  name: 'workerd',
  async start({ base, code, options }) {
    const { version } = createRequire(createRequire(import.meta.url).resolve('miniflare'))(
      'workerd/package.json',
    )
    const modules = [
      { type: 'ESModule', path: 'worker.mjs', contents: worker },
      { type: 'ESModule', path: 'entry.mjs', contents: code },
    ]
    const miniflare = new Miniflare({ modules, compatibilityDate: '2025-01-01', host: '127.0.0.1' })
    const ended = miniflare
      .dispatchFetch('http://worker.example/', {
        method: 'POST',
        body: JSON.stringify({ base, options }),
      })
      .then(
        (answer) => answer.text(),
        (error) => `${error}`,
      )
    return { version, ended, stop: () => miniflare.dispose() }
  },
}
