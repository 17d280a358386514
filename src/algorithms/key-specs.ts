import type { CurveName } from './curves.js'

/** KMS KeySpecs (kms-facts.md). RSA by modulus length in bytes; the exponent is always 65,537. */
export const rsaKeySpecs: Readonly<Record<number, string>> = { 256: 'RSA_2048', 384: 'RSA_3072', 512: 'RSA_4096' }

export const ecKeySpecs: Readonly<Record<CurveName, string>> = { 'P-256': 'ECC_NIST_P256', 'P-384': 'ECC_NIST_P384', 'P-521': 'ECC_NIST_P521' }
