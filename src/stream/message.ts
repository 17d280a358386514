import { toBase64url } from '../bytes/base64url.js'
import { concat, type Bytes } from '../bytes/bytes.js'
import { authenticate, encrypt, importDataKey } from '../crypto/aes.js'
import { deriveMessageKeys, importMessageKey } from '../crypto/message-keys.js'
import { randomBytes, type CryptoKey } from '../crypto/subtle.js'
import { wrapMessageKey } from '../envelope/wrap-message-key.js'
import { checkFrames, frameData, frameHead, frameIv } from '../formats/frames.js'
import { headerBody, type HeaderFields } from '../formats/message-header.js'
import type { PlainFrame } from './frames-of.js'
import type { MessagePlan } from './plan-message.js'

/** A message whose header is written, so that its frames can be sealed in any order. */
export interface Message {
  readonly id: Bytes
  /** With its tag. */
  readonly header: Bytes
  readonly key: CryptoKey
}

/** A frame's head, and its ciphertext with the tag. */
export type SealedFrame = readonly [head: Bytes, sealed: Bytes]

/** The id as people and receipts name it. */
export const idText = ({ id }: Message): string => toBase64url(id)

/**
 * Draws the data key, wraps it for every recipient, and writes the header.
 *
 * `raw` is the key of the frames.
 */
export async function startMessage({
  recipients,
  serializedContext,
  frameLength,
}: MessagePlan): Promise<Message & { readonly raw: Bytes }> {
  const dataKey = randomBytes(32)
  const dataKeys = await Promise.all(
    recipients.map((key) => wrapMessageKey(key, dataKey, serializedContext)),
  )
  return messageUnder(dataKey, { serializedContext, dataKeys, frameLength })
}

/** Draws the message id, and writes the header over a data key that is wrapped already. */
export async function messageUnder(
  dataKey: Bytes,
  fields: Pick<HeaderFields, 'serializedContext' | 'dataKeys' | 'frameLength'>,
): Promise<Message & { readonly raw: Bytes }> {
  const id = randomBytes(32)
  const [raw, commitment] = await deriveMessageKeys(await importMessageKey(dataKey), id)
  const body = headerBody({ ...fields, messageId: id, commitment })
  const key = await importDataKey(raw)
  return { id, key, raw, header: concat(body, await authenticate(key, body)) }
}

/**
 * Seals one frame.
 *
 * - head and ciphertext are not joined, which would cost a third of the speed
 * - the plaintext must stay as it is until the promise settles
 */
export async function sealFrame(
  { id, key }: Message,
  { index, bytes, final }: PlainFrame,
): Promise<SealedFrame> {
  const sequence = index + 1
  checkFrames(final ? sequence : sequence + 1)
  const data = frameData(id, sequence, bytes.length, final)
  return [
    frameHead(sequence, bytes.length, final),
    await encrypt(key, frameIv(sequence), bytes, data),
  ]
}
