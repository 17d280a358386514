import { ensure } from '../errors/guard.js'
import { SealdropError } from '../errors/sealdrop-error.js'
import type { SetStore } from '../keys/set-store.js'

/** A Workers KV binding, as far as it is used here. */
export interface KvNamespace {
  get(key: string): Promise<string | null>
  put(key: string, value: string): Promise<void>
}

const failed = (cause: unknown): never => {
  throw new SealdropError('output_failed', 'the KV namespace did not answer; try again', { retryable: true, cause })
}

/**
 * Keeps the newest signed sets in a Workers KV namespace, under keys that begin with `sealdrop-set/`. KV takes up to a minute to
 * be the same everywhere, so a place may believe the older of two live sets for as long.
 *
 * @returns a store for `signedBy` whose verbs throw SealdropError `output_failed`
 * @throws SealdropError `invalid_argument`
 * @see design.md, "Trust"
 */
export function kvSets(namespace: KvNamespace): SetStore {
  ensure(typeof namespace?.get === 'function' && typeof namespace.put === 'function', 'invalid_argument', 'kvSets: expected a Workers KV binding')
  const keyOf = (id: string): string => `sealdrop-set/${id}`
  return {
    get: async (id) => (await namespace.get(keyOf(id)).catch(failed)) ?? undefined,
    put: async (id, set) => { await namespace.put(keyOf(id), set).catch(failed) },
  }
}
