// What a page in a real browser sends to: a bucket, a handler, and the page's own server, each at an
// origin of its own. All that reaches them is looked at.
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, request as ask } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutBucketCorsCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import puppeteer from 'puppeteer-core'
import { importKeySet, inHand } from 'sealdrop'
import { createDropLink, createOpener, createPublisher, publicJwk } from 'sealdrop/kms'
import { startLocalKms } from 'sealdrop/local-kms'
import { bucketCors, dropLinks, memoryLinks, uploadListener } from 'sealdrop/s3'
import { builtDoors } from '../support/built-doors.mjs'
import { chromiumArgs, chromiumPath } from '../support/chromium.mjs'
import { portOf } from '../support/listen.mjs'
import { tracesOf } from '../support/plaintext.mjs'
import { authorize, secret } from './world.mjs'

export const context = { claim: '7' }

/** The browsers, by name. */
export const launches = {
  Chromium: async (o = {}) =>
    puppeteer.launch({ executablePath: await chromiumPath(), args: chromiumArgs, ...o }),
  Firefox: (o = {}) =>
    puppeteer.launch({
      browser: 'firefox',
      executablePath: process.env.FIREFOX_PATH ?? '/usr/bin/firefox-esr',
      headless: true,
      ...o,
    }),
}

async function bodyOf(request) {
  const body = Buffer.allocUnsafeSlow(Number(request.headers['content-length'] ?? 0))
  let at = 0
  for await (const chunk of request) at += chunk.copy(body, at)
  return body
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

/** A part on its way: the object's key, its number, and the hash that its sender signed. */
function partOf({ url, headers }) {
  const { pathname, searchParams } = new URL(url, 'http://localhost')
  const part = Number(searchParams.get('partNumber') ?? 1)
  return { url, key: pathname, part, sum: headers['x-amz-checksum-sha256'], status: 0, instead: 0 }
}

/** What a part is: its URL carries who signed it, and nobody else sends by one. */
const isSigned = ({ method, url }) => method === 'PUT' && /[?&]X-Amz-Signature=/.test(url)

/** An answer that S3 did not give. */
const refuse = (response, { status, code }) =>
  response
    .writeHead(status, { 'content-type': 'application/xml', 'access-control-allow-origin': '*' })
    .end(`<Error><Code>${code}</Code><Message>made up for a test</Message></Error>`)

/**
 * Hands everything on to the bucket, and keeps a list of the parts that were sent.
 *
 * - `o.before` may keep a part back; one that nobody waits for any more is not handed on
 * - `o.after` may keep its answer back
 * - a status and a code that either of them answers are answered instead
 * - `o.isDown`: no connection is taken
 */
async function startBucket(endpoint, look) {
  const { hostname, port } = new URL(endpoint)
  /** The answers that somebody waits for. */
  const open = new Set()
  /** Ends all connections, as a network does that goes away. */
  const cut = () => open.forEach((response) => response.destroy())
  /** @type {{ puts: any[], before?: any, after?: any, isDown: boolean, cut: () => void }} */
  const o = { puts: [], isDown: false, cut }
  const handOn = async (request, response) => {
    const isPart = isSigned(request)
    const put = partOf(request)
    if (isPart) o.puts.push(put)
    open.add(response)
    response.once('close', () => open.delete(response))
    const body = await bodyOf(request)
    look('bucket', request, body)
    const closed = once(response, 'close').then(() => undefined)
    const instead = isPart && (await Promise.race([o.before?.(put), closed]))
    if (response.destroyed) return
    if (instead) put.instead = instead.status
    if (instead) return refuse(response, instead)
    const { expect: _expect, ...headers } = request.headers
    const { method, url: path } = request
    // a connection of its own: one that is used again may be closed by the bucket as it is used
    const asked = ask({ hostname, port, method, path, headers, agent: false })
    asked.on('error', () => response.destroy())
    asked.end(body)
    const [answer] = await once(asked, 'response')
    put.status = answer.statusCode
    const after = isPart && (await o.after?.(put))
    if (after) put.instead = after.status
    if (after) return refuse(response, after)
    // Chromium itself repeats what was cut off on a connection that it used before
    response.writeHead(answer.statusCode, { ...answer.headers, connection: 'close' })
    answer.pipe(response)
  }
  const server = createServer((request, response) => {
    handOn(request, response).catch(() => response.destroy())
  })
  server.on('connection', (socket) => o.isDown && socket.destroy())
  return Object.assign(o, { server, url: `http://127.0.0.1:${await portOf(server)}` })
}

const types = {
  js: 'text/javascript',
  html: 'text/html',
  css: 'text/css',
  json: 'application/json',
}

/** What was built, for a page that loads this build and no other. */
const dist = new URL('../../dist/', import.meta.url)

/**
 * The page, the library, the ledger, and who hears where an upload is.
 *
 * `o.build` is that of the pages that are opened next, and `o.atPoint` may keep an upload waiting.
 */
async function startSite(settings, ledger, look) {
  /** @type {{ build: URL, atPoint?: any }} */
  const o = { build: dist }
  const builds = new Map()
  /** What is answered before the doors of the build, and the files of the folder: text, or text and headers. */
  const files = {}
  const doorsNow = () => {
    if (!builds.has(o.build)) builds.set(o.build, builtDoors(['index', 'upload'], o.build))
    return builds.get(o.build)
  }
  const page = new URL('page/', import.meta.url)
  const fileAt = async (path) =>
    path === '/settings'
      ? JSON.stringify(settings())
      : (files[path] ?? (await doorsNow())[path] ?? readFile(new URL(path.slice(1), page)))
  const answer = async (request, response) => {
    const body = await bodyOf(request)
    look('page', request, body)
    if (request.url === '/point') {
      await o.atPoint?.(body.toString())
      response.end()
      return
    }
    if (request.method === 'POST') {
      ledger.enter(JSON.parse(body.toString()))
      response.end()
      return
    }
    const { pathname } = new URL(request.url, 'http://localhost')
    const path = pathname === '/' ? '/index.html' : pathname
    const file = await fileAt(path)
    const { text = file, headers = {} } = file
    response.setHeader('content-type', types[path.split('.').at(-1)] ?? types.json)
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    response.end(text)
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.writeHead(404).end())
  })
  const made = { server, origin: `http://127.0.0.1:${await portOf(server)}`, files }
  return Object.assign(o, made)
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
 * @param {(url: string) => Promise<string>} front - what pages reach in front of the bucket
 * @param {import('sealdrop/s3').UploadHandlerOptions['authorize']} allow - who may send
 */
export async function makePageWorld(
  config,
  markers,
  front = async (url) => url,
  allow = authorize,
) {
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
  const endpoint = await front(store.url)
  const s3 = new S3Client({ ...config, endpoint })
  const bucket = `pages-${randomUUID().slice(0, 8)}`
  await s3.send(new CreateBucketCommand({ Bucket: bucket }))
  const settings = () => ({ handler: handler.url, jwks, context })
  const site = await startSite(settings, ledger, look)
  const origins = [site.origin]
  await s3.send(
    new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration: bucketCors({ origins }) }),
  )
  const to = { s3, bucket, prefix: 'inbox/' }
  const clock = { behind: 0 }
  const now = () => Date.now() - clock.behind
  let links
  const isLink = ({ headers }) => headers.get('authorization')?.split('.').length === 3
  const either = (asked) => (isLink(asked.request) ? links(asked) : allow(asked))
  const by = { authorize: either, secrets: [secret], origins, now }
  const handler = await startHandler({ ...to, ...by }, look)
  const ofLinks = { kms, key: 'alias/links' }
  const linkKeys = importKeySet(await publicJwk(ofLinks), { trust: inHand() })
  const linkStore = memoryLinks()
  links = dropLinks({ keys: linkKeys, audience: handler.url, store: linkStore })
  const servers = [store.server, site.server, handler.server]
  return {
    folder,
    local,
    opener,
    s3,
    bucket,
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
    /** Of the handler: how many milliseconds it is behind. */
    clock,
    pages: site,
    handler: handler.url,
    site: site.origin,
    /** What the page's server answers by path, beside the files of the folder. */
    files: site.files,
    linkJwk: await publicJwk(ofLinks),
    bucketUrl: `${endpoint}/${bucket}`,
    /** SHA-256 of what the company opens, and length and digest of what it opened. */
    async opened(key, /** @type {Record<string, string>} */ about = context) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
      const o = { context: about, digest: true }
      const { readable, digest, sealedLength } = await opener.openStream(
        /** @type {any} */ (Body).transformToWebStream(),
        o,
      )
      const hash = createHash('sha256')
      for await (const chunk of readable) hash.update(chunk)
      return { hash: hash.digest('hex'), digest: await digest, length: await sealedLength }
    },
    async openedHash(key) {
      return (await this.opened(key)).hash
    },
    /** Keys of uploads that did not end. */
    async begun() {
      const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
      return Uploads.map(({ Key }) => Key)
    },
    /** Keys of what is whole. */
    async objects() {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket }))
      return Contents.map(({ Key }) => Key)
    },
    remove: (Key) => s3.send(new DeleteObjectCommand({ Bucket: bucket, Key })),
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
