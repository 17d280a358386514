// What a page in a real browser sends to: a bucket, a handler, and the page's own server, each at an
// origin of its own. All that reaches them is looked at.
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, request as ask } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutBucketCorsCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import puppeteer from 'puppeteer-core'
import { rollup } from 'rollup'
import { importKeySet, inHand } from 'sealdrop'
import { createDropLink, createOpener, createPublisher, publicJwk } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { bucketCors, dropLinks, memoryLinks, uploadListener } from 'sealdrop/s3'
import { chromiumArgs, chromiumPath } from '../support/chromium.mjs'
import { portOf } from '../support/listen.mjs'
import { tracesOf } from '../support/plaintext.mjs'
import { authorize, secret } from './world.mjs'

export const context = { claim: '7' }

/** The browsers, by name. */
export const launches = {
  Chromium: async () =>
    puppeteer.launch({ executablePath: await chromiumPath(), args: chromiumArgs }),
  Firefox: () =>
    puppeteer.launch({
      browser: 'firefox',
      executablePath: process.env.FIREFOX_PATH ?? '/usr/bin/firefox-esr',
      headless: true,
    }),
}

async function bodyOf(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Frames that were sealed, by message and IV, with the hashes of plaintext and AAD. */
function makeLedger() {
  const entries = new Map()
  const seen = { again: 0 }
  return {
    entries,
    seen,
    enter([id, iv, ...hashes]) {
      const name = `${id} ${iv}`
      const known = entries.get(name) ?? new Set()
      seen.again += Number(known.size > 0)
      entries.set(name, known.add(hashes.join(' ')))
    },
    /** What was sealed from two plaintexts under one key and IV. */
    twice: () => [...entries].filter(([, hashes]) => hashes.size > 1).map(([name]) => name),
  }
}

/** Looks for texts in all that arrives. */
function makeLookout(markers) {
  const traces = Object.entries(markers).flatMap(([name, marker]) =>
    tracesOf(marker).flatMap((trace) => [
      [name, trace],
      [name, trace.toUpperCase()],
    ]),
  )
  const found = []
  /** A token that may stand in `Authorization` at the handler only, and where it stood. */
  const token = { text: '', places: new Set() }
  const lookForToken = (place, { method, url, headers }, body) => {
    const { authorization = '', ...others } = headers
    const rest = `${method} ${url} ${JSON.stringify(others)} ${body.toString('latin1')}`
    if (authorization.includes(token.text)) token.places.add(`Authorization at the ${place}`)
    if (rest.includes(token.text)) token.places.add(`elsewhere at the ${place}`)
  }
  const look = (place, request, body) => {
    const { method, url, headers } = request
    if (token.text) lookForToken(place, request, body)
    const head = `${method} ${url} ${JSON.stringify(headers)}`
    for (const [name, trace] of traces)
      if (head.includes(trace) || body.includes(trace)) found.push(`${name} at the ${place}`)
  }
  return { found, look, traces, token }
}

/**
 * Hands everything on to the bucket, and keeps a list of the parts that were sent.
 *
 * `o.before` may keep a part back; one that nobody waits for any more is not handed on.
 */
async function startBucket(endpoint, look) {
  const { hostname, port } = new URL(endpoint)
  /** The answers that somebody waits for. */
  const open = new Set()
  /** Ends all connections, as a network does that goes away. */
  const cut = () => open.forEach((response) => response.destroy())
  const o = { puts: [], before: undefined, cut }
  const handOn = async (request, response) => {
    const isPart = request.method === 'PUT' && request.headers.origin !== undefined
    const put = { url: request.url, status: 0 }
    if (isPart) o.puts.push(put)
    open.add(response)
    response.once('close', () => open.delete(response))
    const body = await bodyOf(request)
    look('bucket', request, body)
    if (isPart) await Promise.race([o.before?.(put), once(response, 'close')])
    if (response.destroyed) return
    const { expect: _expect, ...headers } = request.headers
    const { method, url: path } = request
    const asked = ask({ hostname, port, method, path, headers })
    asked.end(body)
    const [answer] = await once(asked, 'response')
    put.status = answer.statusCode
    response.writeHead(answer.statusCode, answer.headers)
    answer.pipe(response)
  }
  const server = createServer((request, response) => {
    handOn(request, response).catch(() => response.destroy())
  })
  return Object.assign(o, { server, url: `http://127.0.0.1:${await portOf(server)}` })
}

const types = { js: 'text/javascript', html: 'text/html', json: 'application/json' }

/** The two doors as few modules: a tab loads them in a moment. */
async function builtDoors() {
  const pathOf = (door) => fileURLToPath(new URL(`../../dist/doors/${door}.js`, import.meta.url))
  const bundle = await rollup({
    input: ['index', 'upload'].map(pathOf),
    plugins: [nodeResolve({ browser: true })],
  })
  const { output } = await bundle.generate({ format: 'es' })
  await bundle.close()
  return Object.fromEntries(output.map(({ fileName, code }) => [`/doors/${fileName}`, code]))
}

/** The page, the library, and the ledger. */
async function startSite(settings, ledger, look) {
  const doors = await builtDoors()
  const page = new URL('page/', import.meta.url)
  const fileAt = (path) =>
    path === '/settings'
      ? JSON.stringify(settings())
      : (doors[path] ?? readFile(new URL(path.slice(1), page)))
  const answer = async (request, response) => {
    const body = await bodyOf(request)
    look('page', request, body)
    if (request.method === 'POST') {
      ledger.enter(JSON.parse(body.toString()))
      response.end()
      return
    }
    const { pathname } = new URL(request.url, 'http://localhost')
    const path = pathname === '/' ? '/index.html' : pathname
    const file = await fileAt(path)
    response.setHeader('content-type', types[path.split('.').at(-1)] ?? types.json).end(file)
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.writeHead(404).end())
  })
  return { server, origin: `http://127.0.0.1:${await portOf(server)}`, files: doors }
}

/** The handler; its requests are looked at before it reads them. */
async function startHandler(o, look) {
  const listener = uploadListener(o)
  const answer = async (request, response) => {
    const body = await bodyOf(request)
    look('handler', request, body)
    const { method, url, headers } = request
    const again = async function* () {
      yield body
    }
    listener({ method, url, headers, [Symbol.asyncIterator]: again }, response)
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  return { server, url: `http://127.0.0.1:${await portOf(server)}/uploads` }
}

/**
 * @param {import('@aws-sdk/client-s3').S3ClientConfig} config of an S3
 * @param {Record<string, string>} markers - texts that may reach no server
 */
export async function makePageWorld(config, markers) {
  const folder = await mkdtemp(join(tmpdir(), 'sealdrop-pages-'))
  const local = await startLocalKms({
    keys: [
      { alias: 'alias/claims', spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT' },
      { alias: 'alias/links', spec: 'ECC_NIST_P256', usage: 'SIGN_VERIFY' },
    ],
  })
  const kms = local.clientConfig
  const { jwks } = await createPublisher({ kms, keys: [{ key: 'alias/claims' }] }).documents()
  const opener = createOpener({ kms, keys: ['alias/claims'] })
  const ledger = makeLedger()
  const { found, look, traces, token } = makeLookout(markers)
  const store = await startBucket(config.endpoint, look)
  // under the address that pages see: signatures are over it
  const s3 = new S3Client({ ...config, endpoint: store.url })
  const bucket = `pages-${randomUUID().slice(0, 8)}`
  await s3.send(new CreateBucketCommand({ Bucket: bucket }))
  const settings = () => ({ handler: handler.url, jwks, context })
  const site = await startSite(settings, ledger, look)
  const origins = [site.origin]
  await s3.send(
    new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration: bucketCors({ origins }) }),
  )
  const to = { s3, bucket, prefix: 'inbox/' }
  let links
  const isLink = ({ headers }) => headers.get('authorization')?.split('.').length === 3
  const either = (asked) => (isLink(asked.request) ? links(asked) : authorize(asked))
  const by = { authorize: either, secrets: [secret], origins }
  const handler = await startHandler({ ...to, ...by }, look)
  const ofLinks = { kms, key: 'alias/links' }
  const linkKeys = importKeySet(await publicJwk(ofLinks), { trust: inHand() })
  const linkStore = memoryLinks()
  links = dropLinks({ keys: linkKeys, audience: handler.url, store: linkStore })
  const servers = [store.server, site.server, handler.server]
  return {
    folder,
    jwks,
    ledger,
    store,
    found,
    traces,
    token,
    linkStore,
    /** A link to the page. */
    linkOf: async (query, o = {}) =>
      createDropLink({
        ...ofLinks,
        page: `${site.origin}/?${new URLSearchParams({ by: 'link', ...query })}`,
        audience: handler.url,
        subject: 'acme',
        context,
        expiresIn: 3_600_000,
        ...o,
      }),
    site: site.origin,
    /** What the page's server answers by path, beside the files of the folder. */
    files: site.files,
    bucket,
    linkJwk: await publicJwk(ofLinks),
    bucketUrl: `${store.url}/${bucket}`,
    /** SHA-256 of what the company opens. */
    async openedHash(key) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
      const { readable } = await opener.openStream(Body.transformToWebStream(), { context })
      const hash = createHash('sha256')
      for await (const chunk of readable) hash.update(chunk)
      return hash.digest('hex')
    },
    async close() {
      for (const server of servers) {
        server.close()
        server.closeAllConnections()
      }
      s3.destroy()
      await opener.close()
      await local.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
