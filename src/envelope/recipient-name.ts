import type { dataKeyProviders, staticSender } from '../algorithms/data-key-providers.js'
import type { RecipientKind } from '../algorithms/public-key.js'
import type { EncryptedDataKey } from '../formats/message-header.js'
import * as ecdh from './recipients/ecdh.js'
import type { RecipientName } from './recipients/recipient.js'
import * as rsa from './recipients/rsa.js'

type Provider = (typeof dataKeyProviders)[RecipientKind] | typeof staticSender

const names: Readonly<Record<Provider, RecipientName>> = {
  'aws-kms-rsa': rsa.recipientName,
  'raw-ecdh': ecdh.recipientName,
  'aws-kms-ecdh': ecdh.recipientName,
}

/** Names the recipient of a data key; undefined for providers of others. */
export function recipientNameOf({ provider, info }: EncryptedDataKey): string | undefined {
  return Object.hasOwn(names, provider) ? names[provider as Provider](info) : undefined
}
