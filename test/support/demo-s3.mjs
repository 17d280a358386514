// The demo's S3 in a process of its own, so that what a test measures is not its memory.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('../../demo/s3/start.mjs', import.meta.url))

/** @returns how a client reaches it, and how to end it */
export async function startDemoS3() {
  const folder = mkdtempSync(join(tmpdir(), 'sealdrop-demo-s3-'))
  const server = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(server.stdout.setEncoding('utf8'), 'data')
  return {
    config: JSON.parse(line),
    close() {
      server.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
