// An S3 that we did not write (versitygw), on loopback: it checks signatures, lengths, checksums and
// conditions as S3 does. Its build takes minutes the first time.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { goInstalled } from '../interop/environment.mjs'
import { untilAnswers } from './answering.mjs'
import { freePort } from './free-port.mjs'

export const versitygw = () =>
  goInstalled('versitygw', 'github.com/versity/versitygw/cmd/versitygw@v1.8.0')

/** @returns how a client reaches it, how to restart it, and how to end it */
export async function startVersitygw() {
  const program = await versitygw()
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'sealdrop-s3-'))
  const keys = { accessKeyId: 'access', secretAccessKey: 'secret' }
  const spawned = () =>
    spawn(
      program,
      ['--access', keys.accessKeyId, '--secret', keys.secretAccessKey].concat([
        '--port',
        `127.0.0.1:${port}`,
        '--quiet',
        'posix',
        folder,
      ]),
      { stdio: 'ignore' },
    )
  let server = spawned()
  const endpoint = `http://127.0.0.1:${port}`
  const close = () => {
    server.kill()
    rmSync(folder, { recursive: true, force: true })
  }
  /** Ends it as a crash does, and starts it again over what is on disk. */
  const restart = async () => {
    const gone = once(server, 'exit')
    server.kill('SIGKILL')
    await gone
    server = spawned()
    await untilAnswers(endpoint)
  }
  await untilAnswers(endpoint).catch((error) => {
    close()
    throw error
  })
  return {
    config: { endpoint, region: 'us-east-1', credentials: keys, forcePathStyle: true },
    restart,
    close,
  }
}
