import { limits } from '../algorithms/limits.js'
import { checkCount } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { messageLength } from '../formats/frames.js'
import type { ByteReader } from '../io/byte-reader.js'
import type { ByteStream } from '../io/in-order.js'
import { taken, type Input, type StreamSource } from '../io/stream-source.js'
import type { KeyInfo } from '../keys/key.js'
import { framesOf } from './frames-of.js'
import { sealLookingAt } from './look-at-front.js'
import { idText, startMessage } from './message.js'
import { planMessage, type MessageOptions, type Recipients } from './plan-message.js'
import { writeMessage } from './write-message.js'

/** How a stream is sealed, and who is told of it. */
export interface StreamOptions extends MessageOptions {
  /**
   * Bytes in the source, where it does not know them itself.
   *
   * - `length` of the answer is then known before reading
   * - the source is checked against it
   */
  readonly length?: number
  /** Frames that are encrypted side by side, 1 to 16. Default: 4. */
  readonly framesInFlight?: number
  /**
   * Whether to compute the digest, which costs more than the encryption.
   *
   * Default: true. Without it `digest` of the answer rejects.
   */
  readonly digest?: boolean
  /** Told of plaintext bytes, after each frame. Default: nobody. */
  readonly onProgress?: (p: { readonly done: number; readonly total?: number }) => void
}

/** A message that is sealed while it is read. */
export interface SealedStream extends ByteStream {
  /** The message's id, 32 random bytes in base64url; a receipt names it. */
  readonly messageId: string
  /** The key that was chosen of each set. */
  readonly recipients: readonly KeyInfo[]
  /**
   * Chunk digest of the ciphertext in base64url, once it was read to its end.
   *
   * Keep it, to compare it with a receipt.
   */
  readonly digest: Promise<string>
}

/**
 * Seals a stream of any size in constant memory.
 *
 * - the message is one of the AWS Encryption SDK: AWS's own SDKs open it with their KMS RSA and
 *   KMS ECDH keyrings
 * - nothing is read before `readable` is, and no more ahead than the frames in flight
 * - aborting, cancelling `readable` and a failing source end everything: nobody can open to its end
 *   what was written by then
 *
 * @param keys - one key of each set can open it; an RSA key must be published with its ARN
 * @param source - Blob, File, byte source, stream or async iterable of bytes, or bytes (leave them
 *   unchanged until they are read); given up on failure, as a stream of Node is destroyed
 * @returns the ciphertext as a stream, its length where that is known, and what a receipt names
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: the context is missing or has an empty name or value, a number is out of
 *     its range, or this is no source
 *   - `too_large`: the context and the recipients do not fit the header, or there are more frames
 *     than a message can have
 * @throws SealdropError while fetching keys:
 *   - what `seal` throws then
 * @throws SealdropError while reading:
 *   - `source_changed`: the file was changed or removed
 *   - `source_failed`: the source failed, or has another length than was said
 *   - `invalid_argument`: a chunk is not bytes, or the file is sealed to one of these key sets
 *     already, see `again`
 * @example
 *   ```js
 *   import { openAsBlob } from 'node:fs'
 *   import { fetchKeySet, overHttps, sealStream } from 'sealdrop'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const file = await openAsBlob('report.pdf') // a page takes it from an <input type="file">
 *   const sealed = await sealStream(keys, file, { context: { order: '7' } })
 *   const body = await new Response(sealed.readable).blob()
 *   await fetch('https://files.example.com/report.sealed', { method: 'PUT', body })
 *   console.log(file.size, body.size === sealed.length) // 1048576 true
 *   console.log((await sealed.digest).length) // 43
 *   ```
 * @see message-format.md; AWS Encryption SDK message format, version 2
 */
export async function sealStream(
  keys: Recipients,
  source: StreamSource,
  o: StreamOptions,
): Promise<SealedStream> {
  return taken(source, (reader, input) => sealInput(keys, reader, input, o), o?.length)
}

async function sealInput(
  keys: Recipients,
  reader: ByteReader,
  input: Input,
  o: StreamOptions,
): Promise<SealedStream> {
  const {
    framesInFlight = limits.framesInFlight,
    onProgress,
    signal,
    digest: digested = true,
  } = checkOptions(o, 'signal context frameLength length framesInFlight digest onProgress again')
  checkCount('framesInFlight', framesInFlight, limits.maxFramesInFlight)
  signal?.throwIfAborted()
  const plan = await planMessage(keys, o ?? {})
  const version = await input.version?.()
  const message = await startMessage(plan)
  const { size } = input
  const length =
    size === undefined ? size : messageLength(message.header.length, size, plan.frameLength)
  reader.hold(framesInFlight)
  const frames = framesOf(reader, input, plan.frameLength, version)
  signal?.throwIfAborted()
  const seal = sealLookingAt(plan.look, message)
  const written = writeMessage({
    header: message.header,
    reader,
    frames,
    seal,
    framesInFlight,
    digested,
    size,
    onProgress,
    signal,
  })
  return {
    ...written,
    ...(length !== undefined && { length }),
    messageId: idText(message),
    recipients: plan.recipients.map(({ info }) => info),
  }
}
