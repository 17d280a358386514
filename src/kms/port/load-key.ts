import { sealAlgorithms } from '../../algorithms/key-wraps.js'
import { kindOfKey } from '../../algorithms/public-key.js'
import { signatureOf, signatures, whyRefused } from '../../algorithms/signatures.js'
import { ensure, shown } from '../../errors/guard.js'
import { fromSpki } from '../../formats/spki.js'
import { thumbprintOf } from '../../keys/key.js'
import type { OpenerKey } from '../../open/opener-key.js'
import type { KmsPort } from './port.js'

/**
 * Loads the public half of a KMS key by ARN, key id or alias.
 *
 * @param alg - picks one of the signature algorithms of an RSA key; default: PS256
 * @throws SealdropError `invalid_argument`, `unsupported_algorithm`, `key_unusable`, `kms_*`
 */
export async function loadKey(
  port: KmsPort,
  key: string,
  alg?: string,
  signal?: AbortSignal,
): Promise<OpenerKey> {
  ensure(
    typeof key === 'string' && key !== '',
    'invalid_argument',
    'key: expected a key ARN, a key id or an alias',
  )
  const { arn, spki, keyUsage, signingAlgorithms } = await port.publicKey(key, signal)
  const jwk = fromSpki(spki)
  const thumbprint = await thumbprintOf(jwk)
  const asked = shown(alg ?? '')
  if (keyUsage !== 'SIGN_VERIFY') {
    const ours = sealAlgorithms[kindOfKey(jwk)]
    ensure(
      ours && (alg ?? ours) === ours,
      'invalid_argument',
      `alg ${asked}: ${key} takes ${ours ?? 'none'}`,
    )
    return { arn, jwk, info: { thumbprint, alg: ours, use: 'enc', arn } }
  }
  const name = signatureOf(jwk, alg)
  const why = alg === undefined ? '' : `; ${whyRefused(alg)}`
  ensure(
    name && signingAlgorithms.includes(signatures[name].kms),
    'invalid_argument',
    `alg ${asked}: ${key} signs with ${signingAlgorithms.join(', ')}${why}`,
  )
  return { arn, jwk, info: { thumbprint, alg: name, use: 'sig', arn } }
}
