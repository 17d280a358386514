import { limits } from '../algorithms/limits.js'
import type { Bytes } from '../bytes/bytes.js'
import { ensure } from '../errors/guard.js'
import {
  finalHead,
  finalOverhead,
  layoutOf,
  regularHead,
  regularOverhead,
} from '../formats/frames.js'
import type { MessageHeader } from '../formats/parse-message-header.js'
import { inOrder } from '../io/in-order.js'
import type { ByteReader } from '../io/byte-reader.js'
import type { FileInput } from '../io/stream-source.js'
import type { OpenedMessage } from './open-message.js'
import { frameOf, openFrame, type SealedFrame } from './sealed-frames.js'

/** Where the frames of a message of known size lie. */
export interface Layout {
  readonly input: FileInput
  readonly headerLength: number
  /** Number of regular frames, and length of the final one's content. */
  readonly regular: number
  readonly final: number
}

/** @throws SealdropError `malformed` when no message has that length */
export function layoutIn(
  input: FileInput,
  headerLength: number,
  { frameLength }: MessageHeader,
): Layout {
  const layout = layoutOf(input.size - headerLength, frameLength)
  ensure(
    layout,
    'malformed',
    `the message has ${input.size} bytes, which no frames of ${frameLength} add up to: it was cut, or added to`,
  )
  return { input, headerLength, ...layout }
}

/**
 * Part of the plaintext, each frame verified before it is handed out, the final one first: only it
 * says that this is the whole message, so that a range can be cut to its length.
 *
 * @returns the length of the part, and its pieces
 * @throws SealdropError `malformed`, `rejected`
 * @see message-format.md, "Reader's rules"
 */
export async function openPart(
  { header: { frameLength, messageId }, key }: OpenedMessage,
  { input, headerLength, regular, final }: Layout,
  start: number,
  end: number,
): Promise<{
  readonly length: number
  readonly reader: ByteReader
  readonly chunks: AsyncGenerator<readonly Bytes[]>
}> {
  const placeOf = (index: number): number => headerLength + index * (frameLength + regularOverhead)
  const last = await input.reader(placeOf(regular)).take(final + finalOverhead)
  const head = frameOf(last, regular + 1, frameLength)
  ensure(
    head.final && head.length === last.length,
    'malformed',
    'the message does not end with its final frame: it was cut, or added to',
  )
  const tail = await openFrame(key, messageId, {
    sequence: regular + 1,
    final: true,
    sealed: last.subarray(finalHead),
  })

  const size = regular * frameLength + final
  const from = Math.min(start, size)
  const to = Math.min(end, size)
  const first = Math.floor(from / frameLength)
  // the frame behind the last one that is wanted
  const behind = from === to ? first : Math.ceil(to / frameLength)
  const reader = input.reader(placeOf(Math.min(first, regular)), placeOf(Math.min(behind, regular)))
  async function* frames(): AsyncGenerator<SealedFrame> {
    for (let sequence = first + 1; sequence <= Math.min(behind, regular); sequence++) {
      const bytes = await reader.take(frameLength + regularOverhead)
      const { final } = frameOf(bytes, sequence, frameLength)
      ensure(!final, 'malformed', `frame ${sequence} is marked as the final one`)
      yield { sequence, final, sealed: bytes.subarray(regularHead) }
    }
  }
  async function* chunks(): AsyncGenerator<readonly Bytes[]> {
    let at = first * frameLength
    const cut = (plaintext: Bytes): Bytes => plaintext.subarray(Math.max(0, from - at), to - at)
    for await (const plaintext of inOrder(
      frames(),
      (frame) => openFrame(key, messageId, frame),
      limits.framesInFlight,
    )) {
      yield [cut(plaintext)]
      at += frameLength
    }
    if (behind > regular) yield [cut(tail)]
  }
  return { length: to - from, reader, chunks: chunks() }
}
