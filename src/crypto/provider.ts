import type { PublicMembers } from '../algorithms/public-key.js'
import type { Bytes } from '../bytes/bytes.js'
import { ensure } from '../errors/guard.js'

/**
 * Algorithms that WebCrypto lacks, here or anywhere.
 *
 * - `mlDsa()` and `digests()` make one
 * - it is handed in, so that nobody else pays for it
 */
export interface AlgorithmProvider {
  /** Names in JOSE, such as `ES256`. */
  readonly algorithms: readonly string[]
  /** Tells whether a signature over a message verifies. */
  verify?(alg: string, key: PublicMembers, signature: Bytes, message: Bytes): Promise<boolean>
  /** Tells whether a signature over a digest verifies; of ML-DSA, over mu. */
  verifyDigest?(alg: string, key: PublicMembers, signature: Bytes, digest: Bytes): Promise<boolean>
}

type Verb = 'verify' | 'verifyDigest'

/** A provider that has a verb. */
type Able<V extends Verb> = AlgorithmProvider & Required<Pick<AlgorithmProvider, V>>

/**
 * The first provider that can do this for an algorithm. @throws SealdropError `invalid_argument`
 */
export function providerOf<V extends Verb>(
  providers: readonly AlgorithmProvider[] = [],
  alg: string,
  verb: V,
): Able<V> | undefined {
  ensure(
    Array.isArray(providers),
    'invalid_argument',
    'providers: expected an array, such as [mlDsa()]',
  )
  return (providers as readonly AlgorithmProvider[]).find(
    (found): found is Able<V> =>
      typeof found?.[verb] === 'function' && found.algorithms.includes(alg),
  )
}
