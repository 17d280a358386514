import { limits } from '../algorithms/limits.js'
import { suite } from '../algorithms/suites.js'
import type { Bytes } from '../bytes/bytes.js'
import { Cursor } from '../bytes/cursor.js'
import { fromUtf8 } from '../bytes/text.js'
import { ensure } from '../errors/guard.js'
import type { Context } from './context.js'
import { parseContext } from './message-context.js'
import {
  framed,
  messageVersion,
  tagLength,
  type EncryptedDataKey,
  type HeaderFields,
} from './message-header.js'

export interface MessageHeader extends HeaderFields {
  readonly context: Context
  /** Version to commitment value, as received: what the tag authenticates. */
  readonly body: Bytes
  readonly tag: Bytes
}

/** Bytes of a header around its context and data keys, tag included. */
const fixedLength = 92

/** No header is longer: a reader need not look further for its end. */
export const maxHeaderLength: number = fixedLength + limits.header

/** How an error names a version and a suite that are not read; the opener knows their names. */
export type NameOfFormat = (version: number, suite: number) => string

/**
 * Reads a header within limits that are checked before anything is allocated.
 *
 * Where the bytes end before the header does, the answer is undefined: more are needed, which is no
 * error yet.
 *
 * @param bytes - from the start of a message; what follows the header is ignored
 * @param maxFrameLength - default: 16 MiB
 * @throws SealdropError `malformed`, `unsupported_algorithm`, `too_large`
 * @see message-format.md, "Header" and "Reader's rules"
 */
export function parseMessageHeader(
  bytes: Bytes,
  nameOf: NameOfFormat,
  maxFrameLength?: number,
): MessageHeader | undefined {
  const cursor = new Cursor(bytes, 'malformed')
  const has = withinLimit(cursor)
  if (!has(3)) return undefined
  checkFormat(cursor, nameOf)
  if (!has(34)) return undefined
  const messageId = cursor.take(32, 'message id') as Bytes
  const contextLength = cursor.u16('context')
  if (!has(contextLength + 2)) return undefined
  const found = cursor.take(contextLength, 'context') as Bytes
  const context = parseContext(found)
  // the empty context has two forms, of which keys and digests know one
  const serializedContext = contextLength === 2 ? new Uint8Array() : found
  const dataKeys = parseDataKeys(cursor, has)
  if (!dataKeys || !has(37 + tagLength)) return undefined
  const frameLength = parseFrameLength(cursor, maxFrameLength)
  const commitment = cursor.take(32, 'commitment') as Bytes
  const body = bytes.slice(0, bytes.length - cursor.remaining)
  return {
    messageId,
    serializedContext,
    context,
    dataKeys,
    frameLength,
    commitment,
    body,
    tag: cursor.take(tagLength, 'header tag') as Bytes,
  }
}

/** Whether so many bytes more are there. */
type Has = (length: number) => boolean

/** All of what is asked for counts against the limit. */
function withinLimit(cursor: Cursor): Has {
  let needed = 0
  return (length) => {
    needed += length
    ensure(
      needed <= maxHeaderLength,
      'too_large',
      `context and recipients: expected at most ${limits.header} bytes`,
    )
    return cursor.remaining >= length
  }
}

function checkFormat(cursor: Cursor, nameOf: NameOfFormat): void {
  const version = cursor.u8('version')
  const id = cursor.u16('suite')
  ensure(
    version === messageVersion && id === suite,
    'unsupported_algorithm',
    "expected version 2 of the AWS Encryption SDK's format with suite 0x0478, " +
      `found ${nameOf(version, id)}`,
  )
}

function parseDataKeys(cursor: Cursor, has: Has): readonly EncryptedDataKey[] | undefined {
  const count = cursor.u16('data keys')
  ensure(
    count <= limits.recipients,
    'too_large',
    `data keys: expected at most ${limits.recipients}, found ${count}`,
  )
  if (count < 1) cursor.fail('data keys', 'expected at least 1')
  const dataKeys: EncryptedDataKey[] = []
  while (dataKeys.length < count) {
    const provider = parseSized(cursor, has, 'provider id')
    const info = provider && parseSized(cursor, has, 'provider info')
    const ciphertext = info && parseSized(cursor, has, 'encrypted data key')
    if (!ciphertext) return undefined
    dataKeys.push({
      provider: fromUtf8(provider) ?? cursor.fail('provider id', 'not UTF-8'),
      info,
      ciphertext,
    })
  }
  return dataKeys
}

/** Bytes that stand behind their length. */
function parseSized(cursor: Cursor, has: Has, field: string): Bytes | undefined {
  if (!has(2)) return undefined
  const length = cursor.u16(field)
  return has(length) ? (cursor.take(length, field) as Bytes) : undefined
}

function parseFrameLength(cursor: Cursor, most: number = limits.maxFrame): number {
  if (cursor.u8('content type') !== framed) cursor.fail('content type', 'expected 2, framed')
  const frameLength = cursor.u32('frame length')
  if (frameLength < 1) cursor.fail('frame length', 'expected at least 1')
  ensure(
    frameLength <= most,
    'too_large',
    `frame length: expected at most ${most} bytes (maxFrameLength), found ${frameLength}`,
  )
  return frameLength
}
