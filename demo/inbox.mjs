// The company's half of the bucket: it reads what arrived, leaves receipts for it, opens it on
// demand, and keeps the demo's own bucket small.
import { statfs } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { isSealdropError, SealdropError } from 'sealdrop'
import { s3Source } from 'sealdrop/s3'
import { prefix } from './bucket.mjs'
import { refusal } from './refusal.mjs'

const MiB = 2 ** 20
const hour = 3_600_000
/** Pages keep for as long what they need to go on. */
const staleAfter = 7 * 24 * hour
/** So much is left free on the disk. */
const reserve = 256 * MiB
const folder = 'receipts/'
const namePattern = /^[\w-]{22}$/

/**
 * Bounds of the demo's own bucket. One that was named has its own rules.
 *
 * @typedef {object} Limits
 * @property {number} [maxLength] - of a sealed file, in bytes
 * @property {number} [maxArriving] - files that may be incomplete at once; the oldest gives way
 *   after an hour
 * @property {number} [maxKept] - whole files that are kept
 */

/** @typedef {{ s3: import('@aws-sdk/client-s3').S3Client, bucket: string }} Place */

/** Calls of S3 about a bucket. @param {Place} place */
function callsOf({ s3, bucket: Bucket }) {
  const absent = (error) => {
    if (['NotFound', 'NoSuchKey', 'NoSuchUpload'].includes(error.name)) return undefined
    throw error
  }
  return {
    head: (Key) => s3.send(new HeadObjectCommand({ Bucket, Key })).catch(absent),
    text: async (Key) => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
      return Body?.transformToString()
    },
    put: (Key, Body) =>
      s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentType: 'text/plain' })),
    remove: (Key) => s3.send(new DeleteObjectCommand({ Bucket, Key })),
    /** @param {import('@aws-sdk/client-s3').MultipartUpload} upload */
    abort: ({ Key, UploadId }) =>
      s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })).catch(absent),
    objects: async (Prefix) =>
      (await s3.send(new ListObjectsV2Command({ Bucket, Prefix }))).Contents ?? [],
    uploads: async () =>
      (await s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix: prefix }))).Uploads ?? [],
  }
}

/** @typedef {import('@aws-sdk/client-s3').MultipartUpload} Arriving */

/** Keeps the demo's own bucket small. @param {Limits & { dir: string, calls: ReturnType<typeof callsOf> }} o */
function boundsOf({ dir, calls, maxArriving = 8, maxKept = 16 }) {
  /** @param {Arriving} upload */
  const age = ({ Initiated }) => Date.now() - Number(Initiated)
  return {
    /** Makes room for a file that is about to arrive. @throws SealdropError */
    async makeRoom(length) {
      const arriving = (await calls.uploads()).sort((a, b) => age(b) - age(a))
      const surplus = arriving.length - maxArriving
      const givesWay = (upload, i) =>
        age(upload) > staleAfter || (i <= surplus && age(upload) > hour)
      const old = arriving.filter(givesWay)
      for (const upload of old) await calls.abort(upload)
      if (arriving.length - old.length >= maxArriving)
        throw new SealdropError('output_failed', 'too many files are arriving', { retryable: true })
      const { bavail, bsize } = await statfs(dir)
      if (bavail * bsize < length + reserve)
        throw new SealdropError('too_large', 'The company has no room for a file of this size now')
    },
    /** Whole files are kept until newer ones take their place. */
    async prune() {
      const whole = await calls.objects(prefix)
      const newest = whole.sort((a, b) => Number(b.LastModified) - Number(a.LastModified))
      for (const { Key } of newest.slice(maxKept)) {
        await calls.remove(Key)
        await calls.remove(folder + Key)
      }
    },
  }
}

const unbound = { makeRoom: async () => {}, prune: async () => {} }

/**
 * @param {object} o
 * @param {import('./bucket.mjs').Bucket} o.bucket
 * @param {ReturnType<typeof import('./companion.mjs').createCompanion>} o.companion
 * @param {string} o.dir - of the demo's own S3
 * @param {Limits} o.limits
 * @param {(line: string) => void} o.log
 * @param {number} [o.rest] - milliseconds before a file that failed is read again
 */
export function createInbox({ bucket: { s3, bucket, isOwn }, companion, dir, log, ...o }) {
  const { limits, rest = 5_000 } = o
  const calls = callsOf({ s3, bucket })
  const bounds = isOwn ? boundsOf({ ...limits, dir, calls }) : unbound
  /** Files that are being read, so that each gets one receipt. @type {Map<string, Promise<void>>} */
  const reading = new Map()

  /** Reads a file that arrived, without a key, and leaves the receipt for it. */
  async function receive(key) {
    if (await calls.head(folder + key)) return
    const counter = { kmsCalls: 0 }
    const facts = await companion.examine(await s3Source({ s3, bucket, key }))
    const { receipt } = await companion.receiveFile(facts, counter)
    await calls.put(folder + key, receipt)
    log(`${key} received, ${counter.kmsCalls} KMS calls`)
    await bounds.prune()
  }

  /** What is no sealed file, or is sealed for something else, is not kept. */
  async function refuse(key, error) {
    log(`${key} got no receipt: ${isSealdropError(error) ? error.message : error.name}`)
    if (['malformed', 'context_mismatch', 'unsupported_algorithm'].includes(error.code))
      await calls.remove(key).catch(() => {})
    await setTimeout(rest, undefined, { ref: false })
  }

  /**
   * Told of a file that is whole, or whose receipt somebody waits for. In production an event of S3
   * starts this, in another process.
   */
  function arrived(key) {
    const work = reading.get(key) ?? receive(key).catch((error) => refuse(key, error))
    reading.set(key, work)
    return work.finally(() => reading.delete(key))
  }

  /** Opens a file to its end, and leaves a receipt that says so. */
  async function open(name, counter, { signal, change = (source) => source }) {
    const key = prefix + name
    const found = namePattern.test(name) ? await calls.head(key) : undefined
    if (!found) throw refusal('not_found', 'The company has no such file')
    const source = change(await s3Source({ s3, bucket, key, signal }))
    const sealedName = found.Metadata?.['sealdrop-name']
    const opened = await companion.openFile({ source, sealedName }, counter, { signal })
    await calls.put(folder + key, opened.receipt)
    return opened
  }

  return {
    arrived,
    open,
    /** @param {number} length */
    makeRoom: (length) => bounds.makeRoom(length),
    /** What arrived and has no receipt, since the demo was ended meanwhile. */
    catchUp: async () => {
      if (!isOwn) return
      for (const { Key } of await calls.objects(prefix)) await arrived(Key)
    },
  }
}
