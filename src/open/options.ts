import type { Decompress } from '../envelope/recipients/recipient.js'
import type { PrivateOperations } from '../envelope/private-operations.js'
import type { Context } from '../formats/context.js'
import type { CallOptions } from '../io/abort.js'
import type { KeyInfo } from '../keys/key.js'
import type { ExpectedContext } from './check.js'
import type { DataKeyCache } from './data-keys.js'
import type { OpenerKeys } from './opener-key.js'
import type { ReplayStore } from './replay.js'

export interface OpenOptions extends CallOptions {
  /**
   * What the sender bound: exactly this, or a function that decides about what it finds. Looked at
   * before any KMS call.
   */
  readonly context: ExpectedContext
  /**
   * Oldest value taken, in milliseconds, by the sender's own claim; streams make none. Default: the
   * opener's.
   */
  readonly maxAge?: number
}

export interface OpenedInfo {
  /**
   * The sender's `jti`, empty where a JOSE library wrote none; a stream's message id in base64url.
   */
  readonly messageId: string
  /** The key that opened it, with its ARN. */
  readonly key: KeyInfo
  /** As the sender bound it; authenticated, and the sender's claim. */
  readonly context: Context
  /** The sender's claim; a stream makes none. */
  readonly sealedAt?: Date
}

export interface OpenerParts {
  readonly keys: OpenerKeys
  readonly operations: PrivateOperations
  readonly cache: DataKeyCache
  readonly maxAge?: number | undefined
  readonly replay?: ReplayStore | undefined
  readonly now: () => number
  /**
   * A compressed point as `04 ‖ x ‖ y`; throws when there is none with that x. WebCrypto cannot, so
   * the host does.
   */
  readonly decompress: Decompress
}

/**
 * With a replay store no call may take older values than the opener: their ids are forgotten by
 * then.
 */
export function maxAgeOf(o: OpenOptions, { maxAge, replay }: OpenerParts): number | undefined {
  // an opener that has a replay store has a maximum age; without one nothing is young enough
  return replay ? Math.min(o.maxAge ?? Infinity, maxAge ?? NaN) : (o.maxAge ?? maxAge)
}
