import { ensure } from '../../errors/guard.js'
import type { JWK } from '../../formats/jwk.js'
import type { CallOptions } from '../../io/abort.js'
import { loadKey } from '../port/load-key.js'
import { KmsPort, type Kms } from '../port/port.js'

/**
 * The public half of a KMS key as a JWK with `kid`, `use` and `alg`: of a root, what pages give to
 * `signedBy`; RSA signs PS256. One kms:GetPublicKey.
 *
 * @param o.kms how KMS is reached; default `{}`: the AWS default chain
 * @param o.key ARN, key id or alias
 * @throws SealdropError `invalid_argument`, `unsupported_algorithm`, `key_unusable`, `kms_*`
 * @see RFC 7517 §4
 */
export async function publicJwk(
  o: CallOptions & { readonly kms?: Kms; readonly key: string },
): Promise<JWK> {
  ensure(o, 'invalid_argument', 'publicJwk: expected { key }')
  const port = new KmsPort(o.kms ?? {})
  try {
    const {
      jwk,
      info: { thumbprint, use, alg },
    } = await loadKey(port, o.key, undefined, o.signal)
    return { ...jwk, kid: thumbprint, use, alg }
  } finally {
    port.close()
  }
}
