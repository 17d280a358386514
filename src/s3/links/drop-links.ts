import { clockOf, ensure } from '../../errors/guard.js'
import { checkOptions } from '../../errors/options.js'
import {
  isSealdropError,
  SealdropError,
  type SealdropErrorCode,
} from '../../errors/sealdrop-error.js'
import { blamingNow } from '../../errors/whose.js'
import { differing } from '../../formats/context.js'
import type { DropLinkClaims } from '../../formats/drop-link.js'
import { ringOf, type KeySet } from '../../keys/key-set.js'
import { linkTolerance, linkUrl, verifyDropLink } from '../../verify/drop-link.js'
import { sessionAge } from '../grants.js'
import type { BegunUpload, UploadAsked, UploadGrant } from '../upload-options.js'
import { asking, checkStore, mostAttempts, useOf, type DropLinkStore } from './link-store.js'

/** Which links count at a handler. */
export interface DropLinksOptions {
  /** The key set whose keys sign links, and nothing else: of `fetchKeySet` or `importKeySet`. */
  readonly keys: KeySet
  /** The URL of this handler, as links name it. */
  readonly audience: string | URL
  /**
   * Counts what was sent, and knows what was taken back.
   *
   * Default: none. A link that limits files or bytes is then refused, and none can be revoked.
   */
  readonly store?: DropLinkStore
  /** The clock, in milliseconds. Default: Date.now. */
  readonly now?: () => number
}

/** Says whether a request may go on, as `authorize` of `uploadHandler`. */
export type DropLinkAuthorize = (asked: UploadAsked) => Promise<UploadGrant | null>

/** What a token can be wrong by. Whoever sent it is told one thing for all. */
const refusals: readonly SealdropErrorCode[] = [
  'invalid_argument',
  'malformed',
  'too_large',
  'unsupported_algorithm',
  'unsupported_runtime',
  'rejected',
  'expired',
  'key_not_found',
  'key_unusable',
]

const rejected = (message: string, cause?: unknown): SealdropError =>
  new SealdropError('rejected', message, { cause })

/** Says to the page that a link does not count, and to the operator why. */
const because = (why: string): SealdropError =>
  rejected('link: this handler cannot take it', new SealdropError('rejected', why))

const usedUp = (message: string, why: string): SealdropError =>
  rejected(`link: ${message}`, new SealdropError('rejected', `link: ${why}`))

/**
 * Lets whoever has a link of `createDropLink` send what it allows.
 *
 * - the link is verified at every verb, from `Authorization: Bearer`, by these keys and no others
 * - without such a header it answers null, so that it can stand behind an `authorize` of your own
 * - `begin` looks at its time and its context, and counts; later verbs at its id and its subject
 * - a file is counted once, and given back when all its attempts were aborted
 * - of a file at most 16 attempts are open, and one of them is completed
 * - what is revoked stops at the next verb, in the middle of an upload
 * - a store that does not answer refuses, and the page tries again
 *
 * @param o.keys - keys that sign links, and nothing else
 * @param o.audience - the URL of this handler
 * @param o.store - `dynamoDbLinks`, `redisLinks`, `memoryLinks`, or one of your own
 * @returns what `uploadHandler` takes as `authorize`
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: an option is missing or wrong
 * @throws SealdropError for a request, by the function:
 *   - `rejected`: the link is of somebody else, revoked, or its limits are reached
 *   - `expired`: its time is over, at `begin`
 *   - `context_mismatch`: the message is bound to another context
 *   - `output_failed`: the store does not answer; retryable
 *   - what `keys.ready()` throws, see `fetchKeySet`
 * @example
 *   ```js
 *   import { fetchKeySet, overHttps } from 'sealdrop'
 *   import { dropLinks, memoryLinks } from 'sealdrop/s3'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const audience = 'https://app.example.com/uploads'
 *   const authorize = dropLinks({ keys, audience, store: memoryLinks() })
 *   const request = new Request(audience, { method: 'POST' })
 *   console.log(await authorize({ request, op: 'list' })) // null
 *   ```
 * @see upload.md, "Links"
 */
export function dropLinks(o: DropLinksOptions): DropLinkAuthorize {
  return blamingNow(() => authorizeBy(o))
}

function authorizeBy(o: DropLinksOptions): DropLinkAuthorize {
  const { keys, store, ...given } = checkOptions(o, 'keys audience store now')
  ringOf(keys)
  const { href: audience } = linkUrl('audience', given.audience)
  checkStore(store)
  const now = clockOf(given.now)
  return async (asked) => {
    const token = tokenOf(asked.request)
    if (token === undefined) return null
    const claims = await verifyDropLink(keys, token, { audience, now: now() }).catch(
      (cause: unknown) => {
        if (!isSealdropError(cause) || !refusals.includes(cause.code)) throw cause
        throw rejected('link: this handler cannot take it', cause)
      },
    )
    checkAsked(claims, asked, now())
    await checkStored(store, claims)
    return grantOf(claims, store)
  }
}

/** RFC 6750 §2.1. */
const tokenOf = ({ headers }: Request): string | undefined =>
  /^Bearer +([\w.~+/-]+=*) *$/i.exec(headers.get('authorization') ?? '')?.[1]

function checkAsked({ sub, jti, exp, ctx }: DropLinkClaims, asked: UploadAsked, now: number): void {
  if (asked.op !== 'begin') {
    const { link, subject } = asked.session
    if (link !== jti || subject !== sub) throw because('link: the session is of another link')
    return
  }
  ensure(now - linkTolerance < exp * 1000, 'expired', 'link: its time is over; ask for a new one')
  const names = differing(ctx, asked.context)
  ensure(names === '', 'context_mismatch', `context: the link says another one, see ${names}`)
}

async function checkStored(
  store: DropLinkStore | undefined,
  { jti, files, bytes }: DropLinkClaims,
): Promise<void> {
  if (!store && (files ?? bytes) !== undefined)
    throw because('link: it limits files or bytes, and dropLinks has no store to count them')
  if (store && (await asking(() => store.isRevoked(jti))) !== false)
    throw because('link: it was revoked')
}

function grantOf(
  { sub, jti, exp, prefix, files, bytes }: DropLinkClaims,
  store: DropLinkStore | undefined,
): UploadGrant {
  const grant = { subject: sub, link: jti, ...(prefix !== undefined && { prefix }) }
  if (!store || (files ?? bytes) === undefined) return grant
  const limits = {
    files: files ?? Number.MAX_SAFE_INTEGER,
    bytes: bytes ?? Number.MAX_SAFE_INTEGER,
    attempts: mostAttempts,
  }
  // as long as a session that was begun at the last moment
  const until = new Date(exp * 1000 + sessionAge + 2 * linkTolerance)
  return {
    ...grant,
    async reserve(upload: BegunUpload) {
      const isWithin = await asking(() => store.reserve(jti, useOf(upload), limits, until))
      if (isWithin !== true)
        throw usedUp('no more files or bytes can be sent by it', 'its files or bytes are used up')
    },
    async keep(upload: BegunUpload) {
      const isKept = await asking(() => store.keep(jti, useOf(upload)))
      if (isKept !== true)
        throw usedUp('this file was sent by it', 'another attempt of this file was completed')
    },
    async release(upload: BegunUpload, wasOpen: boolean) {
      if (wasOpen) await asking(() => store.unkeep(jti, useOf(upload)))
      await asking(() => store.release(jti, useOf(upload)))
    },
  }
}
