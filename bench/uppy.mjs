// npm run bench:uppy: how long Uppy takes in Chromium with `SealedUploader`, beside its own uploader
// to S3, @uppy/aws-s3, with the same file as it is. Both go to an S3 that we did not write.
//
// - A proxy adds 100 ms to each request of the page: to the bucket, to the handler, and to the server
//   that signs for @uppy/aws-s3, which a page asks before each of its requests to the bucket.
// - The handler stands beside its bucket: what it asks there itself is not held back.
// - Parts have 5 MiB on both sides, and each side sends once before its time is taken.
// - The two take turns, and the ratio is that of their medians.
// - `node bench/uppy.mjs 64 3` sends 64 MiB three times each, instead of 50 MiB three times.
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { createServer, request as ask } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
  PutBucketCorsCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { build } from 'esbuild'
import { context, launches, makePageWorld } from '../test/s3/page-world.mjs'
import { portOf } from '../test/support/listen.mjs'
import { startVersitygw } from '../test/support/versitygw.mjs'

const MiB = 2 ** 20
const partLength = 5 * MiB
const delay = 100
const [size = 50, rounds = 3] = process.argv.slice(2).map(Number)
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]

/** Hands requests on, each of a page 100 ms later: a browser names its origin. */
async function startProxy(endpoint) {
  const { hostname, port } = new URL(endpoint)
  const handOn = (from, to) => {
    const { method, url: path, headers } = from
    const asked = ask({ hostname, port, method, path, headers }, (answer) => {
      to.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(to)
    })
    asked.on('error', () => to.destroy())
    from.pipe(asked)
  }
  const server = createServer(
    (from, to) => void setTimeout(() => handOn(from, to), from.headers.origin ? delay : 0),
  )
  return { server, url: `http://127.0.0.1:${await portOf(server)}` }
}

/** The server that signs for @uppy/aws-s3. */
async function startSigner(sign, site) {
  const answer = async (request, response) => {
    const signed = JSON.stringify(await sign(JSON.parse(await text(request))))
    response.writeHead(200, { 'access-control-allow-origin': site }).end(signed)
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  return { server, url: `http://127.0.0.1:${await portOf(server)}` }
}

/** What the page runs: one upload by one of the two. */
const scriptOf = (urls) => `
import AwsS3 from '@uppy/aws-s3'
import Uppy from '@uppy/core'
import { importKeySet, inHand } from 'sealdrop'
import { uploadTransport } from 'sealdrop/upload'
import { SealedUploader } from 'sealdrop/uppy'
const { jwks, context } = await (await fetch('/settings')).json()
const keys = importKeySet(jwks, { trust: inHand() })
const { handler, signer } = ${JSON.stringify(urls)}
const transport = uploadTransport(handler, { headers: { authorization: 'Bearer acme' } })
const sealed = () => [SealedUploader, { keys, context, transport, partLength: ${partLength} }]
const plain = () => [
  AwsS3,
  {
    // no browser asks before a request of this kind
    signRequest: async (request) =>
      (await fetch(signer, { method: 'POST', body: JSON.stringify(request) })).json(),
    shouldUseMultipart: true,
    getChunkSize: () => ${partLength},
  },
]
globalThis.page = async (which) => {
  const [data] = document.querySelector('input').files
  const uppy = new Uppy().use(...{ sealed, plain }[which]())
  uppy.addFile({ name: crypto.randomUUID(), data })
  const began = performance.now()
  const { failed } = await uppy.upload()
  const ms = performance.now() - began
  if (failed.length > 0) throw new Error(failed[0].error)
  uppy.destroy()
  return ms
}`

const commands = {
  'POST begin': CreateMultipartUploadCommand,
  'POST end': CompleteMultipartUploadCommand,
  GET: ListPartsCommand,
  PUT: UploadPartCommand,
}
const signerOf = (s3, Bucket) => async (request) => {
  const { method, key: Key, uploadId: UploadId, partNumber: PartNumber } = request
  const which = method === 'POST' ? `POST ${UploadId ? 'end' : 'begin'}` : method
  const Command = commands[which]
  const input = { Bucket, Key, UploadId, PartNumber }
  return { url: await getSignedUrl(s3, new Command(input), { expiresIn: 900 }) }
}

const server = await startVersitygw()
const servers = []
const proxied = async (url) => {
  const proxy = await startProxy(url)
  servers.push(proxy.server)
  return proxy.url
}
const made = await makePageWorld(server.config, {}, () => proxied(server.config.endpoint))
const endpoint = new URL(made.bucketUrl).origin
const s3 = new S3Client({ ...server.config, endpoint, requestChecksumCalculation: 'WHEN_REQUIRED' })
const rule = {
  AllowedOrigins: [made.site],
  AllowedMethods: ['GET', 'PUT', 'POST'],
  AllowedHeaders: ['*'],
  ExposeHeaders: ['ETag', 'x-amz-checksum-sha256'],
}
await s3.send(
  new PutBucketCorsCommand({ Bucket: made.bucket, CORSConfiguration: { CORSRules: [rule] } }),
)
const signer = await startSigner(signerOf(s3, made.bucket), made.site)
servers.push(signer.server)
const urls = {
  handler: `${await proxied(made.handler)}/uploads`,
  signer: await proxied(signer.url),
}
const stdin = {
  contents: scriptOf(urls),
  resolveDir: fileURLToPath(new URL('../', import.meta.url)),
}
const { outputFiles } = await build({ stdin, bundle: true, format: 'esm', write: false })
made.files['/bench.js'] = outputFiles[0]?.text
made.files['/bench.html'] =
  '<!doctype html><input type="file"><script type="module" src="/bench.js"></script>'
const path = join(made.folder, randomUUID())
await writeFile(path, Buffer.alloc(size * MiB - MiB, context.claim))
const browser = await launches.Chromium({ protocolTimeout: 600_000 })
const times = { sealed: /** @type {number[]} */ ([]), plain: /** @type {number[]} */ ([]) }
try {
  const page = await browser.newPage()
  await page.goto(`${made.site}/bench.html`)
  await page.waitForFunction('globalThis.page')
  await (await page.waitForSelector('input'))?.uploadFile(path)
  for (let round = 0; round <= rounds; round++)
    for (const which of Object.keys(times)) {
      const ms = Number(await page.evaluate(`globalThis.page('${which}')`))
      if (round > 0) times[which].push(ms)
      console.log(which, (ms / 1_000).toFixed(2), round > 0 ? 's' : 's, not counted')
    }
} finally {
  await browser.close()
  s3.destroy()
  await made.close()
  for (const one of servers) {
    one.close()
    one.closeAllConnections()
  }
  server.close()
}
const ratio = median(times.plain) / median(times.sealed)
console.log(`${size} MiB: ${ratio.toFixed(2)} times as fast as @uppy/aws-s3, at least 2.5 wanted`)
process.exitCode = ratio >= 2.5 ? 0 : 1
