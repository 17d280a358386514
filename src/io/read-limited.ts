import { concat, type Bytes } from '../bytes/bytes.js'
import { unwatched } from './abort.js'

/**
 * Reads a stream to its end; undefined as soon as it exceeds the limit.
 *
 * What is left unread is cancelled.
 */
export async function readLimited(
  stream: ReadableStream<Uint8Array>,
  limit: number,
): Promise<Bytes | undefined> {
  const reader = stream.getReader()
  const chunks: Uint8Array[] = []
  for (let length = 0; ;) {
    const { done, value } = await reader.read()
    if (done) return concat(...chunks)
    length += value.length
    if (length > limit) {
      giveUp(reader)
      return undefined
    }
    chunks.push(value)
  }
}

/** Gives up a body that nobody will read, which would keep its connection. */
export const giveUp = (body: Pick<ReadableStream, 'cancel'> | null): void =>
  void unwatched(async () => body?.cancel())
