import { limits } from '../algorithms/limits.js'
import type { Bytes } from '../bytes/bytes.js'
import { ensure } from '../errors/guard.js'
import { checkContext, type Context } from '../formats/context.js'
import { isKeyArn } from '../formats/arn.js'
import { serializeContext } from '../formats/message-context.js'
import type { CallOptions } from '../io/abort.js'
import type { Key, SealingKey } from '../keys/key.js'
import { held, type KeySet } from '../keys/key-set.js'

/** One key of each set can open it; 8 at most. */
export type Recipients = KeySet | readonly KeySet[]

export interface MessageOptions extends CallOptions {
  /**
   * Bound to what is sealed and readable by everyone; the opener must name the same. Required, `{}`
   * is allowed.
   */
  readonly context: Context
  /**
   * Bytes of plaintext in a frame, 1 to 16,777,216. Default: 524,288; more than 900,000 is slow in
   * Chromium.
   */
  readonly frameLength?: number
}

/** Everything about a message but its random parts. */
export interface MessagePlan {
  readonly recipients: readonly SealingKey[]
  readonly serializedContext: Bytes
  readonly frameLength: number
}

/** @throws SealdropError `invalid_argument` unless the value is a whole number from 1 to `most` */
export function checkCount(name: string, value: number, most: number): void {
  ensure(
    Number.isInteger(value) && value >= 1 && value <= most,
    'invalid_argument',
    `${name}: expected 1 to ${most}`,
  )
}

/** A message names an RSA key by its ARN. */
const withoutArn = ({ jwk, info }: Key): string | undefined =>
  jwk.kty === 'RSA' && !isKeyArn(info.arn)
    ? 'has no key ARN, which RSA streams need: publish (withArn) or pin it'
    : undefined

/** The key sets behind what a caller gave. @throws SealdropError `invalid_argument` */
export function setsOf(keys: Recipients): readonly KeySet[] {
  const sets = [keys].flat() as readonly KeySet[]
  checkCount('key sets', sets.length, limits.recipients)
  return sets
}

/**
 * Checks the options and selects the keys. @throws SealdropError `invalid_argument`, `too_large`,
 * and what loading a key set throws
 */
export async function planMessage(
  keys: Recipients,
  { context, frameLength = limits.frame, signal }: MessageOptions,
): Promise<MessagePlan> {
  checkCount('frameLength', frameLength, limits.maxFrame)
  const serializedContext = serializeContext(checkContext(context))
  const recipients = await Promise.all(
    setsOf(keys).map((set) => held(set).forSealing(signal, withoutArn)),
  )
  ensure(
    new Set(recipients.map(({ info }) => info.thumbprint)).size === recipients.length,
    'invalid_argument',
    'key sets: two chose one key',
  )
  return { recipients, serializedContext, frameLength }
}
