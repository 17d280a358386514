import { fromBase64url, toBase64url } from '../bytes/base64url.js'
import type { Bytes } from '../bytes/bytes.js'

const alphabet = /^[A-Za-z0-9+/]*$/

/**
 * Decodes standard base64 without padding, in its canonical form only; undefined for anything else.
 *
 * There is one string for one byte string (RFC 4648 §3.5).
 */
export function fromRawBase64(text: string): Bytes | undefined {
  if (!alphabet.test(text)) return undefined
  return fromBase64url(text.replaceAll('+', '-').replaceAll('/', '_'))
}

/** Encodes as standard base64 without padding (RFC 4648 §4). */
export const toRawBase64 = (bytes: Uint8Array): string =>
  toBase64url(bytes).replaceAll('-', '+').replaceAll('_', '/')
