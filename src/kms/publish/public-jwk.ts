import { ensure } from '../../errors/guard.js'
import { checkOptions } from '../../errors/options.js'
import { blaming } from '../../errors/whose.js'
import type { JWK } from '../../formats/jwk.js'
import type { CallOptions } from '../../io/abort.js'
import { loadKey } from '../port/load-key.js'
import { KmsPort, type Kms } from '../port/port.js'

/**
 * Asks KMS for the public half of a key, as a JWK with `kid`, `use` and `alg`.
 *
 * - Of a root it is what pages give to `signedBy`.
 * - `kid` is the thumbprint (RFC 7638), which pages give to `pinned`.
 * - `alg` of an RSA signing key is PS256.
 *
 * @param o.kms - how KMS is reached; default `{}`: the AWS default chain
 * @param o.key - ARN, key id or alias
 * @throws SealdropError without a KMS call:
 *   - `invalid_argument`: `key` is missing, or no Region is known for it
 * @throws SealdropError from KMS:
 *   - `kms_denied`: the policies do not allow it, or the credentials are missing, wrong or old
 *   - `kms_throttled`: KMS limits calls a second; retry later
 *   - `kms_unavailable`: KMS could not be reached, or could not answer; retry later
 *   - `kms_unexpected`: KMS answered what this version does not understand
 *   - `key_unusable`: the key is disabled, waits for its deletion, or is unknown
 *   - `unsupported_algorithm`: the key is of a kind that Sealdrop does not use
 *   - `invalid_argument`: the key has an algorithm that Sealdrop does not use
 * @example
 *   ```js
 *   import { fetchKeySet, signedBy } from 'sealdrop'
 *   import { publicJwk } from 'sealdrop/kms'
 *   const root = await publicJwk({ key: 'alias/root' })
 *   console.log(root.use, root.alg) // sig ES256
 *   const url = 'https://keys.example.com/signed-keys.json'
 *   const keys = fetchKeySet(url, { trust: signedBy([root]) })
 *   console.log((await keys.list()).length) // 3
 *   ```
 * @see RFC 7517 §4
 */
export function publicJwk(
  o: CallOptions & { readonly kms?: Kms; readonly key: string },
): Promise<JWK> {
  return blaming('operator', () => jwkOf(o))
}

async function jwkOf(o: Parameters<typeof publicJwk>[0]): Promise<JWK> {
  ensure(o, 'invalid_argument', 'publicJwk: expected { key }')
  checkOptions(o, 'signal kms key')
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
