import { inspect } from 'sealdrop'
import { present } from './types.mjs'

/** @import { ByteSource } from 'sealdrop' */

/**
 * What a message is to whoever sent it, and compares receipts with it.
 *
 * @param {string | Uint8Array | Blob | ByteSource} message
 */
export async function sentOf(message) {
  const found = await inspect(message)
  return {
    ...found,
    messageId: present(found.messageId),
    digest: present(found.digest),
    length: present(found.length),
  }
}
