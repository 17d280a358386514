import type { PublicMembers } from '../algorithms/public-key.js'
import { isHashing, signatures, type SignatureName } from '../algorithms/signatures.js'
import { fromBase64url } from '../bytes/base64url.js'
import { concat, type Bytes } from '../bytes/bytes.js'
import type { AlgorithmProvider } from '../crypto/provider.js'
import { paddings } from '../formats/emsa.js'
import { sha2, verifyEcdsaDigest } from './noble-curves.js'
import { openRsa } from './rsa.js'

/**
 * ECDSA and RSA signatures over a digest, for a key set: `importKeySet(key, { trust, providers:
 * [digests()] })`, then `verifySignature` with `digest`. `@noble/curves` verifies those of curves.
 * Messages are still verified by WebCrypto.
 *
 * @returns a provider for `importKeySet` and `fetchKeySet`; throws nothing
 * @see FIPS 186-5 §6.4.2, RFC 8017 §8.1.2 and §8.2.2
 */
export function digests(): AlgorithmProvider {
  const algorithms = Object.entries(signatures)
    .filter(([, row]) => isHashing(row))
    .map(([alg]) => alg)
  return {
    algorithms,
    verifyDigest: async (alg, key, signature, digest) =>
      verifies(alg as SignatureName, key, signature, digest),
  }
}

function verifies(
  alg: SignatureName,
  key: PublicMembers,
  signature: Bytes,
  digest: Bytes,
): boolean {
  const row = signatures[alg]
  if (key.kty === 'EC')
    return verifyEcdsaDigest(
      key.crv,
      concat([4], fromBase64url(key.x), fromBase64url(key.y)),
      signature,
      digest,
    )
  const encoded = key.kty === 'RSA' ? openRsa(key.n, signature) : undefined
  return (
    encoded !== undefined &&
    isHashing(row) &&
    paddings[row.webCrypto as keyof typeof paddings].fits(sha2(row.hash), digest, encoded)
  )
}
