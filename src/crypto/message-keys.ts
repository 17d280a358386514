import { suite } from '../algorithms/suites.js'
import { concat, u16, u32, type Bytes } from '../bytes/bytes.js'
import { subtle, type CryptoKey } from './subtle.js'

/** A message's data key, 32 bytes, from which its keys are derived. */
export function importMessageKey(raw: Bytes): Promise<CryptoKey> {
  return subtle().importKey('raw', raw, 'HKDF', false, ['deriveBits'])
}

/**
 * Derives the key of a message's frames, and the value that commits to it.
 *
 * HKDF-SHA512 (RFC 5869) with the message id as salt.
 */
export function deriveMessageKeys(
  dataKey: CryptoKey,
  messageId: Bytes,
): Promise<readonly [raw: Bytes, commitment: Bytes]> {
  const derive = async (...info: readonly (Bytes | string)[]): Promise<Bytes> =>
    new Uint8Array(
      await subtle().deriveBits(
        { name: 'HKDF', hash: 'SHA-512', salt: messageId, info: concat(...info) },
        dataKey,
        256,
      ),
    )
  return Promise.all([derive(u16(suite), 'DERIVEKEY'), derive('COMMITKEY')])
}

/**
 * Derives commitment and wrapping key from an agreed secret.
 *
 * Counter mode of SP 800-108 with HMAC-SHA384, 64 bytes.
 */
export async function counterKdf(
  secret: Bytes,
  fixedInfo: Bytes,
  salt: Bytes,
): Promise<readonly [commitment: Bytes, wrappingKey: Bytes]> {
  const key = await subtle().importKey('raw', secret, { name: 'HMAC', hash: 'SHA-384' }, false, [
    'sign',
  ])
  const block = async (i: number): Promise<Bytes> =>
    new Uint8Array(await subtle().sign('HMAC', key, concat(u32(i), fixedInfo, [0], salt, u32(512))))
  const derived = concat(await block(1), await block(2))
  return [derived.subarray(0, 32), derived.subarray(32, 64)]
}
