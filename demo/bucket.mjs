// The bucket that files arrive in: a small S3 of our own, or one that was named.
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  PutBucketCorsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { bucketCors, bucketDoctor } from 'sealdrop/s3'
import { startS3 } from './s3/server.mjs'
import { writeJson } from './write-json.mjs'

/** What every key of a file begins with. */
export const prefix = 'inbox/'

/**
 * A bucket that files arrive in.
 *
 * @typedef {object} Bucket
 * @property {S3Client} s3
 * @property {string} bucket
 * @property {string} origin - where pages send to
 * @property {boolean} isOwn - whether it is the demo's, which then keeps it small
 * @property {string} secret - of the sessions of uploads, the same over restarts
 * @property {() => Promise<void>} close
 */

/** What must be the same after a restart, or an open page could not go on. */
async function kept(path) {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text !== undefined) return JSON.parse(text)
  const random = () => randomBytes(32).toString('base64url')
  const made = { secret: random(), port: 0, accessKeyId: 'DEMO', secretAccessKey: random() }
  await writeJson(path, made)
  return made
}

/** The server at the port that it had before, where nobody else has it now. */
async function startNear(o) {
  try {
    return await startS3(o)
  } catch (error) {
    if (Object(error).code !== 'EADDRINUSE') throw error
    return startS3({ ...o, port: 0 })
  }
}

async function ownBucket({ dir, path, before, origins, log }) {
  const { accessKeyId, secretAccessKey, port } = before
  const server = await startNear({ dir, port, credentials: { accessKeyId, secretAccessKey }, log })
  if (server.port !== port) await writeJson(path, { ...before, port: server.port })
  const s3 = new S3Client(server.config)
  const Bucket = 'demo'
  await s3.send(new CreateBucketCommand({ Bucket })).catch((error) => {
    if (error.name !== 'BucketAlreadyOwnedByYou') throw error
  })
  const CORSConfiguration = bucketCors({ origins })
  await s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration }))
  return { s3, bucket: Bucket, stop: () => server.close() }
}

/**
 * A bucket of somebody's: it is looked at, and its rules are not changed.
 *
 * @param {{ bucket: string, endpoint?: string }} named
 * @param {{ origins: string[], log: (line: string) => void }} o
 */
async function namedBucket({ bucket, endpoint }, { origins, log }) {
  const s3 = new S3Client({ ...(endpoint && { endpoint, forcePathStyle: true }) })
  const findings = await bucketDoctor({ s3, bucket, prefix, origins })
  for (const { check, ok, advice } of findings) if (!ok) log(`${check}: NOT OK. ${advice}`)
  return { s3, bucket, stop: async () => {} }
}

/**
 * @param {object} o
 * @param {string} o.dir - of the demo's own S3
 * @param {string} o.keys - folder of what is kept beside it
 * @param {{ bucket: string, endpoint?: string }} [o.named] - a bucket to use instead
 * @param {string[]} o.origins - of the pages that send
 * @param {(line: string) => void} o.log
 * @returns {Promise<Bucket>}
 */
export async function openBucket({ dir, keys, named, origins, log }) {
  const path = join(keys, 'uploads.json')
  const before = await kept(path)
  const { s3, bucket, stop } = await (named
    ? namedBucket(named, { origins, log })
    : ownBucket({ dir, path, before, origins, log }))
  const url = await getSignedUrl(s3, new PutObjectCommand({ Bucket: bucket, Key: 'x' }))
  return {
    s3,
    bucket,
    origin: new URL(url).origin,
    isOwn: !named,
    secret: before.secret,
    async close() {
      s3.destroy()
      await stop()
    },
  }
}
