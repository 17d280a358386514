import type { CurveName, RecipientKind } from './public-key.js'
import type { SignatureRow } from './signatures.js'

/** KMS KeySpecs (kms-facts.md). RSA by modulus length in bytes; the exponent is always 65,537. */
export const rsaKeySpecs: Readonly<Record<number, string>> = {
  256: 'RSA_2048',
  384: 'RSA_3072',
  512: 'RSA_4096',
}

export const ecKeySpecs: Readonly<Record<CurveName, string>> = {
  'P-256': 'ECC_NIST_P256',
  'P-384': 'ECC_NIST_P384',
  'P-521': 'ECC_NIST_P521',
}

/** What a KMS key of each kind of recipient has to be: its KeyUsage, and one of these KeySpecs. */
export const recipientUses: Readonly<Record<RecipientKind, RecipientUse>> = {
  RSA: { usage: 'ENCRYPT_DECRYPT', specs: rsaKeySpecs },
  EC: { usage: 'KEY_AGREEMENT', specs: ecKeySpecs },
}

interface RecipientUse {
  readonly usage: 'ENCRYPT_DECRYPT' | 'KEY_AGREEMENT'
  readonly specs: Readonly<Record<string, string>>
}

/** Keys that only sign, and with one algorithm each. */
export const signingKeySpecs = {
  Ed25519: 'ECC_NIST_EDWARDS25519',
  'ML-DSA-44': 'ML_DSA_44',
  'ML-DSA-65': 'ML_DSA_65',
  'ML-DSA-87': 'ML_DSA_87',
} as const

/** The KeySpecs of keys that sign with an algorithm. */
export function specsOfSignature({ kty, crv, webCrypto }: SignatureRow): readonly string[] {
  if (kty === 'RSA') return Object.values(rsaKeySpecs)
  if (kty === 'EC') return [ecKeySpecs[crv as CurveName]]
  return [signingKeySpecs[webCrypto as keyof typeof signingKeySpecs]]
}
