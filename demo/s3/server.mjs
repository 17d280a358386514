// A small S3 on loopback, for uploads: its objects are files in a folder. It has the operations that
// partners' uploads need, and answers to them what S3 answers.
//
// What it does not have is refused with NotImplemented or MethodNotAllowed, never ignored. A policy
// of a bucket is kept and not asked, versions and encryption are not there.
import { randomBytes } from 'node:crypto'
import { mkdir, readdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expectedOf } from './bodies.mjs'
import { BucketFolder } from './bucket-folder.mjs'
import { corsHeaders, preflight } from './cors.mjs'
import { ensure, S3Fault } from './fault.mjs'
import { operationOf } from './operations.mjs'
import { checkSignature } from './signatures.mjs'
import { writeXml } from './xml.mjs'

const bucketName = /^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
const loopback = /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i

/**
 * The buckets of a folder. What was not made here is left alone.
 *
 * @param {string} dir
 */
async function openBuckets(dir, log) {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const buckets = new Map()
  const bucketOf = (name) => Object.assign(new BucketFolder(join(dir, name), log), { name })
  for (const name of await readdir(dir))
    if (bucketName.test(name) && (await BucketFolder.isOne(join(dir, name))))
      buckets.set(name, await bucketOf(name).open())
  return {
    of(name) {
      const bucket = buckets.get(name)
      if (!bucket) throw new S3Fault('NoSuchBucket')
      return bucket
    },
    find: (name) => buckets.get(name),
    async make(name) {
      ensure(bucketName.test(name), 'InvalidBucketName')
      ensure(!buckets.has(name), 'BucketAlreadyOwnedByYou')
      buckets.set(name, await bucketOf(name).make())
      return { headers: { location: `/${name}` } }
    },
  }
}

/** A request as the operations take it. */
function requestOf(incoming) {
  const { method = '', url = '', headers, headersDistinct } = incoming
  const [path, ...query] = url.split('?')
  const [, name = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(decoded(path)) ?? []
  return {
    method,
    path,
    query: query.join('?'),
    params: new URLSearchParams(query.join('?')),
    name,
    key,
    headers,
    headersDistinct,
    host: headers.host ?? '',
  }
}

function decoded(path) {
  try {
    return decodeURIComponent(path)
  } catch {
    throw new S3Fault('InvalidArgument')
  }
}

const region = 'us-east-1'

/** What answers a request that came. */
function answering({ buckets, credentials, now }) {
  /** @returns {Promise<import('./operations.mjs').Answer>} */
  return async function answer(incoming, proceed) {
    const request = requestOf(incoming)
    const { method, name, headers } = request
    if (method === 'OPTIONS') return { headers: preflight(buckets.of(name).settings.cors, headers) }
    const payload = checkSignature(
      { ...request, headers: request.headersDistinct },
      { ...credentials, region, now: now() },
    )
    const work = operationOf(request)
    const expected = expectedOf(headers, payload)
    // a body is asked for once it is known that it is wanted
    const body = () => {
      proceed()
      return incoming
    }
    return work({ ...request, expected, body, buckets, bucket: buckets.find(name) })
  }
}

/**
 * Starts it.
 *
 * @param {object} o
 * @param {string} o.dir - folder of the buckets; one server at a time may have it
 * @param {number} [o.port] default 0, any free one
 * @param {{ accessKeyId: string, secretAccessKey: string }} [o.credentials] default: new ones
 * @param {() => number} [o.now] the clock, in milliseconds
 * @param {(line: string) => void} [o.log] told of what the disk lost; default: nobody
 * @returns `config` for AWS's S3 client, `url`, `port`, `close()`
 */
export async function startS3({
  dir,
  port = 0,
  credentials = newCredentials(),
  now = Date.now,
  log = () => {},
}) {
  const buckets = await openBuckets(dir, log)
  const answer = answering({ buckets, credentials, now })

  async function handle(incoming, response, proceed = () => {}) {
    const id = randomBytes(8).toString('hex').toUpperCase()
    const { host = '' } = incoming.headers
    if (!loopback.test(host)) return void response.writeHead(421).end()
    const found = await answer(incoming, proceed).catch((error) => faultOf(error, incoming, id))
    try {
      await write(found, { id, incoming, response })
    } finally {
      await found.done?.()
    }
  }

  async function write(found, { id, incoming, response }) {
    const { status = 200, headers = {}, xml, body } = found
    const text = xml && writeXml(...xml)
    const cors = status < 500 && crossOrigin(buckets, incoming)
    const all = { 'x-amz-request-id': id, ...cors, ...lengthOf(found, text), ...headers }
    response.writeHead(status, all)
    if (body && incoming.method !== 'HEAD') await pipeline(Readable.from(body), response)
    else response.end(incoming.method === 'HEAD' ? undefined : text)
  }

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => response.destroy())
  })
  server.on('checkContinue', (incoming, response) => {
    handle(incoming, response, () => response.writeContinue()).catch(() => response.destroy())
  })
  server.requestTimeout = 0 // a part may take long
  server.keepAliveTimeout = 90_000 // longer than a client waits between two parts
  await listen(server, port)
  const address = server.address()
  const bound = typeof address === 'object' ? address?.port : 0
  const url = `http://127.0.0.1:${bound}`
  return {
    url,
    port: bound,
    config: { endpoint: url, region, credentials, forcePathStyle: true },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

/**
 * What an answer says of its body. One in chunks that has none would be taken for broken XML by
 * Firefox.
 *
 * @param {import('./operations.mjs').Answer} answer
 * @param {string} [text]
 * @returns {Record<string, string>}
 */
function lengthOf({ status, body }, text) {
  const length = { 'content-length': String(Buffer.byteLength(text ?? '')) }
  if (text) return { ...length, 'content-type': 'application/xml' }
  return body || status === 204 ? {} : length
}

const newCredentials = () => ({
  accessKeyId: `LOCAL${randomBytes(8).toString('hex').toUpperCase()}`,
  secretAccessKey: randomBytes(30).toString('base64url'),
})

const listen = (server, port) =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve(undefined)
    })
  })

/** What lets a page of another origin read the answer; nothing where the bucket has no such rule. */
function crossOrigin(buckets, incoming) {
  const { origin } = incoming.headers
  if (origin === undefined || incoming.method === 'OPTIONS') return {}
  const [, name = ''] = /^\/([^/?]*)/.exec(incoming.url ?? '') ?? []
  const rules = buckets.find(name)?.settings.cors ?? []
  return corsHeaders(rules, { origin, method: incoming.method })
}

/**
 * An error as S3 writes it. What broke here itself is not told.
 *
 * @returns {import('./operations.mjs').Answer}
 */
function faultOf(error, { method }, RequestId) {
  const isFull = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(Object(error).code)
  const fault =
    error instanceof S3Fault ? error : new S3Fault(isFull ? 'SlowDown' : 'InternalError')
  const { status, code, message } = fault
  if (method === 'HEAD') return { status }
  return { status, xml: ['Error', { Code: code, Message: message, RequestId }] }
}
