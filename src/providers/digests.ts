import type { PublicMembers } from '../algorithms/public-key.js'
import { isHashing, signatures, type SignatureName } from '../algorithms/signatures.js'
import { fromBase64url } from '../bytes/base64url.js'
import { concat, type Bytes } from '../bytes/bytes.js'
import type { AlgorithmProvider } from '../crypto/provider.js'
import { paddings } from '../formats/emsa.js'
import { sha2, verifyEcdsaDigest } from './noble-curves.js'
import { openRsa } from './rsa.js'

/**
 * Brings ECDSA and RSA signatures over a digest that you have, for `verifySignature`.
 *
 * - hand it to a key set: `importKeySet(key, { trust, providers: [digests()] })`
 * - messages are still verified by WebCrypto
 * - `@noble/curves` verifies the signatures of curves, on the calling thread
 *
 * @returns a provider for `importKeySet` and `fetchKeySet`; it throws nothing
 * @example
 *   ```js
 *   import { fetchKeySet, overHttps, verifySignature } from 'sealdrop'
 *   import { digests } from 'sealdrop/digests'
 *   const o = { trust: overHttps(), providers: [digests()] }
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', o)
 *   const get = async (name) => (await fetch(`https://files.example.com/${name}`)).arrayBuffer()
 *   const hash = await crypto.subtle.digest('SHA-256', await get('order-7.json'))
 *   const digest = new Uint8Array(hash) // as your system has it
 *   const signature = new Uint8Array(await get('order-7.sig'))
 *   const proof = await verifySignature(keys, { digest, signature, alg: 'ECDSA_SHA_256' })
 *   console.log(proof.key.alg) // ES256
 *   ```
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
