import type { CurveName } from '../algorithms/public-key.js'
import type { Bytes } from '../bytes/bytes.js'
import type { PrivateOperations } from '../envelope/private-operations.js'
import type { Context } from '../formats/context.js'
import type { CallOptions } from '../io/abort.js'
import type { KeyInfo } from '../keys/key.js'
import type { ExpectedContext } from './check.js'
import type { DataKeyCache } from './data-keys.js'
import type { OpenerKeys } from './opener-key.js'
import type { ReplayStore } from './replay.js'

/** What a sealed thing must be bound to, and how old it may be. */
export interface OpenOptions extends CallOptions {
  /**
   * What the sender bound it to: exactly this, or a function that decides. Required.
   *
   * It is looked at before any KMS call.
   */
  readonly context: ExpectedContext
  /**
   * Age of the oldest value that is taken, in milliseconds, as the sender claims it.
   *
   * Default: the opener's. Streams make no claim.
   */
  readonly maxAge?: number
}

/** What is known of a sealed thing that opened. */
export interface OpenedInfo {
  /**
   * The id of the message, as the sender wrote it.
   *
   * - of a value: its `jti`, empty where a JOSE library wrote none
   * - of a stream: the message id in base64url
   */
  readonly messageId: string
  /** The key that opened it, with its ARN. */
  readonly key: KeyInfo
  /** What the sender bound it to; it is authenticated, and the sender's claim. */
  readonly context: Context
  /** When it was sealed, as the sender claims; a stream makes no claim. */
  readonly sealedAt?: Date
}

/** What an opener works with. The companion brings it. */
export interface OpenerParts {
  readonly keys: OpenerKeys
  readonly operations: PrivateOperations
  readonly cache: DataKeyCache
  readonly maxAge?: number | undefined
  readonly replay?: ReplayStore | undefined
  readonly now: () => number
  /**
   * Makes `04 ‖ x ‖ y` of a compressed point, and throws when there is no point with that x.
   *
   * WebCrypto cannot, so the host does.
   */
  readonly decompress: (crv: CurveName, point: Bytes) => Uint8Array
}

/**
 * The oldest value that this call may take.
 *
 * With a replay store that is never older than the opener's: ids are forgotten by then.
 */
export function maxAgeOf(o: OpenOptions, { maxAge, replay }: OpenerParts): number | undefined {
  // an opener that has a replay store has a maximum age; without one nothing is young enough
  return replay ? Math.min(o.maxAge ?? Infinity, maxAge ?? NaN) : (o.maxAge ?? maxAge)
}
