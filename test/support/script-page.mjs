// A page that loads the script-tag bundle as it was built, and nothing else of Sealdrop.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { portOf } from './listen.mjs'

/** @param {string} [body] what the page has besides */
export async function scriptPage(body = '') {
  const script = await readFile(new URL('../../dist/sealdrop.min.js', import.meta.url))
  const page = `<!doctype html><script src="/sealdrop.min.js"></script>${body}`
  const server = createServer((request, response) =>
    request.url === '/sealdrop.min.js'
      ? response.setHeader('content-type', 'text/javascript').end(script)
      : response.setHeader('content-type', 'text/html').end(page),
  )
  const port = await portOf(server)
  return { url: `http://127.0.0.1:${port}/`, close: () => server.close() }
}
