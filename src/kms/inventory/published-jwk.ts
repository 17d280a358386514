import { kindOfKey, type PublicMembers, type RecipientKind } from '../../algorithms/public-key.js'
import type { JwkStatements } from '../../formats/jwk.js'

export type PublishedJwk = JwkStatements & {
  readonly kid: string
  readonly key_ops: readonly string[]
}

/** The `key_ops` of a key that is sealed to (RFC 7517 §4.3): a public ECDH key has none. */
const keyOps: Readonly<Record<RecipientKind, readonly string[]>> = {
  RSA: ['encrypt', 'wrapKey'],
  EC: [],
}

/** A JWK of a set (RFC 7517 §4), its operations by its use. */
export function jwkFor(
  jwk: PublicMembers,
  stated: Omit<JwkStatements, 'key_ops'> & { readonly kid: string; readonly use: 'enc' | 'sig' },
): PublishedJwk {
  const { kid, use, ...others } = stated
  const operations = use === 'sig' ? ['verify'] : (keyOps[kindOfKey(jwk) as RecipientKind] ?? [])
  return { ...jwk, kid, use, key_ops: operations, ...others }
}
