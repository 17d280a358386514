// The types of what a kind of recipient does. Its own file beside this one has a function of each.
import type { CurveName, RecipientKind, RecipientMembers } from '../../algorithms/public-key.js'
import type { Bytes } from '../../bytes/bytes.js'
import type { CryptoKey } from '../../crypto/subtle.js'
import type { Jwe } from '../../formats/jwe.js'
import type { EncryptedDataKey } from '../../formats/message-header.js'
import type { PrivateOperations } from '../private-operations.js'

/** A key to seal to. */
export interface Recipient<Kind extends RecipientKind = RecipientKind> {
  readonly kind: Kind
  readonly jwk: RecipientMembers[Kind]
  readonly cryptoKey: CryptoKey
  /** The ARN is there where {@link dataKeyProviders} says that messages name it. */
  readonly info: { readonly alg: string; readonly arn?: string | undefined }
}

/** A value's data key as it travels. */
export interface WrappedKey {
  /** Under way where the header has nothing of it and need not wait. */
  readonly encryptedKey: Bytes | Promise<Bytes>
  /** What of it stands in the JWE header. */
  readonly header?: { readonly [member: string]: unknown }
}

/** Imports a recipient's key. @throws SealdropError `keys_malformed` */
export type ImportKey<Kind extends RecipientKind = RecipientKind> = (
  jwk: RecipientMembers[Kind],
) => Promise<CryptoKey>

export type WrapValueKey<Kind extends RecipientKind = RecipientKind> = (
  recipient: Recipient<Kind>,
  raw: Bytes,
) => Promise<WrappedKey>

/** A message's data key for one recipient. */
export type WrapMessageKey<Kind extends RecipientKind = RecipientKind> = (
  recipient: Recipient<Kind>,
  raw: Bytes,
  context: Bytes,
) => Promise<EncryptedDataKey>

/** Everything public about a value's wrapped data key, already checked. */
export interface ValueKey {
  readonly kind: RecipientKind
  readonly alg: string
  readonly enc: string
  readonly encryptedKey: Bytes
  /**
   * What the sender made for the private operation, as KMS takes it: an ephemeral public key, or
   * the ciphertext of a KEM. Empty where the kind has none.
   */
  readonly sent: Bytes
  readonly apu: Bytes
  readonly apv: Bytes
}

/**
 * What public bytes decide of a value's wrapped key.
 *
 * @returns what the sender made for the private operation, empty where the kind has none
 * @throws SealdropError `malformed`
 */
export type CheckValueKey<Kind extends RecipientKind = RecipientKind> = (
  jwe: Jwe,
  jwk: RecipientMembers[Kind],
) => Promise<Bytes>

/** One private operation; undefined where what it answers is no data key. */
export type UnwrapValueKey = (
  key: ValueKey,
  arn: string,
  operations: PrivateOperations,
  signal?: AbortSignal,
) => Promise<CryptoKey | undefined>

/** Names the recipient that a message's provider info says; undefined where it says none. */
export type RecipientName = (info: Bytes) => string | undefined

/**
 * Names the recipient of a message's data key, whose form is checked.
 *
 * @throws SealdropError `malformed`
 */
export type ReadRecipient = (dataKey: EncryptedDataKey) => string

/** Whether a key of this kind is the recipient of a message's data key. */
export type IsRecipient<Kind extends RecipientKind = RecipientKind> = (
  dataKey: EncryptedDataKey,
  key: { readonly arn: string; readonly jwk: RecipientMembers[Kind] },
) => boolean

/** A compressed point as `04 ‖ x ‖ y`; throws when there is none with that x. */
export type Decompress = (crv: CurveName, point: Bytes) => Uint8Array

/**
 * What public bytes decide of a message's wrapped key.
 *
 * @returns what the sender made for the private operation, empty where the kind has none
 * @throws SealdropError `malformed`
 */
export type CheckMessageKey<Kind extends RecipientKind = RecipientKind> = (
  dataKey: EncryptedDataKey,
  jwk: RecipientMembers[Kind],
  decompress: Decompress,
) => Promise<Bytes>

/** Everything public about a message's wrapped data key, already checked. */
export interface MessageKey {
  readonly kind: RecipientKind
  readonly info: Bytes
  readonly ciphertext: Bytes
  readonly serializedContext: Bytes
  /**
   * What the sender made for the private operation, as KMS takes it: an ephemeral public key, or
   * the ciphertext of a KEM. Empty where the kind has none.
   */
  readonly sent: Bytes
}

/** One private operation; undefined where what it answers is no data key. */
export type UnwrapMessageKey = (
  key: MessageKey,
  arn: string,
  operations: PrivateOperations,
  signal?: AbortSignal,
) => Promise<Bytes | undefined>
