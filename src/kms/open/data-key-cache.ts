import type { CryptoKey } from '../../crypto/subtle.js'
import { ensure } from '../../errors/guard.js'
import type { DataKeyCache } from '../../open/data-keys.js'
import { LRUCache } from './lru.js'

export interface CacheOptions {
  /** Data keys remembered at most. */
  readonly entries: number
  /** Milliseconds for which one is remembered. */
  readonly maxAge: number
  /** Values that one opens, beyond the first. */
  readonly uses: number
}

/** What is remembered, and how many times it may be used yet. */
interface Entry {
  readonly key: CryptoKey
  readonly arn: string
  left: number
}

/**
 * A cache of unwrapped data keys bounded by entries, age and uses.
 *
 * @throws SealdropError `invalid_argument`
 */
export function dataKeyCache(o: CacheOptions): DataKeyCache {
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
      if (!entry) return undefined
      entry.left--
      if (entry.left === 0) cache.delete(id)
      return entry.key
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
