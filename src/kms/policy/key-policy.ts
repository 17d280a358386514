import { ensure } from '../../errors/guard.js'
import { checkOptions } from '../../errors/options.js'
import { blamingNow } from '../../errors/whose.js'
import type { KeyPolicyOptions, Policies } from './key-policy-options.js'
import { writeRole } from './write-role.js'

/**
 * Writes what a role needs and nothing else, as its part of a key policy and as an IAM policy.
 *
 * - `opener` gets the public key, and Decrypt or DeriveSharedSecret with its algorithms.
 * - `signer` gets the public key, and Sign with its algorithms. The publisher of a root is one.
 * - `publisher` gets the public key and the state.
 * - `resealer` gets GenerateDataKey, and `reader` gets Decrypt, of a symmetric key. The encryption
 *   context must name a sealed file, as that of an archive does.
 * - `administrator` gets what `applyRotation`, `retireKey`, `deleteKey` and `restoreKey` call, but
 *   for kms:ReplicateKey, which purposes with `replicas` need.
 *   Cryptography and grants are denied to it, whatever else allows them. Whoever may change the
 *   policy can take that out, and CloudTrail shows it.
 * - Nobody can delete the key in less than 30 days.
 * - In the key's account the key policy suffices. Making and listing keys, and aliases, need the
 *   IAM policy too. From another account everything needs both.
 * - KMS takes a key policy only when its principals exist. Nobody is asked here.
 *
 * @throws SealdropError without a KMS call:
 *   - `invalid_argument`: an option is wrong, or an administrator is of another account than the
 *     key
 *   - `too_large`: the key policy has over 32,768 bytes
 * @example
 *   ```js
 *   import { keyPolicy } from 'sealdrop/kms'
 *   const key = 'arn:aws:kms:us-east-1:111122223333:alias/claims'
 *   const principals = ['arn:aws:iam::111122223333:role/opener']
 *   const algs = ['ECDH-ES+A256KW']
 *   const policies = keyPolicy({ role: 'opener', key, principals, algs })
 *   const [, agree] = policies.iamPolicy.Statement
 *   console.log(agree.Effect, agree.Action.join()) // Allow kms:DeriveSharedSecret
 *   ```
 * @see AWS KMS Developer Guide, "Key policies", "Allowing users in other accounts to use a KMS
 *   key", "Condition keys"
 */
export function keyPolicy(o: KeyPolicyOptions): Policies {
  return blamingNow(() => policiesOf(o))
}

function policiesOf(o: Parameters<typeof keyPolicy>[0]): Policies {
  ensure(o, 'invalid_argument', 'keyPolicy: expected { role, key, principals }')
  checkOptions(o, 'role key principals accountRoot algs')
  const written = writeRole(o, 'principals')
  return { keyPolicy: written.keyPolicy, iamPolicy: written.iamPolicy }
}
