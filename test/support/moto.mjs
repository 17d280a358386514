// S3 and DynamoDB on loopback, by a server that we did not write (moto).
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pythonEnvironment } from '../interop/environment.mjs'
import { untilAnswers } from './answering.mjs'
import { freePort } from './free-port.mjs'

/** @returns its URL, and how to end it */
export async function startMoto() {
  const python = await pythonEnvironment(
    'stores-python',
    fileURLToPath(new URL('../stores/requirements.txt', import.meta.url)),
  )
  const port = await freePort()
  const server = spawn(
    join(python, 'bin', 'moto_server'),
    ['-H', '127.0.0.1', '-p', String(port)],
    { stdio: 'ignore' },
  )
  const url = `http://127.0.0.1:${port}`
  await untilAnswers(url).catch((error) => {
    server.kill()
    throw error
  })
  return {
    url,
    close: () => {
      server.kill()
    },
  }
}
