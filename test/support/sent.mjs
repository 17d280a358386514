import { inspect } from 'sealdrop'
import { present } from './types.mjs'

/** @import { ByteSource } from 'sealdrop' */

/**
 * What a message is to whoever sent it, and compares receipts with it.
 *
 * @param {string | Uint8Array | Blob | ByteSource} message
 */
export async function sentOf(message) {
  const { messageId, digest, length, recipients } = await inspect(message)
  return {
    messageId: present(messageId),
    digest: present(digest),
    length: present(length),
    recipients,
  }
}
