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

/** What opens the frames of a message. */
type FrameKey = Pick<OpenedMessage, 'key' | 'header'>

/** Where the frames of a message of known size lie. */
export interface Layout {
  readonly input: FileInput
  readonly headerLength: number
  /** Number of regular frames, and length of the final one's content. */
  readonly regular: number
  readonly final: number
}

/** A file whose readers are given up together: those of its front, its end and the range. */
export function givenUpAsOne(file: FileInput): {
  readonly input: FileInput
  readonly cancel: ByteReader['cancel']
} {
  const readers: ByteReader[] = []
  const over = new AbortController()
  const reader: FileInput['reader'] = (...range) => {
    over.signal.throwIfAborted() // the call is over, and its work went on to here
    const made = file.reader(...range)
    readers.push(made)
    return made
  }
  const cancel = (reason: unknown): void => {
    over.abort(reason)
    for (const one of readers) one.cancel(reason)
  }
  return { input: { ...file, reader }, cancel }
}

/**
 * Finds where the frames of a message lie.
 *
 * @throws SealdropError `malformed` when no message has that length
 */
export function layoutIn(
  input: FileInput,
  headerLength: number,
  { frameLength }: MessageHeader,
): Layout {
  const layout = layoutOf(input.size - headerLength, frameLength)
  ensure(
    layout,
    'malformed',
    `the message has ${input.size} bytes, which no frames of ${frameLength} add up to: ` +
      'it was cut, or added to',
  )
  return { input, headerLength, ...layout }
}

/**
 * Opens part of the plaintext; each frame is verified before it is handed out.
 *
 * The final frame comes first: only it says that this is the whole message, so that a range can be
 * cut to its length.
 *
 * @returns the length of the part, and its pieces
 * @throws SealdropError `malformed`, `rejected`
 * @see message-format.md, "Reader's rules"
 */
export async function openPart(
  message: FrameKey,
  layout: Layout,
  start: number,
  end: number,
): Promise<{
  readonly length: number
  readonly reader: ByteReader
  readonly chunks: AsyncGenerator<readonly Bytes[]>
}> {
  const { key, header } = message
  const { frameLength, messageId } = header
  const { input, regular } = layout
  const tail = await openFinal(message, layout)
  const size = regular * frameLength + layout.final
  const from = Math.min(start, size)
  const to = Math.min(end, size)
  const first = Math.floor(from / frameLength)
  // the number of the frame behind the last one that is wanted
  const behind = from === to ? first : Math.ceil(to / frameLength)
  const reader = input.reader(
    placeOf(Math.min(first, regular), layout, header),
    placeOf(Math.min(behind, regular), layout, header),
  )
  reader.hold(limits.framesInFlight)
  const frames = regularFrames(reader, first, Math.min(behind, regular), frameLength)
  async function* chunks(): AsyncGenerator<readonly Bytes[]> {
    let at = first * frameLength
    const cut = (plaintext: Bytes): Bytes => plaintext.subarray(Math.max(0, from - at), to - at)
    for await (const plaintext of inOrder(
      frames,
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

/** Where a frame, counted from 0, begins in the message. */
const placeOf = (index: number, layout: Layout, { frameLength }: MessageHeader): number =>
  layout.headerLength + index * (frameLength + regularOverhead)

/** The content of the final frame, which must be where the message ends. */
async function openFinal({ key, header }: FrameKey, layout: Layout): Promise<Bytes> {
  const { input, regular, final } = layout
  const sequence = regular + 1
  const last = await input.reader(placeOf(regular, layout, header)).take(final + finalOverhead)
  const head = frameOf(last, sequence, header.frameLength)
  ensure(
    head.final && head.length === last.length,
    'malformed',
    'the message does not end with its final frame: it was cut, or added to',
  )
  const sealed = last.subarray(finalHead)
  return openFrame(key, header.messageId, { sequence, final: true, sealed })
}

/** Frames from `first` up to but without `behind`, none of which is the final one. */
async function* regularFrames(
  reader: ByteReader,
  first: number,
  behind: number,
  frameLength: number,
): AsyncGenerator<SealedFrame> {
  for (let sequence = first + 1; sequence <= behind; sequence++) {
    const bytes = await reader.take(frameLength + regularOverhead)
    const { final } = frameOf(bytes, sequence, frameLength)
    ensure(!final, 'malformed', `frame ${sequence} is marked as the final one`)
    yield { sequence, final, sealed: bytes.subarray(regularHead) }
  }
}
