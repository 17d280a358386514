import { limits } from '../algorithms/limits.js'
import { suite } from '../algorithms/suites.js'
import { concat, sized, u16, u32, type Bytes } from '../bytes/bytes.js'
import { utf8 } from '../bytes/text.js'
import { ensure } from '../errors/guard.js'

/** A data key as it travels, under one recipient's key. */
export interface EncryptedDataKey {
  readonly provider: string
  readonly info: Bytes
  readonly ciphertext: Bytes
}

/** What stands in a header before its authentication tag. */
export interface HeaderFields {
  readonly messageId: Bytes
  readonly serializedContext: Bytes
  readonly dataKeys: readonly EncryptedDataKey[]
  readonly frameLength: number
  readonly commitment: Bytes
}

export const messageVersion = 2
export const framed = 2

/** Bytes of the tag that follows a header body, and each frame's ciphertext. */
export const tagLength = 16

/** Where the frame length stands, counted from the end: before commitment and tag. */
export const frameLengthFromEnd: number = 4 + 32 + tagLength

/**
 * A message header without its authentication tag (message-format.md, "Header").
 *
 * @throws SealdropError `too_large` when context and data keys exceed 16 KiB
 */
export function headerBody({
  messageId,
  serializedContext,
  dataKeys,
  frameLength,
  commitment,
}: HeaderFields): Bytes {
  const keys = concat(
    ...dataKeys.map(({ provider, info, ciphertext }) => sized(2, utf8(provider), info, ciphertext)),
  )
  const variable = serializedContext.length + keys.length
  ensure(
    variable <= limits.header,
    'too_large',
    `context and recipients: expected at most ${limits.header} bytes, found ${variable}`,
  )
  return concat(
    [messageVersion],
    u16(suite),
    messageId,
    sized(2, serializedContext),
    u16(dataKeys.length),
    keys,
    [framed],
    u32(frameLength),
    commitment,
  )
}
