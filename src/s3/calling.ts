import type { S3Client } from '@aws-sdk/client-s3'
import { ensure, hasMethods } from '../errors/guard.js'
import { isSealdropError, SealdropError, type SealdropErrorCode } from '../errors/sealdrop-error.js'
import { isText } from '../formats/json.js'
import { nameOf } from '../kms/port/aws-errors.js'
import { isPassing, loadS3, statusOf, type Sdk } from './bucket.js'

/** Where an object is, and how S3 is reached. */
export interface S3Place {
  /** `new S3Client({})` of `@aws-sdk/client-s3`, or `new S3({})`. */
  readonly s3: S3Client
  /** Name of the bucket. */
  readonly bucket: string
  /** The object's key. */
  readonly key: string
}

/** @throws SealdropError `invalid_argument` where it is no place in a bucket */
export function checkPlace({ s3, bucket, key }: S3Place): void {
  ensure(
    hasMethods(s3, 'send'),
    'invalid_argument',
    's3: expected new S3Client({}) of @aws-sdk/client-s3',
  )
  ensure(
    [bucket, key].every((name) => isText(name) && name !== ''),
    'invalid_argument',
    'bucket and key: expected text',
  )
}

/** The code of a status, and of everything else. */
export interface Codes {
  readonly of: Readonly<Record<number, SealdropErrorCode>>
  readonly other: SealdropErrorCode
}

/** Asks S3 for a caller who may know what it said. */
export async function calling<R>(
  { of, other }: Codes,
  signal: AbortSignal | undefined,
  work: (sdk: Sdk, o: { readonly abortSignal?: AbortSignal }) => Promise<R>,
): Promise<R> {
  const sdk = await loadS3()
  try {
    return await work(sdk, signal ? { abortSignal: signal } : {})
  } catch (cause) {
    signal?.throwIfAborted()
    if (isSealdropError(cause)) throw cause
    const code = of[statusOf(cause) ?? 0] ?? other
    const retryable = code === other && isPassing(cause)
    throw new SealdropError(code, `S3: ${nameOf(cause) ?? 'no answer'}`, { cause, retryable })
  }
}
