// The companion's routes: the page, the published keys, and what takes sealed values and files.
import { isSealdropError } from 'sealdrop'
import { keySetHandler } from 'sealdrop/serve'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { createAssets } from './assets.mjs'
import { refusal } from './refusal.mjs'
import { addDownloadRoutes, createDownloads } from './downloads.mjs'
import { addPublisherRoutes } from './publisher-routes.mjs'
import { securityHeaders } from './security-headers.mjs'
import { addUploadRoutes } from './upload-routes.mjs'

/** 1 MiB sealed is 1.4 MB of base64url with its header. */
const maxBody = 1_600_000

/**
 * Statuses by code. What is not listed is the companion's own trouble, and its details stay in its
 * log.
 */
const statuses = {
  malformed: 400,
  invalid_argument: 400,
  unsupported_algorithm: 400,
  forbidden: 403,
  unsupported_type: 415,
  too_large: 413,
  key_not_found: 422,
  context_mismatch: 422,
  rejected: 422,
  expired: 422,
  replayed: 409,
  not_found: 404,
  conflict: 409,
  incomplete: 409,
  busy: 503,
  no_space: 507,
  storage_failed: 500,
  kms_throttled: 503,
  kms_unavailable: 503,
}
/** Not the sender's fault, and worded for outside all the same. */
const told = ['busy', 'no_space', 'storage_failed']
const forSenders = ({ code }) =>
  Object.hasOwn(statuses, code) && (statuses[code] < 500 || told.includes(code))

export function createApp({ companion, keyCare, clock, uploads, log }) {
  const app = new Hono()
  const assets = createAssets({
    pins: companion.pins,
    root: companion.root,
    shift: () => clock?.shift() ?? 0,
  })
  // caches of browsers go by another clock
  const published = (source) => keySetHandler(source, clock && { maxAge: 0 })
  const [keySet, history] = [companion.publisher, companion.history].map(published)
  const refuse = (c, { code, message }, more = {}) => {
    c.set('note', code)
    if (!c.req.raw.bodyUsed && c.req.raw.body) c.header('connection', 'close') // the rest of the body stays unread, so that nothing else can come this way
    return c.json({ code, message, ...more }, statuses[code] ?? 500)
  }

  /**
   * Does the work of a request; what it throws becomes an answer, with the number of KMS calls
   * until then, in its own words where `tells` says so.
   */
  async function answer(c, work, tells = () => false) {
    const counter = { kmsCalls: 0 }
    try {
      const found = await work(counter)
      if (counter.kmsCalls > 0) c.set('note', `${found.stage}, ${counter.kmsCalls} KMS calls`)
      return c.json(found)
    } catch (error) {
      if (forSenders(error) || tells(error)) return refuse(c, error, counter)
      log(
        `the companion failed: ${isSealdropError(error) ? error.message : error instanceof Error ? error.name : typeof error}`,
      )
      return refuse(
        c,
        refusal(
          isSealdropError(error) ? error.code : 'internal',
          'The companion could not do its part. Nothing is wrong with what you sent; try again later.',
        ),
        counter,
      )
    }
  }

  app.use(async (c, next) => {
    const started = performance.now()
    await next()
    const { method, path } = c.req
    if (c.get('quiet')) return
    // the path comes from outside: anything but printable ASCII could forge lines; what was sent is
    // never logged
    log(
      `${method} ${path.replace(/[^\x21-\x7e]/g, '?').slice(0, 80)} ${c.res.status} ${Math.round(performance.now() - started)} ms${c.get('note') ? ` (${c.get('note')})` : ''}`,
    )
  })
  app.use(securityHeaders)
  app.use(async (c, next) => {
    // a name that somebody pointed at 127.0.0.1 would make a foreign page same-origin with this
    // server
    if (!/^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(c.req.header('host') ?? ''))
      return c.text('This server answers on loopback only.\n', 421)
    await next()
  })

  app.all('/.well-known/jwks.json', (c) => keySet(c.req.raw))
  app.all('/.well-known/history.jwks.json', (c) => history(c.req.raw))

  // Every forged value costs one KMS call, so in production limit the rate here, at the gateway or
  // by client address.
  const limited = bodyLimit({
    maxSize: maxBody,
    onError: (c) =>
      refuse(c, refusal('too_large', `body: expected at most ${maxBody} bytes`), { kmsCalls: 0 }),
  })
  app.post('/api/messages', limited, async (c) =>
    answer(c, async (counter) => {
      // no form and no simple request of another origin has this type: browsers ask first, and
      // nobody answers yes
      if (c.req.header('content-type') !== 'application/jose')
        throw refusal('unsupported_type', 'content-type: expected application/jose')
      return companion.receive(await c.req.text(), counter)
    }),
  )
  addUploadRoutes(app, { companion, uploads, answer, refuse })
  addDownloadRoutes(app, { downloads: createDownloads({ signer: companion.signer }), answer })
  addPublisherRoutes(app, { keyCare, companion, clock, answer, refuse })

  app.on(['GET', 'HEAD'], '*', async (c) => {
    const asset = await assets(c.req.path)
    return asset ? c.body(asset.body, 200, asset.headers) : c.text('Nothing is here.\n', 404)
  })
  return app
}
