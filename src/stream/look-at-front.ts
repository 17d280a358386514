import { concat, type Bytes } from '../bytes/bytes.js'
import { abortable } from '../io/abort.js'
import type { FileInput } from '../io/stream-source.js'
import type { Look } from '../keys/sealed-twice.js'
import type { PlainFrame } from './frames-of.js'
import { sealFrame, type Message, type SealedFrame } from './message.js'

/** So many first bytes of a file are looked at. No header of a message is longer. */
const frontLength = 32_768

/** Looks at the first bytes of a file. One that cannot be read says so when it is sealed. */
export async function lookAtFile(
  look: Look,
  input: FileInput,
  signal: AbortSignal | undefined,
): Promise<void> {
  const length = Math.min(input.size, frontLength)
  const reader = input.reader(0, length)
  const front = reader.take(length).catch(() => new Uint8Array())
  await abortable(front, signal).finally(() => reader.cancel(undefined))
  look(await front, length < frontLength)
}

/**
 * Seals frames, and looks at the first ones as they pass in their order.
 *
 * - nothing is held back for that
 * - where frames are shorter than a header, some have left before it is whole
 */
export function sealLookingAt(
  look: Look,
  message: Message,
): (frame: PlainFrame) => Promise<SealedFrame> {
  let front: Bytes = new Uint8Array()
  return async (frame) => {
    if (front.length < frontLength) {
      front = concat(front, frame.bytes.subarray(0, frontLength))
      look(front, frame.final && front.length < frontLength)
    }
    return sealFrame(message, frame)
  }
}
