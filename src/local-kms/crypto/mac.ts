import { createHmac, timingSafeEqual } from 'node:crypto'
import { requireAlgorithm } from './checks.js'
import { secretOf, type Material } from './material.js'

const hashes: Readonly<Record<string, string>> = {
  HMAC_SHA_224: 'sha224',
  HMAC_SHA_256: 'sha256',
  HMAC_SHA_384: 'sha384',
  HMAC_SHA_512: 'sha512',
}

/**
 * HMAC (FIPS 198-1) as long as its hash. @throws KmsFault InvalidKeyUsageException for an algorithm
 * that the key does not have
 */
export function generateMac(
  spec: string,
  material: Material,
  algorithm: string,
  message: Uint8Array,
): Uint8Array {
  requireAlgorithm(spec, 'GENERATE_VERIFY_MAC', algorithm)
  return new Uint8Array(createHmac(hashes[algorithm]!, secretOf(material)).update(message).digest())
}

/**
 * Whether a MAC is that of this message, whole, in time that does not depend on where it differs.
 * @throws KmsFault as {@link generateMac} does
 */
export function verifyMac(
  spec: string,
  material: Material,
  algorithm: string,
  message: Uint8Array,
  mac: Uint8Array,
): boolean {
  const expected = generateMac(spec, material, algorithm, message)
  return mac.length === expected.length && timingSafeEqual(mac, expected)
}
