import type { Bytes } from '../../bytes/bytes.js'
import { Cursor } from '../../bytes/cursor.js'
import { fromUtf8 } from '../../bytes/text.js'
import { SealdropError } from '../../errors/sealdrop-error.js'
import type { Context } from '../../formats/context.js'
import { tagLength, type EncryptedDataKey } from '../../formats/message-header.js'

/** What is told of the header of a message, also of one that is not opened here. */
export interface ShownHeader {
  readonly messageId: Bytes
  readonly context: Context
  readonly dataKeys: readonly EncryptedDataKey[]
  /** Undefined where the message is not divided into frames. */
  readonly frameLength: number | undefined
  /** Bytes of the header, its tag counted. */
  readonly length: number
}

/** No header that is read here is longer, in bytes. AWS's libraries write up to 64 KiB of context. */
export const longestForeign = 262_144
/** More data keys would be pages of text. */
const mostDataKeys = 100
const framed = 2
const ivLength = 12
const commitmentLength = 32

/**
 * Reads the header of a message of AWS's libraries that is not opened here, to tell what it is.
 *
 * The parser of the library refuses it, and so nothing that opens ever sees what is read here.
 *
 * @throws SealdropError `malformed`, `too_large`
 * @see AWS Encryption SDK specification, message header, "Header Body Version 1.0"
 */
export function parseForeignHeader(bytes: Bytes, version: number): ShownHeader {
  const cursor = new Cursor(bytes, 'malformed')
  cursor.take(version === 1 ? 4 : 3, 'version and suite')
  const messageId = cursor.take(version === 1 ? 16 : 32, 'message id') as Bytes
  const context = contextOf(sized(cursor, 'context'))
  const dataKeys = dataKeysOf(cursor)
  const isFramed = cursor.u8('content type') === framed
  if (version === 1) cursor.take(5, 'reserved bytes and length of the IV')
  const frameLength = cursor.u32('frame length')
  cursor.take((version === 1 ? ivLength : commitmentLength) + tagLength, 'authentication')
  return {
    messageId,
    context,
    dataKeys,
    frameLength: isFramed ? frameLength : undefined,
    length: bytes.length - cursor.remaining,
  }
}

const sized = (cursor: Cursor, field: string): Bytes =>
  cursor.take(cursor.u16(field), field) as Bytes

const textOf = (cursor: Cursor, field: string): string =>
  fromUtf8(sized(cursor, field)) ?? cursor.fail(field, 'not UTF-8')

function contextOf(bytes: Bytes): Context {
  if (bytes.length === 0) return {}
  const cursor = new Cursor(bytes, 'malformed')
  const count = cursor.u16('context')
  return Object.fromEntries(
    Array.from({ length: count }, () => [
      textOf(cursor, 'name of the context'),
      textOf(cursor, 'value of the context'),
    ]),
  )
}

function dataKeysOf(cursor: Cursor): readonly EncryptedDataKey[] {
  const count = cursor.u16('data keys')
  if (count > mostDataKeys)
    throw new SealdropError(
      'too_large',
      `data keys: expected at most ${mostDataKeys}, found ${count}`,
    )
  return Array.from({ length: count }, () => ({
    provider: textOf(cursor, 'provider id'),
    info: sized(cursor, 'provider info'),
    ciphertext: sized(cursor, 'encrypted data key'),
  }))
}
