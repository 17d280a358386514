import { createHash } from 'node:crypto'
import type { Bytes } from '../bytes/bytes.js'
import { ensure, hasMethods } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { blaming } from '../errors/whose.js'
import type { CallOptions } from '../io/abort.js'
import { giveUp } from '../io/read-limited.js'
import { planUpload, type UploadPlan } from '../upload/plan.js'
import { headObject } from './bucket.js'
import { calling, checkPlace, type Codes, type S3Place } from './calling.js'
import { checkParams, type UploadCreateParams } from './upload-options.js'

/** Where a stream goes. */
export interface S3SinkOptions extends S3Place, CallOptions {
  /** Bytes of a part, 5 to 64 MiB, and of memory. Default: as the plan of an upload says. */
  readonly partLength?: number
  /** Whether an object that is there is replaced. Default: false. */
  readonly overwrite?: boolean
  /** Encryption, storage class, tags, Object Lock. Default: nothing. */
  readonly params?: UploadCreateParams
}

/** What was stored. */
export interface StoredObject {
  readonly key: string
  readonly length: number
  /** The version id, where the bucket keeps versions. */
  readonly version?: string
}

type Input = { readonly Bucket: string; readonly Key: string }
interface SentPart {
  readonly PartNumber: number
  readonly ETag: string | undefined
  readonly ChecksumSHA256: string
}
type Sink = S3SinkOptions & { readonly at: Input; readonly length: number }

/** S3 says that an object is there, or is being made. */
const codes: Codes = { of: { 409: 'conflict', 412: 'conflict' }, other: 'output_failed' }

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64')
const compositeOf = (parts: readonly SentPart[]): string => {
  const hash = createHash('sha256')
  for (const { ChecksumSHA256 } of parts) hash.update(ChecksumSHA256, 'base64')
  return `${hash.digest('base64')}-${parts.length}`
}

/** The stream in parts, each of which lies in the same memory. It ends where the stream does. */
async function* inParts(
  readable: ReadableStream<Uint8Array>,
  partLength: number,
  length: number,
): AsyncGenerator<Bytes> {
  const part = new Uint8Array(Math.min(partLength, length))
  let filled = 0
  let total = 0
  for await (const chunk of readable) {
    total += chunk.length
    ensure(total <= length, 'source_failed', `stream: expected ${length} bytes, found more`)
    for (let at = 0; at < chunk.length;) {
      const piece = chunk.subarray(at, at + part.length - filled)
      part.set(piece, filled)
      filled += piece.length
      at += piece.length
      if (filled < part.length) continue
      yield part
      filled = 0
    }
  }
  ensure(total === length, 'source_failed', `stream: expected ${length} bytes, found ${total}`)
  if (filled > 0) yield part.subarray(0, filled)
}

/** Nothing is overwritten unless the caller says so. */
const condition = ({ overwrite = false }: Sink): { readonly IfNoneMatch?: string } =>
  overwrite ? {} : { IfNoneMatch: '*' }
const objectOf = ({
  params = {},
}: Sink): UploadCreateParams & { readonly ContentType: string } => ({
  ...params,
  ContentType: 'application/octet-stream',
})

/** A stream that fits one PUT is sent once it has ended. */
async function putWhole(o: Sink, parts: AsyncIterable<Bytes>): Promise<StoredObject> {
  let Body: Bytes = new Uint8Array()
  for await (const part of parts) Body = part
  const ChecksumSHA256 = hashOf(Body)
  const { VersionId } = await calling(codes, o.signal, (sdk, options) => {
    const input = { ...objectOf(o), ...o.at, Body, ChecksumSHA256, ...condition(o) }
    return o.s3.send(new sdk.PutObjectCommand(input), options)
  })
  return stored(o, VersionId)
}

/** Parts go one after the other, so that one of them is in memory. */
async function putParts(o: Sink, parts: AsyncIterable<Bytes>): Promise<StoredObject> {
  const { UploadId } = await calling(codes, o.signal, (sdk, options) => {
    const sums = { ChecksumAlgorithm: 'SHA256', ChecksumType: 'COMPOSITE' } as const
    const command = new sdk.CreateMultipartUploadCommand({ ...objectOf(o), ...o.at, ...sums })
    return o.s3.send(command, options)
  })
  const upload = { ...o.at, UploadId }
  try {
    const sent: SentPart[] = []
    for await (const Body of parts) {
      o.signal?.throwIfAborted()
      const part = { PartNumber: sent.length + 1, ChecksumSHA256: hashOf(Body) }
      const { ETag } = await calling(codes, o.signal, (sdk, options) =>
        o.s3.send(new sdk.UploadPartCommand({ ...upload, ...part, Body }), options),
      )
      sent.push({ ...part, ETag })
    }
    return await completeWith(o, upload, sent)
  } catch (error) {
    await calling(codes, undefined, (sdk, options) =>
      o.s3.send(new sdk.AbortMultipartUploadCommand(upload), options),
    ).catch(() => undefined)
    throw error
  }
}

/** An answer that was lost is found by the checksum of what is there. */
async function completeWith(
  o: Sink,
  upload: Input & { readonly UploadId: string | undefined },
  Parts: SentPart[],
): Promise<StoredObject> {
  const checksum = compositeOf(Parts)
  const sums = { ChecksumType: 'COMPOSITE', ChecksumSHA256: checksum } as const
  const whole = { ...sums, MpuObjectSize: o.length, MultipartUpload: { Parts }, ...condition(o) }
  try {
    const { VersionId } = await calling(codes, o.signal, (sdk, options) =>
      o.s3.send(new sdk.CompleteMultipartUploadCommand({ ...upload, ...whole }), options),
    )
    return stored(o, VersionId)
  } catch (error) {
    const found = await headObject(o, o).catch(() => undefined)
    if (found?.checksum !== checksum) throw error
    return stored(o, found.version)
  }
}

const stored = ({ key, length }: Sink, version: string | undefined): StoredObject => ({
  key,
  length,
  ...(version !== undefined && { version }),
})

/**
 * Stores a stream as an object of S3, and only once it has ended without an error.
 *
 * - Parts are planned from its length, and carry their SHA-256. One part is in memory.
 * - A stream that fails, or is longer or shorter, leaves no object: the upload is aborted.
 * - An object that is there is kept, unless `overwrite` says otherwise.
 *
 * @param stream - what `sealStream` answers: bytes, and how many they are
 * @param o - client, bucket, key
 * @returns key, length, and the version id where there is one
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: the stream has no length, or an option is missing or wrong
 *   - `too_large`: more than an object of parts can have
 * @throws SealdropError while reading: what the stream fails with, and
 *   - `source_failed`: the stream is longer or shorter than it says
 * @throws SealdropError while writing:
 *   - `conflict`: an object is there already
 *   - `output_failed`: S3 did not take it; retry when `retryable`
 * @example
 *   ```js
 *   import { S3Client } from '@aws-sdk/client-s3'
 *   import { fetchKeySet, overHttps, sealStream } from 'sealdrop'
 *   import { s3Sink } from 'sealdrop/s3'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const sealed = await sealStream(keys, new Blob(['order 7']), { context: { order: '7' } })
 *   const to = { s3: new S3Client({}), bucket: 'uploads', key: 'inbox/order-7' }
 *   const { key, length } = await s3Sink(sealed, to)
 *   console.log(key, length === sealed.length) // inbox/order-7 true
 *   ```
 */
export function s3Sink(
  stream: { readonly readable: ReadableStream<Uint8Array>; readonly length?: number | undefined },
  o: S3SinkOptions,
): Promise<StoredObject> {
  return blaming('caller', () => sinkOf(stream, o))
}

async function sinkOf(
  stream: Parameters<typeof s3Sink>[0],
  o: S3SinkOptions,
): Promise<StoredObject> {
  const given = checkOptions(o, 's3 bucket key partLength overwrite params signal')
  const { bucket: Bucket, key: Key, partLength, overwrite, params, signal } = given
  checkPlace(given)
  checkParams(params ?? {}, 'params')
  ensure(
    overwrite === undefined || typeof overwrite === 'boolean',
    'invalid_argument',
    'overwrite: expected true or false',
  )
  const { readable, length } = stream ?? {}
  ensure(
    hasMethods(readable, 'getReader') && length !== undefined,
    'invalid_argument',
    'stream: expected { readable, length }, such as sealStream answers',
  )
  const plan: UploadPlan = planUpload(length, partLength)
  signal?.throwIfAborted()
  const sink = { ...o, at: { Bucket, Key }, length }
  // whoever waits for a chunk that does not come stops too
  const piped = readable.pipeThrough(new TransformStream(), signal ? { signal } : {})
  const parts = inParts(piped, plan.partLength, length)
  try {
    return await (plan.mode === 'put' ? putWhole(sink, parts) : putParts(sink, parts))
  } catch (error) {
    giveUp(piped)
    throw error
  }
}
