import type { Bytes } from '../bytes/bytes.js'
import { toBase64url } from '../bytes/base64url.js'
import { utf8 } from '../bytes/text.js'
import { subtle } from './subtle.js'

export async function digest(
  hash: 'SHA-256' | 'SHA-384' | 'SHA-512',
  bytes: Bytes,
): Promise<Bytes> {
  return new Uint8Array(await subtle().digest(hash, bytes))
}

export const sha256 = (bytes: Bytes): Promise<Bytes> => digest('SHA-256', bytes)

/**
 * SHA-256 of a text, in base64url.
 *
 * A key's thumbprint (RFC 7638) is this over its canonical members.
 */
export async function sha256Text(text: string): Promise<string> {
  return toBase64url(await sha256(utf8(text)))
}

/** Names a value that has no id of its own, as receipts do. */
export const digestName = async (text: string): Promise<string> =>
  `sha256:${await sha256Text(text)}`
