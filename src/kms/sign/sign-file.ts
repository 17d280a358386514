import { basename } from 'node:path'
import { limits } from '../../algorithms/limits.js'
import type { Bytes } from '../../bytes/bytes.js'
import { sha256 } from '../../crypto/digest.js'
import { ensure } from '../../errors/guard.js'
import { fileSource } from '../../files/file-source.js'
import { chunkDigest } from '../../formats/chunk-digest.js'
import { checkContext, type Context } from '../../formats/context.js'
import { fileMembers, type FileClaims } from '../../formats/file-signature.js'
import { abortable, type CallOptions } from '../../io/abort.js'
import type { ByteReader } from '../../io/byte-reader.js'
import type { ByteSource } from '../../io/byte-source.js'
import { inOrder } from '../../io/in-order.js'
import { fileInput, type FileInput } from '../../io/stream-source.js'
import { filePath, isUrl } from '../../files/file-path.js'

/** What is said of a file, and signed with it. */
export interface SignFileOptions extends CallOptions {
  /** The file's name, of at most 255 characters. Default: that of a path, otherwise none. */
  readonly name?: string
  /** Its media type, of at most 127 characters: `application/pdf`. Default: none. */
  readonly mediaType?: string
  /**
   * What the file is for, or which edition it is. Default: `{}`.
   *
   * - Whoever verifies it must name the same context.
   */
  readonly context?: Context
  /** Called after each chunk, with bytes that were read and bytes in all. Default: nobody. */
  readonly onProgress?: (p: { readonly done: number; readonly total: number }) => void
}

/** What can be said of a file before it is signed, and the list of its chunk hashes. */
export interface HashedFile {
  readonly claims: Omit<FileClaims, 'iat' | 'iss'>
  readonly list: Bytes
}

/** Bytes of a SHA-256. */
const hashLength = 32

/**
 * Reads a file once, in constant memory, and hashes its chunks.
 *
 * @throws SealdropError `invalid_argument`, `source_failed`, and `source_changed` when its version
 *   at the end is another one than at the start
 */
export async function hashFile(
  file: string | URL | ByteSource | Blob,
  o: SignFileOptions,
): Promise<HashedFile> {
  const { claims: said, source } = await described(file, o)
  const input = fileInput(source)
  const { size } = input
  const version = await input.version()
  const reader = input.reader()
  try {
    const list = await chunkHashes(input, reader, o)
    ensure(
      (await input.version()) === version,
      'source_changed',
      'the file was changed while it was read: sign it again',
    )
    const digest = await chunkDigest(size, list, sha256)
    const measured = { size, chunkSize: limits.digestChunk, hash: 'SHA-256', digest }
    return { claims: { v: 1, ...measured, ...said }, list }
  } catch (error) {
    reader.cancel(error)
    throw error
  }
}

interface Described {
  readonly claims: Pick<FileClaims, 'name' | 'mediaType' | 'ctx'>
  readonly source: ByteSource | Blob
}

/** What the caller says of a file, and the file. */
async function described(
  file: string | URL | ByteSource | Blob,
  o: SignFileOptions,
): Promise<Described> {
  const path = isUrl(file) ? filePath(file, 'signFile: expected a path') : file
  const isPath = typeof path === 'string'
  const name = o.name ?? (isPath ? basename(path) : undefined)
  const { mediaType } = o
  const ctx = checkContext(o.context ?? {})
  ensure(
    fileMembers.name(name),
    'invalid_argument',
    'name: expected text of at most 255 characters, without lone surrogates',
  )
  ensure(
    fileMembers.mediaType(mediaType),
    'invalid_argument',
    'mediaType: expected text of at most 127 characters',
  )
  o.signal?.throwIfAborted()
  return { claims: { name, mediaType, ctx }, source: isPath ? await fileSource(path) : path }
}

/** The hashes of all chunks, one after the other. */
async function chunkHashes(
  input: FileInput,
  reader: ByteReader,
  { signal, onProgress }: SignFileOptions,
): Promise<Bytes> {
  const { size } = input
  const list = new Uint8Array(Math.ceil(size / limits.digestChunk) * hashLength)
  reader.hold(limits.framesInFlight)
  const chunks = chunksOf(input, reader, signal)
  let done = 0
  for await (const hash of inOrder(chunks, sha256, limits.framesInFlight)) {
    list.set(hash, done * hashLength)
    done++
    try {
      onProgress?.({ done: Math.min(size, done * limits.digestChunk), total: size })
    } catch {
      // what the caller's function throws is its own, and stops no signing
    }
  }
  return list
}

async function* chunksOf(
  { size, otherSize }: FileInput,
  reader: ByteReader,
  signal: AbortSignal | undefined,
): AsyncGenerator<Bytes> {
  for (let at = 0; at < size; at += limits.digestChunk) {
    const length = Math.min(limits.digestChunk, size - at)
    const bytes = await abortable(reader.take(length), signal)
    ensure(
      bytes.length === length,
      otherSize,
      `source: expected ${size} bytes, found ${at + bytes.length}`,
    )
    yield bytes
  }
}
