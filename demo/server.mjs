// The demo as a function: a local KMS in place of AWS, and the companion's server in front of it.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createAdaptorServer } from '@hono/node-server'
import { startLocalKms } from 'sealdrop/local-kms'
import { createApp } from './app.mjs'
import { createCompanion } from './companion.mjs'
import { createUploads } from './uploads.mjs'

/** The companion knows its keys by alias, as it would in AWS. In this order pages prefer them. */
const keys = [
  { alias: 'alias/demo-values-rsa', spec: 'RSA_3072', usage: 'ENCRYPT_DECRYPT' },
  { alias: 'alias/demo-values-ecc', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
  { alias: 'alias/demo-receipts', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
]
const ownDir = fileURLToPath(new URL('../.demo/kms', import.meta.url))

/**
 * Starts everything on loopback.
 *
 * @param o.port - default 0, any free port; where the port is taken, any free one too
 * @param o.dir - folder that keeps the local KMS's keys; default `.demo/kms` in the project
 * @param o.files - folder that keeps the sealed files; default `files` in `dir`, which serves one demo at a time
 * @param o.limits - of `createUploads`: maxLength, maxArriving, maxKept
 * @param o.log - gets one line for each step and each request, never content; default silent
 * @returns `url` and `port` of the page, `kms` (for tests that open what was sealed), `keys` (aliases), `close()`
 */
export async function startDemo({ port = 0, dir = ownDir, files = join(dir, 'files'), limits = {}, log = () => {} } = {}) {
  const first = !existsSync(dir)
  if (first) log('Making three keys in the local KMS, once; RSA takes a moment ...')
  const started = performance.now()
  const kms = await startLocalKms({ dir, keys })
  if (first) log(`Keys made in ${((performance.now() - started) / 1000).toFixed(1)} s and kept.`)
  const companion = createCompanion({ kms: kms.clientConfig, opens: keys.slice(0, 2).map(({ alias }) => alias), signs: keys[2].alias })
  const server = createAdaptorServer({ fetch: createApp({ companion, uploads: createUploads({ ...limits, dir: files }), log }).fetch })
  const close = async () => {
    const stopped = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await stopped
    await companion.close()
    await kms.close()
  }
  try {
    await companion.ready()
    await listen(server, port).catch((error) => {
      if (error.code !== 'EADDRINUSE') throw error
      return listen(server, 0)
    })
  } catch (error) {
    await close()
    throw error
  }
  const bound = server.address().port
  return { url: `http://127.0.0.1:${bound}/`, port: bound, kms, keys: Object.keys(kms.keys), close }
}

function listen(server, port) {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
}
