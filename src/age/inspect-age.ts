import { checkOptions } from '../errors/options.js'
import { blaming } from '../errors/whose.js'
import { abortable, type CallOptions } from '../io/abort.js'
import { taken, type StreamSource } from '../io/stream-source.js'
import { fromRawBase64 } from './base64.js'
import { toBase64url } from '../bytes/base64url.js'
import type { Stanza } from './header.js'
import { p256tag, taggedOf } from './p256tag.js'
import { chunksIn } from './payload.js'
import { boundsOf, readFront, type HeaderBounds } from './read-front.js'

/** How an age file is looked at. */
export interface InspectAgeOptions extends CallOptions, HeaderBounds {}

/** For whom an age file says that it is. */
export interface AgeStanza {
  /** The kind of recipient: `p256tag`, `X25519`, `scrypt`. */
  readonly type: string
  /** Of `p256tag` its tag in base64url, which names no key. */
  readonly tag?: string
}

/** What an age file says without any key. None of it is authentic. */
export interface AgeInfo {
  /** Whether it is text, in armor. */
  readonly armored: boolean
  /** For whom it is, in the order of the file. */
  readonly stanzas: readonly AgeStanza[]
  /** Bytes of its header. */
  readonly headerLength: number
  /** Bytes of its plaintext, where the source knows its size and the file is not armored. */
  readonly length?: number
}

/**
 * Tells what an age file says without any key.
 *
 * - It reads the header only, and calls nobody.
 * - Nothing of it is authentic before the file was opened.
 *
 * @throws SealdropError for what it was given:
 *   - `invalid_argument`: there is no source, or an option is wrong
 * @throws SealdropError while reading:
 *   - `malformed`: it is no age file, its header is wrong, or it was cut
 *   - `too_large`: its header is over a limit
 *   - `unsupported_algorithm`: it is of another version than v1
 *   - `source_failed`, `source_changed`: the source cannot be read
 * @example
 *   ```js
 *   import { ageRecipient, inspectAge, sealAge } from 'sealdrop/age'
 *   import { publicJwk } from 'sealdrop/kms'
 *   const recipient = ageRecipient(await publicJwk({ key: 'alias/claims' }))
 *   const { readable } = await sealAge(recipient, new Blob(['DE02']))
 *   const { stanzas, length } = await inspectAge(await new Response(readable).blob())
 *   console.log(stanzas.length, stanzas[0].type, length) // 1 p256tag 4
 *   ```
 * @see C2SP's age format, "Header"
 */
export async function inspectAge(
  source: StreamSource,
  o: InspectAgeOptions = {},
): Promise<AgeInfo> {
  return blaming('sender', () =>
    taken(source, async (reader, { size }) => {
      const { signal, ...bounds } = checkOptions(o, 'signal maxHeaderLength maxStanzas')
      const work = readFront(reader, boundsOf(bounds))
      const { armored, header, length: front } = await abortable(work, signal)
      reader.cancel(undefined)
      const chunks = size === undefined || armored ? undefined : chunksIn(size - front)
      return {
        armored,
        stanzas: header.stanzas.map(shownStanza),
        headerLength: header.length,
        ...(chunks && { length: chunks.length }),
      }
    }),
  )
}

function shownStanza(stanza: Stanza): AgeStanza {
  const { type, args } = stanza
  if (type !== p256tag) return { type }
  taggedOf(stanza)
  return { type, tag: toBase64url(fromRawBase64(args[0] ?? '') ?? new Uint8Array()) }
}
