import type { PublicMembers } from '../algorithms/public-key.js'
import { fitsSignature, signatures, type SignatureName } from '../algorithms/signatures.js'
import { fromBase64url } from '../bytes/base64url.js'
import type { Bytes } from '../bytes/bytes.js'
import { ensure } from '../errors/guard.js'
import { SealdropError } from '../errors/sealdrop-error.js'
import { providerOf, type AlgorithmProvider } from './provider.js'
import { importVerifier } from './public-keys.js'
import { subtle, type CryptoKey } from './subtle.js'

/**
 * Whether a signature over a message verifies.
 *
 * - ECDSA signatures are r ‖ s
 * - a signature of a wrong length does not verify
 */
export type Verifies = (signature: Bytes, message: Bytes) => Promise<boolean>

/**
 * WebCrypto's key of a signer, for the one algorithm that it signs with; undefined where the host
 * has no such algorithm.
 *
 * @throws SealdropError:
 *   - `unsupported_algorithm`: the algorithm is not one of this type of key
 *   - `unsupported_runtime`: there is no WebCrypto
 *   - `keys_malformed`: the key is invalid
 */
export async function verifyingKey(
  jwk: PublicMembers,
  alg: SignatureName,
): Promise<CryptoKey | undefined> {
  ensure(
    fitsSignature(jwk, alg),
    'unsupported_algorithm',
    `${alg} is not a signature algorithm of this type of key`,
  )
  return importVerifier(jwk, alg)
}

/**
 * How a key verifies: with WebCrypto where the host has the algorithm, otherwise with a provider.
 *
 * @throws SealdropError:
 *   - `unsupported_algorithm`: the algorithm is not one of this type of key
 *   - `unsupported_runtime`: neither WebCrypto nor a provider has it
 *   - `keys_malformed`: the key is invalid
 */
export async function verifierOf(
  jwk: PublicMembers,
  alg: SignatureName,
  providers?: readonly AlgorithmProvider[],
): Promise<Verifies> {
  const { webCrypto: name, hash } = signatures[alg]
  const key = await verifyingKey(jwk, alg)
  if (key) {
    const params = { name, hash, saltLength: hash && hashLength(alg) } as EcdsaParams
    // hosts take an RSA signature that lost a leading zero; RFC 8017 §8.1.2, step 1, does not
    const octets = jwk.kty === 'RSA' && fromBase64url(jwk.n).length
    return async (signature, message) =>
      (!octets || signature.length === octets) &&
      subtle()
        .verify(params, key, signature, message)
        .catch(() => false)
  }
  const provider = providerOf(providers, alg, 'verify')
  const advice = jwk.kty === 'AKP' ? '; pass providers: [mlDsa()] of sealdrop/ml-dsa' : ''
  ensure(provider, 'unsupported_runtime', `${alg}: not in this runtime's WebCrypto${advice}`)
  return async (signature, message) =>
    (async () => provider.verify(alg, jwk, signature, message))().catch(() => false)
}

/** Bytes of what an algorithm hashes a message to. */
export const hashLength = (alg: SignatureName): number => Number(signatures[alg].hash?.slice(4)) / 8

/** One error for every signature that does not verify. */
export const signatureRejected = (): SealdropError =>
  new SealdropError(
    'rejected',
    'the signature does not verify: the content was changed, or another key signed it',
  )
