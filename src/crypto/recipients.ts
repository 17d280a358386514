import type { Base64url } from '../bytes/base64url.js'
import { concat, sized, u32, type Bytes } from '../bytes/bytes.js'
import { utf8 } from '../bytes/text.js'
import { coordinateOf } from '../algorithms/curves.js'
import type { CurveName } from '../algorithms/public-key.js'
import { sha256 } from './digest.js'
import { subtle, type CryptoKey } from './subtle.js'

export async function rsaOaep(recipient: CryptoKey, message: Bytes): Promise<Bytes> {
  return new Uint8Array(await subtle().encrypt('RSA-OAEP', recipient, message))
}

interface Point {
  readonly x: Base64url
  readonly y: Base64url
}

/**
 * Makes an ephemeral key on the recipient's curve, and the secret that both derive.
 *
 * The secret is the x coordinate, left-padded.
 */
export async function agree(
  recipient: CryptoKey,
  crv: CurveName,
): Promise<readonly [epk: Point, secret: Bytes]> {
  const api = subtle()
  const ephemeral = await api.generateKey({ name: 'ECDH', namedCurve: crv }, true, ['deriveBits'])
  const [{ x, y }, secret] = await Promise.all([
    api.exportKey('jwk', ephemeral.publicKey) as Promise<Point>,
    api.deriveBits(
      { name: 'ECDH', public: recipient },
      ephemeral.privateKey,
      coordinateOf(crv) * 8,
    ),
  ])
  return [{ x, y }, new Uint8Array(secret)]
}

/**
 * Concat KDF for a 256-bit key, one round of SHA-256 (RFC 7518 §4.6.2).
 *
 * `algorithm` is the `enc` when there is no key wrap.
 */
export function concatKdf(
  secret: Bytes,
  algorithm: string,
  apu: Bytes,
  apv: Bytes,
): Promise<Bytes> {
  return sha256(concat(u32(1), secret, sized(4, utf8(algorithm), apu, apv), u32(256)))
}
