import type { RecipientKind } from '../algorithms/public-key.js'
import type { Bytes } from '../bytes/bytes.js'
import type { EncryptedDataKey } from '../formats/message-header.js'
import * as ecdh from './recipients/ecdh.js'
import type { Recipient, WrapMessageKey } from './recipients/recipient.js'
import * as rsa from './recipients/rsa.js'

const wraps: { readonly [Kind in RecipientKind]: WrapMessageKey<Kind> } = {
  RSA: rsa.wrapMessageKey,
  EC: ecdh.wrapMessageKey,
}

/**
 * Wraps a message's data key for one recipient.
 *
 * @see message-format.md, "Data key for an RSA KMS key" and "Data key for an ECC key-agreement KMS
 *   key"
 */
export function wrapMessageKey(
  recipient: Recipient,
  raw: Bytes,
  context: Bytes,
): Promise<EncryptedDataKey> {
  return (wraps as Record<RecipientKind, WrapMessageKey>)[recipient.kind](recipient, raw, context)
}
