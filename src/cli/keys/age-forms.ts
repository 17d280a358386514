import type { PublicMembers } from '../../algorithms/public-key.js'
import { UsageError } from '../exit-codes.js'

/** A key that opens age files. */
export interface OpeningKey {
  readonly jwk: PublicMembers
  /** Its ARN, and those of its replicas in the order in which they are asked. */
  readonly arns: readonly string[]
}

/** What is looked at of a key that is shown. */
interface AgeKey {
  readonly jwk: PublicMembers
  /** As it stands in a set. */
  readonly published: object
  readonly opening: () => Promise<readonly OpeningKey[]>
}

type Form = 'age' | 'age-identity'

/** Refuses a key that age cannot seal to. @throws UsageError */
function checkKind({ jwk, published }: AgeKey, form: Form): void {
  const { use } = published as { readonly use?: unknown }
  const kind = 'crv' in jwk ? jwk.crv : jwk.kty
  if (kind === 'P-256' && use !== 'sig') return
  const found = `${kind}${use === 'sig' ? ', which signs' : ''}`
  throw new UsageError(
    `--as ${form}: expected a key ECC_NIST_P256 of the usage KEY_AGREEMENT, found one of ${found}`,
  )
}

/** A key as a recipient of age. @throws UsageError, SealdropError `no_usable_key` */
export async function recipientForm(key: AgeKey): Promise<string> {
  checkKind(key, 'age')
  const { ageRecipient } = await import('../../age/recipient.js')
  return ageRecipient({ ...key.published })
}

/** A key as an identity of the plugin. It holds no secret. @throws UsageError */
export async function identityForm(key: AgeKey): Promise<string> {
  checkKind(key, 'age-identity')
  const { ageIdentity } = await import('../../age/identity.js')
  const { isP256, pointAs, pointOf } = await import('../../age/p256.js')
  const keys = (await key.opening()).flatMap(({ jwk, arns }) => {
    const point = isP256(jwk) ? pointAs('compressed', pointOf(jwk)) : undefined
    return point ? [{ point, arns }] : []
  })
  return ageIdentity(keys)
}
