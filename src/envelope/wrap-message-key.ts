import { dataKeyProviders } from '../algorithms/data-key-providers.js'
import type { SealingMembers } from '../algorithms/public-key.js'
import { concat, type Bytes } from '../bytes/bytes.js'
import { utf8 } from '../bytes/text.js'
import { encrypt, importDataKey } from '../crypto/aes.js'
import { digest } from '../crypto/digest.js'
import { counterKdf } from '../crypto/message-keys.js'
import { agree, rsaOaep } from '../crypto/recipients.js'
import { randomBytes, type CryptoKey } from '../crypto/subtle.js'
import { compressPoint, ecdhInfo, fixedInfo } from '../formats/ecdh-provider.js'
import type { EncryptedDataKey } from '../formats/message-header.js'

/** A key to seal to; an RSA one with its ARN. */
export interface MessageRecipient {
  readonly jwk: SealingMembers
  readonly cryptoKey: CryptoKey
  readonly info: { readonly arn?: string | undefined }
}

/**
 * A message's data key for one recipient, by its KMS ARN where it is RSA, by its point where it is
 * a curve's.
 *
 * @see message-format.md, "Data key for an RSA KMS key" and "Data key for an ECC key-agreement KMS
 *   key"
 */
export async function wrapMessageKey(
  { jwk, cryptoKey, info: { arn } }: MessageRecipient,
  dataKey: Bytes,
  context: Bytes,
): Promise<EncryptedDataKey> {
  const provider = dataKeyProviders[jwk.kty]
  if (jwk.kty === 'RSA')
    return {
      provider,
      // oxlint-disable-next-line typescript/no-non-null-assertion -- every RSA key has one here
      info: utf8(arn!),
      ciphertext: await rsaOaep(cryptoKey, concat(await digest('SHA-384', context), dataKey)),
    }
  const { epk, secret } = await agree(cryptoKey, jwk.crv)
  const recipient = compressPoint(jwk)
  const sender = compressPoint(epk)
  const fixed = fixedInfo(jwk.crv, recipient, sender, context)
  const salt = randomBytes(32)
  const { commitment, wrappingKey } = await counterKdf(secret, fixed, salt)
  const sealed = await encrypt(await importDataKey(wrappingKey), new Uint8Array(12), dataKey, fixed)
  return {
    provider,
    info: ecdhInfo(recipient, sender),
    ciphertext: concat(salt, commitment, sealed),
  }
}
