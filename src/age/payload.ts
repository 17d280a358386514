// The payload of an age file: C2SP's age format, "Payload". It is a STREAM of ChaCha20-Poly1305.
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { concat, uint, type Bytes } from '../bytes/bytes.js'
import type { ByteReader } from '../io/byte-reader.js'
import { rejected } from './rejected.js'

const cipher = 'chacha20-poly1305'
const tagLength = 16
const authTagLength = { authTagLength: tagLength }
/** Bytes of plaintext in a chunk. The last one may have fewer. */
export const chunkLength = 65_536
/** Bytes of a whole chunk in the file. */
export const sealedChunkLength: number = chunkLength + tagLength

const nonceOf = (counter: number, isFinal: boolean): Bytes =>
  concat(uint(11, counter), [isFinal ? 1 : 0])

/** A chunk's plaintext; undefined where it is not authentic in this place. */
function openChunk(
  key: Bytes,
  sealed: Bytes,
  ...[counter, isFinal]: [counter: number, isFinal: boolean]
): Bytes | undefined {
  const decipher = createDecipheriv(cipher, key, nonceOf(counter, isFinal), authTagLength)
  const body = sealed.subarray(0, -tagLength)
  decipher.setAuthTag(sealed.subarray(-tagLength))
  const plaintext = decipher.update(body)
  try {
    decipher.final()
  } catch {
    plaintext.fill(0)
    return undefined
  }
  return concat(plaintext)
}

function sealChunk(
  key: Bytes,
  plaintext: Bytes,
  ...[counter, isFinal]: [counter: number, isFinal: boolean]
): Bytes {
  const sealing = createCipheriv(cipher, key, nonceOf(counter, isFinal), authTagLength)
  const sealed = sealing.update(plaintext)
  sealing.final()
  return concat(sealed, sealing.getAuthTag())
}

/**
 * Opens chunks in order, each of which verified before it is handed out.
 *
 * - A full chunk may be the final one. A shorter one always is.
 * - The final chunk is empty only if the whole payload is, and nothing stands behind it.
 *
 * @throws SealdropError `rejected`, after the chunks that verified
 */
export async function* openChunks(
  reader: ByteReader,
  key: Bytes,
): AsyncGenerator<readonly Bytes[]> {
  for (let counter = 0; ; counter++) {
    const sealed = await reader.take(sealedChunkLength)
    if (sealed.length < tagLength) throw rejected()
    const isFull = sealed.length === sealedChunkLength
    const regular = isFull ? openChunk(key, sealed, counter, false) : undefined
    const plaintext = regular ?? openChunk(key, sealed, counter, true)
    if (!plaintext || (plaintext.length === 0 && counter > 0)) throw rejected()
    yield [plaintext]
    if (regular) continue
    const behind = await reader.take(1)
    if (behind.length > 0) throw rejected()
    return
  }
}

/** Seals chunks in order. `check` is told of all bytes before the final one is made. */
export async function* sealChunks(
  reader: ByteReader,
  key: Bytes,
  check: (length: number) => void,
): AsyncGenerator<readonly Bytes[]> {
  reader.hold(2)
  let length = 0
  let chunk = await reader.take(chunkLength)
  for (let counter = 0; ; counter++) {
    length += chunk.length
    const next = chunk.length === chunkLength ? await reader.take(chunkLength) : new Uint8Array()
    const isFinal = next.length === 0
    if (isFinal) check(length)
    yield [sealChunk(key, chunk, counter, isFinal)]
    if (isFinal) return
    chunk = next
  }
}

/** Chunks of a payload whose length is known. */
export interface Chunks {
  readonly count: number
  /** Bytes of the last one in the file. */
  readonly last: number
  /** Bytes of plaintext in all. */
  readonly length: number
}

/** The chunks of a payload of so many bytes, without its nonce; undefined where none has them. */
export function chunksIn(length: number): Chunks | undefined {
  const count = Math.ceil(length / sealedChunkLength)
  const last = length - (count - 1) * sealedChunkLength
  const isPossible = count > 0 && (last > tagLength || (last === tagLength && count === 1))
  return isPossible ? { count, last, length: length - count * tagLength } : undefined
}

/** Bytes of the payload of so much plaintext, without its nonce. */
export const payloadLength = (length: number): number =>
  length + Math.max(1, Math.ceil(length / chunkLength)) * tagLength

/** Opens the last chunk of a payload. @throws SealdropError `rejected` */
export function openLast(key: Bytes, sealed: Bytes, { count, last }: Chunks): Bytes {
  const plaintext = sealed.length === last ? openChunk(key, sealed, count - 1, true) : undefined
  if (!plaintext) throw rejected()
  return plaintext
}

/** Opens chunks that are not the last one, from one of them on. @throws SealdropError `rejected` */
export async function* openRegular(
  reader: ByteReader,
  key: Bytes,
  ...[first, behind]: [first: number, behind: number]
): AsyncGenerator<Bytes> {
  for (let counter = first; counter < behind; counter++) {
    const sealed = await reader.take(sealedChunkLength)
    const isFull = sealed.length === sealedChunkLength
    const plaintext = isFull ? openChunk(key, sealed, counter, false) : undefined
    if (!plaintext) throw rejected()
    yield plaintext
  }
}
