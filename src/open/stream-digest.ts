import { sha256 } from '../crypto/digest.js'
import { SealdropError } from '../errors/sealdrop-error.js'
import { ChunkDigester } from '../formats/chunk-digest.js'
import type { ByteReader } from '../io/byte-reader.js'

/** What a receipt names of a sealed stream, once it was opened to its end. */
export interface StreamDigest {
  /**
   * The chunk digest of the sealed stream in base64url, which settles after the last frame.
   *
   * - It rejects with the error of the stream, also where that is cancelled or aborted.
   * - Nobody need await it. Without `digest: true` it rejects at once.
   */
  readonly digest: Promise<string>
  /** The length of the sealed stream in bytes, which settles with the digest. */
  readonly sealedLength: Promise<number>
}

/** A digest under way, and the reader that it sees the bytes of. */
export interface Digesting {
  readonly reader: ByteReader
  readonly answers: StreamDigest
  /** The stream was opened to its end. */
  readonly end: () => void
  /** The stream ended with this error. One that was cancelled may have none. */
  readonly fail: (reason: unknown) => void
}

/** Digests what is read from now on, where it is wanted. */
export function digesting(reader: ByteReader, isWanted: boolean): Digesting {
  const digester = new ChunkDigester(sha256)
  let settle: (digest: string) => void = () => {}
  let fail: (reason: unknown) => void = () => {}
  const digest = new Promise<string>((resolve, reject) => {
    settle = resolve
    fail = reject
  })
  const sealedLength = digest.then(() => digester.size)
  for (const answer of [digest, sealedLength]) answer.catch(() => {}) // nobody need ask for it
  if (!isWanted)
    fail(new SealdropError('invalid_argument', 'digest: call openStream with digest: true'))
  return {
    reader: isWanted ? watched(reader, digester) : reader,
    answers: { digest, sealedLength },
    end: () => void digester.digest().then(settle, fail),
    fail: (reason) => fail(reason ?? new SealdropError('closed', 'the stream was cancelled')),
  }
}

/** A reader that digests what it read before it answers it. */
const watched = (reader: ByteReader, digester: ChunkDigester): ByteReader => ({
  ...reader,
  async take(length) {
    const bytes = await reader.take(length)
    await digester.update(bytes)
    return bytes
  },
})
