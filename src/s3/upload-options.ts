import type { CreateMultipartUploadCommandInput, S3Client } from '@aws-sdk/client-s3'
import type { Bytes } from '../bytes/bytes.js'
import { bytesOf } from '../bytes/bytes.js'
import { utf8 } from '../bytes/text.js'
import { clockOf, ensure, hasMethods, shown } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { isFolders } from '../formats/folders.js'
import { isText } from '../formats/json.js'
import type { Context } from '../formats/context.js'
import type { SealdropErrorCode } from '../errors/sealdrop-error.js'
import type { UploadOp } from '../upload/protocol.js'

/** What a session says to `authorize`, of an upload that was begun. */
export interface UploadSession {
  /** Who began it, as the grant named them. */
  readonly subject: string
  /** The object's key. */
  readonly key: string
  /** What the grant named as its link, or empty text. */
  readonly link: string
  /** Bytes of the sealed file. */
  readonly length: number
  /** When it was begun. */
  readonly begun: Date
  /** When it ends, if it is not complete by then. */
  readonly expires: Date
}

/** What `authorize` is asked: at `begin` with what the message's header says, later with the session. */
export type UploadAsked =
  | {
      readonly request: Request
      readonly op: 'begin'
      /** What the message says that it is bound to. Nobody has verified it yet. */
      readonly context: Context
      /** Which keys can open it: ARNs, or on a curve compressed points in base64url. */
      readonly recipients: readonly string[]
      readonly messageId: string
      /** Bytes of the sealed file. */
      readonly length: number
    }
  | {
      readonly request: Request
      readonly op: Exclude<UploadOp, 'begin'>
      readonly session: UploadSession
    }

/** That somebody may send, and who they are. */
export interface UploadGrant {
  /** Who sends: the same at every verb of an upload, at most 1,024 bytes. */
  readonly subject: string
  /** Goes between the handler's prefix and the object's name, and ends in `/`. Default: nothing. */
  readonly prefix?: string
  /** Text that the session keeps, such as the id of a link: the same at every verb. Default: none. */
  readonly link?: string
  /**
   * Called at `begin`, before anything is created in the bucket: what it throws refuses the upload.
   *
   * It comes for each begin, and the same message may be begun again under the same key.
   */
  reserve?(upload: BegunUpload): unknown
  /**
   * Called before the parts of an attempt are completed, and again where that is tried again.
   *
   * Where it throws for another attempt of the same key, one message is completed once, also when
   * its object was taken away.
   */
  keep?(upload: BegunUpload): unknown
  /**
   * Called when an attempt is gone: creating it failed, or it was aborted and no object is there.
   *
   * It may come again for the same attempt, and while another attempt of the same key goes on. Of
   * one PUT it never comes, since its URL cannot be taken back.
   *
   * @param wasOpen - whether the bucket had it until now, so that it was never completed; where it
   *   is false, what was kept must stay: its object may have been taken away
   */
  release?(upload: BegunUpload, wasOpen: boolean): unknown
}

/** One attempt to send a message: the same one may be begun several times. */
export interface BegunUpload {
  /** The object's key: the same one for each begin of a message. */
  readonly key: string
  /** Bytes of the sealed file. */
  readonly length: number
  /** Text that each begin has its own of. */
  readonly attempt: string
}

/** What may be set of an object: encryption, storage class, tags, Object Lock. */
export type UploadCreateParams = Pick<CreateMultipartUploadCommandInput, CreateParam>

const createParams = [
  'ServerSideEncryption',
  'SSEKMSKeyId',
  'SSEKMSEncryptionContext',
  'BucketKeyEnabled',
  'StorageClass',
  'Tagging',
  'ObjectLockMode',
  'ObjectLockRetainUntilDate',
  'ObjectLockLegalHoldStatus',
] as const
type CreateParam = (typeof createParams)[number]

/** One request that was answered. It holds no token, secret or context. */
export interface UploadEvent {
  /** What was asked, if the request said so. */
  readonly op?: UploadOp
  readonly status: number
  /** The code of what was refused. */
  readonly code?: SealdropErrorCode
  /** The object's key, once a session was read. */
  readonly key?: string
  /** The name of the error beneath, such as S3's `AccessDenied`. */
  readonly reason?: string
}

/** Where uploads go, and who may send. */
export interface UploadHandlerOptions {
  /** `new S3Client({})` of `@aws-sdk/client-s3`, or `new S3({})`. */
  readonly s3: S3Client
  /** Name of the bucket. */
  readonly bucket: string
  /** What every key begins with. It ends in `/`. */
  readonly prefix: string
  /**
   * Says whether a request may go on: a grant, or null or undefined for 403.
   *
   * - it is asked at every verb, so that what is revoked stops in the middle
   * - a SealdropError that it throws is answered with its code and its message
   */
  readonly authorize: (
    asked: UploadAsked,
  ) => UploadGrant | null | undefined | Promise<UploadGrant | null | undefined>
  /**
   * One or two secrets of at least 32 bytes, as bytes or text.
   *
   * The first one makes sessions and names, and the second one is still believed.
   */
  readonly secrets: readonly (Uint8Array | string)[]
  /** The origins whose pages may ask, such as `https://app.example.com`. No other origin may. */
  readonly origins: readonly string[]
  /** The most bytes of a sealed file. Default: what 10,000 parts of 64 MiB hold, 625 GiB. */
  readonly maxLength?: number
  /** What else is set of an object. Default: nothing. */
  readonly createParams?: (grant: UploadGrant) => UploadCreateParams
  /** What the keys of receipts begin with. It ends in `/`. Default: `receipts/`. */
  readonly receipts?: string
  /** Told of every request that was answered. Default: nobody. */
  readonly onEvent?: (event: UploadEvent) => void
  /** The clock, in milliseconds. Default: Date.now. */
  readonly now?: () => number
}

/** The options, checked. */
export interface Settings extends UploadHandlerOptions {
  readonly keys: readonly Bytes[]
  readonly maxLength: number
  readonly receipts: string
  readonly now: () => number
}

const names =
  's3 bucket prefix authorize secrets origins maxLength createParams receipts onEvent now'
const isFunction = (value: unknown): boolean => typeof value === 'function'
const isOptional =
  (is: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === undefined || is(value)

/** An origin as browsers send it. */
export function isOrigin(value: unknown): boolean {
  try {
    return isText(value) && new URL(value).origin === value
  } catch {
    return false
  }
}

type Row = readonly [is: (value: unknown) => boolean, expected: string]
const rows: Readonly<Record<Exclude<keyof UploadHandlerOptions, 'now'>, Row>> = {
  s3: [(value) => hasMethods(value, 'send'), 'new S3Client({}) of @aws-sdk/client-s3'],
  bucket: [(value) => isText(value) && value !== '', 'the name of a bucket'],
  prefix: [(value) => isFolders(value) && value !== '', 'folders that end in /, such as inbox/'],
  authorize: [isFunction, 'a function'],
  secrets: [
    (value) => Array.isArray(value) && value.length > 0 && value.length < 3,
    'one secret, or two',
  ],
  origins: [(value) => Array.isArray(value) && value.every(isOrigin), 'an array of origins'],
  maxLength: [
    isOptional((value) => Number.isSafeInteger(value) && Number(value) > 0),
    'bytes, from 1',
  ],
  createParams: [isOptional(isFunction), 'a function'],
  receipts: [
    isOptional((value) => isFolders(value) && value !== ''),
    'folders that end in /, such as receipts/',
  ],
  onEvent: [isOptional(isFunction), 'a function'],
}

/** @throws SealdropError `invalid_argument` */
export function checkedSettings(o: UploadHandlerOptions): Settings {
  const given: Readonly<Record<string, unknown>> = { ...checkOptions(o, names) }
  for (const [name, [is, expected]] of Object.entries(rows))
    ensure(is(given[name]), 'invalid_argument', `${name}: expected ${expected}`)
  const { maxLength = Number.MAX_SAFE_INTEGER, receipts = 'receipts/' } = o
  ensure(
    !receipts.startsWith(o.prefix) && !o.prefix.startsWith(receipts),
    'invalid_argument',
    'receipts: expected another folder than that of prefix',
  )
  const now = clockOf(o.now)
  now()
  return { ...o, keys: o.secrets.map(secretBytes), maxLength, receipts, now }
}

function secretBytes(secret: unknown): Bytes {
  const bytes = isText(secret) ? utf8(secret) : bytesOf(secret)
  ensure(
    bytes && bytes.length >= 32,
    'invalid_argument',
    'secrets: expected at least 32 bytes each, such as randomBytes(32) makes',
  )
  return bytes
}

/** @throws SealdropError `invalid_argument` where something else is set */
export function checkParams(params: UploadCreateParams, field: string): UploadCreateParams {
  const other = Object.keys(params).find((name) => !createParams.includes(name as CreateParam))
  ensure(other === undefined, 'invalid_argument', `${field}: it may not set ${shown(other)}`)
  return params
}
