import {
  isSealdropError,
  type SealdropError,
  type SealdropErrorCode,
  type Whose,
} from './sealdrop-error.js'

/**
 * Whose fault each code is, where the error does not say so itself.
 *
 * - in doubt it is the operator's, so that nothing good is dropped
 * - `giver`: the fault of whoever gave the data that a verb works on
 * - `network` holds while the same call may succeed later; it is the operator's otherwise
 */
const faults: Readonly<Record<SealdropErrorCode, Whose | 'giver'>> = {
  invalid_argument: 'caller',
  unsupported_runtime: 'operator',
  unsupported_algorithm: 'operator',
  malformed: 'giver',
  too_large: 'giver',
  source_changed: 'operator',
  source_failed: 'network',
  output_failed: 'operator',
  conflict: 'operator',
  closed: 'caller',
  keys_unreachable: 'network',
  keys_malformed: 'operator',
  keys_untrusted: 'operator',
  keys_expired: 'operator',
  keys_rolled_back: 'operator',
  no_usable_key: 'operator',
  key_not_found: 'operator',
  key_unusable: 'operator',
  rejected: 'giver',
  context_mismatch: 'operator',
  expired: 'giver',
  replayed: 'giver',
  kms_denied: 'operator',
  kms_throttled: 'network',
  kms_unavailable: 'network',
  kms_unexpected: 'operator',
}

/**
 * Says on an error whose fault it is, unless it says so already.
 *
 * What is no SealdropError, such as the reason of an abort, stays as it is.
 *
 * @param giver - who gave the data that the verb works on
 */
export function blamed<E>(error: E, giver: Whose): E {
  if (!isSealdropError(error) || error.whose !== undefined) return error
  // an error of a user's own store may be frozen
  Reflect.set(error, 'whose', faultOf(error, giver))
  return error
}

function faultOf({ code, retryable }: SealdropError, giver: Whose): Whose {
  // a second copy of the package may have other codes
  const fault = (faults as Partial<typeof faults>)[code] ?? 'operator'
  if (fault === 'giver') return giver
  return fault === 'network' && !retryable ? 'operator' : fault
}

/** Does the work of a verb; each of its errors says whose fault it is when it leaves. */
export async function blaming<R>(giver: Whose, work: () => R | Promise<R>): Promise<R> {
  try {
    return await work()
  } catch (error) {
    throw blamed(error, giver)
  }
}

/** The same for work that does not wait. */
export function blamingNow<R>(work: () => R): R {
  try {
    return work()
  } catch (error) {
    throw blamed(error, 'caller')
  }
}
