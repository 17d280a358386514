// Servers of tus that we did not write, each behind a front that looks at all that arrives: the
// reference server of Node with its file store, and tusd.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, request as ask } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileStore } from '@tus/file-store'
import { Server } from '@tus/server'
import { untilAnswers } from '../support/answering.mjs'
import { freePort } from '../support/free-port.mjs'
import { portOf } from '../support/listen.mjs'
import { tusdProgram } from './tusd-program.mjs'

const path = '/files'

async function startNodeServer(directory) {
  const tus = new Server({
    path,
    datastore: new FileStore({ directory }),
    respectForwardedHeaders: true,
  })
  const server = createServer((request, response) => {
    tus.handle(request, response).catch(() => response.destroy())
  })
  const port = await portOf(server)
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { port, close }
}

async function startTusd(directory) {
  const program = await tusdProgram()
  const port = await freePort()
  const flags = ['-host', '127.0.0.1', '-port', `${port}`, '-upload-dir', directory]
  const server = spawn(program, [...flags, '-base-path', `${path}/`, '-behind-proxy'], {
    stdio: 'ignore',
  })
  await untilAnswers(`http://127.0.0.1:${port}`)
  return { port, close: () => void server.kill() }
}

/** The servers by name. */
export const tusServers = { '@tus/server': startNodeServer, tusd: startTusd }

async function bodyOf(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/**
 * Hands all on to a server, and keeps a list of requests.
 *
 * - `o.before` may keep a request back, and says how many bytes of it the server gets before the
 *   connection ends
 * - `o.after` may change the headers of an answer
 *
 * @param {(directory: string) => Promise<{ port: number, close: () => void }>} start
 */
export async function startFront(start) {
  const directory = await mkdtemp(join(tmpdir(), 'sealdrop-tus-'))
  const { port, close } = await start(directory)
  /** @type {{ requests: any[], before?: any, after?: any }} */
  const o = { requests: [] }
  const handOn = async (request, response) => {
    const body = await bodyOf(request)
    const { method, url, headers } = request
    const offset = Number(headers['upload-offset'] ?? 0)
    const seen = { method, url, headers, body, offset }
    o.requests.push(seen)
    const cut = await o.before?.(seen)
    if (response.destroyed) return
    const asked = ask({ host: '127.0.0.1', port, method, path: url, headers, agent: false })
    asked.on('error', () => response.destroy())
    if (cut !== undefined) {
      asked.write(body.subarray(0, cut), () =>
        setTimeout(() => {
          asked.destroy()
          response.destroy()
        }, 100),
      )
      return
    }
    asked.on('response', (answer) => {
      o.after?.(seen, answer.headers)
      response.writeHead(answer.statusCode ?? 500, { ...answer.headers, connection: 'close' })
      answer.pipe(response)
    })
    asked.end(body)
  }
  const front = createServer((request, response) => {
    handOn(request, response).catch(() => response.destroy())
  })
  const origin = `http://127.0.0.1:${await portOf(front)}`
  return Object.assign(o, {
    directory,
    endpoint: `${origin}${path}/`,
    /** What the server stored of an upload. */
    stored: (url) => readFile(join(directory, url.split('/').at(-1))),
    async close() {
      front.close()
      front.closeAllConnections()
      close()
      await rm(directory, { recursive: true, force: true })
    },
  })
}
