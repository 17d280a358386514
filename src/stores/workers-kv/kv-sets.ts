import { ensure, hasMethods } from '../../errors/guard.js'
import type { SetStore } from '../../keys/set-store.js'

/** A Workers KV binding, as far as it is used here. */
export interface KvNamespace {
  get(key: string): Promise<string | null>
  put(key: string, value: string): Promise<void>
}

/**
 * Keeps the newest signed sets in a Workers KV namespace, under keys that begin with
 * `sealdrop-set/`. KV takes a minute or more to be the same everywhere, and compares nothing: a
 * place that reads an older set, and is served it, may write it over the newer one, until who has
 * seen the newer one loads again. One write a second is allowed; one that fails is made good at the
 * next load.
 *
 * @returns a store for `signedBy`, which makes `output_failed` of what KV fails with
 * @throws SealdropError `invalid_argument`
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
