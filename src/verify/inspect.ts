import { toBase64url } from '../bytes/base64url.js'
import { isWellFormed, utf8 } from '../bytes/text.js'
import { digestName, sha256 } from '../crypto/digest.js'
import { readHeader } from '../envelope/read-header.js'
import { recipientNameOf } from '../envelope/recipient-name.js'
import { limits } from '../algorithms/limits.js'
import { checkCount, ensure } from '../errors/guard.js'
import { checkOptions } from '../errors/options.js'
import { ChunkDigester } from '../formats/chunk-digest.js'
import { parseCompact } from '../formats/compact.js'
import { isContext, type Context } from '../formats/context.js'
import { fileLines, parseFileClaims, parseHashes } from '../formats/file-signature.js'
import { parseKeySet } from '../formats/jwk.js'
import type { JsonObject } from '../formats/json.js'
import { parseJws, reservedTypes, sameType } from '../formats/jws.js'
import { setClaims } from '../formats/signed-set.js'
import { abortable, type CallOptions } from '../io/abort.js'
import type { ByteReader } from '../io/byte-reader.js'
import { taken, type StreamSource } from '../io/stream-source.js'

/** What anyone can read of a sealed or signed thing. Nothing of it is verified. */
export interface Inspection {
  /** What it is. */
  readonly kind: 'value' | 'stream' | 'jws' | 'key-set'
  /** What a value or a stream is bound to. */
  readonly context?: Context
  /**
   * The keys that can open it, or that signed it.
   *
   * - of a value: the thumbprint of its key
   * - of a stream: ARNs, or on a curve compressed points in base64url
   * - of a JWS and a key set: the `kid`s
   */
  readonly recipients: readonly string[]
  /**
   * The message id of a value or a stream, which a receipt names.
   *
   * Of a value without `jti` it is `sha256:` and the SHA-256 of its text in base64url.
   */
  readonly messageId?: string
  /** Bytes of a value or a stream. */
  readonly length?: number
  /** Chunk digest of a value or a stream, base64url. */
  readonly digest?: string
}

/** When to give up, and which streams are looked at. */
export interface InspectOptions extends CallOptions {
  /**
   * The longest frame that a stream may announce, in bytes of plaintext, at most 1 GiB.
   *
   * Default: 16,777,216, as openers take it.
   */
  readonly maxFrameLength?: number
}

/**
 * Reads what a sealed or signed thing shows to everyone, without any key.
 *
 * - it takes a sealed value, a sealed stream, a JWS (a file signature is one), and a key set
 * - a stream is read to its end, for its digest, and no frame is looked at
 * - keep `messageId` and `digest` of what you send: `verifyReceipt` compares them
 *
 * @param input - text, or a message as a Blob, byte source, stream, async iterable or bytes
 * @returns what it is, and what it says of itself; nothing of it is verified
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: this is neither text nor a source, or a number is out of its range
 *   - `malformed`: this is none of the things above
 *   - `keys_malformed`: this is no key set
 *   - `too_large`: it, or its header, is too long
 *   - `unsupported_algorithm`: the message or the file signature is of another version
 * @throws SealdropError while reading:
 *   - `source_failed`: the source failed
 *   - `source_changed`: the file was changed or removed
 * @example
 *   ```js
 *   import { fetchKeySet, inspect, overHttps, seal } from 'sealdrop'
 *   const keys = fetchKeySet('https://keys.example.com/keys.json', { trust: overHttps() })
 *   const sealed = await seal(keys, { iban: 'DE02' }, { context: { order: '7' } })
 *   const { kind, context, digest } = await inspect(sealed)
 *   console.log(kind, context.order, digest.length) // value 7 43
 *   ```
 * @see RFC 7516 §3.1; message-format.md, "Header"; file-signature.md, "Chunk digest" for the digest
 */
export async function inspect(
  input: string | StreamSource,
  o?: InspectOptions,
): Promise<Inspection> {
  if (typeof input !== 'string') return taken(input, (reader) => inspectStream(reader, o))
  checked(o)
  if (input.trimStart().startsWith('{')) {
    return { kind: 'key-set', recipients: kidsOf(parseKeySet(input)) }
  }
  return input.split('.', 6).length === 3 ? inspectSigned(input.trim()) : inspectValue(input)
}

function checked(
  o: InspectOptions | undefined,
): InspectOptions & { readonly maxFrameLength: number } {
  const { signal, maxFrameLength = limits.maxFrame } = checkOptions(o, 'signal maxFrameLength')
  checkCount('maxFrameLength', maxFrameLength, limits.anyFrame)
  signal?.throwIfAborted()
  return { signal, maxFrameLength }
}

/** A JWS, a signed set or a file signature. */
function inspectSigned(text: string): Inspection {
  const [jws, list] = text.includes('\n') ? fileLines(text) : [text]
  const {
    header: { kid, typ },
    payload,
  } = parseJws(jws)
  if (list !== undefined) {
    ensure(
      sameType(typ, reservedTypes.file),
      'malformed',
      'expected one line, or the two of a file signature',
    )
    parseHashes(list, parseFileClaims(payload).size)
  }
  if (typ === reservedTypes.keySet || typ === reservedTypes.history)
    return { kind: 'key-set', recipients: kidsOf(setClaims(payload).keys) }
  return { kind: 'jws', recipients: kid === undefined ? [] : [kid] }
}

async function inspectValue(text: string): Promise<Inspection> {
  const {
    header: { kid, ctx = {}, jti },
  } = parseCompact(text, 'JWE')
  ensure(
    typeof kid === 'string' && isContext(ctx) && isWellFormed(text),
    'malformed',
    'JWE: expected kid, in ctx strings, and no lone surrogate',
  )
  const bytes = utf8(text)
  const digester = new ChunkDigester(sha256)
  await digester.update(bytes)
  return {
    kind: 'value',
    context: ctx,
    recipients: [kid],
    messageId: (jti as string | undefined) || (await digestName(text)),
    length: bytes.length,
    digest: await digester.digest(),
  }
}

const kidsOf = (keys: readonly JsonObject[]): readonly string[] =>
  keys.flatMap(({ kid }) => (typeof kid === 'string' ? [kid] : []))

async function inspectStream(
  reader: ByteReader,
  o: InspectOptions | undefined,
): Promise<Inspection> {
  const { signal, maxFrameLength } = checked(o)
  const digester = new ChunkDigester(sha256)
  const take = async (size: number): Promise<Uint8Array<ArrayBuffer>> => {
    const bytes = await abortable(reader.take(size), signal)
    await digester.update(bytes)
    return bytes
  }
  const {
    header: { context, dataKeys, messageId },
  } = await readHeader(
    { ...reader, take },
    (version, suite) => `${version} and ${suite}`,
    maxFrameLength,
  )
  while ((await take(524_288)).length > 0);
  return {
    kind: 'stream',
    context,
    recipients: dataKeys.map((dataKey) => recipientNameOf(dataKey) ?? dataKey.provider),
    messageId: toBase64url(messageId),
    length: digester.size,
    digest: await digester.digest(),
  }
}
