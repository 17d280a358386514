import { limits } from '../algorithms/limits.js'
import { equal, type Bytes } from '../bytes/bytes.js'
import { sha256 } from '../crypto/digest.js'
import { ensure, milliseconds, shown } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { chunkDigest } from '../formats/chunk-digest.js'
import { checkContext, differing } from '../formats/context.js'
import {
  fileLines,
  parseFileClaims,
  parseHashes,
  type FileClaims,
} from '../formats/file-signature.js'
import { reservedTypes } from '../formats/jws.js'
import { abortable } from '../io/abort.js'
import type { ByteReader } from '../io/byte-reader.js'
import { checkRange, type ByteSource } from '../io/byte-source.js'
import { inOrder, streamOf } from '../io/in-order.js'
import { fileInput, taken, type StreamSource } from '../io/stream-source.js'
import { tell } from '../io/tell.js'
import { ringOf, type KeySet } from '../keys/key-set.js'
import type { FileOptions, SignedFile, VerifiedStream } from './signed-file.js'
import { checkSigningTime, proof, verified, type Proof } from './verify.js'

const size = limits.digestChunk

/**
 * Verifies a file of any size as it comes, in constant memory.
 *
 * - the signature itself is checked before anything is read
 * - each chunk of 1 MiB is handed out when it is the one that was signed
 * - from the first chunk on that is another, nothing more is handed out
 *
 * @param fileSignature - as `signer.signFile` answers it
 * @param source - Blob, File, byte source, stream, async iterable or bytes; given up on failure
 * @returns the verified bytes as a stream, what was signed of the file, and the key
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: an option is wrong, or this is no source
 *   - `malformed`: this is no file signature
 *   - `rejected`: the signature does not verify, or is for another `name` or another size
 *   - `context_mismatch`: the file was signed for another context
 *   - `expired`: it was signed longer ago than `maxAge`, or the key was not valid then
 *   - `key_unusable`: the key was compromised, see `heldSince`
 *   - `unsupported_algorithm`: KMS does not sign so, or the signature is of a later version
 *   - `unsupported_runtime`: WebCrypto lacks the algorithm; pass `providers` to the key set
 *   - `too_large`: the JWS in it, or its header, is too long
 * @throws SealdropError while fetching keys:
 *   - what `keys.ready()` throws, see `fetchKeySet`
 *   - `key_not_found`: the set has no such signing key
 * @throws SealdropError while reading:
 *   - `rejected`: a chunk is not what was signed, or the file ends early or late
 *   - `source_failed`: the source failed
 *   - `source_changed`: the file was changed or removed
 * @example
 *   ```js
 *   import { fetchKeySet, overHttps, verifyStream } from 'sealdrop'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const signature = await fetch('https://files.example.com/report.pdf.sig')
 *   const { body } = await fetch('https://files.example.com/report.pdf')
 *   const file = await verifyStream(keys, await signature.text(), body, { name: 'report.pdf' })
 *   console.log(file.length, file.key.alg) // 1048576 ES256
 *   const report = await new Response(file.readable).blob()
 *   console.log(report.size) // 1048576
 *   ```
 * @see file-signature.md
 */
export async function verifyStream(
  keys: KeySet,
  fileSignature: string,
  source: StreamSource,
  o: FileOptions = {},
): Promise<VerifiedStream> {
  return taken(source, async (reader, { size: found }) => {
    const options = fileOptions(o)
    const file = await signedFile(keys, fileSignature, options, found)
    return verifiedPart(
      file,
      { reader, from: 0, to: file.claims.size, unsized: found === undefined },
      options,
    )
  })
}

/**
 * Verifies part of a file: only the chunks of 1 MiB that the range touches are read.
 *
 * - a range that ends behind the file ends with it
 *
 * @param start - first byte, from 0
 * @param end - behind the last byte; may be Infinity
 * @returns as {@link verifyStream}
 * @throws SealdropError as {@link verifyStream}, and:
 *   - `invalid_argument`: this is no range, or no file
 * @example
 *   ```js
 *   import { openAsBlob } from 'node:fs'
 *   import { fetchKeySet, overHttps, verifyRange } from 'sealdrop'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const response = await fetch('https://files.example.com/report.pdf.sig')
 *   const file = await openAsBlob('report.pdf')
 *   const part = await verifyRange(keys, await response.text(), file, 0, 8)
 *   console.log(await new Response(part.readable).text()) // %PDF-1.7
 *   ```
 */
export async function verifyRange(
  keys: KeySet,
  fileSignature: string,
  source: Blob | ByteSource,
  ...[start, end, o = {}]: [start: number, end: number, o?: FileOptions]
): Promise<VerifiedStream> {
  checkRange('verifyRange', start, end)
  const input = fileInput(source)
  const options = fileOptions(o)
  const file = await signedFile(keys, fileSignature, options, input.size)
  const from = Math.min(start, input.size)
  const to = Math.min(end, input.size)
  const reader = input.reader(
    Math.floor(from / size) * size,
    Math.min(input.size, Math.ceil(to / size) * size),
  )
  return verifiedPart(file, { reader, from, to }, options)
}

const fileOptions = (o: FileOptions | undefined): FileOptions =>
  checkOptions(o, 'signal heldSince name context maxAge onProgress')

interface FoundFile {
  readonly claims: FileClaims
  readonly hashes: Bytes
  readonly answer: Proof & SignedFile
}

/** Everything that can be known before the first byte, unless the signal says otherwise. */
const signedFile = (
  keys: KeySet,
  fileSignature: string,
  o: FileOptions,
  found: number | undefined,
): Promise<FoundFile> => abortable(examined(keys, fileSignature, o, found), o.signal)

async function examined(
  keys: KeySet,
  fileSignature: string,
  { name, context = {}, maxAge, heldSince, signal }: FileOptions,
  found: number | undefined,
): Promise<FoundFile> {
  const expected = checkContext(context)
  if (maxAge !== undefined) milliseconds('maxAge', maxAge)
  const [jws, list] = fileLines(fileSignature)
  const { parsed, key } = await verified(keys, jws, { typ: reservedTypes.file, signal })
  const claims = parseFileClaims(parsed.payload)
  const hashes = parseHashes(list, claims.size)
  ensure(
    (await chunkDigest(claims.size, hashes, sha256)) === claims.digest,
    'rejected',
    'the list of chunk hashes is not the one that was signed',
  )
  checkSigningTime(key, claims.iat, { heldSince })
  const difference = differing(claims.ctx, expected)
  ensure(
    !difference,
    'context_mismatch',
    `the file was signed for another context than the one expected here: look at ${difference}`,
  )
  ensure(
    name === undefined || name === claims.name,
    'rejected',
    `the signature is for another file: ${shown(claims.name ?? 'one without a name')}`,
  )
  const signedAt = claims.iat * 1000
  const age = ringOf(keys).now() - signedAt
  ensure(
    maxAge === undefined || (age <= maxAge && age >= -60_000),
    'expired',
    'the file was signed longer ago than maxAge, or in the future: ' +
      'is there a newer one, and are both clocks right?',
  )
  ensure((found ?? claims.size) === claims.size, 'rejected', otherSize(claims.size, `${found}`))
  return {
    claims,
    hashes,
    answer: {
      ...proof(keys, key),
      name: claims.name,
      mediaType: claims.mediaType,
      context: expected,
      signedAt: new Date(signedAt),
      digest: claims.digest,
    },
  }
}

interface Chunk {
  readonly index: number
  /** As they are for as many chunks as the reader holds. */
  readonly bytes: Bytes
}

/** Part of a file. It is `unsized` where only its end tells how long the source is. */
interface Part {
  readonly reader: ByteReader
  readonly from: number
  readonly to: number
  readonly unsized?: boolean
}

/**
 * The chunks that a part touches.
 *
 * The last one of an unsized source comes when nothing follows it: nothing of a longer file's last
 * chunk may be handed out.
 */
async function* chunksOf(
  { reader, from, to, unsized }: Part,
  total: number,
): AsyncGenerator<Chunk> {
  const first = Math.floor(from / size)
  let behind = first
  if (unsized) behind = 1
  if (from < to) behind = Math.ceil(to / size)
  for (let index = first; index < behind; index++) {
    const at = index * size
    const length = Math.min(size, total - at)
    const bytes = await reader.take(unsized && at + length === total ? length + 1 : length)
    ensure(
      bytes.length === length,
      'rejected',
      otherSize(total, bytes.length > length ? 'more' : at + bytes.length),
    )
    if (length > 0) yield { index, bytes }
  }
}

const otherSize = (expected: number, found: number | string): string =>
  `expected a file of ${expected} bytes, as was signed, found ${found}`

function verifiedPart(
  { claims, hashes, answer }: FoundFile,
  part: Part,
  { signal, onProgress }: FileOptions,
): VerifiedStream {
  signal?.throwIfAborted()
  const { reader, from, to } = part
  reader.hold(limits.framesInFlight)
  const total = to - from
  const checked = async ({ index, bytes }: Chunk): Promise<readonly Bytes[]> => {
    const at = index * size
    const { length } = bytes
    const hash = sha256(bytes)
    const end = Math.min(length, to - at)
    const own: Bytes[] = [] // copies: the reader fills its memory again
    for (let start = Math.max(0, from - at); start < end; start += limits.frame)
      own.push(new Uint8Array(bytes.subarray(start, Math.min(end, start + limits.frame))))
    ensure(
      equal(await hash, hashes.subarray(index * 32, index * 32 + 32)),
      'rejected',
      `chunk ${index + 1}, bytes ${at} to ${at + length - 1}, is not what was signed`,
    )
    return own
  }
  async function* pieces(): AsyncGenerator<readonly Bytes[]> {
    let done = 0
    for await (const own of inOrder(chunksOf(part, claims.size), checked, limits.framesInFlight)) {
      yield own
      for (const { length } of own) done += length
      tell(onProgress, { done, total })
    }
  }
  return {
    ...answer,
    length: total,
    readable: streamOf(pieces(), (reason) => reader.cancel(reason), signal),
  }
}
