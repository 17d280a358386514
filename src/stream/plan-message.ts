import { isNamedByArn } from '../algorithms/data-key-providers.js'
import { limits } from '../algorithms/limits.js'
import type { RecipientKind } from '../algorithms/public-key.js'
import type { Bytes } from '../bytes/bytes.js'
import { checkCount, ensure } from '../errors/guard.js'
import { checkContext, type Context } from '../formats/context.js'
import { isKeyArn } from '../formats/arn.js'
import { serializeContext } from '../formats/message-context.js'
import type { CallOptions } from '../io/abort.js'
import type { Key, SealingKey } from '../keys/key.js'
import { ringOf, type KeySet } from '../keys/key-set.js'
import { sealedOnce, type AgainOptions, type Look } from '../keys/sealed-twice.js'

/** The key sets to seal to. One key of each set can open the result; there are 8 sets at most. */
export type Recipients = KeySet | readonly KeySet[]

/** Says what is bound to a sealed file, and how it is cut into frames. */
export interface MessageOptions extends CallOptions, AgainOptions {
  /**
   * The context is bound to what is sealed, and the opener must name the same.
   *
   * - everyone can read it
   * - it is required; `{}` is allowed
   * - no name and no value is empty, since AWS's SDK for Java opens no such file
   */
  readonly context: Context
  /**
   * How many bytes of plaintext a frame has, 1 to 16,777,216. Default: 524,288.
   *
   * More than 900,000 is slow in Chromium.
   */
  readonly frameLength?: number
}

/** Everything about a message but its random parts. */
export interface MessagePlan {
  readonly recipients: readonly SealingKey[]
  readonly serializedContext: Bytes
  readonly frameLength: number
  readonly look: Look
}

/** A message names a key by its ARN where its kind of key is named so. */
export const withoutArn = ({ kind, info }: Key): string | undefined =>
  isNamedByArn[kind as RecipientKind] && !isKeyArn(info.arn)
    ? 'has no key ARN, takes values only: its publisher sets withArn: true, or you pin { thumbprint, arn }'
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
  { context, frameLength = limits.frame, signal, again }: MessageOptions,
): Promise<MessagePlan> {
  checkCount('frameLength', frameLength, limits.maxFrame)
  const bound = checkContext(context)
  ensure(
    !Object.entries(bound).flat().includes(''),
    'invalid_argument',
    'context: an empty name or value, which the AWS SDK for Java would not open',
  )
  const serializedContext = serializeContext(bound)
  const rings = setsOf(keys).map(ringOf)
  const look = await sealedOnce(again, rings, signal)
  const recipients = await Promise.all(rings.map((ring) => ring.forSealing(signal, withoutArn)))
  ensure(
    new Set(recipients.map(({ info }) => info.thumbprint)).size === recipients.length,
    'invalid_argument',
    'key sets: two chose one key',
  )
  return { recipients, serializedContext, frameLength, look }
}
