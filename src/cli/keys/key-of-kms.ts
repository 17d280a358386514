import type { PublicMembers } from '../../algorithms/public-key.js'
import { kmsOf, type KmsArguments } from '../arguments/kms.js'
import { UsageError } from '../exit-codes.js'
import type { ShownKey } from './forms.js'

/** A key of KMS that need not stand in an inventory, such as a root. */
export async function keyOfKms(
  key: string,
  o: KmsArguments,
  signal: AbortSignal,
): Promise<ShownKey & { readonly facts: object }> {
  const { publicJwk } = await import('../../doors/kms.js')
  const jwk = await publicJwk({ kms: kmsOf(o), key, signal })
  const { kid: thumbprint = '', use, alg, ...members } = jwk
  return {
    thumbprint,
    jwk: members as PublicMembers,
    published: jwk,
    facts: { thumbprint, use, alg },
    recipient: () => {
      throw new UsageError('--as recipient: expected a key of an inventory, or a URL')
    },
  }
}
