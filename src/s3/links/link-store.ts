import { createHash } from 'node:crypto'
import { ensure, hasMethods } from '../../errors/guard.js'
import { asking as askingStore } from '../../io/asking.js'
import type { BegunUpload } from '../upload-options.js'

/** One attempt to send a file by a link. */
export interface DropLinkUse {
  /** Names the file: 22 characters, the same ones for each begin of it. */
  readonly file: string
  /** Names the attempt: 1 to 22 characters. */
  readonly attempt: string
  /** Bytes of the sealed file. */
  readonly bytes: number
}

/** How much a link allows in all. */
export interface DropLinkLimits {
  readonly files: number
  readonly bytes: number
  /** How many attempts of one file may be remembered at a time. */
  readonly attempts: number
}

/**
 * Counts what was sent by links, and knows which of them were taken back.
 *
 * - every function is atomic, also over several processes
 * - one that cannot tell must reject: the upload is then refused, and may be tried again
 */
export interface DropLinkStore {
  /**
   * Counts a file once, and remembers each attempt of it.
   *
   * @param until - when what is remembered of this link may be forgotten
   * @returns whether it is within the limits, and among `limits.attempts` of this file; false
   *   remembers nothing
   */
  reserve(jti: string, use: DropLinkUse, limits: DropLinkLimits, until: Date): Promise<boolean>
  /**
   * Marks the one attempt of a file that may be completed.
   *
   * @returns whether it is this one; false where another one is marked, or this one is unknown
   */
  keep(jti: string, use: DropLinkUse): Promise<boolean>
  /** Takes the mark from an attempt, if it has it. */
  unkeep(jti: string, use: DropLinkUse): Promise<void>
  /**
   * Forgets an attempt, unless it is marked; with the last attempt of a file, the file is given
   * back.
   */
  release(jti: string, use: DropLinkUse): Promise<void>
  /** Takes a link back at once, also for uploads that were begun. Others of it stay. */
  revoke(jti: string): Promise<void>
  /** Whether a link was taken back. */
  isRevoked(jti: string): Promise<boolean>
}

/** Milliseconds that a revocation is kept: longer than a link can be good for. */
export const revokedFor: number = 367 * 86_400_000

/** So many attempts of one file may be open: each may hold all its parts at the bucket. */
export const mostAttempts = 16

/** What a store is told of an attempt. A key begun with another length is another file. */
export const useOf = ({ key, length, attempt }: BegunUpload): DropLinkUse => ({
  file: createHash('sha256').update(`${length} ${key}`).digest('base64url').slice(0, 22),
  attempt,
  bytes: length,
})

/** @throws SealdropError `invalid_argument` */
export function checkStore(store: DropLinkStore | undefined): void {
  ensure(
    store === undefined ||
      hasMethods(store, 'reserve', 'keep', 'unkeep', 'release', 'revoke', 'isRevoked'),
    'invalid_argument',
    'store: expected memoryLinks(), dynamoDbLinks(…), redisLinks(…), or one of your own',
  )
}

/** @throws SealdropError `invalid_argument` unless it can be the id of a link */
export function checkJti(jti: unknown): void {
  ensure(
    typeof jti === 'string' && /^[\w-]{16,64}$/.test(jti),
    'invalid_argument',
    'jti: expected the id of a link, as createDropLink answers it',
  )
}

/** Asks a store. What it fails with is told to nobody but `onEvent`. @throws SealdropError `output_failed` */
export const asking = <R>(work: () => Promise<R>): Promise<R> =>
  askingStore('the store of links', work)
