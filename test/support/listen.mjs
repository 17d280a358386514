import { once } from 'node:events'
import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { listeningPort } from './types.mjs'

/**
 * Starts a server on a free port of loopback.
 *
 * @param {import('node:net').Server} server
 * @returns the port
 */
export async function portOf(server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return listeningPort(server)
}

/** A fetch-style handler under node:http, as the README shows it. */
export async function listen(handler) {
  /**
   * @param {{ url?: string, method?: string, headers: Record<string, any> }} req
   * @param {import('node:http').ServerResponse} res
   */
  const answer = async (req, res) => {
    const response = await handler(
      new Request(new URL(req.url ?? '', 'http://localhost'), {
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
  }
  const server = createServer((req, res) => {
    void answer(req, res)
  })
  const port = await portOf(server)
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  }
}
