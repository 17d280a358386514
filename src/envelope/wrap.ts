import type { SealingMembers } from '../algorithms/public-key.js'
import type { Bytes } from '../bytes/bytes.js'
import { importDataKey, wrapDataKey } from '../crypto/aes.js'
import { agree, concatKdf, rsaOaep } from '../crypto/recipients.js'
import { randomBytes, type CryptoKey } from '../crypto/subtle.js'

export interface Recipient {
  readonly alg: string
  readonly jwk: SealingMembers
  readonly cryptoKey: CryptoKey
}

/**
 * A data key as it travels: the JWE encrypted key, and for ECDH the ephemeral public key of its
 * header.
 */
export interface WrappedKey {
  readonly encryptedKey: Bytes
  readonly epk?: {
    readonly kty: 'EC'
    readonly crv: string
    readonly x: string
    readonly y: string
  }
}

/**
 * A new random data key, importing and wrapping side by side: the value is encrypted while the wrap
 * is under way.
 */
export function newDataKey(recipient: Recipient): {
  readonly key: Promise<CryptoKey>
  readonly wrapped: Promise<WrappedKey>
} {
  const raw = randomBytes(32)
  return { key: importDataKey(raw), wrapped: wrap(recipient, raw) }
}

async function wrap({ alg, jwk, cryptoKey }: Recipient, raw: Bytes): Promise<WrappedKey> {
  if (jwk.kty === 'RSA') return { encryptedKey: await rsaOaep(cryptoKey, raw) }
  const { epk, secret } = await agree(cryptoKey, jwk.crv)
  const wrappingKey = await concatKdf(secret, alg, new Uint8Array(), new Uint8Array())
  return {
    encryptedKey: await wrapDataKey(wrappingKey, raw),
    epk: { kty: 'EC', crv: jwk.crv, ...epk },
  }
}
