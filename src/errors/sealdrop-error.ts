import { kindOf } from './kind.js'
import { printable } from './printable.js'

/**
 * Every way in which Sealdrop fails.
 *
 * The guide `docs/guides/errors.md` says when each comes, what to do and whether to retry.
 */
export type SealdropErrorCode =
  | 'invalid_argument'
  | 'unsupported_runtime'
  | 'unsupported_algorithm'
  | 'malformed'
  | 'too_large'
  | 'source_changed'
  | 'source_failed'
  | 'output_failed'
  | 'conflict'
  | 'closed'
  | 'keys_unreachable'
  | 'keys_malformed'
  | 'keys_untrusted'
  | 'keys_expired'
  | 'keys_rolled_back'
  | 'no_usable_key'
  | 'key_not_found'
  | 'key_unusable'
  | 'rejected'
  | 'context_mismatch'
  | 'expired'
  | 'replayed'
  | 'kms_denied'
  | 'kms_throttled'
  | 'kms_unavailable'
  | 'kms_unexpected'

/**
 * Whose fault an error is, for queues and alarms.
 *
 * - `sender`: what came is no good, and never will be
 * - `operator`: keys, permissions or settings must change; nothing good is dropped meanwhile
 * - `network`: the same call may succeed later
 * - `caller`: the program that calls must change
 */
export type Whose = 'sender' | 'operator' | 'network' | 'caller'

/** What a SealdropError says besides its code and its message. */
export interface SealdropErrorOptions {
  /** Whether the same call may succeed later without any change. Default: false. */
  readonly retryable?: boolean
  /** The failure beneath, where it holds no secret. Default: none. */
  readonly cause?: unknown
  /** Whose fault it is. Default: the verbs of `sealdrop/kms` say it, by the code. */
  readonly whose?: Whose
}

/**
 * The one class of errors that Sealdrop throws.
 *
 * - branch on `code`; `message` is for people, and may change
 * - it never holds a key, a token or plaintext
 * - `message` is safe to log: control characters of what came stand as `?`
 * - `{ ...error }` is a plain object of `name`, `code`, `retryable` and `whose`, which
 *   `structuredClone`, `postMessage` and JSON keep; of the error itself they drop these members
 */
export class SealdropError extends Error {
  override readonly name = 'SealdropError'
  /** What went wrong; code may branch on it. */
  declare readonly code: SealdropErrorCode
  /** Whether the same call may succeed later without any change. */
  declare readonly retryable: boolean
  /** Whose fault it is. Each error of a verb of `sealdrop/kms` says it. */
  declare readonly whose?: Whose

  constructor(code: SealdropErrorCode, message: string, options?: SealdropErrorOptions) {
    super(printable(message), options)
    this.code = code
    this.retryable = !!options?.retryable
    if (options?.whose) this.whose = options.whose
  }
}

/**
 * Tells whether something that was caught is a SealdropError.
 *
 * - it knows errors of a second copy of this package too, such as a script tag beside a bundle
 *
 * @example
 *   ```js
 *   import { fetchKeySet, isSealdropError, overHttps, seal } from 'sealdrop'
 *   const keys = fetchKeySet('https://keys.example.com/moved.json', { trust: overHttps() })
 *   try {
 *     await seal(keys, 'DE02', { context: { order: '7' } })
 *   } catch (error) {
 *     if (!isSealdropError(error)) throw error
 *     console.log(error.code, error.retryable) // keys_unreachable false
 *   }
 *   ```
 */
export function isSealdropError(e: unknown): e is SealdropError {
  // an Error of another realm is none by `instanceof`
  const error = e as SealdropError
  return (
    kindOf(e) === 'Error' &&
    error.name === 'SealdropError' &&
    'code' in error &&
    'retryable' in error
  )
}

/** Throws what others failed with: as it is where it has a code, and with this one otherwise. */
export const coded =
  (code: SealdropErrorCode, message: string, retryable = false) =>
  (cause: unknown): never => {
    throw isSealdropError(cause) ? cause : new SealdropError(code, message, { cause, retryable })
  }
