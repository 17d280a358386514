import { curveRow, type CurveName } from './curves.js'

/** A signature algorithm: its JOSE name is the key of {@link signatures}. */
export interface SignatureRow {
  readonly kty: 'RSA' | 'EC'
  readonly crv?: CurveName
  /** The KMS SigningAlgorithm. */
  readonly kms: string
  readonly hash: 'SHA-256' | 'SHA-384' | 'SHA-512'
  /** WebCrypto's name; a PSS salt is as long as the hash (RFC 7518 §3.5), which is what KMS makes too. */
  readonly webCrypto: 'RSA-PSS' | 'RSASSA-PKCS1-v1_5' | 'ECDSA'
  readonly spec: string
}

export type SignatureName = 'PS256' | 'PS384' | 'PS512' | 'RS256' | 'RS384' | 'RS512' | 'ES256' | 'ES384' | 'ES512'

export const signatures: Readonly<Record<SignatureName, SignatureRow>> = {
  PS256: { kty: 'RSA', kms: 'RSASSA_PSS_SHA_256', hash: 'SHA-256', webCrypto: 'RSA-PSS', spec: 'RFC 7518 §3.5' },
  PS384: { kty: 'RSA', kms: 'RSASSA_PSS_SHA_384', hash: 'SHA-384', webCrypto: 'RSA-PSS', spec: 'RFC 7518 §3.5' },
  PS512: { kty: 'RSA', kms: 'RSASSA_PSS_SHA_512', hash: 'SHA-512', webCrypto: 'RSA-PSS', spec: 'RFC 7518 §3.5' },
  RS256: { kty: 'RSA', kms: 'RSASSA_PKCS1_V1_5_SHA_256', hash: 'SHA-256', webCrypto: 'RSASSA-PKCS1-v1_5', spec: 'RFC 7518 §3.3' },
  RS384: { kty: 'RSA', kms: 'RSASSA_PKCS1_V1_5_SHA_384', hash: 'SHA-384', webCrypto: 'RSASSA-PKCS1-v1_5', spec: 'RFC 7518 §3.3' },
  RS512: { kty: 'RSA', kms: 'RSASSA_PKCS1_V1_5_SHA_512', hash: 'SHA-512', webCrypto: 'RSASSA-PKCS1-v1_5', spec: 'RFC 7518 §3.3' },
  ES256: { kty: 'EC', crv: 'P-256', kms: 'ECDSA_SHA_256', hash: 'SHA-256', webCrypto: 'ECDSA', spec: 'RFC 7518 §3.4' },
  ES384: { kty: 'EC', crv: 'P-384', kms: 'ECDSA_SHA_384', hash: 'SHA-384', webCrypto: 'ECDSA', spec: 'RFC 7518 §3.4' },
  ES512: { kty: 'EC', crv: 'P-521', kms: 'ECDSA_SHA_512', hash: 'SHA-512', webCrypto: 'ECDSA', spec: 'RFC 7518 §3.4' },
}

export const isSignatureName = (alg: unknown): alg is SignatureName =>
  typeof alg === 'string' && Object.hasOwn(signatures, alg)

/** The JOSE name for a JOSE or a KMS name; undefined for any other. */
export function signatureName(name: string): SignatureName | undefined {
  if (isSignatureName(name)) return name
  return (Object.keys(signatures) as SignatureName[]).find((jose) => signatures[jose].kms === name)
}

/** Whether a key of this type can use an algorithm. */
export function fitsSignature(key: { readonly kty?: unknown; readonly crv?: unknown }, alg: SignatureName): boolean {
  const row = signatures[alg]
  return row.kty === key.kty && (row.crv === undefined || row.crv === key.crv)
}

/** What a signing key uses where nobody says: PSS for RSA, and a curve's only algorithm. */
export function defaultSignature(key: { readonly kty?: unknown; readonly crv?: unknown }): SignatureName | undefined {
  return key.kty === 'RSA' ? 'PS256' : curveRow(key.crv)?.signature
}
