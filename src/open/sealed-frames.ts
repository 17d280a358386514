import { limits } from '../algorithms/limits.js'
import { concat, equal, type Bytes } from '../bytes/bytes.js'
import { Cursor } from '../bytes/cursor.js'
import { decrypt } from '../crypto/aes.js'
import type { CryptoKey } from '../crypto/subtle.js'
import { cutWithin } from '../envelope/read-header.js'
import { ensure } from '../errors/guard.js'
import {
  finalHead,
  finalOverhead,
  frameData,
  frameIv,
  regularHead,
  regularOverhead,
} from '../formats/frames.js'
import { tagLength } from '../formats/message-header.js'
import type { ByteReader } from '../io/byte-reader.js'
import { rejected } from './candidates.js'

/** One frame as it came, its head checked. */
export interface SealedFrame {
  readonly sequence: number
  /** Ciphertext and tag, as they are for as many frames as the reader holds. */
  readonly sealed: Bytes
  readonly final: boolean
}

/**
 * The frames of a message in their order, up to the final one, behind which nothing may follow.
 *
 * Throws SealdropError `malformed`.
 *
 * @see message-format.md, "Body"
 */
export async function* sealedFrames(
  reader: ByteReader,
  frameLength: number,
): AsyncGenerator<SealedFrame> {
  for (let sequence = 1; ; sequence++) {
    const bytes = await reader.take(frameLength + regularOverhead)
    const { final, length } = frameOf(bytes, sequence, frameLength)
    if (final) {
      const whole =
        bytes.length < length
          ? concat(bytes.slice(), await reader.take(length - bytes.length))
          : bytes
      if (whole.length < length) throw cutWithin('its final frame')
      ensure(
        whole.length === length && (await reader.take(1)).length === 0,
        'malformed',
        'bytes follow the final frame',
      )
      return yield { sequence, final, sealed: whole.subarray(finalHead) }
    }
    ensure(sequence < limits.frames, 'malformed', 'a message of more frames than there are numbers')
    yield { sequence, final, sealed: bytes.subarray(regularHead) }
  }
}

/**
 * Checks the head of a frame.
 *
 * The bytes are as many as a regular frame has, and fewer only at the end of the message.
 */
export function frameOf(
  bytes: Bytes,
  expected: number,
  frameLength: number,
): { readonly final: boolean; readonly length: number } {
  const cursor = new Cursor(bytes, 'malformed')
  if (bytes.length < 4) throw cutWithin('its body, before the final frame')
  let sequence = cursor.u32('sequence number')
  const final = sequence === 0xffffffff
  if (bytes.length < (final ? finalHead : frameLength + regularOverhead))
    throw cutWithin(`frame ${expected}`)
  if (final) sequence = cursor.u32('sequence number')
  ensure(
    sequence === expected,
    'malformed',
    `expected frame ${expected}, found ${sequence}: frames are missing, repeated or out of order`,
  )
  ensure(
    equal(cursor.take(12, 'IV'), frameIv(sequence)),
    'malformed',
    `frame ${sequence}: its IV is not the one of its number`,
  )
  const content = final ? cursor.u32('content length') : frameLength
  ensure(
    content <= frameLength,
    'malformed',
    `final frame: a content of ${content} bytes, longer than the frame length ${frameLength}`,
  )
  return { final, length: content + (final ? finalOverhead : regularOverhead) }
}

/** The plaintext of a frame. @throws SealdropError `rejected` when its tag does not verify */
export async function openFrame(
  key: CryptoKey,
  messageId: Bytes,
  { sequence, sealed, final }: SealedFrame,
): Promise<Bytes> {
  const plaintext = await decrypt(
    key,
    frameIv(sequence),
    sealed,
    frameData(messageId, sequence, sealed.length - tagLength, final),
  )
  if (!plaintext) throw rejected()
  return plaintext
}
