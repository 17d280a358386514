// RSA keys: RSAES-OAEP, hash and MGF1 with SHA-256. RFC 7518 §4.3 for values; message-format.md,
// "Data key for an RSA KMS key" for messages.
import { dataKeyProviders } from '../../algorithms/data-key-providers.js'
import type { RecipientMembers } from '../../algorithms/public-key.js'
import { fromBase64url } from '../../bytes/base64url.js'
import { concat, equal, type Bytes } from '../../bytes/bytes.js'
import { fromUtf8, utf8 } from '../../bytes/text.js'
import { importDataKey } from '../../crypto/aes.js'
import { digest } from '../../crypto/digest.js'
import { importPublic } from '../../crypto/public-keys.js'
import { rsaOaep } from '../../crypto/recipients.js'
import { ensure } from '../../errors/guard.js'
import { isKeyArn, sameKey } from '../../formats/arn.js'
import { checkMessageLength, checkValueLength } from './check-length.js'
import type {
  CheckMessageKey,
  CheckValueKey,
  ImportKey,
  IsRecipient,
  ReadRecipient,
  RecipientName,
  UnwrapMessageKey,
  UnwrapValueKey,
  WrapMessageKey,
  WrapValueKey,
} from './recipient.js'

export const importKey: ImportKey<'RSA'> = (jwk) =>
  importPublic(jwk, { name: 'RSA-OAEP', hash: 'SHA-256' }, ['encrypt'])

export const wrapValueKey: WrapValueKey<'RSA'> = async ({ cryptoKey }, raw) => ({
  encryptedKey: rsaOaep(cryptoKey, raw),
})

export const checkValueKey: CheckValueKey<'RSA'> = async ({ encryptedKey }, jwk) => {
  checkValueLength(encryptedKey, modulusOf(jwk).length)
  checkBelow(encryptedKey, jwk)
  return new Uint8Array()
}

export const unwrapValueKey: UnwrapValueKey = async ({ encryptedKey }, arn, operations, signal) => {
  const raw = await operations.decrypt(arn, encryptedKey, signal)
  // 80 bytes would be a stream's data key
  return raw?.length === 32 ? importDataKey(raw) : undefined
}

/**
 * 48 bytes of digest over the context stand before the data key, so that it opens with no other.
 */
export const wrapMessageKey: WrapMessageKey<'RSA'> = async ({ cryptoKey, info }, raw, context) => ({
  provider: dataKeyProviders.RSA,
  // oxlint-disable-next-line typescript/no-non-null-assertion -- every RSA key has one here
  info: utf8(info.arn!),
  ciphertext: await rsaOaep(cryptoKey, concat(await digest('SHA-384', context), raw)),
})

export const recipientName: RecipientName = fromUtf8

export const readRecipient: ReadRecipient = ({ info }) => {
  const arn = recipientName(info)
  ensure(
    isKeyArn(arn),
    'malformed',
    'message header: the provider info of aws-kms-rsa is not a key ARN',
  )
  return arn
}

export const isRecipient: IsRecipient<'RSA'> = (dataKey, { arn }) =>
  sameKey(readRecipient(dataKey), arn)

export const checkMessageKey: CheckMessageKey<'RSA'> = async ({ ciphertext }, jwk) => {
  checkMessageLength(ciphertext, modulusOf(jwk).length)
  checkBelow(ciphertext, jwk)
  return new Uint8Array()
}

/** A JWE's data key of the same RSA key has 32 bytes in all. */
export const unwrapMessageKey: UnwrapMessageKey = async (
  { ciphertext, serializedContext },
  arn,
  operations,
  signal,
) => {
  const plaintext = await operations.decrypt(arn, ciphertext, signal)
  const expected = await digest('SHA-384', serializedContext)
  return plaintext?.length === 80 && equal(plaintext.subarray(0, 48), expected)
    ? plaintext.slice(48)
    : undefined
}

const modulusOf = ({ n }: RecipientMembers['RSA']): Bytes => fromBase64url(n)

/**
 * Checks that a ciphertext of the right length is a number below the modulus (RFC 8017 §5.1.2, step
 * 1). Both are public, so KMS need not be asked.
 *
 * @throws SealdropError `malformed`
 */
function checkBelow(ciphertext: Bytes, jwk: RecipientMembers['RSA']): void {
  const modulus = modulusOf(jwk)
  const at = modulus.findIndex((byte, i) => byte !== ciphertext[i])
  ensure(
    at >= 0 && Number(ciphertext[at]) < Number(modulus[at]),
    'malformed',
    'RSA ciphertext: expected a number below the modulus of the key; it was not sealed to it',
  )
}
