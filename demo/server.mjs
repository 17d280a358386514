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
import { openBucket } from './bucket.mjs'
import { createClock } from './clock.mjs'
import { createCompanion } from './companion.mjs'
import { createUploads } from './file-routes.mjs'
import { createInbox } from './inbox.mjs'
import { beginInventory, purposes, receipts, root } from './inventory.mjs'
import { createKeyCare } from './key-care.mjs'
import { pageLibrary } from './page-library.mjs'

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
 * @param {string} [o.files] folder of the demo's own S3, which keeps the sealed files; default
 *   `files` in `dir`, which serves one demo at a time
 * @param {{ bucket: string, endpoint?: string }} [o.s3] a bucket that files go to instead
 * @param {import('./inbox.mjs').Limits} [o.limits] of the demo's own S3
 * @param {(line: string) => void} [o.log] gets one line for each step and each request, never
 *   content; default silent
 * @returns `url` and `port` of the page, `kms` (for tests that open what was sealed), `keys`
 *   (aliases of the three purposes), `files` (where they go, in words), `s3` (the same for
 *   tests), `close()`
 */
export async function startDemo({
  port = 0,
  dir = ownDir,
  files = join(dir, 'files'),
  s3,
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
  let app
  let bucket
  const server = createAdaptorServer({ fetch: (...asked) => app.fetch(...asked) })
  const close = async () => {
    await stop(server)
    await bucket?.close()
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
    await Promise.all([companion.ready(), pageLibrary()])
    app = starting
    await listenNear(server, port)
    const where = { dir: files, keys: dir, named: s3, origins: originsOf(portOf(server)), log }
    bucket = await openBucket(where)
    const uploads = uploadsOf({ ...where, bucket, companion, limits })
    app = createApp({ companion, keyCare, clock, ...uploads, log })
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
    files: `${bucket.origin}, bucket ${bucket.bucket}`,
    s3: { s3: bucket.s3, bucket: bucket.bucket, origin: bucket.origin },
    close,
  }
}

/** The demo's pages, by each name of this machine. */
const originsOf = (port) =>
  ['127.0.0.1', 'localhost', '[::1]'].map((host) => `http://${host}:${port}`)

/** Until its port is known, no page can be served: the bucket must know who may send to it. */
const starting = {
  fetch: () => new Response('Starting.\n', { status: 503, headers: { 'retry-after': '1' } }),
}

/**
 * What takes files, and what reads those that arrived.
 *
 * @param {Parameters<typeof createInbox>[0] & { origins: string[] }} o
 */
function uploadsOf({ bucket, companion, limits, ...where }) {
  const inbox = createInbox({ ...where, bucket, companion, limits })
  const uploads = createUploads({ ...where, bucket, inbox, maxLength: limits.maxLength })
  inbox.catchUp().catch((error) => where.log(`the bucket was not read: ${error.name}`))
  return { inbox, uploads, bucketOrigin: bucket.origin }
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
