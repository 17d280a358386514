import { ensure, isDate } from '../errors/guard.js'
import { kindOf } from '../errors/kind.js'

/** A lease of a piece of work: what is leased, and which lease of it this is. */
export interface WorkToken {
  /** What is leased, such as a SHA-256 in base64url. */
  readonly id: string
  /** A whole number that grows with each lease of the id. Only the newest one counts. */
  readonly fence: number
}

/** What became of a piece of work that was asked for. */
export type WorkBegun =
  | { readonly state: 'new'; readonly token: WorkToken }
  | { readonly state: 'busy' }
  | { readonly state: 'done' }

/**
 * Remembers which work is under way and which is done, for queues that deliver twice.
 *
 * - Of one id one lease holds at a time. One that ran out may be taken by another worker.
 * - An id is no message id, which the sender chooses. Take a hash of what came, or its place.
 * - One that cannot tell must reject with `output_failed`: the work is then tried again.
 */
export interface WorkStore {
  /** Leases an id for some milliseconds, in one step. */
  begin(id: string, lease: number): Promise<WorkBegun>
  /** Makes leases last some milliseconds from now on. False: one of them was overtaken. */
  extend(tokens: readonly WorkToken[], lease: number): Promise<boolean>
  /**
   * Sets ids done in one write, all or none.
   *
   * - They stay done until `until`, and may be begun again then.
   * - False: one of them was overtaken, so that another worker has that work.
   */
  done(tokens: readonly WorkToken[], until: Date): Promise<boolean>
  /** Gives a lease back, so that the work may begin at once. An overtaken one changes nothing. */
  release(token: WorkToken): Promise<void>
}

/** The longest lease, in milliseconds: a day. */
const longest = 86_400_000

/** @throws SealdropError `invalid_argument` */
export function checkLease(lease: number): void {
  ensure(
    Number.isInteger(lease) && lease >= 1 && lease <= longest,
    'invalid_argument',
    `lease: expected 1 to ${longest} milliseconds`,
  )
}

/** @throws SealdropError `invalid_argument` */
export function checkId(id: string): void {
  ensure(
    typeof id === 'string' && /^[\x21-\x7e]{1,256}$/.test(id),
    'invalid_argument',
    'id: expected 1 to 256 characters of ASCII without spaces, such as a hash',
  )
}

/** Tokens that are one write, each id once. @throws SealdropError `invalid_argument` */
export function checkTokens(tokens: readonly WorkToken[]): readonly WorkToken[] {
  ensure(
    Array.isArray(tokens) && tokens.length >= 1 && tokens.length <= 100,
    'invalid_argument',
    'tokens: expected a list of 1 to 100 tokens, as begin answers them',
  )
  for (const token of tokens) {
    checkId(token?.id)
    ensure(
      Number.isSafeInteger(token.fence),
      'invalid_argument',
      'token: expected { id, fence }, as begin answers it',
    )
  }
  const ids = new Set(tokens.map(({ id }) => id))
  ensure(ids.size === tokens.length, 'invalid_argument', 'tokens: expected each id once')
  return tokens
}

/** @throws SealdropError `invalid_argument` */
export function checkUntil(until: Date): number {
  ensure(isDate(until), 'invalid_argument', `until: expected a Date, found ${kindOf(until)}`)
  return until.getTime()
}
