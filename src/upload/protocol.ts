import type { SealdropErrorCode } from '../errors/sealdrop-error.js'
import type { UploadPlan } from './plan.js'

/** The content type of every request and answer, which no form sends and no browser without asking. */
export const uploadType = 'application/vnd.sealdrop.upload+json'

/** Bytes of a request, and of an answer. */
export const uploadBody = 65_536

/** The most parts of one `sign` request, and of one answer to `list`. */
export const partsAtOnce = { sign: 100, list: 500 } as const

/** One part that is there, or that waits to be sent. */
export interface UploadPart {
  /** From 1. */
  readonly part: number
  readonly length: number
  /** SHA-256 of its bytes, base64url. */
  readonly sha256: string
}

/** Where and how one part is sent: by PUT, with these headers, and the browser's own length. */
export interface SignedPart {
  readonly part: number
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** The object that stands under the key of an upload. */
export interface UploadedObject {
  readonly length: number
  /** SHA-256 of the whole of one PUT, or of its parts' SHA-256 one after the other; base64url. */
  readonly sha256: string
}

/** What each verb is sent beside its name. */
export interface UploadRequests {
  readonly begin: {
    /** The message's header from its first byte to its tag, base64url. */
    readonly header: string
    /** Bytes of the sealed file. */
    readonly length: number
    /** Bytes of a part, where the page wishes another than the plan's. */
    readonly partLength?: number
    /** The sealed name of the file, base64url, at most 1,408 characters. */
    readonly name?: string
  }
  readonly sign: {
    readonly session: string
    /** At most 100. */
    readonly parts: readonly UploadPart[]
  }
  readonly list: {
    readonly session: string
    /** The last part of the answer before. Default: 0. */
    readonly after?: number
  }
  readonly complete: {
    readonly session: string
    /** As in `UploadedObject`. */
    readonly sha256: string
  }
  readonly abort: { readonly session: string }
  readonly receipt: { readonly session: string }
}

/** What each verb answers. */
export interface UploadAnswers {
  readonly begin: UploadPlan & {
    readonly session: string
    /** When the session ends, in milliseconds since 1970. */
    readonly expires: number
  }
  readonly sign: {
    readonly parts: readonly SignedPart[]
    /** When the URLs end, in milliseconds since 1970. */
    readonly expires: number
  }
  readonly list: {
    /** At most 500, in their order. */
    readonly parts: readonly UploadPart[]
    /** Whether more parts follow. */
    readonly more: boolean
    /** What stands under the key already. Of one PUT this is all that there is to list. */
    readonly object?: UploadedObject
  }
  /** `missing` names parts that are not there: they are to be sent again. */
  readonly complete:
    | { readonly done: true; readonly key: string; readonly version?: string }
    | { readonly done: false; readonly missing: readonly number[] }
  readonly abort: { readonly aborted: true }
  /** What the opener left, a compact JWS; null while there is nothing. */
  readonly receipt: { readonly receipt: string | null }
}

/** The verbs: each is the `op` of a request. */
export type UploadOp = keyof UploadRequests

/** A request as it travels. */
export type UploadRequest = { [Op in UploadOp]: { readonly op: Op } & UploadRequests[Op] }[UploadOp]

/** What is answered instead where a verb fails. */
export interface UploadRefusal {
  readonly error: {
    readonly code: SealdropErrorCode
    readonly message: string
    readonly retryable: boolean
  }
}

/**
 * The status of each code that is answered.
 *
 * - where a proxy answers without a body, the status says the code: the first one that has it
 * - what has no row is 500; `output_failed` that is retryable is 503
 */
export const uploadStatuses: readonly (readonly [status: number, code: SealdropErrorCode])[] = [
  [400, 'malformed'],
  [400, 'invalid_argument'],
  [400, 'unsupported_algorithm'],
  [403, 'rejected'],
  [409, 'conflict'],
  [409, 'replayed'],
  [410, 'expired'],
  [413, 'too_large'],
  [415, 'invalid_argument'],
  [422, 'context_mismatch'],
  [500, 'output_failed'],
]
