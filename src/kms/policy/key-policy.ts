import { ensure } from '../../errors/guard.js'
import type { KeyPolicyOptions, Policies } from './key-policy-options.js'
import { writeRole } from './write-role.js'

/**
 * Writes what a role needs and nothing else, as its part of a key policy and as an IAM policy;
 * nobody is asked.
 * - opener: the public key; Decrypt or DeriveSharedSecret by its algorithms
 * - signer: the public key; Sign by its algorithms, of digests. A root's signer is its publisher
 * - publisher: the public key and the state
 * - administrator: what `applyRotation`, `retireKey`, `deleteKey` and `restoreKey` call.
 *   Cryptography and grants are denied, whatever else allows them; who may change the policy can
 *   take that out, and CloudTrail shows it
 *
 * No key is deleted in less than 30 days, whoever asks. In the key's account the key policy
 * suffices, except for making and listing keys and for aliases, which need the IAM policy; from
 * another account both are needed. KMS takes a key policy only when its principals exist.
 *
 * @throws SealdropError `invalid_argument` naming the member; an administrator of another account,
 *   since KMS lets nobody manage a key from there; `too_large` for a key policy over 32,768 bytes
 * @see AWS KMS Developer Guide, "Key policies", "Allowing users in other accounts to use a KMS
 *   key", "Condition keys"
 */
export function keyPolicy(o: KeyPolicyOptions): Policies {
  ensure(o, 'invalid_argument', 'keyPolicy: expected { role, key, principals }')
  const written = writeRole(o, 'principals')
  return { keyPolicy: written.keyPolicy, iamPolicy: written.iamPolicy }
}
