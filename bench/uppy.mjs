// npm run bench:uppy: how long Uppy takes in Chromium with `SealedUploader`, beside its own uploader
// to S3, @uppy/aws-s3, with the same file as it is. Both go to an S3 that we did not write.
//
// - A proxy adds 100 ms to each request. Parts have 5 MiB on both sides.
// - The two take turns, and the ratio is that of their medians.
// - `node bench/uppy.mjs 64 3` sends 64 MiB three times each, instead of 50 MiB three times.
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { createServer, request as ask } from 'node:http'
import { join } from 'node:path'
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

/** Hands requests on, each 100 ms later. */
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
  const server = createServer((from, to) => void setTimeout(() => handOn(from, to), delay))
  return { server, url: `http://127.0.0.1:${await portOf(server)}` }
}

/** What the page runs: one upload by one of the two. */
const script = `
import AwsS3 from '@uppy/aws-s3'
import Uppy from '@uppy/core'
import { importKeySet, inHand } from 'sealdrop'
import { uploadTransport } from 'sealdrop/upload'
import { SealedUploader } from 'sealdrop/uppy'
const { handler, jwks, context } = await (await fetch('/settings')).json()
const keys = importKeySet(jwks, { trust: inHand() })
const transport = uploadTransport(handler, {
  headers: async () => {
    await new Promise((resolve) => setTimeout(resolve, ${delay}))
    return { authorization: 'Bearer acme' }
  },
})
const sealed = () => [SealedUploader, { keys, context, transport, partLength: ${partLength} }]
const plain = () => [
  AwsS3,
  {
    signRequest: (request) => globalThis.sign(request),
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
const signer = (s3, Bucket) => async (request) => {
  const { method, key: Key, uploadId: UploadId, partNumber: PartNumber } = request
  const which = method === 'POST' ? `POST ${UploadId ? 'end' : 'begin'}` : method
  const Command = commands[which]
  const input = { Bucket, Key, UploadId, PartNumber }
  return { url: await getSignedUrl(s3, new Command(input), { expiresIn: 900 }) }
}

const server = await startVersitygw()
let proxy
const made = await makePageWorld(server.config, {}, async (url) => {
  proxy = await startProxy(url)
  return proxy.url
})
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
const stdin = { contents: script, resolveDir: fileURLToPath(new URL('../', import.meta.url)) }
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
  await page.exposeFunction('sign', signer(s3, made.bucket))
  await page.goto(`${made.site}/bench.html`)
  await page.waitForFunction('globalThis.page')
  await (await page.waitForSelector('input'))?.uploadFile(path)
  for (let round = 0; round < rounds; round++)
    for (const which of Object.keys(times)) {
      times[which].push(await page.evaluate(`globalThis.page('${which}')`))
      console.log(which, (times[which].at(-1) / 1_000).toFixed(2), 's')
    }
} finally {
  await browser.close()
  s3.destroy()
  await made.close()
  proxy?.server.close()
  proxy?.server.closeAllConnections()
  server.close()
}
const ratio = median(times.plain) / median(times.sealed)
console.log(`${size} MiB: ${ratio.toFixed(2)} times as fast as @uppy/aws-s3, at least 2.5 wanted`)
process.exitCode = ratio >= 2.5 ? 0 : 1
