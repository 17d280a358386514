import type { Bytes } from '../bytes/bytes.js'
import { ensure } from '../errors/guard.js'
import type { ByteReader } from '../io/byte-reader.js'
import { ensureSame, type Input } from '../io/stream-source.js'

export interface PlainFrame {
  /** From 0. */
  readonly index: number
  /** As they are for as many frames as the reader holds. */
  readonly bytes: Bytes
  readonly final: boolean
}

/**
 * Cuts a source into frames.
 *
 * - the size of a file says which frame is final
 * - in a stream only its end does, so that it is read one frame ahead
 * - before the final frame is answered, the source must have its announced length, and still its
 *   version
 */
export async function* framesOf(
  reader: ByteReader,
  { size = Infinity, otherSize, version }: Input,
  frameLength: number,
  firstVersion: string | undefined,
): AsyncGenerator<PlainFrame> {
  let done = 0
  const take = async (): Promise<Bytes> => {
    const wanted = Math.min(frameLength, Math.max(1, size - done))
    const bytes = await reader.take(wanted)
    done += bytes.length
    const ended = bytes.length < wanted
    ensure(
      done <= size && (!ended || size === Infinity || done === size),
      otherSize,
      `source: expected ${size} bytes, found ${ended ? done : 'more'}`,
    )
    return bytes
  }
  let ahead: Bytes | undefined
  for (let index = 0, final = false; !final; index++) {
    const bytes = ahead ?? (await take())
    if (otherSize === 'source_failed') ahead = await take()
    final = ahead ? ahead.length === 0 : done === size
    if (final) ensureSame((await version?.()) === firstVersion)
    yield { index, bytes, final }
  }
}

/** Frames `first` to `last` of a file, read from where the first of them begins. */
export async function* framesFrom(
  reader: ByteReader,
  first: number,
  last: number,
  { size, frameLength }: { readonly size: number; readonly frameLength: number },
): AsyncGenerator<PlainFrame> {
  for (let index = first; index <= last; index++) {
    const rest = size - index * frameLength
    const wanted = Math.min(frameLength, rest)
    const bytes = await reader.take(wanted)
    ensureSame(bytes.length === wanted)
    yield { index, bytes, final: rest <= frameLength }
  }
}
