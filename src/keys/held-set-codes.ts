import type { SealdropErrorCode } from '../errors/sealdrop-error.js'

/** The store of a trust failed, which says nothing of the set: the one that is held stays. */
const keeps = ['output_failed', 'source_failed'] as const

type Keeps = (typeof keeps)[number]

/** The host is up and says something else, or this cannot be told: fail closed. */
type Drops =
  | 'invalid_argument'
  | 'unsupported_runtime'
  | 'unsupported_algorithm'
  | 'malformed'
  | 'too_large'
  | 'source_changed'
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

/** A new code has to be put into one of the two, or `keepsHeldSet` takes no code any more. */
type Undecided = Exclude<SealdropErrorCode, Keeps | Drops>
type Twice = Extract<Keeps, Drops>
type Decided = [Undecided, Twice] extends [never, never]
  ? SealdropErrorCode
  : { readonly undecided: Undecided; readonly twice: Twice }

/** Whether a set that is held is still believed where loading it again failed with a code. */
export const keepsHeldSet = (code: Decided): boolean => (keeps as readonly string[]).includes(code)
