// What one host talks to, on the loopback, which is a secure context: the page, the bundle, the
// fixture, and where the report goes.
import { createServer } from 'node:http'
import { fixtureListener } from '../support/fixture-server.mjs'
import { isolated } from '../support/isolated.mjs'

const page = (options) => `<!doctype html><meta charset="utf-8"><title>matrix</title>
<script>
  addEventListener('error', ({ message }) => fetch('/report', { method: 'POST', body: JSON.stringify({ broken: message || 'the bundle did not load' }) }), true)
</script>
<script type="module">
  import { report } from '/entry.js'
  await report(location.origin + '/', ${JSON.stringify(options)})
</script>`

/** @returns the base URL, what the host will have reported, and how to close */
export async function startServer(code, options) {
  const fixture = fixtureListener()
  let take
  const reported = new Promise((resolve) => {
    take = resolve
  })
  const answers = {
    '/': (_req, res) =>
      res.writeHead(200, { 'content-type': 'text/html', ...isolated }).end(page(options)),
    '/entry.js': (_req, res) =>
      res.setHeader('content-type', 'text/javascript; charset=utf-8').end(code),
    '/report': async (req, res) => {
      let body = ''
      for await (const chunk of req.setEncoding('utf8')) body += chunk
      res.end()
      take(JSON.parse(body))
    },
  }
  const missing = (_req, res) => res.writeHead(404).end()
  const server = createServer((req, res) =>
    (req.url.startsWith('/fixture/') ? fixture : (answers[req.url] ?? missing))(req, res),
  )
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
  return {
    base: `http://127.0.0.1:${server.address().port}/`,
    reported,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
