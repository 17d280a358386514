import { limits } from '../algorithms/limits.js'
import { toBase64url } from '../bytes/base64url.js'
import { utf8 } from '../bytes/text.js'
import { encrypt } from '../crypto/aes.js'
import { randomBytes, type CryptoKey } from '../crypto/subtle.js'
import type { WrappedKey } from '../envelope/recipients/recipient.js'
import { newDataKey } from '../envelope/wrap-value-key.js'
import { ensure } from '../errors/guard.js'
import type { EncodedValue } from '../formats/content.js'
import type { Context } from '../formats/context.js'
import type { SealingKey } from '../keys/key.js'

/** A data key for one recipient; under way where a call has just made it. */
export interface DataKey {
  readonly recipient: SealingKey
  readonly key: CryptoKey | Promise<CryptoKey>
  readonly wrapped: WrappedKey | Promise<WrappedKey>
}

/** A new data key, under way. */
export function dataKeyFor(recipient: SealingKey): DataKey {
  const made = newDataKey(recipient)
  // reported where it is awaited, which may be after another failure
  const wrapped = made.wrapped.then(({ encryptedKey }) => encryptedKey)
  Promise.all([made.key, wrapped]).catch(() => {})
  return { recipient, ...made }
}

/**
 * Writes one value as a compact JWE (RFC 7516 §5.1, §7.1). Where the header has nothing of the
 * wrapped key, the content is encrypted while the wrap is under way.
 */
export async function writeValue(
  { recipient, key, wrapped }: DataKey,
  value: EncodedValue,
  ctx: Context,
  now: number,
): Promise<string> {
  const {
    info: { alg, thumbprint: kid },
  } = recipient
  const { header: own, encryptedKey } = await wrapped
  const random = randomBytes(28) // one call for message id and IV: each costs more than a header
  const iv = random.subarray(16)
  const header = utf8(
    JSON.stringify({
      alg,
      enc: 'A256GCM',
      kid,
      cty: value.cty,
      iat: Math.floor(now / 1000),
      jti: toBase64url(random.subarray(0, 16)),
      ctx,
      ...own,
    }),
  )
  ensure(
    header.length <= limits.header,
    'too_large',
    `context: expected a header of at most ${limits.header} bytes, found ${header.length}`,
  )
  const protectedText = toBase64url(header)
  const [wrappedKey, sealed] = await Promise.all([
    encryptedKey,
    encrypt(await key, iv, value.bytes, utf8(protectedText)),
  ])
  // a template, not join: that would copy the whole text once more
  return (
    `${protectedText}.${toBase64url(wrappedKey)}.${toBase64url(iv)}.` +
    `${toBase64url(sealed.subarray(0, -16))}.${toBase64url(sealed.subarray(-16))}`
  )
}
