import type { MlDsaName } from '../algorithms/signatures.js'
import type { PublicMembers } from '../algorithms/public-key.js'
import { fromBase64url } from '../bytes/base64url.js'
import type { Bytes } from '../bytes/bytes.js'
import type { AlgorithmProvider } from '../crypto/provider.js'
import { verifyMessage, verifyMu } from './noble-ml-dsa.js'

/**
 * Brings ML-DSA-44, 65 and 87 where the runtime's WebCrypto lacks them.
 *
 * - hand it to a key set: `fetchKeySet(url, { trust, providers: [mlDsa()] })`
 * - WebCrypto goes first where it has them (Chromium 150, Node 24.7)
 * - elsewhere `@noble/post-quantum` verifies, on the calling thread
 * - so it does everywhere over a message representative: `verifySignature` with `digest`
 *   (EXTERNAL_MU)
 *
 * @returns a provider for `importKeySet`, `fetchKeySet` and `signedBy`; it throws nothing
 * @example
 *   ```js
 *   import { importKeySet, inHand, verify } from 'sealdrop'
 *   import { createSigner, publicJwk } from 'sealdrop/kms'
 *   import { mlDsa } from 'sealdrop/ml-dsa'
 *   const signer = createSigner({ key: 'alias/archive' }) // ML_DSA_65
 *   const jws = await signer.sign({ order: 7 })
 *   const jwk = await publicJwk({ key: 'alias/archive' })
 *   const keys = importKeySet(jwk, { trust: inHand(), providers: [mlDsa()] })
 *   const { key } = await verify(keys, jws)
 *   console.log(key.alg) // ML-DSA-65
 *   ```
 * @see FIPS 204 §5.3, RFC 9964
 */
export function mlDsa(): AlgorithmProvider {
  const ofKey =
    (verifies: typeof verifyMessage) =>
    async (alg: string, key: PublicMembers, signature: Bytes, over: Bytes): Promise<boolean> =>
      key.kty === 'AKP' && verifies(alg as MlDsaName, fromBase64url(key.pub), signature, over)
  return {
    algorithms: ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'],
    verify: ofKey(verifyMessage),
    verifyDigest: ofKey(verifyMu),
  }
}
