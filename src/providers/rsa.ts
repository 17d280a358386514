import { fromBase64url, type Base64url } from '../bytes/base64url.js'
import type { Bytes } from '../bytes/bytes.js'

const numberOf = (bytes: Uint8Array): bigint =>
  BigInt(`0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`)

/**
 * The public operation of RSA with the exponent 65,537 (RFC 8017 §5.2.2), which WebCrypto has not.
 *
 * - undefined for a signature of another length, or one that is not below the modulus
 * - nothing here is secret
 */
export function openRsa(modulus: Base64url, signature: Bytes): Bytes | undefined {
  const bytes = fromBase64url(modulus)
  if (signature.length !== bytes.length) return undefined
  const [n, s] = [numberOf(bytes), numberOf(signature)]
  if (s >= n) return undefined
  let power = s
  for (let i = 0; i < 16; i++) power = (power * power) % n
  const opened = ((power * s) % n).toString(16).padStart(2 * bytes.length, '0')
  return Uint8Array.from(bytes, (_, i) => parseInt(opened.slice(2 * i, 2 * i + 2), 16))
}
