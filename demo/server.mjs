// The demo as a function. It starts a local KMS in place of AWS, and the companion's server in
// front of it.
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KMSClient } from '@aws-sdk/client-kms'
import { createAdaptorServer } from '@hono/node-server'
import { fileInventory } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { createApp } from './app.mjs'
import { createClock } from './clock.mjs'
import { createCompanion } from './companion.mjs'
import { beginInventory, purposes, receipts, root } from './inventory.mjs'
import { createKeyCare } from './key-care.mjs'
import { createUploads } from './uploads.mjs'

/** Keys that are made where their aliases name none yet. */
const firstKeys = [...purposes, root].map(({ alias, spec, usage }) => ({ alias, spec, usage }))
const ownDir = fileURLToPath(new URL('../.demo/kms', import.meta.url))

/**
 * Starts everything on loopback.
 *
 * @param {object} [o]
 * @param {number} [o.port] default 0, any free port; where the port is taken, any free one too
 * @param {string} [o.dir] folder that keeps the local KMS's keys, the inventory and the clock;
 *   default `.demo/kms` in the project
 * @param {string} [o.files] folder that keeps the sealed files; default `files` in `dir`, which
 *   serves one demo at a time
 * @param {Omit<import('./uploads.mjs').UploadOptions, 'dir'>} [o.limits]
 * @param {(line: string) => void} [o.log] gets one line for each step and each request, never
 *   content; default silent
 * @returns `url` and `port` of the page, `kms` (for tests that open what was sealed), `keys`
 *   (aliases of the three purposes), `close()`
 */
export async function startDemo({
  port = 0,
  dir = ownDir,
  files = join(dir, 'files'),
  limits = {},
  log = () => {},
} = {}) {
  const first = !existsSync(dir)
  if (first) log('Making the first keys in the local KMS, once; RSA takes a moment ...')
  const started = performance.now()
  const clock = createClock(join(dir, 'clock.json'))
  const { now } = clock
  const kms = await startLocalKms({ dir, keys: firstKeys, now })
  const client = new KMSClient(kms.clientConfig)
  const own = { kms: client, store: fileInventory(join(dir, 'inventory')), root: root.alias, now }
  const [companion, keyCare] = [
    createCompanion({ ...own, signs: receipts.alias }),
    createKeyCare(own),
  ]
  const server = createAdaptorServer({
    fetch: createApp({
      companion,
      keyCare,
      clock,
      uploads: createUploads({ ...limits, dir: files }),
      log,
    }).fetch,
  })
  const close = async () => {
    await stop(server)
    await companion.close()
    client.destroy()
    await kms.close()
  }
  try {
    if (await beginInventory(own)) {
      if (!first)
        log('This folder had no inventory yet: its keys are entered, and the next ones made.')
      await keyCare.rotate()
    }
    if (first) log(`Keys made in ${((performance.now() - started) / 1000).toFixed(1)} s and kept.`)
    await companion.ready()
    await listenNear(server, port)
  } catch (error) {
    await close()
    throw error
  }
  const bound = portOf(server)
  return {
    url: `http://127.0.0.1:${bound}/`,
    port: bound,
    kms,
    keys: purposes.map(({ alias }) => alias),
    close,
  }
}

async function stop(server) {
  const stopped = new Promise((resolve) => server.close(resolve))
  server.closeAllConnections()
  await stopped
}

/** Listens on this port, or on any free one where it is taken. */
async function listenNear(server, port) {
  try {
    await listen(server, port)
  } catch (error) {
    if (Object(error).code !== 'EADDRINUSE') throw error
    await listen(server, 0)
  }
}

/** Listens on this port, and throws where it is taken. */
async function listen(server, port) {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
}

/** @param {import('node:net').Server} server */
function portOf(server) {
  const address = server.address()
  return typeof address === 'string' ? 0 : (address?.port ?? 0)
}
