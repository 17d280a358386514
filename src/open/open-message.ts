import { coordinateOf } from '../algorithms/curves.js'
import type { CurveName } from '../algorithms/public-key.js'
import { dataKeyProviders, ecdhCiphertext } from '../algorithms/data-key-providers.js'
import { fromBase64url, toBase64url } from '../bytes/base64url.js'
import { equal, type Bytes } from '../bytes/bytes.js'
import { fromUtf8 } from '../bytes/text.js'
import { authenticate, importDataKey } from '../crypto/aes.js'
import { deriveMessageKeys } from '../crypto/message-keys.js'
import { pointToSpki } from '../crypto/public-keys.js'
import type { CryptoKey } from '../crypto/subtle.js'
import { unwrapMessageKey, type WrappedMessageKey } from '../envelope/unwrap-message-key.js'
import { ensure } from '../errors/guard.js'
import { SealdropError } from '../errors/sealdrop-error.js'
import { isKeyArn, sameKey } from '../formats/arn.js'
import { compressPoint, fixedInfo, parseEcdhInfo } from '../formats/ecdh-provider.js'
import type { EncryptedDataKey } from '../formats/message-header.js'
import type { MessageHeader } from '../formats/parse-message-header.js'
import { rejected, withDataKey, type Candidate } from './candidates.js'
import { checkAge, checkExpected, checkFoundContext } from './check.js'
import { messageKeyId } from './data-keys.js'
import type { OpenerKey } from './opener-key.js'
import { maxAgeOf, type OpenedInfo, type OpenerParts, type OpenOptions } from './options.js'

/** A message whose header is authentic: its frames can be opened. */
export interface OpenedMessage {
  readonly info: OpenedInfo
  readonly header: MessageHeader
  readonly key: CryptoKey
}

/** One encrypted data key as far as public bytes go: whom it is for. */
interface ForRecipient {
  readonly recipient: string
  readonly fits: (key: OpenerKey) => boolean
  readonly wrapped: (
    key: OpenerKey,
    serializedContext: Bytes,
    parts: OpenerParts,
  ) => Promise<WrappedMessageKey>
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
  const expected = checkExpected(o?.context)
  const { dataKeys, serializedContext, messageId } = header
  const found = dataKeys.map((dataKey) => ({
    dataKey,
    ...(forRecipient(dataKey) ?? { recipient: undefined }),
  }))
  const named = found.flatMap(({ recipient }) => recipient ?? [])
  ensure(
    new Set(named).size === named.length,
    'malformed',
    'message header: two encrypted data keys for one recipient',
  )
  const ours = found.filter(
    (one): one is ForRecipient & { dataKey: EncryptedDataKey } => one.recipient !== undefined,
  )
  const keys = await parts.keys.find(
    (key) => ours.some(({ fits }) => fits(key)),
    `whoever this message is for (${named.join(', ') || 'no RSA or ECDH key of KMS'})`,
    o.signal,
  )
  const candidates = await Promise.all(
    keys.map(async (key): Promise<Candidate<WrappedMessageKey>> => {
      // oxlint-disable-next-line typescript/no-non-null-assertion -- only keys that fit were found
      const { dataKey, wrapped } = ours.find(({ fits }) => fits(key))!
      return {
        key,
        wrapped: await wrapped(key, serializedContext, parts),
        id: await messageKeyId(key.arn, dataKey, serializedContext),
      }
    }),
  )
  const context = checkFoundContext(header.context, expected)
  checkAge(undefined, maxAgeOf(o, parts), parts.now())
  const use = async (dataKey: CryptoKey, opener: OpenerKey): Promise<OpenedMessage> => ({
    header,
    key: await frameKey(header, dataKey),
    info: { messageId: toBase64url(messageId), key: opener.info, context },
  })
  return withDataKey({ candidates, unwrap: unwrapMessageKey, use, signal: o.signal }, parts)
}

/** The key of the frames, once it is the one that the header commits to and is authentic under. */
async function frameKey(header: MessageHeader, dataKey: CryptoKey): Promise<CryptoKey> {
  const { raw, commitment } = await deriveMessageKeys(dataKey, header.messageId)
  const key = await importDataKey(raw)
  const committed = equal(commitment, header.commitment)
  const authentic = equal(await authenticate(key, header.body), header.tag)
  if (!committed || !authentic) throw rejected()
  return key
}

/** Undefined for other providers, which are for others. @throws SealdropError `malformed` */
function forRecipient(dataKey: EncryptedDataKey): ForRecipient | undefined {
  if (dataKey.provider === dataKeyProviders.RSA) return forRsa(dataKey)
  return dataKey.provider === dataKeyProviders.EC ? forCurve(dataKey) : undefined
}

function forRsa({ info, ciphertext }: EncryptedDataKey): ForRecipient {
  const arn = fromUtf8(info)
  ensure(
    isKeyArn(arn),
    'malformed',
    'message header: the provider info of aws-kms-rsa is not a key ARN',
  )
  return {
    recipient: arn,
    fits: (key) => key.jwk.kty === 'RSA' && sameKey(arn, key.arn),
    wrapped: async ({ jwk }, serializedContext) => {
      checkLength(ciphertext, jwk.kty === 'RSA' ? fromBase64url(jwk.n).length : 0)
      return { ciphertext, serializedContext }
    },
  }
}

function checkLength({ length }: Bytes, expected: number): void {
  ensure(
    length === expected,
    'malformed',
    `message header: expected an encrypted data key of ${expected} bytes, found ${length}`,
  )
}

function forCurve({ info, ciphertext }: EncryptedDataKey): ForRecipient {
  const { crv, recipient, sender } = parseEcdhInfo(info)
  checkLength(ciphertext, ecdhCiphertext)
  return {
    recipient: toBase64url(recipient),
    fits: ({ jwk }) => jwk.kty === 'EC' && equal(compressPoint(jwk), recipient),
    wrapped: async (_key, serializedContext, { decompress }) => ({
      ciphertext,
      serializedContext,
      ecdh: {
        fixedInfo: fixedInfo(crv, recipient, sender, serializedContext),
        spki: await senderKey(crv, sender, decompress),
      },
    }),
  }
}

/**
 * The sender's ephemeral key, found on the recipient's curve, so that a point off it never reaches
 * KMS.
 */
async function senderKey(
  crv: CurveName,
  sender: Bytes,
  decompress: OpenerParts['decompress'],
): Promise<Bytes> {
  const coordinate = coordinateOf(crv)
  let point: Uint8Array
  try {
    point = decompress(crv, sender)
  } catch (cause) {
    throw new SealdropError('malformed', `message header: the sender's point is not on ${crv}`, {
      cause,
    })
  }
  return pointToSpki({
    kty: 'EC',
    crv,
    x: toBase64url(point.subarray(1, 1 + coordinate)),
    y: toBase64url(point.subarray(1 + coordinate)),
  })
}
