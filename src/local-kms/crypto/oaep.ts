import { constants, createPublicKey, privateDecrypt, publicEncrypt } from 'node:crypto'
import { encryptions } from '../key-specs.js'
import { KmsFault } from '../wire/fault.js'
import { requireAlgorithm, rowOf } from './checks.js'
import { pairOf, type Material } from './material.js'

/**
 * Encrypts by RSAES-OAEP (RFC 8017 §7.1.1), with an empty label.
 *
 * @throws KmsFault InvalidKeyUsageException for an algorithm that the key does not have,
 *   ValidationException for a plaintext that is longer than it can take
 */
export function encryptOaep(
  spec: string,
  material: Material,
  algorithm: string,
  plaintext: Uint8Array,
): Uint8Array {
  const { hash, overhead } = oaep(spec, algorithm)
  const longest = rowOf(spec).size - overhead
  if (plaintext.length > longest)
    throw new KmsFault(
      'ValidationException',
      `Algorithm ${algorithm} and key spec ${spec} cannot encrypt data larger than ${longest} bytes.`,
    )
  return new Uint8Array(
    publicEncrypt(
      {
        key: createPublicKey(pairOf(material)),
        padding: constants.RSA_PKCS1_OAEP_PADDING,
        oaepHash: hash,
      },
      plaintext,
    ),
  )
}

/**
 * Decrypts by RSAES-OAEP (RFC 8017 §7.1.2).
 *
 * @throws KmsFault InvalidKeyUsageException; InvalidCiphertextException without a message for every
 *   cryptographic failure, so that nobody learns which one it was
 */
export function decryptOaep(
  spec: string,
  material: Material,
  algorithm: string,
  ciphertext: Uint8Array,
): Uint8Array {
  const { hash } = oaep(spec, algorithm)
  if (ciphertext.length !== rowOf(spec).size) throw new KmsFault('InvalidCiphertextException')
  try {
    return new Uint8Array(
      privateDecrypt(
        { key: pairOf(material), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash },
        ciphertext,
      ),
    )
  } catch {
    throw new KmsFault('InvalidCiphertextException')
  }
}

function oaep(spec: string, algorithm: string): (typeof encryptions)[string] {
  requireAlgorithm(spec, 'ENCRYPT_DECRYPT', algorithm)
  const row = encryptions[algorithm]
  if (!row)
    throw new KmsFault(
      'InvalidKeyUsageException',
      `Algorithm ${algorithm} is incompatible with key spec ${spec}.`,
    )
  return row
}
