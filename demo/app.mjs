// The companion's routes: the page, the published keys, and what takes sealed values and files.
import { keySetHandler } from 'sealdrop/serve'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { createAnswer, refuse, requestLog } from './answers.mjs'
import { createAssets } from './assets.mjs'
import { addFileRoutes } from './file-routes.mjs'
import { refusal } from './refusal.mjs'
import { addDownloadRoutes, createDownloads } from './downloads.mjs'
import { addPublisherRoutes } from './publisher-routes.mjs'
import { securityHeaders } from './security-headers.mjs'

/** 1 MiB sealed is 1.4 MB of base64url with its header. */
const maxBody = 1_600_000

export function createApp({ companion, keyCare, clock, uploads, inbox, bucketOrigin, log }) {
  const app = new Hono()
  const answer = createAnswer(log)
  app.use(requestLog(log))
  app.use(securityHeaders)
  app.use(loopbackOnly)
  addKeyRoutes(app, { companion, clock })
  addMessageRoute(app, { companion, answer })
  addFileRoutes(app, { uploads, inbox, answer, refuse })
  addDownloadRoutes(app, { downloads: createDownloads({ signer: companion.signer }), answer })
  addPublisherRoutes(app, { keyCare, companion, clock, answer, refuse })
  addPages(app, { companion, clock, bucketOrigin })
  return app
}

/**
 * A name that somebody pointed at 127.0.0.1 would make a foreign page same-origin with this server.
 */
async function loopbackOnly(c, next) {
  if (!/^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(c.req.header('host') ?? ''))
    return c.text('This server answers on loopback only.\n', 421)
  await next()
}

function addKeyRoutes(app, { companion, clock }) {
  // caches of browsers do not know the demo's clock
  const published = (source) => keySetHandler(source, clock && { maxAge: 0 })
  const keySet = published(companion.publisher)
  const history = published(companion.history)
  app.all('/.well-known/jwks.json', (c) => keySet(c.req.raw))
  app.all('/.well-known/history.jwks.json', (c) => history(c.req.raw))
}

/**
 * Every forged value costs one KMS call, so in production limit the rate here, at the gateway or by
 * client address.
 */
function addMessageRoute(app, { companion, answer }) {
  const limited = bodyLimit({
    maxSize: maxBody,
    onError: (c) =>
      refuse(c, refusal('too_large', `body: expected at most ${maxBody} bytes`), { kmsCalls: 0 }),
  })
  app.post('/api/messages', limited, async (c) =>
    answer(c, async (counter) => {
      // no form and no simple request of another origin has this type: browsers ask first, and this
      // server never allows it
      if (c.req.header('content-type') !== 'application/jose')
        throw refusal('unsupported_type', 'content-type: expected application/jose')
      return companion.receive(await c.req.text(), counter)
    }),
  )
}

function addPages(app, { companion, clock, bucketOrigin }) {
  const assets = createAssets({
    pins: companion.pins,
    root: companion.root,
    shift: () => clock?.shift() ?? 0,
    bucketOrigin,
  })
  app.on(['GET', 'HEAD'], '*', async (c) => {
    const asset = await assets(c.req.path)
    return asset ? c.body(asset.body, 200, asset.headers) : c.text('Nothing is here.\n', 404)
  })
}
