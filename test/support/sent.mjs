import { inspect } from 'sealdrop'
import { present } from './types.mjs'

/** @import { ByteSource } from 'sealdrop' */

/**
 * What the sender of a message knows of it, to compare receipts with.
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
