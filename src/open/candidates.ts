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

/** A data key, or a random one where the cryptography refused, and the key that KMS used. */
export interface Unwrapped {
  readonly dataKey: CryptoKey
  readonly key: OpenerKey
  readonly id: string | undefined
}

/** What values and messages that are opened together share: an answer of KMS serves all of them. */
export interface SharedAnswers {
  /** The answer for a name, of which one call at a time is made. A failure that passes is not kept. */
  answer(
    name: string | undefined,
    ask: (signal?: AbortSignal) => Promise<Unwrapped>,
    signal: AbortSignal | undefined,
  ): Promise<Unwrapped>
  /** Whether nothing that came of this answer was remembered for longer yet. */
  isNew(answer: Unwrapped): boolean
  /** Drops what came of a key, because it was disabled. */
  forget(arn: string): void
  /** Throws where nobody waits any more for what is opened. */
  ensureAwaited(): void
}

/** What opening works with. */
interface Means {
  readonly cache: DataKeyCache
  readonly operations: PrivateOperations
  readonly shared?: SharedAnswers | undefined
}

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
  means: Means,
): Promise<R> {
  const { cache, shared } = means
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
  const ask = (stop?: AbortSignal): Promise<Unwrapped> => asked(candidates, unwrap, means, stop)
  const answer = await (shared ? shared.answer(nameOf(candidates), ask, signal) : ask(signal))
  const { dataKey, key, id } = answer
  const result = await use(dataKey, key)
  if (id !== undefined && (shared?.isNew(answer) ?? true)) cache.set(id, dataKey, key.arn)
  return result
}

/** Names all that may go to KMS; undefined where a data key is never remembered. */
function nameOf(candidates: readonly Candidate<unknown>[]): string | undefined {
  const ids = candidates.map(({ id }) => id)
  return ids.includes(undefined) ? undefined : ids.join(' ')
}

/** Only after these may another key be asked; after any cryptographic answer the work is over. */
const failover: readonly SealdropErrorCode[] = ['kms_unavailable', 'kms_denied', 'key_unusable']

/** Whether another key may be asked after this failure. */
export const mayAskAnother = (error: unknown): error is SealdropError =>
  isSealdropError(error) && failover.includes(error.code)

/** Asks one key after the other until one answers. @throws SealdropError `kms_*`, `key_unusable` */
async function asked<W>(
  candidates: readonly Candidate<W>[],
  unwrap: Unwrap<W>,
  { cache, operations, shared }: Means,
  signal: AbortSignal | undefined,
): Promise<Unwrapped> {
  let unavailable: unknown
  for (const { key, wrapped, id } of candidates) {
    try {
      return { dataKey: await unwrap(wrapped, key.arn, operations, signal), key, id }
    } catch (error) {
      if (isSealdropError(error) && error.code === 'key_unusable')
        for (const memory of [cache, shared]) memory?.forget(key.arn)
      if (!mayAskAnother(error)) throw error
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
