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
 * Makes an HMAC (FIPS 198-1) that is as long as its hash.
 *
 * @throws KmsFault InvalidKeyUsageException for an algorithm that the key does not have
 */
export function generateMac(
  spec: string,
  material: Material,
  algorithm: string,
  message: Uint8Array,
): Uint8Array {
  requireAlgorithm(spec, 'GENERATE_VERIFY_MAC', algorithm)
  const hmac = createHmac(hashOf(algorithm), secretOf(material))
  return new Uint8Array(hmac.update(message).digest())
}

function hashOf(algorithm: string): string {
  const hash = hashes[algorithm]
  if (hash === undefined) throw new RangeError(`expected a MacAlgorithm, found ${algorithm}`)
  return hash
}

/** What VerifyMac looks at. */
export interface AuthenticatedMessage {
  readonly algorithm: string
  readonly message: Uint8Array
  readonly mac: Uint8Array
}

/**
 * Whether a MAC is the whole one of a message.
 *
 * The time that it takes does not depend on where the MAC differs.
 *
 * @throws KmsFault as {@link generateMac} does
 */
export function verifyMac(
  spec: string,
  material: Material,
  { algorithm, message, mac }: AuthenticatedMessage,
): boolean {
  const expected = generateMac(spec, material, algorithm, message)
  return mac.length === expected.length && timingSafeEqual(mac, expected)
}
