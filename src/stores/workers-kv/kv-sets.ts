import { ensure, hasMethods } from '../../errors/guard.js'
import type { SetStore } from '../../keys/set-store.js'

/** A Workers KV binding, as far as Sealdrop uses it. */
export interface KvNamespace {
  /** The text under a key; null where there is none. */
  get(key: string): Promise<string | null>
  /** Keeps a text under a key. */
  put(key: string, value: string): Promise<void>
}

/**
 * Keeps the newest signed sets in a Workers KV namespace, for Workers that start anew.
 *
 * - its keys begin with `sealdrop-set/`
 * - KV takes a minute or more to be the same everywhere, and compares nothing: a place that reads
 *   an older set, and is served it, may write it over the newer one
 * - that lasts until somebody who has seen the newer set loads it again
 * - one write a second is allowed; one that fails is made good at the next load
 *
 * @param namespace - the binding, such as `env.KEY_SETS`
 * @returns a store for `signedBy`, which makes `output_failed` of what KV fails with
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: this is no Workers KV binding
 * @example
 *   ```js
 *   import { fetchKeySet, kvSets, signedBy } from 'sealdrop'
 *   import root from './root.json' with { type: 'json' }
 *   const kept = new Map() // a Worker has a binding instead, such as env.KEY_SETS
 *   const namespace = {
 *     get: async (key) => kept.get(key) ?? null,
 *     put: async (key, set) => void kept.set(key, set),
 *   }
 *   const trust = signedBy([root], { store: kvSets(namespace) })
 *   await fetchKeySet('https://keys.example.com/signed-keys.json', { trust }).ready()
 *   console.log([...kept.keys()].join()) // sealdrop-set/…
 *   ```
 * @see design.md, "Trust"
 */
export function kvSets(namespace: KvNamespace): SetStore {
  ensure(
    hasMethods(namespace, 'get', 'put'),
    'invalid_argument',
    'kvSets: expected a Workers KV binding',
  )
  const keyOf = (id: string): string => `sealdrop-set/${id}`
  return {
    get: async (id) => (await namespace.get(keyOf(id))) ?? undefined,
    put: (id, set) => namespace.put(keyOf(id), set),
  }
}
