import type { CurveName } from './public-key.js'

/**
 * Object identifiers of an SPKI, as DER content in hexadecimal (RFC 8017 A.1, RFC 5480 §2.1.1 and
 * §2.1.1.1).
 */
export const rsaOid = '2a864886f70d010101'
export const ecOid = '2a8648ce3d0201'
export const curveOids: Readonly<Record<CurveName, string>> = {
  'P-256': '2a8648ce3d030107',
  'P-384': '2b81040022',
  'P-521': '2b81040023',
}

/** Keys that only sign (RFC 8410 §3, RFC 9881 §2). */
export const signingOids: Readonly<Record<string, string>> = {
  '2b6570': 'Ed25519',
  '608648016503040311': 'ML-DSA-44',
  '608648016503040312': 'ML-DSA-65',
  '608648016503040313': 'ML-DSA-87',
}

/** What KMS has and WebCrypto has not (SEC 2 §2.4.1, GB/T 33560). */
export const foreignOids: Readonly<Record<string, string>> = {
  '2b8104000a': 'secp256k1, which WebCrypto has not',
  '2a811ccf5501822d': 'SM2, which WebCrypto has not',
}
