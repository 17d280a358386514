import { randomBytes } from 'node:crypto'
import type { Bytes } from '../bytes/bytes.js'
import { ensure } from '../errors/guard.js'
import { kindOf } from '../errors/kind.js'
import { checkOptions } from '../errors/options.js'
import { SealdropError } from '../errors/sealdrop-error.js'
import { blaming } from '../errors/whose.js'
import type { CallOptions } from '../io/abort.js'
import { streamOf, type ByteStream } from '../io/in-order.js'
import { taken, type Input, type StreamSource } from '../io/stream-source.js'
import type { ByteReader } from '../io/byte-reader.js'
import { armored, armoredLength } from './armor.js'
import { fileKeyLength, headerMac, nonceLength, payloadKey, wipe } from './file-key.js'
import { headerBytes } from './header.js'
import { wrapTagged } from './p256tag.js'
import { payloadLength, sealChunks } from './payload.js'
import { pointOfRecipient, recipientLines } from './recipient.js'

/** How an age file is made. */
export interface SealAgeOptions extends CallOptions {
  /** Whether the file is text, in armor. Default: false. */
  readonly armor?: boolean
}

/** The most recipients: stock age reads no more. */
const most = 1_024

/**
 * Seals a stream of any size as an age file, which stock `age` could have made.
 *
 * - Each recipient can open it alone. They stand in the file as tags that name no key.
 * - The file carries no context, no message id and no name. Use `sealStream` where that counts.
 * - Nothing is read before `readable` is. Memory is constant.
 *
 * @param recipients - `age1tag…`, or several of them, or the text of an `age.txt`
 * @returns the file, and its length where the source knows its size
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: there is no recipient, one is wrong or stands twice, or there is no source
 * @throws SealdropError while reading:
 *   - `source_changed`, `source_failed`: the source failed, or has another size than it said
 * @example
 *   ```js
 *   import { ageRecipient, sealAge } from 'sealdrop/age'
 *   import { publicJwk } from 'sealdrop/kms'
 *   const recipient = ageRecipient(await publicJwk({ key: 'alias/claims' }))
 *   const { readable } = await sealAge(recipient, new Blob(['DE02']), { armor: true })
 *   const [first] = (await new Response(readable).text()).split('\n')
 *   console.log(first) // -----BEGIN AGE ENCRYPTED FILE-----
 *   ```
 * @see C2SP's age format
 */
export async function sealAge(
  recipients: string | readonly string[],
  source: StreamSource,
  o: SealAgeOptions = {},
): Promise<ByteStream> {
  return blaming('caller', () =>
    taken(source, async (reader, input) => {
      const { armor = false, signal } = checkOptions(o, 'signal armor')
      signal?.throwIfAborted()
      const points = pointsOf(recipients)
      const { header, nonce, key } = begin(points)
      const pieces = piecesOf({ header, nonce, key, reader, input })
      const stop = (reason: unknown): void => {
        wipe(key)
        reader.cancel(reason)
      }
      const { size } = input
      const length = size === undefined ? undefined : wholeLength(header, size, armor)
      return {
        readable: streamOf(armor ? armored(pieces) : pieces, stop, signal),
        ...(length !== undefined && { length }),
      }
    }),
  )
}

function pointsOf(recipients: string | readonly string[]): readonly Bytes[] {
  const texts: readonly unknown[] = Array.isArray(recipients) ? recipients : [recipients]
  const found = texts.flatMap((text) => {
    ensure(
      typeof text === 'string',
      'invalid_argument',
      `recipients: expected text, found ${kindOf(text)}`,
    )
    return recipientLines(text)
  })
  ensure(
    found.length > 0 && found.length <= most && new Set(found).size === found.length,
    'invalid_argument',
    `recipients: expected 1 to ${most}, none of them twice, found ${found.length}`,
  )
  return found.map(pointOfRecipient)
}

/** A new file key, wrapped for each point; the header; and the key and the nonce of the payload. */
function begin(points: readonly Bytes[]): {
  readonly header: Bytes
  readonly nonce: Bytes
  readonly key: Bytes
} {
  const fileKey = new Uint8Array(randomBytes(fileKeyLength))
  const nonce = new Uint8Array(randomBytes(nonceLength))
  const stanzas = points.map((point) => wrapTagged(fileKey, point))
  const header = headerBytes(stanzas, (authentic) => headerMac(fileKey, authentic))
  const key = payloadKey(fileKey, nonce)
  wipe(fileKey)
  return { header, nonce, key }
}

async function* piecesOf({
  header,
  nonce,
  key,
  reader,
  input: { size, otherSize },
}: {
  readonly header: Bytes
  readonly nonce: Bytes
  readonly key: Bytes
  readonly reader: ByteReader
  readonly input: Input
}): AsyncGenerator<readonly Bytes[]> {
  try {
    yield [header, nonce]
    yield* sealChunks(reader, key, (length) => {
      if (size === undefined || size === length) return
      throw new SealdropError(otherSize, `source: expected ${size} bytes, found ${length}`)
    })
  } finally {
    wipe(key)
  }
}

function wholeLength(header: Bytes, size: number, isArmored: boolean): number {
  const length = header.length + nonceLength + payloadLength(size)
  return isArmored ? armoredLength(length) : length
}
