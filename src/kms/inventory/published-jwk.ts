import { kindOfKey, type PublicMembers, type RecipientKind } from '../../algorithms/public-key.js'
import type { JwkStatements } from '../../formats/jwk.js'

export type PublishedJwk = JwkStatements & {
  readonly kid: string
  readonly key_ops?: readonly string[]
}

/**
 * The `key_ops` of a key that is sealed to (RFC 7517 §4.3).
 *
 * A public ECDH key has no operations, and names none: JOSE libraries take an empty list for
 * "nothing is allowed".
 */
const keyOps: Readonly<Record<RecipientKind, readonly string[] | undefined>> = {
  RSA: ['encrypt', 'wrapKey'],
  EC: undefined,
}

/** A JWK of a set (RFC 7517 §4), its operations by its use. */
export function jwkFor(
  jwk: PublicMembers,
  stated: Omit<JwkStatements, 'key_ops'> & { readonly kid: string; readonly use: 'enc' | 'sig' },
): PublishedJwk {
  const { kid, use, ...others } = stated
  const operations = use === 'sig' ? ['verify'] : keyOps[kindOfKey(jwk) as RecipientKind]
  return { ...jwk, kid, use, ...(operations && { key_ops: operations }), ...others }
}
