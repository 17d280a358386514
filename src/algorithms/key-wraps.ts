import type { RecipientKind } from './public-key.js'

/**
 * How a data key reaches its recipient: the `alg` of a JWE that we open. What we write is in {@link
 * sealAlgorithms}.
 */
export interface KeyWrapRow {
  readonly kind: RecipientKind
  /**
   * The KMS algorithm name: EncryptionAlgorithm of Decrypt, KeyAgreementAlgorithm of
   * DeriveSharedSecret.
   */
  readonly kms: string
  /** Length of the JWE Encrypted Key in bytes; `modulus` is the RSA modulus length. */
  readonly encryptedKey: number | 'modulus'
  readonly spec: string
}

export type KeyWrapName = 'RSA-OAEP-256' | 'ECDH-ES+A256KW' | 'ECDH-ES'

export const keyWraps: Readonly<Record<KeyWrapName, KeyWrapRow>> = {
  'RSA-OAEP-256': {
    kind: 'RSA',
    kms: 'RSAES_OAEP_SHA_256',
    encryptedKey: 'modulus',
    spec: 'RFC 7518 §4.3',
  },
  'ECDH-ES+A256KW': { kind: 'EC', kms: 'ECDH', encryptedKey: 40, spec: 'RFC 7518 §4.6' },
  'ECDH-ES': { kind: 'EC', kms: 'ECDH', encryptedKey: 0, spec: 'RFC 7518 §4.6' },
}

export const keyWrapRow = (alg: unknown): KeyWrapRow | undefined =>
  typeof alg === 'string' && Object.hasOwn(keyWraps, alg) ? keyWraps[alg as KeyWrapName] : undefined

const seals: Readonly<Record<RecipientKind, KeyWrapName>> = {
  RSA: 'RSA-OAEP-256',
  EC: 'ECDH-ES+A256KW',
}

/** The algorithm by which a key of each kind is sealed to; other keys only sign. */
export const sealAlgorithms: Readonly<Record<string, KeyWrapName>> = seals
