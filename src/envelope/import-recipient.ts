import type { RecipientKind, SealingMembers } from '../algorithms/public-key.js'
import type { CryptoKey } from '../crypto/subtle.js'
import * as ecdh from './recipients/ecdh.js'
import type { ImportKey } from './recipients/recipient.js'
import * as rsa from './recipients/rsa.js'

const imports: { readonly [Kind in RecipientKind]: ImportKey<Kind> } = {
  RSA: rsa.importKey,
  EC: ecdh.importKey,
}

/** Imports the key of a recipient. @throws SealdropError `keys_malformed` */
export function importRecipient(kind: RecipientKind, jwk: SealingMembers): Promise<CryptoKey> {
  return (imports as Record<RecipientKind, ImportKey>)[kind](jwk)
}
