import type { Bytes } from '../bytes/bytes.js'
import { subtle, type CryptoKey } from './subtle.js'

/** AES-256-GCM (NIST SP 800-38D) with a 12-byte IV and a 16-byte tag. */
const gcm = (iv: Bytes, additionalData: Bytes): AesGcmParams => ({
  name: 'AES-GCM',
  iv,
  additionalData,
  tagLength: 128,
})

export function importDataKey(raw: Bytes): Promise<CryptoKey> {
  return subtle().importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt'])
}

/** Ciphertext followed by its 16-byte tag. */
export async function encrypt(
  key: CryptoKey,
  iv: Bytes,
  plaintext: Bytes,
  aad: Bytes,
): Promise<Bytes> {
  return new Uint8Array(await subtle().encrypt(gcm(iv, aad), key, plaintext))
}

/** The plaintext, or undefined when the tag does not verify. */
export async function decrypt(
  key: CryptoKey,
  iv: Bytes,
  sealed: Bytes,
  aad: Bytes,
): Promise<Bytes | undefined> {
  try {
    return new Uint8Array(await subtle().decrypt(gcm(iv, aad), key, sealed))
  } catch {
    return undefined
  }
}

/** The tag of what is only authenticated: a message header, under 12 zero bytes as IV. */
export const authenticate = (key: CryptoKey, aad: Bytes): Promise<Bytes> =>
  encrypt(key, new Uint8Array(12), new Uint8Array(), aad)

/** AES-256 Key Wrap (RFC 3394) of a 32-byte data key. */
export async function wrapDataKey(wrappingKey: Bytes, raw: Bytes): Promise<Bytes> {
  const [kek, key] = await Promise.all([
    subtle().importKey('raw', wrappingKey, 'AES-KW', false, ['wrapKey']),
    subtle().importKey('raw', raw, 'AES-GCM', true, ['encrypt']),
  ])
  return new Uint8Array(await subtle().wrapKey('raw', key, kek, 'AES-KW'))
}

/** The data key within a 40-byte wrapped key, or undefined when its integrity check fails. */
export async function unwrapDataKey(
  wrappingKey: Bytes,
  wrapped: Bytes,
): Promise<CryptoKey | undefined> {
  const kek = await subtle().importKey('raw', wrappingKey, 'AES-KW', false, ['unwrapKey'])
  try {
    return await subtle().unwrapKey('raw', wrapped, kek, 'AES-KW', 'AES-GCM', false, ['decrypt'])
  } catch {
    return undefined
  }
}
