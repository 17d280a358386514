import type { CryptoKey } from '../../crypto/subtle.js'
import { ensure } from '../../errors/guard.js'
import { checkOptions } from '../../errors/options.js'
import type { DataKeyCache } from '../../open/data-keys.js'
import { LRUCache } from './lru.js'

/** How many data keys an opener remembers, for how long, and for how many values. */
export interface CacheOptions {
  /** The most data keys that are remembered. */
  readonly entries: number
  /** For how long one is remembered, in milliseconds. */
  readonly maxAge: number
  /**
   * How many more values one may open, after the value that it came with.
   *
   * - A value whose tag does not verify does not count.
   */
  readonly uses: number
}

/** A data key that is remembered, and how many more times it may be used. */
interface Entry {
  readonly key: CryptoKey
  readonly arn: string
  left: number
}

/**
 * Makes a cache of unwrapped data keys that is bounded by number, age and uses.
 *
 * @throws SealdropError `invalid_argument`
 */
export function dataKeyCache(o: CacheOptions): DataKeyCache {
  checkOptions(o, 'entries maxAge uses', 'cache')
  for (const name of ['entries', 'maxAge', 'uses'] as const) {
    ensure(
      Number.isInteger(o[name]) && o[name] > 0,
      'invalid_argument',
      `cache.${name}: expected a whole number above 0`,
    )
  }
  const cache = new LRUCache<string, Entry>({ max: o.entries, ttl: o.maxAge })
  return {
    get(id): CryptoKey | undefined {
      const entry = cache.get(id)
      // all of its uses are taken, of which some may be given back
      if (!entry || entry.left === 0) return undefined
      entry.left--
      return entry.key
    },
    used(id, key, opened): void {
      const entry = cache.peek(id)
      if (entry?.key !== key) return
      if (!opened) entry.left++
      if (entry.left === 0) cache.delete(id)
    },
    set: (id, key, arn) => {
      cache.set(id, { key, arn, left: o.uses })
    },
    forget(arn): void {
      for (const [id, entry] of cache.entries()) {
        if (entry.arn === arn) cache.delete(id)
      }
    },
    clear: () => cache.clear(),
  }
}
