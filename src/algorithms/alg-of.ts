import { ensure, shown } from '../errors/guard.js'

/** An algorithm that a caller names by `alg`, or by `algorithm`, the older name. */
export interface NamedAlg {
  readonly alg?: string
  readonly algorithm?: string
}

/**
 * The algorithm that a caller named, by whichever name.
 *
 * @throws SealdropError `invalid_argument` where it named two
 */
export function algOf({ alg, algorithm = alg }: NamedAlg): string | undefined {
  ensure(
    alg === undefined || alg === algorithm,
    'invalid_argument',
    `alg and algorithm are one option: found ${shown(String(alg))} and ${shown(String(algorithm))}`,
  )
  return algorithm
}
