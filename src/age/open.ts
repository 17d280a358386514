import { randomBytes } from 'node:crypto'
import type { Bytes } from '../bytes/bytes.js'
import { ensure } from '../errors/guard.js'
import type { ByteReader } from '../io/byte-reader.js'
import type { FileInput } from '../io/stream-source.js'
import { fileKeyLength, isAuthentic, payloadKey, wipe } from './file-key.js'
import type { Stanza } from './header.js'
import {
  chunkLength,
  chunksIn,
  openChunks,
  openLast,
  openRegular,
  sealedChunkLength,
  type Chunks,
} from './payload.js'
import type { Front } from './read-front.js'
import { rejected } from './rejected.js'

/**
 * Finds the file key in the stanzas of a header.
 *
 * - Undefined where a private key answered, and what it answered opens nothing.
 * - It throws where nothing was asked, or nothing answered.
 */
export type Unwrap = (stanzas: readonly Stanza[]) => Promise<Bytes | undefined>

/**
 * The key of the payload, once a header proved to be authentic.
 *
 * A stanza that does not open and a wrong MAC take the same way, and end in the same error.
 *
 * @throws SealdropError `rejected`, and what `unwrap` throws
 */
export async function openHeader({ header, nonce }: Front, unwrap: Unwrap): Promise<Bytes> {
  const found = await unwrap(header.stanzas)
  const isFound = found?.length === fileKeyLength
  const fileKey = isFound ? found : new Uint8Array(randomBytes(fileKeyLength))
  const isGood = isAuthentic(fileKey, header)
  const key = payloadKey(fileKey, nonce)
  wipe(fileKey, found)
  if (isFound && isGood) return key
  wipe(key)
  throw rejected()
}

/** All chunks of a file whose header was opened. The key is overwritten at the end. */
export async function* allChunks(reader: ByteReader, key: Bytes): AsyncGenerator<readonly Bytes[]> {
  try {
    yield* openChunks(reader, key)
  } finally {
    wipe(key)
  }
}

/** Where the chunks of a file lie. @throws SealdropError `malformed` where no file has its size */
export function layoutOf(size: number, { length }: Front): Chunks {
  const chunks = chunksIn(size - length)
  ensure(
    chunks,
    'malformed',
    `age file: it has ${size} bytes, which no chunks add up to: it was cut, or added to`,
  )
  return chunks
}

/** A part of the plaintext, in bytes: from one to before another. */
export interface Part {
  readonly from: number
  readonly to: number
}

/**
 * Opens a part of a file.
 *
 * The last chunk comes first, since only it says that this is the whole file.
 *
 * @throws SealdropError `rejected`
 */
export async function openPart(
  { input, front, key }: { readonly input: FileInput; readonly front: Front; readonly key: Bytes },
  ...[start, end]: [start: number, end: number]
): Promise<{
  readonly length: number
  readonly reader: ByteReader
  readonly chunks: AsyncGenerator<readonly Bytes[]>
}> {
  const layout = layoutOf(input.size, front)
  const { count, last, length } = layout
  const placeOf = (index: number): number => front.length + index * sealedChunkLength
  const tail = input.reader(placeOf(count - 1), placeOf(count - 1) + last)
  const final = openLast(key, await tail.take(last), layout)
  tail.cancel(undefined)
  const part = { from: Math.min(start, length), to: Math.min(end, length) }
  const first = Math.floor(part.from / chunkLength)
  const behind = part.from === part.to ? first : Math.ceil(part.to / chunkLength)
  const regular = { first: Math.min(first, count - 1), behind: Math.min(behind, count - 1) }
  const reader = input.reader(placeOf(regular.first), placeOf(regular.behind))
  async function* chunks(): AsyncGenerator<readonly Bytes[]> {
    try {
      let at = regular.first * chunkLength
      for await (const plaintext of openRegular(reader, key, regular.first, regular.behind)) {
        yield [cut(plaintext, at, part)]
        at += chunkLength
      }
      if (behind > count - 1) yield [cut(final, (count - 1) * chunkLength, part)]
    } finally {
      wipe(key)
    }
  }
  return { length: part.to - part.from, reader, chunks: chunks() }
}

/** What of a chunk belongs to a part; `at` is where the chunk begins. */
const cut = (plaintext: Bytes, at: number, { from, to }: Part): Bytes =>
  plaintext.subarray(Math.max(0, from - at), Math.max(0, to - at))
