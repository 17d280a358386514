import { ensure } from '../errors/guard.js'
import type { CallOptions } from '../io/abort.js'
import { noCache } from '../open/data-keys.js'
import type { Opened, OpenOptions } from '../open/open-value.js'
import type { ReplayStore } from '../open/replay.js'
import { ValueOpener, type OpenEvent } from '../open/value-opener.js'
import type { FieldOptions, SealedFields } from '../seal/sealer.js'
import { ConfiguredKeys } from './configured-keys.js'
import { dataKeyCache, type CacheOptions } from './data-key-cache.js'
import { KmsPort, type Kms } from './port.js'

/** Opens what was sealed to its keys, each through one KMS call. */
export interface Opener {
  /** Loads the keys now and throws when one does not load, so that a wrong configuration shows at start. */
  ready(o?: CallOptions): Promise<void>
  /** Forgets data keys and ends KMS clients made here; later calls throw `closed`. */
  close(): Promise<void>
  /**
   * Opens a sealed value. Everything public is checked before KMS is called; after that every failure is `rejected`.
   *
   * @throws SealdropError class A, without a KMS call: `invalid_argument`, `malformed`, `too_large`, `unsupported_algorithm`, `key_not_found`, `context_mismatch`, `expired`, `replayed`; class B: `rejected`; `kms_denied`, `kms_throttled`, `kms_unavailable`, `kms_unexpected`, `key_unusable`, `closed`
   * @see RFC 7516 §5.2
   */
  open(jwe: string, o: OpenOptions): Promise<Opened>
  /**
   * Opens the named fields of a record; one that is missing or not sealed is `rejected`, one from another place
   * `context_mismatch`, fields under more than 8 data keys `too_large`. One KMS call for each data key; otherwise throws as `open`,
   * and `malformed` where an authenticated field is not what its content type says.
   *
   * @see RFC 6901 for the place
   */
  openFields<T extends object>(record: SealedFields<T>, o: OpenOptions & FieldOptions): Promise<T>
}

export interface OpenerOptions {
  /** How KMS is reached. Default `{}`: the AWS default chain. */
  readonly kms?: Kms
  /** ARNs, key ids or aliases of the keys that may be used, in the order of preference among replicas. */
  readonly keys: readonly string[]
  /** Oldest value taken, in milliseconds. Default: any age. */
  readonly maxAge?: number
  /** Opens every value once; needs `maxAge`, for which ids are kept. Default: none. */
  readonly replay?: ReplayStore
  /** Remembers unwrapped data keys. Default: off, one KMS call for every value. */
  readonly cache?: CacheOptions
  /** Told of every value opened or refused. Default: nobody. */
  readonly onEvent?: (e: OpenEvent) => void
}

/**
 * Makes an opener. Nothing happens before its first verb.
 *
 * @throws SealdropError `invalid_argument`; its verbs throw what {@link Opener} says
 * @see RFC 7516 §5.2, §11.5
 */
export function createOpener(o: OpenerOptions): Opener {
  ensure(o, 'invalid_argument', 'createOpener: expected { keys }')
  const { maxAge, replay, onEvent } = o
  ensure(maxAge === undefined || maxAge > 0, 'invalid_argument', 'maxAge: expected milliseconds above 0')
  ensure(!replay || (maxAge !== undefined && Number.isFinite(maxAge)), 'invalid_argument', 'replay: needs a finite maxAge, so that ids need not be kept for ever')
  const port = new KmsPort(o.kms ?? {})
  const keys = new ConfiguredKeys(port, o.keys, Date.now)
  const cache = o.cache ? dataKeyCache(o.cache) : noCache
  const opener = new ValueOpener({ keys, operations: port, cache, maxAge, replay, now: Date.now }, onEvent)
  let closed = false
  const whileOpen = <R>(work: () => Promise<R>): Promise<R> => {
    ensure(!closed, 'closed', 'this opener was closed')
    return work()
  }
  return {
    ready: async (call = {}) => whileOpen(() => keys.ready(call.signal)),
    open: async (jwe, call) => whileOpen(() => opener.open(jwe, call)),
    openFields: async <T extends object>(record: SealedFields<T>, call: OpenOptions & FieldOptions) => whileOpen(() => opener.openFields<T>(record, call)),
    close: async () => {
      closed = true
      cache.clear()
      port.close()
    },
  }
}
