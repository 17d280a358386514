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
   * @param {import('node:http').IncomingMessage} req
   * @param {import('node:http').ServerResponse} res
   */
  const answer = async (req, res) => {
    const { url = '', method = 'GET', headers } = req
    const hasBody = !['GET', 'HEAD'].includes(method)
    const body = hasBody ? { body: Readable.toWeb(req), duplex: 'half' } : {}
    const init = /** @type {RequestInit} */ ({ method, headers, ...body })
    const response = await handler(new Request(new URL(url, 'http://localhost'), init))
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
