import { kindOfProvider, symmetricProvider } from '../algorithms/data-key-providers.js'
import { kindOfKey, type RecipientKind, type SealingMembers } from '../algorithms/public-key.js'
import { toBase64url } from '../bytes/base64url.js'
import { concat, equal } from '../bytes/bytes.js'
import { authenticate, importDataKey } from '../crypto/aes.js'
import { sha256 } from '../crypto/digest.js'
import { deriveMessageKeys } from '../crypto/message-keys.js'
import type { CryptoKey } from '../crypto/subtle.js'
import { openingOf, unwrapMessageKey } from '../envelope/open-recipient.js'
import type { MessageKey } from '../envelope/recipients/recipient.js'
import { ensure } from '../errors/guard.js'
import type { EncryptedDataKey } from '../formats/message-header.js'
import type { MessageHeader } from '../formats/parse-message-header.js'
import { rejected, withDataKey, type Candidate } from './candidates.js'
import { checkFoundContext, checkNoAge } from './check.js'
import { messageKeyId } from './data-keys.js'
import type { OpenerKey } from './opener-key.js'
import {
  checkCall,
  maxAgeOf,
  type OpenedFileInfo,
  type OpenerParts,
  type OpenOptions,
} from './options.js'

/** A message whose header is authentic: its frames can be opened. */
export interface OpenedMessage {
  readonly info: OpenedFileInfo
  readonly header: MessageHeader
  readonly key: CryptoKey
}

/** One encrypted data key of a message: whom it is for. */
interface ForRecipient {
  readonly kind: RecipientKind
  readonly dataKey: EncryptedDataKey
  readonly recipient: string
}

/**
 * Everything that public bytes decide, then one private operation, then commitment and header tag.
 *
 * @throws SealdropError class A: `malformed`, `too_large`, `key_not_found`, `context_mismatch`,
 *   `expired`, `invalid_argument`; class B: `rejected`; `kms_*`, `key_unusable`
 * @see message-format.md, "Header" and "Reader's rules"
 */
export async function openMessage(
  header: MessageHeader,
  o: OpenOptions,
  parts: OpenerParts,
): Promise<OpenedMessage> {
  const expected = checkCall(o)
  const { dataKeys, serializedContext, messageId } = header
  const found = dataKeys.flatMap((dataKey) => forRecipient(dataKey) ?? [])
  const named = found.map(({ recipient }) => recipient)
  const ways = found.map(({ dataKey, recipient }) => `${dataKey.provider} ${recipient}`)
  ensure(
    new Set(ways).size === ways.length,
    'malformed',
    'message header: two encrypted data keys of one provider for one recipient',
  )
  ensure(
    found.length > 0 || dataKeys.every(({ provider }) => provider !== symmetricProvider),
    'key_not_found',
    `this is an archive under a symmetric KMS key (${symmetricProvider}), which no opener opens: createArchiveReader does`,
  )
  const keys = await parts.keys.find(
    (key) => found.some((one) => fits(one, key)),
    `whoever this message is for (${named.join(', ') || 'no RSA or ECDH key of KMS'})`,
    o.signal,
    dataKeys.length,
  )
  const candidates = await Promise.all(
    keys.map(async (key): Promise<Candidate<MessageKey>> => {
      // oxlint-disable-next-line typescript/no-non-null-assertion -- only keys that fit were found
      const one = found.find((each) => fits(each, key))!
      const { kind, dataKey } = one
      const { checkMessageKey } = openingOf(kind)
      const sent = await checkMessageKey(dataKey, key.jwk as SealingMembers, parts.decompress)
      return {
        key,
        wrapped: { kind, ...dataKey, serializedContext, sent },
        id: await messageKeyId(key.arn, dataKey, serializedContext),
      }
    }),
  )
  const context = checkFoundContext(header.context, expected)
  checkNoAge(maxAgeOf(o, parts))
  const use = async (dataKey: CryptoKey, opener: OpenerKey): Promise<OpenedMessage> => {
    const key = await frameKey(header, dataKey)
    const headerDigest = toBase64url(await sha256(concat(header.body, header.tag)))
    const info = { messageId: toBase64url(messageId), key: opener.info, context, headerDigest }
    return { header, key, info }
  }
  return withDataKey({ candidates, unwrap: unwrapMessageKey, use, signal: o.signal }, parts)
}

/** The key of the frames, once it is the one that the header commits to and is authentic under. */
export async function frameKey(header: MessageHeader, dataKey: CryptoKey): Promise<CryptoKey> {
  const [raw, commitment] = await deriveMessageKeys(dataKey, header.messageId)
  const key = await importDataKey(raw)
  const committed = equal(commitment, header.commitment)
  const authentic = equal(await authenticate(key, header.body), header.tag)
  if (!committed || !authentic) throw rejected()
  return key
}

/** Undefined for other providers, which are for others. @throws SealdropError `malformed` */
function forRecipient(dataKey: EncryptedDataKey): ForRecipient | undefined {
  const kind = kindOfProvider(dataKey.provider)
  if (!kind) return undefined
  return { kind, dataKey, recipient: openingOf(kind).readRecipient(dataKey) }
}

/** Whether a key of the opener is the recipient of a data key. */
function fits({ kind, dataKey }: ForRecipient, { arn, jwk }: OpenerKey): boolean {
  if (kindOfKey(jwk) !== kind) return false
  return openingOf(kind).isRecipient(dataKey, { arn, jwk: jwk as SealingMembers })
}
