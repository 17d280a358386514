import { SealdropError } from '../errors/sealdrop-error.js'
import { shown } from '../errors/guard.js'
import { allows, isRevoked } from '../formats/jwk.js'
import type { Key, SealingKey } from './key.js'
import type { Believed } from './trust.js'

/** A loaded set: its usable keys in their order, and why the others are not. */
export interface LoadedSet {
  /** What the trust believed, which a receipt file keeps. */
  readonly believed: Believed
  readonly keys: readonly Key[]
  readonly passedOver: readonly string[]
}

/** Why a key does not fit what is to be sealed; undefined where it does. */
export type Unfit = (key: Key) => string | undefined

/**
 * Chooses the key to seal to.
 *
 * - it must be made for encryption, valid now, and not taken back
 * - then `prefer` decides, with an algorithm, a thumbprint or an ARN each
 * - then the order of the pins, or of the publisher
 *
 * @throws SealdropError:
 *   - `no_usable_key`: lists the keys, and why each was passed over
 */
export function selectForSealing(
  { keys, passedOver }: Pick<LoadedSet, 'keys' | 'passedOver'>,
  prefer: readonly string[],
  now: number,
  unfit?: Unfit,
): SealingKey {
  const why = (key: Key): string | undefined => whyNot(key, now) ?? unfit?.(key)
  const rank = (key: Key): number => {
    const { alg, thumbprint, arn } = key.info
    const at = prefer.findIndex((name) => [alg, thumbprint, arn].includes(name))
    return at < 0 ? prefer.length : at
  }
  const [best] = keys.filter((key) => why(key) === undefined).sort((a, b) => rank(a) - rank(b))
  if (best) return best as SealingKey
  throw noUsableKey('to seal to', [
    ...keys.map((key) => `${shown(key.kid)}: ${why(key)}`),
    ...passedOver,
  ])
}

/** Why a key is not sealed to at this time, by what any of its rows says of it. */
export function whyNot({ info, rows }: Key, now: number): string | undefined {
  if (info.use !== 'enc') return 'signs'
  for (const { stated, notBefore, expires } of rows) {
    if (isRevoked(stated) || !allows(stated, 'enc')) return 'says revoked, or other key_ops'
    if (now < notBefore) return `not valid before ${new Date(notBefore).toISOString()}`
    if (now >= expires) return `expired at ${new Date(expires).toISOString()}`
  }
  return undefined
}

export function noUsableKey(what: string, reasons: readonly string[]): SealdropError {
  return new SealdropError(
    'no_usable_key',
    `the key set has no key ${what}; ask its publisher: ${reasons.join('; ') || 'it is empty'}`,
  )
}
