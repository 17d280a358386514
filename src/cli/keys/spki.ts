import { Buffer } from 'node:buffer'
import { createPublicKey } from 'node:crypto'
import { signingOids } from '../../algorithms/oids.js'
import type { PublicMembers } from '../../algorithms/public-key.js'
import { ensure } from '../../errors/guard.js'

/** A public key as PEM of its SPKI (RFC 5280 §4.1.2.7, RFC 7468 §13). */
export function spkiPem(jwk: PublicMembers): string {
  const der = 'pub' in jwk ? rawSpki(jwk.alg, Buffer.from(jwk.pub, 'base64url')) : derOf(jwk)
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN PUBLIC KEY-----', ...lines, '-----END PUBLIC KEY-----'].join('\n')
}

const derOf = (jwk: PublicMembers): Buffer =>
  createPublicKey({ key: { ...jwk }, format: 'jwk' }).export({ type: 'spki', format: 'der' })

/** ML-DSA (RFC 9881 §4), which node:crypto of Node 20 does not know. */
function rawSpki(alg: string, key: Buffer): Buffer {
  const [oid] = Object.entries(signingOids).find(([, name]) => name === alg) ?? []
  ensure(oid, 'unsupported_algorithm', `${alg}: expected ML-DSA`)
  const algorithm = element(0x30, element(0x06, Buffer.from(oid, 'hex')))
  const bits = element(0x03, Buffer.concat([Buffer.of(0), key]))
  return element(0x30, Buffer.concat([algorithm, bits]))
}

/** An element of DER. */
function element(tag: number, content: Buffer): Buffer {
  const { length } = content
  const long = [...(length > 0xff ? [length >> 8] : []), length & 0xff]
  const size = length < 0x80 ? [length] : [0x80 | long.length, ...long]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}
