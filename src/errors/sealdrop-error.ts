/**
 * Every way in which Sealdrop fails. What each means and what to do is in docs/guides/errors.md.
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

export interface SealdropErrorOptions {
  /** Whether the same call may succeed later without any change. Default: false. */
  readonly retryable?: boolean
  /** The failure beneath, where it holds no secret. */
  readonly cause?: unknown
}

/**
 * The one error class. Branch on `code`; `message` is for people and never holds a key, a token or
 * plaintext.
 */
export class SealdropError extends Error {
  override readonly name = 'SealdropError'
  declare readonly code: SealdropErrorCode
  declare readonly retryable: boolean

  constructor(code: SealdropErrorCode, message: string, options?: SealdropErrorOptions) {
    super(message, options)
    this.code = code
    this.retryable = !!options?.retryable
  }
}

/**
 * Tells a SealdropError from any other error, also one from a second copy of this package (a script
 * tag beside a bundle).
 */
export function isSealdropError(e: unknown): e is SealdropError {
  return e instanceof Error && e.name === 'SealdropError' && 'code' in e && 'retryable' in e
}
