import type { Bytes } from '../bytes/bytes.js'
import { ensure } from '../errors/guard.js'
import type { ByteReader } from '../io/byte-reader.js'
import type { Input } from '../io/stream-source.js'

export interface PlainFrame {
  /** From 0. */
  readonly index: number
  /** As they are until the frame after the next is asked for. */
  readonly bytes: Bytes
  readonly final: boolean
}

/**
 * Cuts a source into frames. It looks one frame ahead, since only the end of the source says which frame is final; before
 * that one is answered, the source must have its announced length and still its version.
 */
export async function* framesOf(reader: ByteReader, { size = Infinity, otherSize, version }: Input, frameLength: number, firstVersion: string | undefined): AsyncGenerator<PlainFrame> {
  let done = 0
  const take = async (): Promise<Bytes> => {
    const bytes = await reader.take(Math.min(frameLength, Math.max(1, size - done)))
    done += bytes.length
    ensure(done <= size && (bytes.length > 0 || size === Infinity || done === size), otherSize, `source: expected ${size} bytes, found ${done > size ? 'more' : done}`)
    return bytes
  }
  let ahead = await take()
  for (let index = 0, final = false; !final; index++) {
    const bytes = ahead
    ahead = bytes.length > 0 ? await take() : bytes
    final = ahead.length === 0
    if (final) ensure(await version?.() === firstVersion, 'source_changed', 'the file was changed or removed: choose it again')
    yield { index, bytes, final }
  }
}
