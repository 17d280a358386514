import type { RecipientKind } from '../algorithms/public-key.js'
import { importDataKey } from '../crypto/aes.js'
import { importMessageKey } from '../crypto/message-keys.js'
import { randomBytes, type CryptoKey } from '../crypto/subtle.js'
import type { PrivateOperations } from './private-operations.js'
import * as ecdh from './recipients/ecdh.js'
import type {
  CheckMessageKey,
  CheckValueKey,
  IsRecipient,
  MessageKey,
  ReadRecipient,
  UnwrapMessageKey,
  UnwrapValueKey,
  ValueKey,
} from './recipients/recipient.js'
import * as rsa from './recipients/rsa.js'

/** What the opening verbs do with a kind of recipient. */
interface Opening<Kind extends RecipientKind = RecipientKind> {
  readonly checkValueKey: CheckValueKey<Kind>
  readonly unwrapValueKey: UnwrapValueKey
  readonly readRecipient: ReadRecipient
  readonly isRecipient: IsRecipient<Kind>
  readonly checkMessageKey: CheckMessageKey<Kind>
  readonly unwrapMessageKey: UnwrapMessageKey
}

const openings: { readonly [Kind in RecipientKind]: Opening<Kind> } = {
  RSA: rsa,
  EC: ecdh,
}

/** Answers what the opening verbs do with a kind of recipient. */
export const openingOf = (kind: RecipientKind): Opening => openings[kind] as Opening

/**
 * Unwraps the data key of a value, by exactly one private operation.
 *
 * Whatever the cryptography answers, a key comes back. After a failed unwrap it is a random one, so
 * that every failure shows at the same place: as a tag that does not verify (RFC 7516 §11.5).
 */
export async function unwrapValueKey(
  key: ValueKey,
  arn: string,
  operations: PrivateOperations,
  signal?: AbortSignal,
): Promise<CryptoKey> {
  const { unwrapValueKey: unwrap } = openings[key.kind]
  return (await unwrap(key, arn, operations, signal)) ?? importDataKey(randomBytes(32))
}

/**
 * Unwraps the data key of a message, by exactly one private operation.
 *
 * Whatever the cryptography answers, a key comes back. After a failed unwrap it is a random one,
 * whose commitment is not the message's.
 */
export async function unwrapMessageKey(
  key: MessageKey,
  arn: string,
  operations: PrivateOperations,
  signal?: AbortSignal,
): Promise<CryptoKey> {
  const { unwrapMessageKey: unwrap } = openings[key.kind]
  return importMessageKey((await unwrap(key, arn, operations, signal)) ?? randomBytes(32))
}
