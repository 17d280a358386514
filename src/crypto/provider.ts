import type { PublicMembers } from '../algorithms/public-key.js'
import type { Bytes } from '../bytes/bytes.js'

/** What an opt-in door brings for algorithms that WebCrypto, here or anywhere, has not; handed in, so that nobody else pays for it. */
export interface AlgorithmProvider {
  /** JOSE names. */
  readonly algorithms: readonly string[]
  /** Whether a signature over a message verifies. */
  verify?(alg: string, key: PublicMembers, signature: Bytes, message: Bytes): Promise<boolean>
  /** Whether a signature over a digest of a message verifies; of ML-DSA, over its message representative mu. */
  verifyDigest?(alg: string, key: PublicMembers, signature: Bytes, digest: Bytes): Promise<boolean>
}
