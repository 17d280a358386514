import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SealdropError } from '../../errors/sealdrop-error.js'

/** Answers a request. It throws nothing. */
export type Listener = (request: IncomingMessage, response: ServerResponse) => void

/** A server that listens. */
export interface Serving {
  /** Without a path and a slash at its end. */
  readonly url: string
  /** Takes no more requests, and resolves when those under way were answered. */
  close(): Promise<void>
}

const unknownPath: Listener = (_, response) => {
  const headers = {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  }
  response.writeHead(404, headers).end('nothing is served here\n')
}

/** Milliseconds for requests that are under way when the server closes. */
const patience = 10_000
/** Milliseconds after which connections are looked at again: one that was answered stays open. */
const pause = 50

/**
 * Serves paths until it is closed. What a query says is not looked at.
 *
 * @throws SealdropError `conflict`, `invalid_argument` where it cannot listen there
 */
export async function serveRoutes(
  routes: ReadonlyMap<string, Listener>,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<Serving> {
  const server = createServer((request, response) => {
    const [path = ''] = (request.url ?? '').split('?')
    const listener = routes.get(path) ?? unknownPath
    listener(request, response)
  })
  await listen(server, host, port)
  return { url: urlOf(server), close: () => close(server) }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(refusal(cause, host, port)))
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      // one connection that fails, such as too many open files, does not end the others
      server.on('error', () => {})
      resolve()
    })
  })
}

function refusal(cause: NodeJS.ErrnoException, host: string, port: number): SealdropError {
  const isTaken = cause.code === 'EADDRINUSE'
  const message = isTaken
    ? `--port ${port}: it is in use; take another, or 0 for any free one`
    : `--host ${host} and --port ${port}: nobody can listen there: ${cause.code}`
  return new SealdropError(isTaken ? 'conflict' : 'invalid_argument', message, { cause })
}

function urlOf(server: Server): string {
  const { address, port } = server.address() as AddressInfo
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => void server.close(() => resolve()))
  const idle = setInterval(() => server.closeIdleConnections(), pause)
  const late = setTimeout(() => server.closeAllConnections(), patience)
  try {
    await closed
  } finally {
    clearInterval(idle)
    clearTimeout(late)
  }
}
