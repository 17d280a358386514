import type { CryptoKey } from '../crypto/subtle.js'
import type { PrivateOperations } from '../envelope/private-operations.js'
import { isSealdropError, SealdropError, type SealdropErrorCode } from '../errors/sealdrop-error.js'
import type { DataKeyCache } from './data-keys.js'
import type { OpenerKey } from './opener-key.js'

/** A key of the opener that can open a message, and what the message holds for it. */
export interface Candidate<Wrapped> {
  readonly key: OpenerKey
  readonly wrapped: Wrapped
  /** Names the data key in a cache; undefined for one that is never remembered. */
  readonly id: string | undefined
}

/** Unwraps a data key with one cryptographic answer of a private key. */
export type Unwrap<Wrapped> = (
  wrapped: Wrapped,
  arn: string,
  operations: PrivateOperations,
  signal?: AbortSignal,
) => Promise<CryptoKey>

/** What is to be done with the data key of one of the candidates. */
export interface DataKeyWork<Wrapped, Result> {
  /** In the opener's order. */
  readonly candidates: readonly Candidate<Wrapped>[]
  readonly unwrap: Unwrap<Wrapped>
  readonly use: (dataKey: CryptoKey, key: OpenerKey) => Promise<Result>
  readonly signal: AbortSignal | undefined
}

/** Only after these may another key be asked; after any cryptographic answer the work is over. */
const failover: readonly SealdropErrorCode[] = ['kms_unavailable', 'kms_denied', 'key_unusable']

/**
 * Opens with at most one cryptographic answer of a private key.
 *
 * A data key is remembered only after it opened something.
 *
 * @throws SealdropError what `use` throws, `kms_*`, `key_unusable`
 * @see design.md, "Opening"
 */
export async function withDataKey<W, R>(
  { candidates, unwrap, use, signal }: DataKeyWork<W, R>,
  { cache, operations }: { readonly cache: DataKeyCache; readonly operations: PrivateOperations },
): Promise<R> {
  for (const { key, id } of candidates) {
    const known = id === undefined ? undefined : cache.get(id)
    if (id !== undefined && known) {
      let opened = false
      try {
        const result = await use(known, key)
        opened = true
        return result
      } finally {
        // a forged value must not use up what genuine ones are to open with
        cache.used(id, known, opened)
      }
    }
  }
  let unavailable: unknown
  for (const { key, wrapped, id } of candidates) {
    try {
      const dataKey = await unwrap(wrapped, key.arn, operations, signal)
      const result = await use(dataKey, key)
      if (id !== undefined) cache.set(id, dataKey, key.arn)
      return result
    } catch (error) {
      if (isSealdropError(error) && error.code === 'key_unusable') cache.forget(key.arn)
      if (!isSealdropError(error) || !failover.includes(error.code)) throw error
      // a key that is gone must not hide that another one may answer later
      if (error.retryable || !unavailable) unavailable = error
    }
  }
  throw unavailable
}

/** The one error of class B, for whatever was wrong that depends on a private key or a data key. */
export const rejected = (): SealdropError =>
  new SealdropError(
    'rejected',
    'this does not open: it was changed on its way, or not sealed for this key',
  )
