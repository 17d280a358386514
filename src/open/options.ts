import type { Decompress } from '../envelope/recipients/recipient.js'
import type { PrivateOperations } from '../envelope/private-operations.js'
import { milliseconds } from '../errors/guard.js'
import type { Context } from '../formats/context.js'
import type { FileName } from '../formats/sealed-name.js'
import type { CallOptions } from '../io/abort.js'
import type { Stop } from '../io/stop.js'
import type { KeyInfo } from '../keys/key.js'
import type { SharedAnswers } from './candidates.js'
import { checkExpected, type ExpectedContext } from './check.js'
import type { DataKeyCache } from './data-keys.js'
import type { OpenerKeys } from './opener-key.js'
import type { ReplayStore } from './replay.js'

/** What the opener expects of what it opens. */
export interface OpenOptions extends CallOptions {
  /**
   * The context that the sender bound: exactly this one, or a function that decides about it.
   *
   * - It is looked at before any KMS call.
   */
  readonly context: ExpectedContext
  /**
   * The oldest value that is opened, in milliseconds. Default: that of the opener.
   *
   * - The opener's `tolerance` says how far in the future a value may be.
   * - The age is what the sender says. A stream says none, and is refused.
   */
  readonly maxAge?: number
}

/** What the opener expects of a file, and what came beside it. */
export interface OpenFileOptions extends OpenOptions {
  /**
   * The sealed name of the file: metadata `sealdrop-name` of an object that was uploaded.
   *
   * - One that does not belong to this file is left out of the answer, and `onEvent` is told.
   * - Default: none.
   */
  readonly sealedName?: string
}

/** What is known of a value or a stream that was opened. */
export interface OpenedInfo {
  /**
   * The id of the message, which receipts name.
   *
   * - Of a value it is the sender's `jti`. Where a JOSE library wrote none it is `sha256:` and the
   *   SHA-256 of the value's text in base64url.
   * - Of a stream it is the message id in base64url.
   */
  readonly messageId: string
  /** The key that opened it, with its ARN. */
  readonly key: KeyInfo
  /** The context that the sender bound. Nobody changed it since, but it is the sender's claim. */
  readonly context: Context
  /** When the sender says that it was sealed. A stream does not say it. */
  readonly sealedAt?: Date
}

/** What is known of a file that was opened. */
export interface OpenedFileInfo extends OpenedInfo {
  /**
   * SHA-256 of the sealed header with its tag, in base64url, which is known before any frame.
   *
   * - The header is authentic, so this names one message. Its `messageId` is what the sender chose.
   * - A message that is sealed again has another one, also under the same message id.
   */
  readonly headerDigest: string
  /**
   * What the sender calls the file, where a sealed name came with it and is genuine.
   *
   * - It is the sender's claim. Nobody else can change it, and nobody has looked at it.
   * - Before it becomes a path, `safePath` of `sealdrop/fs` must take it.
   */
  readonly name?: FileName
}

/** What an opener works with. The companion brings it. */
export interface OpenerParts {
  readonly keys: OpenerKeys
  readonly operations: PrivateOperations
  readonly cache: DataKeyCache
  /** What is opened together shares the answers of KMS. Default: nothing is shared. */
  readonly shared?: SharedAnswers | undefined
  readonly maxAge?: number | undefined
  /** Milliseconds that a value with a maximum age may be in the future. Default: a minute. */
  readonly tolerance?: number | undefined
  readonly replay?: ReplayStore | undefined
  /** Bytes of plaintext that a frame may have. Default: 16 MiB. */
  readonly maxFrameLength?: number | undefined
  readonly now: () => number
  /** Gives up all that is under way. Default: nothing does. */
  readonly stopped?: Stop | undefined
  /**
   * Writes a compressed point as `04 ‖ x ‖ y`, and throws when there is none with that x.
   *
   * WebCrypto cannot do it, so the host does.
   */
  readonly decompress: Decompress
}

/** Checks what a call expects, and answers the context. @throws SealdropError `invalid_argument` */
export function checkCall(o: OpenOptions): ExpectedContext {
  if (o?.maxAge !== undefined) milliseconds('maxAge', o.maxAge)
  return checkExpected(o?.context)
}

/**
 * The maximum age of one call, which never exceeds that of an opener with a replay store.
 *
 * Such a store forgets ids after the opener's maximum age.
 */
export function maxAgeOf(o: OpenOptions, { maxAge, replay }: OpenerParts): number | undefined {
  // an opener with a replay store has a maximum age; if it had none, NaN lets nothing through
  return replay ? Math.min(o.maxAge ?? Infinity, maxAge ?? NaN) : (o.maxAge ?? maxAge)
}
