import { Buffer } from 'node:buffer'
import { fromBase64, fromBase64url, toBase64url } from '../bytes/base64url.js'
import { isSealdropError, SealdropError } from '../errors/sealdrop-error.js'
import { nameOf } from '../kms/port/aws-errors.js'
import { withPeer } from '../kms/port/peer.js'
import type { UploadPart } from '../upload/protocol.js'
import type { Session } from './session.js'
import type { Settings, UploadCreateParams } from './upload-options.js'

export type Sdk = typeof import('./aws-commands.js')

/** Loads AWS's client and presigner at the first request. @throws SealdropError `invalid_argument` */
export async function loadS3(): Promise<Sdk> {
  await withPeer('@aws-sdk/s3-request-presigner', () => import('@aws-sdk/s3-request-presigner'))
  return withPeer('@aws-sdk/client-s3', () => import('./aws-commands.js'))
}

/** No single call is waited for longer, in milliseconds. */
const patience = 60_000
/** What has no name of its own is answered by these. */
const absent: readonly unknown[] = ['NoSuchKey', 'NotFound', 'NoSuchUpload']

/** The status of an answer of S3; undefined where none came. */
export const statusOf = (error: unknown): number | undefined =>
  (error as { readonly $metadata?: { readonly httpStatusCode?: number } } | undefined)?.$metadata
    ?.httpStatusCode

/** Whether the same call may succeed later: no answer came, or S3 is busy. */
export function isPassing(error: unknown): boolean {
  const status = statusOf(error)
  if (isSealdropError(error)) return error.retryable
  return status === undefined || status >= 500 || status === 429 || status === 408
}

/** What the page is told of a failure of S3: nothing but whether it may try again. */
export function bucketFailed(cause: unknown): SealdropError {
  const retryable = isPassing(cause)
  return new SealdropError('output_failed', 'the bucket cannot be used', { cause, retryable })
}

/** What is used of a call of S3. */
type Asking<R> = (sdk: Sdk, o: { readonly abortSignal: AbortSignal }) => Promise<R>

/** Asks S3. What it fails with is told to nobody but `onEvent`. @throws SealdropError `output_failed` */
export async function asked<R>(work: Asking<R>): Promise<R> {
  try {
    return await work(await loadS3(), { abortSignal: AbortSignal.timeout(patience) })
  } catch (cause) {
    throw bucketFailed(cause)
  }
}

/** The same, and undefined where S3 says that there is no such thing. */
export const askedFor = async <R>(work: Asking<R>): Promise<R | undefined> =>
  asked(work).catch((error: unknown) => {
    if (absent.includes(nameOf((error as Error).cause))) return undefined
    throw error
  })

/** 32 bytes in base64url as S3 writes them, and back. */
export const toS3 = (sha256: string): string =>
  Buffer.from(fromBase64url(sha256) ?? []).toString('base64')
export const fromS3 = (checksum: string): string =>
  toBase64url(fromBase64(checksum) ?? new Uint8Array())

/** An object as HEAD finds it. */
export interface FoundObject {
  readonly length: number
  /** As S3 writes it: of a multipart upload `-` and the number of parts stand behind. */
  readonly checksum: string
  readonly etag: string | undefined
  readonly version: string | undefined
}

type Bucket = Pick<Settings, 's3' | 'bucket'>
type Place = Pick<Session, 'key'>
type Upload = Pick<Session, 'key' | 'uploadId'>

/** What the server sets of every object, besides what `createParams` says. */
const objectFields = (name: string): UploadFields => ({
  ContentType: 'application/octet-stream',
  ContentDisposition: 'attachment',
  ...(name && { Metadata: { 'sealdrop-name': name } }),
})
export interface UploadFields {
  readonly ContentType: string
  readonly ContentDisposition: string
  readonly Metadata?: Record<string, string>
}

/** What of an object is decided before its bytes come. */
export const objectInput = (
  name: string,
  params: UploadCreateParams,
): UploadFields & UploadCreateParams => ({ ...params, ...objectFields(name) })

/** Begins a multipart upload. @returns its id */
export async function createUpload(
  { s3, bucket: Bucket }: Bucket,
  Key: string,
  input: UploadFields & UploadCreateParams,
): Promise<string> {
  const { UploadId } = await asked((sdk, o) => {
    const checksums = { ChecksumAlgorithm: 'SHA256', ChecksumType: 'COMPOSITE' } as const
    const command = new sdk.CreateMultipartUploadCommand({ ...input, Bucket, Key, ...checksums })
    return s3.send(command, o)
  })
  return UploadId ?? ''
}

/** A part as S3 lists it, with the tag that it wants back. */
export interface ListedPart extends UploadPart {
  readonly etag: string | undefined
}

/** A page of the parts that are there; undefined where the upload is gone. */
export async function partsPage(
  { s3, bucket: Bucket }: Bucket,
  { key: Key, uploadId: UploadId }: Upload,
  { after = 0, most = 1_000 }: { readonly after?: number; readonly most?: number } = {},
): Promise<{ readonly parts: readonly ListedPart[]; readonly more: boolean } | undefined> {
  const page = await askedFor((sdk, o) => {
    const at = { PartNumberMarker: String(after), MaxParts: most }
    return s3.send(new sdk.ListPartsCommand({ Bucket, Key, UploadId, ...at }), o)
  })
  if (!page) return undefined
  const parts = (page.Parts ?? []).map((part) => ({
    part: part.PartNumber ?? 0,
    length: part.Size ?? 0,
    sha256: fromS3(part.ChecksumSHA256 ?? ''),
    etag: part.ETag,
  }))
  return { parts, more: page.IsTruncated === true }
}

/** Every part that is there, by its number; undefined where the upload is gone. */
export async function allParts(
  o: Bucket,
  upload: Upload,
): Promise<Map<number, ListedPart> | undefined> {
  const found = new Map<number, ListedPart>()
  for (let pages = 0; pages < 10; pages++) {
    const page = await partsPage(o, upload, { after: Math.max(0, ...found.keys()) })
    if (!page) return undefined
    for (const part of page.parts) found.set(part.part, part)
    if (!page.more) break
  }
  return found
}

/** What stands under a key; undefined where nothing does. */
export async function headObject(
  { s3, bucket: Bucket }: Bucket,
  { key: Key }: Place,
): Promise<FoundObject | undefined> {
  const found = await askedFor((sdk, o) =>
    s3.send(new sdk.HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }), o),
  )
  return (
    found && {
      length: found.ContentLength ?? 0,
      checksum: found.ChecksumSHA256 ?? '',
      etag: found.ETag,
      version: found.VersionId,
    }
  )
}
