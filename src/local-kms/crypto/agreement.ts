import { createPublicKey, diffieHellman, type KeyObject } from 'node:crypto'
import { fromSpki } from '../../formats/spki.js'
import { KmsFault } from '../wire/fault.js'
import { requireAlgorithm, rowOf } from './checks.js'
import { pairOf, type Material } from './material.js'

/**
 * The raw x coordinate in full length, without key derivation (SP 800-56A r3 §5.7.1.2).
 *
 * @param spki - the other side's public key, DER
 * @throws KmsFault InvalidKeyUsageException; ValidationException, with an empty message, for a key
 *   that is not one on this curve
 */
export function agree(
  spec: string,
  material: Material,
  algorithm: string,
  spki: Uint8Array,
): Uint8Array {
  requireAlgorithm(spec, 'KEY_AGREEMENT', algorithm)
  return new Uint8Array(
    diffieHellman({ privateKey: pairOf(material), publicKey: peerKey(spki, rowOf(spec).curve) }),
  )
}

/** A point on this key's curve, in strict SPKI. */
function peerKey(spki: Uint8Array, curve: string | undefined): KeyObject {
  try {
    const members = fromSpki(spki)
    if (members.kty === 'EC' && members.crv === curve)
      return createPublicKey({ key: { ...members }, format: 'jwk' })
  } catch {
    // it is bad DER, another kind of key, or a point that is not on the curve
  }
  throw new KmsFault('ValidationException', '')
}
