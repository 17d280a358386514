import { ensure } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { blaming } from '../errors/whose.js'
import type { CallOptions } from '../io/abort.js'
import { checkRange, type ByteSource } from '../io/byte-source.js'
import { calling, checkPlace, type Codes, type S3Place } from './calling.js'

/** Which object is read. */
export interface S3SourceOptions extends S3Place, CallOptions {
  /** The version id to read. Default: the current one, which every read then names. */
  readonly version?: string
}

/** S3 says that this is not the object any more, or that there is none. */
const codes: Codes = {
  of: { 404: 'source_changed', 412: 'source_changed' },
  other: 'source_failed',
}

/**
 * Makes a byte source of an object of S3, for `openRange`, `openStream` and `verifyStream`.
 *
 * - One HEAD finds size, ETag and version. Each read names both, so that it is the same object.
 *
 * @param o - client, bucket, key, and which version
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: an option is missing or wrong, or a client of AWS is not installed
 * @throws SealdropError from S3, also while reading:
 *   - `source_failed`: it cannot be read; retry when `retryable`
 *   - `source_changed`: the object is not there, or is another one now
 * @example
 *   ```js
 *   import { S3Client } from '@aws-sdk/client-s3'
 *   import { s3Source } from 'sealdrop/s3'
 *   const at = { s3: new S3Client({}), bucket: 'uploads', key: 'inbox/nothing' }
 *   const error = await s3Source(at).catch((reason) => reason)
 *   console.log(error.code) // source_changed
 *   ```
 */
export function s3Source(o: S3SourceOptions): Promise<ByteSource> {
  return blaming('operator', () => sourceOf(o))
}

async function sourceOf(o: S3SourceOptions): Promise<ByteSource> {
  const given = checkOptions(o, 's3 bucket key version signal')
  const { s3, bucket: Bucket, key: Key, version, signal } = given
  checkPlace(given)
  const at = { Bucket, Key }
  const found = await calling(codes, signal, (sdk, options) =>
    s3.send(new sdk.HeadObjectCommand({ ...at, VersionId: version }), options),
  )
  const { ContentLength: size = 0, ETag: IfMatch, VersionId = version } = found
  const of = { ...at, VersionId, IfMatch }
  const read: ByteSource['read'] = async (start, end, call = {}) => {
    checkRange('read', start, end)
    if (start >= end) return new Uint8Array()
    const bytes = await calling(codes, call.signal, async (sdk, options) => {
      const Range = `bytes=${start}-${end - 1}`
      const { Body } = await s3.send(new sdk.GetObjectCommand({ ...of, Range }), options)
      return Body?.transformToByteArray()
    })
    ensure(
      bytes?.length === end - start,
      'source_failed',
      `S3: expected ${end - start} bytes, found ${bytes?.length ?? 0}`,
    )
    return bytes
  }
  return {
    size,
    read: (start, end, call) => blaming('operator', () => read(start, end, call)),
    version: async () => `${IfMatch} ${VersionId}`,
  }
}
