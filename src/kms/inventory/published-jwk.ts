import type { PublicMembers } from '../../algorithms/public-key.js'
import type { JwkStatements } from '../../formats/jwk.js'

export type PublishedJwk = JwkStatements & {
  readonly kid: string
  readonly key_ops: readonly string[]
}

const keyOps = { RSA: ['encrypt', 'wrapKey'], EC: [], OKP: [], AKP: [] }

/** A JWK of a set (RFC 7517 §4), its operations by its use. */
export function jwkFor(
  jwk: PublicMembers,
  stated: Omit<JwkStatements, 'key_ops'> & { readonly kid: string; readonly use: 'enc' | 'sig' },
): PublishedJwk {
  const { kid, use, ...others } = stated
  const operations = use === 'sig' ? ['verify'] : keyOps[jwk.kty]
  return { ...jwk, kid, use, key_ops: operations, ...others }
}
