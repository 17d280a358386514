// What one host talks to, on the loopback, which is a secure context: the page, the bundle, the
// fixture, and where the report goes.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { fixtureListener } from '../support/fixture-server.mjs'
import { isolated } from '../support/isolated.mjs'
import { listeningPort } from '../support/types.mjs'

const page = (options) => `<!doctype html><meta charset="utf-8"><title>matrix</title>
<script>
  const broken = ({ message }) => JSON.stringify({ broken: message || 'the bundle did not load' })
  addEventListener('error', (event) => fetch('/report', { method: 'POST', body: broken(event) }), true)
</script>
<script type="module">
  import { report } from '/entry.js'
  await report(location.origin + '/', ${JSON.stringify(options)})
</script>`

async function textOf(req) {
  let body = ''
  for await (const chunk of req.setEncoding('utf8')) body += chunk
  return body
}

/**
 * @returns the base URL, what the host will have reported, names of tests that are slow, and how to
 *   close
 */
export async function startServer(code, options) {
  const fixture = fixtureListener()
  let take
  const reported = new Promise((resolve) => {
    take = resolve
  })
  /** @type {string[]} */
  const slow = []
  const answers = {
    '/': (_req, res) =>
      res.writeHead(200, { 'content-type': 'text/html', ...isolated }).end(page(options)),
    '/entry.js': (_req, res) =>
      res.setHeader('content-type', 'text/javascript; charset=utf-8').end(code),
    '/report': async (req, res) => {
      take(JSON.parse(await textOf(req)))
      res.end()
    },
    '/slow': async (req, res) => {
      slow.push(await textOf(req))
      res.end()
    },
  }
  const missing = (_req, res) => res.writeHead(404).end()
  const server = createServer((req, res) => {
    const { url = '' } = req
    const answer = url.startsWith('/fixture/') ? fixture : (answers[url] ?? missing)
    answer(req, res)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    base: `http://127.0.0.1:${listeningPort(server)}/`,
    reported,
    slow,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
