// The company's half of the bucket: it reads what arrived, leaves receipts for it, opens it on
// demand, and keeps the demo's own bucket small. Of a bucket that was named, only `receipts/` is
// written, and nothing is removed.
import { statfs } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  PutObjectTaggingCommand,
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
const spare = 256 * MiB
const folder = 'receipts/'
const namePattern = /^[\w-]{22}$/
/** What an object has, in the demo's own bucket, once `complete` looked at its header. */
const confirmedTag = { Key: 'confirmed', Value: 'yes' }

/**
 * Bounds of the demo's own bucket. One that was named has its own rules.
 *
 * @typedef {object} Limits
 * @property {number} [maxLength] - of a sealed file, in bytes
 * @property {number} [maxArriving] - files that may be incomplete at once; the longest untouched
 *   gives way after an hour
 * @property {number} [maxKept] - whole files that are kept
 */

/** @typedef {{ s3: import('@aws-sdk/client-s3').S3Client, bucket: string }} Place */

/** Calls of S3 about a bucket. @param {Place} place */
function callsOf({ s3, bucket: Bucket }) {
  const absent = (error) => {
    if (['NotFound', 'NoSuchKey', 'NoSuchUpload'].includes(error.name)) return undefined
    throw error
  }
  const tags = async (Key) => {
    const { TagSet = [] } = await s3.send(new GetObjectTaggingCommand({ Bucket, Key }))
    return TagSet
  }
  return {
    head: (Key) => s3.send(new HeadObjectCommand({ Bucket, Key })).catch(absent),
    put: (Key, Body) =>
      s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentType: 'text/plain' })),
    remove: (Key) => s3.send(new DeleteObjectCommand({ Bucket, Key })),
    isConfirmed: async (Key) => (await tags(Key)).some((tag) => tag.Key === confirmedTag.Key),
    /** Marks an object. Its other tags stay. */
    confirm: async (Key) => {
      const others = (await tags(Key)).filter((tag) => tag.Key !== confirmedTag.Key)
      const Tagging = { TagSet: [...others, confirmedTag] }
      await s3.send(new PutObjectTaggingCommand({ Bucket, Key, Tagging }))
    },
    /** @param {Arriving} upload */
    abort: ({ Key, UploadId }) =>
      s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })).catch(absent),
    objects: async (Prefix) => {
      const all = []
      for await (const { Contents = [] } of paginateListObjectsV2(
        { client: s3 },
        { Bucket, Prefix },
      ))
        all.push(...Contents)
      return all
    },
    /** @returns {Promise<Arriving[]>} */
    uploads: async () =>
      (await s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix: prefix }))).Uploads ?? [],
    /** When the last of its parts arrived; undefined where there is none. @param {Arriving} upload */
    lastPart: async ({ Key, UploadId }) => {
      let last
      let PartNumberMarker
      do {
        const input = { Bucket, Key, UploadId, PartNumberMarker }
        const page = await s3.send(new ListPartsCommand(input)).catch(absent)
        for (const { LastModified } of page?.Parts ?? [])
          last = Math.max(last ?? 0, Number(LastModified))
        PartNumberMarker = page?.IsTruncated ? page.NextPartNumberMarker : undefined
      } while (PartNumberMarker)
      return last
    },
  }
}

/** @typedef {import('@aws-sdk/client-s3').MultipartUpload} Arriving */

/** Keeps the demo's own bucket small. @param {Limits & { dir: string, calls: ReturnType<typeof callsOf> }} o */
function boundsOf({ dir, calls, maxArriving = 8, maxKept = 16 }) {
  /**
   * What was begun here in the last hour, by attempt, until it is whole or aborted. S3 does not list
   * a file of one PUT, nor an upload that is about to be created.
   *
   * @type {Map<string, { key: string, at: number }>}
   */
  const begun = new Map()

  /** For how long nothing of an upload arrived. @param {Arriving} upload */
  async function withIdle(upload) {
    const age = Date.now() - Number(upload.Initiated)
    const last = age > hour ? await calls.lastPart(upload) : undefined
    return { upload, idle: last === undefined ? age : Date.now() - last }
  }

  /** How many files are incomplete: those that S3 lists, and those that it does not list yet. */
  function countOf(listed) {
    const counts = (keys) => {
      const found = new Map()
      for (const key of keys) found.set(key, (found.get(key) ?? 0) + 1)
      return found
    }
    const [there, here] = [
      counts(listed.map(({ upload }) => upload.Key)),
      counts([...begun.values()].map(({ key }) => key)),
    ]
    const keys = [...new Set([...there.keys(), ...here.keys()])]
    return keys.reduce((sum, key) => sum + Math.max(there.get(key) ?? 0, here.get(key) ?? 0), 0)
  }

  /** Whole files are kept until newer ones take their place. */
  async function prune() {
    const whole = await calls.objects(prefix)
    const newest = whole.sort((a, b) => Number(b.LastModified) - Number(a.LastModified))
    for (const { Key } of newest.slice(maxKept)) {
      await calls.remove(Key)
      await calls.remove(folder + Key)
    }
    return newest
  }

  const forget = (isGone) => {
    for (const [attempt, one] of begun) if (isGone(one)) begun.delete(attempt)
  }

  return {
    prune,
    /** Makes room for a file that is about to arrive. @throws SealdropError */
    async reserve({ key, length, attempt }) {
      const { bavail, bsize } = await statfs(dir)
      if (bavail * bsize < length + spare)
        throw new SealdropError('too_large', 'The company has no room for a file of this size now')
      const whole = new Set((await prune()).map(({ Key }) => Key))
      const arriving = await Promise.all((await calls.uploads()).map(withIdle))
      arriving.sort((a, b) => b.idle - a.idle)
      forget((one) => whole.has(one.key) || Date.now() - one.at > hour)
      const surplus = countOf(arriving) - maxArriving
      const givesWay = ({ idle }, i) => idle > staleAfter || (i <= surplus && idle > hour)
      const old = arriving.filter(givesWay)
      for (const { upload } of old) await calls.abort(upload)
      // counted and entered in one step, since others are begun meanwhile
      if (countOf(arriving.filter((one) => !old.includes(one))) >= maxArriving)
        throw new SealdropError('output_failed', 'too many files are arriving', { retryable: true })
      begun.set(attempt, { key, at: Date.now() })
    },
    release: ({ attempt }) => void begun.delete(attempt),
    /** The file of this key was aborted, and nothing of it is expected. */
    aborted: (key) => forget((one) => one.key === key),
  }
}

const unbound = { reserve: async () => {}, release() {}, aborted() {}, prune: async () => {} }

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
  /** Keys of objects whose header `complete` looked at. */
  const confirmed = new Set()
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

  /** What is no sealed file, or is sealed for something else, is not kept in the demo's own bucket. */
  async function refuse(key, error) {
    log(`${key} got no receipt: ${isSealdropError(error) ? error.message : error.name}`)
    if (isOwn && ['malformed', 'context_mismatch', 'unsupported_algorithm'].includes(error.code))
      await calls.remove(key).catch(() => {})
    await setTimeout(rest, undefined, { ref: false })
  }

  /** Reads a file, once at a time. */
  function read(key) {
    const work = reading.get(key) ?? receive(key).catch((error) => refuse(key, error))
    reading.set(key, work)
    return work.finally(() => reading.delete(key))
  }

  /**
   * Told of a file that `complete` found whole, and to be what was announced. In production an event
   * of S3 starts this, in another process.
   */
  async function arrived(key) {
    confirmed.add(key)
    if (isOwn) await calls.confirm(key).catch((error) => log(`${key} not marked: ${error.name}`))
    await read(key)
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
    /** Told that somebody waits for a receipt: what failed is tried again. */
    asked: async (key) => {
      if (confirmed.has(key)) await read(key)
    },
    open,
    reserve: bounds.reserve,
    release: bounds.release,
    aborted: bounds.aborted,
    /** What arrived and has no receipt, since the demo was ended meanwhile. */
    catchUp: async () => {
      if (!isOwn) return
      for (const { Key } of await calls.objects(prefix))
        if (await calls.isConfirmed(Key)) {
          confirmed.add(Key)
          await read(Key)
        }
    },
  }
}
