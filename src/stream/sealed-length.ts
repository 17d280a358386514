import { ensure } from '../errors/guard.js'
import { messageLength } from '../formats/frames.js'
import { startMessage } from './message.js'
import { planMessage, type MessageOptions, type Recipients } from './plan-message.js'

/**
 * The exact length of what `sealStream` and `createFileSealer` would write, without reading
 * anything. It changes when the key set selects another key.
 *
 * @param length - bytes of plaintext
 * @throws SealdropError `invalid_argument`, `too_large`, and what loading a key set throws
 * @see message-format.md, "Body"
 */
export async function sealedLength(
  keys: Recipients,
  length: number,
  o: MessageOptions,
): Promise<number> {
  ensure(
    Number.isSafeInteger(length) && length >= 0,
    'invalid_argument',
    'length: expected a number of bytes',
  )
  const plan = await planMessage(keys, o ?? {})
  return messageLength((await startMessage(plan)).header.length, length, plan.frameLength)
}
