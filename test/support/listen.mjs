import { createServer } from 'node:http'
import { Readable } from 'node:stream'

/** A fetch-style handler under node:http, exactly as the README shows it. */
export async function listen(handler) {
  const server = createServer(async (req, res) => {
    const response = await handler(
      new Request(new URL(req.url, 'http://localhost'), {
        method: req.method,
        headers: req.headers,
        ...(['GET', 'HEAD'].includes(req.method)
          ? {}
          : { body: Readable.toWeb(req), duplex: 'half' }),
      }),
    )
    res
      .writeHead(response.status, Object.fromEntries(response.headers))
      .end(Buffer.from(await response.arrayBuffer()))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  }
}
