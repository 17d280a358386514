import type { Bytes } from '../bytes/bytes.js'
import { sha256 } from '../crypto/digest.js'
import { SealdropError } from '../errors/sealdrop-error.js'
import { ChunkDigester } from '../formats/chunk-digest.js'
import { tagLength } from '../formats/message-header.js'
import type { ByteReader } from '../io/byte-reader.js'
import { inOrder, streamOf } from '../io/in-order.js'
import { tell } from '../io/tell.js'
import type { PlainFrame } from './frames-of.js'
import type { SealedFrame } from './message.js'

/** What is written behind a header, and who is told of it. */
export interface Writing {
  /** The header, with its tag. */
  readonly header: Bytes
  readonly reader: ByteReader
  readonly frames: AsyncIterable<PlainFrame>
  readonly seal: (frame: PlainFrame) => Promise<SealedFrame>
  readonly framesInFlight: number
  /** Whether to compute the digest. */
  readonly digested: boolean
  /** Bytes of plaintext, where that is known. */
  readonly size: number | undefined
  readonly onProgress?:
    ((p: { readonly done: number; readonly total?: number }) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** Writes a message while it is read: its header, then its frames. */
export function writeMessage({
  header,
  reader,
  frames,
  seal,
  framesInFlight,
  digested,
  size,
  onProgress,
  signal,
}: Writing): { readonly readable: ReadableStream<Bytes>; readonly digest: Promise<string> } {
  const digester = new ChunkDigester(sha256)
  let end: (digest: string) => void
  let fail: (reason: unknown) => void
  const digest = new Promise<string>((resolve, reject) => {
    end = resolve
    fail = reject
  })
  digest.catch(() => {}) // nobody need ask for it
  const put = async (chunks: readonly Bytes[]): Promise<readonly Bytes[]> => {
    if (digested) for (const chunk of chunks) await digester.update(chunk)
    return chunks
  }
  async function* sealed(): AsyncGenerator<readonly Bytes[]> {
    yield put([header])
    let done = 0
    for await (const frame of inOrder(frames, seal, framesInFlight)) {
      yield put(frame)
      done += frame[1].length - tagLength
      tell(onProgress, { done, ...(size !== undefined && { total: size }) })
    }
    if (digested) void digester.digest().then(end, fail)
    else fail(new SealdropError('invalid_argument', 'digest: false'))
  }
  const stop = (reason: unknown): void => {
    reader.cancel(reason)
    fail(reason ?? new SealdropError('closed', 'cancelled'))
  }
  return { readable: streamOf(sealed(), stop, signal), digest }
}
