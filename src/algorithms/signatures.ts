import type { PublicMembers } from './public-key.js'

/** A signature algorithm: its JOSE name is the key of {@link signatures}. */
export interface SignatureRow {
  readonly kty: PublicMembers['kty']
  /** The curve, where the algorithm has only one. */
  readonly crv?: string
  /** The KMS SigningAlgorithm. */
  readonly kms: string
  /** Of a message that is hashed first: KMS gets the digest then. */
  readonly hash?: 'SHA-256' | 'SHA-384' | 'SHA-512'
  /**
   * WebCrypto's name; a PSS salt is as long as the hash (RFC 7518 §3.5), which is what KMS makes
   * too.
   */
  readonly webCrypto: 'RSA-PSS' | 'RSASSA-PKCS1-v1_5' | 'ECDSA' | 'Ed25519' | MlDsaName
}

export type MlDsaName = 'ML-DSA-44' | 'ML-DSA-65' | 'ML-DSA-87'
export type SignatureName =
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'Ed25519'
  | MlDsaName

/**
 * Of several that fit a key, the first is used where nobody says: PSS for RSA.
 *
 * The section of each stands above it, as a comment that no bundle carries.
 */
export const signatures: Readonly<Record<SignatureName, SignatureRow>> = {
  // RFC 7518 §3.5
  PS256: {
    kty: 'RSA',
    kms: 'RSASSA_PSS_SHA_256',
    hash: 'SHA-256',
    webCrypto: 'RSA-PSS',
  },
  // RFC 7518 §3.5
  PS384: {
    kty: 'RSA',
    kms: 'RSASSA_PSS_SHA_384',
    hash: 'SHA-384',
    webCrypto: 'RSA-PSS',
  },
  // RFC 7518 §3.5
  PS512: {
    kty: 'RSA',
    kms: 'RSASSA_PSS_SHA_512',
    hash: 'SHA-512',
    webCrypto: 'RSA-PSS',
  },
  // RFC 7518 §3.3
  RS256: {
    kty: 'RSA',
    kms: 'RSASSA_PKCS1_V1_5_SHA_256',
    hash: 'SHA-256',
    webCrypto: 'RSASSA-PKCS1-v1_5',
  },
  // RFC 7518 §3.3
  RS384: {
    kty: 'RSA',
    kms: 'RSASSA_PKCS1_V1_5_SHA_384',
    hash: 'SHA-384',
    webCrypto: 'RSASSA-PKCS1-v1_5',
  },
  // RFC 7518 §3.3
  RS512: {
    kty: 'RSA',
    kms: 'RSASSA_PKCS1_V1_5_SHA_512',
    hash: 'SHA-512',
    webCrypto: 'RSASSA-PKCS1-v1_5',
  },
  // RFC 7518 §3.4
  ES256: {
    kty: 'EC',
    crv: 'P-256',
    kms: 'ECDSA_SHA_256',
    hash: 'SHA-256',
    webCrypto: 'ECDSA',
  },
  // RFC 7518 §3.4
  ES384: {
    kty: 'EC',
    crv: 'P-384',
    kms: 'ECDSA_SHA_384',
    hash: 'SHA-384',
    webCrypto: 'ECDSA',
  },
  // RFC 7518 §3.4
  ES512: {
    kty: 'EC',
    crv: 'P-521',
    kms: 'ECDSA_SHA_512',
    hash: 'SHA-512',
    webCrypto: 'ECDSA',
  },
  // RFC 9864 §2.2
  Ed25519: {
    kty: 'OKP',
    crv: 'Ed25519',
    kms: 'ED25519_SHA_512',
    webCrypto: 'Ed25519',
  },
  // RFC 9964 §4
  'ML-DSA-44': { kty: 'AKP', kms: 'ML_DSA_SHAKE_256', webCrypto: 'ML-DSA-44' },
  // RFC 9964 §4
  'ML-DSA-65': { kty: 'AKP', kms: 'ML_DSA_SHAKE_256', webCrypto: 'ML-DSA-65' },
  // RFC 9964 §4
  'ML-DSA-87': { kty: 'AKP', kms: 'ML_DSA_SHAKE_256', webCrypto: 'ML-DSA-87' },
}

/** Names that KMS or JOSE have and that cannot be verified here, with the reason. */
const refused: Readonly<Record<string, string>> = {
  ES256K: 'WebCrypto has no secp256k1',
  SM2DSA: 'WebCrypto has no SM2',
  ED25519_PH_SHA_512:
    'WebCrypto cannot verify it, and JOSE has no name for it: sign with ED25519_SHA_512',
}

/** A row of an algorithm that signs a digest. */
export type HashingRow = SignatureRow & {
  readonly hash: NonNullable<SignatureRow['hash']>
  readonly webCrypto: 'RSA-PSS' | 'RSASSA-PKCS1-v1_5' | 'ECDSA'
}

export const isHashing = (row: SignatureRow): row is HashingRow => row.hash !== undefined

/** What to say of an algorithm that is none of ours. */
export const whyRefused = (name: string): string =>
  (Object.hasOwn(refused, name) && refused[name]) ||
  `expected one of ${Object.keys(signatures).join(', ')}`

export const isSignatureName = (alg: unknown): alg is SignatureName =>
  typeof alg === 'string' && Object.hasOwn(signatures, alg)

/**
 * Whether a token's name means this algorithm: its JOSE name, or the older `EdDSA` of Ed25519 (RFC
 * 9864 §2.2).
 */
export const isJoseNameOf = (alg: SignatureName, name: string): boolean =>
  name === alg || (alg === 'Ed25519' && name === 'EdDSA')

/** The same for a name that a caller gave: also KMS's, which the three of ML-DSA share. */
export const isNameOf = (alg: SignatureName, name: string): boolean =>
  isJoseNameOf(alg, name) || name === signatures[alg].kms

/** Whether a key of this type can use an algorithm. */
export function fitsSignature(
  key: { readonly kty?: unknown; readonly crv?: unknown; readonly alg?: unknown },
  alg: SignatureName,
): boolean {
  const { kty, crv } = signatures[alg]
  return (
    kty === key.kty && (crv === undefined || crv === key.crv) && (kty !== 'AKP' || alg === key.alg)
  )
}

/**
 * What a signing key uses, of the algorithms that a name means. Default: PSS for RSA, of others the
 * only one.
 */
export function signatureOf(
  key: { readonly kty?: unknown; readonly crv?: unknown; readonly alg?: unknown },
  name?: string,
): SignatureName | undefined {
  return (Object.keys(signatures) as SignatureName[]).find(
    (alg) => fitsSignature(key, alg) && (name === undefined || isNameOf(alg, name)),
  )
}
