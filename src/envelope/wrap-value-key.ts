import type { RecipientKind } from '../algorithms/public-key.js'
import { importDataKey } from '../crypto/aes.js'
import { randomBytes, type CryptoKey } from '../crypto/subtle.js'
import * as ecdh from './recipients/ecdh.js'
import type { Recipient, WrappedKey, WrapValueKey } from './recipients/recipient.js'
import * as rsa from './recipients/rsa.js'

const wraps: { readonly [Kind in RecipientKind]: WrapValueKey<Kind> } = {
  RSA: rsa.wrapValueKey,
  EC: ecdh.wrapValueKey,
}

/**
 * Makes a new random data key, and begins to import and to wrap it side by side.
 *
 * So the value is encrypted while the wrap is under way.
 */
export function newDataKey(recipient: Recipient): {
  readonly key: Promise<CryptoKey>
  readonly wrapped: Promise<WrappedKey>
} {
  const raw = randomBytes(32)
  return {
    key: importDataKey(raw),
    wrapped: (wraps as Record<RecipientKind, WrapValueKey>)[recipient.kind](recipient, raw),
  }
}
