import { concat, type Bytes } from '../bytes/bytes.js'
import { SealdropError } from '../errors/sealdrop-error.js'
import { tagLength } from '../formats/message-header.js'
import {
  parseMessageHeader,
  type MessageHeader,
  type NameOfFormat,
} from '../formats/parse-message-header.js'
import type { ByteReader } from '../io/byte-reader.js'

/** What is taken at once: most headers are shorter. */
const step = 2_048

export const cutWithin = (where: string): SealdropError =>
  new SealdropError('malformed', `the message ends within ${where}: it was cut`)

/**
 * Reads a message's header from its start; nothing in it is verified.
 *
 * @returns its length in bytes besides, and what was read beyond it
 * @throws SealdropError `malformed`, `unsupported_algorithm`, `too_large`
 */
export async function readHeader(
  reader: ByteReader,
  nameOf: NameOfFormat,
  maxFrameLength?: number,
): Promise<{ readonly header: MessageHeader; readonly length: number; readonly rest: Bytes }> {
  for (let bytes: Bytes = new Uint8Array(); ;) {
    const more = await reader.take(step)
    if (more.length === 0) throw cutWithin('its header')
    bytes = concat(bytes, more)
    const header = parseMessageHeader(bytes, nameOf, maxFrameLength)
    if (!header) continue
    const length = header.body.length + tagLength
    return { header, length, rest: bytes.subarray(length) }
  }
}
