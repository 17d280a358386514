import type { PublicMembers } from '../../algorithms/public-key.js'
import { kmsOf, type KmsArguments } from '../arguments/kms.js'
import { UsageError } from '../exit-codes.js'
import type { OpeningKey } from './age-forms.js'
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
  const own = members as PublicMembers
  return {
    thumbprint,
    jwk: own,
    published: jwk,
    facts: { thumbprint, use, alg },
    recipient: () => {
      throw new UsageError('--as recipient: expected a key of an inventory, or a URL')
    },
    opening: async () => [await openingKey(key, o, signal)],
  }
}

/** The key that a name means now, with its ARN: an identity does not follow an alias. */
async function openingKey(key: string, o: KmsArguments, signal: AbortSignal): Promise<OpeningKey> {
  const { KmsPort } = await import('../../kms/port/port.js')
  const { loadKey } = await import('../../kms/port/load-key.js')
  const port = new KmsPort(kmsOf(o))
  try {
    const { jwk, arn } = await loadKey(port, key, undefined, signal)
    return { jwk, arns: [arn] }
  } finally {
    port.close()
  }
}
