import { curveNames, coordinateOf } from '../algorithms/curves.js'
import type { PublicMembers } from '../algorithms/public-key.js'
import { curveOids, ecOid, foreignOids, rsaOid, signingOids } from '../algorithms/oids.js'
import { toBase64url } from '../bytes/base64url.js'
import { Cursor } from '../bytes/cursor.js'
import { element, unsignedInteger } from './der.js'
import { publicMembers } from './jwk.js'

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/**
 * A SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), which is what KMS GetPublicKey answers, as JWK
 * members.
 *
 * @throws SealdropError `keys_malformed` for bad DER, `unsupported_algorithm` for a kind of key
 *   that is not RSA, a NIST curve, Ed25519 or ML-DSA
 */
export function fromSpki(der: Uint8Array): PublicMembers {
  const outer = new Cursor(der, 'keys_malformed')
  const spki = new Cursor(element(outer, 'sequence', 'SPKI'), 'keys_malformed')
  outer.end('SPKI')
  const algorithm = new Cursor(element(spki, 'sequence', 'SPKI algorithm'), 'keys_malformed')
  const oid = hex(element(algorithm, 'oid', 'SPKI algorithm'))
  const bits = element(spki, 'bitString', 'SPKI public key')
  spki.end('SPKI')
  if (bits[0] !== 0) spki.fail('SPKI public key', 'unused bits in the bit string')
  const key = bits.subarray(1)
  if (oid === rsaOid) return rsaMembers(algorithm, key)
  if (oid === ecOid) return ecMembers(algorithm, key)
  const name = Object.hasOwn(signingOids, oid)
    ? signingOids[oid]
    : refuse(der, 'SPKI algorithm', oid)
  algorithm.end('SPKI algorithm')
  const text = toBase64url(key)
  return publicMembers(
    name === 'Ed25519' ? { kty: 'OKP', crv: name, x: text } : { kty: 'AKP', alg: name, pub: text },
  )
}

function refuse(der: Uint8Array, field: string, oid: string): never {
  return new Cursor(der, 'unsupported_algorithm').fail(
    field,
    `expected RSA, P-256, P-384, P-521, Ed25519 or ML-DSA, found ${foreignOids[oid] ?? `object identifier ${oid} (DER, hexadecimal)`}`,
  )
}

function rsaMembers(algorithm: Cursor, key: Uint8Array): PublicMembers {
  element(algorithm, 'null', 'RSA parameters')
  algorithm.end('RSA parameters')
  return fromPkcs1(key)
}

/** An RSAPublicKey (RFC 8017 §A.1.1). @throws SealdropError `keys_malformed` for bad DER */
export function fromPkcs1(key: Uint8Array): PublicMembers {
  const outer = new Cursor(key, 'keys_malformed')
  const inner = new Cursor(element(outer, 'sequence', 'RSA public key'), 'keys_malformed')
  outer.end('RSA public key')
  const n = toBase64url(unsignedInteger(inner, 'RSA modulus'))
  const e = toBase64url(unsignedInteger(inner, 'RSA exponent'))
  inner.end('RSA public key')
  return { kty: 'RSA', n, e }
}

function ecMembers(algorithm: Cursor, point: Uint8Array): PublicMembers {
  const oid = hex(element(algorithm, 'oid', 'curve'))
  algorithm.end('curve')
  const crv = curveNames.find((name) => curveOids[name] === oid) ?? refuse(point, 'curve', oid)
  const coordinate = coordinateOf(crv)
  const reader = new Cursor(point, 'keys_malformed')
  if (reader.u8('EC point') !== 4) reader.fail('EC point', 'expected an uncompressed point')
  const x = toBase64url(reader.take(coordinate, 'EC point x'))
  const y = toBase64url(reader.take(coordinate, 'EC point y'))
  reader.end('EC point')
  return { kty: 'EC', crv, x, y }
}
