import { ensure } from '../errors/guard.js'
import { allows } from '../formats/jwk.js'
import type { KeyRing } from './key-set.js'
import type { Key } from './key.js'
import type { LoadedSet } from './select.js'

/** Which signing key is looked for. */
export interface WantedSigner {
  readonly fits: (key: Key) => boolean
  /** Decides where several fit: rows of one name, or of one key for several algorithms. */
  readonly isFor: (key: Key) => boolean
  /** How messages name it. */
  readonly named: string
}

/**
 * Finds the one signing key that fits, whatever its dates are: validity counts at signing time.
 *
 * - where none fits, the set is fetched again
 * - a key whose `key_ops` leave `verify` out does not fit (RFC 7517 §4.3)
 * - several rows of one key for one algorithm are one
 *
 * @throws SealdropError:
 *   - `key_not_found`: no key fits, or several do
 *   - also what loading the set throws
 */
export async function selectSigner(
  keys: KeyRing,
  { fits, isFor, named }: WantedSigner,
  signal?: AbortSignal,
): Promise<Key> {
  const find = (set: LoadedSet | undefined): Key | undefined => {
    const fitting = set?.keys.filter((key) => mayVerify(key) && fits(key)) ?? []
    const able = fitting.filter(isFor)
    const [first, ...others] = able.length > 0 ? able : fitting
    return others.every(({ info }) => info.thumbprint === first?.info.thumbprint)
      ? first
      : undefined
  }
  const found = find(await keys.current(signal)) ?? find(await keys.refetched(signal))
  ensure(
    found,
    'key_not_found',
    `the key set has no signing key ${named}; another company's, or no longer published?`,
  )
  return found
}

/** What its rows for this algorithm allow; those that only take the key back are judged later. */
const mayVerify = ({ info, rows }: Key): boolean =>
  info.use === 'sig' && rows.every((row) => row.info.alg !== info.alg || allows(row.stated, 'sig'))
